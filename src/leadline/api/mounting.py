"""Operations as Litestar routes: the only module that knows how the one becomes the other."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler, delete, get, patch, post, put, route
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from leadline.api.limiter import Limiter
from leadline.api.middleware import RequestContext
from leadline.foundation.errors import (
    BadRequest,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    TooManyRequests,
    Unauthorized,
)
from leadline.idempotency.service import IdempotencyService, Kept, key_of
from leadline.wire import reading
from leadline.wire.answers import Accepted, Csv, EventStream, ForeignPage, Reply, Text
from leadline.wire.calls import Call
from leadline.wire.operations import CSV, EVENTS, JSON, Operation

AnyRequest = Request[Any, Any, Any]
Endpoint = Callable[[AnyRequest], Awaitable[ASGIResponse]]
N = TypeVar("N")

HEARTBEAT_SECONDS = 15.0
"""How often a silent stream of events says that it is there: proxies cut what is silent for longer."""
KEYED = frozenset({"POST", "PATCH"})
"""The methods that read an Idempotency-Key; the others may be repeated anyway."""
SMALLEST_COMPRESSED = 1024
"""Bytes; below this compressing costs more than it saves."""

_ROUTES: dict[str, Callable[..., Any]] = {
    "GET": get, "POST": post, "PUT": put, "PATCH": patch, "DELETE": delete
}  # fmt: skip
_ENCODER = msgspec.json.Encoder()


def mount(
    operations: Iterable[Operation[N]], needs: N, limiter: Limiter, idempotency: IdempotencyService
) -> list[HTTPRouteHandler]:
    """A route for each operation, and OPTIONS for each path. ``limiter`` keeps the operations' own limits,
    ``idempotency`` what was answered to requests with an Idempotency-Key.
    """
    operations = list(operations)
    # The response that an endpoint returns has a status of its own; the framework's 200 says that it may have a body.
    routes = [
        _ROUTES[o.method](_template(o), name=o.id, include_in_schema=False, status_code=200)(
            _endpoint(o, needs, limiter, idempotency)
        )
        for o in operations
    ]
    return [*_options(operations), *routes]  # in this order, or the framework adds OPTIONS of its own


def context_of(scope: Any) -> RequestContext:
    """What the middleware knows of this request."""
    found: RequestContext = scope["leadline"]
    return found


# ------------------------------------------------------------------ in


def _endpoint(
    operation: Operation[N], needs: N, limiter: Limiter, idempotency: IdempotencyService
) -> Endpoint:
    read, limit = _reader(operation), operation.limit
    first = next(iter(operation.answers))
    media_type = operation.answers[first].media_type

    async def endpoint(request: AnyRequest) -> ASGIResponse:
        context = context_of(request.scope)
        context.operation = operation
        if limit is not None and context.caller is not None:
            verdict = await limiter.take(context.caller.key_id, operation.id, limit)
            if verdict.retry_after:
                raise TooManyRequests(verdict.retry_after)
        call = await read(request, context)
        if operation.method in KEYED and (key := _idempotency_key(request)) is not None:
            return await answered_once(key, request, context, call)
        return _response(await operation.answer(needs, call), first, media_type)

    async def answered_once(
        key: str, request: AnyRequest, context: RequestContext, call: Any
    ) -> ASGIResponse:
        """The answer to the first request with this key."""
        response: ASGIResponse | None = None
        owner, fingerprint = call.caller.organisation_id, await _fingerprint(request)

        async def answer() -> Kept | None:
            nonlocal response
            if operation.outside:
                return Kept(pending=True)
            returned = await operation.run(needs, call)
            if isinstance(returned, Accepted):
                return Kept(reference=returned.reference, pending=returned.final)
            response = _response(returned, first, media_type)
            return _whole(response)

        async def later(kept: Kept, *, again: bool) -> ASGIResponse:
            if operation.outside:
                returned = await operation.answer(needs, call)
            else:
                returned = await operation.later(needs, call, kept.reference, again=again)
            return _response(returned, first, media_type)

        kept, again = await idempotency.once(owner, key, fingerprint, answer)
        if again:
            context.headers.append((b"idempotent-replayed", b"true"))
        if kept is not None and kept.pending:
            try:
                response = await later(kept, again=again)
            except BaseException:
                await asyncio.shield(idempotency.forget(owner, key, fingerprint))
                raise
            if (whole := _whole(response)) is not None:
                await idempotency.settle(owner, key, fingerprint, whole)
            return response
        if kept is not None and not kept.status:
            return await later(kept, again=again)
        if kept is not None and again:
            return PreparedResponse(kept.status, _content_type(kept.media_type), kept.body)
        assert response is not None
        return response

    return endpoint


def _idempotency_key(request: AnyRequest) -> str | None:
    given = [value for name, value in request.scope["headers"] if name == b"idempotency-key"]
    return key_of(given[-1].decode("latin-1")) if given else None


async def _fingerprint(request: AnyRequest) -> bytes:
    """Of what is asked for: method, path, query, and what the body says however it is written."""
    content = await request.body()
    said = msgspec.json.encode(msgspec.json.decode(content), order="sorted") if content.strip() else b""
    scope = request.scope
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"], said)
    return hashlib.sha256(b"\0".join(parts)).digest()


def _reader(operation: Operation[Any]) -> Callable[[AnyRequest, RequestContext], Awaitable[Any]]:
    """Reads a request into the operation's call. Raises LeadlineError."""
    kind, scope = operation.call, operation.scope
    place, query, headers, body = operation.place, operation.query, operation.headers, operation.body
    refusal = next((s for one in (query, body) if one and (s := getattr(one.type, "refusal", None))), None)

    async def read(request: AnyRequest, context: RequestContext) -> Any:
        parts: dict[str, Any] = {"disconnected": _disconnected(request)}
        if issubclass(kind, Call):
            if context.caller is None:
                raise Unauthorized
            if not context.caller.may(scope):
                raise Forbidden(f"This API key lacks the scope '{scope}'.")
            parts["caller"] = context.caller
        wrong: list[FieldError] = []
        if place is not None:
            parts["path"], malformed = reading.read(place.type, request.scope["path_params"], text=True)
            if malformed:
                raise _no_such_path(operation, request, malformed)
        if query is not None:
            given = reading.query_members(query.type, request.scope["query_string"])
            parts["query"], faults = reading.read(query.type, given, text=True)
            wrong += faults
        if headers is not None:
            sent = reading.header_members(headers.type, request.scope["headers"])
            parts["headers"], faults = reading.read(headers.type, sent, text=True)
            wrong += faults
        if body is not None:
            content = await request.body()
            if body.default is not None and not content.strip():
                parts["body"] = body.default()
            else:
                parts["body"], faults = reading.read(body.type, reading.body_object(content))
                wrong += faults
        if wrong:
            raise InvalidInput(*wrong, message=refusal)
        return kind(**parts)

    return read


