"""robots.txt as RFC 9309 wants it read.

The file is decoded, and everything that is not said to Leadline is dropped, before the parser sees it: what the
parser gets, and what each check of an address costs, does not grow with the groups written for others.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlsplit

from protego import Protego

from leadline.foundation.http import Fault, GuardedClient, OutgoingError, Response, Retry
from leadline.research.documents.decoding import decode_text
from leadline.research.errors import FetchError, Reason
from leadline.research.ports import RobotsSaid, SharedRobots

PRODUCT_TOKEN = "Leadline"  # noqa: S105 (a name, no secret)
MAX_BYTES = 512_000  # at least 500 KiB must be parsed (RFC 9309, 2.5)
MAX_REDIRECTS = 5  # RFC 9309, 2.3.1.2
MAX_RULES = 10_000  # said to us; a site with more is not read, because the rest may forbid what we ask for
MAX_RULE = 2_048  # characters of one line; no address that we ask for is longer
MAX_SITEMAPS = 100

# The host itself cannot be reached: that, and not its robots.txt, is what the reader should hear of.
_HOST_FAULTS = {
    Fault.NOT_RESOLVED: Reason.NOT_RESOLVED,
    Fault.ADDRESS_REFUSED: Reason.ADDRESS_REFUSED,
    Fault.CONNECTION: Reason.CONNECTION_FAILED,
    Fault.TLS: Reason.TLS_FAILED,
}


@dataclass(frozen=True)
class Rules:
    """What one host lets us read. ``failure`` stands when its robots.txt could not be had: nothing is.

    ``said``: what its robots.txt says to us, as the parser takes it.
    """

    said: str = ""
    failure: tuple[Reason, str] | None = None

    @cached_property
    def parsed(self) -> Protego:
        return Protego.parse(self.said)

    def check(self, url: str) -> None:
        """Raises FetchError when the address may not be read."""
        if self.failure:
            raise FetchError(url, *self.failure)
        if not self.parsed.can_fetch(url, PRODUCT_TOKEN):
            raise FetchError(url, Reason.DISALLOWED, "robots.txt asks not to read this address")

    @property
    def crawl_delay(self) -> float:
        """Seconds between two requests; 0 when nothing is stated."""
        return self.parsed.crawl_delay(PRODUCT_TOKEN) or 0.0

    @property
    def sitemaps(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.parsed.sitemaps))


@dataclass(frozen=True)
class _Kept:
    """Rules, when they were read, and how often in a row reading them has failed."""

    rules: Rules
    since: float
    failures: int = 0


class RobotsRules:
    """The rules of hosts, each read once and kept in the process, and in ``shared`` for all.

    ``keep_seconds`` at most a day (RFC 9309, 2.4); a failure is kept ``keep_failure_seconds`` only, twice as long
    each time that it is met again, up to ``longest_failure_seconds``.
    """

    def __init__(
        self,
        client: GuardedClient,
        *,
        retry: Retry,
        keep_seconds: float = 3600.0,
        keep_failure_seconds: float = 15.0,
        longest_failure_seconds: float = 240.0,
        keep_hosts: int = 1000,
        shared: SharedRobots | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._shared = shared
        self._retry = retry
        self._keep = min(keep_seconds, 86_400.0)
        self._keep_failure = keep_failure_seconds
        self._longest_failure = longest_failure_seconds
        self._keep_hosts = keep_hosts
        self._clock = clock
        self._known: OrderedDict[str, _Kept] = OrderedDict()
        self._reading: dict[str, asyncio.Lock] = {}

    async def of(self, url: str, *, max_age: float | None = None) -> Rules:
        """The rules for the origin of ``url``, from its robots.txt.

        A failure that was met longer than ``max_age`` seconds ago is not believed, however long it is kept.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if rules := self._fresh(origin, max_age):
            return rules
        # Forty pages asked for at once read their host's robots.txt once.
        lock = self._reading.setdefault(origin, asyncio.Lock())
        try:
            async with lock:
                if rules := self._fresh(origin, max_age):
                    return rules
                rules, age = await self._read_or_shared(origin, max_age)
                before = self._known.pop(origin, None)
                failures = (before.failures if before else 0) + 1 if rules.failure else 0
                kept = self._known[origin] = _Kept(rules, self._clock() - age, failures)
                while len(self._known) > self._keep_hosts:
                    self._known.popitem(last=False)
                return self._told(kept, age) if age else rules
        finally:
            if not lock.locked():
                self._reading.pop(origin, None)

    def _fresh(self, origin: str, max_age: float | None) -> Rules | None:
        kept = self._known.get(origin)
        if kept is None:
            return None
        age = self._clock() - kept.since
        if kept.rules.failure is None:
            return kept.rules if age < self._keep else None
        believed = min(self._keep_failure * 2.0 ** min(kept.failures - 1, 20), self._longest_failure)
        if age >= believed or (max_age is not None and age > max_age):
            return None
        return self._told(kept, age)

    def _told(self, kept: _Kept, age: float) -> Rules:
        if kept.rules.failure is None:
            return kept.rules
        reason, detail = kept.rules.failure
        return replace(
            kept.rules, failure=(reason, f"{detail}, met {age:.0f} s ago and not asked again since")
        )

    async def _read_or_shared(self, origin: str, max_age: float | None) -> tuple[Rules, float]:
        async def read() -> RobotsSaid:
            rules = await self._read(origin + "/robots.txt")
            return RobotsSaid(said=rules.said, failure=rules.failure)

        if self._shared is None:
            said, age = await read(), 0.0
        else:
            believed = self._keep_failure if max_age is None else min(self._keep_failure, max_age)
            said, age = await self._shared.of(origin, read, believed=believed, kept=self._keep)
        return await asyncio.to_thread(_ready, said), age

    async def _read(self, url: str) -> Rules:
        try:
            answer = await self._client.get(
                url, max_bytes=MAX_BYTES, max_redirects=MAX_REDIRECTS, retry=self._retry, cut=True
            )
        except OutgoingError as error:
            if error.fault in (Fault.TOO_MANY_REDIRECTS, Fault.URL_REFUSED):
                return Rules()  # as if there were none (RFC 9309, 2.3.1.2)
            if error.fault is Fault.NONE_LEFT:  # tells of who asks, and nothing of the host
                raise FetchError(url, Reason.OVER_BUDGET, error.detail) from error
            reason = _HOST_FAULTS.get(error.fault, Reason.ROBOTS_UNAVAILABLE)
            return Rules(failure=(reason, f"robots.txt: {error.fault.value} {error.detail}".strip()))
        return await asyncio.to_thread(_rules, answer)


