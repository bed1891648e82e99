"""What the profile is made of."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from leadline.research.model import Value


class Means(StrEnum):
    """How a value was found."""

    STRUCTURED = "structured"  # a member of a JSON-LD script
    LINK = "link"  # where a link leads
    WORDS = "words"  # a sentence, a line, a row
    ADDRESS = "address"  # the page's own address
    ENTRY = "entry"  # a field of a directory's entry


class Finding(Value, frozen=True, kw_only=True):
    """One value in one place. ``quote`` is ``text[start:end]`` of the page, or of its script ``script``.

    ``weight`` says how much it tells, against others of the same field: several places that agree add up.
    """

    field: str
    value: Any
    url: str
    snapshot_id: str
    start: int = -1  # -1: nothing is quoted, the address itself tells
    end: int = -1
    script: int = -1
    quote: str = ""
    means: Means = Means.WORDS
    weight: float = 1.0
    on: date | None = None  # when the words were published or the page was fetched


class Field(Value, frozen=True, kw_only=True):
    """What a field holds, where it stands, and what stands against it."""

    value: Any
    findings: tuple[Finding, ...]
    rivals: tuple[Finding, ...] = ()


class Told(NamedTuple):
    """What the profile says: the value, and for each part of it the findings that it rests on."""

    field: str
    value: Any
    parts: tuple[tuple[Any, tuple[Finding, ...]], ...]
    probability: float  # that the question means this field
    how: str = "The company's own pages tell it."
    basis: str = "how surely the question means this field, times the precision of profiles"


class Profile(Value, frozen=True, kw_only=True):
    host: str
    fields: dict[str, Field] = msgspec.field(default_factory=dict)

    def value(self, field: str) -> Any:
        found = self.fields.get(field)
        return None if found is None else found.value


LISTS = frozenset(
    """social_profiles leadership plans certifications customers partners integrations funding technologies
    languages support_channels other_places products pages""".split()
)
FIELDS = (
    "name", "legal_name", "what_they_do", "industry", "type", "founded", "employee_count", "size", "headquarters",
    "other_places", "phone", "email_general", "email_sales", "email_support", "email_security", "email_press",
    "email_privacy", "social_profiles", "linkedin", "leadership", "plans", "free_plan", "trial",
    "certifications", "status_page", "docs", "careers_page", "hiring", "job_board_vendor", "pricing_page",
    "pages", "products", "logo", "customers", "partners", "integrations", "funding", "technologies", "languages", "support_channels",
    "tax_number", "register_number", "remote", "user_count", "customer_count", "team_countries", "served_countries",
    "fiscal_year", "licence", "openings", "funding_total", "last_round", "lead_investor",
)  # fmt: skip
