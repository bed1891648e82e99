"""Connections on the command line, against the simulator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from tests.cli.command import Command, Ended
from tests.simulators.unipile import UnipileSimulator, problem


@pytest.fixture
async def unipile() -> AsyncIterator[UnipileSimulator]:
    async with UnipileSimulator() as running:
        yield running


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    return Command(
        {
            "LEADLINE_DATABASE_URL": database_url,
            "LEADLINE_DATA_DIR": str(tmp_path),
            "LEADLINE_ALLOW_NETWORKS": "127.0.0.0/8",
            "LEADLINE_DIRECTORY_PAUSE": "0",
        }
    )


async def add(command: Command, unipile: UnipileSimulator, *more: str, token: str | None = None) -> Ended:
    return await command.run(
        "connections",
        "add",
        "unipile",
        "--account",
        unipile.account,
        "--address",
        unipile.origin,
        *more,
        typed=(token or unipile.token) + "\n",
    )


def only(ended: Ended) -> dict[str, Any]:
    found = json.loads(ended.out)
    (one,) = found if isinstance(found, list) else [found]
    return dict(one)


async def test_account_is_linked_tested_listed_replaced_and_removed(
    command: Command, unipile: UnipileSimulator
) -> None:
    added = await add(command, unipile, "--json")
    assert added.code == 0, added.err
    made = only(added)
    assert (made["status"], made["name"], made["account"]) == ("connected", "Olga Owner", unipile.account)

    unipile.token = "another"
    tested = await command.run("connections", "test", made["id"])
    assert tested.code == 1
    assert "needs-authentication" in tested.out
    assert "leadline connections replace" in tested.out

    replaced = await command.run("connections", "replace", made["id"], typed="another")
    assert (replaced.code, "connected: unipile account" in replaced.out) == (0, True)

    listed = await command.run("connections", "list", "--json")
    assert (only(listed)["id"], only(listed)["status"]) == (made["id"], "connected")

    removed = await command.run("connections", "remove", made["id"])
    assert removed.code == 0
    assert "No account is linked" in (await command.run("connections", "list")).out
    for ended in (added, tested, replaced, listed, removed):
        assert "another" not in ended.out + ended.err
        assert "tok.en" not in ended.out + ended.err


async def test_secret_is_no_argument(command: Command, unipile: UnipileSimulator) -> None:
    refused = await command.run("connections", "add", "unipile", "--secret", "x")
    assert refused.code == 2
    async with command.start(
        "connections",
        "add",
        "unipile",
        "--account",
        unipile.account,
        "--address",
        unipile.origin,
        stdin=asyncio.subprocess.PIPE,
    ) as process:
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        await process.communicate(unipile.token.encode())
    assert unipile.token.encode() not in shown
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("prepare", "status", "says"),
    [
        (lambda sim: setattr(sim, "seat", False), "error", "no Sales Navigator seat"),
        (lambda sim: setattr(sim, "state", "CREDENTIALS"), "needs-authentication", "link it anew"),
        (lambda sim: setattr(sim, "state", "STOPPED"), "disconnected", "start it there"),
        (lambda sim: setattr(sim, "account", "other"), "disconnected", "no such account"),
        (
            lambda sim: sim.always("me", problem(401, "errors/checkpoint_error")),
            "needs-authentication",
            "LinkedIn asks",
        ),
        (
            lambda sim: sim.always("account", problem(503, "errors/service_unavailable")),
            "ready-to-connect",
            "503",
        ),
    ],
)
async def test_what_is_wrong_with_an_account_is_said(
    command: Command, unipile: UnipileSimulator, prepare: Any, status: str, says: str
) -> None:
    account = unipile.account
    prepare(unipile)
    ended = await command.run(
        "connections",
        "add",
        "unipile",
        "--account",
        account,
        "--address",
        unipile.origin,
        "--json",
        typed=unipile.token,
    )
    assert ended.code == 1
    made = only(ended)
    assert made["status"] == status
    assert says in made["lastError"]


async def test_nothing_typed_and_bad_addresses_are_bad_usage(
    command: Command, unipile: UnipileSimulator
) -> None:
    silent = await add(command, unipile, token=" ")
    assert (silent.code, "access token" in silent.err) == (2, True)
    ended = await command.run(
        "connections", "add", "unipile", "--account", "a", "--address", "http://example.com", typed="x"
    )
    assert (ended.code, "https://" in ended.err) == (2, True)


async def test_key_is_pinned_and_unpinned(command: Command, unipile: UnipileSimulator) -> None:
    made = only(await add(command, unipile, "--json"))
    key = only(await command.run("keys", "create", "--name", "one", "--json"))["id"]
    assert (await command.run("connections", "pin", key, made["id"])).code == 0
    refused = await command.run("connections", "remove", made["id"])
    assert (refused.code, key in refused.err) == (1, True)
    assert (await command.run("connections", "pin", key)).code == 2
    assert (await command.run("connections", "pin", key, "--none")).code == 0
    assert (await command.run("connections", "remove", made["id"])).code == 0


async def test_rotated_key_is_resealed(command: Command, unipile: UnipileSimulator) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()

    def keyed(keys: str) -> Command:
        return Command({**command.variables, "LEADLINE_SECRET_KEY": keys})

    made = only(await add(keyed(old), unipile, "--json"))
    lost = await keyed(new).run("connections", "test", made["id"])
    assert (lost.code, "leadline secrets reseal" in lost.out) == (1, True)
    refused = await keyed(new).run("secrets", "reseal")
    assert (refused.code, "NEW,OLD" in refused.err) == (2, True)
    resealed = await keyed(f"{new},{old}").run("secrets", "reseal")
    assert resealed.code == 0, resealed.err
    assert "1 secret is" in resealed.out
    assert (await keyed(new).run("connections", "test", made["id"])).code == 0
