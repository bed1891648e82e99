"""Idempotency keys: a request that is sent again with its key is done once, and answered as the first time.

The answer is kept in the transaction of the work, so there is never one without the other: whatever dies between, the
next request with the key either finds both or does the work (draft-ietf-httpapi-idempotency-key-header-07).
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import BadRequest, KeyInUse, KeyReused
from leadline.foundation.secrets import Vault
from leadline.idempotency import repository
from leadline.idempotency.repository import Row
from leadline.work import service as work

KEPT = timedelta(hours=24)
LONGEST = timedelta(minutes=5)  # for an answer to come; beyond that its process is taken for dead
LONGEST_KEY = 255  # characters


class Kept(NamedTuple):
    """What is replayed: an answer whole (with a status), or what it is waited for by. ``pending``: it is still to come,
    and is kept then (``settle``) or not (``forget``).
    """

    status: int = 0
    media_type: str = ""
    body: bytes = b""
    reference: str = ""
    pending: bool = False


class IdempotencyService:
    """Does what is asked for with a key once. ``vault`` encrypts what was answered: it may hold a new secret."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._transactions = database
        self._database = database.repeatable
        self._vault = vault

    async def once(
        self, organisation_id: UUID, key: str, fingerprint: bytes, do: Callable[[], Awaitable[Kept | None]]
    ) -> tuple[Kept | None, bool]:
        """What ``do`` answered, and whether it did so to an earlier request. None is not kept, nor is an error.

        ``do`` is all one transaction, and waits for nothing but the database. Raises KeyInUse, KeyReused, and what
        ``do`` raises; then nothing was changed.
        """

        async def attempt() -> tuple[Kept | None, bool]:
            if not await repository.hold(self._database, organisation_id, key):
                raise KeyInUse
            found = await repository.find(self._database, organisation_id, key, KEPT, LONGEST)
            if found is not None:
                if found.fingerprint != fingerprint:
                    raise KeyReused
                if found.pending and found.young:
                    raise KeyInUse
                if found.pending:  # its process died: this one takes its place
                    await repository.keep(self._database, organisation_id, key, found)
                return self._opened(found), True
            done = await do()
            if done is not None:
                await repository.keep(self._database, organisation_id, key, self._sealed(fingerprint, done))
            return done, False

        return await work.as_one(self._transactions, attempt)

    async def settle(self, organisation_id: UUID, key: str, fingerprint: bytes, kept: Kept) -> None:
        """The answer that was pending has come."""
        await repository.settle(self._database, organisation_id, key, self._sealed(fingerprint, kept))

    async def forget(self, organisation_id: UUID, key: str, fingerprint: bytes) -> None:
        """The answer that was pending will not come: the request may be sent anew."""
        await repository.forget(self._database, organisation_id, key, fingerprint)

    def _sealed(self, fingerprint: bytes, kept: Kept) -> Row:
        if not kept.status:
            return Row(fingerprint=fingerprint, reference=kept.reference, pending=kept.pending)
        return Row(
            fingerprint=fingerprint,
            status=kept.status,
            media_type=kept.media_type,
            body=self._vault.seal(zlib.compress(kept.body, 1)),
        )

    def _opened(self, row: Row) -> Kept:
        if row.status is None:
            return Kept(reference=row.reference or "", pending=row.pending)
        return Kept(row.status, row.media_type or "", zlib.decompress(self._vault.open(row.body or b"")))


def key_of(header: str) -> str:
    """The key in an Idempotency-Key header: a string as RFC 8941 quotes it, or the same without the quotes.

    Raises BadRequest.
    """
    key = header.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not key or len(key) > LONGEST_KEY or not all(" " <= one <= "~" for one in key):
        raise BadRequest(
            f"Idempotency-Key must have 1 to {LONGEST_KEY} plain ASCII characters; a new UUID for each request is best."
        )
    return key


async def prune(connection: Connection, *, batch: int = 1000) -> int:
    """Delete the keys that are not replayed any more; returns how many."""
    deleted = 0
    while some := await repository.prune(connection, KEPT, batch):
        deleted += some
    return deleted
