"""Page fetchers for tests, named for what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256

from leadline.research.errors import FetchError, Reason
from leadline.research.model import Company, SiteSurvey, Unreadable
from leadline.research.ports import Download, ReadEntry, Validators


class MemoryFetcher:
    """Holds a site in memory: address to HTML, or to the reason why it cannot be read.

    Its pages have an ETag and answer "not modified" to who knows it; what it does not hold is NOT_FOUND. The
    survey lists every address of the site. ``fetched`` are the addresses asked for, in order.
    """

    def __init__(self, pages: Mapping[str, str | bytes | Reason]) -> None:
        self.pages = dict(pages)
        self.fetched: list[str] = []
        self.surveyed: list[Company] = []

    async def survey(self, company: Company, read: ReadEntry, *, max_age: float | None = None) -> SiteSurvey:
        self.surveyed.append(company)
        entry = f"https://{company.asked_host}/"
        found = await read(entry)
        notes = (found,) if isinstance(found, Unreadable) else ()
        return SiteSurvey(entry_url=entry, sitemap_urls=tuple(self.pages), notes=notes)

    async def fetch(
        self,
        url: str,
        company: Company | None,
        *,
        validators: Validators | None = None,
        max_age: float | None = None,
    ) -> Download:
        self.fetched.append(url)
        page = self.pages.get(url, Reason.NOT_FOUND)
        if isinstance(page, Reason):
            raise FetchError(url, page)
        body = page.encode() if isinstance(page, str) else page
        if not body.strip():
            raise FetchError(url, Reason.EMPTY)
        version = Validators(etag=f'"{sha256(body).hexdigest()[:16]}"')
        known = validators is not None and validators.etag == version.etag
        return Download(
            url=url,
            body=None if known else body,
            content_type="text/html; charset=utf-8",
            validators=version,
        )


class FailingFetcher:
    """Can read nothing, for one reason."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail

    async def survey(self, company: Company, read: ReadEntry, *, max_age: float | None = None) -> SiteSurvey:
        raise FetchError(f"https://{company.asked_host}/", self.reason, self.detail)

    async def fetch(
        self,
        url: str,
        company: Company | None,
        *,
        validators: Validators | None = None,
        max_age: float | None = None,
    ) -> Download:
        raise FetchError(url, self.reason, self.detail)


class HangingFetcher:
    """Never answers; ends only by being cancelled. ``waiting`` is set once somebody waits."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()

    async def survey(self, company: Company, read: ReadEntry, *, max_age: float | None = None) -> SiteSurvey:
        await self._hang()
        raise AssertionError

    async def fetch(
        self,
        url: str,
        company: Company | None,
        *,
        validators: Validators | None = None,
        max_age: float | None = None,
    ) -> Download:
        await self._hang()
        raise AssertionError

    async def _hang(self) -> None:
        self.waiting.set()
        await asyncio.Event().wait()
