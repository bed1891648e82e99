"""``leadline label``, ``calibrate`` and ``threshold``, as processes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cli.command import HOST, command_for, small_site
from tests.web import WebServer

from leadline.foundation.database import Database
from leadline.foundation.ids import new_id

FOUNDED = "In which year was Acme founded?"


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        small_site(server)
        server.page(HOST, "/", "<title>Acme</title><h1>Acme</h1><p>Acme was founded in 1987 in Kiel.</p>")
        yield server


async def test_labels_change_what_the_next_answer_says_of_itself(
    web: WebServer, database_url: str, database: Database, tmp_path: Path
) -> None:
    command = command_for(web, database_url)
    ask = ["ask", HOST, FOUNDED, "--type", "number", "--json", "--quiet"]
    asked = json.loads((await command.run(*ask)).out)
    raw = asked["confidence"]
    ended = await command.run(
        "label", asked["id"], "wrong", "--expected", "1986", "--note", "see the imprint"
    )
    assert ended.code == 0, ended
    assert "wrong: " in ended.out
    assert "expected 1986 (see the imprint)" in ended.out
    # Sixty more of the same confidence, a third of them wrong, one line of the file bad.
    ids = [new_id() for _ in range(60)]
    await database.execute(
        """
        insert into signals (id, organisation_id, company_id, asked_host, question, answer_type, verification_mode,
            max_pages, reader, request_key, status, answer, confidence, sources, metadata, completed_at)
        select given.id, s.organisation_id, s.company_id, s.asked_host, 'How many of ' || given.id || '?', 'number', 'strict', 10,
            s.reader, uuid_send(given.id), 'completed', '1', s.confidence, '[]', '{}', now()
        from signals s, unnest($1::uuid[]) given (id) where s.id = $2
        """,
        ids,
        asked["id"],
    )
    file = tmp_path / "labels.csv"
    lines = [
        f"{one},{'wrong' if n % 3 == 0 else 'right'},{'2' if n % 3 == 0 else ''}" for n, one in enumerate(ids)
    ]
    file.write_text(
        "\n".join(["signalId,verdict,expected", *lines, "nonsense,right,", f"{ids[0]},maybe,"]) + "\n"
    )
    ended = await command.run("label", "--import", str(file))
    assert ended.code == 1
    assert "60 labels taken, 2 lines refused" in ended.err
    assert "line 62: " in ended.err
    assert "line 63: " in ended.err
    (tmp_path / "again.csv").write_text("\n".join(["signal_id,verdict,expected", *lines[:3]]) + "\n")
    ended = await command.run("label", "--import", str(tmp_path / "again.csv"))
    assert "3 labels taken, 3 of them in place of an earlier one, 0 lines refused" in ended.err
    listed = await command.run("label", "--list")
    assert listed.out.count("How many of") + listed.out.count(FOUNDED) == 61
    ended = await command.run("label", asked["id"], "wrong", "--expected", "1986")
    assert "wrong, in place of wrong: " in ended.out
    trial = await command.run("calibrate", "--dry-run")
    assert trial.code == 0, trial
    assert "Nothing was changed." in trial.out
    fitted = await command.run("calibrate")
    assert "It holds from now on." in fitted.out
    assert "61 labels" in fitted.out
    again = json.loads((await command.run(*ask, "--force-refresh")).out)
    assert again["confidence"] == pytest.approx(0.65, abs=0.03)
    assert again["metadata"]["rawConfidence"] == raw
    shown = await command.run("threshold", "0.8")
    assert "all signals: at least 0.8" in shown.out
    held = await command.run("ask", HOST, FOUNDED, "--type", "number", "--force-refresh")
    assert held.code == 3, held
    assert "No answer that is sure enough to be given." in held.out
    assert "“Acme was founded in 1987 in Kiel.”" in held.out
    assert "however sure" in (await command.run("threshold", "--remove")).out
    assert "extractive: its own confidence holds again." in (await command.run("calibrate", "--reset")).out
    assert "No labels changed" in (await command.run("calibrate", "--reset")).out


async def test_commands_say_what_is_missing(web: WebServer, database_url: str, tmp_path: Path) -> None:
    command = command_for(web, database_url)
    ended = await command.run("label")
    assert (ended.code, "right or wrong" in ended.err) == (2, True)
    ended = await command.run("label", str(new_id()), "right")
    assert (ended.code, "not found" in ended.err) == (1, True), ended
    ended = await command.run("calibrate")
    assert (ended.code, "no labels of answers yet" in ended.out) == (1, True), ended
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    ended = await command.run("label", "--import", str(tmp_path / "odd.csv"))
    assert (ended.code, "signal_id and verdict" in ended.err) == (2, True), ended
