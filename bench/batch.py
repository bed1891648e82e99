"""A batch to its end: every question of a folder of sites, about every site, in both modes, by two workers of which one
is killed on the way.

python -m bench.batch [FOLDER [QUESTIONS]]    FOLDER (default ``../shared/sites``) holds a folder of pages for each site,
                                              ``serve.py`` and ``questions.jsonl``; without it nothing is measured.
                                              QUESTIONS: only so many of them

The batch is sent to the API and watched there, as a client does. At the end every signal must be finished once, the ledger
must agree, the events must be numbered without gaps, and each page must have been fetched once, and so must robots.txt and
the site maps. What was being fetched at the moment of the kill may be fetched once more; it is counted apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import mimetypes
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2

from bench.rows import Row
from leadline.accounts.service import create_key, organisation
from leadline.api.server import serving
from leadline.bootstrap import Leadline, open_leadline
from leadline.credits.service import Ledger
from leadline.foundation.log import configure_logging
from leadline.foundation.settings import Endpoint, Settings

SITES = Path("../shared/sites")
WORKERS = 2
KILLED_AT = 0.2  # of the signals are finished when a worker is killed
LIMIT = 3600.0  # seconds after which a run that does not end has failed
ALLOWANCE = 100_000
BATCH = "/v1/companies/signals/batch"


class Sites:
    """The sites on one port, as ``serve.py`` lays them out; every request for a page is counted."""

    def __init__(self, folder: Path) -> None:
        spec = importlib.util.spec_from_file_location("serve", folder / "serve.py")
        assert spec is not None
        assert spec.loader is not None
        self._serve: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self._serve)
        self._folder = str(folder)
        self.hosts: list[str] = self._serve.sites_in(self._folder)
        self.fetched: Counter[tuple[str, str]] = Counter()

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        """On a free port inside the block."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                names = [line for line in head.split("\r\n") if line.lower().startswith("host:")]
                host = names[0].partition(":")[2].strip()
                site = self._serve.find_site(self.hosts, host)
                file = self._serve.find_file(self._folder, site, path.partition("?")[0]) if site else None
                self.fetched[host, path] += 1
                body = Path(file).read_bytes() if file else b"not here"
                kind = mimetypes.guess_type(file)[0] if file else "text/plain"
                writer.write(
                    f"HTTP/1.1 {'200 OK' if file else '404 Not Found'}\r\nContent-Type: {kind or 'text/html'}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        writer.close()


def rows(folder: Path = SITES, most: int | None = None) -> Iterator[Row]:
    if not (folder / "questions.jsonl").is_file():
        yield Row("a batch to its end", "not measured", "", f"there is no folder of sites at {folder}")
        return
    configure_logging("error")
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000 else None
    data = Path(tempfile.mkdtemp(prefix="leadline-bench-", dir=where))
    try:
        yield from asyncio.run(asyncio.wait_for(_measure(folder, data, most), LIMIT))
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def _measure(folder: Path, data: Path, most: int | None) -> list[Row]:
    sites = Sites(folder)
    async with sites.served() as port:
        settings = Settings(
            env="development",
            data_dir=data,
            connect_to={host: Endpoint("127.0.0.1", port) for host in sites.hosts},
            monthly_credits=ALLOWANCE,
        )
        async with (
            open_leadline(settings) as leadline,
            leadline.waiter.running(),
            serving(leadline, "127.0.0.1", 0) as address,
        ):
            org = await organisation(leadline.database.repeatable, "bench")
            key = await create_key(leadline.database, org, "bench", scopes=("read", "write"))
            headers = {"Authorization": f"Bearer {key.key}"}
            async with (
                httpx2.AsyncClient(base_url=address.url, headers=headers, timeout=120) as client,
                leadline.work.telling(),
                leadline.sequencer.running(),
                worker_processes(data, sites.hosts, port) as workers,
            ):
                total, batch_id, took = await _send(client, folder, sites.hosts, most)
                leadline.work.poke()
                started = time.monotonic()
                end, in_flight = await _watch(leadline, client, batch_id, int(total * KILLED_AT), workers)
                seconds = time.monotonic() - started
            while await leadline.sequencer.sequence():
                pass
            wrong = await _audit(leadline, org, total)
    pages = {place: times for place, times in sites.fetched.items() if not _guides(place[1])}
    again = {place for place, times in sites.fetched.items() if times == 2 and place in in_flight}
    more = {place: times for place, times in sites.fetched.items() if times > 1 and place not in again}
    guides = len(sites.fetched) - len(pages)
    return [
        Row(
            f"a batch of {total:,} to its end by {WORKERS} workers, one killed (signals finished once, ledger, events)",
            f"{end['completed'] + end['failed']:,} finished",
            f"{total:,}",
            "; ".join(wrong)
            or f"accepted in {took:.1f} s, {total / seconds:.1f} signals/s, {seconds:.0f} s; {end['completed']:,} completed, "
            f"{end['failed']:,} failed; each once, the ledger agrees, events without gaps",
            not wrong and end["completed"] + end["failed"] == total,
        ),
        Row(
            f"pages fetched for {total:,} questions about {len(sites.hosts)} sites, each how often",
            f"{max(more.values(), default=1)}",
            "1",
            f"{len(pages):,} pages, {guides} robots.txt and site maps; more than once: {len(more)}"
            + "".join(f", {site}{path} {times} times" for (site, path), times in list(more.items())[:5])
            + f"; once more because they were in flight at the kill: {len(again)} of {len(in_flight)}",
            not more,
        ),
    ]


def _guides(path: str) -> bool:
    """Whether it says where pages are, and is none."""
    return path == "/robots.txt" or "sitemap" in path


async def _send(
    client: httpx2.AsyncClient, folder: Path, hosts: list[str], most: int | None
) -> tuple[int, str, float]:
    """How many signals, the number of the batch, and the seconds that accepting took."""
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()[:most]
    asked = [json.loads(line) for line in lines]
    signals = [
        {
            "question": one["question"],
            "answerType": one["answerType"],
            "verificationMode": mode,
            **({"outputSchema": one["outputSchema"]} if "outputSchema" in one else {}),
        }
        for mode in ("strict", "lenient")
        for one in asked
    ]
    body = {"signals": signals, "domains": hosts, "async": True}
    started = time.monotonic()
    answer = await client.post(BATCH, json=body, headers={"Idempotency-Key": "bench"})
    took = time.monotonic() - started
    assert answer.status_code == 202, answer.text
    assert answer.json()["accepted"] == len(hosts) * len(signals)
    return answer.json()["accepted"], answer.json()["batchId"], took


async def _watch(
    leadline: Leadline, client: httpx2.AsyncClient, batch_id: str, killed_at: int, workers: Workers
) -> tuple[Any, set[tuple[str, str]]]:
    """The batch at its end, and what was being fetched when a worker was killed on the way."""
    killed, in_flight = False, set[tuple[str, str]]()
    async with client.stream("GET", f"{BATCH}/{batch_id}/events") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                now = json.loads(line.removeprefix("data: "))
                if not killed and now["completed"] + now["failed"] >= killed_at:
                    await workers.kill_one()
                    in_flight = await _in_flight(leadline)
                    await workers.start_one()
                    killed = True
                if now["status"] == "completed":
                    assert killed, "the batch was over before a worker was killed"
                    return now, in_flight
    raise AssertionError("the stream ended early")


async def _in_flight(leadline: Leadline) -> set[tuple[str, str]]:
    """Host and path of what some worker holds the right to fetch."""
    rows = await leadline.database.repeatable.fetch(
        """
        select url from pages where fetching_until > now()
        union all select substr(what, 8) || '/robots.txt' from site_claims where what like 'robots:%' and claimed_until > now()
        union all select 'https://' || substr(what, 8) || '/sitemap.xml' from site_claims
        where what like 'survey:%' and claimed_until > now()
        """
    )
    return {(parts.netloc, parts.path) for parts in (urlsplit(row["url"]) for row in rows)}


async def _audit(leadline: Leadline, org: UUID, total: int) -> list[str]:
    """What is wrong."""
    database, wrong = leadline.database.repeatable, list[str]()
    signals = await database.fetch(
        """
        select s.status, s.charged, s.id,
               count(e.id) filter (where e.kind = 'reserve') as reserved,
               count(e.id) filter (where e.kind = 'capture') as captured,
               count(e.id) filter (where e.kind = 'release') as released
        from signals s left join credit_entries e on e.reference = s.id group by s.id
        """
    )
    if len(signals) != total:
        wrong.append(f"{len(signals)} signals")
    unsettled = [
        row
        for row in signals
        if row["reserved"] != 1
        or (row["captured"], row["released"]) != ((1, 0) if row["charged"] else (0, 1))
    ]
    if unsettled:
        wrong.append(f"{len(unsettled)} signals are not settled once")
    ledger = Ledger(monthly_credits=ALLOWANCE)
    wrong += [f"balance and ledger differ: {one}" for one in await ledger.audit(database)]
    charged = sum(bool(row["charged"]) for row in signals)
    if (left := await ledger.balance(database, org)) != ALLOWANCE - charged:
        wrong.append(f"{left} credits left after {charged} charged signals")
    events = await database.fetchrow(
        """
        select count(*) as n, count(distinct sequence) as numbers, min(sequence) as first, max(sequence) as last,
               count(distinct reference) as signals
        from events where organisation_id = $1 and type in ('signal.completed', 'signal.failed')
        """,
        org,
    )
    if tuple(events) != (total, total, 1, total, total):
        wrong.append(f"events: {dict(events.items())}")
    if left_open := await database.fetchval("select count(*) from work_items"):
        wrong.append(f"{left_open} items of work are left")
    return wrong


class Workers:
    """Processes of ``leadline work``, always as many."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._processes: list[asyncio.subprocess.Process] = []

    async def start_one(self) -> None:
        self._processes.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "leadline", "work", env=self._environment
            )
        )

    async def kill_one(self) -> None:
        victim = self._processes.pop()
        victim.send_signal(signal.SIGKILL)
        await victim.wait()

    async def stop(self) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        await asyncio.gather(*(process.wait() for process in self._processes))


@contextlib.asynccontextmanager
async def worker_processes(
    data: Path, hosts: Sequence[str], port: int, count: int = WORKERS
) -> AsyncIterator[Workers]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADLINE_")}
    source = Path(__file__).resolve().parents[1] / "src"
    workers = Workers(
        environment
        | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")])),
            "LEADLINE_ENV": "development",
            "LEADLINE_DATA_DIR": str(data),
            "LEADLINE_CONNECT_TO": ",".join(f"{host}=127.0.0.1:{port}" for host in hosts),
            "LEADLINE_LOG_LEVEL": "error",
        }
    )
    try:
        for _ in range(count):
            await workers.start_one()
        yield workers
    finally:
        await workers.stop()


if __name__ == "__main__":
    given = sys.argv[1:]
    found = list(rows(Path(given[0]) if given else SITES, int(given[1]) if len(given) > 1 else None))
    for row in found:
        print(*row, sep=" | ")
    sys.exit(0 if all(row.met for row in found) else 1)
