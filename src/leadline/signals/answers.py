"""Answers: what the completed signals of a company say, for those who make something of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection
from leadline.research.answer_types import answer_type
from leadline.signals import repository
from leadline.signals.repository import Row
from leadline.signals.schemas import SourceView


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A question and its newest answer. ``text`` is the answer in words."""

    signal_id: UUID
    question: str
    text: str
    confidence: float
    sources: tuple[SourceView, ...]


async def of_company(connection: Connection, organisation_id: UUID, company_id: UUID) -> list[Answered]:
    """The newest answer to each question that was asked about the company, the strongest first."""
    rows = await repository.newest_answers(connection, organisation_id, company_id)
    return sorted(map(_answered, rows), key=lambda one: -one.confidence)


async def completed(connection: Connection, organisation_id: UUID, company_id: UUID) -> int:
    """How many signals of the company are completed, with an answer or without."""
    return await repository.completed_of_company(connection, organisation_id, company_id)


async def unfinished(connection: Connection, organisation_id: UUID, signal_ids: Sequence[UUID]) -> bool:
    """Whether any of these signals is still being answered."""
    return await repository.any_running(connection, organisation_id, signal_ids)


def _answered(row: Row) -> Answered:
    signal = row.signal
    return Answered(
        signal_id=UUID(signal.id),
        question=signal.question,
        text=_in_words(signal.answer_type, signal.answer),
        confidence=signal.confidence or 0.0,
        sources=signal.sources,
    )


def _in_words(kind: str, answer: Any) -> str:
    text = answer_type(kind).text(answer)
    if text is None:
        return msgspec.json.encode(answer).decode()
    return ", ".join(text.split("\n"))


__all__ = ["Answered", "completed", "of_company", "unfinished"]