def _no_such_path(
    operation: Operation[Any], request: AnyRequest, malformed: Sequence[FieldError]
) -> NotFound | BadRequest:
    if operation.bad_path == 400:
        return BadRequest("; ".join(map(str, malformed)))
    names = ", ".join(repr(request.scope["path_params"].get(one.field, "")) for one in malformed)
    return NotFound(f"There is no such operation, and {names} is not an id as this server makes them.")


def _disconnected(request: AnyRequest) -> Callable[[], Awaitable[None]]:
    async def disconnected() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return disconnected


# ------------------------------------------------------------------ out


class PreparedResponse(ASGIResponse):
    """A response of which everything is known: no headers are collected and checked again for each request.

    It is sent compressed when it is large and the client takes that.
    """

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        # What the parent prepares is not needed: it is our parent so that the framework passes us through.
        self.status_code = status
        self.body = body
        self._headers = headers

    @property
    def content_type(self) -> str:
        return next((value.decode() for name, value in self._headers if name == b"content-type"), "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, headers = self.body, list(self._headers)
        if len(body) >= SMALLEST_COMPRESSED:
            headers.append((b"vary", b"Accept-Encoding"))
            if _takes_gzip(scope):
                body = gzip.compress(body, compresslevel=1, mtime=0)
                headers.append((b"content-encoding", b"gzip"))
        if self.status_code not in (204, 304):
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


class StreamedResponse(ASGIResponse):
    """A response sent as it is made. An error in the middle cuts the connection."""

    def __init__(
        self, status: int, headers: Sequence[tuple[bytes, bytes]], chunks: AsyncIterator[bytes]
    ) -> None:
        self.status_code = status
        self._headers = headers
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send, only_head=context_of(scope).method == "HEAD"))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            gone.cancel()
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sending

    async def _send(self, send: Send, *, only_head: bool) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": [*self._headers]})
        if not only_head:
            async for chunk in self._chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _whole(response: ASGIResponse) -> Kept | None:
    """What is kept of it; None when it is made while it is sent: a look at things, which may be made again."""
    if not isinstance(response, PreparedResponse):
        return None
    return Kept(response.status_code, response.content_type, response.body)


