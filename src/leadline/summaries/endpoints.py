"""Summaries over HTTP (contract section 23)."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from leadline.summaries.schemas import (
    GenerateSummaryRequest,
    SummariesQuery,
    SummariesResponse,
    SummaryDataPoint,
    SummaryResponse,
)
from leadline.summaries.service import SummaryService
from leadline.wire.answers import Accepted, Reply
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


async def _write(needs: Needs, call: GenerateCall, summary_id: str, again: bool) -> Reply:
    organisation_id = call.caller.organisation_id
    if again:
        written = await needs.summaries.written(organisation_id, UUID(summary_id))
        if written is None:
            return _reply(await needs.summaries.generate(organisation_id, call.body.domain))
        return _reply(written)
    return _reply(await needs.summaries.write(organisation_id, UUID(summary_id), call.body.domain))


def _reply(points: list[SummaryDataPoint] | None) -> Reply:
    return Reply(204) if points is None else Reply(200, SummaryResponse(points))


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
    then=_write,
)
async def generate_summary(needs: Needs, call: GenerateCall) -> Reply | Accepted:
    begun = await needs.summaries.begin(call.caller.organisation_id, call.body.domain)
    return Accepted(str(begun), final=True) if isinstance(begun, UUID) else _reply(begun)
