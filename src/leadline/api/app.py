"""The API, put together."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from litestar import Litestar, MediaType, Request, Response
from litestar.exceptions import MethodNotAllowedException
from litestar.types import ASGIApp

from leadline.accounts.schemas import Limits, Rate
from leadline.accounts.service import Authenticator
from leadline.api import operations
from leadline.api.account import account_routes
from leadline.api.document import as_yaml, openapi
from leadline.api.door import Door, DoorSettings
from leadline.api.errors import render
from leadline.api.limiter import Limiter
from leadline.api.metrics import Metrics
from leadline.api.pages import page_routes
from leadline.api.reading import MAX_BODY
from leadline.api.schemas import is_signal_id
from leadline.api.signals import SignalEndpoints
from leadline.credits.service import Ledger
from leadline.foundation.database import Database
from leadline.foundation.errors import NotFound
from leadline.foundation.settings import Settings
from leadline.foundation.waiter import Waiter
from leadline.signals.service import SignalService


class Opened(Protocol):
    """What the API needs of an open Leadline."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def signals(self) -> SignalService: ...
    @property
    def waiter(self) -> Waiter: ...


def create_app(leadline: Opened) -> ASGIApp:
    """The application that answers the contract's operations, for any ASGI server."""
    settings, database = leadline.settings, leadline.database
    reading = database.repeatable
    debug = settings.env == "development"
    metrics = Metrics(lambda: leadline.waiter.waiting)
    ledger = Ledger(monthly_credits=settings.monthly_credits)
    document = as_yaml(openapi(operations.OPERATIONS, _version(), settings.path_prefix or "/"))

    def failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        if isinstance(error, MethodNotAllowedException) and _names_no_signal(request):
            error = NotFound("There is no such operation.")
        rendered = render(error, request.scope["leadline"].request_id, debug=debug)  # type: ignore[typeddict-item]
        headers = {name.decode(): value.decode("latin-1") for name, value in rendered.headers}
        return Response(
            rendered.body, status_code=rendered.status, headers=headers, media_type=MediaType.JSON
        )

    litestar = Litestar(
        route_handlers=[
            *operations.options_routes(),
            *SignalEndpoints(leadline.signals, reading, leadline.waiter).routes(),
            *account_routes(ledger, reading),
            *page_routes(document, database, metrics),
        ],
        exception_handlers={Exception: failed},
        request_max_body_size=MAX_BODY,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    reads = Rate(settings.reads_per_minute, settings.reads_burst)
    writes = Rate(settings.writes_per_minute, settings.writes_burst)
    return Door(
        litestar,
        Authenticator(database.repeatable, Limits(reads, writes), settings.sync_timeout),
        Limiter(),
        metrics,
        DoorSettings(settings.path_prefix, frozenset(settings.cors_origins), debug),
        frozenset(o.path for o in operations.OPERATIONS if o.public),
    )


def _names_no_signal(request: Request[Any, Any, Any]) -> bool:
    """Whether the path only looks like a signal's, as ``/v1/companies/signals/templates`` does."""
    head, _, last = request.scope["path"].rstrip("/").rpartition("/")
    return head == operations.LIST_SIGNALS.path and last != "sync" and not is_signal_id(last)


def _version() -> str:
    try:
        return version("leadline")
    except PackageNotFoundError:
        return "0"
