"""Organisations and their API keys (contract section 2).

A key is ``sk_live_`` and 32 random bytes in URL-safe base64. Only its SHA-256 is stored: with 256 random bits
there is nothing to guess, so a slow hash would buy nothing.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Collection
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from leadline.accounts import repository
from leadline.accounts.schemas import (
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_SYNC_TIMEOUT,
    Key,
    KeyOptions,
    Lease,
    NewKey,
    Organisation,
    OrganisationDescription,
    UpdateOrganisationRequest,
)
from leadline.foundation.clock import Clock, SystemClock
from leadline.foundation.database import Connection, storable_json
from leadline.foundation.errors import InvalidInput, NotFound, Unauthorized
from leadline.wire.calls import SCOPES, Caller, Limits, Rate, Scope
from leadline.wire.fields import DOMAIN_PATTERN

DEFAULT_ORGANISATION = "default"
PREFIX = "sk_live_"
CACHE_SECONDS = 1.0
"""For this long at most a process goes on accepting a key that was revoked by another one."""

_CACHED_KEYS = 10_000
_BEARER = re.compile(r"bearer +(sk_live_[A-Za-z0-9_-]{43}) *", re.IGNORECASE | re.ASCII)


async def default_organisation(database: Connection) -> UUID:
    """The organisation that commands without a key work for; made when it is first needed."""
    return await organisation(database, DEFAULT_ORGANISATION)


async def organisation(database: Connection, name: str) -> UUID:
    """The organisation of that name; made when there is none."""
    while True:
        found = await repository.organisation_by_name(database, name)
        found = found or await repository.add_organisation(database, name)
        if found is not None:
            return found
        # Somebody made it in this moment: look again.


async def organisation_named(database: Connection, name: str) -> UUID | None:
    """The organisation of that name, if there is one."""
    return await repository.organisation_by_name(database, name)


async def create_key(
    connection: Connection,
    organisation_id: UUID,
    name: str,
    *,
    scopes: Collection[Scope] = ("read", "write"),
    options: KeyOptions | None = None,
) -> NewKey:
    """Make a key. Its text is returned here and never again. Raises InvalidInput."""
    options = options or KeyOptions()
    _check_key(name, scopes, options)
    key = PREFIX + secrets.token_urlsafe(32)
    key_id = await repository.add_key(
        connection, organisation_id, name.strip(), _digest(key), key[-4:], sorted(scopes), options
    )
    return NewKey(key_id, key)


async def list_keys(connection: Connection, organisation_id: UUID | None = None) -> tuple[Key, ...]:
    """The keys of one organisation, or of all, oldest first; revoked ones too."""
    return tuple(
        Key(
            id=row["id"],
            organisation=row["organisation"],
            name=row["name"],
            hint=row["hint"],
            scopes=tuple(row["scopes"]),
            options=KeyOptions(*(row[option] for option in KeyOptions._fields)),
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
            revoked_at=row["revoked_at"],
        )
        for row in await repository.keys(connection, organisation_id)
    )


async def revoke_key(connection: Connection, key_id: UUID) -> None:
    """Refuse a key from now on, in every process within ``CACHE_SECONDS``. Raises NotFound."""
    if not await repository.revoke_key(connection, key_id):
        raise NotFound("There is no such key, or it is revoked already.")


async def profile(connection: Connection, organisation_id: UUID) -> Organisation:
    """What the organisation says of itself."""
    return _profile(await repository.profile(connection, organisation_id))


async def update_profile(
    connection: Connection, organisation_id: UUID, changes: UpdateOrganisationRequest
) -> Organisation:
    """Change what is sent, also inside the description. May be repeated. Raises InvalidInput."""
    wrong = []
    name, website = changes.name or None, changes.website or None
    if name is not None and (len(name) > MAX_NAME or not name.strip().isprintable()):
        wrong.append(("name", f"must be one line of at most {MAX_NAME} characters"))
    if website is not None and not (website := _host(website)):
        wrong.append(("website", "must be a domain, such as acme.com"))
    description = msgspec.to_builtins(changes.description or OrganisationDescription())
    wrong += [
        (f"description.{part}", f"must be at most {MAX_DESCRIPTION} characters")
        for part, text in description.items()
        if len(text) > MAX_DESCRIPTION
    ]
    if wrong:
        raise InvalidInput(*wrong)
    return _profile(
        await repository.update_profile(
            connection, organisation_id, name and name.strip(), website, storable_json(description)
        )
    )


def _profile(row: Any) -> Organisation:
    described = msgspec.json.decode(row["description"], type=OrganisationDescription)
    return Organisation(row["name"], row["website"], described)


def _host(website: str) -> str:
    """The host of what people write for a website; "" when there is none."""
    text = website.strip().lower()
    try:
        host = (urlsplit(text if "://" in text else f"//{text}").hostname or "").rstrip(".")
    except ValueError:
        return ""
    return host if "." in host and re.fullmatch(DOMAIN_PATTERN, host) else ""


class Buckets:
    """The token buckets of all keys, shared by every API process (contract section 4)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lease(self, key_id: UUID, bucket: str, rate: Rate, wanted: int) -> Lease:
        """Take up to ``wanted`` tokens out of a bucket. Taken twice by a repeated statement, they are lost,
        which the bucket makes up for.
        """
        row = await repository.lease_tokens(self._connection, key_id, bucket, *rate, wanted)
        return Lease(row["leased"], row["tokens"])


