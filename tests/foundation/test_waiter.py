"""A waiting request hears of the end of its signal, whatever happens to the listening connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from leadline.foundation import waiter as module
from leadline.foundation.database import Database
from leadline.foundation.waiter import CHANNEL, Waiter


@pytest.fixture
async def waiter(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Waiter]:
    monkeypatch.setattr(module, "SAFETY_SECONDS", 3600.0)  # so that only what is tested can wake
    waiter = Waiter(database.dedicated)
    async with waiter.running():
        await _listening(database)
        yield waiter


async def _listening(database: Database, not_pid: int = 0) -> int:
    """The server process of the listening connection, once it listens."""
    while True:
        pid = await database.fetchval(
            "select pid from pg_stat_activity where datname = current_database() and query ilike 'listen%' "
            "and state = 'idle' and pid <> $1",
            not_pid,
        )
        if pid is not None:
            return int(pid)
        await asyncio.sleep(0.01)


class Row:
    """Something that gets finished. ``looked`` counts how often it was looked at."""

    def __init__(self) -> None:
        self.finished: str | None = None
        self.looked = 0

    async def look(self) -> str | None:
        self.looked += 1
        return self.finished


async def _until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def test_what_is_finished_already_is_answered_at_once(waiter: Waiter) -> None:
    row = Row()
    row.finished = "yes"
    assert await waiter.wait("a", row.look, 0) == "yes"
    assert waiter.waiting == 0


async def test_a_notification_wakes_those_who_wait_for_that_id(waiter: Waiter, database: Database) -> None:
    row, other = Row(), Row()
    waits = [asyncio.create_task(waiter.wait("a", row.look, 60)) for _ in range(3)]
    bystander = asyncio.create_task(waiter.wait("b", other.look, 60))
    await _until(lambda: row.looked == 3 and other.looked == 1)
    row.finished = "yes"
    await database.execute("select pg_notify($1, 'a')", CHANNEL)
    assert await asyncio.gather(*waits) == ["yes"] * 3
    assert (row.looked, other.looked, waiter.waiting) == (6, 1, 1)
    bystander.cancel()


async def test_a_signal_finished_between_looking_and_waiting_is_not_missed(
    waiter: Waiter, database: Database
) -> None:
    row, heard = Row(), Row()
    probe = asyncio.create_task(waiter.wait("probe", heard.look, 60))

    async def look() -> str | None:
        heard.finished = "heard"
        seen = await row.look()
        if row.looked == 1:  # it is finished and told of while the first look is under way
            row.finished = "yes"
            await database.execute("select pg_notify($1, 'a'), pg_notify($1, 'probe')", CHANNEL)
            await probe
        return seen

    assert await asyncio.wait_for(waiter.wait("a", look, 60), 30) == "yes"


async def test_time_up_is_none(waiter: Waiter) -> None:
    row = Row()
    assert await waiter.wait("a", row.look, 0.05) is None
    assert row.looked == 2
    assert waiter.waiting == 0


async def test_everybody_looks_again_after_the_connection_was_cut(waiter: Waiter, database: Database) -> None:
    row = Row()
    wait = asyncio.create_task(waiter.wait("a", row.look, 60))
    await _until(lambda: row.looked == 1)
    first = await _listening(database)
    row.finished = "yes"
    await database.execute("select pg_terminate_backend($1)", first)
    assert await asyncio.wait_for(wait, 30) == "yes"
    second = await _listening(database, not_pid=first)
    assert second != first


async def test_connecting_is_tried_again_after_any_failure(database: Database) -> None:
    failures: list[Exception] = [
        OSError("no route"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.CannotConnectNowError("starting up"),
    ]

    @contextlib.asynccontextmanager
    async def connect() -> AsyncIterator[asyncpg.Connection[Any]]:
        if failures:
            raise failures.pop(0)
        async with database.dedicated() as connection:
            yield connection

    waiter = Waiter(connect)
    async with waiter.running():
        await asyncio.wait_for(_listening(database), 30)
    assert failures == []


async def test_without_any_notification_it_looks_now_and_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SAFETY_SECONDS", 0.01)
    waiter = Waiter(database.dedicated)  # does not listen at all
    row = Row()
    wait = asyncio.create_task(waiter.wait("a", row.look, 60))
    await _until(lambda: row.looked > 1)
    row.finished = "yes"
    assert await asyncio.wait_for(wait, 30) == "yes"


async def test_stopping_lets_everybody_go(database: Database) -> None:
    waiter = Waiter(database.dedicated)
    row = Row()
    async with waiter.running():
        waits = [asyncio.create_task(waiter.wait(str(n), row.look, 3600)) for n in range(500)]
        await _until(lambda: row.looked >= 500)  # more, when the listener comes up meanwhile
        assert waiter.waiting == 500
    assert await asyncio.wait_for(asyncio.gather(*waits), 30) == [None] * 500
    assert waiter.waiting == 0


async def test_an_error_while_looking_reaches_the_caller(waiter: Waiter) -> None:
    async def look() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await waiter.wait("a", look, 60)
    assert waiter.waiting == 0
