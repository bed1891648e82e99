"""Characters that JSON, UTF-8 or the database cannot hold, wherever they come from: a page, a schema, a reply."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cli.command import HOST
from tests.faults.test_site_outcomes import settings_for
from tests.model_server import Asked, ModelServer, Text
from tests.web import Reply, WebServer

from leadline.bootstrap import open_leadline
from leadline.foundation.errors import InvalidInput
from leadline.signals.schemas import SignalRequest

NUL_ESCAPE = "\\" + "u0000"


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        server.route("*", "/robots.txt", Reply("", status=404))
        yield server


@pytest.mark.parametrize(
    "odd",
    [
        NUL_ESCAPE,
        "\\" + NUL_ESCAPE,
        "\\",
        '"',
        "&#0;",
        "&#xD800;",
        "&#x202e;",
        "\\ud800",
        "\u2028",
        "&#x1F4A9;",
    ],
    ids=ascii,
)
async def test_words_of_a_page_are_stored_as_they_stand(
    web: WebServer, database_url: str, tmp_path: Path, odd: str
) -> None:
    """A manual may write the escape of a character instead of the character itself."""
    web.page(HOST, "/", f"<title>{odd}</title><h1>{odd}</h1><p>Acme was founded in 1987 {odd}</p>")
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        signal = await leadline.ask(
            SignalRequest(domain=HOST, question="In which year was Acme founded?", answer_type="number")
        )
        assert signal.status == "completed", signal
        assert signal.answer == 1987, signal
        checks = await leadline.verify(signal.id)
        assert checks, "the answer has sources"
        assert [check.fault for check in checks] == [None] * len(checks), "the quotes stand as cited"
        assert (await leadline.trace(signal.id)).steps


@pytest.mark.parametrize(
    ("question", "answer_type"),
    [
        ("How many employees does Acme have?", "number"),
        ("In which year was Acme founded?", "number"),
        ("What does the Team plan cost per month?", "currency"),
        ("What is the uptime of Acme?", "percentage"),
        ("Who is the chief executive of Acme?", "open_text"),
        ("Which customers does Acme have?", "list"),
    ],
)
async def test_runs_of_digits_of_any_length_are_no_figures_and_no_crash(
    web: WebServer, database_url: str, tmp_path: Path, question: str, answer_type: str
) -> None:
    parts = []
    for length in (16, 19, 40, 308, 309, 400, 4300, 4301, 6000):
        run = "9" * length
        parts.append(
            f"<p>Acme has {run} employees. Acme was founded in {run}.</p><p>The Team plan costs ${run}.{run} per"
            f" month, {run}% uptime, {run} million, {run}-{run}.</p><table><tr><td colspan={run}>Team<td>${run}</table>"
        )
        stated = f'{{"@type":"Organization","numberOfEmployees":{run},"foundingDate":{run}e{length}}}'
        parts.append(f'<script type="application/ld+json">{stated}</script>')
    web.page(HOST, "/", f"<title>Acme</title><h1>Acme</h1>{''.join(parts)}")
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        signal = await leadline.ask(SignalRequest(domain=HOST, question=question, answer_type=answer_type))
    assert (signal.status, signal.answer) == ("completed", None), signal


@pytest.mark.parametrize(
    "reasoning",
    [r"half \ud83d a pair", r"a nul \u0000 in it", r"the escape \\u0000 of one", r"\u001b[31mred"],
)
async def test_reply_of_a_model_is_stored_once_whatever_is_in_it(
    web: WebServer, database_url: str, tmp_path: Path, reasoning: str
) -> None:
    web.page(HOST, "/", "<h1>Acme</h1><p>Acme was founded in 1987.</p>")

    def reply(asked: Asked) -> Text:
        lines = [line for line in asked.prompt.splitlines() if "founded in 1987" in line]
        number = lines[0].partition("]")[0].strip("[ ")
        return Text(
            f'{{"citations": [{number}], "value": 1987, "conflicts": [], "basis": "stated",'
            f' "answered": true, "reasoning": "{reasoning}"}}'
        )

    async with ModelServer(reply) as models:
        settings = settings_for(
            web,
            database_url,
            tmp_path,
            model="openai:test",
            model_base_url=models.openai,
            model_api_key="none",
        )
        async with open_leadline(settings) as leadline:
            signal = await leadline.ask(
                SignalRequest(domain=HOST, question="In which year was Acme founded?", answer_type="number")
            )
        assert (signal.status, signal.answer) == ("completed", 1987), signal
        assert len(models.asked) == 1


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"half \ud800": {"type": "string"}}},
        {"type": "object", "properties": {"name": {"type": "string", "description": "\udfff"}}},
    ],
    ids=["in a name", "in a description"],
)
async def test_schema_with_half_a_character_is_refused_by_name(
    web: WebServer, database_url: str, tmp_path: Path, schema: dict[str, object]
) -> None:
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        with pytest.raises(InvalidInput) as caught:
            await leadline.ask(
                SignalRequest(
                    domain=HOST, question="Who leads it?", answer_type="json_schema", output_schema=schema
                )
            )
    assert [wrong.field for wrong in caught.value.fields] == ["outputSchema"]
    assert web.count() == 0
