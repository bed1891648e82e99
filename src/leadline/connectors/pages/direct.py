"""Reads a company's pages from its own site, as robots.txt and the host's patience allow."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from w3lib.html import get_meta_refresh

from leadline.connectors.pages.robots import RobotsRules, Rules
from leadline.connectors.pages.sitemaps import Sitemap, parse_sitemap
from leadline.foundation.http import Fault, GuardedClient, OutgoingError, Response, Retry
from leadline.research.documents.decoding import decode_text
from leadline.research.documents.hosts import registrable, same_site
from leadline.research.errors import FetchError, Reason
from leadline.research.model import Company, SiteSurvey, Unreadable
from leadline.research.ports import Download, ReadEntry, SharedRobots, Validators

_REASONS = {
    Fault.URL_REFUSED: Reason.HTTP_ERROR,
    Fault.NOT_RESOLVED: Reason.NOT_RESOLVED,
    Fault.ADDRESS_REFUSED: Reason.ADDRESS_REFUSED,
    Fault.CONNECTION: Reason.CONNECTION_FAILED,
    Fault.TLS: Reason.TLS_FAILED,
    Fault.TIMEOUT: Reason.TIMED_OUT,
    Fault.PROTOCOL: Reason.CONNECTION_FAILED,
    Fault.UNDECODABLE: Reason.UNDECODABLE,
    Fault.TOO_LARGE: Reason.TOO_LARGE,
    Fault.TOO_MANY_REDIRECTS: Reason.TOO_MANY_REDIRECTS,
    Fault.NONE_LEFT: Reason.OVER_BUDGET,
}
_STATUSES = {
    204: Reason.EMPTY,
    205: Reason.EMPTY,
    401: Reason.FORBIDDEN,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    410: Reason.NOT_FOUND,
    429: Reason.RATE_LIMITED,
    451: Reason.FORBIDDEN,
}
_READABLE_TYPES = frozenset(
    {
        "text/html",
        "application/xhtml+xml",
        "text/plain",
        "text/markdown",
        "text/xml",
        "application/xml",
        "application/json",
        "application/ld+json",
        "application/pdf",
    }
)
_ACCEPT = (
    "text/html,application/xhtml+xml,application/pdf;q=0.8,text/plain;q=0.8,application/xml;q=0.7,*/*;q=0.1"
)
# MIME Sniffing standard, 3 "binary data byte".
_BINARY_BYTES = bytes({*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)})
_UNICODE_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class SitemapLimits:
    """How much of a site's sitemaps is read. ``seconds`` bounds all of them together."""

    depth: int = 3
    files: int = 20
    urls: int = 20_000
    file_bytes: int = 10_000_000
    seconds: float = 20.0


MOST_REFRESHES = 4  # pages that only lead on to the next
SOON = 5.0  # seconds; a page that is shown for longer is a page
_HEAD_BYTES = 65_536  # of a page, in which it may say that it leads on
LONGEST_HOLD = 180.0  # seconds that one answer can silence its host in this process


@dataclass
class _Site:
    """Our manners towards one registrable domain. Times are those of the fetcher's clock."""

    slots: asyncio.Semaphore
    next_start: float = 0.0  # no request starts earlier (crawl delay)


@dataclass(frozen=True)
class _Hold:
    """A host asked for silence (Retry-After). Times are those of the fetcher's clock."""

    since: float
    until: float


@dataclass
class _Sitemaps:
    """What has been read of a site's sitemaps so far."""

    pages: dict[str, None] = field(default_factory=dict)
    notes: list[Unreadable] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


