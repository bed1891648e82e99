"""SQL of curves and thresholds. Every query is scoped to an organisation."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, storable_json
from leadline.research.calibration import Curve


class Rules(NamedTuple):
    """What holds for one answer; None where nothing does."""

    curve: Curve | None
    least: float | None


class Threshold(NamedTuple):
    """``template_id`` None: of all signals that have no other."""

    template_id: UUID | None
    least: float


async def rules(
    connection: Connection, organisation_id: UUID, reader: str, template_id: UUID | None
) -> Rules:
    """The template's threshold goes before the organisation's."""
    row = await connection.fetchrow(
        """
        select (select curve::text from confidence_curves where organisation_id = $1 and reader = $2) as curve,
               (select least from confidence_thresholds
                where organisation_id = $1 and (template_id is null or template_id = $3) and least is not null
                order by template_id is null limit 1) as least
        """,
        organisation_id,
        reader,
        template_id,
    )
    curve = msgspec.json.decode(row["curve"], type=Curve) if row["curve"] is not None else None
    return Rules(curve, row["least"])


async def set_curve(connection: Connection, organisation_id: UUID, reader: str, curve: Curve) -> None:
    """What was finished before it changed is not served again; the same curve once more changes nothing."""
    await connection.execute(
        """
        insert into confidence_curves as held (organisation_id, reader, curve) values ($1, $2, $3)
        on conflict (organisation_id, reader) do update set curve = excluded.curve, fitted_at = now()
        where held.curve is distinct from excluded.curve
        """,
        organisation_id,
        reader,
        storable_json(curve),
    )


async def drop_curves(connection: Connection, organisation_id: UUID, reader: str | None) -> list[str]:
    """Of this reader or of all; whose there were. The rows stay: what a curve answered is not served again."""
    dropped = await connection.fetch(
        """
        update confidence_curves set curve = null, fitted_at = now()
        where organisation_id = $1 and curve is not null and ($2::text is null or reader = $2)
        returning reader
        """,
        organisation_id,
        reader,
    )
    return sorted(row["reader"] for row in dropped)


async def thresholds(connection: Connection, organisation_id: UUID) -> list[Threshold]:
    """Those in force, the organisation's own first."""
    rows = await connection.fetch(
        """
        select template_id, least from confidence_thresholds where organisation_id = $1 and least is not null
        order by template_id nulls first
        """,
        organisation_id,
    )
    return [Threshold(row["template_id"], row["least"]) for row in rows]


async def set_threshold(
    connection: Connection, organisation_id: UUID, template_id: UUID | None, least: float | None
) -> None:
    """``least`` None: none. The row stays: what was finished before it changed is not served again."""
    await connection.execute(
        """
        insert into confidence_thresholds (organisation_id, template_id, least) values ($1, $2, $3)
        on conflict (organisation_id, template_id) do update set least = excluded.least, set_at = now()
        """,
        organisation_id,
        template_id,
        least,
    )
