"""The one door through which everything outgoing leaves: pages, model calls, webhooks.

``GuardedTransport`` connects only where its ``NetworkPolicy`` lets it, to an address looked up once and
checked; the TLS name and the Host header stay the host's name. It speaks HTTP/1.1 through httpx2's core and
can be handed to any library that takes an ``httpx2.AsyncClient`` (``guarded_async_client``).

``GuardedClient.get`` adds what reading foreign pages needs: a total time-out, a limit on the decoded size,
redirects followed hop by hop, retries; and it counts every single request, whoever asked for it and why, against the
``requests_allowed`` of the work it is made for. Errors:

    OutgoingError          carries a ``Fault``, the address (secrets blanked) and a sentence

No cookies, no credentials, no proxies from the environment. Response heads are limited to 100 KiB by the
HTTP parser.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import functools
import random
import re
import ssl
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import certifi
import httpcore2
import httpx2

from leadline.foundation.log import get_logger
from leadline.foundation.network import (
    DEFAULT_PORTS,
    AddressRefused,
    NameNotResolved,
    NetworkPolicy,
    Origin,
)

log = get_logger(__name__)

REDIRECTS = frozenset({301, 302, 303, 307, 308})
RETRIABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_GZIP = b"\x1f\x8b\x08"  # what every gzip file begins with (RFC 1952, 2.3.1)
_SLICE = 262_144  # bytes unpacked at a time
LONGEST_RETRY_AFTER = 86_400.0  # seconds
_SECRET_PARAMETER = re.compile(
    r"(?:^|[_\-.])(?:api_?key|key|token|secret|signature|sig|password|passwd|pwd|auth|authorization|code|session)$"
    r"|^(?:apikey|accesstoken|x-amz-.*)$",
    re.IGNORECASE,
)


class Fault(StrEnum):
    """Why an outgoing request brought no answer."""

    URL_REFUSED = "url_refused"  # not http or https, or with credentials in it
    NOT_RESOLVED = "not_resolved"
    ADDRESS_REFUSED = "address_refused"
    CONNECTION = "connection"  # refused, reset, closed before the end
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"  # what came is not HTTP
    UNDECODABLE = "undecodable"  # the content coding is broken
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    NONE_LEFT = "none_left"  # not sent: whoever asks has made all requests that it may

    @property
    def transient(self) -> bool:
        """True when the same request may succeed a moment later."""
        return self in (Fault.CONNECTION, Fault.TIMEOUT, Fault.PROTOCOL)


class OutgoingError(Exception):
    """An outgoing request brought no answer. ``url`` is the hop that failed, with secrets blanked."""

    def __init__(self, url: str, fault: Fault, detail: str = "") -> None:
        self.url = redacted(url)
        self.fault = fault
        self.detail = detail
        super().__init__(f"{self.url}: {fault.value}{': ' + detail if detail else ''}")


@dataclass(frozen=True)
class Response:
    """A whole answer. ``url`` is where it finally stood; header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float | None:
        return retry_after(self.headers)


@dataclass(frozen=True)
class Retry:
    """How often and how long to try again (full-jitter exponential back-off; times in seconds).

    ``budget`` bounds the waiting of one request. A stated Retry-After longer than what is left of it ends the
    trying: the answer is returned, or the error raised, as it stands.
    """

    attempts: int = 3
    first: float = 0.5
    longest: float = 8.0
    budget: float = 15.0
    timeouts: bool = True  # whether a time-out is tried again

    def pause(self, failures: int) -> float:
        return random.uniform(0, min(self.longest, self.first * 2 ** (failures - 1)))  # noqa: S311 (no secret)


@dataclass(frozen=True)
class Limits:
    """Bounds of one request. Times in seconds, size in bytes after decoding."""

    connect: float = 10.0
    read: float = 15.0
    total: float = 30.0
    body: int = 10_000_000
    redirects: int = 8


def user_agent(version: str, contact: str) -> str:
    """How Leadline names itself; ``contact`` is an address or page of whoever runs it."""
    return f"Leadline/{version} (+{contact})"


