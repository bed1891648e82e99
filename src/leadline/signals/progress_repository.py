"""SQL of what running signals tell, for those that somebody watches: for who knows that the signal is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, storable_json


class Told(NamedTuple):
    """One thing that a running signal told. ``at`` is None where the database's clock is to say."""

    signal_id: UUID
    step: str
    detail: str
    facts: dict[str, Any]
    at: datetime
    id: int = 0


async def watch(connection: Connection, signal_id: UUID, seconds: float) -> None:
    """Have a running signal tell what it does, for as long."""
    await connection.execute(
        """
        insert into signal_watches (signal_id, until) values ($1, now() + $2::interval)
        on conflict (signal_id) do update set until = greatest(signal_watches.until, excluded.until)
        """,
        signal_id,
        timedelta(seconds=seconds),
    )


async def watched(connection: Connection, signal_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the signals that somebody watches."""
    rows = await connection.fetch(
        "select signal_id from signal_watches where signal_id = any($1::uuid[]) and until > now()", signal_ids
    )
    return {row["signal_id"] for row in rows}


async def tell(connection: Connection, told: Sequence[Told]) -> None:
    await connection.execute(
        """
        insert into signal_progress (signal_id, step, detail, facts, told_at)
        select n.* from unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::timestamptz[]) as n
        """,
        [one.signal_id for one in told],
        [one.step for one in told],
        [one.detail for one in told],
        [storable_json(one.facts) for one in told],
        [one.at for one in told],
    )


async def told_after(connection: Connection, signal_id: UUID, after: int) -> list[Told]:
    """In their order."""
    rows = await connection.fetch(
        """
        select id, step, detail, facts, told_at from signal_progress
        where signal_id = $1 and id > $2 order by id
        """,
        signal_id,
        after,
    )
    return [
        Told(signal_id, r["step"], r["detail"], msgspec.json.decode(r["facts"]), r["told_at"], r["id"])
        for r in rows
    ]


async def prune(connection: Connection, older_than: timedelta) -> None:
    """Forget what was told, and who watched, before that."""
    await connection.execute("delete from signal_progress where told_at < now() - $1::interval", older_than)
    await connection.execute("delete from signal_watches where until < now() - $1::interval", older_than)
