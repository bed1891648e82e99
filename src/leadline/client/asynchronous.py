"""The client for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import msgspec

from leadline.client.errors import ClientError, RequestTimedOut, UnexpectedAnswer, WaitTimedOut
from leadline.client.schemas import Connector, Page, Signal, Step, page_from, signal_from
from leadline.client.transport import Reply, Retry, Transport, perhaps_taken

T = TypeVar("T")

COMPANIES = "/v1/companies/signals"
CONTACTS = "/v1/contacts/signals"
PAGE_SIZE = 25
LONGEST_SYNC = 900  # seconds the server may be asked to hold a request (contract section 7)
SYNC_MARGIN = 10.0  # seconds the server may answer late
SILENCE = 45.0  # seconds; a stream that is alive says so every fifteen
FIRST_LOOK = 0.25  # seconds until a running signal is looked at; each further pause is longer
LONGEST_LOOK = 5.0

Look = Callable[[Signal], None]


class AsyncClient:
    """A server, with the key of one organisation.

    ``base_url`` may end in a path, such as ``https://example.com/public``. ``timeout`` is the seconds that
    one try of a call may take. Close it, or use it as an async context manager. Raises ValueError for an
    address or a key that cannot be one. The methods raise ClientError.
    """

    def __init__(self, base_url: str, key: str, *, timeout: float = 30.0, retry: Retry | None = None) -> None:
        self._transport = Transport(base_url, key, timeout=timeout, retry=retry or Retry())
        self.signals = AsyncSignals(self._transport)
        self.contact_signals = AsyncContactSignals(self._transport)

    @property
    def base_url(self) -> str:
        return self._transport.base_url

    async def credits(self) -> int:
        """How many credits the organisation has left in this period."""
        reply = await self._transport.call("GET", "/v1/credits")
        return _decoded(reply, lambda wire: msgspec.convert(wire["remainingCredits"], int))

    async def connectors(self) -> tuple[Connector, ...]:
        """The organisation's linked accounts."""
        reply = await self._transport.call("GET", "/v1/connectors")
        return _decoded(reply, lambda wire: msgspec.convert(wire["connectors"], tuple[Connector, ...]))

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"


class _Signals:
    """What signals about companies and about people have in common."""

    _path: str

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def _create(self, body: dict[str, Any]) -> Signal:
        return _signal(await self._transport.call("POST", self._path, body=body, headers=_once()))

    async def _create_sync(self, body: dict[str, Any], timeout: float) -> Signal:
        started = time.monotonic()
        seconds, once = max(1, min(LONGEST_SYNC, math.ceil(timeout))), _once()

        async def post(wait: int, *, repeatable: bool) -> Signal:
            return _signal(
                await self._transport.call(
                    "POST",
                    f"{self._path}/sync",
                    body=body,
                    headers={"X-Sbr-Timeout-Sec": str(wait), **once},
                    timeout=wait + SYNC_MARGIN,
                    repeatable=repeatable,
                )
            )

        try:
            signal = await post(seconds, repeatable=False)
        except RequestTimedOut as error:
            signal_id = error.details.get("signalId")
            known = isinstance(signal_id, str)
            signal = await (self.get(str(signal_id)) if known else post(1, repeatable=True))
        except ClientError as error:
            if not perhaps_taken(error):
                raise
            signal = await post(1, repeatable=True)
        if signal.finished:
            return signal
        left = timeout - (time.monotonic() - started)
        if left <= 0:
            raise WaitTimedOut(signal.id, timeout, signal)
        return await self.wait(signal.id, timeout=left)

    async def get(self, signal_id: str) -> Signal:
        """One signal. Raises NotFound."""
        return _signal(await self._transport.call("GET", f"{self._path}/{quote(signal_id, safe='')}"))

    async def wait(
        self, signal_id: str, *, timeout: float | None = None, on_look: Look | None = None
    ) -> Signal:
        """The finished signal. ``on_look`` is told what is seen each time. Raises WaitTimedOut, NotFound.

        ``timeout`` is in seconds; None waits for as long as it takes.
        """
        seen: Signal | None = None
        pause = FIRST_LOOK
        try:
            async with asyncio.timeout(timeout):
                while True:
                    seen = await self.get(signal_id)
                    if on_look is not None:
                        on_look(seen)
                    if seen.finished:
                        return seen
                    await asyncio.sleep(pause)
                    pause = min(LONGEST_LOOK, pause * 1.5)
        except TimeoutError:
            raise WaitTimedOut(signal_id, timeout or 0.0, seen) from None

    async def watch(self, signal_id: str) -> AsyncIterator[Step | Signal]:
        """What a signal does, as it happens, and last the finished signal. Raises NotFound.

        Goes on where it was when the connection is cut.
        """
        path = f"{self._path}/{quote(signal_id, safe='')}/events"
        async with contextlib.aclosing(self._transport.events(path, "", patience=SILENCE)) as events:
            async for event in events:
                try:
                    if event.type == "end":
                        yield signal_from(msgspec.json.decode(event.data))
                        return
                    if event.type == "progress":
                        yield msgspec.json.decode(event.data, type=Step)
                except (msgspec.DecodeError, KeyError, TypeError) as error:
                    raise UnexpectedAnswer(
                        f"The server told something that this client does not understand ({error}).",
                        None,
                        200,
                    ) from error

    async def _list(self, query: dict[str, Any]) -> AsyncIterator[Signal]:
        seen: set[str] = set()
        offset = 0
        while True:
            reply = await self._transport.call("GET", self._path, query={**query, "offset": offset})
            page: Page = _decoded(reply, page_from)
            for signal in page.results:
                if signal.id not in seen:
                    seen.add(signal.id)
                    yield signal
            offset += len(page.results)
            if not page.results or offset >= page.total:
                return


