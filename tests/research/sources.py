"""Sources for tests, named for what they do."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace
from tests.research.library import page

from leadline.research.errors import Reason
from leadline.research.model import Evidence, Provenance, Question, Unreadable
from leadline.research.ports import Progress


class EchoSearch:
    """A search service that always finds the same pages of others."""

    name = "search"

    def __init__(self, found: Mapping[str, str]) -> None:
        self._found = found
        self.asked: list[str] = []

    def suits(self, question: Question) -> bool:
        return True

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        self.asked.append(question.text)
        read = [
            replace(page(url, html), provenance=Provenance.THIRD_PARTY) for url, html in self._found.items()
        ]
        return Evidence(pages=tuple(read[:pages]), fetched=len(read[:pages]))


class FailingSearch(EchoSearch):
    """A search service that cannot be asked."""

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        self.asked.append(question.text)
        url = "https://search.example/"
        return Evidence(unreadable=(Unreadable(url=url, reason=Reason.RATE_LIMITED),))
