"""Company signals over HTTP (contract sections 5 to 10)."""

from __future__ import annotations

from uuid import UUID

from msgspec import UNSET, Raw

from leadline.signals import views
from leadline.signals.proving import ExportedProof
from leadline.signals.replies import CHARGE, Needs, accept, request_of, see_through, view
from leadline.signals.schemas import (
    CreateCompanySignalRequest,
    ListSignalsQuery,
    SignalDetailResponse,
    SignalListResponse,
    SignalPath,
    SignalResponse,
    SyncHeaders,
)
from leadline.signals.views import SignalQuery
from leadline.wire.answers import Accepted
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations


class ListCall(Call):
    query: ListSignalsQuery


class CreateCall(Call):
    body: CreateCompanySignalRequest


class SyncCall(CreateCall):
    headers: SyncHeaders


class GetCall(Call):
    path: SignalPath


operations = Operations[Needs]("Company Signals")


@operations.get(
    "/v1/companies/signals",
    id="listSignals",
    summary="List company signals",
    answers={200: Answer("Newest first by creation time.", SignalListResponse)},
    errors=(400,),
)
async def list_signals(needs: Needs, call: ListCall) -> Raw:
    query = call.query
    page = SignalQuery(
        domain=query.domain or None,
        company_id=None if query.company_id is UNSET else query.company_id,
        subscription_id=query.subscription_id or None,
        statuses=tuple(query.status or ()),
        since=query.from_date or None,
        until=query.to_date or None,
        limit=query.limit,
        offset=query.offset,
    )
    return Raw(await views.read_page(needs.database.repeatable, call.caller.organisation_id, page))


@operations.post(
    "/v1/companies/signals",
    id="createSignal",
    summary="Queue a company signal",
    answers={201: Answer("Accepted.", SignalResponse)},
    errors=(400, 402, 404, 422),
    charge=CHARGE,
)
async def create_signal(needs: Needs, call: CreateCall) -> Raw:
    signal_id = await _accept(needs, call, awaited=False)
    return Raw((await view(needs, call, signal_id, "COMPANY")).body)


@operations.post(
    "/v1/companies/signals/sync",
    id="createCompanySignalSync",
    summary="Run a company signal and wait for it",
    answers={
        200: Answer("Finished (completed or failed), or served from cache.", SignalDetailResponse),
        202: Answer("Time was up; still processing.", SignalDetailResponse),
    },
    errors=(400, 402, 404, 408, 422),
    charge=CHARGE,
    then=see_through("COMPANY"),
)
async def create_signal_sync(needs: Needs, call: SyncCall) -> Accepted:
    return Accepted(str(await _accept(needs, call, awaited=True)))


@operations.get(
    "/v1/companies/signals/{signalId}",
    id="getSignal",
    summary="Read one company signal",
    answers={200: Answer("The signal.", SignalDetailResponse)},
    errors=(404,),
    flat=(404,),
)
async def get_signal(needs: Needs, call: GetCall) -> Raw:
    return Raw((await view(needs, call, UUID(call.path.signal_id), "COMPANY")).body)


@operations.get(
    "/v1/companies/signals/{signalId}/proof",
    id="getSignalProof",
    summary="Export the proof of a signal",
    answers={200: Answer("The answer with the pages it rests on, to be checked offline.", ExportedProof)},
    errors=(404,),
)
async def get_proof(needs: Needs, call: GetCall) -> ExportedProof:
    return await needs.proving.export(call.caller.organisation_id, call.path.signal_id, about="COMPANY")


async def _accept(needs: Needs, call: CreateCall, *, awaited: bool) -> UUID:
    request = request_of(call.body, domain=call.body.domain)
    return await accept(needs, call, request, call.body.signal_template_id or None, awaited=awaited)
