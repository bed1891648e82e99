"""From candidates to one draft: agreeing candidates are one, disagreeing ones of equal rank are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from leadline.research.readers.extractive.candidate import Candidate

ACCEPT: dict[str, float] = {"count-of-list": 0.85}
DEFAULT_ACCEPT = 0.8
MARGIN = 0.1  # of the best score over the next that says otherwise
SMALL_MARGIN = 0.04  # where the best meets every word of the question, and the next does not
LEARNED_MARGIN = 0.45  # of a value chosen by its probability over that of the next
LEARNED_AHEAD = 1.3  # times as likely as the next, by all but the order of the passages
CLOSE = 0.2  # candidates of the same value within this are cited beside the best


class Choice(NamedTuple):
    """The best group of agreeing candidates, or why there is none."""

    value: Any
    candidates: tuple[Candidate, ...]
    rivals: tuple[Candidate, ...]
    why: str
    margin: float


def choose(
    equal: Callable[[Any, Any], bool], candidates: Sequence[Candidate], *, accept: float | None = None
) -> Choice:
    groups = _groups(equal, candidates)
    if not groups:
        return Choice(None, (), (), "no words of the asked kind fit the question", 0.0)
    best = groups[0]
    top = best[0]
    rivals = [g[0] for g in groups[1:]]
    margin = top.score - rivals[0].score if rivals else 1.0
    if not (top.score >= accept if accept is not None else _close_enough(top, margin)):
        return Choice(
            None, tuple(best), tuple(rivals), "the words found do not fit the question closely enough", margin
        )
    if top.accept is not None and (margin < LEARNED_MARGIN or top.features["ahead"] < LEARNED_AHEAD):
        return Choice(
            None, tuple(best), tuple(rivals), "the pages give different answers of equal weight", margin
        )
    if margin < (SMALL_MARGIN if rivals and _meets_more(top, rivals[0]) else MARGIN):
        return Choice(
            None, tuple(best), tuple(rivals), "the pages give different answers of equal weight", margin
        )
    return Choice(
        top.value, tuple(c for c in best if c.score > top.score - CLOSE)[:3], tuple(rivals), "", margin
    )


def _meets_more(top: Candidate, rival: Candidate) -> bool:
    met, wanted = top.features.get("met"), top.features.get("wanted")
    return met is not None and met == wanted and rival.features.get("met", met) < met


def _close_enough(top: Candidate, margin: float) -> bool:
    if top.accept is not None:
        return top.score >= top.accept
    if top.score >= ACCEPT.get(top.rule, DEFAULT_ACCEPT):
        return True
    # Of a long question one word may be said otherwise, where nothing else comes near.
    return top.score >= 0.72 and margin >= 0.3 and top.features.get("wanted", 0) >= 5


def _groups(equal: Callable[[Any, Any], bool], candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates of equal value together, best first; a further place that agrees counts a little."""
    groups: list[list[Candidate]] = []
    for candidate in sorted(candidates, key=lambda c: -c.score):
        for group in groups:
            if equal(group[0].value, candidate.value):
                group.append(candidate)
                break
        else:
            groups.append([candidate])
    return groups
