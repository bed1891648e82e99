"""SQL of summaries. Every query is scoped to an organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, storable_json
from leadline.summaries.schemas import SummaryDataPoint
from leadline.wire.pages import MOST_OFFSET

_COLUMNS = "id, status, summary, signals_count, made_of, created_at, updated_at"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A summary as stored."""

    id: UUID
    status: str
    summary: list[SummaryDataPoint]
    signals_count: int
    made_of: bytes
    created_at: datetime
    updated_at: datetime


async def begin(
    connection: Connection,
    summary_id: UUID,
    organisation_id: UUID,
    company_id: UUID,
    signals_count: int,
    made_of: bytes,
    longest: timedelta,
) -> bool:
    """Begin a summary; False while another is being made. One that takes longer than ``longest`` has failed."""
    await connection.execute(
        """
        update summaries set status = 'failed', updated_at = now()
        where organisation_id = $1 and company_id = $2 and status = 'processing'
          and created_at < now() - $3::interval
        """,
        organisation_id,
        company_id,
        longest,
    )
    tag = await connection.execute(
        """
        insert into summaries (id, organisation_id, company_id, signals_count, made_of)
        values ($1, $2, $3, $4, $5)
        on conflict (organisation_id, company_id) where status = 'processing' do nothing
        """,
        summary_id,
        organisation_id,
        company_id,
        signals_count,
        made_of,
    )
    return tag != "INSERT 0 0"


async def end(
    connection: Connection,
    organisation_id: UUID,
    summary_id: UUID,
    status: str,
    summary: Sequence[SummaryDataPoint],
) -> None:
    await connection.execute(
        """
        update summaries set status = $3, summary = $4, updated_at = now()
        where id = $1 and organisation_id = $2 and status = 'processing'
        """,
        summary_id,
        organisation_id,
        status,
        storable_json(summary),
    )


async def get(connection: Connection, organisation_id: UUID, summary_id: UUID) -> Row | None:
    record = await connection.fetchrow(
        f"select {_COLUMNS} from summaries where id = $1 and organisation_id = $2",  # noqa: S608
        summary_id,
        organisation_id,
    )
    return _row(record) if record is not None else None


async def newest(connection: Connection, organisation_id: UUID, company_id: UUID) -> Row | None:
    """The newest that was completed."""
    record = await connection.fetchrow(
        f"""
        select {_COLUMNS} from summaries
        where organisation_id = $1 and company_id = $2 and status = 'completed'
        order by created_at desc, id desc limit 1
        """,  # noqa: S608
        organisation_id,
        company_id,
    )
    return _row(record) if record is not None else None


async def page(
    connection: Connection, organisation_id: UUID, company_id: UUID, limit: int, offset: int
) -> tuple[list[Row], int]:
    """Newest first, and how many there are in all."""
    total: int = await connection.fetchval(
        "select count(*) from summaries where organisation_id = $1 and company_id = $2",
        organisation_id,
        company_id,
    )
    records = await connection.fetch(
        f"""
        select {_COLUMNS} from summaries where organisation_id = $1 and company_id = $2
        order by created_at desc, id desc limit $3 offset $4
        """,  # noqa: S608
        organisation_id,
        company_id,
        limit,
        min(offset, MOST_OFFSET),
    )
    return [_row(record) for record in records], total


# ------------------------------------------------------------------ wishes


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A summary that is to be made once these signals are finished."""

    id: UUID
    organisation_id: UUID
    domain: str
    signal_ids: list[UUID]


async def add_wishes(connection: Connection, wishes: Sequence[Wish]) -> None:
    await connection.executemany(
        "insert into summary_wishes (id, organisation_id, domain, signal_ids) values ($1, $2, $3, $4)",
        [(one.id, one.organisation_id, one.domain, one.signal_ids) for one in wishes],
    )


async def wish(connection: Connection, wish_id: UUID) -> Wish | None:
    """For who holds its work item."""
    record = await connection.fetchrow(
        "select id, organisation_id, domain, signal_ids from summary_wishes where id = $1", wish_id
    )
    return Wish(**dict(record.items())) if record is not None else None


async def forget_wish(connection: Connection, wish_id: UUID) -> None:
    await connection.execute("delete from summary_wishes where id = $1", wish_id)


def _row(record: Any) -> Row:
    found = dict(record.items())
    found["summary"] = msgspec.json.decode(found["summary"], type=list[SummaryDataPoint])
    return Row(**found)
