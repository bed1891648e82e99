"""Migrations: applied once, in order, by one process; never a database that this code does not fit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from leadline.foundation.errors import ConfigurationError
from leadline.foundation.migrations import Migration, apply, check, read_migrations

FIRST = Migration(1, "0001_first", "create table one (number integer)")
SECOND = Migration(2, "0002_second", "create table two (number integer); insert into one values (2)")
BROKEN = Migration(2, "0002_broken", "create table two (number integer); select * from nowhere")


@pytest.fixture
async def empty_url(postgres_url: str) -> AsyncIterator[str]:
    admin = await asyncpg.connect(postgres_url)
    name = f"empty_{uuid4().hex}"
    await admin.execute(f"create database {name} strategy file_copy")
    yield postgres_url.replace("@/postgres?", f"@/{name}?")
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(empty_url)
    yield connection
    await connection.close()


async def test_migrations_are_applied_once_and_in_order(empty: Any) -> None:
    assert await apply(empty, [FIRST]) == [FIRST]
    assert await apply(empty, [FIRST, SECOND]) == [SECOND]
    assert await apply(empty, [FIRST, SECOND]) == []
    assert await empty.fetchval("select number from one") == 2


async def test_several_processes_at_once_apply_each_migration_once(empty_url: str) -> None:
    connections = [await asyncpg.connect(empty_url) for _ in range(4)]
    applied = await asyncio.gather(*(apply(c, [FIRST, SECOND]) for c in connections))
    for connection in connections:
        await connection.close()
    assert sorted(m.number for one in applied for m in one) == [1, 2]


async def test_failed_migration_leaves_nothing_behind(empty: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"0002_broken failed and was rolled back.*nowhere"):
        await apply(empty, [FIRST, BROKEN])
    assert await empty.fetchval("select to_regclass('two')") is None
    assert await apply(empty, [FIRST, SECOND]) == [SECOND]


async def test_database_of_a_newer_version_is_refused(empty: Any) -> None:
    await apply(empty, [FIRST, SECOND])
    with pytest.raises(ConfigurationError, match=r"0002_second.*newer version"):
        await check(empty, [FIRST])
    with pytest.raises(ConfigurationError, match="newer version"):
        await apply(empty, [FIRST])


async def test_edited_migration_is_refused(empty: Any) -> None:
    await apply(empty, [FIRST])
    with pytest.raises(ConfigurationError, match=r"edited.*new migration"):
        await apply(empty, [FIRST._replace(sql="create table one (number bigint)")])


async def test_check_names_what_is_missing(empty: Any) -> None:
    await apply(empty, [FIRST])
    with pytest.raises(ConfigurationError, match="lacks 0002_second"):
        await check(empty, [FIRST, SECOND])


async def test_our_own_migrations_apply(empty: Any) -> None:
    known = read_migrations()
    assert await apply(empty) == known
    await check(empty)


def test_gap_in_the_numbers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_first.sql").write_text("select 1")
    (tmp_path / "0003_third.sql").write_text("select 1")
    with pytest.raises(ConfigurationError, match="0003_third"):
        read_migrations(tmp_path)


def test_file_that_is_not_numbered_is_refused(tmp_path: Path) -> None:
    (tmp_path / "later.sql").write_text("select 1")
    with pytest.raises(ConfigurationError, match=r"later\.sql"):
        read_migrations(tmp_path)


def test_line_endings_do_not_make_another_migration(tmp_path: Path) -> None:
    (tmp_path / "0001_first.sql").write_bytes(b"select 1;\nselect 2;\n")
    unix = read_migrations(tmp_path)
    (tmp_path / "0001_first.sql").write_bytes(b"select 1;\r\nselect 2;\r\n")
    assert read_migrations(tmp_path)[0].sha256 == unix[0].sha256
