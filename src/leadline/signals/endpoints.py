"""Company signals over HTTP (contract sections 5 to 10)."""

from __future__ import annotations

import asyncio
from typing import Protocol
from uuid import UUID

from msgspec import UNSET, Raw

from leadline.foundation.database import Database
from leadline.foundation.errors import NotFound, WaitTimedOut
from leadline.foundation.waiter import Waiter
from leadline.signals import views
from leadline.signals.checking import by_template
from leadline.signals.schemas import (
    CreateCompanySignalRequest,
    ListSignalsQuery,
    SignalDetailResponse,
    SignalListResponse,
    SignalPath,
    SignalRequest,
    SignalResponse,
    SyncHeaders,
)
from leadline.signals.service import SignalService
from leadline.signals.views import SignalQuery, View
from leadline.templates import service as templates
from leadline.wire.answers import Accepted, Reply
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations

CHARGE = "One signal's price for a new signal, given back if it fails; nothing for a cached or joined one."


class Needs(Protocol):
    @property
    def signals(self) -> SignalService: ...
    @property
    def waiter(self) -> Waiter: ...
    @property
    def database(self) -> Database: ...


class ListCall(Call):
    query: ListSignalsQuery


class CreateCall(Call):
    body: CreateCompanySignalRequest


class SyncCall(CreateCall):
    headers: SyncHeaders


class GetCall(Call):
    path: SignalPath


async def _see_through(needs: Needs, call: SyncCall, reference: str, _again: bool) -> Reply:
    signal_id = UUID(reference)
    view = await _wait(needs, call, signal_id, call.headers.timeout_sec or call.caller.sync_timeout)
    if view is None and call.headers.timeout_error == "true":
        raise WaitTimedOut(
            "The answer was not ready in time; the work goes on. Read the signal by its id.",
            details={"signalId": str(signal_id)},
        )
    view = view or await _view(needs, call, signal_id)
    return Reply(200 if view.finished else 202, Raw(view.body))


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
    return Raw((await _view(needs, call, signal_id)).body)


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
    then=_see_through,
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
    return Raw((await _view(needs, call, UUID(call.path.signal_id))).body)


async def _accept(needs: Needs, call: CreateCall, *, awaited: bool) -> UUID:
    """The id of the new, joined or cached signal. Raises InvalidInput, NotFound for a template,
    PaymentRequired.
    """
    body, caller = call.body, call.caller
    request = SignalRequest(
        domain=body.domain,
        question=body.question or "",
        answer_type=body.answer_type,
        output_schema=body.output_schema or None,
        verification_mode=body.verification_mode,
        force_refresh=body.force_refresh,
        webhook_url=body.webhook_url or None,
    )
    if body.signal_template_id:
        database = needs.database.repeatable
        kept = await templates.kept(database, caller.organisation_id, body.signal_template_id)
        request = by_template(request, kept)
    row, _ = await needs.signals.accept(
        caller.organisation_id, request, key_id=caller.key_id, spend_cap=caller.spend_cap, awaited=awaited
    )
    return UUID(row.signal.id)


async def _view(needs: Needs, call: Call, signal_id: UUID) -> View:
    view = await views.read(needs.database.repeatable, call.caller.organisation_id, signal_id)
    if view is None:
        raise NotFound("Signal not found or access denied")
    return view


async def _wait(needs: Needs, call: Call, signal_id: UUID, seconds: float) -> View | None:
    """The finished signal; None when time is up or the client has hung up. The work goes on anyway."""

    async def look() -> View | None:
        view = await _view(needs, call, signal_id)
        return view if view.finished else None

    finished = asyncio.ensure_future(needs.waiter.wait(str(signal_id), look, seconds))
    gone = asyncio.ensure_future(call.disconnected())
    try:
        await asyncio.wait({finished, gone}, return_when=asyncio.FIRST_COMPLETED)
        return finished.result() if finished.done() else None
    finally:
        finished.cancel()
        gone.cancel()
