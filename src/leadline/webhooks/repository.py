"""SQL of webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from leadline.foundation.database import Connection
from leadline.foundation.ids import new_id
from leadline.webhooks.schemas import Delivery, DeliveryStatus


async def attach(connection: Connection, signal_id: UUID, url: str) -> bool:
    """Remember whom to tell; False when the signal is finished already."""
    return (
        await connection.fetchval(
            """
            with running as (update signals set hooked = true where id = $1 and status = 'processing'
                             returning id),
                 added as (insert into signal_webhooks (signal_id, url) select id, $2 from running
                           on conflict do nothing)
            select id from running
            """,
            signal_id,
            url,
        )
        is not None
    )


async def queue(connection: Connection, organisation_id: UUID, signal_id: UUID, body: bytes) -> int:
    """Make a delivery for each address to be told of this signal; returns how many."""
    urls: Sequence[Any] = await connection.fetch(
        "select url from signal_webhooks where signal_id = $1", signal_id
    )
    for row in urls:
        await connection.execute(
            """
            insert into webhook_deliveries (id, organisation_id, signal_id, url, body)
            values ($1, $2, $3, $4, $5) on conflict (signal_id, url) do nothing
            """,
            new_id(),
            organisation_id,
            signal_id,
            row["url"],
            body,
        )
    return len(urls)


async def claim(connection: Connection, limit: int, seconds: float) -> list[Delivery]:
    """Take deliveries that are due. One whose process dies is due again after ``seconds``."""
    rows = await connection.fetch(
        """
        update webhook_deliveries d set attempts = d.attempts + 1,
                                        next_attempt_at = now() + make_interval(secs => $2)
        where d.id in (
            select id from webhook_deliveries where status = 'pending' and next_attempt_at <= now()
            order by next_attempt_at limit $1 for update skip locked
        )
        returning d.id, d.organisation_id, d.signal_id, d.url, d.body, d.attempts
        """,
        limit,
        seconds,
    )
    return [Delivery(**row) for row in rows]


async def delivered(connection: Connection, delivery_id: UUID, status: int) -> None:
    await connection.execute(
        """
        update webhook_deliveries set status = 'delivered', delivered_at = now(), last_status = $2,
                                      last_error = null
        where id = $1
        """,
        delivery_id,
        status,
    )


async def missed(
    connection: Connection, delivery_id: UUID, status: int | None, error: str, again_in: float | None
) -> None:
    """Record a try that failed; ``again_in`` seconds, or None when it was the last."""
    await connection.execute(
        """
        update webhook_deliveries set
            status = case when $4::float8 is null then 'failed' else 'pending' end,
            next_attempt_at = now() + make_interval(secs => coalesce($4::float8, 0)),
            last_status = $2, last_error = $3
        where id = $1
        """,
        delivery_id,
        status,
        error[:500],
        again_in,
    )


async def of_signal(connection: Connection, organisation_id: UUID, signal_id: UUID) -> list[DeliveryStatus]:
    rows = await connection.fetch(
        """
        select id, signal_id, url, status, attempts, next_attempt_at, last_status, last_error
        from webhook_deliveries where signal_id = $1 and organisation_id = $2 order by url
        """,
        signal_id,
        organisation_id,
    )
    return [DeliveryStatus(**row) for row in rows]


async def secrets(connection: Connection, organisation_id: UUID) -> list[bytes]:
    """The sealed secrets to sign with, the newest first."""
    row = await connection.fetchrow(
        """
        select sealed, case when previous_until > now() then previous_sealed end as previous_sealed
        from webhook_secrets where organisation_id = $1
        """,
        organisation_id,
    )
    return [sealed for sealed in (row or ()) if sealed is not None]


async def add_secret(connection: Connection, organisation_id: UUID, sealed: bytes) -> None:
    """Does nothing when there is one already."""
    await connection.execute(
        "insert into webhook_secrets (organisation_id, sealed) values ($1, $2) on conflict do nothing",
        organisation_id,
        sealed,
    )


async def rotate_secret(
    connection: Connection, organisation_id: UUID, sealed: bytes, overlap_hours: float
) -> None:
    await connection.execute(
        """
        insert into webhook_secrets (organisation_id, sealed) values ($1, $2)
        on conflict (organisation_id) do update set
            previous_sealed = webhook_secrets.sealed,
            previous_until = now() + make_interval(secs => $3 * 3600),
            sealed = excluded.sealed, created_at = now()
        """,
        organisation_id,
        sealed,
        overlap_hours,
    )
