"""Recall, from stored traces: was the gold page read, and were the gold words shown to the reader?

The two are kept apart because they are repaired in different places: the first by choosing pages, the second
by ranking passages. Questions count that have evidence and whose result has a stored signal. Several pieces
of evidence are alternatives: one found is enough. The share of passages is measured over all such
questions, so a page that was not read counts against it too; ``shown_of_fetched`` leaves those out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import msgspec

from leadline.evaluation.schemas import EvalQuestion, EvalResult, GoldEvidence
from leadline.signals.schemas import SignalTrace

DEPTHS = (5, 10, 20)
NEARLY_ALL = 0.9  # share of a quote's words; a quote that runs across blocks is not literal in any one unit


class Tracer(Protocol):
    """Who tells how a signal came about."""

    async def trace(self, signal_id: str) -> SignalTrace: ...


class QuestionRecall(msgspec.Struct, frozen=True, kw_only=True):
    """``rank`` is the place of the first passage that shows gold words, from 1; None when none does."""

    id: str
    site: str
    fetched: bool
    rank: int | None


class SiteRecall(msgspec.Struct, frozen=True, kw_only=True):
    site: str
    questions: int
    fetched: int
    shown: dict[int, int]  # by depth: how many had gold words among so many passages

    def fetch_recall(self) -> float:
        return self.fetched / self.questions

    def rank_recall(self, depth: int) -> float:
        return self.shown[depth] / self.questions

    def shown_of_fetched(self, depth: int) -> float | None:
        return self.shown[depth] / self.fetched if self.fetched else None


async def measure_recall(
    tracer: Tracer, questions: Sequence[EvalQuestion], results: Sequence[EvalResult]
) -> list[QuestionRecall]:
    """One row for each question that has evidence and a stored signal."""
    signals = {result.id: result.signal_id for result in results if result.signal_id}
    return [
        question_recall(question, await tracer.trace(signals[question.id]))
        for question in questions
        if question.evidence and question.id in signals
    ]


def question_recall(question: EvalQuestion, trace: SignalTrace) -> QuestionRecall:
    gold_paths = {_path(evidence.path) for evidence in question.evidence}
    read = {_path(page.url) for page in trace.pages}
    passages = next((step.value.get("passages", ()) for step in trace.steps if step.step == "rank"), ())
    rank = next(
        (
            place
            for place, passage in enumerate(passages, 1)
            if any(_shows(passage, gold) for gold in question.evidence)
        ),
        None,
    )
    return QuestionRecall(id=question.id, site=question.domain, fetched=bool(gold_paths & read), rank=rank)


def by_site(rows: Iterable[QuestionRecall]) -> list[SiteRecall]:
    """A row for each site in the order of its name, and one named "all" at the end."""
    sites: dict[str, list[QuestionRecall]] = {}
    for row in rows:
        sites.setdefault(row.site, []).append(row)
    groups = [(site, sites[site]) for site in sorted(sites)]
    return [
        _site(site, group) for site, group in [*groups, ("all", [r for _, g in groups for r in g])] if group
    ]


def _site(site: str, rows: list[QuestionRecall]) -> SiteRecall:
    return SiteRecall(
        site=site,
        questions=len(rows),
        fetched=sum(row.fetched for row in rows),
        shown={depth: sum(row.rank is not None and row.rank <= depth for row in rows) for depth in DEPTHS},
    )


def _path(url: str) -> str:
    return unquote(urlsplit(url).path).removesuffix("index.html").rstrip("/") or "/"


def _shows(passage: dict[str, Any], gold: GoldEvidence) -> bool:
    """True when the passage is of the gold page and bears the gold words."""
    if _path(passage["url"]) != _path(gold.path):
        return False
    units = [unit["text"] for unit in passage["units"]]
    shown = _words(" ".join([*passage.get("headings", ()), passage.get("context", ""), *units]))
    quote = _words(gold.quote)
    if f" {' '.join(quote)} " in f" {' '.join(shown)} ":
        return True
    there = set(shown)
    return len(quote) > 0 and sum(word in there for word in quote) / len(quote) >= NEARLY_ALL


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.findall(r"[^\W_]+|[%$€£]", folded)
