"""What the engine needs from the world. Each protocol lists only what the engine calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import msgspec

from leadline.research.errors import Reason
from leadline.research.model import (
    Company,
    Confirmed,
    Draft,
    Evidence,
    Marked,
    Page,
    PageText,
    Passage,
    Question,
    Shown,
    SiteSurvey,
    Unreadable,
    Value,
    Verification,
)

T = TypeVar("T")


class Validators(Value, frozen=True, kw_only=True):
    """For a conditional request (RFC 9110, 13): what the last answer called its version."""

    etag: str | None = None
    last_modified: str | None = None


class Download(Value, frozen=True, kw_only=True):
    """One page as it came. ``body`` None means "not modified" (304). ``url`` is where it finally stood."""

    url: str
    body: bytes | None
    content_type: str = ""  # the header as sent, with its charset
    validators: Validators = Validators()


class FetchedPage(NamedTuple):
    """A page or why it cannot be read, and whether the network was asked for it now."""

    page: Page | Unreadable
    fetched: bool


ReadEntry = Callable[[str], Awaitable[str | Unreadable]]
"""Reads the page at an address: where it finally stands, or why it cannot be read."""


class PageFetcher(Protocol):
    """Reads single pages of the public web, within robots.txt and the host's patience.

    Raises FetchError; never returns a page that could not be read. ``max_age``: what is remembered of a host's
    faults for longer than this many seconds is not believed, and the host asked anew (None: as long as it is kept).
    """

    async def survey(self, company: Company, read: ReadEntry, *, max_age: float | None = None) -> SiteSurvey:
        """``read``: how the pages are read at which the site may begin."""
        ...

    async def fetch(
        self,
        url: str,
        company: Company | None,
        *,
        validators: Validators | None = None,
        max_age: float | None = None,
    ) -> Download:
        """``company``: whose site a redirect may also lead to; None for a page of somebody else."""
        ...


class RobotsSaid(Value, frozen=True, kw_only=True):
    """What a host's robots.txt says to us, as its parser takes it, or why it could not be had."""

    said: str = ""
    failure: tuple[Reason, str] | None = None


class SharedRobots(Protocol):
    """Where the processes of one installation keep what hosts say in robots.txt, so that each is asked once."""

    async def of(
        self, origin: str, read: Callable[[], Awaitable[RobotsSaid]], *, believed: float, kept: float
    ) -> tuple[RobotsSaid, float]:
        """What an origin says, and how many seconds ago it was read; ``read`` is called in one process at a time.

        It is called when what is kept was read more than ``kept`` seconds ago, or is a failure that was met more than
        ``believed`` seconds ago.
        """
        ...


class Library(Protocol):
    """The stored pages of the web; each is fetched at most once inside its freshness time, whoever asks.

    ``not_before``: what was stored earlier than this does not count as fresh (a forced refresh passes the
    moment the question was asked, so that a resumed question does not fetch again).
    """

    async def survey(self, company: Company, *, not_before: datetime | None = None) -> SiteSurvey:
        """Raises FetchError when the site cannot be read at all."""
        ...

    async def page(
        self, url: str, company: Company | None, *, not_before: datetime | None = None
    ) -> FetchedPage: ...

    async def stored(
        self, urls: Sequence[str], *, not_before: datetime | None = None
    ) -> Mapping[str, Page | Unreadable]:
        """What is stored and fresh of these addresses; those that would have to be fetched are left out."""
        ...

    async def load(self, snapshot_ids: Sequence[str]) -> Sequence[Page]:
        """The very snapshots, in the order asked for."""
        ...


class Shelf(Protocol):
    """Where what was told by somebody else than the network is kept as a page, so that quotes can be checked later."""

    async def keep(self, url: str, body: bytes, content_type: str) -> Page:
        """A snapshot of these bytes. It is nobody's but the caller's: no question finds it by its address."""
        ...


