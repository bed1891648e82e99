"""``leadline replay``: the real command, after the site has gone away."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cli.command import HOST, Command, command_for, small_site
from tests.model_server import Asked, ModelServer
from tests.web import WebServer

from leadline.foundation.database import Database
from leadline.foundation.ids import new_id

PRICE = "What does the Team plan cost per month?"
GONE = "00000000-0000-7000-8000-000000000000"
SUBMARINES = "How many submarines does the fleet own?"


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        small_site(server)
        yield server


def reply(asked: Asked) -> object:
    """A model that reads the price, and knows nothing of submarines."""
    found = re.search(r"^\[(\d+)\].*\$25 per month", asked.prompt, re.MULTILINE)
    answered = found is not None and "submarines" not in asked.prompt.rpartition("\n")[2]
    return {
        "citations": [int(found[1])] if found and answered else [],
        "value": {"amount": 25, "currency": "USD"} if answered else None,
        "conflicts": [], "basis": "stated", "answered": answered, "reasoning": "The line says so.",
    }  # fmt: skip


async def ask(command: Command, question: str, kind: str) -> str:
    ended = await command.run("ask", HOST, question, "--type", kind, "--json")
    assert ended.code in (0, 3), ended
    found: str = json.loads(ended.out)["id"]
    return found


async def test_an_answer_is_made_again_without_a_request(web: WebServer, database_url: str) -> None:
    command = command_for(web, database_url)
    signal_id = await ask(command, PRICE, "currency")
    asked = web.count()
    assert asked > 0
    ended = await command.run("replay", signal_id)
    assert ended.code == 0, ended
    assert "the same answer" in ended.out
    assert re.search(r"Answer +25 USD +25 USD", ended.out)
    assert "no model call" in ended.out
    shown = json.loads((await command.run("replay", signal_id, "--json")).out)
    assert shown["difference"] == "same"
    assert shown["before"]["answer"] == shown["after"]["answer"] == {
        "type": "currency", "currency": {"value": 25, "currency": "USD"},
    }  # fmt: skip
    assert shown["after"]["quotes"] == shown["before"]["quotes"]
    assert web.count() == asked, "no site is asked"


async def test_what_is_held_back_is_replayed_without_its_value(web: WebServer, database_url: str) -> None:
    command = command_for(web, database_url)
    given = await ask(command, PRICE, "currency")
    await command.run("threshold", "1")
    lost = json.loads((await command.run("replay", given, "--json")).out)
    assert (lost["difference"], lost["before"]["heldBack"], lost["after"]["heldBack"]) == (
        "held back",
        False,
        True,
    )
    assert lost["after"]["answer"] is lost["after"]["confidence"] is None
    assert (lost["after"]["verdict"], lost["after"]["quotes"]) == ("", [])
    held = await ask(command, PRICE, "currency")
    assert held != given, "it is not served from the cache"
    shown = await command.run("replay", held)
    assert "not compared: an answer is held back" in shown.out
    assert "25 USD" not in shown.out
    await command.run("threshold", "--remove")
    found = json.loads((await command.run("replay", held, "--json")).out)
    assert (found["before"]["answer"], found["before"]["verdict"]) == (None, "")
    assert found["after"]["answer"]["currency"]["value"] == 25


async def test_another_organisations_signal_is_replayed_by_its_name_only(
    web: WebServer, database_url: str, database: Database
) -> None:
    command = command_for(web, database_url)
    signal_id = await ask(command, PRICE, "currency")
    await database.execute("insert into organisations (id, name) values ($1, 'other')", new_id())
    ended = await command.run("replay", signal_id, "--org", "other")
    assert (ended.code, "not found" in ended.err) == (1, True), ended
    ended = await command.run("replay", signal_id, "--org", "nobody")
    assert (ended.code, "no organisation named 'nobody'" in ended.err) == (1, True), ended
    await database.execute(
        "update signals set organisation_id = (select id from organisations where name = 'other')"
    )
    assert (await command.run("replay", signal_id)).code == 1
    ended = await command.run("replay", signal_id, "--org", "other")
    assert (ended.code, "the same answer" in ended.out) == (0, True), ended


async def test_a_result_file_is_replayed_with_a_model_and_a_prompt(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    command = command_for(web, database_url)
    questions, results = tmp_path / "questions.jsonl", tmp_path / "results.jsonl"
    questions.write_text(
        "".join(
            json.dumps({"id": name, "domain": HOST, "question": text, "answerType": kind}) + "\n"
            for name, text, kind in (("price", PRICE, "currency"), ("submarines", SUBMARINES, "number"))
        )
    )
    assert (await command.run("eval", str(questions), "--out", str(results))).code == 0
    with results.open("a") as file:
        file.write(json.dumps({"id": "old", "failed": True}) + "\n")
        file.write(json.dumps({"id": "gone", "signalId": GONE}) + "\n")
    wording = tmp_path / "prompt.txt"
    printed = await command.run("replay", "--print-prompt")
    wording.write_text("Take care. " + printed.out)
    asked = web.count()
    async with ModelServer(reply) as models:
        paid = command_for(web, database_url, LEADLINE_MODEL_BASE_URL=models.openai)
        arguments = ("replay", str(results), "--model", "vllm:m", "--prompt", str(wording))
        ended = await paid.run(*arguments)
        assert ended.code == 0, ended
        assert all(one.instructions.startswith("Take care. Answer a question") for one in models.asked)
        assert len(models.asked) == 2
        shown = json.loads((await paid.run(*arguments, "--json")).out)
    assert "2 signals: the same answer 2" in ended.out
    assert "before: no model call" in ended.out
    assert re.search(r"after: 2 model calls · [\d,]+ \+ \d+ tokens · price unknown", ended.out)
    assert "not replayed: old: no signal is named" in ended.out
    assert shown["notReplayed"] == ["old: no signal is named", f"{GONE}: Signal not found or access denied"]
    assert "[3/3]" in ended.err
    assert [one["after"]["reader"] for one in shown["replays"]] == ["model:vllm:m"] * 2
    assert web.count() == asked


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name a signal"),
        (["gone.jsonl"], "there is no such file"),
        (["empty.jsonl"], "holds no result"),
        (["broken.jsonl"], "broken.jsonl, line 1"),
        (["ID", "--prompt", "gone.txt"], "neither a prompt (standard) nor a text file"),
        (["ID", "--prompt", "bad.txt"], "{members} is missing"),
        ([GONE], "Signal not found"),
    ],
)
async def test_bad_usage_is_told(
    web: WebServer, database_url: str, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "broken.jsonl").write_text("no json\n")
    (tmp_path / "bad.txt").write_text("Answer. {meaning}")
    command = Command(command_for(web, database_url).variables, tmp_path)
    ended = await command.run("replay", *arguments)
    assert ended.code in (1, 2)
    assert said in ended.err
    assert "unexpected" not in ended.err
