"""The plain values that a report is made of."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from leadline.research.model import Page, Proof, Value


class Section(StrEnum):
    """A part of the report. The value is its name on the wire."""

    CURRENT_ROLE = "currentRole"
    CAREER = "career"
    TEAM = "team"
    LIKELY_RESPONSIBILITIES = "likelyResponsibilities"
    PUBLIC_STATEMENTS = "publicStatements"
    RECENT_ACTIVITY = "recentActivity"
    CONTACT_POINTS = "contactPoints"


class Basis(StrEnum):
    """What a statement rests on."""

    PAGE = "page"  # words about this person on a page
    ROLE = "jobPost"  # the company's own description of a position with this very title; not about the person
    DIRECTORY = "directory"  # a member of the person's profile in a directory
    POST = "post"  # something the person published there


class Statement(Value, frozen=True, kw_only=True):
    """One thing that is stated. ``quote`` stands literally where ``proof`` says."""

    section: Section
    quote: str
    url: str
    proof: Proof
    title: str = ""
    basis: Basis = Basis.PAGE
    on: date | None = None
    kind: str = ""  # of a contact point: email, phone, profile
    value: str = ""  # of a contact point: the address or number itself


class Rejected(Value, frozen=True, kw_only=True):
    """Words that hold the person's name and were not taken, and why."""

    quote: str
    url: str
    why: str


class Opener(Value, frozen=True, kw_only=True):
    """A first sentence for a call. ``rests_on``: the places of its statements in the report."""

    text: str
    rests_on: tuple[int, ...]


class Findings(Value, frozen=True, kw_only=True):
    """What pages tell of a person."""

    statements: tuple[Statement, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    named_on: int = 0  # pages that hold the person's name


def proof_of(page: Page, start: int, end: int, script: int = -1) -> Proof:
    """Where these words of the page, or of its script, stand."""
    return Proof(
        snapshot_id=page.snapshot_id,
        body_sha256=page.body_sha256,
        text_sha256=page.content.text_sha256,
        walk=page.content.walk,
        start=start,
        end=end,
        kind="text" if script < 0 else "structured",
        script=script,
    )
