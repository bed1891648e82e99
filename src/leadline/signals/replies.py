"""What signals about companies and about people have in common over HTTP (contract sections 5 to 10)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import UUID

from msgspec import Raw

from leadline.foundation.database import Database
from leadline.foundation.errors import NotFound, WaitTimedOut
from leadline.foundation.waiter import Waiter
from leadline.signals import views
from leadline.signals.checking import by_template
from leadline.signals.proving import Proving
from leadline.signals.schemas import (
    ConnectorsConfig,
    CreateCompanySignalRequest,
    CreateContactSignalRequest,
    SignalRequest,
)
from leadline.signals.service import SignalService
from leadline.signals.snapshots import Snapshots
from leadline.signals.views import Subject, View
from leadline.templates import service as templates
from leadline.wire.answers import Reply
from leadline.wire.calls import Call

CHARGE = "One signal's price for a new signal, given back if it fails; nothing for a cached or joined one."


class Needs(Protocol):
    @property
    def signals(self) -> SignalService: ...
    @property
    def proving(self) -> Proving: ...
    @property
    def snapshots(self) -> Snapshots: ...
    @property
    def waiter(self) -> Waiter: ...
    @property
    def database(self) -> Database: ...


def request_of(
    body: CreateCompanySignalRequest | CreateContactSignalRequest,
    *,
    domain: str = "",
    contact_profile_url: str | None = None,
) -> SignalRequest:
    """The question of a body, about this subject."""
    return SignalRequest(
        domain=domain,
        contact_profile_url=contact_profile_url,
        question=body.question or "",
        answer_type=body.answer_type,
        output_schema=body.output_schema or None,
        verification_mode=body.verification_mode,
        force_refresh=body.force_refresh,
        webhook_url=body.webhook_url or None,
        sales_navigator=_switch(body.connectors or None),
    )


def _switch(connectors: ConnectorsConfig | None) -> str:
    switch = connectors.sales_navigator or None if connectors is not None else None
    return switch.enabled or "auto" if switch is not None else "auto"


async def accept(
    needs: Needs, call: Call, request: SignalRequest, template_id: UUID | None, *, awaited: bool
) -> UUID:
    """The id of the new, joined or cached signal. Raises InvalidInput, NotFound for a template,
    PaymentRequired.
    """
    caller = call.caller
    if template_id is not None:
        kept = await templates.kept(needs.database.repeatable, caller.organisation_id, template_id)
        request = by_template(request, kept)
    row, _ = await needs.signals.accept(
        caller.organisation_id, request, key_id=caller.key_id, spend_cap=caller.spend_cap, awaited=awaited
    )
    return UUID(row.signal.id)


async def view(needs: Needs, call: Call, signal_id: UUID, subject: Subject) -> View:
    """The caller's signal about such a subject. Raises NotFound."""
    found = await views.read(needs.database.repeatable, call.caller.organisation_id, signal_id, subject)
    if found is None:
        raise NotFound("Signal not found or access denied")
    return found


def see_through(subject: Subject) -> Callable[[Needs, Any, str, bool], Awaitable[Reply]]:
    """What answers a synchronous request: the finished signal or, when time is up, the running one.

    Raises WaitTimedOut where the caller wants that.
    """

    async def see_through(needs: Needs, call: Any, reference: str, _: bool) -> Reply:
        signal_id, headers = UUID(reference), call.headers
        seconds = headers.timeout_sec or call.caller.sync_timeout
        found = await _wait(needs, call, signal_id, subject, seconds)
        if found is None and headers.timeout_error == "true":
            raise WaitTimedOut(
                "The answer was not ready in time; the work goes on. Read the signal by its id.",
                details={"signalId": reference},
            )
        found = found or await view(needs, call, signal_id, subject)
        return Reply(200 if found.finished else 202, Raw(found.body))

    return see_through


async def _wait(needs: Needs, call: Call, signal_id: UUID, subject: Subject, seconds: float) -> View | None:
    """The finished signal; None when time is up or the client has hung up. The work goes on anyway."""

    async def look() -> View | None:
        seen = await view(needs, call, signal_id, subject)
        return seen if seen.finished else None

    finished = asyncio.ensure_future(needs.waiter.wait(str(signal_id), look, seconds))
    gone = asyncio.ensure_future(call.disconnected())
    try:
        await asyncio.wait({finished, gone}, return_when=asyncio.FIRST_COMPLETED)
        return finished.result() if finished.done() else None
    finally:
        finished.cancel()
        gone.cancel()


__all__ = ["CHARGE", "Needs", "accept", "request_of", "see_through", "view"]
