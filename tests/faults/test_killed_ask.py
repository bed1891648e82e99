"""A question whose process or database dies is finished by the next run, and nothing is paid for twice."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.cli.command import HOST, Command, command_for, small_site
from tests.faults.embedded_users import postmaster_pid, wait_until_stopped
from tests.model_server import Asked, ModelServer
from tests.web import Answer, Held, Reply, WebServer

from leadline.foundation.database import Database

FOUNDED = "In which year was Acme founded?"
ABOUT = "<title>About</title><h1>About us</h1><p>Acme was founded in 1999 in Kiel, Germany.</p>"
PAGES = ("/", "/pricing", "/about")


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        small_site(server)
        yield server


async def until(condition: Callable[[], Any]) -> None:
    """Look again and again, until the test's own time-out."""
    while not await condition():
        await asyncio.sleep(0.02)


def founded(asked: Asked) -> dict[str, Any]:
    """What a careful model would reply: the year, citing the line that says it."""
    line = re.search(r"\[(\d+)\][^\n]*founded in 1999", asked.prompt)
    assert line is not None, asked.prompt
    return {
        "citations": [int(line[1])],
        "value": 1999,
        "conflicts": [],
        "basis": "stated",
        "answered": True,
        "reasoning": "The line states the year.",
    }


async def asked_with_model(models: ModelServer, web: WebServer, database_url: str) -> Command:
    return command_for(
        web,
        database_url,
        LEADLINE_MODEL="openai:test-model",
        LEADLINE_MODEL_BASE_URL=models.openai,
        LEADLINE_MODEL_API_KEY="none",
    )


async def test_a_question_killed_while_reading_pages_goes_on_where_it_stopped(
    web: WebServer, database_url: str, database: Database
) -> None:
    held = Held(Reply(ABOUT))
    web.route(HOST, "/about", held)
    command = command_for(web, database_url)

    async def others_are_stored() -> bool:
        stored = await database.fetchval("select count(*) from pages where snapshot_id is not null")
        return bool(stored == len(PAGES) - 1)

    async with command.start("ask", HOST, FOUNDED, "--type", "number") as process:
        await command.seen(process, web, lambda: web.count(HOST, "/about") == 1)
        await until(others_are_stored)
        process.kill()
        await process.wait()
    held.release()
    ended = await command.run("ask", HOST, FOUNDED, "--type", "number", "--json")
    assert ended.code == 0, ended
    assert json.loads(ended.out)["answer"]["number"]["value"] == 1999
    assert ended.err.startswith("resume")
    assert {path: web.count(HOST, path) for path in PAGES} == {"/": 1, "/pricing": 1, "/about": 2}
    assert web.count(HOST, "/sitemap.xml") == 1, "the survey is stored; robots.txt each process reads itself"
    assert await database.fetchval("select count(*) from signals") == 1


async def test_a_reply_that_was_paid_for_is_never_paid_for_again(
    web: WebServer, database_url: str, database: Database
) -> None:
    replies: list[Held] = []

    def hold(asked: Asked) -> Answer:
        replies.append(Held(Reply(json.dumps(_completion(asked)), content_type="application/json")))
        return replies[-1]

    async with ModelServer(hold) as models:
        command = await asked_with_model(models, web, database_url)
        async with command.start("ask", HOST, FOUNDED, "--type", "number") as process:
            await command.seen(process, models.web, lambda: models.web.in_flight.total() == 1)
            async with database.transaction() as connection:
                # Keeps the process from finishing the signal, but lets it store the reply.
                await connection.execute("select id from signals for no key update")
                replies[0].release()
                await until(lambda: database.fetchval("select count(*) = 1 from model_calls"))
                process.kill()
                await process.wait()
        requests = len(web.requests)
        ended = await command.run("ask", HOST, FOUNDED, "--type", "number", "--json")
        assert ended.code == 0, ended
        wire = json.loads(ended.out)
        assert wire["answer"]["number"]["value"] == 1999
        assert len(models.asked) == 1, "the stored reply is used"
        assert len(web.requests) == requests, "the stored pages are used"
        assert wire["metadata"]["modelCalls"] == 1, "what was paid is still accounted for"
    assert await database.fetchval("select count(*) from model_calls") == 1


