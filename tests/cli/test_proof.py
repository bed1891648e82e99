"""``leadline proof --check``: the real command, with a file and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from tests.cli.command import Command
from tests.labels.test_service import SureReader
from tests.signals.test_proving import Exported, exported
from tests.signals.test_service import ASK, make_service

from leadline.accounts.service import default_organisation, organisation
from leadline.cli.proof import _check, _written
from leadline.evidence.service import redact
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput
from leadline.labels import service as labels
from leadline.signals import proving

__all__ = ["exported"]

NOWHERE = {"LEADLINE_DATABASE_URL": "postgresql://127.0.0.1:9/nothing"}


async def test_proof_is_checked_without_a_database(exported: Exported, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_bytes(exported[3])
    ended = await Command(NOWHERE).run("proof", "--check", str(file))
    assert ended.code == 0, ended.err
    assert "https://acme.com/about: the company's own site, fetched 2" in ended.out
    assert "1 of 1 quote stands as cited" in ended.out
    file.write_bytes(exported[3].replace(b"founded in 1987", b"founded in 1988"))
    ended = await Command(NOWHERE).run("proof", "--check", str(file))
    assert ended.code == 1
    assert "do not stand" in ended.out


async def test_redacted_quote_is_said_to_be_redacted(
    database: Database, exported: Exported, tmp_path: Path
) -> None:
    proving_, org, signal_id, _ = exported
    async with database.transaction() as connection:
        await redact(connection, ["acme.com"], "Wile Coyote")
    file = tmp_path / "proof.json"
    file.write_bytes(_written(await proving_.export(org, signal_id)))
    ended = await Command(NOWHERE).run("proof", "--check", str(file))
    assert ended.code == 4
    assert "redacted: it named somebody who was erased since: https://acme.com/about" in ended.out
    assert "0 of 1 quote stands as cited, 1 redacted" in ended.out


async def test_no_more_is_read_of_a_file_than_a_proof_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "MOST_BYTES", 1_000)
    pipe = tmp_path / "endless"
    os.mkfifo(pipe)
    both = os.open(pipe, os.O_RDWR)  # so that its end never comes
    try:
        os.write(both, json.dumps({"format": "x" * 2_000}).encode())
        with pytest.raises(InvalidInput, match="larger than the 1,000 bytes"):
            await asyncio.wait_for(_check(pipe), 20)
    finally:
        os.close(both)


async def test_the_page_of_a_quote_is_written_to_be_looked_at(
    database_url: str, exported: Exported, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    command = Command({"LEADLINE_DATABASE_URL": database_url})
    ended = await command.run("proof", exported[2], "--html", str(file))
    assert ended.code == 0, ended.err
    assert ended.out.strip() == f"{file.as_uri()}#quote"
    page = file.read_text(encoding="utf-8")
    assert '<mark id="quote">Acme was founded in 1987 by Wile Coyote.</mark>' in page
    assert """content="default-src 'none'; style-src 'unsafe-inline';""" in page
    ended = await command.run("proof", exported[2], "--html", str(file), "--quote", "2")
    assert ended.code != 0
    assert "the signal has 1 quote," in ended.err


@pytest.mark.parametrize(
    "arguments", [["ID", "--check", "f"], ["--check", "f", "--open"], ["ID", "--out", "f", "--open"], []]
)
async def test_bad_usage_is_told(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"{}")
    ended = await Command(NOWHERE, tmp_path).run("proof", *arguments)
    assert ended.code == 2
    assert "leadline proof --help" in ended.err


async def test_the_proof_of_what_is_held_back_says_so_and_tells_no_answer(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    org = await default_organisation(database)
    await labels.set_threshold(database, org, None, 0.8)
    signal = await make_service(database, reader=SureReader(0.7)).ask(org, ASK)
    command, file = Command({"LEADLINE_DATABASE_URL": database_url}), tmp_path / "proof.json"
    ended = await command.run("proof", signal.id, "--out", str(file))
    assert ended.code == 0, ended.err
    assert "is held back: its confidence of 0.70 is below the threshold of 0.8" in ended.err
    assert "leadline threshold" in ended.err
    proof = json.loads(file.read_bytes())
    assert (proof["answer"], proof["confidence"]) == (None, None)
    assert (proof["heldBack"]["confidence"], proof["heldBack"]["threshold"]) == (0.7, 0.8)
    assert [one["words"] for one in proof["quotes"]] == [one["snippet"] for one in signal.metadata["nearest"]]
    ended = await Command(NOWHERE).run("proof", "--check", str(file))
    assert ended.code == 0, ended
    assert "is held back" in ended.out
    assert "1 of 1 quote stands as cited" in ended.out
    assert "no answer" not in ended.out
    file.write_text(file.read_text().replace('"threshold": 0.8', '"threshold": 0.6'))
    assert (await Command(NOWHERE).run("proof", "--check", str(file))).code == 1
    # The nearest evidence is looked at like any other quote; how it was read is not told.
    page = tmp_path / "page.html"
    assert (await command.run("proof", signal.id, "--html", str(page))).code == 0
    assert '<mark id="quote">' in page.read_text()
    assert "1 of 1 quote stands" in (await command.run("verify", signal.id)).out
    traced = await command.run("trace", signal.id, "--json")
    assert {one["step"] for one in json.loads(traced.out)["steps"]} == {"plan", "collect", "rank"}
    await labels.set_threshold(database, org, None, None)
    given = await make_service(database, reader=SureReader(0.7)).ask(org, ASK)
    assert "heldBack" not in (await command.run("proof", given.id)).out


@pytest.mark.parametrize("arguments", [["proof"], ["proof", "--html", "page.html"], ["verify"], ["trace"]])
async def test_another_organisations_signal_is_looked_at_by_its_name_only(
    database: Database, database_url: str, tmp_path: Path, arguments: list[str]
) -> None:
    await default_organisation(database)
    other = await organisation(database, "other")
    signal = await make_service(database).ask(other, ASK)
    command = Command({"LEADLINE_DATABASE_URL": database_url}, tmp_path)
    what, *options = arguments
    ended = await command.run(what, signal.id, *options)
    assert (ended.code, "not found" in ended.err) == (1, True), ended
    ended = await command.run(what, signal.id, *options, "--org", "other")
    assert ended.code == 0, ended
    ended = await command.run(what, signal.id, *options, "--org", "nobody")
    assert (ended.code, "no organisation named 'nobody'" in ended.err) == (1, True), ended
