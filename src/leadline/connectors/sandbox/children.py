"""Steps on foreign pages in child processes, each with a limit of the processor's time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from leadline.connectors.sandbox import messages
from leadline.foundation.child_processes.pool import ChildPool, JobFailed, JobOverran, Kept
from leadline.foundation.log import get_logger
from leadline.research.documents.canonical import WALK
from leadline.research.documents.hosts import host_of, registrable
from leadline.research.errors import FetchError, Reason, StepFailed, StepOverran
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
    Subject,
    Verification,
)
from leadline.research.profile.model import Finding
from leadline.research.readers import extractive
from leadline.research.reports.model import Findings

log = get_logger(__name__)

STEPS = "leadline.connectors.sandbox.steps"  # loaded in children only: it is heavy
PREPARE = f"{STEPS}:prepare"

# Seconds of the processor's time; several times what the largest ordinary pages take.
READ_SECONDS = 6.0
CHOOSE_SECONDS = 5.0
RANK_SECONDS = 10.0
EXTRACT_SECONDS = 10.0
VERIFY_SECONDS = 5.0
PROFILE_SECONDS = 10.0
REPORT_SECONDS = 15.0
MOST_OF_PAGE = 16_000_000  # bytes of one page's text and blocks, encoded


class ChildSandbox:
    """Implements ``research.ports.Sandbox``. A site's steps are a lane of the pool: it delays itself at worst."""

    def __init__(self, pool: ChildPool) -> None:
        self._pool = pool

    async def read_page(self, body: bytes, content_type: str, url: str, *, walk: str = WALK) -> PageText:
        asked = messages.encode(messages.PageBytes(body, content_type, url, walk))
        found = messages.decode_read(await self._on_page("read", asked, url))
        if found.content is None:
            raise FetchError(url, found.reason or Reason.EMPTY, found.detail)
        return found.content

    async def show_page(
        self, body: bytes, content_type: str, url: str, *, walk: str, marked: Marked | None
    ) -> Shown:
        page = messages.PageBytes(body, content_type, url, walk)
        asked = messages.encode(messages.Showing(page, marked))
        found = messages.decode_shown(await self._on_page("show", asked, url))
        if found.shown is None:
            raise FetchError(url, found.reason or Reason.EMPTY, found.detail)
        return found.shown

    async def _on_page(self, step: str, asked: bytes, url: str) -> bytes:
        """What a step on one page's bytes replies. Raises FetchError."""
        try:
            reply = await self._pool.run(
                f"{STEPS}:{step}", asked, seconds=READ_SECONDS, lane=_lane(host_of(url))
            )
        except JobOverran as error:
            raise FetchError(url, Reason.TOO_COMPLEX, str(error)) from error
        except JobFailed as error:
            log.error("reading a page failed", url=url, error=str(error))  # noqa: TRY400 - the trace is the child's
            raise FetchError(url, Reason.READER_FAILED, str(error)) from error
        if len(reply) > MOST_OF_PAGE:
            raise FetchError(url, Reason.TOO_COMPLEX, f"more than {MOST_OF_PAGE} bytes of text and structure")
        return reply

    async def choose_pages(
        self, question: Question, survey: SiteSurvey, known: Sequence[Page], limit: int
    ) -> Sequence[str]:
        asked = messages.encode(messages.Choosing(question, limit))
        kept = [_survey(survey), *map(_page, known)]
        return messages.decode_chosen(
            await self._step("choose", asked, CHOOSE_SECONDS, question.company, kept)
        )

    async def rank(self, question: Question, evidence: Evidence, limit: int) -> Sequence[Passage]:
        asked = messages.encode(messages.Ranking(question, limit))
        return messages.decode_ranked(
            await self._step("order", asked, RANK_SECONDS, question.company, _pages(evidence))
        )

    async def extract(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        """What the rules read off the passages. Raises StepError."""
        asked = messages.encode(messages.Extracting(question, tuple(passages)))
        return messages.decode_draft(
            await self._step("extract", asked, EXTRACT_SECONDS, question.company, _pages(evidence))
        )

    async def verify(
        self, question: Question, draft: Draft, passages: Sequence[Passage], evidence: Evidence
    ) -> Verification:
        asked = messages.encode(messages.Verifying(question, draft, tuple(passages)))
        return messages.decode_verification(
            await self._step("check", asked, VERIFY_SECONDS, question.company, _pages(evidence))
        )

    async def profile(self, company: Company, pages: Sequence[Page]) -> Sequence[Finding]:
        """What the pages tell of the company's profile. Raises StepError."""
        asked = messages.encode(messages.Profiling(company))
        kept = [_page(page) for page in pages]
        return messages.decode_findings(await self._step("profile", asked, PROFILE_SECONDS, company, kept))

    async def report(
        self, subject: Subject, pages: Sequence[Page], titles: Sequence[str], today: date
    ) -> Findings:
        """What the pages tell of a person. Raises StepError."""
        asked = messages.encode(messages.Reporting(subject, tuple(titles), today))
        kept = [_page(page) for page in pages]
        reply = await self._step("report", asked, REPORT_SECONDS, subject.company, kept)
        return messages.decode_reported(reply)

    async def _step(
        self, name: str, asked: bytes, seconds: float, company: Company, kept: Sequence[Kept]
    ) -> bytes:
        try:
            return await self._pool.run(
                f"{STEPS}:{name}", asked, seconds=seconds, lane=_lane(company.host), kept=kept
            )
        except JobOverran as error:
            raise StepOverran(str(error)) from error
        except JobFailed as error:
            raise StepFailed(str(error)) from error


class SandboxedReader:
    """The extractive reader, its rules run in a child. Implements ``research.ports.Reader``."""

    name = extractive.NAME
    passage_limit = extractive.PASSAGE_LIMIT

    def __init__(self, sandbox: ChildSandbox) -> None:
        self._sandbox = sandbox

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        return await self._sandbox.extract(question, passages, evidence)


def _lane(host: str) -> str:
    return registrable(host) or host


def _pages(evidence: Evidence) -> list[Kept]:
    return [_page(page) for page in evidence.pages]


def _page(page: Page) -> Kept:
    key = f"{page.snapshot_id} {page.content.text_sha256} {page.provenance.value}"
    return Kept(key, f"{STEPS}:page", lambda: messages.encode(page))


def _survey(survey: SiteSurvey) -> Kept:
    encoded = messages.encode(survey)
    return Kept(hashlib.sha256(encoded).hexdigest(), f"{STEPS}:survey", lambda: encoded)
