"""Sandboxes for tests, named for how they behave."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.research.documents.showing import show_page
from leadline.research.documents.walk import WALK, read_page
from leadline.research.errors import StepError
from leadline.research.model import (
    Company,
    Draft,
    Evidence,
    Marked,
    Page,
    PageText,
    Passage,
    Question,
    Shown,
    SiteSurvey,
    Verification,
)
from leadline.research.profile.building import findings
from leadline.research.profile.model import Finding
from leadline.research.steps.choose import choose_pages
from leadline.research.steps.rank import rank
from leadline.research.steps.verify import verify


class InlineSandbox:
    """Does everything at once, here, without any bounds. Implements ``research.ports.Sandbox``."""

    async def read_page(self, body: bytes, content_type: str, url: str, *, walk: str = WALK) -> PageText:
        return read_page(body, content_type, url, walk)

    async def show_page(
        self, body: bytes, content_type: str, url: str, *, walk: str, marked: Marked | None
    ) -> Shown:
        return show_page(body, content_type, url, walk, marked)

    async def choose_pages(
        self, question: Question, survey: SiteSurvey, known: Sequence[Page], limit: int
    ) -> Sequence[str]:
        return choose_pages(question, survey, known, limit)

    async def rank(self, question: Question, evidence: Evidence, limit: int) -> Sequence[Passage]:
        return rank(question, evidence, limit)

    async def verify(
        self, question: Question, draft: Draft, passages: Sequence[Passage], evidence: Evidence
    ) -> Verification:
        return verify(question, draft, passages, evidence)

    async def profile(self, company: Company, pages: Sequence[Page]) -> Sequence[Finding]:
        return findings(company, pages)


class ChokingSandbox(InlineSandbox):
    """Raises ``error`` wherever it meets a page with ``word`` in its text, in the steps that are named."""

    def __init__(self, word: str, error: StepError, *, steps: Sequence[str] = ("rank",)) -> None:
        self._word = word
        self._error = error
        self._steps = steps

    def _meet(self, step: str, pages: Sequence[Page]) -> None:
        if step in self._steps and any(self._word in page.content.text for page in pages):
            raise self._error

    async def choose_pages(
        self, question: Question, survey: SiteSurvey, known: Sequence[Page], limit: int
    ) -> Sequence[str]:
        self._meet("choose", known)
        return await super().choose_pages(question, survey, known, limit)

    async def rank(self, question: Question, evidence: Evidence, limit: int) -> Sequence[Passage]:
        self._meet("rank", evidence.pages)
        return await super().rank(question, evidence, limit)

    async def verify(
        self, question: Question, draft: Draft, passages: Sequence[Passage], evidence: Evidence
    ) -> Verification:
        self._meet("verify", evidence.pages)
        return await super().verify(question, draft, passages, evidence)
