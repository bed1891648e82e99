"""A process that is frozen inside a transaction holds its locks for a bounded time only."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from leadline.accounts.service import organisation
from leadline.foundation.database import Database
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings
from leadline.work import repository as work

HOLDER = """
import asyncio, os, signal, sys
from pathlib import Path
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings

async def main():
    settings = Settings(data_dir=Path(sys.argv[2]), database_url=sys.argv[1], transaction_seconds=1.0)
    async with open_database(settings) as database, database.transaction() as connection:
        await connection.execute("update organisations set name = 'frozen' where id = $1", sys.argv[3])
        print("holding", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)

asyncio.run(main())
"""


async def frozen(database_url: str, tmp_path: Path, org: UUID) -> asyncio.subprocess.Process:
    """A process that holds a row's lock, and does not move any more."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, database_url, str(tmp_path), str(org), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"holding\n"
    return process


async def test_a_frozen_process_loses_its_locks(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    org = await organisation(database, "org")
    process = await frozen(database_url, tmp_path, org)
    try:
        async with asyncio.timeout(20):
            await database.execute("update organisations set name = 'alive' where id = $1", org)
        assert await database.fetchval("select name from organisations where id = $1", org) == "alive"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()


async def test_a_lock_that_is_held_is_waited_for_within_bounds(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    org = await organisation(database, "org")
    impatient = Settings(data_dir=tmp_path, database_url=database_url, transaction_seconds=0.3)
    async with database.transaction() as holder, open_database(impatient) as other:
        await holder.execute("update organisations set name = 'held' where id = $1", org)
        with pytest.raises(DatabaseUnavailable, match="TRANSACTION_SECONDS"):
            await other.execute("update organisations set name = 'waited' where id = $1", org)


async def test_a_process_that_stops_between_two_messages_of_a_statement_loses_its_locks_too(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """Such a transaction is "active", which no time-out of the server's ends."""
    org = await organisation(database, "ours")
    parts = urlsplit(database_url)
    folder = parse_qs(parts.query)["host"][0]
    reader, writer = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
    start = f"user\0{parts.username}\0database\0{parts.path.lstrip('/')}\0\0".encode()
    writer.write(struct.pack("!ii", 8 + len(start), 196608) + start)
    for kind, body in (
        (b"Q", f"begin; update organisations set name = 'frozen' where id = '{org}'\0".encode()),
        (b"P", b"\0select 1\0\0\0"),
        (b"H", b""),
    ):
        writer.write(kind + struct.pack("!i", 4 + len(body)) + body)
    await writer.drain()

    async def held() -> bool:
        found = await database.fetchval(
            "select exists (select from pg_stat_activity where datname = current_database()"
            " and state = 'active' and wait_event = 'ClientRead')"
        )
        return bool(found)

    async with asyncio.timeout(20):
        while not await held():
            await asyncio.sleep(0.02)
        async with open_database(
            Settings(data_dir=tmp_path, database_url=database_url, transaction_seconds=0.5)
        ) as impatient:
            while await held():
                await work.end_frozen(impatient, 60)
                await asyncio.sleep(0.05)
        await reader.read()  # to the end: the server has closed it
    await database.execute("update organisations set name = 'thawed' where id = $1", org)
    writer.close()