class _Remembered(NamedTuple):
    caller: Caller
    until: float


class Authenticator:
    """Tells whose key a request carries.

    A key is remembered for ``CACHE_SECONDS``, so that a busy one costs one query a second; when it was last
    used is written at most once a minute.
    """

    def __init__(
        self, database: Connection, limits: Limits, sync_timeout: int, *, clock: Clock | None = None
    ) -> None:
        """``limits`` and ``sync_timeout`` are for keys that have none of their own."""
        self._database = database
        self._limits = limits
        self._sync_timeout = sync_timeout
        self._clock = clock or SystemClock()
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()

    async def authenticate(self, header: str | None) -> Caller:
        """The caller whose key stands in this ``Authorization`` header. Raises Unauthorized."""
        remembered = self._remembered.get(header) if header is not None else None
        if remembered is not None and remembered.until > self._clock.monotonic():
            return remembered.caller
        if header is None:
            raise Unauthorized("Send your API key in the header 'Authorization: Bearer sk_live_…'.")
        match = _BEARER.fullmatch(header.strip())
        if match is None:
            raise Unauthorized("The header must read 'Authorization: Bearer sk_live_…', with a whole key.")
        caller = await self._look_up(match[1])
        self._remembered[header] = _Remembered(caller, self._clock.monotonic() + CACHE_SECONDS)
        self._remembered.move_to_end(header)
        if len(self._remembered) > _CACHED_KEYS:
            self._remembered.popitem(last=False)
        return caller

    async def _look_up(self, key: str) -> Caller:
        row = await repository.key_by_hash(self._database, _digest(key))
        if row is None:
            raise Unauthorized
        if row["stale"]:
            await repository.touch_key(self._database, row["id"])
        reads, writes = self._limits
        return Caller(
            organisation_id=row["organisation_id"],
            key_id=row["id"],
            scopes=frozenset(row["scopes"]),
            limits=Limits(
                Rate(row["reads_per_minute"] or reads.per_minute, row["reads_burst"] or reads.burst),
                Rate(row["writes_per_minute"] or writes.per_minute, row["writes_burst"] or writes.burst),
            ),
            sync_timeout=row["sync_timeout"] or self._sync_timeout,
            spend_cap=row["spend_cap"],
        )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _check_key(name: str, scopes: Collection[str], options: KeyOptions) -> None:
    wrong = []
    if not 1 <= len(name.strip()) <= 200 or not name.isprintable():
        wrong.append(("name", "must be one line of 1 to 200 characters"))
    if not scopes or set(scopes) - set(SCOPES):
        wrong.append(("scopes", f"must be among {', '.join(SCOPES)}"))
    for option, value in options._asdict().items():
        least, most = (0, 2**53) if option == "spend_cap" else (1, 2**31 - 1)
        most = MAX_SYNC_TIMEOUT if option == "sync_timeout" else most
        if value is not None and not least <= value <= most:
            wrong.append((option, f"must be from {least} to {most}"))
    if wrong:
        raise InvalidInput(*wrong)
