"""SQL of idempotency keys. Every query is scoped to an organisation, but for pruning."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a request and its answer."""

    fingerprint: bytes
    reference: str | None = None
    status: int | None = None
    media_type: str | None = None
    body: bytes | None = None
    pending: bool = False
    """Whether the answer is still to come."""
    young: bool = True
    """Whether whoever is at it may still be alive."""


async def hold(connection: Connection, organisation_id: UUID, key: str) -> bool:
    """Hold the key until the end of the transaction; False while another request does."""
    held: bool = await connection.fetchval(
        "select pg_try_advisory_xact_lock(hashtextextended($1, 0))", f"idempotency {organisation_id} {key}"
    )
    return held


async def find(
    connection: Connection, organisation_id: UUID, key: str, kept: timedelta, longest: timedelta
) -> Row | None:
    """What was answered within ``kept``; nobody is at it for longer than ``longest``."""
    record: Any = await connection.fetchrow(
        """
        select fingerprint, reference, status, media_type, body, pending,
               created_at > now() - $4::interval as young from idempotency_keys
        where organisation_id = $1 and key = $2 and created_at > now() - $3::interval
        """,
        organisation_id,
        key,
        kept,
        longest,
    )
    return Row(**dict(record.items())) if record is not None else None


async def keep(connection: Connection, organisation_id: UUID, key: str, row: Row) -> None:
    """For who holds the key: what may be there is too old, or was left behind."""
    await connection.execute(
        """
        insert into idempotency_keys
            (organisation_id, key, fingerprint, reference, status, media_type, body, pending)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (organisation_id, key) do update set
            fingerprint = excluded.fingerprint, reference = excluded.reference, status = excluded.status,
            media_type = excluded.media_type, body = excluded.body,
            pending = excluded.pending, created_at = now()
        """,
        organisation_id,
        key,
        row.fingerprint,
        row.reference,
        row.status,
        row.media_type,
        row.body,
        row.pending,
    )


async def settle(connection: Connection, organisation_id: UUID, key: str, row: Row) -> None:
    """The answer has come."""
    await connection.execute(
        """
        update idempotency_keys set status = $3, media_type = $4, body = $5, pending = false
        where organisation_id = $1 and key = $2 and fingerprint = $6 and pending
        """,
        organisation_id,
        key,
        row.status,
        row.media_type,
        row.body,
        row.fingerprint,
    )


async def forget(connection: Connection, organisation_id: UUID, key: str, fingerprint: bytes) -> None:
    """No answer will come."""
    await connection.execute(
        """
        delete from idempotency_keys
        where organisation_id = $1 and key = $2 and fingerprint = $3 and pending
        """,
        organisation_id,
        key,
        fingerprint,
    )


async def prune(connection: Connection, kept: timedelta, batch: int) -> int:
    """Delete up to ``batch`` that are not replayed any more; returns how many."""
    tag = await connection.execute(
        """
        delete from idempotency_keys where (organisation_id, key) in (
            select organisation_id, key from idempotency_keys
            where created_at < now() - $1::interval limit $2 for update skip locked)
        """,
        kept,
        batch,
    )
    return int(tag.rpartition(" ")[2])
