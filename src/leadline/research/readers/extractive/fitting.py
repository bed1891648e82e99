"""How well the words around a value fit the question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from leadline.research.readers.extractive.asking import Asking, Wanted
from leadline.research.readers.extractive.scene import HEADING, INTRO, NEIGHBOUR, OUTER_HEADING, OWN, TITLE, Spot, title_concepts
from leadline.research.values.concepts import concepts

SHARED, ELSEWHERE = 0.95, 0.35  # in the sentence, but outside the value's own part; with another value


class Scope(NamedTuple):
    """A unit's words sorted by their nearness to one value."""

    own: str
    shared: str = ""
    elsewhere: str = ""


class Fit(NamedTuple):
    """``coverage``: share of the question's topic met, weighted by rarity and nearness. ``own``: the share met
    in the value's own part and the rest of its sentence alone. ``missing``: words not met anywhere near."""

    coverage: float
    own: float
    missing: tuple[Wanted, ...]
    names_met: bool


def fit(asking: Asking, spot: Spot, scope: Scope, *, leave_out: Sequence[Wanted] = ()) -> Fit:
    """Measure how the question's topic is met around a value of ``spot``."""
    wanted = [w for w in asking.wanted if w not in leave_out]
    if not wanted:
        return Fit(0.0, 0.0, (), True)
    places = _places(spot, scope)
    met_by_acronym = _acronym_positions(asking, spot)
    total = met = own = 0.0
    missing: list[Wanted] = []
    names_met = True
    for word in wanted:
        weight = spot.scene.weight(word)
        place = max((value for value, held in places if word.concepts & held), default=0.0)
        if not place and word.position in met_by_acronym:
            place = 0.9
        total += weight
        met += weight * place
        own += weight * (place if place >= SHARED else 0.0)
        if place < TITLE - 0.01:
            missing.append(word)
            names_met = names_met and not word.named
    return Fit(met / total, own / total, tuple(missing), names_met)


def _places(spot: Spot, scope: Scope) -> list[tuple[float, frozenset[str]]]:
    language = spot.language
    places = [(OWN, concepts(scope.own, language))]
    if scope.shared:
        places.append((SHARED, concepts(scope.shared, language)))
    if scope.elsewhere:
        places.append((ELSEWHERE, concepts(scope.elsewhere, language)))
    if spot.intro:
        places.append((INTRO, concepts(spot.intro, language)))
    if spot.headings:
        places.append((HEADING, concepts(spot.headings[-1], language)))
        places.extend((OUTER_HEADING, concepts(h, language)) for h in spot.headings[:-1])
    places.append((TITLE, title_concepts(spot)))
    places.extend((NEIGHBOUR, concepts(u.text, language)) for u in spot.neighbours(1))
    return places


def _acronym_positions(asking: Asking, spot: Spot) -> frozenset[int]:
    text = " ".join((spot.text, spot.intro, *spot.headings))
    met: set[int] = set()
    for acronym, positions in asking.acronyms:
        if re.search(rf"(?<!\w){re.escape(acronym.upper())}s?(?!\w)", text):
            met |= positions
    return frozenset(met)


_BREAKS = re.compile(r"[,;:•|·]|\.\s|\s(?:and|or|but|while|whereas|und|oder|aber|et|ou|mais)\s|\)|\(|\s[-–—]\s", re.IGNORECASE)


def sentence_scope(text: str, spans: Sequence[tuple[int, int]], which: int) -> Scope:
    """The part of a sentence that belongs to the value at ``spans[which]``, when several stand in it.

    "120 days for maternity leave and 30 days for paternity leave": the words between two values are cut at the
    break between them. Words before the first value are shared by all.
    """
    start, end = spans[which]
    if len(spans) == 1:
        return Scope(own=text)
    left = 0 if which == 0 else _cut(text, spans[which - 1][1], start)[1]
    right = len(text) if which == len(spans) - 1 else _cut(text, end, spans[which + 1][0])[0]
    if which == 0:
        left = _label_start(text, spans)
    first = _label_start(text, spans)
    shared = text[:first]
    return Scope(own=text[left:right], shared=shared, elsewhere=text[first:left] + " … " + text[right:])


def _cut(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the words between two values part: (end of the first's words, start of the second's)."""
    between = text[start:end]
    breaks = [m for m in _BREAKS.finditer(between) if m.group() not in ("(", ":")]
    if breaks:
        return start + breaks[0].start(), start + breaks[-1].end()
    return end, start


def _label_start(text: str, spans: Sequence[tuple[int, int]]) -> int:
    """Where the first value's own label begins: at the last break before it, if its rivals have labels in front too."""
    before = text[: spans[0][0]]
    between = text[spans[0][1] : spans[1][0]]
    parts = [m for m in _BREAKS.finditer(between) if m.group() not in ("(", ":")]
    labelled = bool(parts) and bool(re.search(r"\w", between[parts[-1].end() :]))
    breaks = [m for m in _BREAKS.finditer(before) if m.group() != "("]
    if not labelled or not breaks:
        return 0 if not labelled else _last_words(before)
    return breaks[-1].end()


def _last_words(before: str) -> int:
    """The last two words before a value, for a label that no break sets off."""
    words = list(re.finditer(r"\S+", before))
    return words[-2].start() if len(words) >= 2 else 0
