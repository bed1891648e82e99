"""The pool: values, transactions, and what is checked when it is opened."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from leadline.foundation import opening as database_module
from leadline.foundation.database import Database
from leadline.foundation.errors import ConfigurationError, DatabaseUnavailable
from leadline.foundation.ids import new_id
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings


async def test_json_comes_and_goes_as_text(database: Database) -> None:
    assert await database.fetchval("select $1::jsonb", '{"a": [1, 2]}') == '{"a": [1, 2]}'


async def test_uuid_is_the_standard_one(database: Database) -> None:
    made = new_id()
    found = await database.fetchval("select $1::uuid", made)
    assert isinstance(found, UUID)
    assert found == made


async def test_transaction_commits_at_the_end_of_the_block(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("create table things (name text)")
        await connection.execute("insert into things values ('one')")
    assert await database.fetchval("select name from things") == "one"


async def test_exception_rolls_the_transaction_back(database: Database) -> None:
    await database.execute("create table things (name text)")

    async def write() -> None:
        async with database.transaction() as connection:
            await connection.execute("insert into things values ('one')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write()
    assert await database.fetchval("select count(*) from things") == 0


async def test_cancelled_transaction_is_rolled_back_and_its_connection_usable(database: Database) -> None:
    await database.execute("create table things (name text)")
    inside = asyncio.Event()

    async def write() -> None:
        async with database.transaction() as connection:
            await connection.execute("insert into things values ('one')")
            inside.set()
            await connection.execute("select pg_sleep(600)")

    task = asyncio.create_task(write())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await database.fetchval("select count(*) from things") == 0


async def test_wrong_statement_is_not_repeated(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.fetch("select * from nowhere", idempotent=True)


async def test_executemany_is_all_or_nothing(database: Database) -> None:
    await database.execute("create table things (number integer unique)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await database.executemany("insert into things values ($1)", [(1,), (2,), (1,)])
    assert await database.fetchval("select count(*) from things") == 0


async def test_dedicated_connection_hears_notifications(database: Database) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with database.dedicated() as connection:
        await connection.add_listener("news", lambda *event: heard.put_nowait(event[-1]))
        await database.execute("select pg_notify('news', 'hello')")
        assert await heard.get() == "hello"


async def test_each_test_has_a_database_of_its_own(database: Database) -> None:
    assert await database.fetchval("select count(*) from companies") == 0
    await database.execute("insert into companies (id, host) values ($1, 'example.com')", new_id())


test_each_test_really_has_a_database_of_its_own = test_each_test_has_a_database_of_its_own


async def test_server_older_than_supported_is_refused(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "MINIMUM_MAJOR", 99)
    with pytest.raises(ConfigurationError, match="needs 99 or newer"):
        async with open_database(Settings(database_url=database_url)):
            pass


async def test_database_in_another_encoding_is_refused(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("create database ascii_only encoding 'SQL_ASCII' template template0 locale 'C'")
    url = postgres_url.replace("@/postgres?", "@/ascii_only?")
    try:
        with pytest.raises(ConfigurationError, match="SQL_ASCII"):
            async with open_database(Settings(database_url=url)):
                pass
    finally:
        await connection.execute("drop database ascii_only")
        await connection.close()


async def test_database_that_does_not_exist_is_a_configuration_error(postgres_url: str) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        async with open_database(Settings(database_url=postgres_url.replace("@/postgres?", "@/nowhere?"))):
            pass


async def test_server_that_does_not_answer_is_reported_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "CONNECT_SECONDS", 0.1)
    url = f"postgresql://somebody:hunter2@/db?host={tmp_path}"
    with pytest.raises(DatabaseUnavailable, match="LEADLINE_DATABASE_URL") as caught:
        async with open_database(Settings(database_url=url)):
            pass
    assert "hunter2" not in str(caught.value)


async def test_missing_migrations_are_refused_in_production(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("create database unmigrated")
    settings = Settings(database_url=postgres_url.replace("@/postgres?", "@/unmigrated?"))
    try:
        with pytest.raises(ConfigurationError, match="leadline migrate"):
            async with open_database(settings):
                pass
        async with open_database(settings, migrate=True) as opened:
            assert await opened.fetchval("select count(*) from companies") == 0
        async with open_database(settings):
            pass
    finally:
        await connection.execute("drop database unmigrated")
        await connection.close()
