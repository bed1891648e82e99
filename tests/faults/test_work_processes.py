"""Processes that die at a piece of work, or freeze in it: it is done once or given up, and no other suffers."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from tests.faults import work_process
from tests.faults.work_process import Writing

from leadline.accounts.service import organisation
from leadline.foundation.database import Database
from leadline.foundation.ids import new_id
from leadline.work import service as work
from leadline.work.service import MAX_ATTEMPTS, NewItem

ITEMS = 12


@pytest.fixture
async def ids(database: Database) -> list[UUID]:
    """Items of work, in the order in which they are begun, and where it is written down what came of them."""
    await database.execute("create table done (id uuid not null)")
    await database.execute("create table given_up (id uuid not null, reason text not null)")
    org = await organisation(database, "org")
    made = sorted(new_id() for _ in range(ITEMS))
    await work.add(database, [NewItem(one, "thing", org, "lane") for one in made])
    return made


@asynccontextmanager
async def process(
    database_url: str, folder: Path, bad: UUID, how: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, work_process.__file__, database_url, str(folder), str(bad), how,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGKILL)
            await started.wait()


async def said(frozen: asyncio.subprocess.Process, word: bytes) -> None:
    assert frozen.stdout is not None
    assert await frozen.stdout.readline() == word + b"\n"


async def written(database: Database) -> list[UUID]:
    return sorted(row["id"] for row in await database.fetch("select id from done"))


async def all_over(database: Database) -> None:
    while await database.fetchval("select exists (select from work_items)"):
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("where", ["run", "close"])
async def test_a_frozen_process_holds_up_nobody_and_ends_nothing_when_it_wakes(
    database: Database, database_url: str, tmp_path: Path, ids: list[UUID], where: str
) -> None:
    bad = ids[2]
    async with process(database_url, tmp_path, bad, where) as frozen:
        await said(frozen, b"frozen")
        stop = asyncio.Event()
        healthy = asyncio.create_task(work_process.working(database, Writing(), stop))
        async with asyncio.timeout(60):
            await all_over(database)
        assert await written(database) == ids
        os.kill(frozen.pid, signal.SIGCONT)
        await said(frozen, b"thawed")
        frozen.terminate()
        async with asyncio.timeout(30):
            await frozen.wait()
        stop.set()
        await healthy
    assert await written(database) == ids, "what it still held in its hands was ended by another"
    assert await database.fetchval("select count(*) from given_up") == 0


async def test_an_item_that_kills_its_processes_is_given_up_and_takes_no_other_along(
    database: Database, database_url: str, tmp_path: Path, ids: list[UUID]
) -> None:
    poison, died = ids[2], 0
    async with asyncio.timeout(150):
        while await database.fetchval("select exists (select from work_items)"):
            async with process(database_url, tmp_path, poison, "kill") as worker:
                over = asyncio.create_task(all_over(database))
                dead = asyncio.create_task(worker.wait())
                await asyncio.wait({over, dead}, return_when=asyncio.FIRST_COMPLETED)
                died += dead.done()
                over.cancel()
                dead.cancel()
    assert died == MAX_ATTEMPTS
    rows = await database.fetch("select id, reason from given_up")
    assert [tuple(row) for row in rows] == [(poison, "died")]
    assert await written(database) == [one for one in ids if one != poison]
