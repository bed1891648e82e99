"""What a question ends in when its language model misbehaves: asked end to end, and never answered with a "no"."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import HOST, command_for, small_site
from tests.faults.test_site_outcomes import credits_left, settings_for
from tests.model_server import ModelServer, Text, context_exceeded, failing
from tests.web import Hang, Raw, WebServer

from leadline.bootstrap import open_leadline
from leadline.signals.schemas import SignalRequest

FOUNDED = SignalRequest(domain=HOST, question="In which year was Acme founded?", answer_type="number")


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        small_site(server)
        yield server


def reply(value: Any, citations: Any) -> dict[str, Any]:
    return {
        "citations": citations,
        "value": value,
        "conflicts": [],
        "basis": "stated",
        "answered": True,
        "reasoning": "",
    }


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (lambda: Text("I think it was long ago."), "MODEL_REPLY_INVALID"),
        (lambda: Text('{"citations": [1], "value": 19', finish="length"), "MODEL_REPLY_INVALID"),
        (lambda: reply("long ago", [1]), "MODEL_REPLY_INVALID"),
        (lambda: reply(1999, [4711]), "MODEL_REPLY_INVALID"),
        (lambda: reply(1999, []), "MODEL_REPLY_INVALID"),
        (lambda: failing(429, retry_after="3600"), "MODEL_RATE_LIMITED"),
        (lambda: failing(500), "MODEL_UNAVAILABLE"),
        (Raw, "MODEL_UNAVAILABLE"),
        (Hang, "MODEL_UNAVAILABLE"),
        (context_exceeded, "MODEL_CONTEXT_EXCEEDED"),
        (lambda: failing(401), "MODEL_REFUSED"),
    ],
    ids=[
        "garbage",
        "cut off",
        "wrong type",
        "invented citation",
        "no citation",
        "429",
        "500",
        "no HTTP",
        "hangs",
        "context overflow",
        "bad key",
    ],
)
async def test_a_model_that_gives_no_usable_reply_fails_the_question_and_costs_nothing(
    web: WebServer, database_url: str, tmp_path: Path, said: Callable[[], Any], code: str
) -> None:
    async with ModelServer(lambda _: said()) as models:
        settings = settings_for(
            web,
            database_url,
            tmp_path,
            model="openai:test",
            model_base_url=models.openai,
            model_api_key="hush-hush-hush",
            model_timeout=0.3,
        )
        async with open_leadline(settings) as leadline:
            signal = await leadline.ask(FOUNDED)
            assert (signal.status, signal.answer, signal.error_code) == ("failed", None, code), signal
            assert signal.error_action
            assert await credits_left(leadline) == settings.monthly_credits
            assert "hush-hush" not in repr(signal) + repr(await leadline.trace(signal.id))
    assert models.asked


async def test_a_value_that_the_cited_words_do_not_say_is_no_answer(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    async with ModelServer(lambda _: reply(2042, [1])) as models:
        settings = settings_for(
            web,
            database_url,
            tmp_path,
            model="openai:test",
            model_base_url=models.openai,
            model_api_key="none",
        )
        async with open_leadline(settings) as leadline:
            signal = await leadline.ask(FOUNDED)
    assert (signal.status, signal.answer) == ("completed", None), signal
    assert "dropped" in (signal.reasoning or "")


async def test_the_exit_code_of_a_question_whose_model_fails_is_1(web: WebServer, database_url: str) -> None:
    async with ModelServer(lambda _: failing(401)) as models:
        command = command_for(
            web,
            database_url,
            LEADLINE_MODEL="openai:test",
            LEADLINE_MODEL_BASE_URL=models.openai,
            LEADLINE_MODEL_API_KEY="hush-hush-hush",
        )
        ended = await command.run("ask", HOST, FOUNDED.question, "--type", "number")
    assert ended.code == 1, ended
    assert "MODEL_REFUSED" in ended.out
    assert "hush-hush" not in ended.out + ended.err
