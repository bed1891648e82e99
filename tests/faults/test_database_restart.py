"""Statements and transactions while the server is restarted, killed, or gone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.faults.embedded_users import alive, postmaster_pid, supervisor_pid, wait_until_stopped

from leadline.foundation.database import Database
from leadline.foundation.embedded_postgres import EmbeddedServer
from leadline.foundation.errors import ConfigurationError, DatabaseUnavailable
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings

# Never ends on the server it was first sent to, and at once on the next one.
STUCK = "select 'second server' from pg_sleep(case when pg_postmaster_start_time() = $1 then 600 else 0 end)"


@pytest.fixture
async def embedded(home: Path) -> AsyncIterator[Database]:
    async with open_database(Settings(data_dir=home.parent)) as database:
        yield database
    wait_until_stopped(home)


async def stuck(database: Database, *, idempotent: bool = False) -> asyncio.Task[str]:
    """A statement that is running now and will not end by itself."""
    began = await database.fetchval("select pg_postmaster_start_time()")
    task = asyncio.create_task(database.fetchval(STUCK, began, idempotent=idempotent))
    while not await database.fetchval("select true from pg_stat_activity where wait_event = 'PgSleep'"):
        await asyncio.sleep(0.005)
    return task


async def gone(pid: int) -> None:
    """Return when the process has ended."""
    while alive(pid):
        await asyncio.sleep(0.005)


async def test_idle_pool_survives_a_restart(embedded: Database, home: Path) -> None:
    await asyncio.gather(*(embedded.fetchval("select pg_sleep(0.01)") for _ in range(4)))
    old = postmaster_pid(home)
    os.kill(old, signal.SIGINT)
    await gone(old)
    assert await embedded.fetchval("select true")
    assert postmaster_pid(home) != old


async def test_statement_cut_by_a_clean_shutdown_was_not_executed_and_is_repeated(
    embedded: Database, home: Path
) -> None:
    task = await stuck(embedded)
    os.kill(postmaster_pid(home), signal.SIGINT)
    assert await task == "second server"


async def test_statement_cut_by_a_crash_may_have_been_executed_and_is_not_repeated(
    embedded: Database, home: Path
) -> None:
    task = await stuck(embedded)
    os.kill(postmaster_pid(home), signal.SIGKILL)
    with pytest.raises(DatabaseUnavailable, match="may have been executed"):
        await task
    assert await embedded.fetchval("select true")


async def test_idempotent_statement_is_repeated_after_a_crash(embedded: Database, home: Path) -> None:
    task = await stuck(embedded, idempotent=True)
    os.kill(postmaster_pid(home), signal.SIGKILL)
    assert await task == "second server"


async def test_transaction_cut_by_a_restart_changes_nothing(embedded: Database, home: Path) -> None:
    await embedded.execute("create table things (name text)")

    async def write() -> None:
        async with embedded.transaction() as connection:
            await connection.execute("insert into things values ('one')")
            os.kill(postmaster_pid(home), signal.SIGINT)
            await connection.execute("select pg_sleep(600)")

    with pytest.raises(DatabaseUnavailable, match="nothing was changed"):
        await write()
    assert await embedded.fetchval("select count(*) from things") == 0


async def test_killed_supervisor_is_replaced_by_the_next_statement(embedded: Database, home: Path) -> None:
    await embedded.execute("create table things as select 1 as number")
    postmaster = postmaster_pid(home)
    os.kill(supervisor_pid(home), signal.SIGKILL)
    await gone(postmaster)
    assert await embedded.fetchval("select number from things", idempotent=True) == 1


async def test_server_that_cannot_be_started_again_says_why(home: Path) -> None:
    async with open_database(Settings(data_dir=home.parent)) as database:
        os.kill(supervisor_pid(home), signal.SIGTERM)
        wait_until_stopped(home)
        (home / "data" / "PG_VERSION").write_text("13\n")
        with pytest.raises(ConfigurationError, match="made by PostgreSQL 13"):
            await database.fetchval("select true")


async def test_error_of_the_body_is_not_mistaken_for_a_lost_connection(embedded: Database) -> None:
    async def write() -> None:
        async with embedded.transaction():
            raise ConnectionRefusedError("some other service")

    with pytest.raises(ConnectionRefusedError, match="some other service"):
        await write()


async def test_server_that_stays_away_is_reported_after_a_while(home: Path) -> None:
    with EmbeddedServer(home) as server:
        async with open_database(Settings(database_url=server.attach())) as database:
            server.release()
            wait_until_stopped(home)
            impatient = Database(database.pool, database._address, patience=0.2)
            with pytest.raises(DatabaseUnavailable, match="nothing was changed"):
                await impatient.execute("create table things (name text)")
