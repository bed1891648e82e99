"""robots.txt as RFC 9309 wants it read."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from protego import Protego

from leadline.foundation.http import Fault, GuardedClient, OutgoingError, Response, Retry
from leadline.research.errors import FetchError, Reason

PRODUCT_TOKEN = "Leadline"  # noqa: S105 (a name, no secret)
MAX_BYTES = 512_000  # at least 500 KiB must be parsed (RFC 9309, 2.5)
MAX_REDIRECTS = 5  # RFC 9309, 2.3.1.2

# The host itself cannot be reached: that, and not its robots.txt, is what the reader should hear of.
_HOST_FAULTS = {
    Fault.NOT_RESOLVED: Reason.NOT_RESOLVED,
    Fault.ADDRESS_REFUSED: Reason.ADDRESS_REFUSED,
    Fault.CONNECTION: Reason.CONNECTION_FAILED,
    Fault.TLS: Reason.TLS_FAILED,
}


@dataclass(frozen=True)
class Rules:
    """What one host lets us read. ``failure`` stands when its robots.txt could not be had: nothing is."""

    parsed: Protego
    failure: tuple[Reason, str] | None = None

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


class RobotsRules:
    """The rules of hosts, each read once and kept in the process.

    ``keep_seconds`` at most a day (RFC 9309, 2.4); failures are kept ``keep_failure_seconds`` only.
    """

    def __init__(
        self,
        client: GuardedClient,
        *,
        retry: Retry,
        keep_seconds: float = 3600.0,
        keep_failure_seconds: float = 60.0,
        keep_hosts: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._retry = retry
        self._keep = min(keep_seconds, 86_400.0)
        self._keep_failure = keep_failure_seconds
        self._keep_hosts = keep_hosts
        self._clock = clock
        self._known: OrderedDict[str, tuple[Rules, float]] = OrderedDict()
        self._reading: dict[str, asyncio.Lock] = {}

    async def of(self, url: str) -> Rules:
        """The rules for the origin of ``url``, from its robots.txt."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if rules := self._fresh(origin):
            return rules
        # Forty pages asked for at once read their host's robots.txt once.
        lock = self._reading.setdefault(origin, asyncio.Lock())
        try:
            async with lock:
                if rules := self._fresh(origin):
                    return rules
                rules = await self._read(origin + "/robots.txt")
                keep = self._keep_failure if rules.failure else self._keep
                self._known[origin] = (rules, self._clock() + keep)
                while len(self._known) > self._keep_hosts:
                    self._known.popitem(last=False)
                return rules
        finally:
            if not lock.locked():
                self._reading.pop(origin, None)

    def _fresh(self, origin: str) -> Rules | None:
        rules, until = self._known.get(origin, (None, 0.0))
        return rules if until > self._clock() else None

    async def _read(self, url: str) -> Rules:
        try:
            answer = await self._client.get(
                url, max_bytes=MAX_BYTES, max_redirects=MAX_REDIRECTS, retry=self._retry, cut=True
            )
        except OutgoingError as error:
            if error.fault in (Fault.TOO_MANY_REDIRECTS, Fault.URL_REFUSED):
                return Rules(Protego.parse(""))  # as if there were none (RFC 9309, 2.3.1.2)
            reason = _HOST_FAULTS.get(error.fault, Reason.ROBOTS_UNAVAILABLE)
            return Rules(
                Protego.parse(""), (reason, f"robots.txt: {error.fault.value} {error.detail}".strip())
            )
        return _rules(answer)


def _rules(answer: Response) -> Rules:
    if answer.status >= 500 or answer.status == 429:
        # RFC 9309, 2.3.1.4. A host that is too busy to say what we may read is not asked for pages either.
        return Rules(Protego.parse(""), (Reason.ROBOTS_UNAVAILABLE, f"robots.txt: status {answer.status}"))
    if answer.status != 200:
        return Rules(Protego.parse(""))
    body = answer.body
    if len(body) >= MAX_BYTES:
        body = body[: body.rfind(b"\n") + 1]  # half a line could forbid more than was meant
    return Rules(Protego.parse(body.decode("utf-8-sig", errors="replace")))