# ------------------------------------------------------------------ what is said to us

_RULES = frozenset({"allow", "disallow", "crawl-delay"})
_TOKEN = re.compile(r"[A-Za-z_-]+")
_TO_ALL = re.compile(r"\*(?:\s|$)")


def _ready(said: RobotsSaid) -> Rules:
    rules = Rules(said.said, said.failure)
    _ = rules.parsed  # ten thousand rules take a while, which no other question should wait for
    return rules


def _rules(answer: Response) -> Rules:
    if answer.status >= 500 or answer.status == 429:
        # RFC 9309, 2.3.1.4. A host that is too busy to say what we may read is not asked for pages either.
        return Rules(failure=(Reason.ROBOTS_UNAVAILABLE, f"robots.txt: status {answer.status}"))
    if answer.status != 200:
        return Rules()
    return parse_rules(answer.body, answer.headers.get("content-type", ""))


def parse_rules(body: bytes, content_type: str = "") -> Rules:
    """The rules that a robots.txt holds for Leadline. Never raises."""
    if len(body) >= MAX_BYTES:
        body = body[: body.rfind(b"\n") + 1]  # half a line could forbid more than was meant
    ours, sitemaps = _said_to_us(decode_text(body, content_type))
    if len(ours) > MAX_RULES:
        detail = f"robots.txt: more than {MAX_RULES} rules"
        return Rules(failure=(Reason.ROBOTS_UNAVAILABLE, detail))
    lines = ["User-agent: *", *ours, *(f"Sitemap: {address}" for address in sitemaps)]
    return Rules("\n".join(lines))


def _said_to_us(text: str) -> tuple[list[str], list[str]]:
    """The rules of all groups that name Leadline, else of those for everybody; and the sitemaps.

    A group is for us when its product token is ours, in whatever case; a part of it is another's
    (RFC 9309, 2.2.1).
    """
    to_us: list[str] = []
    to_all: list[str] = []
    sitemaps: list[str] = []
    named = False
    ours = everybody = False  # whom the group that is being read is for
    opening = False  # its user-agent lines are being read
    for line in text.replace("\ufeff", "").splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon or len(line) > MAX_RULE:
            continue
        if name == "user-agent":
            if not opening:
                ours = everybody = False
            opening = True
            token = _TOKEN.match(value)
            ours = ours or (token is not None and token[0].lower() == PRODUCT_TOKEN.lower())
            everybody = everybody or _TO_ALL.match(value) is not None
            named = named or ours
        elif name in _RULES:
            opening = False
            if ours:
                to_us.append(f"{name}: {value}")
            if everybody:
                to_all.append(f"{name}: {value}")
        elif name == "sitemap" and len(sitemaps) < MAX_SITEMAPS:
            sitemaps.append(value)
    return (to_us if named else to_all), sitemaps
