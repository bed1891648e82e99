"""Plan: which sources can say anything to a question, in which order, and how many pages each may come to."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.research.model import Question, Value
from leadline.research.ports import Source


class Planned(Value, frozen=True, kw_only=True):
    """A source that may be asked until ``pages`` pages have been read in all, those of the sources before it included."""

    source: str
    pages: int


class Plan(Value, frozen=True, kw_only=True):
    """The sources in the order in which they are asked, and who reads what they bring."""

    sources: tuple[Planned, ...] = ()
    reader: str = ""


def plan(question: Question, sources: Sequence[Source], reader: str) -> Plan:
    """The sources that suit the question share its pages.

    Each leaves those that come after it what they need, but never more than half of what it has left itself. What
    it does not use is theirs as well.
    """
    suiting = [source for source in sources if source.suits(question)]
    planned: list[Planned] = []
    left = question.budget.max_pages
    for position, source in enumerate(suiting, 1):
        own = max(left - sum(later.needs for later in suiting[position:]), (left + 1) // 2)
        left -= own
        planned.append(Planned(source=source.name, pages=question.budget.max_pages - left))
    return Plan(sources=tuple(planned), reader=reader)
