"""The API, put together."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from litestar import Litestar, MediaType, Request, Response
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.types import ASGIApp

from leadline.accounts import endpoints as accounts
from leadline.accounts.service import Authenticator, Buckets
from leadline.api.document import as_yaml, openapi
from leadline.api.errors import render
from leadline.api.limiter import Limiter
from leadline.api.metrics import Metrics
from leadline.api.middleware import Middleware, MiddlewareSettings
from leadline.api.mounting import context_of, mount
from leadline.api.pages import Pages, page_routes
from leadline.api.pages import operations as pages
from leadline.companies import endpoints as companies
from leadline.company_lists import endpoints as company_lists
from leadline.connections import endpoints as connections
from leadline.contact_lists import endpoints as contact_lists
from leadline.contact_research import endpoints as contact_research
from leadline.contacts import endpoints as contacts
from leadline.credits import endpoints as credit
from leadline.emails import endpoints as emails
from leadline.events import endpoints as events
from leadline.foundation.errors import BadRequest, InvalidInput, LeadlineError
from leadline.foundation.settings import Settings
from leadline.idempotency.service import IdempotencyService
from leadline.labels import endpoints as labels
from leadline.signals import batch_endpoints as batches
from leadline.signals import contact_endpoints as contact_signals
from leadline.signals import endpoints as signals
from leadline.signals import progress_endpoints as progress
from leadline.signals import replies
from leadline.signals import snapshot_endpoints as snapshots
from leadline.subscriptions import endpoints as subscriptions
from leadline.summaries import endpoints as summaries
from leadline.templates import endpoints as templates
from leadline.webhooks import endpoints as webhooks
from leadline.wire.calls import Limits, Rate
from leadline.wire.operations import Operation
from leadline.wire.reading import MAX_BODY


class Opened(
    accounts.Needs,
    connections.Needs,
    companies.Needs,
    credit.Needs,
    replies.Needs,
    templates.Needs,
    company_lists.Needs,
    contacts.Needs,
    contact_lists.Needs,
    subscriptions.Needs,
    summaries.Needs,
    labels.Needs,
    events.Needs,
    webhooks.Needs,
    emails.Needs,
    contact_research.Needs,
    Protocol,
):
    """What the API needs of an open Leadline: what its rooms need, and the settings."""

    @property
    def settings(self) -> Settings: ...

    @property
    def idempotency(self) -> IdempotencyService: ...


ROOMS: tuple[Operation[Opened], ...] = (
    *signals.operations,
    *batches.operations,
    *contact_signals.operations,
    *progress.of_contacts,
    *progress.operations,
    *snapshots.operations,
    *labels.operations,
    *templates.operations,
    *company_lists.operations,
    *contacts.operations,
    *contact_lists.operations,
    *subscriptions.operations,
    *subscriptions.actions,
    *summaries.operations,
    *emails.operations,
    *contact_research.operations,
    *events.operations,
    *webhooks.operations,
    *credit.operations,
    *accounts.operations,
    *connections.operations,
    *companies.operations,
)
OPERATIONS: tuple[Operation[Any], ...] = (*ROOMS, *pages)
"""Every operation, in the order of the document."""


def create_app(leadline: Opened, rooms: Sequence[Operation[Opened]] = ROOMS) -> ASGIApp:
    """The application that answers the contract's operations, for any ASGI server."""
    settings, database = leadline.settings, leadline.database
    debug = settings.env == "development"
    metrics = Metrics(lambda: leadline.waiter.waiting)
    limiter = Limiter(Buckets(database.repeatable))
    document = as_yaml(
        openapi(
            (*rooms, *pages), _version(), settings.path_prefix or "/", legacy_errors=settings.legacy_errors
        )
    )

    def failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        context = context_of(request.scope)
        operation = context.operation
        path = request.scope["path"]
        if isinstance(error, MethodNotAllowedException) and path.startswith("/v1/"):
            # The router takes any part for a parameter, also that of an operation which is not there.
            error = error if any(o.fits(path) for o in (*rooms, *pages)) else NotFoundException()
        if isinstance(error, InvalidInput) and operation is not None and operation.invalid == 400:
            error = BadRequest(error.message)
        status = error.status if isinstance(error, LeadlineError) else 500
        flat = settings.legacy_errors and operation is not None and status in operation.flat
        rendered = render(error, context.request_id, debug=debug, flat=flat)
        headers = {name.decode(): value.decode("latin-1") for name, value in rendered.headers}
        return Response(
            rendered.body, status_code=rendered.status, headers=headers, media_type=MediaType.JSON
        )

    litestar = Litestar(
        route_handlers=[
            *mount(rooms, leadline, limiter, leadline.idempotency),
            *mount(pages, Pages(document), limiter, leadline.idempotency),
            *page_routes(database, metrics, settings.path_prefix, _version()),
        ],
        exception_handlers={Exception: failed},
        request_max_body_size=MAX_BODY,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    reads = Rate(settings.reads_per_minute, settings.reads_burst)
    writes = Rate(settings.writes_per_minute, settings.writes_burst)
    return Middleware(
        litestar,
        Authenticator(database.repeatable, Limits(reads, writes), settings.sync_timeout),
        limiter,
        metrics,
        MiddlewareSettings(settings.path_prefix, frozenset(settings.cors_origins), debug),
        frozenset(o.path for o in (*rooms, *pages) if o.public),
    )


def _version() -> str:
    try:
        return version("leadline")
    except PackageNotFoundError:
        return "0"
