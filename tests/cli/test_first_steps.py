"""What a newcomer types first."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tests.cli.command import Command

from leadline.cli.ask import host_of


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    return Command({"LEADLINE_DATABASE_URL": database_url, "LEADLINE_DATA_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("https://fly.io/docs/", "fly.io"),
        ("http://www.acme.com:8080/a?b=c#d", "www.acme.com"),
        ("acme.com/pricing", "acme.com"),
        (" https://ACME.com ", "acme.com"),
        ("acme.com", "acme.com"),
        ("acme", "acme"),
        ("https://[", "https://["),
    ],
)
def test_a_pasted_address_is_understood(typed: str, host: str) -> None:
    assert host_of(typed) == host


async def test_leadline_alone_shows_what_there_is(command: Command) -> None:
    ended = await command.run()
    assert ended.code == 0, ended
    assert "Usage: leadline" in ended.out
    assert "ask" in ended.out


async def test_postgres_has_help_of_its_own(command: Command) -> None:
    ended = await command.run("postgres", "--help")
    assert ended.code == 0, ended
    assert "pg_dump" in ended.out


async def test_an_allowance_is_set_and_a_key_may_come_without_a_grant(command: Command) -> None:
    org = f"org {uuid4()}"
    made = await command.run(
        "keys", "create", "--name", "k", "--org", org, "--credits", "0", "--spend-cap", "7"
    )
    assert made.code == 0, made
    listed = await command.run("keys", "list", "--org", org)
    assert "at most 7 credits a month" in listed.out
    ended = await command.run("credits", "allowance", "123", "--org", org, "--json")
    assert json.loads(ended.out) == {"organisation": org, "monthlyCredits": 123, "remainingCredits": 123}
    shown = await command.run("credits", "show", "--org", org, "--json")
    assert json.loads(shown.out)["remainingCredits"] == 123


async def test_who_only_reads_migrates_nothing_in_silence(
    command: Command, database_url: str, database: Any
) -> None:
    connection = await asyncpg.connect(database_url)
    last = await connection.fetchval("select max(number) from schema_migrations")
    await connection.execute("delete from schema_migrations where number = $1", last)
    await connection.close()
    development = Command({**command.environment(), "LEADLINE_ENV": "development"})
    for arguments in (("keys", "list"), ("trace", str(uuid4()))):
        ended = await development.run(*arguments)
        assert ended.code == 2, ended
        assert "leadline migrate" in ended.err
    assert await database.fetchval("select max(number) from schema_migrations") == last - 1


async def test_the_benchmarks_tell_their_names() -> None:
    import asyncio

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench",
        "--help",
        cwd=Path(__file__).resolve().parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert b"usage: python -m bench" in out
