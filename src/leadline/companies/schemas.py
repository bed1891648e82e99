"""Company records and profiles on the wire (contract sections 6 and 21; the profile is ours)."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.wire.fields import Time


class CompanyProfile(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Company record. What is not known is left out."""

    id: UUID
    name: str
    domain: str
    website: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    industry: str | UnsetType = UNSET
    size: Annotated[str, Meta(description="Head-count band.", examples=["51-200"])] | UnsetType = UNSET
    type: Annotated[str, Meta(examples=["private"])] | UnsetType = UNSET
    employee_count: int | UnsetType = UNSET
    founded: int | UnsetType = UNSET
    city: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    country_code: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")] | UnsetType = UNSET
    handle: Annotated[str, Meta(examples=["acme-corp"])] | UnsetType = UNSET
    linked_in_url: Annotated[str, Meta(extra_json_schema={"format": "uri"})] | UnsetType = UNSET


class Location(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Where a company sits."""

    cities: list[str] | UnsetType = UNSET
    states: list[str] | UnsetType = UNSET
    country_codes: list[str] | UnsetType = UNSET


class Founded(Struct, kw_only=True, omit_defaults=True):
    """Years between which a company was founded, both outside."""

    before: int | UnsetType = UNSET
    after: int | UnsetType = UNSET


class Excluded(Struct, kw_only=True, omit_defaults=True):
    """Whom to leave out."""

    industries: list[str] | UnsetType = UNSET
    sizes: list[str] | UnsetType = UNSET
    domains: list[str] | UnsetType = UNSET


class CompanyListFilter(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """All criteria must be met, of each one of its values. Without any it matches nothing."""

    domains: list[str] | UnsetType = UNSET
    names: list[str] | UnsetType = UNSET
    handles: list[str] | UnsetType = UNSET
    websites: list[str] | UnsetType = UNSET
    industries: Annotated[list[str], Meta(description="Lower-case industry names.")] | UnsetType = UNSET
    sizes: (
        list[Literal["1-10", "11-50", "51-200", "201-500", "501-1K", "1K-5K", "5K-10K", "10K+"]] | UnsetType
    ) = UNSET
    types: list[str] | UnsetType = UNSET
    technologies: list[str] | UnsetType = UNSET
    founded: Founded | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    exclude: Excluded | UnsetType = UNSET


class ProfileQuote(Struct, rename="camel", omit_defaults=True):
    """Where a value stands: words of a stored copy of the page, or a member of its structured data."""

    url: Annotated[str, Meta(extra_json_schema={"format": "uri"})]
    quote: str
    means: Annotated[str, Meta(description="structured, link, words or address.")]
    value: Annotated[
        Any, Meta(description="What this place says, where it is a rival or one item of a list.")
    ]
    snapshot_id: UUID | UnsetType = UNSET
    start: int | UnsetType = UNSET
    end: int | UnsetType = UNSET
    script: int | UnsetType = UNSET
    on: Annotated[str, Meta(description="Date of the words.")] | UnsetType = UNSET


class ProfileField(Struct, rename="camel"):
    """A value of the profile with its quotes, and what other places say instead."""

    value: Any
    quotes: list[ProfileQuote]
    rivals: list[ProfileQuote]


class ProfileResponse(Struct, rename="camel"):
    """What everybody asks of a company, as its own pages tell it. A field that they do not tell is absent."""

    company: CompanyProfile
    updated_at: Time
    fields: Annotated[dict[str, ProfileField], Meta(description="By the field's name, such as legalName.")]


class ProfilePath(Struct, rename="camel"):
    domain: str
