"""A server that may have 1,024 files open, and more clients than that."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import sys

import pytest
from tests.cli.command import Command

from leadline.accounts.service import create_key, organisation
from leadline.foundation.database import Database
from leadline.foundation.files import raise_open_files

CLIENTS = 1_100
LIMIT = 1_024
BODY = b'{"domain": "acme.com", "question": "Do they have SOC 2?"}'


def request(key: str) -> bytes:
    head = (
        f"POST /v1/companies/signals/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"X-Sbr-Timeout-Sec: 60\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    return head.encode() + BODY


async def status(port: int, sent: bytes) -> int:
    """The status of the answer to these bytes, over a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        return int(head.split(b" ")[1])
    finally:
        writer.close()


async def test_more_waiting_clients_than_files_leave_the_service_up(
    database_url: str, database: Database
) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if raise_open_files() < 2 * CLIENTS:
        pytest.skip("this process may not open a connection for every client")
    owner = await organisation(database, "acme")
    keys = [(await create_key(database, owner, "test")).key for _ in range(4)]  # each has its limit
    key = keys[0]
    command = Command({"LEADLINE_ENV": "development", "LEADLINE_DATABASE_URL": database_url})
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f'ulimit -n {LIMIT} && exec "$@"', "sh", sys.executable, "-m", "leadline", "api", "--port", "0",
        env=command.environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    logged = asyncio.create_task(process.stderr.read())
    try:
        found = re.search(rb"http://127\.0\.0\.1:(\d+)", await process.stdout.readline())
        assert found is not None
        port = int(found[1])
        credits_ = f"GET /v1/credits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        waiting = [asyncio.create_task(status(port, request(keys[n % len(keys)]))) for n in range(CLIENTS)]
        async with asyncio.timeout(60):  # until as many are held as may be, and the others were told
            while await status(port, credits_) != 200 or sum(not one.done() for one in waiting) > LIMIT:
                await asyncio.sleep(0.1)
        answers = [one.result() for one in waiting if one.done()]
        # Those that cannot be held are told so as if their time were up, and find their answer by its id.
        assert answers
        assert set(answers) <= {202, 503}
        assert len(waiting) - len(answers) > LIMIT / 2
        for _ in range(20):
            assert await status(port, credits_) == 200
        signal_id = await database.fetchval("select id from signals")
        async with database.transaction() as connection:
            await connection.execute(
                "update signals set status = 'completed', completed_at = now(), answer = '\"yes\"',"
                " sources = '[]' where id = $1",
                signal_id,
            )
            await connection.execute("select pg_notify('signal_finished', $1)", str(signal_id))
        assert set(await asyncio.gather(*waiting)) <= {200, 202, 503}
        assert await status(port, credits_) == 200
        assert json.loads(BODY)["question"] == await database.fetchval("select question from signals")
    finally:
        process.terminate()
        assert await process.wait() == 0
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert len(await logged) < 100_000
