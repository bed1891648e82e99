"""A command that is interrupted says what is true of its work: each by what it does."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.cli.command import Command

from leadline.accounts.service import default_organisation
from leadline.foundation.database import Connection, Database
from leadline.foundation.ids import new_id

ID = str(new_id())
WHOLLY = "It was done wholly or not at all"


async def until_it_waits(connection: Connection) -> None:
    """Until somebody waits for the lock that this connection holds."""
    for _ in range(1_200):
        if await connection.fetchval(
            "select exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
        ):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the command never came to its work")


@asynccontextmanager
async def locked(database: Database, table: str) -> AsyncIterator[Connection]:
    """Nobody else comes to the table, so that a command can be interrupted at it."""
    async with database.transaction() as connection:
        await connection.execute(f"lock table {table} in access exclusive mode")
        yield connection


@pytest.mark.parametrize(
    ("arguments", "table", "said"),
    [
        (["keys", "create", "--name", "crm"], "api_keys", "`leadline keys list` shows it, to be revoked"),
        (["keys", "list"], "api_keys", "Nothing was changed."),
        (["keys", "revoke", ID], "api_keys", "is not done twice: give the same command again"),
        (["credits", "grant", "5"], "credit_entries", f"{WHOLLY}: `leadline credits show` shows which"),
        (["people", "erase", ID, "--yes"], "people", "is not done twice: give the same command again"),
        (["people", "show", ID], "people", "Nothing was changed."),
        (["threshold", "0.8"], "confidence_thresholds", "is not done twice: give the same command again"),
        (["threshold"], "confidence_thresholds", "Nothing was changed."),
        (["webhooks", "secret", "--rotate"], "webhook_secrets", "`leadline webhooks secret` shows which"),
        (["subscriptions", "trigger", ID], "subscriptions", "`leadline subscriptions list` shows"),
    ],
)
async def test_an_interrupted_command_says_what_became_of_its_work(
    database: Database, database_url: str, arguments: list[str], table: str, said: str
) -> None:
    await default_organisation(database)
    command = Command({"LEADLINE_DATABASE_URL": database_url, "LEADLINE_SECRET_KEY": "a" * 43 + "="})
    async with locked(database, table) as connection, command.start(*arguments) as process:
        await until_it_waits(connection)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130, err
    assert out == b""
    assert "Interrupted. " in err.decode()
    assert said in err.decode()
    assert "unless something was printed" not in err.decode()


async def test_what_was_interrupted_was_not_half_done(database: Database, database_url: str) -> None:
    org = await default_organisation(database)
    command = Command({"LEADLINE_DATABASE_URL": database_url})
    arguments = ("keys", "create", "--name", "crm", "--credits", "5")
    async with locked(database, "credit_entries") as connection, command.start(*arguments) as process:
        await until_it_waits(connection)  # the key is written, its credits are not
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 143, err
    assert await database.fetchval("select count(*) from api_keys where organisation_id = $1", org) == 0
