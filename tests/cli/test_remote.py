"""``leadline ask --server``: the real command against the real API, answered by a worker's hands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.service import Account, Api, open_api
from tests.cli.command import Command, Ended
from tests.web import Reply, WebServer, refusing_port

QUESTION = "What does the Team plan cost?"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(database_url, tmp_path) as running:
        yield running


@pytest.fixture
async def acme(api: Api) -> Account:
    return await api.account()


def command_of(acme: Account, **variables: str) -> Command:
    """Without a database of its own: whatever it shows came from the server."""
    return Command(
        {
            "LEADLINE_SERVER": acme.api.address.url,
            "LEADLINE_API_KEY": acme.key,
            "LEADLINE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            **variables,
        }
    )


async def asked(acme: Account, *arguments: str, failed: bool = False, answer: str | None = None) -> Ended:
    """Run the command and finish the signal that it makes."""
    running = asyncio.create_task(command_of(acme).run("ask", "acme.com", QUESTION, *arguments))
    while not (made := (await acme.get("/v1/companies/signals?status=processing")).json()["results"]):
        assert not running.done(), running.result()
        await asyncio.sleep(0.02)
    await acme.api.finish(made[0]["id"], failed=failed, answer=answer)
    return await running


async def test_an_answer_is_shown_as_if_it_were_made_here(acme: Account) -> None:
    ended = await asked(acme, "--type", "currency", answer='{"value": 25, "currency": "USD"}')
    assert ended.code == 0, ended
    assert ended.out.startswith("Answer      25 USD\n")
    assert "Confidence  0.88 (measured)" in ended.out or "Confidence  0.87 (measured)" in ended.out
    assert "  [1] https://acme.com/security  Security" in ended.out
    assert "“We are SOC 2 certified.”" in ended.out
    assert "accept   signal " in ended.err
    assert "wait     " in ended.err
    assert acme.key not in ended.out + ended.err


async def test_json_is_what_the_api_gives(acme: Account) -> None:
    ended = await asked(acme, "--json", "--type", "number", answer="5")
    assert ended.code == 0, ended
    shown = json.loads(ended.out)
    assert shown == (await acme.get(f"/v1/companies/signals/{shown['id']}")).json()


async def test_quiet_prints_the_value_only(acme: Account) -> None:
    ended = await asked(acme, "--quiet", "--type", "list", answer='["a", "b"]')
    assert (ended.code, ended.out, ended.err) == (0, "a\nb\n", "")


@pytest.mark.parametrize(("failed", "code"), [(True, 1), (False, 3)])
async def test_exit_codes_are_those_of_a_local_question(acme: Account, failed: bool, code: int) -> None:
    ended = await asked(acme, failed=failed)
    assert ended.code == code, ended
    assert ("SITE_UNREADABLE" in ended.out) is failed


async def test_an_earlier_answer_comes_at_once(acme: Account) -> None:
    first = await asked(acme, "--json", answer='"yes"')
    again = await command_of(acme).run("ask", "acme.com", QUESTION, "--json")
    assert json.loads(again.out) == json.loads(first.out)
    assert "wait" not in again.err


async def test_what_is_wrong_is_named_as_for_a_local_question(acme: Account) -> None:
    ended = await command_of(acme).run("ask", "acme corp", "x" * 501, "--type", "json_schema")
    assert ended.code == 2, ended
    assert "Error: DOMAIN (domain): " in ended.err
    assert "Error: QUESTION (question): " in ended.err
    assert ended.out == ""


async def test_options_that_the_server_decides_are_refused(acme: Account) -> None:
    ended = await command_of(acme).run(
        "ask", "acme.com", QUESTION, "--max-pages", "5", "--reader", "extractive"
    )
    assert ended.code == 2, ended
    assert "--max-pages (maxPages): is the server's own setting" in ended.err
    assert "reader: is the server's own setting" in ended.err
    assert (await acme.get("/v1/companies/signals")).json()["total"] == 0


async def test_the_command_line_wins_over_the_environment(acme: Account) -> None:
    command = command_of(acme, LEADLINE_SERVER="http://127.0.0.1:1", LEADLINE_API_KEY="sk_live_wrong")
    await acme.api.leadline.database.execute("select 1")
    ended = await command.run(
        "ask", "", QUESTION, "--server", acme.api.address.url, "--key", acme.key
    )  # reaches the server, which names the field
    assert ended.code == 2, ended
    assert "DOMAIN (domain)" in ended.err


async def test_a_wrong_key_is_said_and_not_shown(acme: Account) -> None:
    wrong = "sk_live_" + "w" * 43
    ended = await command_of(acme, LEADLINE_API_KEY=wrong).run("ask", "acme.com", QUESTION)
    assert ended.code == 2, ended
    assert "refuses the API key" in ended.err
    assert "LEADLINE_API_KEY" in ended.err
    assert wrong not in ended.err


async def test_no_key_is_said(acme: Account) -> None:
    ended = await command_of(acme, LEADLINE_API_KEY="").run("ask", "acme.com", QUESTION)
    assert ended.code == 2, ended
    assert "LEADLINE_API_KEY" in ended.err


async def test_no_credits_is_said(api: Api) -> None:
    poor = await api.account(credits_left=0)
    ended = await command_of(poor).run("ask", "acme.com", QUESTION)
    assert ended.code == 1, ended
    assert "No credits left" in ended.err
    assert "wait" not in ended.err


async def test_a_server_that_is_away_is_said() -> None:
    async with refusing_port() as port:
        command = Command({"LEADLINE_SERVER": f"http://127.0.0.1:{port}", "LEADLINE_API_KEY": "sk_live_x"})
        ended = await command.run("ask", "acme.com", QUESTION)
    assert ended.code == 1, ended
    assert f"No answer from http://127.0.0.1:{port}" in ended.err
    assert "Is the server running" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Reply('{"statusCode":429,"error":"Too Many Requests","message":"Rate limit exceeded",'
               '"retryAfter":90}', 429, "application/json"), "Try again in 90 s"),
        (Reply("<h1>Welcome</h1>"), "check the base address"),
        (Reply("<h1>404</h1>", 404), "check the base address"),
    ],
)  # fmt: skip
async def test_other_refusals_are_said(answer: Any, words: str) -> None:
    async with WebServer() as web:
        web.route("*", "*", answer)
        command = Command({"LEADLINE_SERVER": web.origin, "LEADLINE_API_KEY": "sk_live_x"})
        ended = await command.run("ask", "acme.com", QUESTION)
    assert ended.code == 1, ended
    assert words in ended.err


async def test_an_international_name_is_sent_as_the_wire_has_it(acme: Account) -> None:
    running = asyncio.create_task(command_of(acme).run("ask", "bücher.de", QUESTION, "--json"))
    while not (made := (await acme.get("/v1/companies/signals")).json()["results"]):
        assert not running.done(), running.result()
        await asyncio.sleep(0.02)
    await acme.api.finish(made[0]["id"])
    assert json.loads((await running).out)["domain"] == "xn--bcher-kva.de"


async def test_an_interrupted_wait_says_that_the_server_goes_on(acme: Account) -> None:
    command = command_of(acme)
    async with command.start("ask", "acme.com", QUESTION) as process:
        assert process.stderr is not None
        await process.stderr.readuntil(b"accept ")
        process.terminate()
        _, err = await process.communicate()
    assert process.returncode == 143
    assert b"The server goes on" in err