class DirectPageFetcher:
    """``PageFetcher`` over plain HTTP.

    ``host_concurrency`` requests at once to one registrable domain. ``max_crawl_delay`` caps the seconds
    between requests that a robots.txt can ask for, ``patience`` the seconds waited for a host that answers
    429 or 503. The client's limits bound each request.
    """

    def __init__(
        self,
        client: GuardedClient,
        *,
        host_concurrency: int = 4,
        max_crawl_delay: float = 5.0,
        patience: float = 15.0,
        sitemap_limits: SitemapLimits | None = None,
        robots_seconds: float = 86_400.0,
        shared_robots: SharedRobots | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._concurrency = host_concurrency
        self._max_crawl_delay = max_crawl_delay
        self._patience = patience
        self._sitemap_limits = sitemap_limits or SitemapLimits()
        self._clock = clock
        # A page that hung once will hang again; waiting twice would only spend the question's time.
        self._retry = Retry(attempts=2, budget=patience, timeouts=False)
        self._robots = RobotsRules(
            client, retry=self._retry, keep_seconds=robots_seconds, shared=shared_robots, clock=clock
        )
        self._sites: OrderedDict[str, _Site] = OrderedDict()
        self._holds: OrderedDict[str, _Hold] = OrderedDict()  # by host: its neighbours asked for nothing

    # ------------------------------------------------------------------ the port

    async def fetch(
        self,
        url: str,
        company: Company | None,
        *,
        validators: Validators | None = None,
        max_age: float | None = None,
    ) -> Download:
        """One page. Follows redirects inside the site of ``url`` or of the company; raises FetchError."""
        return await self._page(self._recorded(url), company, validators, max_age)

    async def survey(self, company: Company, read: ReadEntry, *, max_age: float | None = None) -> SiteSurvey:
        """Find the site's entry and what its sitemaps list.

        Raises FetchError when no spelling of the host can be read at all, and LEFT_SITE when the host leads
        to another company's domain. An entry page that answers with an error is a note, and so is a sitemap
        that exists and could not be read; what our own limits leave out is not.
        """
        entry, notes = await self._entry(company, read)
        rules = await self._robots.of(entry, max_age=max_age)
        found = await self._read_sitemaps(entry, rules)
        return SiteSurvey(entry_url=entry, sitemap_urls=tuple(found.pages), notes=(*notes, *found.notes))

    # ------------------------------------------------------------------ pages

    async def _page(
        self, url: str, company: Company | None, validators: Validators | None, max_age: float | None
    ) -> Download:
        plain = {"Accept": _ACCEPT, "Accept-Language": "en, *;q=0.5"}
        headers = dict(plain)
        sent = Validators(
            etag=_sendable(validators.etag if validators else None),
            last_modified=_sendable(validators.last_modified if validators else None),
        )
        if sent.etag:
            headers["If-None-Match"] = sent.etag
        if sent.last_modified:
            headers["If-Modified-Since"] = sent.last_modified
        page = _download(await self._get(url, headers, company, max_age), sent)
        for _ in range(MOST_REFRESHES):
            target = _refreshes_to(page)
            if target is None or (target := self._recorded(target)) == page.url:
                return page
            await self._stay(url, target, company, max_age)
            page = _download(await self._get(target, plain, company, max_age), Validators())
        if _refreshes_to(page) is None:
            return page
        raise FetchError(url, Reason.TOO_MANY_REDIRECTS, f"more than {MOST_REFRESHES} by meta refresh")

    async def _stay(self, url: str, target: str, company: Company | None, max_age: float | None) -> None:
        """Raises FetchError when ``url`` may not lead to ``target``: another site, or not to be read."""
        host = _host(target)
        borders = (_host(url), company.host) if company is not None else (_host(url),)
        if not any(same_site(host, border) for border in borders):
            raise FetchError(url, Reason.LEFT_SITE, f"redirects to {host}")
        (await self._robots.of(target, max_age=max_age)).check(target)

    async def _get(
        self,
        url: str,
        headers: dict[str, str],
        company: Company | None,
        max_age: float | None = None,
        **options: Any,
    ) -> Response:
        """A GET of a recorded address within robots.txt, politeness and the site's borders."""
        home = _host(url)

        async def stay(old: str, new: str) -> None:
            await self._stay(url, new, company, max_age)

        rules = await self._robots.of(url, max_age=max_age)
        rules.check(url)
        async with self._turn(url, home, rules, max_age):
            try:
                answer = await self._client.get(
                    url, headers=headers, on_redirect=stay, retry=self._retry, **options
                )
            except OutgoingError as error:
                raise FetchError(url, _REASONS[error.fault], error.detail) from error
        if answer.status in (429, 503) and (pause := answer.retry_after):
            self._hold(_host(answer.url), pause)
        return answer

    @asynccontextmanager
    async def _turn(self, url: str, host: str, rules: Rules, max_age: float | None) -> AsyncIterator[None]:
        """Wait for a free slot and for the moment the host may be asked again."""
        site = self._site(host)
        async with site.slots:
            now = self._clock()
            hold = self._holds.get(host, _Hold(since=now, until=now))
            if max_age is not None and now - hold.since > max_age:
                hold = _Hold(since=now, until=now)
            held = hold.until - now
            if held > self._patience:
                detail = f"the host asked {now - hold.since:.0f} s ago not to be asked yet"
                raise FetchError(url, Reason.RATE_LIMITED, detail, retry_after=held)
            start = max(now, site.next_start, hold.until)
            site.next_start = start + min(rules.crawl_delay, self._max_crawl_delay)
            if start > now:
                await self._client.sleep(start - now)
            yield

    def _hold(self, host: str, pause: float) -> None:
        now = self._clock()
        self._holds[host] = _Hold(since=now, until=now + min(pause, LONGEST_HOLD))
        self._holds.move_to_end(host)
        while len(self._holds) > 2000:
            self._holds.popitem(last=False)

    def _site(self, host: str) -> _Site:
        name = registrable(host) or host
        if name not in self._sites:
            self._sites[name] = _Site(asyncio.Semaphore(self._concurrency))
            for idle in [n for n, s in self._sites.items() if n != name and not s.slots.locked()][:-2000]:
                del self._sites[idle]
        return self._sites[name]

    def _recorded(self, url: str) -> str:
        try:
            return self._client.recorded(url)
        except OutgoingError as error:
            raise FetchError(error.url, _REASONS[error.fault], error.detail) from error

    # ------------------------------------------------------------------ entry

    async def _entry(self, company: Company, read: ReadEntry) -> tuple[str, list[Unreadable]]:
        """The address at which the site begins, and notes when it cannot be read there."""
        failures: list[Unreadable] = []
        for host in dict.fromkeys((company.asked_host, *_spellings(company.host))):
            for scheme in ("https", "http"):
                found = await read(self._recorded(f"{scheme}://{host}/"))
                if not isinstance(found, Unreadable):
                    return found, []
                if found.reason is Reason.LEFT_SITE:
                    raise FetchError(found.url, found.reason, found.detail)
                failures.append(found)
                refused = found.reason in (Reason.CONNECTION_FAILED, Reason.TLS_FAILED)
                if not refused or self._client.policy.mapped(host):
                    break  # http:// would say the same
        asked = failures[0]
        answered = next((f for f in failures if f.reason not in _UNREACHABLE), None)
        # That another spelling has no page says nothing of a host that may have one and did not answer.
        hidden = asked.reason in _UNREACHABLE and asked.reason is not Reason.NOT_RESOLVED
        if answered is None or (hidden and answered.reason.looked):
            raise FetchError(asked.url, asked.reason, asked.detail)
        return answered.url, list({failure.url: failure for failure in (asked, answered)}.values())

    # ------------------------------------------------------------------ sitemaps

    async def _read_sitemaps(self, entry: str, rules: Rules) -> _Sitemaps:
        parts = urlsplit(entry)
        default = f"{parts.scheme}://{parts.netloc}/sitemap.xml"
        home = _host(entry)
        named = list(self._own(rules.sitemaps, home))
        found = _Sitemaps()
        try:
            async with asyncio.timeout(self._sitemap_limits.seconds):
                level = named or [default]
                for _ in range(self._sitemap_limits.depth):
                    level = await self._read_level(level, home, found, unannounced=None if named else default)
        except TimeoutError:
            found.notes.append(
                Unreadable(url=default, reason=Reason.TIMED_OUT, detail="sitemaps took too long")
            )
        return found

    async def _read_level(
        self, urls: Iterable[str], home: str, found: _Sitemaps, unannounced: str | None
    ) -> list[str]:
        """Read these sitemaps into ``found``; returns those that they name in turn."""
        new = [url for url in dict.fromkeys(urls) if url not in found.seen]
        new = new[: self._sitemap_limits.files - len(found.seen)]
        found.seen.update(new)
        children: list[str] = []
        for url, result in zip(new, await asyncio.gather(*map(self._sitemap, new)), strict=True):
            if isinstance(result, FetchError):
                if not (url == unannounced and result.reason in _NO_SITEMAP):
                    found.notes.append(Unreadable(url=url, reason=result.reason, detail=result.detail))
                continue
            if result.problem and url != unannounced:
                note = f"sitemap: {result.problem}"
                found.notes.append(Unreadable(url=url, reason=Reason.UNDECODABLE, detail=note))
            for page in self._own(result.pages, home):
                if len(found.pages) >= self._sitemap_limits.urls:
                    break
                found.pages[page] = None
            children += self._own(result.children, home)
        return children

    def _own(self, urls: Iterable[str], home: str) -> Iterator[str]:
        """Those addresses that are the site's own, as they are recorded; what is no address is passed over."""
        for url in urls:
            if not _within(url, home):
                continue
            if url.startswith("https://") and url.isascii() and url.isprintable():
                yield url  # the many of a large site
                continue
            with contextlib.suppress(OutgoingError):
                yield self._client.recorded(url)

    async def _sitemap(self, url: str) -> Sitemap | FetchError:
        limits = self._sitemap_limits
        host = _host(url)
        company = Company(host=host, asked_host=host)
        try:
            answer = await self._get(url, {"Accept": "*/*"}, company, max_bytes=limits.file_bytes, cut=True)
            _require_page(answer, conditional=False)
        except FetchError as error:
            return error  # one broken sitemap is a note, the others are still read
        return await asyncio.to_thread(
            parse_sitemap,
            answer.body,
            max_bytes=limits.file_bytes,
            max_urls=limits.urls,
            content_type=answer.headers.get("content-type", ""),
        )


# What /sitemap.xml may answer on a site that never said it had one.
_NO_SITEMAP = frozenset(
    {Reason.NOT_FOUND, Reason.EMPTY, Reason.FORBIDDEN, Reason.DISALLOWED, Reason.HTTP_ERROR, Reason.LEFT_SITE}
)
_UNREACHABLE = frozenset(
    {
        Reason.NOT_RESOLVED,
        Reason.ADDRESS_REFUSED,
        Reason.CONNECTION_FAILED,
        Reason.TLS_FAILED,
        Reason.TIMED_OUT,
        Reason.ROBOTS_UNAVAILABLE,
        Reason.OVER_BUDGET,
    }
)


def _host(url: str) -> str:
    """The host of a recorded address."""
    return urlsplit(url).hostname or ""


def _within(url: str, home: str) -> bool:
    """Whether an address that a site names itself is one of its own."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and "@" not in parts.netloc and parts.port != 0
        return usable and same_site(parts.hostname or "", home)
    except ValueError:  # also of a port that is none
        return False


def _spellings(host: str) -> tuple[str, str]:
    bare = host.removeprefix("www.")
    return bare, f"www.{bare}"


def _require_page(answer: Response, *, conditional: bool) -> None:
    """Raises FetchError when the status does not bring a page (or the news that it did not change)."""
    status = answer.status
    if status in (200, 203) or (conditional and status == 304):
        return
    reason = _STATUSES.get(status, Reason.SERVER_ERROR if status >= 500 else Reason.HTTP_ERROR)
    raise FetchError(answer.url, reason, f"status {status}", retry_after=answer.retry_after)


def _sendable(validator: str | None) -> str | None:
    """The validator when it can stand in a request; servers also send raw bytes, or pages of it."""
    usable = validator and len(validator) <= 1_000 and validator.isascii() and validator.isprintable()
    return validator if usable else None


def _download(answer: Response, sent: Validators) -> Download:
    """The page in an answer to a request with these validators; raises FetchError when there is none that
    could be read as text."""
    _require_page(answer, conditional=bool(sent.etag or sent.last_modified))
    fresh = Validators(
        etag=_sendable(answer.headers.get("etag")) or (sent.etag if answer.status == 304 else None),
        last_modified=_sendable(answer.headers.get("last-modified"))
        or (sent.last_modified if answer.status == 304 else None),
    )
    content_type = answer.headers.get("content-type", "")
    if answer.status == 304:
        return Download(url=answer.url, body=None, content_type=content_type, validators=fresh)
    if not answer.body.strip():
        raise FetchError(answer.url, Reason.EMPTY, "the page has no content")
    return Download(
        url=answer.url,
        body=answer.body,
        content_type=_readable_type(answer, content_type),
        validators=fresh,
    )


def _refreshes_to(page: Download) -> str | None:
    """Where a page sends its reader by ``<meta http-equiv=refresh>`` within moments; None when it stays."""
    if page.body is None or "html" not in page.content_type.lower():
        return None
    head = decode_text(page.body[:_HEAD_BYTES], page.content_type)
    try:
        seconds, target = get_meta_refresh(head, page.url)
    except ValueError:  # "http://[" is no address
        return None
    return target if seconds is not None and target and seconds <= SOON else None


def _readable_type(answer: Response, content_type: str) -> str:
    """The content type to read the body as; raises FetchError NOT_TEXT by the header or by the bytes."""
    essence = content_type.partition(";")[0].strip().lower()
    if answer.body.startswith(b"%PDF-"):
        return content_type if essence == "application/pdf" else "application/pdf"
    if essence and essence not in _READABLE_TYPES:
        raise FetchError(answer.url, Reason.NOT_TEXT, f"content type {essence}")
    wide = "charset=utf-16" in content_type.lower() or answer.body.startswith(_UNICODE_MARKS)
    head = answer.body[:1445]
    if essence == "application/pdf" or (not wide and head.translate(None, _BINARY_BYTES) != head):
        raise FetchError(answer.url, Reason.NOT_TEXT, "the bytes are not text")
    return content_type or "text/html"
