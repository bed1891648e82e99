"""Objects: each field read as a question of its own; all of them, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from leadline.research.model import Evidence, Passage, Question, Unit
from leadline.research.readers.extractive import structured
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.choosing import choose
from leadline.research.readers.extractive.fields import fields
from leadline.research.readers.extractive.figures import figure_candidates, number_candidates
from leadline.research.readers.extractive.listings import list_candidates
from leadline.research.readers.extractive.phrases import field_candidates
from leadline.research.readers.extractive.statements import boolean_candidates
from leadline.research.values.terms import squash

Extract = Callable[[Question, Sequence[Passage], Evidence], Sequence[Candidate]]

_RULES: dict[str, Extract] = {
    "boolean": boolean_candidates,
    "number": number_candidates,
    "percentage": figure_candidates,
    "amount": figure_candidates,
    "list": list_candidates,
    "open_text": field_candidates,
}
MAX_FIELDS = 12
AT_HOME = 0.08  # for a field's candidate on the page where most of the others stand
TOGETHER, APART = 0.55, 0.75  # least score of a field whose fellows stand on the same page, or elsewhere


def record_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    wanted = fields(question)
    if not wanted or len(wanted) > MAX_FIELDS:
        return ()
    value: dict[str, Any] = {}
    parts: list[tuple[str, Any, tuple[Unit, ...]]] = []
    chosen: list[tuple[Candidate, float]] = []
    read = [
        (
            field,
            [
                *_RULES[field.kind](field.question, passages, evidence),
                *structured.candidates(field.question, passages, evidence),
            ],
        )
        for field in wanted
    ]
    home = _page_of_most([candidates for _, candidates in read])
    for field, candidates in read:
        found = _choose(candidates, home)
        if found is None:
            if field.nullable:
                value[field.name] = None
            elif field.required:
                return ()
            continue
        candidate, margin = found
        leaf = candidate.value["value"] if field.kind == "amount" else candidate.value
        value[field.name] = leaf
        parts.append((f"/{field.name}", leaf, candidate.units))
        chosen.append((candidate, margin))
    if not chosen:
        return ()
    together = len({c.units[0].page for c, _ in chosen}) == 1
    least = min(c.score for c, _ in chosen)
    if least < (TOGETHER if together else APART) or _one_place_for_all(chosen, value):
        return ()
    units = tuple(dict.fromkeys(u for _, _, cited in parts for u in cited))
    features = {
        "coverage": least,
        "together": float(together),
        "fields": float(len(chosen)),
        "rank": chosen[0][0].features.get("rank", 0.0),
    }
    score = 0.8 + 0.2 * least
    return [
        Candidate(value, units, score, "record-together" if together else "record", features, tuple(parts))
    ]


def _page_of_most(read: Sequence[Sequence[Candidate]]) -> int | None:
    """The page from which most fields can be read best: what is asked for together often stands together."""
    best = Counter(max(c, key=lambda x: x.score).units[0].page for c in read if c)
    page, count = best.most_common(1)[0] if best else (None, 0)
    return page if count >= 2 else None


def _choose(candidates: Sequence[Candidate], home: int | None) -> tuple[Candidate, float] | None:
    moved = [c._replace(score=c.score + AT_HOME) if c.units[0].page == home else c for c in candidates]
    choice = choose(_same, moved, accept=TOGETHER)
    return (choice.candidates[0], choice.margin) if choice.value is not None else None


def _same(a: Any, b: Any) -> bool:
    return squash(a) == squash(b) if isinstance(a, str) and isinstance(b, str) else bool(a == b)


def _one_place_for_all(chosen: Sequence[tuple[Candidate, float]], value: dict[str, Any]) -> bool:
    """The same value from the same words for several fields: the fields were not told apart."""
    figures = [(c.units, repr(c.value)) for c, _ in chosen if not isinstance(c.value, bool)]
    return len(set(figures)) < len(figures)
