"""Company signals over HTTP: bodies in, answers out; every decision is the signals room's."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from msgspec import UNSET

from leadline.accounts.schemas import Caller
from leadline.api import operations, schemas
from leadline.api.answers import encoded, json_answer
from leadline.api.reading import read_body, read_headers, read_members, read_query
from leadline.foundation.database import Connection
from leadline.foundation.errors import (
    BadRequest,
    FieldError,
    InvalidInput,
    NotFound,
    Unauthorized,
    WaitTimedOut,
)
from leadline.foundation.waiter import Waiter
from leadline.signals import views
from leadline.signals.schemas import SignalRequest, to_wire
from leadline.signals.service import SignalService
from leadline.signals.views import SignalQuery, View

AnyRequest = Request[Any, Any, Any]


class SignalEndpoints:
    """The four operations on company signals."""

    def __init__(self, signals: SignalService, reading: Connection, waiter: Waiter) -> None:
        """``reading`` runs statements that only look."""
        self._signals = signals
        self._waiter = waiter
        self._reading = reading

    def routes(self) -> list[HTTPRouteHandler]:
        async def list_signals(request: AnyRequest) -> ASGIResponse:
            return await self._list(request)

        async def create_signal(request: AnyRequest) -> ASGIResponse:
            return await self._create(request)

        async def create_signal_sync(request: AnyRequest) -> ASGIResponse:
            return await self._create_sync(request)

        async def get_signal(request: AnyRequest) -> ASGIResponse:
            return await self._get(request)

        return [
            operations.LIST_SIGNALS.route(list_signals),
            operations.CREATE_SIGNAL.route(create_signal),
            operations.CREATE_SIGNAL_SYNC.route(create_signal_sync),
            operations.GET_SIGNAL.route(get_signal),
        ]

    async def _get(self, request: AnyRequest) -> ASGIResponse:
        view = await self._view(caller_of(request), request.scope["path_params"]["signal_id"])
        return json_answer(view.body)

    async def _list(self, request: AnyRequest) -> ASGIResponse:
        given = read_query(schemas.ListSignalsQuery, request.scope["query_string"])
        query, wrong = read_members(schemas.ListSignalsQuery, given, strict=False)
        if query is None:
            raise BadRequest("; ".join(_sentence(w) for w in wrong))
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
        body = await views.read_page(self._reading, caller_of(request).organisation_id, page)
        return json_answer(body)

    async def _create(self, request: AnyRequest) -> ASGIResponse:
        question = _signal_request(read_body(await request.body()))
        caller = caller_of(request)
        row, _ = await self._signals.accept(
            caller.organisation_id, question, key_id=caller.key_id, spend_cap=caller.spend_cap
        )
        return encoded(to_wire(row.signal), 201)

    async def _create_sync(self, request: AnyRequest) -> ASGIResponse:
        caller = caller_of(request)
        headers, wrong = _sync_headers(request)
        question = _signal_request(read_body(await request.body()), wrong)
        row, _ = await self._signals.accept(
            caller.organisation_id,
            question,
            key_id=caller.key_id,
            spend_cap=caller.spend_cap,
            awaited=True,
        )
        signal_id = row.signal.id
        view = await self._wait(request, caller, signal_id, headers.timeout_sec or caller.sync_timeout)
        if view is not None:
            return json_answer(view.body)
        if headers.timeout_error == "true":
            raise WaitTimedOut(
                "The answer was not ready in time; the work goes on. Read the signal by its id.",
                details={"signalId": signal_id},
            )
        view = await self._view(caller, signal_id)
        return json_answer(view.body, 200 if view.finished else 202)

    async def _wait(self, request: AnyRequest, caller: Caller, signal_id: str, seconds: float) -> View | None:
        """The finished signal; None when time is up or the client has hung up. The work goes on anyway."""

        async def look() -> View | None:
            view = await self._view(caller, signal_id)
            return view if view.finished else None

        finished = asyncio.ensure_future(self._waiter.wait(signal_id, look, seconds))
        gone = asyncio.ensure_future(_hung_up(request))
        try:
            await asyncio.wait({finished, gone}, return_when=asyncio.FIRST_COMPLETED)
            return finished.result() if finished.done() else None
        finally:
            finished.cancel()
            gone.cancel()

    async def _view(self, caller: Caller, signal_id: str) -> View:
        view = None
        if schemas.is_signal_id(signal_id):
            view = await views.read(self._reading, caller.organisation_id, UUID(signal_id))
        if view is None:
            raise NotFound("Signal not found or access denied")
        return view


def caller_of(request: AnyRequest) -> Caller:
    """Whose request this is. Raises Unauthorized if the door took the path for a public one."""
    caller: Caller | None = request.scope["leadline"].caller  # type: ignore[typeddict-item]
    if caller is None:
        raise Unauthorized
    return caller


async def _hung_up(request: AnyRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _sync_headers(request: AnyRequest) -> tuple[schemas.SyncHeaders, list[FieldError]]:
    given = read_headers(schemas.SyncHeaders, request.scope["headers"])
    if given.get("X-Sbr-Timeout-Sec") == "0":  # what one client sends for a field left alone
        del given["X-Sbr-Timeout-Sec"]
    headers, wrong = read_members(schemas.SyncHeaders, given, strict=False)
    return headers or schemas.SyncHeaders(), wrong


def _signal_request(body: dict[str, Any], wrong: list[FieldError] | None = None) -> SignalRequest:
    """What is asked. Raises InvalidInput for this and what else was ``wrong``, NotFound for a template."""
    given, also_wrong = read_members(schemas.CreateCompanySignalRequest, body, strict=True)
    wrong = [*(wrong or ()), *also_wrong]
    if "question" not in body and "signalTemplateId" not in body:
        wrong.append(FieldError("question", "is required, unless signalTemplateId is sent"))
    if given is not None and given.webhook_url and not _callable(given.webhook_url):
        must = f"must be an http or https address of at most {schemas.MAX_URL} characters"
        wrong.append(FieldError("webhookUrl", must))
    if wrong or given is None:
        raise InvalidInput(*wrong, message="; ".join(_sentence(w) for w in wrong))
    if given.signal_template_id is not UNSET:
        raise NotFound("Signal template not found or access denied")
    return SignalRequest(
        domain=given.domain,
        question=given.question or "",
        answer_type=given.answer_type,
        output_schema=given.output_schema or None,
        verification_mode=given.verification_mode,
        force_refresh=given.force_refresh,
        webhook_url=given.webhook_url or None,
    )


def _callable(url: str) -> bool:
    """Whether this is an address that a webhook can be sent to, as far as its spelling tells."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and parts.username is None
        and port != 0
        and url.isascii()
        and all(33 <= ord(character) < 127 for character in url)
    )


def _sentence(wrong: FieldError) -> str:
    return wrong.message if wrong.message.startswith("'") else f"'{wrong.field}' {wrong.message}"
