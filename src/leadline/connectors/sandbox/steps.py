"""What a child process does: the steps of research, from bytes to bytes.

A page is decoded once in a child and kept there for the further steps and questions about its company.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadline.connectors.sandbox import messages
from leadline.research.documents.hosts import registrable
from leadline.research.documents.language import page_language
from leadline.research.documents.showing import show_page
from leadline.research.documents.walk import read_page
from leadline.research.errors import FetchError
from leadline.research.model import Evidence, Page, SiteSurvey
from leadline.research.profile.building import findings
from leadline.research.profile.mapper import guess
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.reports import pages as reports
from leadline.research.steps.choose import choose_pages
from leadline.research.steps.rank import rank
from leadline.research.steps.verify import verify


def prepare() -> None:
    """Load what every child needs, before the first is forked."""
    registrable("acme.com")
    guess("headquarters")
    page_language("", "these are a few words of plain English text to tell a language by")


def page(value: bytes) -> Page:
    """A page to keep."""
    return messages.decode_page(value)


def survey(value: bytes) -> SiteSurvey:
    """A survey to keep."""
    return messages.decode_survey(value)


def read(argument: bytes, _kept: Sequence[Any]) -> bytes:
    asked = messages.decode_bytes(argument)
    try:
        content = read_page(asked.body, asked.content_type, asked.url, asked.walk)
    except FetchError as error:
        return messages.encode(messages.ReadPage(reason=error.reason, detail=error.detail))
    return messages.encode(messages.ReadPage(content=content))


def show(argument: bytes, _kept: Sequence[Any]) -> bytes:
    asked = messages.decode_showing(argument)
    page = asked.page
    try:
        shown = show_page(page.body, page.content_type, page.url, page.walk, asked.marked)
    except FetchError as error:
        return messages.encode(messages.ShownPage(reason=error.reason, detail=error.detail))
    return messages.encode(messages.ShownPage(shown=shown))


def choose(argument: bytes, kept: Sequence[Any]) -> bytes:
    asked = messages.decode_choosing(argument)
    return messages.encode(choose_pages(asked.question, kept[0], kept[1:], asked.limit))


def order(argument: bytes, kept: Sequence[Any]) -> bytes:
    asked = messages.decode_ranking(argument)
    return messages.encode(rank(asked.question, Evidence(pages=tuple(kept)), asked.limit))


def extract(argument: bytes, kept: Sequence[Any]) -> bytes:
    asked = messages.decode_extracting(argument)
    return messages.encode(
        ExtractiveReader().answer(asked.question, asked.passages, Evidence(pages=tuple(kept)))
    )


def check(argument: bytes, kept: Sequence[Any]) -> bytes:
    asked = messages.decode_verifying(argument)
    return messages.encode(verify(asked.question, asked.draft, asked.passages, Evidence(pages=tuple(kept))))


def profile(argument: bytes, kept: Sequence[Any]) -> bytes:
    asked = messages.decode_profiling(argument)
    return messages.encode(findings(asked.company, kept))


def report(argument: bytes, kept: Sequence[Any]) -> bytes:
    asked = messages.decode_reporting(argument)
    return messages.encode(reports.findings(asked.subject, kept, asked.titles, asked.today))
