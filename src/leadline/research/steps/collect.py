"""Collect: read the company's own site until the plan is read or the budget is used up.

Rung 1 takes what is stored. Rung 2 reads the site: the entry page first, then the addresses that promise
most for this question; the pages read on the way name further ones.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from leadline.research.errors import FetchError, Reason
from leadline.research.model import Evidence, Page, Question, SiteSurvey, Unreadable
from leadline.research.ports import Library, Progress
from leadline.research.steps.choose import choose_pages

AT_ONCE = 8  # pages asked for together; the fetcher bounds how many of them go to one host at once
RECHOOSE = 8  # pages after whose reading the choice is made anew from the links they hold
NO_LIMIT = 100_000
SURE = 8  # with so many of the best addresses already stored, the stored evidence is tried first


class Site:
    """What is known of one company's site while a question is being answered."""

    def __init__(self, question: Question, library: Library, progress: Progress) -> None:
        self.question = question
        self.library = library
        self.progress = progress
        self.not_before: datetime | None = question.asked_at if question.force_refresh else None
        self.survey: SiteSurvey | None = None
        self.pages: dict[str, Page] = {}  # by the address asked for
        self.unreadable: dict[str, Unreadable] = {}
        self.fetched = 0
        self.left_out = 0

    async def open(self, deadline: float) -> None:
        """Survey the site and take in what is stored of it."""
        company = self.question.company
        for stored in await self.library.stored(company, not_before=self.not_before):
            self._take(stored.url, stored)
        try:
            async with asyncio.timeout(max(0.05, deadline - time.monotonic())):
                self.survey = await self.library.survey(company, not_before=self.not_before)
        except TimeoutError:
            entry = f"https://{company.asked_host}/"
            self.unreadable[entry] = _too_late(entry)
            return
        except FetchError as error:
            # With stored pages too: what else the site has was not looked at.
            self.unreadable[error.url] = Unreadable(url=error.url, reason=error.reason, detail=error.detail)
            return
        for note in self.survey.notes:
            self.unreadable.setdefault(note.url, note)
        self.progress(
            "collect", f"{len(self.pages)} pages stored, {len(self.survey.sitemap_urls)} in the sitemap"
        )

    @property
    def known_well_enough(self) -> bool:
        """True when the best addresses for this question are stored, so rung 1 is worth a try."""
        if not self.pages or self.survey is None:
            return bool(self.pages)
        best = choose_pages(self.question, self.survey, self._read(), self.question.budget.max_pages)[:SURE]
        return all(url in self.pages or url in self.unreadable for url in best)

    async def read(self, deadline: float) -> None:
        """Read what the plan still lacks. ``deadline`` is a ``time.monotonic()`` moment."""
        if self.survey is None:
            return
        limit = self.question.budget.max_pages
        if not self.pages and self.survey.entry_url not in self.unreadable:
            await self._fetch(self.survey.entry_url, deadline)
        queue: deque[str] = deque()
        reading: set[asyncio.Task[None]] = set()
        asked: set[str] = set()
        since_choice = RECHOOSE
        try:
            while time.monotonic() < deadline:
                if since_choice >= RECHOOSE or (not queue and since_choice):
                    chosen = await asyncio.to_thread(self._missing, limit)
                    queue = deque(url for url in chosen if url not in asked)
                    since_choice = 0
                while queue and len(reading) < AT_ONCE and self.fetched + len(reading) < limit:
                    url = queue.popleft()
                    asked.add(url)
                    reading.add(asyncio.create_task(self._fetch(url, deadline)))
                if not reading:
                    break
                done, reading = await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
                since_choice += len(done)
                for task in done:
                    task.result()
            else:
                left = [url for url in await asyncio.to_thread(self._missing, limit) if url not in asked]
                for url in left[: max(0, limit - self.fetched - len(reading))]:
                    self.unreadable[url] = _too_late(url)
            await asyncio.gather(*reading)
        finally:
            for task in reading:
                task.cancel()
        self.left_out = len(await asyncio.to_thread(self._missing, NO_LIMIT))

    def evidence(self) -> Evidence:
        distinct = {page.snapshot_id: page for page in self.pages.values()}
        return Evidence(
            pages=tuple(distinct.values()),
            unreadable=tuple(self.unreadable.values()),
            fetched=self.fetched,
            unplanned=self.left_out,
        )

    def _read(self) -> Sequence[Page]:
        return list(self.pages.values())

    def _missing(self, limit: int) -> list[str]:
        assert self.survey is not None
        chosen = choose_pages(
            self.question, self.survey, self._read(), limit + len(self.pages) + len(self.unreadable)
        )
        return [url for url in chosen if url not in self.pages and url not in self.unreadable]

    async def _fetch(self, url: str, deadline: float) -> None:
        try:
            async with asyncio.timeout(max(0.05, deadline - time.monotonic())):
                result = await self.library.page(url, self.question.company, not_before=self.not_before)
        except TimeoutError:
            self.fetched += 1
            self._take(url, _too_late(url))
            return
        self.fetched += result.fetched
        self._take(url, result.page)
        self.progress("collect", url, pages=len(self.pages), unreadable=len(self.unreadable))

    def _take(self, url: str, result: Page | Unreadable) -> None:
        if isinstance(result, Page):
            self.pages[url] = result
            self.pages.setdefault(result.url, result)  # where it stood after redirects
        else:
            self.unreadable[url] = result


def _too_late(url: str) -> Unreadable:
    return Unreadable(url=url, reason=Reason.TIMED_OUT, detail="the time for this question was used up")
