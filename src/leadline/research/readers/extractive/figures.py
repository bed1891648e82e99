"""Numbers, percentages and amounts of money: every figure of the best passages may be the answer."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from leadline.research.documents.hosts import host_of
from leadline.research.model import Evidence, Passage, Question
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, Wanted, periods_in
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.counting import count_candidates
from leadline.research.readers.extractive.features import (
    BEST,
    Features,
    alone,
    behind,
    of_nothing,
    of_place,
    relate,
)
from leadline.research.readers.extractive.fitting import Scope, fit, sentence_scope
from leadline.research.readers.extractive.learned import Option, Options, families, judged
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.readers.extractive.table import cell_at, cell_scope, cell_text, is_row
from leadline.research.values.concepts import concepts
from leadline.research.values.dates import find_dates, find_years
from leadline.research.values.money import dollars, find_money
from leadline.research.values.numbers import find_numbers
from leadline.research.values.percentages import find_fractions, find_percentages
from leadline.research.values.terms import stems, terms

FAMILY = "figure"
# Each figure of a line is measured with the whole line: a page made of one line would take hours.
LONG_LINE = 4000  # characters
MANY_FIGURES = 40
MOST_FIGURES = 400  # of one question, those of the best passages first
HEAD_REACH = 4  # words between a number and the noun it counts
_YEARS = frozenset({"year", "jahr", "anne", "annee"})  # stems


class Figure(NamedTuple):
    """A value of the asked kind in a unit's text; ``text[start:end]`` are its words."""

    start: int
    end: int
    value: Any
    range_end: bool = False


Finder = Callable[[str, str], list[Figure]]


def figure_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    """What a percentage or an amount of money may be."""
    return judged(options(question, passages, evidence))


def number_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    """What a number may be: a figure that stands there, or else the length of a complete list."""
    found = list(figure_candidates(question, passages, evidence))
    if any(one.score >= families()[FAMILY].accept for one in found):
        return found
    return found + list(count_candidates(Scene(question, passages, evidence)))


def options(question: Question, passages: Sequence[Passage], evidence: Evidence) -> Options:
    """Every figure of the asked kind, with what is measured of it."""
    scene = Scene(question, passages[:BEST], evidence)
    kind = question.answer_type if question.answer_type in _FINDERS else "number"
    if kind == "number" and scene.asking("en").year_asked:
        kind = "year"
    found: list[Option] = []
    for option in _found(scene, kind):
        found.append(option)
        if len(found) >= MOST_FIGURES:
            break
    measured = [option.features for option in found]
    relate(measured)
    places = Counter(option.key for option in {(o.key, o.units): o for o in found}.values())
    for option in found:
        option.features["places"] = min(4, places[option.key] - 1) / 4
    return Options(FAMILY, found, of_nothing(scene, kind, measured))


# ------------------------------------------------------------------ finding


_RIGHTS = re.compile(r"(?:©|\(c\)|\bcopyright)[\s\d,–-]{0,12}$", re.IGNORECASE)
# "20100 Turku": a line of an address counts nothing.
_POSTAL_LINE = re.compile(
    r"^(?:[A-Z]{1,2}-)?\d{4,6} [A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+){0,2}$", re.MULTILINE
)


def _find_counts(text: str, language: str) -> list[Figure]:
    taken = [(m.start, m.end) for m in find_money(text, language)] + [
        (m.start, m.end) for m in find_percentages(text, language)
    ]
    taken += [(d.start, d.end) for d in find_dates(text)]
    taken += [match.span() for match in _POSTAL_LINE.finditer(text)]
    return [
        Figure(m.start, m.end, m.value, m.range_end)
        for m in find_numbers(text, language)
        if not any(m.start < end and start < m.end for start, end in taken)
    ]


def _find_percentages(text: str, language: str) -> list[Figure]:
    found = [*find_percentages(text, language), *find_fractions(text)]
    return [Figure(m.start, m.end, m.value, m.range_end) for m in sorted(found)]


def _find_money(text: str, language: str) -> list[Figure]:
    return [
        Figure(m.start, m.end, {"value": m.value, "currency": m.currency}, m.range_end)
        for m in find_money(text, language)
    ]


def _find_years(text: str, language: str) -> list[Figure]:
    """A year of rights claimed ("© 2026") is none of these: it tells when the page was looked after."""
    return [Figure(d.start, d.end, d.year) for d in find_years(text) if not _RIGHTS.search(text[: d.start])]


_FINDERS: dict[str, Finder] = {
    "number": _find_counts,
    "percentage": _find_percentages,
    "currency": _find_money,
    "year": _find_years,
}

# ------------------------------------------------------------------ measuring


