"""What every request passes before it reaches an endpoint, as one thin layer of ASGI.

In this order: path prefix, request id, other origins (CORS), API key, the key's limit. It writes the headers
that every answer carries, and counts. What the key may do is asked where the operation is known.
"""

from __future__ import annotations

import re
import time
from typing import Any, NamedTuple
from uuid import UUID

from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from leadline.accounts.service import Authenticator
from leadline.api.errors import render
from leadline.api.limiter import Limiter
from leadline.api.metrics import Metrics
from leadline.foundation.ids import new_id_text
from leadline.wire.calls import Caller
from leadline.wire.envelope import Rendered, limited
from leadline.wire.operations import Operation

_SLASHES = re.compile("/{2,}")
READS = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = frozenset({*READS, "POST", "PUT", "PATCH", "DELETE", "TRACE"})
_EXPOSED = b"X-Request-Id, X-Ratelimit-Limit, X-Ratelimit-Remaining, X-Ratelimit-Reset, Retry-After, Idempotent-Replayed"
_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, POST"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Sbr-Timeout-Sec, X-Sbr-Timeout-Error",
    ),
    (b"access-control-max-age", b"600"),
)


class RequestContext:
    """One request and its answer, in the scope under ``leadline``.

    ``method`` is the client's: a HEAD is routed as a GET. ``caller`` is None on public paths, ``operation``
    until it is known.
    """

    __slots__ = ("caller", "headers", "method", "operation", "request_id", "started", "status")

    def __init__(self, request_id: str, method: str) -> None:
        self.request_id = request_id
        self.method = method
        self.caller: Caller | None = None
        self.operation: Operation[Any] | None = None
        self.headers: list[tuple[bytes, bytes]] = [(b"x-request-id", request_id.encode())]
        self.started = time.perf_counter()
        self.status = 0


class MiddlewareSettings(NamedTuple):
    """``prefix`` such as ``/public``, or empty; ``origins`` that a browser may call from, ``*`` for any."""

    prefix: str
    origins: frozenset[str]
    debug: bool


class Middleware:
    """Wraps the application."""

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        limiter: Limiter,
        metrics: Metrics,
        settings: MiddlewareSettings,
        public: frozenset[str],
    ) -> None:
        """``public`` are the paths under /v1 that need no key."""
        self._app = app
        self._authenticator = authenticator
        self._limiter = limiter
        self._metrics = metrics
        self._settings = settings
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            await self._answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        authorization, origin, preflight, request_id = _headers(scope)
        context = RequestContext(request_id or new_id_text(), scope["method"])
        method = context.method
        if method == "HEAD":
            # A scope of our own: the server leaves the body out by what its own says.
            scope = {**scope, "method": HttpMethod.GET}
        scope["leadline"] = context  # type: ignore[typeddict-unknown-key]
        self._strip_prefix(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                context.status = message["status"]
                message["headers"] = [*message["headers"], *context.headers]
            await send(message)

        self._metrics.open += 1
        try:
            welcome = origin is not None and self._welcome(context, origin)
            if welcome and preflight:
                context.headers += _PREFLIGHT
                await _send(answer, Rendered(204, b"", ()))
                return
            refused = await self._admit(scope, context, authorization, method)
            if refused is not None:
                await _send(answer, refused)
                return
            await self._app(scope, receive, answer)
        except Exception as error:
            if context.status:
                raise
            await _send(answer, render(error, context.request_id, debug=self._settings.debug))
        finally:
            self._metrics.open -= 1
            self._metrics.answered(
                method if method in _METHODS else "other",
                _template(scope, context),
                context.status,
                time.perf_counter() - context.started,
            )

    def _strip_prefix(self, scope: HTTPScope) -> None:
        """Take the prefix off. Paths without it are served too, for a proxy that has taken it off already."""
        prefix, path = self._settings.prefix, scope["path"]
        if "//" in path:  # the router reads it as one; so must the question whether a key is needed
            path = scope["path"] = _SLASHES.sub("/", path)
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            scope["path"] = path[len(prefix) :] or "/"

    def _welcome(self, context: RequestContext, origin: bytes) -> bool:
        origins = self._settings.origins
        if not origins:
            return False
        context.headers.append((b"vary", b"Origin"))
        if "*" not in origins and origin.decode("latin-1") not in origins:
            return False
        context.headers.append((b"access-control-allow-origin", origin))
        context.headers.append((b"access-control-expose-headers", _EXPOSED))
        return True

    async def _admit(
        self, scope: HTTPScope, context: RequestContext, authorization: str | None, method: str
    ) -> Rendered | None:
        """The refusal, or None."""
        path = scope["path"]
        if path in self._public or not (path.startswith("/v1/") or path == "/v1"):
            return None
        caller = context.caller = await self._authenticator.authenticate(authorization)
        reading = method in READS
        limits = caller.limits
        bucket, rate = ("reads", limits.reads) if reading else ("writes", limits.writes)
        verdict = self._limiter.take_leased(caller.key_id, bucket)
        if verdict is None:
            verdict = await self._limiter.take(caller.key_id, bucket, rate)
        context.headers += (
            (b"x-ratelimit-limit", b"%d" % verdict.limit),
            (b"x-ratelimit-remaining", b"%d" % verdict.remaining),
            (b"x-ratelimit-reset", b"%d" % verdict.reset),
        )
        if verdict.retry_after:
            self._metrics.limited += 1
            return limited(verdict.retry_after)
        return None


def _template(scope: HTTPScope, context: RequestContext) -> str:
    """The path without what differs from call to call."""
    if context.operation is not None:
        return context.operation.path
    return str(scope.get("path_template", "unknown"))


def _headers(scope: HTTPScope) -> tuple[str | None, bytes | None, bool, str | None]:
    """Authorization, Origin, whether this is a preflight, and the caller's own request id if it is a UUID."""
    authorization = origin = request_id = None
    preflight = False
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value.decode("latin-1")
        elif name == b"origin":
            origin = value
        elif name == b"access-control-request-method":
            preflight = scope["method"] == "OPTIONS"
        elif name == b"x-request-id" and len(value) == 36:
            try:
                request_id = str(UUID(value.decode("latin-1")))
            except ValueError:
                continue
    return authorization, origin, preflight, request_id


async def _send(send: Any, rendered: Rendered) -> None:
    headers = [(b"content-length", b"%d" % len(rendered.body)), *rendered.headers]
    if rendered.body:
        headers.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": rendered.status, "headers": headers})
    await send({"type": "http.response.body", "body": rendered.body, "more_body": False})
