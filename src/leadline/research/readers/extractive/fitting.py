"""How well the words around a value fit the question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from leadline.research.readers.extractive.asking import Asking, Wanted
from leadline.research.readers.extractive.scene import (
    HEADING,
    INTRO,
    NEIGHBOUR,
    OUTER_HEADING,
    OWN,
    TITLE,
    Spot,
    title_concepts,
)
from leadline.research.values.concepts import concepts
from leadline.research.values.terms import fold, terms

MISSING = 0.5
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
    met: int = 0  # how many of the question's words are met
    borrowed: bool = False  # some are met by the headings only


def fit(
    asking: Asking,
    spot: Spot,
    scope: Scope,
    *,
    leave_out: Sequence[Wanted] = (),
    given: Sequence[Wanted] = (),
    neighbours: bool = True,
) -> Fit:
    """Measure how the question's topic is met around a value of ``spot``.

    Words in ``given`` count as met; those in ``leave_out`` do not count. Without ``neighbours`` the sentences
    beside the unit do not help.
    """
    wanted = [w for w in asking.wanted if w not in leave_out]
    if not wanted:
        return Fit(0.0, 0.0, (), True)
    places = _places(spot, scope, neighbours=neighbours)
    elsewhere = concepts(scope.elsewhere, spot.language) if scope.elsewhere else frozenset()
    met_by_acronym = acronyms_met(asking, " ".join((scope.own, scope.shared)))
    total = met = own = 0.0
    missing: list[Wanted] = []
    names_met, count, borrowed = True, 0, False
    for word in wanted:
        weight = spot.scene.weight(word)
        place = max(
            (_value(word, value, held) for value, held in places if word.concepts & held), default=0.0
        )
        if place == NEIGHBOUR and word.named:
            place = 0.0  # a name or figure in the next sentence is of something else
        if elsewhere and word.concepts & elsewhere and place not in (OWN, SHARED):
            place = ELSEWHERE  # the sentence gives this word to another value
        if place < OWN and word.position in met_by_acronym:
            place = OWN
        if word in given or (place < OWN and _is_of_page_date(word, spot)):
            place = OWN
        count += place >= MISSING
        borrowed = borrowed or place in (HEADING, OUTER_HEADING)
        total += weight
        met += weight * place
        own += weight * (place if place >= SHARED else 0.0)
        if place < MISSING and not word.weak and not word.light:
            missing.append(word)
            names_met = names_met and not word.named
    turned = 0.7 if _turned(wanted, places) else 1.0
    return Fit(turned * met / total, own / total, tuple(missing), names_met, count, borrowed)


def _turned(wanted: Sequence[Wanted], places: Sequence[tuple[float, frozenset[str]]]) -> bool:
    """True when the words around speak of "self-hosted" and the question of "hosted"."""
    held = frozenset().union(*(h for _, h in places))
    return any(
        f"={prefix}{fold(w.text)}" in held and f"={fold(w.text)}" not in held
        for w in wanted
        for prefix in ("self", "non", "un", "anti")
    )


def _is_of_page_date(word: Wanted, spot: Spot) -> bool:
    """A month or year that the question names is met by a page published then."""
    published = spot.page.content.published_on
    if published is None:
        return False
    return word.text == str(published.year) or fold(word.text) == published.strftime("%B").lower()


def adjacent_words_close(asking: Asking, text: str, language: str, *, reach: int = 3) -> bool:
    """Words that stand side by side in the question stand close in the text: a "free tier" is no "free trial tier"."""
    words = terms(text, language)
    met = {
        w: [i for i, t in enumerate(words) if w.concepts & concepts(t.text, language)] for w in asking.wanted
    }
    for one, two in zip(asking.wanted, asking.wanted[1:], strict=False):
        if two.position - one.position != 1 or one.named != two.named or not met[one] or not met[two]:
            continue
        if min(abs(a - b) for a in met[one] for b in met[two]) > reach:
            return False
    return True


def _value(word: Wanted, place: float, held: frozenset[str]) -> float:
    """A name is met in full by itself only: the "Hospital" plan is not met by "for hospitals"."""
    exact = (
        not word.named
        or "=" + fold(word.text).removesuffix("'s") in held
        or "=" + fold(word.text) in held
        or any((c[0] == "~" or c[-1].isdigit()) and c in held for c in word.concepts)
    )
    return place if exact else 0.75 * place


_WITH_FIGURE = re.compile(r"[$€£]\s?\d|\d\s?(?:[€£%]|percent\b|euros?\b|dollars?\b|prozent\b)", re.IGNORECASE)


def _places(spot: Spot, scope: Scope, *, neighbours: bool) -> list[tuple[float, frozenset[str]]]:
    language = spot.language
    places = [(OWN, concepts(scope.own, language))]
    if scope.shared:
        places.append((SHARED, concepts(scope.shared, language)))
    if scope.elsewhere:
        places.append((ELSEWHERE, concepts(scope.elsewhere, language)))
    if spot.intro:
        priced = _WITH_FIGURE.search(spot.intro)  # then its words are those of its own figure
        places.append((ELSEWHERE if priced else INTRO, concepts(spot.intro, language)))
    if spot.headings:
        places.append((HEADING, concepts(spot.headings[-1], language)))
        places.extend((OUTER_HEADING, concepts(h, language)) for h in spot.headings[:-1])
    places.append((TITLE, title_concepts(spot)))
    if neighbours:
        places.extend((NEIGHBOUR, concepts(u.text, language)) for u in spot.neighbours(1))
    return places


def acronyms_met(asking: Asking, text: str) -> frozenset[int]:
    """Positions of question words that the text abbreviates ("BAA"), or of abbreviations that it spells out."""
    met: set[int] = set()
    for word in asking.wanted:
        bare = word.text.removesuffix("s") if word.text[:-1].isupper() else word.text
        if bare.isalpha() and bare.isupper() and 3 <= len(bare) <= 5:
            initials = r"[\s-]+(?:(?:of|and|for|the)\s+)?".join(rf"{c}[a-z]+" for c in bare)
            if re.search(rf"\b{initials}", text, re.IGNORECASE):
                met.add(word.position)
    for acronym, positions in asking.acronyms:
        if re.search(rf"(?<!\w){re.escape(acronym.upper())}s?(?!\w)", text):
            met |= positions
    return frozenset(met)


_BREAKS = re.compile(
    r"[,;:•|·]|\.\s|\s(?:and|or|but|while|whereas|und|oder|aber|et|ou|mais)\s|\)|\(|\s[-–—]\s", re.IGNORECASE
)


def sentence_scope(text: str, spans: Sequence[tuple[int, int]], which: int) -> Scope:
    """The part of a sentence that belongs to the value at ``spans[which]``, when several stand in it.

    "120 days for maternity leave and 30 days for paternity leave": the words between two values are cut at the
    break between them. Words before the first value are shared by all.
    """
    start, end = spans[which]
    if len(spans) == 1:
        return Scope(own=text)
    first = _label_start(text, spans)
    left = (first if first is not None else 0) if which == 0 else _cut(text, spans[which - 1][1], start)[1]
    right = len(text) if which == len(spans) - 1 else _cut(text, end, spans[which + 1][0])[0]
    shared_end = first if first is not None else (0 if which == 0 else spans[0][0])
    return Scope(
        own=text[left:right], shared=text[:shared_end], elsewhere=text[shared_end:left] + " … " + text[right:]
    )


def _cut(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the words between two values part: (end of the first's words, start of the second's)."""
    between = text[start:end]
    breaks = [m for m in _BREAKS.finditer(between) if m.group() not in ("(", ":")]
    breaks = breaks or [m for m in _BREAKS.finditer(between) if m.group() == "("]
    if breaks:
        return start + breaks[0].start(), start + breaks[-1].end()
    return end, start


def _label_start(text: str, spans: Sequence[tuple[int, int]]) -> int | None:
    """Where the first value's own label begins, if the values have their labels in front; else None."""
    before = text[: spans[0][0]]
    between = text[spans[0][1] : spans[1][0]]
    parts = [m for m in _BREAKS.finditer(between) if m.group() not in ("(", ":")]
    if not parts or not re.search(r"\w", between[parts[-1].end() :]):
        return None
    breaks = [m for m in _BREAKS.finditer(before) if m.group() not in ("(", ":")]
    return breaks[-1].end() if breaks else _last_words(before)


def _last_words(before: str) -> int:
    """The last two words before a value, for a label that no break sets off."""
    words = list(re.finditer(r"\S+", before))
    return words[-2].start() if len(words) >= 2 else 0
