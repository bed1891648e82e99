"""One call after another to one server: the key, time-outs, tries, and what an error means."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import random
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import msgspec

from leadline.client.errors import ApiError, ClientError, ServerUnreachable, UnexpectedAnswer, refusal

CONNECT_SECONDS = 10.0
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_TAKEN = frozenset({425, 429})  # the request was certainly not acted upon
_BEING_ANSWERED = "IDEMPOTENCY_KEY_IN_USE"  # by the try before this one
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


class Retry(NamedTuple):
    """How often to try, and how long to pause in between (exponential, full jitter; seconds).

    ``budget`` bounds the pauses of one call. A stated Retry-After is kept to; when it is longer than what is
    left of the budget, the error is raised instead.
    """

    tries: int = 5
    first: float = 0.5
    longest: float = 8.0
    budget: float = 60.0

    def pause(self, failures: int) -> float:
        return random.uniform(0, min(self.longest, self.first * 2 ** (failures - 1)))  # noqa: S311 - no secret


class Reply(NamedTuple):
    """A successful answer: decoded JSON."""

    status: int
    wire: Any
    request_id: str | None


class ServerSentEvent(NamedTuple):
    type: str
    id: str
    data: str


class Transport:
    """Calls to the server at ``base_url``, which may end in a path, with ``key``. Times in seconds."""

    def __init__(self, base_url: str, key: str, *, timeout: float, retry: Retry) -> None:
        self.base_url = _checked(base_url)
        self._retry = retry
        self._timeout = timeout
        if not key or not key.isascii() or any(not 33 <= ord(character) < 127 for character in key):
            raise ValueError("The API key must be one word of plain characters, such as sk_live_….")
        self._http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=20),
            follow_redirects=False,  # the key goes to nobody but this server
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        repeatable: bool = True,
    ) -> Reply:
        """One answer below 400; tried again where that may help. ``timeout`` is for one try.

        Not ``repeatable``: tried again only while the server has certainly not acted upon it.
        Raises ClientError.
        """
        failures = 0
        left = self._retry.budget
        while True:
            try:
                return await self._once(method, path, body, query, headers, timeout or self._timeout)
            except ClientError as error:
                failures += 1
                pause = self._pause_after(error, failures, repeatable)
                if pause is None or pause > left:
                    raise
                left -= pause
                await asyncio.sleep(pause)

    async def events(
        self, path: str, after: str, *, patience: float
    ) -> AsyncGenerator[ServerSentEvent, None]:
        """Server-sent events after the one with that id, for as long as they are read; connected again where the stream
        ends or is silent for ``patience`` seconds, as a restarted server ends it. Raises ClientError.
        """
        failures = 0
        while True:
            try:
                async with contextlib.aclosing(self._stream(path, after, patience)) as stream:
                    async for event in stream:
                        failures, after = 0, event.id or after
                        yield event
            except ClientError as error:
                failures += 1
                pause = self._pause_after(error, failures, repeatable=True)
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return  # all there are have been seen

    async def _stream(self, path: str, after: str, patience: float) -> AsyncGenerator[ServerSentEvent, None]:
        request_id = str(uuid4())
        sent = {"X-Request-Id": request_id, "Accept": "text/event-stream"}
        if after:
            sent["Last-Event-ID"] = after
        timeout = httpx2.Timeout(self._timeout, read=patience, connect=min(self._timeout, CONNECT_SECONDS))
        try:
            async with self._http.stream(
                "GET", self.base_url + path, headers=sent, timeout=timeout
            ) as answer:
                if answer.status_code != 200:
                    await answer.aread()
                    if answer.status_code != 204:
                        _read(answer, answer.headers.get("x-request-id", request_id))
                    return
                async for event in _events(answer.aiter_lines()):
                    yield event
                raise ServerUnreachable(
                    f"{self.base_url} ended the stream early.", request_id, perhaps_taken=True
                )
        except httpx2.TransportError as error:
            raise ServerUnreachable(
                f"The connection to {self.base_url} was cut: {_reason(error)}.",
                request_id,
                perhaps_taken=True,
            ) from error

    def _pause_after(self, error: ClientError, failures: int, repeatable: bool) -> float | None:
        """Seconds until the next try; None when there is none."""
        if failures >= self._retry.tries:
            return None
        if not repeatable and perhaps_taken(error):
            return None
        match error:
            case ServerUnreachable():
                return self._retry.pause(failures)
            case ApiError(status=status, code=code) if status in _AGAIN or code == _BEING_ANSWERED:
                stated = error.retry_after
                return self._retry.pause(failures) if stated is None else max(stated, 0.0)
        return None

    async def _once(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        timeout: float,
    ) -> Reply:
        request_id = str(uuid4())
        sent = {"X-Request-Id": request_id, **(headers or {})}
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            sent["Content-Type"] = "application/json"
        started = time.monotonic()
        try:
            answer = await self._http.request(
                method,
                self.base_url + path,
                content=content,
                params={name: value for name, value in (query or {}).items() if value is not None},
                headers=sent,
                timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS), pool=CONNECT_SECONDS),
            )
        except httpx2.TransportError as error:
            raise ServerUnreachable(
                f"No answer from {self.base_url} after {time.monotonic() - started:.1f} s: {_reason(error)}.",
                request_id,
                perhaps_taken=not isinstance(error, _NOT_SENT),
            ) from error
        except httpx2.DecodingError as error:
            raise UnexpectedAnswer(
                f"The answer of {self.base_url} cannot be unpacked.", request_id, 0
            ) from error
        return _read(answer, answer.headers.get("x-request-id", request_id))


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[ServerSentEvent]:
    """As the WHATWG's HTML standard reads them (section 9.2.6); what is cut off is no event."""
    kind, event_id, data = "", "", list[str]()
    async for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield ServerSentEvent(kind or "message", event_id, "\n".join(data))
            kind, data = "", []
        elif name == "event":
            kind = value
        elif name == "id":
            event_id = value
        elif name == "data":
            data.append(value)


def perhaps_taken(error: ClientError) -> bool:
    """Whether the server may have acted upon the request that ended so."""
    match error:
        case ServerUnreachable():
            return error.perhaps_taken
        case ApiError(status=status):
            return status in _AGAIN and status not in _NOT_TAKEN
    return False


def _read(answer: httpx2.Response, request_id: str) -> Reply:
    status = answer.status_code
    if status >= 400:
        raise refusal(status, answer.content, request_id, _retry_after(answer.headers.get("retry-after", "")))
    if status >= 300:
        raise UnexpectedAnswer(
            f"The server answered {status}, a redirect: give the address it leads to as the base address.",
            request_id,
            status,
        )
    try:
        wire = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnexpectedAnswer(
            f"The server answered {status} with something that is not JSON: check the base address.",
            request_id,
            status,
        ) from error
    return Reply(status, wire, request_id)


def _checked(base_url: str) -> str:
    try:
        parts = urlsplit(base_url.strip())
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"The base address is not a URL: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("The base address must start with http:// or https:// and name a host.")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("The base address must have no user name, query or fragment.")
    return base_url.strip().rstrip("/")


def _reason(error: httpx2.TransportError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "connecting took too long" if isinstance(error, _NOT_SENT) else "the answer took too long"
    return str(error).rstrip(".") or type(error).__name__


def _retry_after(text: str) -> float | None:
    """Seconds, by number or date (RFC 9110, 10.2.3)."""
    if re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return float(text)
    until = _date(text)
    return None if until is None else max(0.0, (until - datetime.now(UTC)).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