class AsyncSignals(_Signals):
    """Company signals."""

    _path = COMPANIES

    async def create(
        self,
        domain: str,
        question: str,
        *,
        answer_type: str = "open_text",
        output_schema: Mapping[str, Any] | None = None,
        verification_mode: str = "strict",
        force_refresh: bool = False,
        webhook_url: str | None = None,
    ) -> Signal:
        """Ask, and return at once: the new signal, an identical running one, or a recent one from the cache.

        Tried again when the answer is lost, with the same idempotency key: it is asked and charged once.
        """
        body = _body(question, answer_type, output_schema, verification_mode, force_refresh, webhook_url)
        return await self._create({"domain": domain, **body})

    async def create_sync(
        self,
        domain: str,
        question: str,
        *,
        timeout: float = 120.0,
        answer_type: str = "open_text",
        output_schema: Mapping[str, Any] | None = None,
        verification_mode: str = "strict",
        force_refresh: bool = False,
        webhook_url: str | None = None,
    ) -> Signal:
        """Ask, and wait up to ``timeout`` seconds for the finished signal (completed or failed).

        The server holds the request. Where it, or a proxy before it, lets go earlier, the signal is asked for again
        with the same idempotency key, and looked at by its id until the time is up. Raises WaitTimedOut then; the work
        goes on.
        """
        body = _body(question, answer_type, output_schema, verification_mode, force_refresh, webhook_url)
        return await self._create_sync({"domain": domain, **body}, timeout)

    def list(
        self,
        *,
        domain: str | None = None,
        status: str | Collection[str] = (),
        company_id: str | None = None,
        subscription_id: str | None = None,
        from_date: datetime | None = None,
        to_date: datetime | None = None,
        page_size: int = PAGE_SIZE,
    ) -> AsyncIterator[Signal]:
        """The organisation's signals, newest first, page after page; each once, also while new ones arrive.

        ``from_date`` and ``to_date`` compare with the time of completion and need a zone.
        """
        return self._list(
            {
                "domain": domain,
                "status": [status] if isinstance(status, str) else [*status],
                "companyId": company_id,
                "subscriptionId": subscription_id,
                "fromDate": _time(from_date),
                "toDate": _time(to_date),
                "limit": page_size,
            }
        )


class AsyncContactSignals(_Signals):
    """Signals about people, each known by the address of a profile on LinkedIn.

    ``sales_navigator``: "off" asks LinkedIn never, "auto" where it can be asked, "on" fails where it cannot.
    """

    _path = CONTACTS

    async def create(
        self,
        contact_profile_url: str,
        question: str,
        *,
        sales_navigator: str = "auto",
        answer_type: str = "open_text",
        output_schema: Mapping[str, Any] | None = None,
        verification_mode: str = "strict",
        force_refresh: bool = False,
        webhook_url: str | None = None,
    ) -> Signal:
        """As ``AsyncSignals.create``, about a person."""
        body = _body(question, answer_type, output_schema, verification_mode, force_refresh, webhook_url)
        return await self._create({**_about(contact_profile_url, sales_navigator), **body})

    async def create_sync(
        self,
        contact_profile_url: str,
        question: str,
        *,
        timeout: float = 120.0,
        sales_navigator: str = "auto",
        answer_type: str = "open_text",
        output_schema: Mapping[str, Any] | None = None,
        verification_mode: str = "strict",
        force_refresh: bool = False,
        webhook_url: str | None = None,
    ) -> Signal:
        """As ``AsyncSignals.create_sync``, about a person."""
        body = _body(question, answer_type, output_schema, verification_mode, force_refresh, webhook_url)
        return await self._create_sync({**_about(contact_profile_url, sales_navigator), **body}, timeout)

    def list(
        self, *, contact_profile_url: str | None = None, page_size: int = PAGE_SIZE
    ) -> AsyncIterator[Signal]:
        """The organisation's signals about people, newest first; each once, also while new ones arrive."""
        return self._list({"contactProfileUrl": contact_profile_url, "limit": page_size})


def _about(contact_profile_url: str, sales_navigator: str) -> dict[str, Any]:
    subject: dict[str, Any] = {"contactProfileUrl": contact_profile_url}
    if sales_navigator != "auto":
        subject["connectors"] = {"salesNavigator": {"enabled": sales_navigator}}
    return subject


def _once() -> dict[str, str]:
    """Has the server do it once, however often it is sent."""
    return {"Idempotency-Key": str(uuid4())}


def _body(
    question: str,
    answer_type: str,
    output_schema: Mapping[str, Any] | None,
    verification_mode: str,
    force_refresh: bool,
    webhook_url: str | None,
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "question": question,
        "answerType": answer_type,
        "verificationMode": verification_mode,
    }
    if output_schema is not None:
        body["outputSchema"] = output_schema
    if force_refresh:
        body["forceRefresh"] = True
    if webhook_url is not None:
        body["webhookUrl"] = webhook_url
    return body


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("A date must have a zone, such as datetime.now(UTC).")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _signal(reply: Reply) -> Signal:
    return _decoded(reply, signal_from)


def _decoded(reply: Reply, decode: Callable[[Any], T]) -> T:
    try:
        return decode(reply.wire)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise UnexpectedAnswer(
            f"The server answered {reply.status}, but not with what this API sends ({error}).",
            reply.request_id,
            reply.status,
        ) from error
