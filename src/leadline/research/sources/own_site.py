"""The company's own site: its entry page first, then the addresses that promise most for this question.

The choice is made in rounds: the pages of one round are read, and the links on them take part in the choice of the next.
It goes by the pages of this question's own plan alone. So the same question gets the same pages, whether they come out of
the library or off the network, and whatever was asked before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from leadline.research.documents.walls import LITTLE
from leadline.research.errors import FetchError, Reason, StepError
from leadline.research.model import Evidence, Page, Question, SiteSurvey, Unreadable
from leadline.research.ports import Library, Progress, Sandbox
from leadline.research.sources.reading import read as read_pages
from leadline.research.sources.reading import too_late

ROUND = 8  # pages read between two choices; the fetcher bounds how many of them go to one host at once
REPEATED = 3  # addresses with the same few words from which these are nobody's page
NO_LIMIT = 100_000


class OwnSite:
    """Implements ``research.ports.Source``."""

    name = "own_site"
    needs = 30

    def __init__(self, library: Library, sandbox: Sandbox) -> None:
        self._library = library
        self._sandbox = sandbox

    def suits(self, question: Question) -> bool:
        """A company has a site, as far as it is known: of a person, only the employer's name may be."""
        return bool(question.company.asked_host)

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        return await _Reading(self._library, self._sandbox, question, pages, deadline, progress).read()


class _Reading:
    """One question's reading of one site."""

    def __init__(
        self,
        library: Library,
        sandbox: Sandbox,
        question: Question,
        limit: int,
        deadline: float,
        progress: Progress,
    ) -> None:
        self.library = library
        self.sandbox = sandbox
        self.question = question
        self.limit = limit
        self.deadline = deadline
        self.progress = progress
        self.not_before: datetime | None = question.asked_at if question.force_refresh else None
        self.pages: dict[str, Page] = {}  # by the address asked for, in the order of the plan
        self.unreadable: dict[str, Unreadable] = {}
        self.asked: list[str] = []
        self.fetched = 0
        self.reachable = True

    async def read(self) -> Evidence:
        survey = await self._survey()
        await self._round([survey.entry_url] if survey.entry_url not in self.unreadable else [])
        while len(self.asked) < self.limit:
            chosen = (await self._choose(survey, self.limit))[: min(ROUND, self.limit - len(self.asked))]
            if not chosen:
                break
            if time.monotonic() >= self.deadline:
                for url in chosen:
                    self.unreadable[url] = too_late(url)
                break
            await self._round(chosen)
        left_out = await self._choose(survey, NO_LIMIT) if self.reachable else []
        self._refuse_repeated(survey.entry_url)
        distinct = {page.url: page for page in reversed(self.pages.values())}  # the first that led there
        return Evidence(
            pages=tuple(reversed(distinct.values())),
            unreadable=tuple(self.unreadable.values()),
            fetched=self.fetched,
            unplanned=len(left_out),
        )

    def _refuse_repeated(self, entry: str) -> None:
        """Few words that stand at several addresses alike are none of their pages: what shows them shows them anywhere.

        The entry keeps its words; that the other addresses could not be looked at is said.
        """
        alike: dict[str, list[str]] = {}
        for url, page in self.pages.items():
            if len(page.content.text) < LITTLE:
                alike.setdefault(page.content.text_sha256, []).append(url)
        for urls in alike.values():
            if len({urlsplit(self.pages[url].url).path for url in urls}) < REPEATED:
                continue
            home = self.pages[entry].url if entry in self.pages else entry
            for url in urls:
                if self.pages[url].url != home:
                    del self.pages[url]
                    detail = f"the same words stand at {len(urls)} addresses of the site"
                    self.unreadable[url] = Unreadable(url=url, reason=Reason.HTTP_ERROR, detail=detail)

    async def _survey(self) -> SiteSurvey:
        """What the site says of itself. One that cannot be looked at is read as far as its pages are stored."""
        company = self.question.company
        entry = f"https://{company.asked_host}/"
        try:
            async with asyncio.timeout(max(0.05, self.deadline - time.monotonic())):
                survey = await self.library.survey(company, not_before=self.not_before)
        except TimeoutError:
            self.unreadable[entry] = too_late(entry)
        except FetchError as error:
            self.unreadable[error.url] = Unreadable(url=error.url, reason=error.reason, detail=error.detail)
        else:
            for note in survey.notes:
                self.unreadable.setdefault(note.url, note)
            self.progress("collect", f"{len(survey.sitemap_urls)} addresses in the sitemap")
            self.fetched += survey.fetched
            if survey.fetched:
                self._arrived(survey.entry_url)
            return survey
        self.reachable = False
        stored = await self.library.stored([entry], not_before=self.not_before)
        if isinstance(found := stored.get(entry), Page):
            self._take(entry, found)
        return SiteSurvey(entry_url=entry)

    async def _choose(self, survey: SiteSurvey, limit: int) -> list[str]:
        """The best addresses that have not been asked for yet, as far as this plan's own pages tell."""
        read = list(self.pages.values())
        known = len(self.asked) + len(self.unreadable) + len(self.pages)
        try:
            chosen = await self.sandbox.choose_pages(self.question, survey, read, limit + known)
        except StepError as error:
            detail = f"choosing among the addresses of the site: {error}"
            self.unreadable[survey.entry_url] = Unreadable(
                url=survey.entry_url, reason=Reason.TOO_COMPLEX, detail=detail
            )
            return []
        done = self._done()
        return [url for url in chosen if url not in done]

    def _done(self) -> set[str]:
        """What was asked for, and where it stood: a page is not read again at the address it led to."""
        return {*self.asked, *self.unreadable, *(page.url for page in self.pages.values())}

    async def _round(self, urls: Sequence[str]) -> None:
        urls = [url for url in urls if url not in self.asked]
        self.asked += urls
        if not self.reachable:
            stored = await self.library.stored(urls, not_before=self.not_before)
            for url in urls:  # in the order of the plan
                if url in stored:
                    self._take(url, stored[url])
            return
        read = await read_pages(
            self.library,
            urls,
            self.question.company,
            not_before=self.not_before,
            deadline=self.deadline,
            arrived=self._arrived,
        )
        for url, result in read.items():
            self._take(url, result.page)
            self.fetched += result.fetched

    def _arrived(self, url: str) -> None:
        self.progress("collect", url, pages=len(self.pages), unreadable=len(self.unreadable))

    def _take(self, url: str, found: Page | Unreadable) -> None:
        if isinstance(found, Page):
            self.pages[url] = found
        else:
            self.unreadable[url] = found
