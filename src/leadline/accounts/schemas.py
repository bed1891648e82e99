"""Who calls, and what they may do."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, get_args
from uuid import UUID

Scope = Literal["read", "write", "admin"]
"""read: look at signals, credits and connectors. write: ask questions, which spends credits.
admin: manage the organisation and its keys; includes the other two."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
MAX_SYNC_TIMEOUT = 900
"""Seconds; contract section 7."""


class Rate(NamedTuple):
    """A token bucket: how fast it fills, and how many requests it holds."""

    per_minute: int
    burst: int


class Limits(NamedTuple):
    """How often one key may call."""

    reads: Rate
    writes: Rate


class KeyOptions(NamedTuple):
    """What a key may have of its own; None: the server's setting, or no cap."""

    spend_cap: int | None = None
    reads_per_minute: int | None = None
    reads_burst: int | None = None
    writes_per_minute: int | None = None
    writes_burst: int | None = None
    sync_timeout: int | None = None


class Caller(NamedTuple):
    """Whoever holds the key of a request. ``sync_timeout`` in seconds; ``spend_cap`` in credits a period."""

    organisation_id: UUID
    key_id: UUID
    scopes: frozenset[str]
    limits: Limits
    sync_timeout: int
    spend_cap: int | None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or "admin" in self.scopes


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
