"""How long one organisation's single signal waits while a batch of another one is worked on.

python -m bench.fairness [BATCH]      with fewer signals in the batch

One worker process, a site of two pages on loopback. The batch is accepted and being worked on; then the other organisation
posts its signals, one after the other. The delay is from just before the POST to when a worker has begun the signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from bench.batch import BATCH, worker_processes
from bench.rows import Row
from leadline.accounts.service import create_key, organisation
from leadline.api.server import serving
from leadline.bootstrap import Leadline, open_leadline
from leadline.foundation.log import configure_logging
from leadline.foundation.settings import Endpoint, Settings

COUNT = 20_000
COMPANIES = 20
SINGLES = 20
PAUSE = 0.5  # seconds between two of them
GOAL = 2.0  # seconds
LIMIT = 300.0  # seconds after which a signal that nobody begins has failed
PAGES = {
    "/": "<title>Acme</title><p>Acme makes anvils.</p><a href='/about'>About Acme</a>",
    "/about": "<title>About</title><p>Acme was founded in 1987.</p>",
}


def rows(count: int = COUNT) -> Iterator[Row]:
    configure_logging("error")
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000 else None
    data = Path(tempfile.mkdtemp(prefix="leadline-bench-", dir=where))
    try:
        yield asyncio.run(_measure(data, count))
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def _measure(data: Path, count: int) -> Row:
    hosts = [f"company-{number}.test" for number in range(COMPANIES)]
    single = "single.test"
    async with await asyncio.start_server(_answer, "127.0.0.1", 0) as site:
        port: int = site.sockets[0].getsockname()[1]
        mapped = {host: Endpoint("127.0.0.1", port) for host in (*hosts, single)}
        settings = Settings(env="development", data_dir=data, connect_to=mapped, monthly_credits=10 * count)
        async with (
            open_leadline(settings) as leadline,
            leadline.waiter.running(),
            serving(leadline, "127.0.0.1", 0) as address,
            httpx2.AsyncClient(base_url=address.url, timeout=120) as client,
            leadline.work.telling(),
            worker_processes(data, [*hosts, single], port, 1),
        ):
            many, one = [await _headers(leadline, name) for name in ("many", "one")]
            asked = [
                {"question": f"Does the company offer product number {number}?", "answerType": "boolean"}
                for number in range(count // COMPANIES)
            ]
            body = {"signals": asked, "domains": hosts, "async": True}
            answer = await client.post(BATCH, json=body, headers=many)
            assert answer.status_code == 202, answer.text
            while not await leadline.database.fetchval(
                "select count(*) from signals where status = 'completed'"
            ):
                await asyncio.sleep(0.1)
            delays = []
            for number in range(SINGLES):
                delays.append(await _delay(leadline, client, one, single, number))
                await asyncio.sleep(PAUSE)
            left = await leadline.database.fetchval("select count(*) from work_items")
    return Row(
        f"one signal while {count:,} of another organisation are worked on by one process, from POST to begun, longest",
        f"{max(delays):.2f} s",
        f"at most {GOAL:g} s",
        f"p50 {statistics.median(delays):.2f} s, {SINGLES} signals, one every {PAUSE:g} s; at the end {left:,} of the batch are left",
        max(delays) <= GOAL and left > 0,
    )


async def _headers(leadline: Leadline, name: str) -> dict[str, str]:
    org = await organisation(leadline.database.repeatable, name)
    key = await create_key(leadline.database, org, "bench", scopes=("read", "write"))
    return {"Authorization": f"Bearer {key.key}"}


async def _delay(
    leadline: Leadline, client: httpx2.AsyncClient, headers: dict[str, str], host: str, number: int
) -> float:
    """Seconds until a worker holds the signal, or has finished it."""
    body = {"domain": host, "question": f"Does Acme offer article number {number}?", "answerType": "boolean"}
    started = time.monotonic()
    answer = await client.post("/v1/companies/signals", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    async with asyncio.timeout(LIMIT):
        while await leadline.database.fetchval(
            "select exists (select from work_items where id = $1::text::uuid and lease_holder is null)",
            answer.json()["id"],
        ):
            await asyncio.sleep(0.01)
    return time.monotonic() - started


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            page = PAGES.get(head.split(" ", 2)[1])
            status, text = ("200 OK", page) if page is not None else ("404 Not Found", "not here")
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()
            )
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT):
        print(*row, sep=" | ")
