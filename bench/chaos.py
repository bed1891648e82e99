"""``python -m bench.chaos``: many signals while workers and the embedded PostgreSQL are killed and frozen.

Runs the real command ``leadline work`` in several processes against a loopback site and an embedded database
of its own. Every few seconds one worker is killed with SIGKILL, or frozen with SIGSTOP for longer than its lease;
between them the database comes to grief in each of the ways of ``DATABASE_FAULTS``. At the end every signal must
have been finished exactly once, and the ledger must agree with them: nothing lost, nothing charged twice. Exits
with 1 when that does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadline.accounts.service import organisation
from leadline.bootstrap import Leadline, open_leadline
from leadline.credits.service import Ledger
from leadline.foundation.settings import Endpoint, Settings
from leadline.signals.schemas import SignalRequest

QUESTIONS = (
    ("In which year was the company founded?", "number"),
    ("In which city is the company based?", "open_text"),
    ("Does the company offer a free trial?", "boolean"),
    ("What does the Team plan cost per month?", "currency"),
)
PAGE = (
    "<title>Home</title><h1>Welcome</h1><p>Our company was founded in {year} in Kiel.</p>"
    "<p>The Team plan costs $25 per month.</p>"
)
LIMIT = 1800.0  # seconds after which a run that does not end has failed
DATABASE_FAULTS = (
    "restart",  # it is told to end, and whoever asks next starts it again
    "postmaster",  # its first process is killed
    "backend",  # a process that serves a session is killed, which makes the server recover
    "supervisor",  # the process that keeps it is killed
    "both",  # that one and the first process of the server
)


@dataclass
class Report:
    """What happened, and what is wrong with it."""

    signals: int = 0
    kills: int = 0
    freezes: int = 0
    database_faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    by_status: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield f"signals            {self.signals} ({', '.join(f'{n} {s}' for s, n in self.by_status.items())})"
        yield f"workers killed     {self.kills}"
        yield f"workers frozen     {self.freezes}"
        yield f"database           {', '.join(self.database_faults) or 'left alone'}"
        yield f"seconds            {self.seconds:.1f}"
        yield from (f"WRONG              {sentence}" for sentence in self.wrong)
        if not self.wrong:
            yield "every signal finished once, the ledger agrees"


@dataclass(frozen=True)
class Plan:
    signals: int = 1000
    workers: int = 2
    kill_every: float = 1.0  # seconds
    kills: int | None = None  # at most, those that are frozen included
    freeze: bool = True  # every second worker is frozen rather than killed
    database: tuple[str, ...] = DATABASE_FAULTS  # spread over the run
    lease: float = 3.0  # seconds
    page_seconds: float = 0.05


async def chaos(plan: Plan, folder: Path) -> Report:
    """Run the plan with everything in ``folder``."""
    report = Report(signals=plan.signals)
    async with _site(plan.page_seconds) as port:
        settings = Settings(
            env="development",
            data_dir=folder,
            connect_to={"*": Endpoint("127.0.0.1", port)},
            lease_seconds=plan.lease,
            monthly_credits=plan.signals,
        )
        async with open_leadline(settings) as leadline:
            await _accept(leadline, plan.signals)
            started = time.monotonic()
            async with _workers(plan.workers, settings, port) as processes:
                await asyncio.wait_for(_disturb(plan, leadline, processes, report, folder), LIMIT)
            report.seconds = time.monotonic() - started
            await _audit(leadline, report)
    return report


async def _accept(leadline: Leadline, count: int) -> None:
    org = await organisation(leadline.database.repeatable, "chaos")
    requests = []
    for number in range(count):
        question, answer_type = QUESTIONS[number % len(QUESTIONS)]
        requests.append(
            SignalRequest(
                domain=f"company-{number // len(QUESTIONS)}.com", question=question, answer_type=answer_type
            )
        )
    taken = await leadline.signals.accept_many(org, requests)
    assert all(one.how == "new" for one in taken)


async def _disturb(plan: Plan, leadline: Leadline, processes: _Workers, report: Report, folder: Path) -> None:
    """Kill and restart until every signal is finished."""
    database = leadline.database.repeatable
    faults = list(plan.database)
    next_kill = time.monotonic() + plan.kill_every
    while True:
        left = await database.fetchval("select count(*) from signals where status = 'processing'")
        if not left:
            return
        if faults and left < plan.signals * len(faults) / len(plan.database):
            fault = faults.pop(0)
            await _harm(database, folder / "postgres", fault)
            report.database_faults.append(fault)
        done = report.kills + report.freezes
        if time.monotonic() >= next_kill and (plan.kills is None or done < plan.kills):
            if await _somebody_works(database):
                if plan.freeze and done % 2:
                    processes.freeze_one(1.5 * plan.lease)
                    report.freezes += 1
                else:
                    await processes.kill_one()
                    report.kills += 1
            next_kill = time.monotonic() + plan.kill_every
        await asyncio.sleep(0.1)


async def _somebody_works(database: Any) -> bool:
    return bool(await database.fetchval("select exists (select from work_items where lease_until > now())"))


async def _harm(database: Any, home: Path, fault: str) -> None:
    """Bring the database server to grief; whoever asks next starts it again, or waits until it has recovered."""
    postmaster = int((home / "data" / "postmaster.pid").read_text().splitlines()[0])
    supervisor = int(json.loads((home / "supervisor.json").read_text())["pid"])
    if fault == "backend":
        # Not this one's own session: somebody's in the middle of something, if there is one.
        victim = await database.fetchval(
            """
            select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
            order by state = 'active' desc, state = 'idle in transaction' desc limit 1
            """
        )
        os.kill(victim, signal.SIGKILL)
        return
    if fault in ("supervisor", "both"):
        os.kill(supervisor, signal.SIGKILL)
    if fault != "supervisor":
        os.kill(postmaster, signal.SIGINT if fault == "restart" else signal.SIGKILL)


async def _audit(leadline: Leadline, report: Report) -> None:
    database = leadline.database.repeatable
    rows = await database.fetch(
        """
        select s.status, s.charged,
               count(e.id) filter (where e.kind = 'reserve') as reserved,
               count(e.id) filter (where e.kind = 'capture') as captured,
               count(e.id) filter (where e.kind = 'release') as released
        from signals s left join credit_entries e on e.reference = s.id group by s.id
        """
    )
    for row in rows:
        report.by_status[row["status"]] = report.by_status.get(row["status"], 0) + 1
        settled = (row["captured"], row["released"])
        if row["status"] == "processing":
            report.wrong.append("a signal is not finished")
        elif row["reserved"] != 1 or settled != ((1, 0) if row["charged"] else (0, 1)):
            report.wrong.append(f"a {row['status']} signal has reserved {row['reserved']}, settled {settled}")
    if left_open := await database.fetchval("select count(*) from work_items"):
        report.wrong.append(f"{left_open} items of work are left open")
    if len(rows) != report.signals:
        report.wrong.append(f"{len(rows)} signals instead of {report.signals}")
    if report.by_status.get("failed"):
        reasons = await database.fetch("select error_code, count(*) as n from signals group by 1")
        report.wrong.append("failed: " + ", ".join(f"{row['n']} {row['error_code']}" for row in reasons))
    ledger = Ledger(monthly_credits=leadline.settings.monthly_credits)
    for disagreement in await ledger.audit(database):
        report.wrong.append(f"balance and ledger differ: {disagreement}")
    org = await organisation(database, "chaos")
    charged = sum(bool(row["charged"]) for row in rows)
    left = await ledger.balance(database, org)
    if left != leadline.settings.monthly_credits - charged:
        report.wrong.append(f"{left} credits left after {charged} charged signals")


class _Workers:
    """Processes of ``leadline work``, always the same number."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._processes: list[asyncio.subprocess.Process] = []
        self._thawing: set[asyncio.TimerHandle] = set()

    async def start_one(self) -> None:
        self._processes.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "leadline", "work", env=self._environment
            )
        )

    async def kill_one(self) -> None:
        victim = self._processes.pop(random.randrange(len(self._processes)))
        victim.kill()
        await victim.wait()
        await self.start_one()

    def freeze_one(self, seconds: float) -> None:
        """It stands still in whatever it does, and goes on later as if nothing had been."""
        victim = random.choice(self._processes)
        victim.send_signal(signal.SIGSTOP)
        loop = asyncio.get_running_loop()
        self._thawing.add(loop.call_later(seconds, self._thaw, victim))

    @staticmethod
    def _thaw(process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)

    async def stop(self) -> None:
        for timer in self._thawing:
            timer.cancel()
        for process in self._processes:
            self._thaw(process)
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in self._processes:
            try:
                await asyncio.wait_for(process.wait(), 45)
            except TimeoutError:
                process.kill()
                await process.wait()