def redacted(url: str) -> str:
    """The URL for logs and errors: no user name or password, values of secret-looking parameters blanked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        scheme, _, rest = url.partition("?")[0].rpartition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"
    netloc = parts.netloc.rpartition("@")[2]
    query = parts.query
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(_SECRET_PARAMETER.search(name) for name, _ in pairs):
        query = "&".join(
            f"{quote(name)}={'***' if _SECRET_PARAMETER.search(name) else quote(value)}"
            for name, value in pairs
        )
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that Retry-After asks for, by number or date (RFC 9110, 10.2.3), a day at most.

    None when it is neither: what a server sends there is not ours to believe.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,20}", text):
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        until = email.utils.parsedate_to_datetime(text)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - (now or datetime.now(UTC))).total_seconds()
    except (ValueError, OverflowError):  # no date, or one beyond the calendar
        return None
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER)


# ------------------------------------------------------------------ how many may leave


@dataclass
class Allowance:
    """How many requests a piece of work may still make, in whatever tasks it makes them."""

    left: int
    refused: int = 0

    def take(self) -> bool:
        """Count one; False when none is left."""
        if self.left <= 0:
            self.refused += 1
            return False
        self.left -= 1
        return True


_allowance: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextlib.contextmanager
def requests_allowed(count: int) -> Iterator[Allowance]:
    """Within the block, and the tasks begun in it, ``GuardedClient`` sends at most ``count`` requests.

    Redirects and retries are requests too. What is beyond fails with ``Fault.NONE_LEFT`` before anything is sent, so
    that no fault above, however it loops, becomes an assault on somebody's site.
    """
    allowance = Allowance(count)
    token = _allowance.set(allowance)
    try:
        yield allowance
    finally:
        _allowance.reset(token)


# ------------------------------------------------------------------ transport


class _NotConnected(httpcore2.ConnectError):
    """An error of the core's own tree, so that every library above takes it as "could not connect"."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


