"""SQL of labels. Every query is scoped to an organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, storable_json
from leadline.labels.schemas import Verdict
from leadline.wire.pages import MOST_OFFSET

_COLUMNS = "signal_id, verdict, expected::text as expected, note, reader, confidence, labelled_at"


class Row(NamedTuple):
    """A label as stored."""

    signal_id: UUID
    verdict: Verdict
    expected: Any
    note: str | None
    reader: str
    confidence: float | None
    labelled_at: datetime
    previous: Verdict | None = None  # of the label whose place it took, where it was put just now


class New(NamedTuple):
    """A label to store. ``expected`` and ``note`` None: not said."""

    signal_id: UUID
    verdict: Verdict
    expected: Any
    note: str | None
    reader: str
    confidence: float | None


async def put(connection: Connection, organisation_id: UUID, new: New) -> Row:
    """In place of the one before."""
    row = await connection.fetchrow(
        f"""
        with before as (select verdict from labels where organisation_id = $1 and signal_id = $2)
        insert into labels (organisation_id, signal_id, verdict, expected, note, reader, confidence)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (signal_id) do update set verdict = excluded.verdict, expected = excluded.expected,
            note = excluded.note, labelled_at = now()
        returning {_COLUMNS}, (select verdict from before) as previous
        """,  # noqa: S608
        organisation_id,
        new.signal_id,
        new.verdict,
        storable_json(new.expected) if new.expected is not None else None,
        new.note,
        new.reader,
        new.confidence,
    )
    return _row(row)._replace(previous=row["previous"])


async def remove(connection: Connection, organisation_id: UUID, signal_id: UUID) -> bool:
    """False when there was none."""
    removed = await connection.fetchval(
        "delete from labels where organisation_id = $1 and signal_id = $2 returning true",
        organisation_id,
        signal_id,
    )
    return removed is not None


async def page(
    connection: Connection, organisation_id: UUID, verdict: Verdict | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """The newest first, and how many there are in all."""
    where = "organisation_id = $1 and ($2::text is null or verdict = $2)"
    total: int = await connection.fetchval(
        f"select count(*) from labels where {where}",  # noqa: S608
        organisation_id,
        verdict,
    )
    rows = await connection.fetch(
        f"""
        select {_COLUMNS} from labels where {where}
        order by labelled_at desc, signal_id desc limit $3 offset $4
        """,  # noqa: S608
        organisation_id,
        verdict,
        limit,
        min(offset, MOST_OFFSET),
    )
    return [_row(row) for row in rows], total


async def of_given(connection: Connection, organisation_id: UUID, reader: str | None) -> list[Row]:
    """The labels of answers that were found, of one reader or of all, the oldest first."""
    rows = await connection.fetch(
        f"""
        select {_COLUMNS} from labels
        where organisation_id = $1 and confidence is not null and ($2::text is null or reader = $2)
        order by labelled_at, signal_id
        """,  # noqa: S608
        organisation_id,
        reader,
    )
    return [_row(row) for row in rows]


async def overwrite(connection: Connection, organisation_id: UUID, name: str) -> int:
    """Overwrite what a pattern finds in labels; returns in how many."""
    rows = await connection.fetch(
        """
        update labels set expected = regexp_replace(expected::text, $2, '███', 'gi')::jsonb,
                          note = regexp_replace(note, $2, '███', 'gi')
        where organisation_id = $1 and (expected::text ~* $2 or note ~* $2) returning 1
        """,
        organisation_id,
        name,
    )
    return len(rows)


async def naming(connection: Connection, organisation_id: UUID, name: str) -> Sequence[Row]:
    rows = await connection.fetch(
        f"select {_COLUMNS} from labels where organisation_id = $1 and (expected::text ~* $2 or note ~* $2)",  # noqa: S608
        organisation_id,
        name,
    )
    return [_row(row) for row in rows]


def _row(record: Any) -> Row:
    expected = record["expected"]
    return Row(
        record["signal_id"],
        record["verdict"],
        msgspec.json.decode(expected) if expected is not None else None,
        record["note"],
        record["reader"],
        record["confidence"],
        record["labelled_at"],
    )
