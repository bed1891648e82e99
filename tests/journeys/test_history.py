"""An answer depends on the question, the budget and the pages; what was asked before it saves fetches only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.conftest import fresh_database
from tests.web import Redirect, WebServer

from leadline.bootstrap import Leadline, open_leadline
from leadline.foundation.settings import Endpoint, Settings
from leadline.signals.schemas import Signal, SignalRequest

HOST = "acme.example"
TOPICS = ("about", "pricing", "security", "careers", "blog")
EACH = 10  # pages of a topic
FACTS = {
    "/about/3": "<p>Acme was founded in 1987 in Leeds by Wile Coyote.</p>",
    "/pricing/4": "<table><tr><th>Plan</th><th>Price</th></tr><tr><td>Team</td><td>$25 per month</td></tr></table>",
    "/security/2": "<p>Acme is certified to ISO 27001.</p>",
    "/careers/7": "<p>Acme has 140 employees.</p>",
    "/blog/5": "<p>Acme was founded in 1991, says our oldest customer.</p>",
}
QUESTIONS = (
    SignalRequest(domain=HOST, question="What does the Team plan cost per month?", answer_type="currency"),
    SignalRequest(domain=HOST, question="In which year was Acme founded?", answer_type="number"),
    SignalRequest(domain=HOST, question="Is Acme certified to ISO 27001?", answer_type="boolean"),
    SignalRequest(domain=HOST, question="How many employees does Acme have?", answer_type="number"),
    SignalRequest(domain=HOST, question="Who wrote the blog about careers?"),
)


def large_site(web: WebServer) -> None:
    """More pages than a question may read, found by links only, with redirects, gaps and two addresses of one page."""
    topics = "".join(f"<a href='/{topic}'>{topic}</a>" for topic in TOPICS)
    web.page(
        HOST, "/", f"<title>Acme</title><nav>{topics}<a href='/company'>company</a></nav><p>Welcome.</p>"
    )
    web.route(HOST, "/company", Redirect("/about"))
    for topic in TOPICS:
        links = "".join(f"<a href='/{topic}/{n}'>{topic} part {n}</a>" for n in range(EACH + 2))
        web.page(HOST, f"/{topic}", f"<title>{topic}</title><p>All about {topic}.</p>{links}")
        for n in range(EACH):
            path = f"/{topic}/{n}"
            fact = FACTS.get(path, "")
            web.page(HOST, path, f"<title>{topic} {n}</title><p>Acme and its {topic}, part {n}.</p>{fact}")
        web.route(HOST, f"/{topic}/{EACH}", Redirect(f"/{topic}/0"))


@asynccontextmanager
async def opened(web: WebServer, database_url: str, folder: Path) -> AsyncIterator[Leadline]:
    host, _, port = web.address.rpartition(":")
    settings = Settings(
        data_dir=folder,
        database_url=database_url,
        env="development",
        connect_to={HOST: Endpoint(host, int(port))},
    )
    async with open_leadline(settings) as leadline:
        yield leadline


async def seen(leadline: Leadline, signal: Signal) -> dict[str, Any]:
    """What was read, given to the reader and answered, without what names this run."""
    steps = {step.step: step.value for step in (await leadline.trace(signal.id)).steps}
    facts = {name: signal.metadata[name] for name in ("pagesRead", "unreadable") if name in signal.metadata}
    sources = [(source.url, source.snippet) for source in signal.sources]
    answer = (signal.status, signal.answer, signal.confidence, signal.reasoning, signal.error_code)
    return {"passages": steps["rank"]["passages"], "sources": sources, "answer": answer, "facts": facts}


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        large_site(server)
        yield server


@pytest.mark.parametrize(("number", "limit"), [(0, 20), (1, 15), (4, 12)])
async def test_an_answer_is_the_same_whatever_was_asked_before(
    web: WebServer, postgres_url: str, tmp_path: Path, number: int, limit: int
) -> None:
    question = replace(QUESTIONS[number], max_pages=limit)
    async with fresh_database(postgres_url) as url, opened(web, url, tmp_path) as leadline:
        signal = await leadline.ask(question)
        alone = await seen(leadline, signal)
    assert 1 < signal.metadata["pagesRead"] <= limit
    async with fresh_database(postgres_url) as url, opened(web, url, tmp_path) as leadline:
        for other in (n for n in range(len(QUESTIONS)) if n != number):
            await leadline.ask(replace(QUESTIONS[other], max_pages=5))
        signal = await leadline.ask(question)
        assert await seen(leadline, signal) == alone
    assert 0 < signal.metadata["pagesFetched"] < signal.metadata["pagesRead"], "some pages were known before"


async def test_an_answer_is_the_same_whatever_is_asked_beside_it(
    web: WebServer, postgres_url: str, tmp_path: Path
) -> None:
    asked = [replace(question, max_pages=15) for question in QUESTIONS]
    runs = []
    for order in (asked, asked[::-1]):
        async with fresh_database(postgres_url) as url, opened(web, url, tmp_path) as leadline:
            signals = await asyncio.gather(*map(leadline.ask, order))
            runs.append([await seen(leadline, signal) for signal in signals])
    assert runs[0] == runs[1][::-1]


async def test_a_further_question_whose_plan_is_stored_fetches_nothing(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    founded = replace(QUESTIONS[1], max_pages=15)
    async with opened(web, database_url, tmp_path) as leadline:
        first = await leadline.ask(founded)
        requests = web.count()
        again = await leadline.ask(replace(founded, verification_mode="lenient"))
    assert again.id != first.id
    assert (web.count(), again.metadata["pagesFetched"]) == (requests, 0)
    assert again.metadata["pagesRead"] == first.metadata["pagesRead"] <= 15
    assert requests <= 15 + 2 + 3, "its pages, robots.txt and the sitemap, and redirects"
