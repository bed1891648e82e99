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
