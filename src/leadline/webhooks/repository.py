"""SQL of webhooks: who listens, what is to be delivered, and the secrets that calls are signed with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import UNSET

from leadline.foundation.database import Connection
from leadline.webhooks.schemas import DeliveriesQuery, Delivery, DeliveryStatus, Failing
from leadline.wire.pages import MOST_OFFSET

_STATUS = "id, reference, url, status, attempts, next_attempt_at, last_status, last_error, created_at"


async def listen(connection: Connection, reference: UUID, url: str) -> None:
    await connection.execute(
        "insert into webhook_listeners (reference, url) values ($1, $2) on conflict do nothing",
        reference,
        url,
    )


async def keep_listening(connection: Connection, reference: UUID, urls: Sequence[str]) -> None:
    """These stay, and no others; one that was there keeps what it answered."""
    await connection.execute(
        "delete from webhook_listeners where reference = $1 and standing and not url = any($2::text[])",
        reference,
        list(urls),
    )
    await connection.execute(
        """
        insert into webhook_listeners (reference, url, standing, signed)
        select $1, url, true, false from unnest($2::text[]) as given (url) on conflict do nothing
        """,
        reference,
        list(urls),
    )


async def listeners(connection: Connection, references: Sequence[UUID]) -> list[tuple[UUID, str, bool]]:
    """Reference, address, and whether its calls are signed, of those that did not answer that they are gone."""
    rows = await connection.fetch(
        """
        select reference, url, signed from webhook_listeners
        where reference = any($1::uuid[]) and not gone
        """,
        list(references),
    )
    return [(row["reference"], row["url"], row["signed"]) for row in rows]


async def forget_listeners(connection: Connection, references: Sequence[UUID]) -> None:
    """Those that listened for one event."""
    await connection.execute(
        "delete from webhook_listeners where reference = any($1::uuid[]) and not standing", list(references)
    )


async def gone(connection: Connection, references: Sequence[UUID]) -> set[tuple[UUID, str]]:
    rows = await connection.fetch(
        "select reference, url from webhook_listeners where reference = any($1::uuid[]) and gone",
        list(references),
    )
    return {(row["reference"], row["url"]) for row in rows}


async def is_gone(connection: Connection, reference: UUID, url: str) -> None:
    """It asked never to be called again."""
    await connection.execute(
        "update webhook_listeners set gone = true where reference = $1 and url = $2", reference, url
    )


# ------------------------------------------------------------------ deliveries


async def add(
    connection: Connection, deliveries: Sequence[tuple[UUID, UUID, UUID, UUID, str, bool]]
) -> set[UUID]:
    """Store (id, organisation, event, reference, url, signed) each; the ids of those that were not there before."""
    rows = await connection.fetch(
        """
        insert into webhook_deliveries (id, organisation_id, event_id, reference, url, signed)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::boolean[])
        on conflict (event_id, url) do nothing returning id
        """,
        *(list(column) for column in zip(*deliveries, strict=True)),
    )
    return {row["id"] for row in rows}


async def pending(connection: Connection, delivery_id: UUID) -> Delivery | None:
    """The delivery, if it is still to be made."""
    row = await connection.fetchrow(
        """
        select id, organisation_id, event_id, reference, url, signed, attempts from webhook_deliveries
        where id = $1 and status = 'pending'
        """,
        delivery_id,
    )
    return Delivery(**dict(row.items())) if row is not None else None


async def delivered(connection: Connection, delivery_id: UUID, status: int) -> None:
    await connection.execute(
        """
        update webhook_deliveries set status = 'delivered', delivered_at = now(), last_status = $2,
                                      last_error = null, attempts = attempts + 1
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
            last_status = $2, last_error = $3, attempts = attempts + 1
        where id = $1
        """,
        delivery_id,
        status,
        error[:500],
        again_in,
    )


async def of_reference(
    connection: Connection, organisation_id: UUID, reference: UUID
) -> list[DeliveryStatus]:
    rows = await connection.fetch(
        f"""
        select {_STATUS} from webhook_deliveries where reference = $1 and organisation_id = $2
        order by created_at, url
        """,  # noqa: S608
        reference,
        organisation_id,
    )
    return [_status(row) for row in rows]


async def page(
    connection: Connection, organisation_id: UUID, query: DeliveriesQuery
) -> tuple[list[DeliveryStatus], int]:
    """Those that were made of an organisation's events, newest first."""
    conditions, values = ["organisation_id = $1"], list[Any]([organisation_id])
    for condition, value in (
        ("reference = {}", query.reference),
        ("url = {}", query.url),
        ("status = {}", query.status),
        ("created_at >= {}", query.from_date),
        ("created_at < {}", query.to_date),
    ):
        if value is not UNSET:
            values.append(value)
            conditions.append(condition.format(f"${len(values)}"))
    where, place = " and ".join(conditions), len(values) + 1
    total = await connection.fetchval(f"select count(*) from webhook_deliveries where {where}", *values)  # noqa: S608
    rows = await connection.fetch(
        f"""
        select {_STATUS} from webhook_deliveries where {where}
        order by created_at desc, id desc limit ${place} offset ${place + 1}
        """,  # noqa: S608
        *values,
        query.limit,
        min(query.offset, MOST_OFFSET),
    )
    return [_status(row) for row in rows], total


