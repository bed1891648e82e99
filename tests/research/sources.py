"""Sources for tests, named for what they do."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from tests.research.library import MemoryLibrary

from leadline.research.documents.hosts import host_of, same_site
from leadline.research.errors import Reason
from leadline.research.model import Evidence, Page, Provenance, Question, Unreadable
from leadline.research.ports import Library, Progress
from leadline.research.sources.reading import read


class EchoSearch:
    """A search service that finds the same addresses whatever it is asked; its pages come from the library."""

    name = "search"

    def __init__(self, library: Library, found: Sequence[str], *, needs: int = 5) -> None:
        self._library = library
        self._found = found
        self.needs = needs
        self.asked: list[str] = []
        self.allowed: list[int] = []

    def suits(self, question: Question) -> bool:
        return True

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        self.asked.append(question.text)
        self.allowed.append(pages)
        not_before = question.asked_at if question.force_refresh else None
        found = await read(
            self._library,
            self._found[:pages],
            None,
            not_before=not_before,
            deadline=deadline,
            arrived=lambda url: progress("collect", url),
        )
        return Evidence(
            pages=tuple(_of(question, one.page) for one in found.values() if isinstance(one.page, Page)),
            unreadable=tuple(one.page for one in found.values() if isinstance(one.page, Unreadable)),
            fetched=sum(one.fetched for one in found.values()),
        )


def _of(question: Question, page: Page) -> Page:
    own = same_site(host_of(page.url), question.company.asked_host)
    return replace(page, provenance=Provenance.OWN if own else Provenance.THIRD_PARTY)


class FailingSearch(EchoSearch):
    """A search service that cannot be asked."""

    def __init__(self) -> None:
        super().__init__(MemoryLibrary({}), ())

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        self.asked.append(question.text)
        url = "https://search.example/"
        return Evidence(unreadable=(Unreadable(url=url, reason=Reason.RATE_LIMITED),))
