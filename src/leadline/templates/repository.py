"""SQL of templates and their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, storable_json
from leadline.wire.pages import MOST_OFFSET

_COLUMNS = """
    id, version, organisation_id, name, description, question, answer_type, output_schema, weight,
    qualification_criteria, created_by, created_at, deleted_at
"""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a template."""

    id: UUID
    version: int
    organisation_id: UUID
    name: str
    description: str | None
    question: str
    answer_type: str
    output_schema: dict[str, Any] | None
    weight: str
    qualification_criteria: dict[str, Any] | None
    created_by: str
    created_at: datetime
    deleted_at: datetime | None = None


def _row(record: Any) -> Row:
    def decoded(name: str) -> Any:
        return msgspec.json.decode(record[name]) if record[name] is not None else None

    members = dict(record) | {name: decoded(name) for name in ("output_schema", "qualification_criteria")}
    return Row(**{name: members[name] for name in Row.__struct_fields__})


async def newest(
    connection: Connection, organisation_id: UUID, template_id: UUID, *, locked: bool = False
) -> Row | None:
    """The newest version, deleted or not; ``locked`` until the transaction ends."""
    record = await connection.fetchrow(
        f"""
        select {_COLUMNS} from signal_templates where organisation_id = $1 and id = $2 and newest
        {"for update" if locked else ""}
        """,  # noqa: S608
        organisation_id,
        template_id,
    )
    return _row(record) if record is not None else None


async def page(
    connection: Connection, organisation_id: UUID, limit: int, offset: int, *, deleted: bool
) -> tuple[list[Row], int]:
    """The newest versions, those made last first, and how many there are; with ``deleted`` ones or without."""
    rows = await connection.fetch(
        f"""
        with found as (
            select {_COLUMNS} from signal_templates
            where organisation_id = $1 and newest and ($4 or deleted_at is null)
        )
        select counted.total, found.* from (select count(*) as total from found) counted
        left join lateral (select * from found order by id desc limit $2 offset $3) found on true
        order by found.id desc
        """,  # noqa: S608
        organisation_id,
        limit,
        min(offset, MOST_OFFSET),
        deleted,
    )
    return [_row(row) for row in rows if row["id"] is not None], rows[0]["total"]


async def add(connection: Connection, row: Row) -> datetime:
    """Keep a version, the newest from now on; returns the moment."""
    await connection.execute(
        "update signal_templates set newest = false where organisation_id = $1 and id = $2 and newest",
        row.organisation_id,
        row.id,
    )
    kept: datetime = await connection.fetchval(
        """
        insert into signal_templates (id, version, organisation_id, name, description, question, answer_type,
                                      output_schema, weight, qualification_criteria, created_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning created_at
        """,
        row.id,
        row.version,
        row.organisation_id,
        row.name,
        row.description,
        row.question,
        row.answer_type,
        storable_json(row.output_schema) if row.output_schema is not None else None,
        row.weight,
        storable_json(row.qualification_criteria) if row.qualification_criteria is not None else None,
        row.created_by,
    )
    return kept


async def delete(connection: Connection, organisation_id: UUID, template_id: UUID) -> bool:
    """Mark it deleted, from the first time on; False when there is none."""
    found = await connection.fetchval(
        """
        update signal_templates set deleted_at = coalesce(deleted_at, now())
        where organisation_id = $1 and id = $2 and newest returning true
        """,
        organisation_id,
        template_id,
    )
    return found is not None
