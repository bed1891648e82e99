"""A library held in memory, a trace held in memory, and a reader that answers what it is told to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeVar

import msgspec

from leadline.research.documents.hosts import host_of, same_site
from leadline.research.documents.walk import read_page
from leadline.research.errors import FetchError, Reason
from leadline.research.model import (
    Claim,
    Company,
    Draft,
    Evidence,
    Page,
    Passage,
    Question,
    SiteSurvey,
    Unit,
    Unreadable,
)
from leadline.research.ports import FetchedPage

T = TypeVar("T")
ACME = Company(host="acme.com", asked_host="acme.com")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def page(url: str, html: str) -> Page:
    body = html.encode()
    digest = hashlib.sha256(body).hexdigest()
    content = read_page(body, "text/html; charset=utf-8", url)
    return Page(
        url=url, snapshot_id=f"{url}#{digest[:8]}", fetched_at=NOW, body_sha256=digest, content=content
    )


class MemoryLibrary:
    """``research.ports.Library``: address to HTML or the reason why it cannot be read."""

    def __init__(
        self,
        site: Mapping[str, str | Reason],
        *,
        stored: Sequence[str] = (),
        survey_fault: Reason | None = None,
        in_sitemap: bool = True,
        leads: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """``leads``: addresses that lead to another, as redirects do."""
        self.site = dict(site)
        self.leads = leads
        self.kept: dict[str, Page | Unreadable] = {url: self._read(url) for url in stored}
        self.survey_fault = survey_fault
        self.in_sitemap = in_sitemap
        self.fetched: list[str] = []

    async def survey(self, company: Company, *, not_before: datetime | None = None) -> SiteSurvey:
        if self.survey_fault is not None:
            raise FetchError(f"https://{company.asked_host}/", self.survey_fault)
        return SiteSurvey(
            entry_url=f"https://{company.asked_host}/",
            sitemap_urls=tuple(url for url in self.site if same_site(host_of(url), company.host))
            if self.in_sitemap
            else (),
        )

    async def stored(
        self, urls: Sequence[str], *, not_before: datetime | None = None
    ) -> Mapping[str, Page | Unreadable]:
        return {url: self.kept[url] for url in urls if url in self.kept}

    async def page(
        self, url: str, company: Company | None, *, not_before: datetime | None = None
    ) -> FetchedPage:
        if url in self.kept:
            return FetchedPage(self.kept[url], fetched=False)
        self.fetched.append(url)
        self.kept[url] = self._read(url)
        return FetchedPage(self.kept[url], fetched=True)

    async def load(self, snapshot_ids: Sequence[str]) -> Sequence[Page]:
        pages = {p.snapshot_id: p for p in self.kept.values() if isinstance(p, Page)}
        return [pages[snapshot_id] for snapshot_id in snapshot_ids]

    def _read(self, url: str) -> Page | Unreadable:
        url = self.leads.get(url, url)
        found = self.site.get(url, Reason.NOT_FOUND)
        return Unreadable(url=url, reason=found) if isinstance(found, Reason) else page(url, found)


class MemoryTrace:
    """``research.ports.Trace`` through JSON, as a database keeps it."""

    def __init__(self) -> None:
        self.steps: dict[str, bytes] = {}
        self.saved: list[str] = []
        self.dies_after: str | None = None

    async def load(self, step: str, of: type[T]) -> T | None:
        found = self.steps.get(step)
        return msgspec.json.decode(found, type=of) if found is not None else None

    async def save(self, step: str, value: msgspec.Struct, *, seconds: float) -> None:
        self.steps[step] = msgspec.json.encode(value)
        self.saved.append(step)
        if step == self.dies_after:
            raise ProcessDied


class ProcessDied(BaseException):
    """The process ended here."""


class WordReader:
    """Answers ``value`` when a unit holds ``word``; keeps count of how often it was asked."""

    name = "word"
    passage_limit = 20

    def __init__(self, word: str, value: object, *, finish: Callable[[Draft], Draft] = lambda d: d) -> None:
        self.word = word
        self.value = value
        self.asked = 0
        self.finish = finish

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        self.asked += 1
        found = [u for p in passages for u in p.units if self.word in u.text]
        if not found:
            return self.finish(Draft(reader=self.name))
        return self.finish(Draft(reader=self.name, value=self.value, claims=(claim(self.value, found[0]),)))


def claim(value: object, *units: Unit) -> Claim:
    return Claim(path="", value=value, citations=tuple(u.number for u in units))


def ignore(step: str, detail: str, /, **facts: object) -> None:
    """Progress that nobody watches."""
