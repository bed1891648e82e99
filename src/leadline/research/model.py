"""The plain values that pass between the steps of the engine.

All are immutable and encode to JSON by msgspec, because every one of them is stored in the trace.
Offsets are characters (Unicode code points) into a page's canonical text, end exclusive.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from leadline.research.errors import Reason


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all plain values."""


# ------------------------------------------------------------------ the question


class VerificationMode(StrEnum):
    """How much an answer must rest on the evidence (contract section 9)."""

    STRICT = "strict"  # only what the cited words say
    LENIENT = "lenient"  # deduction allowed, and said so


class Company(Value, frozen=True, kw_only=True):
    """The company asked about. ``host`` is its identity: lower case, punycode, without ``www.``."""

    host: str
    asked_host: str  # as the user typed it (lower case, punycode), read first
    name: str | None = None


class Person(Value, frozen=True, kw_only=True):
    """A person at the company. ``profile_url`` is their identity where it is known; ``name`` as they write it."""

    name: str
    profile_url: str | None = None
    title: str | None = None


class Subject(Value, frozen=True, kw_only=True):
    """What a question is about: a company, or a person at it."""

    company: Company
    person: Person | None = None


SURVEY_REQUESTS = 30  # robots.txt, entry and sitemaps, in the spellings of a host


class Budget(Value, frozen=True, kw_only=True):
    """Limits of one question. Units: pages, seconds, calls, tokens of prompts and replies, US dollars (None: no
    limit)."""

    max_pages: int = 40
    max_seconds: float = 300.0
    max_model_calls: int = 4
    max_tokens: int = 40_000
    max_price: Decimal | None = None

    @property
    def max_requests(self) -> int:
        """What may be sent to sites in all, with robots.txt, sitemaps, redirects and retries."""
        return 3 * (self.max_pages + SURVEY_REQUESTS)


class Question(Value, frozen=True, kw_only=True):
    """What is asked. ``output_schema`` is a JSON Schema and present for ``json_schema`` only."""

    subject: Subject
    text: str
    answer_type: str = "open_text"
    output_schema: dict[str, Any] | None = None
    mode: VerificationMode = VerificationMode.STRICT
    budget: Budget = msgspec.field(default_factory=Budget)
    force_refresh: bool = False
    asked_at: datetime | None = None  # "today" for questions about the present

    @property
    def company(self) -> Company:
        return self.subject.company

    @property
    def sought(self) -> str:
        """The words by which pages and passages are looked for: the question's, and the name of the person it is about."""
        person = self.subject.person
        return self.text if person is None else f"{self.text} {person.name}"


# ------------------------------------------------------------------ pages


class BlockKind(StrEnum):
    TITLE = "title"  # <title> and meta description: context for ranking, never cited (not visible text)
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    DEFINITION = "definition"  # one <dt> with its <dd>s
    QUOTE = "quote"
    CODE = "code"
    STRUCTURED = "structured"  # one JSON-LD script, quoted as it stands


class Region(StrEnum):
    """Where on the page a block stands. Regions are weighted, never dropped."""

    MAIN = "main"
    HEADER = "header"
    NAVIGATION = "navigation"
    ASIDE = "aside"
    FOOTER = "footer"
    HIDDEN = "hidden"


class Cell(Value, frozen=True, kw_only=True):
    """One cell of a table row; ``header`` is the text of its column's header cell, if any."""

    start: int
    end: int
    header: str = ""
    is_header: bool = False


class Block(Value, frozen=True, kw_only=True):
    """One unit of canonical text. ``text[start:end]`` of the page are its words."""

    kind: BlockKind
    start: int
    end: int
    region: Region = Region.MAIN
    headings: tuple[str, ...] = ()  # heading path above the block, outermost first
    level: int = 0  # heading level 1..6, or depth of a list item (1 = top)
    group: int = 0  # number of the list, table or definition list the block belongs to; 0 = none
    intro: int = -1  # index of the block that introduces the group (the words before the list or table)
    caption: str = ""  # table caption
    cells: tuple[Cell, ...] = ()  # of a table row; for a definition: the term, then its definitions


class Link(Value, frozen=True, kw_only=True):
    url: str  # absolute, without fragment
    text: str
    region: Region = Region.MAIN
    start: int = -1  # offset of the anchor's text in canonical text; -1 when it has none
    end: int = -1