async def test_a_finished_question_is_not_asked_of_the_model_again(web: WebServer, database_url: str) -> None:
    async with ModelServer(founded) as models:
        command = await asked_with_model(models, web, database_url)
        first = await command.run("ask", HOST, FOUNDED, "--type", "number", "--json")
        second = await command.run("ask", HOST, FOUNDED, "--type", "number", "--json")
        assert (first.code, second.code) == (0, 0), (first, second)
        assert json.loads(first.out) == json.loads(second.out)
        assert len(models.asked) == 1


async def test_two_processes_with_the_same_question_share_one_answer(
    web: WebServer, database_url: str
) -> None:
    held = Held(Reply(ABOUT))
    web.route(HOST, "/about", held)
    command = command_for(web, database_url)
    async with (
        command.start("ask", HOST, FOUNDED, "--type", "number", "--json") as process,
        command.start("ask", HOST, FOUNDED, "--type", "number", "--json") as second,
    ):
        await command.seen(process, web, lambda: web.count(HOST, "/about") == 1)
        held.release()
        (out, err), (other, _) = await asyncio.gather(process.communicate(), second.communicate())
    assert (process.returncode, second.returncode) == (0, 0), err
    assert json.loads(out) == json.loads(other)
    assert {path: web.count(HOST, path) for path in PAGES} == dict.fromkeys(PAGES, 1)


async def test_a_database_restarted_in_mid_question_is_waited_for(web: WebServer, tmp_path: Path) -> None:
    held = Held(Reply(ABOUT))
    web.route(HOST, "/about", held)
    home = tmp_path / "data" / "postgres"
    command = Command(
        {
            "LEADLINE_ENV": "development",
            "LEADLINE_CONNECT_TO": f"{HOST}={web.address}",
            "LEADLINE_DATA_DIR": str(tmp_path / "data"),
        }
    )
    async with command.start("ask", HOST, FOUNDED, "--type", "number", "--json") as process:
        await command.seen(process, web, lambda: web.count(HOST, "/about") == 1)
        before = postmaster_pid(home)
        os.kill(before, signal.SIGINT)  # PostgreSQL's "fast" shutdown: every session is cut
        await until(lambda: _true(_postmaster(home) not in (None, before)))
        held.release()
        out, err = await process.communicate()
    assert process.returncode == 0, err
    assert json.loads(out)["answer"]["number"]["value"] == 1999
    assert {path: web.count(HOST, path) for path in PAGES} == dict.fromkeys(PAGES, 1)
    wait_until_stopped(home)


async def test_sessions_cut_in_mid_question_cost_nothing(web: WebServer, database_url: str) -> None:
    held = Held(Reply(ABOUT))
    web.route(HOST, "/about", held)
    command = command_for(web, database_url)
    async with command.start("ask", HOST, FOUNDED, "--type", "number", "--json") as process:
        await command.seen(process, web, lambda: web.count(HOST, "/about") == 1)
        connection = await asyncpg.connect(database_url)
        cut = await connection.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await connection.close()
        held.release()
        out, err = await process.communicate()
    assert cut
    assert process.returncode == 0, err
    assert json.loads(out)["answer"]["number"]["value"] == 1999
    assert {path: web.count(HOST, path) for path in PAGES} == dict.fromkeys(PAGES, 1)


async def _true(value: bool) -> bool:
    return value


def _postmaster(home: Path) -> int | None:
    """The postmaster's process id once it takes connections; None before."""
    try:
        lines = (home / "data" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    return int(lines[0]) if len(lines) >= 8 and lines[7].strip() == "ready" else None


def _completion(asked: Asked) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": asked.model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {"role": "assistant", "content": json.dumps(founded(asked)), "refusal": None},
            }
        ],
        "usage": {"prompt_tokens": 400, "completion_tokens": 40, "total_tokens": 440},
    }
