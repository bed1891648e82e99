"""The pool: values, transactions, and what happens when the server goes away."""

from __future__ import annotations

import pytest

from leadline.foundation.database import Database


async def test_json_comes_and_goes_as_text(database: Database) -> None:
    assert await database.fetchval("select $1::jsonb", '{"a": [1, 2]}') == '{"a": [1, 2]}'


async def test_transaction_commits_at_the_end_of_the_block(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("create table things (name text)")
        await connection.execute("insert into things values ('one')")
    assert await database.fetchval("select name from things") == "one"


async def test_exception_rolls_the_transaction_back(database: Database) -> None:
    await database.execute("create table things (name text)")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as connection:
            await connection.execute("insert into things values ('one')")
            raise ZeroDivisionError
    assert await database.fetchval("select count(*) from things") == 0