class PageText(Value, frozen=True, kw_only=True):
    """What the DOM walk makes of a page's bytes."""

    walk: str  # version of the walk, such as "walk-1"
    title: str
    description: str
    language: str  # ISO 639-1
    text: str
    text_sha256: str
    blocks: tuple[Block, ...]
    links: tuple[Link, ...] = ()
    published_on: date | None = None
    structured: tuple[str, ...] = ()  # the JSON-LD scripts, as they stand
    canonical_url: str = ""
    site_name: str = ""


class Provenance(StrEnum):
    """Whose words a page holds, as far as the subject of the question is concerned."""

    OWN = "own"  # the company's own site
    THIRD_PARTY = "third_party"  # somebody else's: it supports a claim only where it names the subject
    DIRECTORY = "directory"  # a directory's entry on the subject


class Page(Value, frozen=True, kw_only=True):
    """A stored snapshot of one page, with its canonical text."""

    url: str  # the public address, https:// even when read through a development mapping
    snapshot_id: str
    fetched_at: datetime
    body_sha256: str
    content: PageText
    provenance: Provenance = Provenance.OWN

    def words(self, start: int, end: int) -> str:
        return self.content.text[start:end]

    def stands(self, unit: Unit) -> bool:
        """Do the unit's words stand where it says?"""
        text = self.content.text if unit.script < 0 else self.content.structured[unit.script]
        return text[unit.start : unit.end] == unit.text


class Marked(Value, frozen=True, kw_only=True):
    """Words of a page to mark: characters of the canonical text or, with ``script`` from 0, of that JSON-LD script."""

    start: int
    end: int
    script: int = -1


class Shown(Value, frozen=True, kw_only=True):
    """A page to look at. ``markup`` stands in a body. ``as_text``: it is the canonical text, not the page's own structure."""

    markup: str
    as_text: bool = False


class Unreadable(Value, frozen=True, kw_only=True):
    """An address that could not be read.

    ``asked_at`` stands when it was asked for an earlier question and left alone for this one, because the fault was
    met only a moment before; ``failing_since`` is then when such faults began.
    """

    url: str
    reason: Reason
    detail: str = ""
    asked_at: datetime | None = None
    failing_since: datetime | None = None


class SiteSurvey(Value, frozen=True, kw_only=True):
    """What robots.txt, the sitemap and the entry page tell of a site before pages are chosen.

    ``fetched``: pages requested over the network for it just now; 0 of one that was made before.
    """

    entry_url: str
    sitemap_urls: tuple[str, ...] = ()
    notes: tuple[Unreadable, ...] = ()
    fetched: int = 0


