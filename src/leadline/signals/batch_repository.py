"""SQL of batches that are looked at by their number. Every query is scoped to an organisation, but for pruning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, storable_json


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a batch by the state of their signals; what is left of ``total`` was refused."""

    created_at: datetime
    total: int
    processing: int
    completed: int
    failed: int


class Refusal(msgspec.Struct, frozen=True):
    domain: str
    question: str
    error: str


class BatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row: with a signal, or a refusal."""

    signal_id: UUID | None
    status: str | None
    domain: str | None
    question: str | None
    created_at: datetime | None
    refusal: Refusal | None


async def add(
    connection: Connection,
    batch_id: UUID,
    organisation_id: UUID,
    signal_ids: Sequence[UUID | None],
    refusals: Mapping[int, Refusal],
) -> None:
    """``refusals`` by their places among ``signal_ids``, which has None there."""
    await connection.execute(
        "insert into signal_batches (id, organisation_id, signal_ids, refusals) values ($1, $2, $3, $4)",
        batch_id,
        organisation_id,
        signal_ids,
        storable_json({str(place): refusal for place, refusal in refusals.items()}),
    )


async def counts(connection: Connection, organisation_id: UUID, batch_id: UUID) -> Counts | None:
    """None where the organisation has no such batch."""
    record: Any = await connection.fetchrow(
        """
        select b.created_at, cardinality(b.signal_ids) as total, found.* from signal_batches b cross join lateral (
            select count(*) filter (where s.status = 'processing') as processing,
                   count(*) filter (where s.status = 'completed') as completed,
                   count(*) filter (where s.status = 'failed') as failed
            from unnest(b.signal_ids) as asked (id) join signals s on s.id = asked.id) found
        where b.id = $1 and b.organisation_id = $2
        """,
        batch_id,
        organisation_id,
    )
    return Counts(**dict(record.items())) if record is not None else None


async def rows(
    connection: Connection, organisation_id: UUID, batch_id: UUID, limit: int, offset: int
) -> list[BatchRow]:
    """Some of its rows, in their order."""
    records = await connection.fetch(
        """
        select asked.id as signal_id, s.status, s.asked_host as domain, s.question, s.created_at,
               asked.refusals -> (asked.place - 1)::text as refusal
        from (
            select b.refusals, one.id, $4 + one.place as place from signal_batches b
            cross join lateral unnest(b.signal_ids[$4 + 1:$4 + $3]) with ordinality as one (id, place)
            where b.id = $1 and b.organisation_id = $2
        ) asked
        left join signals s on s.id = asked.id
        order by asked.place
        """,
        batch_id,
        organisation_id,
        limit,
        offset,
    )
    return [
        BatchRow(
            **dict(record.items())
            | {"refusal": record["refusal"] and msgspec.json.decode(record["refusal"], type=Refusal)}
        )
        for record in records
    ]


async def prune(connection: Connection, older_than: timedelta) -> None:
    """Forget the numbers of batches from before that; their signals stay."""
    await connection.execute("delete from signal_batches where created_at < now() - $1::interval", older_than)
