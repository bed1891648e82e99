"""The tick: subscriptions that are due, shared by three schedulers in processes of their own.

python -m bench.subscriptions [COUNT]      the same with fewer subscriptions
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.rows import Row
from leadline.accounts.service import default_organisation
from leadline.bootstrap import open_leadline
from leadline.foundation.database import Database
from leadline.foundation.ids import new_id
from leadline.foundation.log import configure_logging
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings

COUNT = 5_000
SCHEDULERS = 3


def rows(count: int = COUNT) -> Iterator[Row]:
    configure_logging("error")
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000 else None
    folder = Path(tempfile.mkdtemp(prefix="leadline-bench-", dir=where))
    try:
        yield asyncio.run(_measure(folder, count))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(folder: Path, count: int) -> Row:
    async with open_database(Settings(data_dir=folder)) as database:
        await _subscribe(database, count)
        schedulers = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.subscriptions", "--tick", str(folder), stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            for _ in range(SCHEDULERS)
        ]  # fmt: skip
        for scheduler in schedulers:
            assert scheduler.stdout is not None
            assert await scheduler.stdout.readline() == b"ready\n"
        started = time.monotonic()
        ended = await asyncio.gather(*(scheduler.communicate(b"go\n") for scheduler in schedulers))
        seconds = time.monotonic() - started
        shares = [int(out) for out, _ in ended]
        made, distinct, work, again = await database.fetchrow(
            """
            select (select count(*) from subscription_runs), (select count(distinct subscription_id) from subscription_runs),
                   (select count(*) from work_items where kind = 'subscription_run'),
                   (select count(*) from subscriptions where next_run_at <= now())
            """
        )
    exact = made == distinct == work == sum(shares) == count and again == 0
    return Row(
        f"{count:,} due subscriptions, three schedulers",
        f"{made:,} runs",
        f"{count:,} runs",
        f"{made / seconds:,.0f} a second; shares {', '.join(f'{share:,}' for share in sorted(shares))}; each due one day late",
        exact,
    )


async def _subscribe(database: Database, count: int) -> None:
    """Active subscriptions whose moment was yesterday; missed ones since make no second run."""
    organisation_id = await default_organisation(database.repeatable)
    await database.execute(
        """
        insert into subscriptions (id, organisation_id, name, question, answer_type, weight, list_id, domain, cron,
                                   timezone, status, next_run_at)
        select id, $1, 'Staff', 'How many people work there?', 'number', 'important', id, 'acme.com', '0 * * * *',
               'Europe/Berlin', 'active', now() - interval '1 day'
        from unnest($2::uuid[]) as given (id)
        """,
        organisation_id,
        [new_id() for _ in range(count)],
    )


async def _tick(folder: Path) -> None:
    """One scheduler: says that it is ready, waits for the word, ticks, and says how many runs it made."""
    async with open_leadline(Settings(data_dir=folder)) as leadline:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        sys.stdout.write(f"{await leadline.subscriptions.tick()}\n")


if __name__ == "__main__":
    configure_logging("error")
    if sys.argv[1:2] == ["--tick"]:
        asyncio.run(_tick(Path(sys.argv[2])))
    else:
        for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT):
            print(*row, sep=" | ")
            sys.exit(0 if row.met else 1)