class _Stream(httpcore2.AsyncNetworkStream):
    """A connection whose failed TLS handshake can be told from a failed connection."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except httpcore2.ConnectError as error:
            cause = error.__cause__
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise _NotConnected(Fault.TLS, cause.verify_message) from error
            raise _NotConnected(Fault.TLS, "the TLS handshake failed") from error

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _PinningBackend(httpcore2.AsyncNetworkBackend):
    """Turns a host name into a checked address and connects to that very address."""

    def __init__(self, policy: NetworkPolicy, scheme: str) -> None:
        self._policy = policy
        self._scheme = scheme
        self._tcp = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                where = await self._policy.addresses(Origin(self._scheme, host, port))
                return await self._first_that_connects(where, timeout, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("connecting took too long") from error
        except AddressRefused as error:
            raise _NotConnected(Fault.ADDRESS_REFUSED, error.why) from error
        except NameNotResolved as error:
            raise _NotConnected(Fault.NOT_RESOLVED, "the host name does not resolve") from error

    async def _first_that_connects(
        self, where: Any, timeout: float | None, local_address: str | None, socket_options: Any
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = httpcore2.ConnectError("no address")
        for tried, (address, port) in enumerate(where[:4]):
            # One dead address (often IPv6 without a route) must not use up the time of the others.
            share = timeout / (len(where[:4]) - tried) if timeout is not None else None
            try:
                return _Stream(
                    await self._tcp.connect_tcp(address, port, share, local_address, socket_options)
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("local sockets are not reached through the guarded client")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


_CORE_ERRORS: tuple[tuple[type[Exception], type[httpx2.TransportError]], ...] = (
    (httpcore2.ConnectTimeout, httpx2.ConnectTimeout),
    (httpcore2.ReadTimeout, httpx2.ReadTimeout),
    (httpcore2.WriteTimeout, httpx2.WriteTimeout),
    (httpcore2.PoolTimeout, httpx2.PoolTimeout),
    (httpcore2.TimeoutException, httpx2.TimeoutException),
    (httpcore2.ConnectError, httpx2.ConnectError),
    (httpcore2.ReadError, httpx2.ReadError),
    (httpcore2.WriteError, httpx2.WriteError),
    (httpcore2.NetworkError, httpx2.NetworkError),
    (httpcore2.LocalProtocolError, httpx2.LocalProtocolError),
    (httpcore2.RemoteProtocolError, httpx2.RemoteProtocolError),
    (httpcore2.ProtocolError, httpx2.ProtocolError),
    (httpcore2.UnsupportedProtocol, httpx2.UnsupportedProtocol),
)


@contextlib.contextmanager
def _core_errors_as_httpx2() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        for core, ours in _CORE_ERRORS:
            if isinstance(error, core):
                raise ours(str(error)) from error
        raise


class _Body(httpx2.AsyncByteStream):
    """The bytes as they come over the wire."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _core_errors_as_httpx2():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """The unpacked bytes of an answer; an error as soon as there are more than ``limit``."""

    def __init__(self, answer: httpx2.Response, limit: int) -> None:
        self._answer = answer
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async with contextlib.aclosing(_unpacked(self._answer)) as parts:
            async for part in parts:
                seen += len(part)
                if seen > self._limit:
                    raise httpx2.ReadError(f"the answer is larger than {self._limit} bytes")
                yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


def _bounded_response(answer: httpx2.Response, limit: int) -> httpx2.Response:
    """The same answer, unpacked already: libraries unpack without a bound, and whether asked for or not."""
    headers = [
        (name, value)
        for name, value in answer.headers.raw
        if name.lower() not in (b"content-encoding", b"content-length")
    ]
    return httpx2.Response(
        status_code=answer.status_code,
        headers=headers,
        stream=_Bounded(answer, limit),
        extensions=answer.extensions,
    )


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Carries requests to where the policy lets them go.

    ``tls`` verifies servers (default: the machine's trust store). ``max_bytes`` ends answers that are longer
    when unpacked with ``httpx2.ReadError``. ``counted`` requests keep to ``requests_allowed``.
    """

    def __init__(
        self,
        policy: NetworkPolicy,
        *,
        tls: ssl.SSLContext | None = None,
        max_bytes: int | None = None,
        max_connections: int = 300,
        counted: bool = False,
    ) -> None:
        self._policy = policy
        self._counted = counted
        self._max_bytes = max_bytes
        context = tls or _trust_store()
        # One pool a scheme: trust is by scheme, host and port, and the backend is told only the last two.
        self._pools = {
            scheme: httpcore2.AsyncConnectionPool(
                ssl_context=context,
                max_connections=max_connections,
                max_keepalive_connections=20,
                keepalive_expiry=5.0,
                network_backend=_PinningBackend(policy, scheme),
            )
            for scheme in DEFAULT_PORTS
        }

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        if url.scheme not in self._pools:
            raise httpx2.UnsupportedProtocol(
                f"{url.scheme or 'no'} scheme: only http and https leave", request=request
            )
        if self._counted and (allowance := _allowance.get()) is not None and not allowance.take():
            why = _NotConnected(Fault.NONE_LEFT, "as many requests were made as one question may")
            raise httpx2.ConnectError(str(why), request=request) from why
        scheme, port = url.scheme, url.port
        if self._policy.mapped(url.raw_host.decode("ascii")):  # `host` would be the Unicode form
            # The development site speaks plain HTTP; the request keeps its https:// address and Host header.
            scheme, port = "http", None
        core = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=scheme.encode(), host=url.raw_host, port=port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _core_errors_as_httpx2():
            answer = await self._pools[scheme].handle_async_request(core)
        response = httpx2.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
            request=request,
        )
        return response if self._max_bytes is None else _bounded_response(response, self._max_bytes)

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()


@functools.cache
def _trust_store() -> ssl.SSLContext:
    """The machine's own trust store, or Mozilla's where a bare container has none."""
    context = httpcore2.default_ssl_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    return context