class Source(Protocol):
    """Where evidence about a subject comes from: its own site, a search service, a directory.

    One file of ``research/sources`` each; the wiring hands them to the engine in the order in which they are asked.
    """

    name: str
    needs: int  # pages that the sources before it leave to it, as far as they can

    def suits(self, question: Question) -> bool:
        """Whether it can say anything to this question."""
        ...

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        """At most ``pages`` pages, each with its provenance, and everything that could not be looked at.

        ``deadline`` is a moment of ``time.monotonic()``. What is gathered depends on the question, the number of
        pages and what stands on them, and never on what was asked or stored before.
        """
        ...


class Sandbox(Protocol):
    """Does the steps that compute on the words of foreign pages, within bounds of time and memory.

    What a page is made to do to its reader ends there: the step raises, and everything else goes on.
    """

    async def read_page(self, body: bytes, content_type: str, url: str, *, walk: str = ...) -> PageText:
        """``documents.walk.read_page``, by default with the newest walk. Raises FetchError, with TOO_COMPLEX when the bounds are passed."""
        ...

    async def show_page(
        self, body: bytes, content_type: str, url: str, *, walk: str, marked: Marked | None
    ) -> Shown:
        """``documents.showing.show_page``. Raises FetchError like ``read_page``."""
        ...

    async def choose_pages(
        self, question: Question, survey: SiteSurvey, known: Sequence[Page], limit: int
    ) -> Sequence[str]:
        """``steps.choose.choose_pages``. Raises StepError."""
        ...

    async def rank(self, question: Question, evidence: Evidence, limit: int) -> Sequence[Passage]:
        """``steps.rank.rank``. Raises StepError."""
        ...

    async def verify(
        self, question: Question, draft: Draft, passages: Sequence[Passage], evidence: Evidence
    ) -> Verification:
        """``steps.verify.verify``. Raises StepError."""
        ...


class ModelRequest(Value, frozen=True, kw_only=True):
    """One call. ``output_schema`` is the JSON Schema that the reply must satisfy."""

    instructions: str
    prompt: str
    output_schema: Mapping[str, Any]
    max_tokens: int = 800


class ModelReply(Value, frozen=True, kw_only=True):
    """``output`` is the decoded JSON, or the text as it came when it is none."""

    output: Any
    input_tokens: int
    output_tokens: int
    price: Decimal | None  # US dollars; None when the price of the model is not known
    model: str
    stored: bool = False  # answered from a stored reply: nothing was paid for it now


class LanguageModel(Protocol):
    """One model that answers in JSON. Raises ModelError."""

    name: str
    context_tokens: int
    hidden_tokens: int  # that a reply may take besides ``max_tokens``, for thinking

    def price(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        """US dollars for so many tokens, as far as it is known before a call."""
        ...

    async def complete(self, request: ModelRequest) -> ModelReply: ...


class Reader(Protocol):
    """Answers a question from numbered passages; abstains (``value`` None) rather than guess.

    Raises ModelError, or StepError when its rules pass their bounds.
    """

    name: str
    passage_limit: int  # how many ranked passages it can use

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft: ...


@runtime_checkable
class SecondLook(Protocol):
    """What a reader can do besides: decide the claims that the rules of verification leave open.

    Raises ModelUnavailable.
    """

    async def confirm(
        self, question: Question, verification: Verification, passages: Sequence[Passage]
    ) -> Confirmed: ...


class Trace(Protocol):
    """Where the result of each step is kept, so that a question resumes where it stopped."""

    async def load(self, step: str, of: type[T]) -> T | None: ...

    async def save(self, step: str, value: msgspec.Struct, *, seconds: float) -> None: ...


class Progress(Protocol):
    """Told what happens, as it happens. Must not block."""

    def __call__(self, step: str, detail: str, /, **facts: object) -> None: ...


__all__ = [
    "Download",
    "FetchedPage",
    "LanguageModel",
    "Library",
    "ModelReply",
    "ModelRequest",
    "PageFetcher",
    "Progress",
    "ReadEntry",
    "Reader",
    "RobotsSaid",
    "Sandbox",
    "SecondLook",
    "SharedRobots",
    "Shelf",
    "Source",
    "Trace",
    "Validators",
]
