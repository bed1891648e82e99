"""SQL of idempotency keys. Every query is scoped to an organisation, but for pruning."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a request and its answer; ``reference`` or the others."""

    fingerprint: bytes
    reference: str | None = None
    status: int | None = None
    media_type: str | None = None
    body: bytes | None = None


async def hold(connection: Connection, organisation_id: UUID, key: str) -> bool:
    """Hold the key until the end of the transaction; False while another request does."""
    held: bool = await connection.fetchval(
        "select pg_try_advisory_xact_lock(hashtextextended($1, 0))", f"idempotency {organisation_id} {key}"
    )
    return held


async def find(connection: Connection, organisation_id: UUID, key: str, kept: timedelta) -> Row | None:
    """What was answered within ``kept``."""
    record: Any = await connection.fetchrow(
        """
        select fingerprint, reference, status, media_type, body from idempotency_keys
        where organisation_id = $1 and key = $2 and created_at > now() - $3::interval
        """,
        organisation_id,
        key,
        kept,
    )
    return Row(**dict(record.items())) if record is not None else None


async def keep(connection: Connection, organisation_id: UUID, key: str, row: Row) -> None:
    """For who holds the key and found nothing: what is there is too old."""
    await connection.execute(
        """
        insert into idempotency_keys (organisation_id, key, fingerprint, reference, status, media_type, body)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (organisation_id, key) do update set
            fingerprint = excluded.fingerprint, reference = excluded.reference, status = excluded.status,
            media_type = excluded.media_type, body = excluded.body, created_at = now()
        """,
        organisation_id,
        key,
        row.fingerprint,
        row.reference,
        row.status,
        row.media_type,
        row.body,
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
