"""A process that is frozen inside a transaction holds its locks for a bounded time only."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import UUID

import pytest

from leadline.accounts.service import organisation
from leadline.foundation.database import Database
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings

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