async def reopen(connection: Connection, organisation_id: UUID, delivery_id: UUID) -> DeliveryStatus | None:
    """A delivery is to be made again, from the start; None when there is no such delivery."""
    row = await connection.fetchrow(
        f"""
        update webhook_deliveries set status = 'pending', attempts = 0, next_attempt_at = now()
        where id = $1 and organisation_id = $2 returning {_STATUS}
        """,  # noqa: S608
        delivery_id,
        organisation_id,
    )
    return _status(row) if row is not None else None


async def reopen_between(
    connection: Connection, organisation_id: UUID, since: datetime, until: datetime, *, failed_only: bool
) -> list[tuple[UUID, str]]:
    rows = await connection.fetch(
        """
        update webhook_deliveries set status = 'pending', attempts = 0, next_attempt_at = now()
        where organisation_id = $1 and created_at >= $2 and created_at < $3
          and (not $4 or status = 'failed')
        returning id, url
        """,
        organisation_id,
        since,
        until,
        failed_only,
    )
    return [(row["id"], row["url"]) for row in rows]


async def failing(connection: Connection, organisation_id: UUID) -> list[Failing]:
    """Addresses whose newest calls did not come through."""
    rows = await connection.fetch(
        """
        select url, count(*) filter (where status = 'failed') as failed,
               count(*) filter (where status = 'pending') as pending,
               (array_agg(last_error order by created_at desc)
                filter (where last_error is not null))[1] as last_error,
               max(delivered_at) as last_delivered_at
        from webhook_deliveries where organisation_id = $1 group by url
        having max(created_at) filter (where status = 'failed' or attempts > 0 and status = 'pending')
               > coalesce(max(delivered_at), '-infinity')
        order by failed desc, url limit 100
        """,
        organisation_id,
    )
    return [Failing(**dict(row.items())) for row in rows]


async def with_deliveries(connection: Connection, event_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the events of which there still are deliveries."""
    rows = await connection.fetch(
        "select distinct event_id from webhook_deliveries where event_id = any($1::uuid[])", list(event_ids)
    )
    return {row["event_id"] for row in rows}


async def prune(connection: Connection, older_than: timedelta) -> int:
    """Delete the log of calls from before that which are over."""
    tag = await connection.execute(
        """
        delete from webhook_deliveries where status <> 'pending' and created_at < now() - $1::interval
        """,
        older_than,
    )
    return int(tag.rpartition(" ")[2])


def _status(row: Any) -> DeliveryStatus:
    return DeliveryStatus(**dict(row.items()))


# ------------------------------------------------------------------ secrets


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


async def sealed(connection: Connection) -> list[tuple[UUID, bytes, bytes | None]]:
    """Every organisation's sealed secret and the one before, while it signs; locked until the transaction ends."""
    rows = await connection.fetch(
        """
        select organisation_id, sealed, case when previous_until > now() then previous_sealed end
        from webhook_secrets order by organisation_id for update
        """
    )
    return [tuple(row) for row in rows]


async def reseal(
    connection: Connection, organisation_id: UUID, sealed: bytes | None, previous: bytes | None
) -> None:
    await connection.execute(
        "update webhook_secrets set sealed = $2, previous_sealed = $3 where organisation_id = $1",
        organisation_id,
        sealed,
        previous,
    )
