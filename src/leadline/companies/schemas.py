"""Company records and profiles on the wire (contract sections 6 and 21; the profile is ours)."""

from __future__ import annotations

from typing import Annotated, Any
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
