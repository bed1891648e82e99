"""Sites made to keep a reader busy, asked end to end: their questions end, and nobody else's wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cli.command import HOST, small_site
from tests.faults.test_site_outcomes import settings_for
from tests.research.documents.hostile import MARKUP, SHAPES, filled, page
from tests.web import Reply, WebServer

from leadline.bootstrap import Leadline, open_leadline
from leadline.connectors.sandbox import children
from leadline.signals.schemas import Signal, SignalRequest

TOO_LONG = page(filled("<table><tr><td>", 9_900_000))
PAGES = [
    *(
        "400,000 attributes",
        "attributes with signs",
        "terms",
        "captions",
        "nobr and paragraphs",
        "wide tables",
    ),
    *(
        "sentence '.'",
        "sentence '1'",
        "sentence 'A'",
        "sentence 'a@'",
        "sentence 'word'",
        "words 'founded in 1987 '",
    ),
]


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        server.route("*", "/robots.txt", Reply("", status=404))
        yield server


async def ask(leadline: Leadline, domain: str = HOST, text: str = "", answer_type: str = "number") -> Signal:
    question = text or "In which year was Acme founded?"
    return await leadline.ask(SignalRequest(domain=domain, question=question, answer_type=answer_type))


async def test_a_site_of_hostile_pages_is_read_and_its_good_page_found(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    links = "".join(f"<a href=/{number}>About Acme {number}</a> " for number in range(len(PAGES)))
    web.page(HOST, "/", f"<title>Acme</title><p>Acme was founded in 1999 in Kiel.</p>{links}")
    for number, name in enumerate(PAGES):
        markup = SHAPES[name].replace("founded in 1987", "bought in 1987").replace("founded", "bought")
        web.page(HOST, f"/{number}", markup)
    async with open_leadline(settings_for(web, database_url, tmp_path, fetch_timeout=20.0)) as leadline:
        signal = await ask(leadline)
    assert (signal.status, signal.answer) == ("completed", 1999), signal


async def test_a_page_that_takes_too_long_is_named_and_the_question_goes_on(
    web: WebServer, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The largest page of the slowest kind takes as long as is allowed, on some machines a little less.
    monkeypatch.setattr(children, "READ_SECONDS", 2)
    web.page(HOST, "/", "<title>Acme</title><p>Acme was founded in 1999.</p><a href=/pricing>Pricing</a>")
    web.page(HOST, "/pricing", TOO_LONG)
    async with open_leadline(settings_for(web, database_url, tmp_path, fetch_timeout=20.0)) as leadline:
        signal = await ask(leadline)
        assert (signal.status, signal.answer, signal.error_code) == ("completed", 1999, "PAGE_TOO_COMPLEX")
        assert signal.metadata["unreadable"] == [{"url": f"https://{HOST}/pricing", "reason": "too_complex"}]
        unanswered = await ask(leadline, text="Who is the chief executive?", answer_type="open_text")
        assert (unanswered.status, unanswered.answer) == ("completed", None)
        assert "not a no" in (unanswered.reasoning or "")


async def test_six_hostile_sites_do_not_keep_another_question_waiting(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    small_site(web)
    half = TOO_LONG[: len(TOO_LONG) // 2]
    hostile = [f"hostile{number}.com" for number in range(6)]
    links = "".join(f"<a href=/{number}>Page {number}</a>" for number in range(20))
    for host in hostile:
        web.page(host, "/", f"<p>Hello</p>{links}")
        for number in range(20):
            web.page(host, f"/{number}", half if number % 2 else MARKUP["rows"])
    settings = settings_for(web, database_url, tmp_path, fetch_timeout=60.0)
    async with open_leadline(settings) as leadline:
        await ask(leadline, text="What does Acme make?", answer_type="open_text")
        asking = [asyncio.create_task(ask(leadline, host)) for host in hostile]
        await web.wait_for(lambda: all(web.count(host) > 6 for host in hostile))
        started, longest = time.monotonic(), 0.0
        for text in ("In which year was Acme founded?", "Where was Acme founded?", "Is Acme in Kiel?"):
            began = time.monotonic()
            signal = await ask(leadline, text=text, answer_type="number" if "year" in text else "open_text")
            longest = max(longest, time.monotonic() - began)
            assert signal.status == "completed", signal
        assert not any(task.done() for task in asking), "they were still at it"
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    assert longest < 40, f"{longest:.1f} of {time.monotonic() - started:.1f} s"
