"""Summaries as they come in and go out (contract section 23)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

from msgspec import Meta, Struct

from leadline.signals.schemas import Source
from leadline.wire.fields import Domain, Time
from leadline.wire.pages import Offset, PageSize100, ResultsPage


class SummaryDataPoint(Struct, rename="camel", kw_only=True):
    """One thing that the answers say, with the signals and the words that it rests on."""

    description: str
    reference_questions: list[str]
    qualification: Annotated[
        str,
        Meta(
            description="Scale from disqualified to excellent; neutral without criteria.", examples=["good"]
        ),
    ]
    sources: list[Source]
    signal_ids: Annotated[list[UUID], Meta(description="The signals that it rests on.")]


class SummaryResponse(Struct):
    summary: list[SummaryDataPoint]


class SummaryRecord(Struct, rename="camel", kw_only=True):
    id: UUID
    summary: list[SummaryDataPoint]
    status: Annotated[str, Meta(examples=["completed"])]
    signals_count: Annotated[int, Meta(description="Answers that it was made of.")]
    created_at: Time
    updated_at: Time


class SummariesResponse(ResultsPage[SummaryRecord]):
    """One page of summaries."""


class SummariesQuery(Struct, kw_only=True):
    domain: Domain
    limit: PageSize100 = 20
    offset: Offset = 0


class GenerateSummaryRequest(Struct):
    example: ClassVar[dict[str, Any]] = {"domain": "example.com"}

    domain: Domain
