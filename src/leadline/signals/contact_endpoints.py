"""Signals about people over HTTP (contract sections 5 to 10)."""

from __future__ import annotations

from uuid import UUID

from msgspec import UNSET, Raw

from leadline.foundation.errors import InvalidInput
from leadline.research.errors import InvalidQuestion
from leadline.research.people import parse_profile_address
from leadline.signals import views
from leadline.signals.proving import ExportedProof
from leadline.signals.replies import CHARGE, Needs, accept, request_of, see_through, view
from leadline.signals.schemas import (
    CreateContactSignalRequest,
    ListContactSignalsQuery,
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
    query: ListContactSignalsQuery


class CreateCall(Call):
    body: CreateContactSignalRequest


class SyncCall(CreateCall):
    headers: SyncHeaders


class GetCall(Call):
    path: SignalPath


operations = Operations[Needs]("Contact Signals")


@operations.get(
    "/v1/contacts/signals",
    id="listContactSignals",
    summary="List contact signals",
    answers={200: Answer("Newest first by creation time.", SignalListResponse)},
    errors=(400,),
)
async def list_contact_signals(needs: Needs, call: ListCall) -> Raw:
    query = call.query
    page = SignalQuery(
        subject="CONTACT",
        contact_profile_url=None
        if query.contact_profile_url is UNSET
        else _address(query.contact_profile_url),
        limit=query.limit,
        offset=query.offset,
    )
    return Raw(await views.read_page(needs.database.repeatable, call.caller.organisation_id, page))


@operations.post(
    "/v1/contacts/signals",
    id="createContactSignal",
    summary="Queue a contact signal",
    answers={201: Answer("Accepted.", SignalResponse)},
    errors=(400, 402, 404, 422),
    charge=CHARGE,
)
async def create_contact_signal(needs: Needs, call: CreateCall) -> Raw:
    signal_id = await _accept(needs, call, awaited=False)
    return Raw((await view(needs, call, signal_id, "CONTACT")).body)


@operations.post(
    "/v1/contacts/signals/sync",
    id="createContactSignalSync",
    summary="Run a contact signal and wait for it",
    answers={
        200: Answer("Finished (completed or failed), or served from cache.", SignalDetailResponse),
        202: Answer("Time was up; still processing.", SignalDetailResponse),
    },
    errors=(400, 402, 404, 408, 422),
    charge=CHARGE,
    then=see_through("CONTACT"),
)
async def create_contact_signal_sync(needs: Needs, call: SyncCall) -> Accepted:
    return Accepted(str(await _accept(needs, call, awaited=True)))


@operations.get(
    "/v1/contacts/signals/{signalId}",
    id="getContactSignal",
    summary="Read one contact signal",
    answers={200: Answer("The signal.", SignalDetailResponse)},
    errors=(404,),
    flat=(404,),
)
async def get_contact_signal(needs: Needs, call: GetCall) -> Raw:
    return Raw((await view(needs, call, UUID(call.path.signal_id), "CONTACT")).body)


@operations.get(
    "/v1/contacts/signals/{signalId}/proof",
    id="getContactSignalProof",
    summary="Export the proof of a contact signal",
    answers={200: Answer("The answer with the pages it rests on, to be checked offline.", ExportedProof)},
    errors=(404,),
)
async def get_contact_proof(needs: Needs, call: GetCall) -> ExportedProof:
    return await needs.proving.export(call.caller.organisation_id, call.path.signal_id, about="CONTACT")


async def _accept(needs: Needs, call: CreateCall, *, awaited: bool) -> UUID:
    request = request_of(call.body, contact_profile_url=call.body.contact_profile_url)
    return await accept(needs, call, request, call.body.signal_template_id or None, awaited=awaited)


def _address(text: str) -> str:
    try:
        return parse_profile_address(text).url
    except InvalidQuestion as error:
        raise InvalidInput((error.field, error.message)) from error
