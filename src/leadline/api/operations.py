"""The operations of the API, as data: routes and the OpenAPI document are both made from these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple

from litestar import Request, get, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from msgspec import Struct

from leadline.api import schemas

MEDIA_TYPE_YAML = "application/yaml"
Endpoint = Callable[[Request[Any, Any, Any]], Awaitable[ASGIResponse]]


class Answer(NamedTuple):
    """One documented answer; ``type`` None means YAML text."""

    description: str
    type: type[Struct] | None


class Operation(NamedTuple):
    """One operation. ``errors`` are its statuses beyond 401, 429 and 500, which all but public ones have."""

    id: str
    method: Literal["GET", "POST"]
    path: str
    tag: str
    summary: str
    answers: dict[int, Answer]
    errors: tuple[int, ...] = ()
    query: type[Struct] | None = None
    headers: type[Struct] | None = None
    place: type[Struct] | None = None
    body: type[Struct] | None = None
    public: bool = False

    @property
    def template(self) -> str:
        """The path as the router writes it."""
        return self.path.replace("{signalId}", "{signal_id:str}")

    def route(self, endpoint: Endpoint) -> HTTPRouteHandler:
        """A route that answers this operation with ``endpoint``."""
        decorate = get if self.method == "GET" else post
        return decorate(self.template, name=self.id, include_in_schema=False)(endpoint)


_SIGNALS = "Company Signals"
_ACCOUNT = "Account"

LIST_SIGNALS = Operation(
    id="listSignals",
    method="GET",
    path="/v1/companies/signals",
    tag=_SIGNALS,
    summary="List company signals",
    answers={200: Answer("Newest first by creation time.", schemas.SignalListResponse)},
    errors=(400,),
    query=schemas.ListSignalsQuery,
)
CREATE_SIGNAL = Operation(
    id="createSignal",
    method="POST",
    path="/v1/companies/signals",
    tag=_SIGNALS,
    summary="Queue a company signal",
    answers={201: Answer("Accepted.", schemas.SignalResponse)},
    errors=(400, 402, 404, 422),
    body=schemas.CreateCompanySignalRequest,
)
CREATE_SIGNAL_SYNC = Operation(
    id="createCompanySignalSync",
    method="POST",
    path="/v1/companies/signals/sync",
    tag=_SIGNALS,
    summary="Run a company signal and wait for it",
    answers={
        200: Answer("Finished (completed or failed), or served from cache.", schemas.SignalDetailResponse),
        202: Answer("Time was up; still processing.", schemas.SignalDetailResponse),
    },
    errors=(400, 402, 404, 408, 422),
    headers=schemas.SyncHeaders,
    body=schemas.CreateCompanySignalRequest,
)
GET_SIGNAL = Operation(
    id="getSignal",
    method="GET",
    path="/v1/companies/signals/{signalId}",
    tag=_SIGNALS,
    summary="Read one company signal",
    answers={200: Answer("The signal.", schemas.SignalDetailResponse)},
    errors=(404,),
    place=schemas.SignalPath,
)
GET_CREDITS = Operation(
    id="getCredits",
    method="GET",
    path="/v1/credits",
    tag=_ACCOUNT,
    summary="Remaining credits",
    answers={200: Answer("Balance.", schemas.CreditsBalance)},
)
LIST_CONNECTORS = Operation(
    id="listConnectors",
    method="GET",
    path="/v1/connectors",
    tag=_ACCOUNT,
    summary="Connector states",
    answers={200: Answer("Connectors.", schemas.ConnectorsResponse)},
)
GET_DOCUMENT = Operation(
    id="getOpenApiDocument",
    method="GET",
    path="/v1/openapi.yaml",
    tag="Meta",
    summary="This API's OpenAPI document",
    answers={200: Answer("YAML.", None)},
    public=True,
)

OPERATIONS = (
    LIST_SIGNALS,
    CREATE_SIGNAL,
    CREATE_SIGNAL_SYNC,
    GET_SIGNAL,
    GET_CREDITS,
    LIST_CONNECTORS,
    GET_DOCUMENT,
)


def options_routes() -> list[HTTPRouteHandler]:
    """OPTIONS on every path. The framework's own answer names only one method of a path that has several."""
    return [_options_route(path) for path in dict.fromkeys(o.template for o in OPERATIONS)]


def _options_route(path: str) -> HTTPRouteHandler:
    allowed = [str(o.method) for o in OPERATIONS if o.template == path]
    allow = ", ".join(["OPTIONS", *(["HEAD"] if "GET" in allowed else []), *allowed])

    async def options() -> None:
        """The headers say it all."""

    answer = route(path, http_method="OPTIONS", status_code=204, response_headers={"allow": allow})
    return answer(options)