def _content_type(media_type: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", media_type.encode())] if media_type else []


# The page has an origin of its own, which nothing else has, and so nothing of this server's.
_FOREIGN = {
    "content_security_policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x_content_type_options": "nosniff",
    "referrer_policy": "no-referrer",
    "cross_origin_resource_policy": "same-origin",
    "cache_control": "private, no-store",
}


def json_response(body: bytes, status: int = 200) -> PreparedResponse:
    return PreparedResponse(status, [(b"content-type", b"application/json")], body)


def text_response(body: bytes, media_type: str, **headers: str) -> PreparedResponse:
    """A response of another kind; underscores of header names become hyphens."""
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return PreparedResponse(200, [(b"content-type", media_type.encode()), *named], body)


def _response(returned: Any, status: int, media_type: str) -> ASGIResponse:
    match returned:
        case Reply():
            return _response(returned.value, returned.status, JSON)
        case msgspec.Raw():
            return json_response(bytes(returned), status)
        case Text():
            return PreparedResponse(status, [(b"content-type", media_type.encode())], returned.body)
        case ForeignPage():
            return text_response(returned.body, media_type, **_FOREIGN)
        case Csv():
            disposition = f'attachment; filename="{returned.filename}"'.encode("ascii", "replace")
            headers = [(b"content-type", CSV.encode()), (b"content-disposition", disposition)]
            return StreamedResponse(status, headers, returned.chunks)
        case EventStream():
            headers = [
                (b"content-type", EVENTS.encode()),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
            ]
            return StreamedResponse(status, headers, _events(returned))
        case None:
            return PreparedResponse(status, [], b"")
    return json_response(_ENCODER.encode(returned), status)


async def _events(stream: EventStream) -> AsyncIterator[bytes]:
    """The events as text, with a comment whenever there was none for a while."""
    coming = aiter(stream.events)
    following = asyncio.ensure_future(anext(coming, None))
    try:
        while True:
            await asyncio.wait({following}, timeout=HEARTBEAT_SECONDS)
            if not following.done():
                yield b": still here\n\n"
                continue
            event = following.result()
            if event is None:
                return
            lines = [f"event: {event.type}", f"data: {_ENCODER.encode(event.value).decode()}"]
            if event.id is not None:
                lines.insert(0, f"id: {event.id}")
            yield ("\n".join(lines) + "\n\n").encode()
            following = asyncio.ensure_future(anext(coming, None))
    finally:
        following.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _takes_gzip(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            for one in value.split(b","):
                coding, _, weight = one.strip().partition(b";")
                if coding.strip().lower() in (b"gzip", b"*"):
                    return weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


# ------------------------------------------------------------------ paths


def _template(operation: Operation[Any]) -> str:
    """The path as the router writes it."""
    return operation.path.replace("}", ":str}")


def _options(operations: Sequence[Operation[Any]]) -> list[HTTPRouteHandler]:
    """OPTIONS on every path. The framework's own answer names only one method of a path that has several."""
    return [_options_route(path, operations) for path in dict.fromkeys(_template(o) for o in operations)]


def _options_route(path: str, operations: Sequence[Operation[Any]]) -> HTTPRouteHandler:
    allowed = [str(o.method) for o in operations if _template(o) == path]
    allow = ", ".join(["OPTIONS", *(["HEAD"] if "GET" in allowed else []), *allowed])

    async def options() -> None:
        """The headers say it all."""

    answer = route(path, http_method="OPTIONS", status_code=204, response_headers={"allow": allow})
    return answer(options)