def guarded_async_client(
    policy: NetworkPolicy,
    agent: str,
    *,
    tls: ssl.SSLContext | None = None,
    timeout: float = 60.0,
    max_bytes: int = 20_000_000,
) -> httpx2.AsyncClient:
    """A client for libraries that bring their own protocol, such as the SDKs of language models.

    Redirects are not followed, cookies not kept, and ``max_bytes`` bounds what is held in memory of an answer.
    Give it ``policy.trusting(base_url)`` when the operator configured the endpoint.
    """
    return httpx2.AsyncClient(
        transport=GuardedTransport(policy, tls=tls, max_bytes=max_bytes),
        headers={"User-Agent": agent, "Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(timeout, connect=10.0),
        # One receiver's cookie would go to every caller's, and a jar grows without end.
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


# ------------------------------------------------------------------ client

Hop = Callable[[str, str], Awaitable[None]]
"""Told of each redirect before it is followed (from, to); raises to stop it."""


@dataclass
class GuardedClient:
    """Reads addresses with GET. An async context manager; one for the whole process.

    ``agent`` is the User-Agent. ``sleep`` is what waits between tries.
    """

    policy: NetworkPolicy
    agent: str
    limits: Limits = field(default_factory=Limits)
    tls: ssl.SSLContext | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def __post_init__(self) -> None:
        self._transport = GuardedTransport(self.policy, tls=self.tls, counted=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._transport.aclose()

    def recorded(self, url: str) -> str:
        """The address under which ``url`` is requested and recorded.

        Host in punycode and lower case without a final dot, at least "/" as path, no fragment, https:// when
        a mapping serves the host. Raises OutgoingError when it is not an address that is read.
        """
        return str(self._public(url))

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        timeout: float | None = None,
        max_redirects: int | None = None,
        on_redirect: Hop | None = None,
        retry: Retry | None = None,
        cut: bool = False,
    ) -> Response:
        """One GET with its redirects; ``timeout`` seconds bound each try as a whole.

        ``max_bytes`` bounds each body after decoding; a longer one is an error, or, with ``cut``, ends there.
        Statuses are returned, not raised. Raises OutgoingError, and whatever ``on_redirect`` raises.
        """
        waited = 0.0
        failures = 0
        while True:
            try:
                async with asyncio.timeout(timeout or self.limits.total):
                    outcome: Response | OutgoingError = await self._follow(
                        url, headers or {}, max_bytes, max_redirects, on_redirect, cut
                    )
            except TimeoutError:
                outcome = OutgoingError(
                    url, Fault.TIMEOUT, f"no whole answer in {timeout or self.limits.total:g} s"
                )
            except OutgoingError as error:
                outcome = error
            failures += 1
            pause = _pause_before_next(outcome, retry, failures)
            if retry is None or pause is None or waited + pause > retry.budget:
                break
            waited += pause
            log.debug("outgoing.retry", url=redacted(url), outcome=_summary(outcome), pause=round(pause, 3))
            await self.sleep(pause)
        log.debug("outgoing.get", url=redacted(url), outcome=_summary(outcome), tries=failures)
        if isinstance(outcome, OutgoingError):
            raise outcome
        return outcome

    async def _follow(
        self,
        url: str,
        headers: Mapping[str, str],
        max_bytes: int | None,
        max_redirects: int | None,
        on_redirect: Hop | None,
        cut: bool,
    ) -> Response:
        limit = self.limits.redirects if max_redirects is None else max_redirects
        current = self._public(url)
        for _ in range(limit + 1):
            response = await self._send(current, headers, max_bytes, cut)
            location = response.headers.get("location")
            if response.status not in REDIRECTS or not location or limit == 0:
                return response
            following = self._public(_joined(current, location))
            if on_redirect is not None:
                await on_redirect(str(current), str(following))
            current = following
        raise OutgoingError(url, Fault.TOO_MANY_REDIRECTS, f"more than {limit} redirects")

    def _public(self, url: str | httpx2.URL) -> httpx2.URL:
        try:
            parsed = httpx2.URL(url)
            host = parsed.host
        except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
            raise OutgoingError(str(url), Fault.URL_REFUSED, "not a URL") from error
        if parsed.scheme not in DEFAULT_PORTS or not host or "%" in host:
            raise OutgoingError(str(url), Fault.URL_REFUSED, "only http:// and https:// addresses are read")
        if parsed.userinfo:
            raise OutgoingError(str(url), Fault.URL_REFUSED, "an address with credentials in it is not read")
        if self.policy.mapped(host):
            parsed = parsed.copy_with(scheme="https", port=None)
        changes: dict[str, Any] = {"fragment": None}
        if host.endswith("."):
            changes["host"] = host.rstrip(".")  # the same name, which certificates spell without the dot
        if parsed.path == "/":
            changes["path"] = "/"  # written out, so that one page has one address
        return parsed.copy_with(**changes)

    async def _send(
        self, url: httpx2.URL, headers: Mapping[str, str], max_bytes: int | None, cut: bool
    ) -> Response:
        limits = self.limits
        limit = limits.body if max_bytes is None else max_bytes
        request = httpx2.Request(
            "GET",
            url,
            headers={
                "User-Agent": self.agent,
                "Accept": "*/*",
                "Accept-Encoding": "gzip, deflate",
                **headers,
            },
            extensions={"timeout": {"connect": limits.connect, "read": limits.read, "write": limits.read}},
        )
        with _faults(str(url)):
            answer = await self._transport.handle_async_request(request)
            try:
                body = await _bounded(answer, str(url), limit, cut)
            finally:
                await answer.aclose()
        return Response(str(url), answer.status_code, dict(answer.headers), body)


async def _bounded(answer: httpx2.Response, url: str, limit: int, cut: bool) -> bytes:
    """The decoded body; reading stops as soon as it is larger than ``limit``."""
    stated = answer.headers.get("content-length", "")
    if not cut and re.fullmatch(r"[0-9]{1,18}", stated) and int(stated) > limit:
        raise OutgoingError(url, Fault.TOO_LARGE, f"{stated} bytes stated, the limit is {limit}")
    body = bytearray()
    async with contextlib.aclosing(_unpacked(answer)) as parts:
        async for part in parts:
            body += part
            if len(body) > limit:
                if cut:
                    return bytes(body[:limit])
                raise OutgoingError(url, Fault.TOO_LARGE, f"more than {limit} bytes")
    return bytes(body)


async def _unpacked(answer: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """The body without its content codings, piece by piece; other tasks run between two pieces.

    Texts that are gzip although no header says so are unpacked too; a gzip file that is meant to be one is not.
    """
    essence = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    unsaid = essence.startswith("text/") or essence.endswith(("html", "xml", "json"))
    started = False
    unzip: Any = None
    async with contextlib.aclosing(answer.aiter_bytes()) as parts:
        async for part in parts:
            if not started and part:
                started = True
                if unsaid and part.startswith(_GZIP):
                    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
            if unzip is None:
                yield part
            else:
                for piece in _inflated(unzip, part):
                    yield piece
                    await asyncio.sleep(0)
            # One packet of a few bytes may hold megabytes, and unpacking them never waits by itself.
            await asyncio.sleep(0)
    if unzip is not None and not unzip.eof:
        raise httpx2.DecodingError("the packed text ends too early")


def _inflated(unzip: Any, data: bytes) -> Iterator[bytes]:
    try:
        while piece := unzip.decompress(data, _SLICE):
            yield piece
            data = unzip.unconsumed_tail
    except zlib.error as error:
        raise httpx2.DecodingError(str(error)) from error


def _joined(base: httpx2.URL, location: str) -> str:
    try:
        return str(base.join(location))
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise OutgoingError(
            str(base), Fault.URL_REFUSED, "redirects to something that is not a URL"
        ) from error


def _pause_before_next(outcome: Response | OutgoingError, retry: Retry | None, failures: int) -> float | None:
    """Seconds to wait before another try; None when there is none."""
    if retry is None or failures >= retry.attempts:
        return None
    if isinstance(outcome, OutgoingError):
        again = outcome.fault.transient and (retry.timeouts or outcome.fault is not Fault.TIMEOUT)
        return retry.pause(failures) if again else None
    if outcome.status not in RETRIABLE:
        return None
    stated = outcome.retry_after
    return retry.pause(failures) if stated is None else stated


def _summary(outcome: Response | OutgoingError) -> str:
    return outcome.fault.value if isinstance(outcome, OutgoingError) else str(outcome.status)


@contextlib.contextmanager
def _faults(url: str) -> Iterator[None]:
    """Vendor errors become OutgoingError here."""
    try:
        yield
    except httpx2.DecodingError as error:
        raise OutgoingError(url, Fault.UNDECODABLE, "the content coding is broken") from error
    except httpx2.TimeoutException as error:
        raise OutgoingError(url, Fault.TIMEOUT, "the server does not answer in time") from error
    except httpx2.TransportError as error:
        raise OutgoingError(url, *fault_of(error)) from error


def fault_of(error: httpx2.TransportError) -> tuple[Fault, str]:
    if isinstance(error.__cause__, _NotConnected):
        return error.__cause__.fault, error.__cause__.detail
    if isinstance(error, httpx2.ProtocolError | httpx2.UnsupportedProtocol):
        return Fault.PROTOCOL, str(error)
    return Fault.CONNECTION, str(error) or type(error).__name__
