"""SQL of events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from leadline.events.schemas import Event
from leadline.foundation.database import Connection

_EVENT = "id, organisation_id, sequence, type, reference, body, created_at"


async def add(
    connection: Connection, event_id: UUID, organisation_id: UUID, kind: str, reference: UUID, body: bytes
) -> None:
    await connection.execute(
        "insert into events (id, organisation_id, type, reference, body) values ($1, $2, $3, $4, $5)",
        event_id,
        organisation_id,
        kind,
        reference,
        body,
    )


async def overwrite(
    connection: Connection, organisation_id: UUID, references: Sequence[UUID], body: bytes
) -> None:
    await connection.execute(
        "update events set body = $3 where organisation_id = $1 and reference = any($2::uuid[])",
        organisation_id,
        list(references),
        body,
    )


async def number(connection: Connection, limit: int) -> list[Event]:
    """Give the next numbers to committed events that have none, oldest first; they in the order of their numbers.

    The caller holds the lock that lets one at a time do this. An event that commits later gets a later number,
    whatever the order in which the two began.
    """
    rows = await connection.fetch(
        f"""
        with fresh as materialized (
            select id, organisation_id, row_number() over (partition by organisation_id order by id) as place
            from (select id, organisation_id from events where sequence is null order by id limit $1) as oldest
        ), counted as (
            insert into event_counters as c (organisation_id, last)
            select organisation_id, count(*) from fresh group by 1
            on conflict (organisation_id) do update set last = c.last + excluded.last
            returning organisation_id, last
        ), before as (
            select c.organisation_id, c.last - (select count(*) from fresh f
                                                where f.organisation_id = c.organisation_id) as last
            from counted c
        )
        update events e set sequence = b.last + f.place
        from fresh f join before b on b.organisation_id = f.organisation_id
        where e.id = f.id
        returning {", ".join("e." + name for name in _EVENT.split(", "))}
        """,  # noqa: S608
        limit,
    )
    return sorted((_event(row) for row in rows), key=lambda e: (e.organisation_id, e.sequence))


async def after(connection: Connection, organisation_id: UUID, sequence: int, limit: int) -> list[Event]:
    rows = await connection.fetch(
        f"""
        select {_EVENT} from events where organisation_id = $1 and sequence > $2 order by sequence limit $3
        """,  # noqa: S608
        organisation_id,
        sequence,
        limit,
    )
    return [_event(row) for row in rows]


async def get(connection: Connection, event_id: UUID) -> Event | None:
    row = await connection.fetchrow(
        f"select {_EVENT} from events where id = $1 and sequence is not null",  # noqa: S608
        event_id,
    )
    return _event(row) if row is not None else None


async def last(connection: Connection, organisation_id: UUID) -> int:
    found: int | None = await connection.fetchval(
        "select last from event_counters where organisation_id = $1", organisation_id
    )
    return found or 0


async def oldest(connection: Connection, organisation_id: UUID) -> int | None:
    found: int | None = await connection.fetchval(
        "select min(sequence) from events where organisation_id = $1 and sequence is not null",
        organisation_id,
    )
    return found


async def old(
    connection: Connection, older_than: timedelta, beyond: UUID | None, limit: int
) -> Sequence[UUID]:
    """Numbered events from before that, in the order of their ids."""
    rows = await connection.fetch(
        """
        select id from events where sequence is not null and created_at < now() - $1::interval
          and ($2::uuid is null or id > $2) order by id limit $3
        """,
        older_than,
        beyond,
        limit,
    )
    return [row["id"] for row in rows]


async def forget(connection: Connection, event_ids: Sequence[UUID]) -> int:
    tag = await connection.execute("delete from events where id = any($1::uuid[])", list(event_ids))
    return int(tag.rpartition(" ")[2])


def _event(row: Any) -> Event:
    return Event(**dict(row.items()))
