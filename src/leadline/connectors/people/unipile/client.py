"""One account's calls: paced, counted, retried, bounded; what comes back is typed."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

import httpx2
import msgspec

from leadline.connectors.people.unipile.account import PROFILES, RESULTS, Account, Pace, Usage
from leadline.connectors.people.unipile.faults import COOLING, Refusal, refusal
from leadline.connectors.people.unipile.replies import Me
from leadline.foundation.http import REDIRECTS, fault_of, retry_after
from leadline.foundation.log import get_logger
from leadline.foundation.network import Origin
from leadline.research.people import DirectoryError, DirectoryFault

T = TypeVar("T")
log = get_logger(__name__)

MOST_BYTES = 5_000_000  # of one reply
TRIES = 3
HOPS = 2  # redirects: some deployments add or take away a last slash
LIMITED_COUNTS = 5  # calls that one 429 or 500 counts as: LinkedIn was annoyed
_DAY = 86_400.0
_OF_THE_ACCOUNT = frozenset(
    {DirectoryFault.DISCONNECTED, DirectoryFault.CHECKPOINT, DirectoryFault.NOT_SUBSCRIBED}
)

Noticed = Callable[[DirectoryError], Awaitable[None]]
"""Told of each failure that says something of the account itself."""

Query = Sequence[tuple[str, str]]


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Passing(Exception):
    """Another try may succeed, after a pause of ``busy`` or of the usual length."""

    def __init__(self, error: DirectoryError, *, busy: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.busy = busy


class UnipileClient:
    """Asks for one account. ``http`` is guarded and follows no redirects."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        account: Account,
        usage: Usage,
        pace: Pace,
        noticed: Noticed,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.account = account
        self._http = http
        self._usage = usage
        self._pace = pace
        self._noticed = noticed
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._rested = 0.0  # by the monotonic clock: until then LinkedIn wants to be left alone

    async def get(self, path: str, reply: type[T], query: Query = ()) -> T:
        """A read that counts as one of today's profiles. Raises DirectoryError; Refusal when the vendor answered."""
        return await self._counted(PROFILES, 1, "GET", path, reply, query, None)

    async def look_up(self, path: str, reply: type[T], query: Query = ()) -> T:
        """A read that shows nobody, and so does not count. Raises as ``get``."""
        return await self._verified(self._insisting("GET", path, reply, self._own(query), None))

    async def state(self, path: str, reply: type[T]) -> T:
        """What the vendor itself says of the account. Raises as ``get``."""
        return await self._insisting("GET", path, reply, (), None)

    async def me(self) -> Me:
        """Who the account's owner is at LinkedIn. Raises as ``get``."""
        return await self._insisting("GET", "/api/v1/users/me", Me, self._own(()), None)

    async def find(self, path: str, reply: type[T], most: int, query: Query, body: object) -> T:
        """A search for at most so many people, who count as results of today. Raises as ``get``."""
        return await self._counted(RESULTS, most, "POST", path, reply, query, body)

    async def give_back(self, results: int) -> None:
        """Results that were counted and did not come."""
        if results > 0:
            await self._usage.count(RESULTS, -results)

    async def _counted(
        self, what: str, count: int, method: str, path: str, reply: type[T], query: Query, body: object
    ) -> T:
        most = self.account.daily_profiles if what == PROFILES else self.account.daily_results
        if not await self._usage.take(what, count, most):
            raise DirectoryError(
                DirectoryFault.RATE_LIMITED,
                f"Today's {most} {what} of the Sales Navigator account are used up; they begin anew at midnight UTC.",
                retry_after=_DAY - time.time() % _DAY,
            )
        annoyed = (what, count * (LIMITED_COUNTS - 1))
        return await self._verified(
            self._insisting(method, path, reply, self._own(query), body, on_limit=annoyed)
        )

    def _own(self, query: Query) -> Query:
        return [("account_id", self.account.id), *query]

    async def _verified(self, call: Awaitable[T]) -> T:
        """No seat, or a session that cannot use it: the vendor says the same of both, and only one needs a seat."""
        try:
            return await call
        except Refusal as error:
            if error.kind != "feature_not_subscribed":
                raise
            refused = error
        told: DirectoryError = refused
        if (await self.me()).sales_navigator is not None:
            told = DirectoryError(
                DirectoryFault.DISCONNECTED,
                "The account has a Sales Navigator seat that its session cannot use: link it anew at Unipile, "
                "then run `leadline connections test`.",
            )
        await self._noticed(told)
        raise told from refused

    # ------------------------------------------------------------------ trying

    async def _insisting(
        self,
        method: str,
        path: str,
        reply: type[T],
        query: Query,
        body: object,
        *,
        on_limit: tuple[str, int] | None = None,
    ) -> T:
        for attempt in range(TRIES):
            try:
                return await self._once(method, path, reply, query, body, on_limit)
            except _Passing as passing:
                log.debug("unipile.again", path=path.split("?")[0][:40], attempt=attempt, reason=str(passing))
                if attempt + 1 == TRIES:
                    raise passing.error from None
                pause = self._pace.busy if passing.busy else self._pace.again * 2**attempt
                await self._sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        raise AssertionError("unreachable")  # pragma: no cover

    async def _once(
        self,
        method: str,
        path: str,
        reply: type[T],
        query: Query,
        body: object,
        on_limit: tuple[str, int] | None,
    ) -> T:
        if (left := self._rested - time.monotonic()) > 0:
            raise DirectoryError(
                DirectoryFault.RATE_LIMITED,
                f"LinkedIn limits the account, which is left alone for another {math.ceil(left)} s.",
                retry_after=left,
            )
        async with self._turn:  # pauses follow each other, so that two callers do not halve them
            await self._sleep(random.uniform(self._pace.least, self._pace.most))  # noqa: S311 - no secret
        answer = await self._answer(method, path, query, body)
        if 200 <= answer.status < 300:
            return _read(answer.body, reply)
        error = refusal(answer.status, answer.body, retry_after(answer.headers))
        if on_limit and (error.status in (429, 500) or error.fault is DirectoryFault.RATE_LIMITED):
            await self._usage.count(*on_limit)
        if error.fault is DirectoryFault.RATE_LIMITED:
            self._rested = time.monotonic() + (error.retry_after or COOLING)
        if error.kind == "multiple_sessions":
            raise _Passing(error, busy=True)
        if error.fault is DirectoryFault.UNAVAILABLE and error.status >= 500:
            raise _Passing(error)
        if error.fault in _OF_THE_ACCOUNT and error.kind != "feature_not_subscribed":
            await self._noticed(error)
        raise error

    async def _answer(self, method: str, path: str, query: Query, body: object) -> _Answer:
        url = f"{self.account.address}{path}?{urlencode(query)}"
        for _ in range(HOPS + 1):
            answer = await self._sent(method, url, body)
            location = answer.headers.get("location", "")
            if answer.status not in REDIRECTS or not location:
                return answer
            url = _followed(url, location)
        raise DirectoryError(DirectoryFault.BAD_REPLY, "Unipile's address leads in a circle.")

    async def _sent(self, method: str, url: str, body: object) -> _Answer:
        headers = {"X-API-KEY": self.account.secret, "Accept": "application/json"}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(body)
        try:
            async with (
                asyncio.timeout(self._pace.timeout),
                self._http.stream(method, url, headers=headers, content=content) as response,
            ):
                whole = bytearray()
                async for part in response.aiter_bytes():
                    whole += part
                    if len(whole) > MOST_BYTES:
                        raise DirectoryError(
                            DirectoryFault.BAD_REPLY, f"Unipile's reply is larger than {MOST_BYTES} bytes."
                        )
                return _Answer(response.status_code, dict(response.headers), bytes(whole))
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise DirectoryError(
                DirectoryFault.UNAVAILABLE, f"Unipile did not answer within {self._pace.timeout:g} s."
            ) from error
        except httpx2.RemoteProtocolError as error:
            raise _Passing(_cut()) from error
        except httpx2.TransportError as error:
            fault, detail = fault_of(error)
            told = DirectoryError(
                DirectoryFault.UNAVAILABLE, f"Unipile could not be reached ({fault.value}: {detail})."
            )
            raise (_Passing(told) if fault.transient else told) from error


def _followed(url: str, location: str) -> str:
    """Where a redirect leads: the access token goes to the origin that the operator stated, and nowhere else."""
    try:
        following = str(httpx2.URL(url).join(location))
        same = Origin.of(following) == Origin.of(url)
    except (httpx2.InvalidURL, ValueError, UnicodeError):
        same = False
    if not same:
        raise DirectoryError(
            DirectoryFault.BAD_REPLY, "Unipile's address leads elsewhere: check the connection's address."
        )
    return following


def _read(body: bytes, reply: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=reply)
    except msgspec.ValidationError as error:
        raise DirectoryError(
            DirectoryFault.BAD_REPLY, f"Unipile's reply is not what its reference says ({error})."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Passing(_cut()) from error


def _cut() -> DirectoryError:
    return DirectoryError(DirectoryFault.BAD_REPLY, "Unipile's reply is cut off or is no JSON.")


__all__ = ["Noticed", "Query", "UnipileClient"]