def _found(scene: Scene, kind: str) -> Iterator[Option]:
    find = _FINDERS[kind]
    for spot in scene.spots:
        if len(spot.text) > LONG_LINE:
            continue
        figures = _in_cells(find, spot) if is_row(spot) and kind != "year" else find(spot.text, spot.language)
        if not 0 < len(figures) <= MANY_FIGURES:
            continue
        asking = scene.asking(spot.language)
        named = {m.value for m in find_numbers(asking.text, spot.language)}
        if kind == "currency":
            figures = [_in_page_dollars(spot, figure) for figure in figures]
        for index, figure in enumerate(figures):
            measured = _measured(asking, spot, figures, index, kind)
            plain = figure.value["value"] if kind == "currency" else figure.value
            measured |= {
                "in_question": float(plain in named),
                "magnitude": min(9.0, math.log10(abs(plain) + 1)) / 9,
                "tiny": float(kind == "number" and abs(plain) <= 3),
                "like_a_year": float(kind == "number" and isinstance(plain, int) and 1900 <= plain <= 2100),
                f"of_{kind}": 1.0,
            }
            key = (plain, figure.value["currency"]) if kind == "currency" else plain
            where = "table" if measured["cell"] else "text"
            yield Option(key, figure.value, (spot.unit,), f"{FAMILY}-{where}", measured)


def _measured(asking: Asking, spot: Spot, figures: Sequence[Figure], index: int, kind: str) -> Features:
    figure = figures[index]
    cell = cell_at(spot, figure.start) if is_row(spot) else None
    if cell is not None:
        scope = cell_scope(spot, cell)
    else:
        scope = sentence_scope(spot.text, [(f.start, f.end) for f in figures], index)
        scope = _card_scope(spot, scope) if _alone(spot.text) else scope
    given = _given(asking, figure, kind)
    measured = fit(asking, spot, scope, leave_out=given, neighbours=cell is None)
    following = spot.after()
    near = f"{scope.own} {following.text}" if following and len(following.text) < 40 else scope.own
    tail = spot.text[figure.end : figures[index + 1].start if index + 1 < len(figures) else None]
    periods = periods_in(re.split(r"[(,;]", tail, maxsplit=1)[0]) or periods_in(near)
    unmet = any(word in asking.shares for word in measured.missing)
    other_words = [
        s for s in stems(scope.own, spot.language) if not any(s in w.concepts for w in asking.wanted)
    ]
    return {
        **of_place(asking, spot, measured, alone(asking, spot, given)),
        "figures": min(10, len(figures)) / 10,
        "only_figure": float(len(figures) == 1),
        "first_figure": float(index == 0),
        "last_figure": float(index == len(figures) - 1),
        "bare": float(_alone(spot.text)),
        "cell": float(cell is not None),
        "range": float(
            figure.range_end or (kind == "currency" and _only_bounded(asking, spot.text[: figure.start]))
        ),
        "superseded": float(kind == "currency" and _superseded(spot.text[: figure.start])),
        "labelled": float(bool(re.search(r":\s*$", spot.text[: figure.start]))),
        "other_words": min(20, len(other_words)) / 20,
        "period_met": float(bool(asking.periods & periods)),
        "period_other": float(bool(asking.periods and periods and not asking.periods & periods)),
        "period_missing": float(bool(asking.periods and not periods)),
        "period_unasked": float(bool(periods and not asking.periods)),
        "share_met": float(bool(asking.shares) and not unmet),
        "share_missing": float(unmet),
        "arithmetic": float(asking.arithmetic),
        **(
            {"of_others": 1.0}
            if gates.of_another(asking, spot.text, figure.start) or gates.quoted(spot.text, figure.start)
            else {}
        ),
        "past_year": float(kind != "year" and _past_year(asking, spot)),
        **(_counting(asking, spot, figure, scope) if kind == "number" else {}),
    }


def _past_year(asking: Asking, spot: Spot) -> bool:
    """A line that tells of years gone by only, where none is asked for."""
    if asking.years:
        return False
    said = {date.year for date in find_dates(spot.text)}
    return bool(said) and max(said) < spot.page.fetched_at.year - 1


# A price "up to 40" says how much it is not; how many a plan allows is told just so.
_BOUND = re.compile(
    r"\b(?:up to|at most|no more than|not more than|less than|fewer than|below|under|max(?:imum|\.)?(?: of)?|bis zu|höchstens|maximal|jusqu['’]à|au plus)\s*[$€£]?\s*$",
    re.IGNORECASE,
)
_BOUND_ASKED = re.compile(
    r"\b(?:up to|at most|most|max\w*|limit\w*|longest|largest|highest|how far|bis zu|höchst\w*|maximal\w*|jusqu|within)\b",
    re.IGNORECASE,
)


