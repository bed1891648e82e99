"""Summaries over HTTP (contract section 23)."""

from __future__ import annotations

from typing import Protocol

from leadline.summaries.schemas import (
    GenerateSummaryRequest,
    SummariesQuery,
    SummariesResponse,
    SummaryResponse,
)
from leadline.summaries.service import SummaryService
from leadline.wire.answers import Reply
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations

ALL = "/v1/companies/signals/summaries"


class Needs(Protocol):
    @property
    def summaries(self) -> SummaryService: ...


class ListCall(Call):
    query: SummariesQuery


class GenerateCall(Call):
    body: GenerateSummaryRequest


operations = Operations[Needs]("Signal Summaries")


@operations.get(
    ALL,
    id="getSignalSummaries",
    summary="List summaries of a domain",
    answers={200: Answer("Newest first.", SummariesResponse)},
    errors=(400,),
)
async def list_summaries(needs: Needs, call: ListCall) -> SummariesResponse:
    query = call.query
    rows, total = await needs.summaries.page(
        call.caller.organisation_id, query.domain, query.limit, query.offset
    )
    return SummariesResponse.of(rows, total, query.limit, query.offset)


@operations.post(
    ALL,
    id="generateSignalSummary",
    summary="Summarise all finished signals of a domain",
    answers={
        200: Answer("New summary, or the last one when nothing is new.", SummaryResponse),
        204: Answer("No finished signals."),
    },
    errors=(400, 402, 409),
    charge="Nothing.",
)
async def generate_summary(needs: Needs, call: GenerateCall) -> Reply:
    points = await needs.summaries.generate(call.caller.organisation_id, call.body.domain)
    return Reply(204) if points is None else Reply(200, SummaryResponse(points))