@contextlib.asynccontextmanager
async def _workers(count: int, settings: Settings, port: int) -> AsyncIterator[_Workers]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADLINE_")}
    source = Path(__file__).resolve().parents[1] / "src"
    environment |= {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")])),
        "LEADLINE_ENV": "development",
        "LEADLINE_DATA_DIR": str(settings.data_dir),
        "LEADLINE_CONNECT_TO": f"*=127.0.0.1:{port}",
        "LEADLINE_LEASE_SECONDS": str(settings.lease_seconds),
        "LEADLINE_LOG_LEVEL": "error",
    }
    workers = _Workers(environment)
    try:
        for _ in range(count):
            await workers.start_one()
        yield workers
    finally:
        await workers.stop()


@contextlib.asynccontextmanager
async def _site(seconds: float) -> AsyncIterator[int]:
    """A server that answers for every host, with one page each."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                await asyncio.sleep(seconds * random.uniform(0.5, 1.5))
                found = head.split(" ", 2)[1] == "/"
                body = PAGE.format(year=1950 + len(head) % 70).encode() if found else b"not here"
                status = "200 OK" if found else "404 Not Found"
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def main() -> int:
    plan = Plan()
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--signals", type=int, default=plan.signals)
    parser.add_argument("--workers", type=int, default=plan.workers)
    parser.add_argument("--kill-every", type=float, default=plan.kill_every, help="seconds")
    parser.add_argument("--lease", type=float, default=plan.lease, help="seconds")
    parser.add_argument(
        "--database",
        type=lambda text: tuple(filter(None, text.split(","))),
        default=plan.database,
        metavar="FAULT,...",
        help=f"what befalls the database, of {', '.join(DATABASE_FAULTS)}; empty: nothing",
    )
    parser.add_argument("--no-freeze", dest="freeze", action="store_false", help="only kill workers")
    given = vars(parser.parse_args())
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    try:
        report = asyncio.run(chaos(Plan(**given), folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(report.lines()))
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
