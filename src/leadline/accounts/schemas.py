"""Keys and the organisation's profile."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, NamedTuple
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

MAX_SYNC_TIMEOUT = 900
"""Seconds; contract section 7."""


class KeyOptions(NamedTuple):
    """What a key may have of its own; None: the server's setting, or no cap."""

    spend_cap: int | None = None
    reads_per_minute: int | None = None
    reads_burst: int | None = None
    writes_per_minute: int | None = None
    writes_burst: int | None = None
    sync_timeout: int | None = None


class NewKey(NamedTuple):
    """A key that was just made: the only time that its text is known."""

    id: UUID
    key: str


class Key(NamedTuple):
    """A key as it is listed. ``hint`` is its last four characters; ``last_used_at`` is true to a minute."""

    id: UUID
    organisation: str
    name: str
    hint: str
    scopes: tuple[str, ...]
    options: KeyOptions
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class Lease(NamedTuple):
    """Tokens that one process took out of a key's bucket for the requests to come, and what is left in it."""

    tokens: int
    left: float


# ------------------------------------------------------------------ on the wire


MAX_NAME, MAX_DESCRIPTION = 200, 20_000
"""Characters of an organisation's name, and of each part of its description."""

Text = Annotated[str, Meta(extra={"blank": "empties it"})]


class OrganisationDescription(Struct, rename="camel"):
    """What it does and for whom. Blank text empties a member."""

    general: Text | UnsetType = UNSET
    products: Text | UnsetType = UNSET
    use_cases: Text | UnsetType = UNSET
    value_prop: Text | UnsetType = UNSET


class Organisation(Struct):
    """What an organisation says of itself. ``website`` is a domain, or empty."""

    name: str
    website: str
    description: OrganisationDescription | UnsetType = UNSET


class UpdateOrganisationRequest(Struct):
    """Missing members, also inside description, stay as they are."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Example Ltd",
        "website": "example.com",
        "description": {"general": "Makes examples.", "valueProp": "They are short."},
    }

    name: str | UnsetType = UNSET
    website: str | UnsetType = UNSET
    description: OrganisationDescription | UnsetType = UNSET
