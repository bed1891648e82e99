"""The newest answers by template and company, as tables show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from leadline.foundation.database import Connection
from leadline.research.answer_types import answer_type
from leadline.signals import repository
from leadline.wire.fields import wire_time


class Latest(NamedTuple):
    """One answer in words, its first quote, and when it was given. ``value`` is None where there was none."""

    value: str | None
    confidence: float | None
    quote: str | None
    address: str | None
    date: str | None


async def newest_by_template(
    connection: Connection, organisation_id: UUID, template_ids: Sequence[UUID], company_ids: Sequence[UUID]
) -> dict[tuple[UUID, UUID], Latest]:
    """By template and company; what was never asked is not there."""
    if not template_ids or not company_ids:
        return {}
    rows = await repository.newest_by_template(connection, organisation_id, template_ids, company_ids)
    found = {}
    for key, row in rows.items():
        signal = row.signal
        source = signal.sources[0] if signal.sources else None
        found[key] = Latest(
            answer_type(signal.answer_type).text(signal.answer) if signal.answer is not None else None,
            signal.confidence,
            source.snippet if source is not None else None,
            source.url if source is not None else None,
            wire_time(signal.completed_at) if signal.completed_at is not None else None,
        )
    return found
