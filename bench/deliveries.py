"""Webhook calls: how fast a quick receiver is told while others hang.

One worker calls receivers in a process of their own: a quick one, and twenty that take the call and never answer. The
yardstick is the same worker and the same quick receiver, with nobody hanging.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

from cryptography.fernet import Fernet

from bench.rows import Row
from leadline.accounts.service import default_organisation
from leadline.events import service as events
from leadline.events.service import Sequencer
from leadline.foundation.database import Database
from leadline.foundation.http import guarded_async_client
from leadline.foundation.ids import new_id
from leadline.foundation.log import configure_logging
from leadline.foundation.network import NetworkPolicy
from leadline.foundation.opening import open_database
from leadline.foundation.secrets import Vault
from leadline.foundation.settings import Settings
from leadline.webhooks.service import WebhookService
from leadline.webhooks.tasks import Delivering
from leadline.work.service import WorkService

CALLS = 1_000  # of the quick receiver
HANGING = 20  # receivers
CALLS_EACH = 20  # of one that hangs
CONCURRENCY = 8  # of the worker
BODY = b'{"id":"01a2","status":"completed","answer":{"type":"boolean","boolean":{"value":true}}}'
GOAL = 0.5


def rows() -> Iterator[Row]:
    configure_logging("error")
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000 else None
    folder = Path(tempfile.mkdtemp(prefix="leadline-bench-", dir=where))
    try:
        yield asyncio.run(_measure(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(folder: Path) -> Row:
    async with _receivers() as ports, open_database(Settings(data_dir=folder)) as database:
        vault = Vault(Fernet.generate_key())
        alone = await _told(database, vault, ports[0], [])
        beside = await _told(database, vault, ports[0], ports[1:])
    return Row(
        f"calls to a quick receiver while {HANGING} hang",
        f"{beside:,.0f}/s",
        f">= {GOAL} of alone",
        f"{alone:,.0f}/s with nobody hanging; one worker, concurrency {CONCURRENCY}, signed; each that hangs is owed {CALLS_EACH}",
        beside >= GOAL * alone,
    )


async def _told(database: Database, vault: Vault, quick: int, hanging: list[int]) -> float:
    """Calls a second to the quick receiver, until it has all of its own."""
    await database.execute("truncate events, webhook_deliveries, webhook_listeners, work_items")
    policy = NetworkPolicy(allow_networks=["127.0.0.0/8"])
    organisation_id = await default_organisation(database.repeatable)
    async with guarded_async_client(policy, "Leadline/bench", max_bytes=65_536) as http:
        webhooks = WebhookService(database, vault, policy)
        for port in hanging:
            await _owe(database, webhooks, organisation_id, port, CALLS_EACH)
        await _owe(database, webhooks, organisation_id, quick, CALLS)
        sequencer = Sequencer(database, [webhooks.on_events])
        while await sequencer.sequence():
            pass
        work, stop = WorkService(database, [Delivering(database, http, webhooks).kind()]), asyncio.Event()
        started = time.monotonic()
        worker = asyncio.create_task(work.work(stop, concurrency=CONCURRENCY, grace=0))
        left = CALLS
        while left:
            await asyncio.sleep(0.05)
            left = await database.fetchval(
                "select count(*) from webhook_deliveries where url like $1 and status = 'pending'",
                f"%:{quick}/%",
            )
        seconds = time.monotonic() - started
        stop.set()
        await worker
    return CALLS / seconds


async def _owe(
    database: Database, webhooks: WebhookService, organisation_id: UUID, port: int, calls: int
) -> None:
    async with database.transaction() as connection:
        for _ in range(calls):
            reference = new_id()
            await webhooks.listen(connection, reference, f"http://127.0.0.1:{port}/hook")
            await events.record(connection, organisation_id, "signal.completed", reference, BODY)


@contextlib.asynccontextmanager
async def _receivers() -> AsyncIterator[list[int]]:
    """The ports of a quick receiver and of those that hang."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.deliveries", "--receive", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield [int(port) for port in (await process.stdout.readline()).split()]
    finally:
        process.kill()
        await process.wait()


async def _receive() -> None:
    async def quick(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                )
                await reader.readexactly(length)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    servers = [
        await asyncio.start_server(quick if n == 0 else hang, "127.0.0.1", 0) for n in range(1 + HANGING)
    ]
    sys.stdout.write(" ".join(str(server.sockets[0].getsockname()[1]) for server in servers) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["--receive"]:
        asyncio.run(_receive())
    else:
        for row in rows():
            print(*row, sep=" | ")
