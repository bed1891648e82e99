"""SQL of company lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from leadline.companies.schemas import CompanyListFilter
from leadline.foundation.database import Connection, storable_json
from leadline.wire.pages import MOST_OFFSET

_COLUMNS = "id, name, filter, created_at, updated_at"
_FILTER = msgspec.json.Decoder(CompanyListFilter)


class Row(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    filter: CompanyListFilter
    created_at: datetime
    updated_at: datetime


def _row(record: Any) -> Row:
    return Row(
        record["id"],
        record["name"],
        _FILTER.decode(record["filter"]),
        record["created_at"],
        record["updated_at"],
    )


async def add(
    connection: Connection, list_id: UUID, organisation_id: UUID, name: str, kept: CompanyListFilter
) -> Row:
    record = await connection.fetchrow(
        f"""
        insert into company_lists (id, organisation_id, name, filter) values ($1, $2, $3, $4) returning {_COLUMNS}
        """,  # noqa: S608
        list_id,
        organisation_id,
        name,
        storable_json(kept),
    )
    return _row(record)


async def get(connection: Connection, organisation_id: UUID, list_id: UUID) -> Row | None:
    record = await connection.fetchrow(
        f"""
        select {_COLUMNS} from company_lists where organisation_id = $1 and id = $2 and deleted_at is null
        """,  # noqa: S608
        organisation_id,
        list_id,
    )
    return _row(record) if record is not None else None


async def page(
    connection: Connection, organisation_id: UUID, limit: int, offset: int
) -> tuple[list[Row], int]:
    """Those made last first, and how many there are."""
    records = await connection.fetch(
        f"""
        with found as (
            select {_COLUMNS} from company_lists where organisation_id = $1 and deleted_at is null
        )
        select counted.total, found.* from (select count(*) as total from found) counted
        left join lateral (select * from found order by id desc limit $2 offset $3) found on true
        order by found.id desc
        """,  # noqa: S608
        organisation_id,
        limit,
        min(offset, MOST_OFFSET),
    )
    return [_row(record) for record in records if record["id"] is not None], records[0]["total"]


async def change(
    connection: Connection,
    organisation_id: UUID,
    list_id: UUID,
    name: str | None,
    kept: CompanyListFilter | None,
) -> Row | None:
    """None as name or filter leaves what was; None when there is no such list."""
    record = await connection.fetchrow(
        f"""
        update company_lists set name = coalesce($3, name), filter = coalesce($4, filter), updated_at = now()
        where organisation_id = $1 and id = $2 and deleted_at is null returning {_COLUMNS}
        """,  # noqa: S608
        organisation_id,
        list_id,
        name,
        storable_json(kept) if kept is not None else None,
    )
    return _row(record) if record is not None else None


async def delete(connection: Connection, organisation_id: UUID, list_id: UUID) -> bool:
    found = await connection.fetchval(
        """
        update company_lists set deleted_at = now()
        where organisation_id = $1 and id = $2 and deleted_at is null returning true
        """,
        organisation_id,
        list_id,
    )
    return found is not None
