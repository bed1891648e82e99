"""Who calls, what they may do, and a call as an endpoint is handed it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple, get_args
from uuid import UUID

from msgspec import Struct

Scope = Literal["read", "write", "admin"]
"""read: look at things. write: change them and ask questions, which spends credits. admin: manage keys;
includes the other two."""

SCOPES: tuple[Scope, ...] = get_args(Scope)


class Rate(NamedTuple):
    """A token bucket: how fast it fills, and how many requests it holds."""

    per_minute: int
    burst: int


class Limits(NamedTuple):
    """How often one key may call."""

    reads: Rate
    writes: Rate


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


class PublicCall(Struct, kw_only=True):
    """A call that needs no key.

    A subclass says what an operation is called with, by members of these names: ``path``, ``query``,
    ``headers`` and ``body``, each a struct. What has a default may be left out by the client.
    """

    disconnected: Callable[[], Awaitable[None]]
    """Returns when the client has hung up."""


class Call(PublicCall, kw_only=True):
    """A call with a key: the ordinary kind."""

    caller: Caller
