"""Steps in children give what they give here, and what goes too far ends there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.research.documents.hostile import filled, page
from tests.research.documents.pages import evidence

from leadline.connectors.sandbox import children
from leadline.connectors.sandbox.children import PREPARE, ChildSandbox, SandboxedReader
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.foundation.child_processes.pool import ChildPool
from leadline.research.documents.hosts import parse_company
from leadline.research.errors import FetchError, Reason, StepFailed
from leadline.research.model import Question, SiteSurvey, Subject
from leadline.research.readers.extractive.reader import ExtractiveReader

SITE = evidence(
    home="<title>Acme</title><nav><a href=/about>About</a> <a href=/pricing>Pricing</a></nav><p>We make anvils.</p>",
    about="<title>About</title><p>Acme was founded in 1987. Büros in Köln und 東京.</p>",
    pricing="<title>Prices</title><table><tr><th>Plan<th>Price<tr><td>Team<td>$25</table>"
    '<script type="application/ld+json">{"@type":"Organization","name":"Acme","foundingDate":"1987"}</script>',
)
SURVEY = SiteSurvey(entry_url="https://acme.com/", sitemap_urls=("https://acme.com/careers",))


def asked(text: str, answer_type: str) -> Question:
    return Question(
        subject=Subject(company=parse_company("acme.com")),
        text=text,
        answer_type=answer_type,
        output_schema={"type": "object", "properties": {"year": {"type": ["integer", "null"]}}},
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[ChildSandbox]:
    async with ChildPool(size=2, prepare=[PREPARE]) as pool:
        yield ChildSandbox(pool)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("text", "answer_type"),
    [
        ("In which year was Acme founded?", "number"),
        ("What does the Team plan cost?", "currency"),
        ("What does Acme make?", "open_text"),
        ("Does Acme have an office in Köln?", "boolean"),
        ("Which plans are there?", "list"),
        ("When was it founded?", "json_schema"),
    ],
)
async def test_each_step_gives_what_it_gives_in_this_process(
    sandbox: ChildSandbox, text: str, answer_type: str
) -> None:
    here, question = InlineSandbox(), asked(text, answer_type)
    chosen = await sandbox.choose_pages(question, SURVEY, SITE.pages, 10)
    assert list(chosen) == list(await here.choose_pages(question, SURVEY, SITE.pages, 10))
    ranked = await sandbox.rank(question, SITE, 40)
    assert list(ranked) == list(await here.rank(question, SITE, 40))
    draft = await SandboxedReader(sandbox).read(question, ranked, SITE)
    assert draft == ExtractiveReader().answer(question, ranked, SITE)
    found = await sandbox.verify(question, draft, ranked, SITE)
    assert found == await here.verify(question, draft, ranked, SITE)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<p>Grüße aus Köln</p>".encode("cp1252"), "text/html; charset=windows-1252"),
        (b"plain words", "text/plain"),
        (b"", "text/html"),
        (b"\x89PNG\r\n", "text/html"),
        (b"%PDF-1.4 broken", "application/pdf"),
        (b"<div id=root></div><script src=a.js></script>", "text/html"),
    ],
)
async def test_page_is_read_or_refused_as_in_this_process(
    sandbox: ChildSandbox, body: bytes, content_type: str
) -> None:
    async def outcome(of: ChildSandbox | InlineSandbox) -> object:
        try:
            return await of.read_page(body, content_type, "https://acme.com/")
        except FetchError as error:
            return error.url, error.reason, error.detail

    assert await outcome(sandbox) == await outcome(InlineSandbox())


@pytest.mark.asyncio(loop_scope="module")
async def test_page_that_takes_too_long_is_refused_by_name(
    sandbox: ChildSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The largest page of the slowest kind takes as long as is allowed, on some machines a little less.
    monkeypatch.setattr(children, "READ_SECONDS", 2)
    tables = page(filled("<table><tr><td>", 9_900_000))
    with pytest.raises(FetchError) as caught:
        await sandbox.read_page(tables.encode(), "text/html", "https://tables.com/")
    assert caught.value.reason is Reason.TOO_COMPLEX
    assert "processor" in caught.value.detail


@pytest.mark.asyncio(loop_scope="module")
async def test_step_that_raises_is_told_by_name(sandbox: ChildSandbox) -> None:
    question = asked("What does Acme make?", "no such type")
    with pytest.raises(StepFailed, match="no such type"):
        await SandboxedReader(sandbox).read(question, (), SITE)