def _only_bounded(asking: Asking, before: str) -> bool:
    return _BOUND.search(before[-30:]) is not None and _BOUND_ASKED.search(asking.text) is None


# What something cost before stands beside what it costs now.
_BEFORE_NOW = re.compile(
    r"\b(?:was|were|formerly|previously|originally|instead of|rrp|msrp|list price|regular price|statt|zuvor|bisher|uvp|au lieu de|avant)\W{0,3}$",
    re.IGNORECASE,
)


def _superseded(before: str) -> bool:
    return _BEFORE_NOW.search(before[-24:].rstrip("$€£ \u00a0")) is not None


_SAYS_DOLLARS = 50_000  # characters of a page in which it may say whose dollars it means


def _in_page_dollars(spot: Spot, figure: Figure) -> Figure:
    """A bare "$" in the dollars that the page speaks of."""
    said = spot.text[figure.start : figure.end]
    if figure.value["currency"] != "USD" or "$" not in said or "US" in said or "U$" in said:
        return figure
    meant = dollars(spot.page.content.text[:_SAYS_DOLLARS], host_of(spot.page.url))
    return figure if meant == "USD" else figure._replace(value={**figure.value, "currency": meant})


def _counting(asking: Asking, spot: Spot, figure: Figure, scope: Scope) -> Features:
    """Of "how many X": how near the figure the X stands."""
    head = asking.head
    if head is None:
        return {}
    follows = terms(behind(spot.text[figure.end :]), spot.language)[:HEAD_REACH]
    held = [head.concepts & concepts(term.text, spot.language) for term in follows]
    place = next((number for number, met in enumerate(held) if met), None)
    beside = [u for u in (spot.after(), spot.before()) if u and len(u.text) < 60]
    card = _alone(spot.text) and any(head.concepts & concepts(u.text, spot.language) for u in beside)
    labelled = head.concepts & concepts(spot.text[: figure.start].rpartition(":")[0][-60:], spot.language)
    return {
        "head": 1.0,
        "head_elsewhere": float(place is None and not card and not labelled and not is_row(spot)),
        "head_behind": 0.0 if place is None else 1 / (1 + place),
        "head_on_card": float(card),
        "head_in_scope": float(bool(head.concepts & concepts(scope.own, spot.language))),
    }


def _in_cells(find: Finder, spot: Spot) -> list[Figure]:
    """The figures of a row, each cell read by itself: the sign at a cell's end is not the next figure's."""
    found = []
    for index, cell in enumerate(spot.block.cells):
        begin = cell.start - spot.unit.start
        if begin >= 0 and cell.end <= spot.unit.end:
            found += [
                f._replace(start=f.start + begin, end=f.end + begin)
                for f in find(cell_text(spot, index), spot.language)
            ]
    return found


def _card_scope(spot: Spot, scope: Scope) -> Scope:
    """A figure that stands alone ("$25") is read with the short line behind it ("per user and month")."""
    following = spot.after()
    if following and len(following.text.split()) <= 6 and not any(c.isdigit() for c in following.text):
        return scope._replace(own=f"{scope.own} {following.text}")
    return scope


# What a share is commonly of; a page that gives the share seldom repeats it.
_WHOLES = frozenset("sales revenue turnover business output umsatz geschäft ventes".split())


def _given(asking: Asking, figure: Figure, kind: str) -> list[Wanted]:
    """Words of the question that a value of this kind meets by being there."""
    given = [w for w in asking.wanted if kind == "currency" and w.concepts & {"~price", "~include"}]
    if kind == "currency" and figure.value["currency"] == "USD":
        given += [w for w in asking.wanted if "~usa" in w.concepts or w.stem in ("dollar", "usd")]
    if kind == "currency" and figure.value["currency"] == "EUR":
        given += [w for w in asking.wanted if w.stem in ("euro", "eur")]
    if kind == "percentage":
        given += [
            w
            for w in asking.wanted
            if "~shareof" in w.concepts
            or w.stem
            in ("percentag", "percent", "share", "proportion", "prozent", "anteil", "pourcentag", "rate")
        ]
        given += [w for w in asking.wanted if w.text.lower() in _WHOLES and not w.light]
    if kind == "year":
        given = [w for w in asking.wanted if w.stem in _YEARS]
    return given if len(given) < len(asking.wanted) else []


def _alone(text: str) -> bool:
    """True when the text is a figure and next to nothing else ("400,000+")."""
    return len(re.findall(r"[^\W\d_]{2,}", text)) <= 1