class Evidence(Value, frozen=True, kw_only=True):
    """Everything read for a question, and everything that should have been read but could not be."""

    pages: tuple[Page, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    fetched: int = 0  # pages requested over the network for this question
    unplanned: int = 0  # known addresses of the site that the page budget left out

    def plus(self, other: Evidence) -> Evidence:
        """Both; the pages of this one keep their places, because passages name a page by its place."""
        known = {page.snapshot_id for page in self.pages}
        return Evidence(
            pages=(*self.pages, *(page for page in other.pages if page.snapshot_id not in known)),
            unreadable=(*self.unreadable, *(one for one in other.unreadable if one not in self.unreadable)),
            fetched=self.fetched + other.fetched,
            unplanned=self.unplanned + other.unplanned,
        )


# ------------------------------------------------------------------ passages


class Unit(Value, frozen=True, kw_only=True):
    """One citable piece: a sentence, a list item, a table row, a definition, a JSON-LD member.

    ``number`` is how readers cite it. ``page`` is the index into ``Evidence.pages``, ``block`` the index
    into that page's blocks. ``text`` equals the page's words from ``start`` to ``end``.
    """

    number: int
    page: int
    block: int  # -1 for a member of a JSON-LD script
    start: int
    end: int
    text: str
    script: int = -1  # index into ``PageText.structured``; offsets are then into that script


class Passage(Value, frozen=True, kw_only=True):
    """A few neighbouring blocks under one heading, ranked together."""

    page: int
    url: str
    title: str
    headings: tuple[str, ...]
    units: tuple[Unit, ...]
    score: float = 0.0
    kind: BlockKind = BlockKind.PARAGRAPH
    context: str = ""  # words before the list, table caption, column headers: shown, not citable


# ------------------------------------------------------------------ answers


class Derivation(StrEnum):
    """How a claimed value follows from the words it cites."""

    STATED = "stated"
    DERIVED = "derived"  # counted or computed from the cited words
    INFERRED = "inferred"  # deduced; allowed in lenient mode only


class Claim(Value, frozen=True, kw_only=True):
    """One value and the numbers of the units it rests on. ``path`` is a JSON pointer, "" for the whole."""

    path: str
    value: Any
    citations: tuple[int, ...]
    derivation: Derivation = Derivation.STATED


class Usage(Value, frozen=True, kw_only=True):
    """What a question cost: model calls, tokens, US dollars (None = price of this model unknown)."""

    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    price: Decimal | None = Decimal(0)

    def plus(self, other: Usage) -> Usage:
        known = self.price is not None and other.price is not None
        return Usage(
            model_calls=self.model_calls + other.model_calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            price=(self.price or Decimal(0)) + (other.price or Decimal(0)) if known else None,
        )


class Draft(Value, frozen=True, kw_only=True):
    """What a reader proposes. ``value`` None means that the passages do not answer the question."""

    reader: str
    value: Any = None
    claims: tuple[Claim, ...] = ()
    reasoning: str = ""
    rule: str = ""  # which extractive rule, or the model's name
    features: dict[str, float] = {}
    confidence: float | None = None  # 0..1, when the reader has a measured figure for drafts of this kind
    confidence_basis: str = ""  # the labelled set that figure was measured on
    usage: Usage = Usage()
    conflicts: tuple[Claim, ...] = ()  # other values that the passages give for the same thing


class Verdict(StrEnum):
    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_CHECKED = "not_checked"


class CheckedClaim(Value, frozen=True, kw_only=True):
    """``open``: the rules judged words by their form, so a second look at the cited lines may overrule them."""

    claim: Claim
    verdict: Verdict
    why: str = ""
    open: bool = False


class Verification(Value, frozen=True, kw_only=True):
    claims: tuple[CheckedClaim, ...] = ()
    conflicts: tuple[CheckedClaim, ...] = ()

    @property
    def supported(self) -> bool:
        return bool(self.claims) and all(c.verdict is Verdict.SUPPORTED for c in self.claims)

    @property
    def open(self) -> bool:
        """Whether a second look at the cited lines could make it supported."""
        unsupported = [c for c in self.claims if c.verdict is not Verdict.SUPPORTED]
        return bool(unsupported) and all(c.open for c in unsupported)


class Confirmed(Value, frozen=True, kw_only=True):
    """A verification after the second look, and what that cost."""

    verification: Verification
    usage: Usage = Usage()


class Proof(Value, frozen=True, kw_only=True):
    """Enough to re-check a quote offline: the snapshot, both hashes, the walk, the offsets."""

    snapshot_id: str
    body_sha256: str
    text_sha256: str
    walk: str
    start: int
    end: int
    kind: str = "text"  # or "structured": offsets are then into the JSON-LD script at index ``script``
    script: int = -1


class Source(Value, frozen=True, kw_only=True):
    url: str
    title: str
    snippet: str
    proof: Proof
    provenance: Provenance | None = None  # None: not recorded, as in answers from before it was


class Nearest(Value, frozen=True, kw_only=True):
    """Words of a page near a question that was not answered. ``snippet`` stands literally in the page."""

    url: str
    title: str
    snippet: str


UNCALIBRATED = "uncalibrated: no labelled set has been measured for this reader"
"""The basis of a confidence that rests on no measurement."""


class Outcome(Value, frozen=True, kw_only=True):
    """The settled result of a question. ``failed`` means that nothing could be read at all."""

    failed: bool = False
    answer: Any = None
    confidence: float | None = None
    confidence_basis: str = ""  # what the figure was measured on, or that it was not
    reasoning: str = ""
    sources: tuple[Source, ...] = ()
    nearest: tuple[Nearest, ...] = ()  # beside a null: where one would look on
    error: str | None = None
    error_code: str | None = None  # a failure's code, or a warning's when an answer stands beside it
    error_action: str | None = None
    charged: bool = True
    usage: Usage = Usage()
    pages_read: int = 0
    pages_fetched: int = 0
    unreadable: tuple[Unreadable, ...] = ()
    inference: bool = False
    company_name: str | None = None
