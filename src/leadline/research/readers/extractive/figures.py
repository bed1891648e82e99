"""Numbers, percentages and amounts of money: every figure of the passages, judged by the words around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from leadline.research.model import BlockKind, Evidence, Passage, Question, Unit
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, Wanted, periods_in
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.counting import count_candidates
from leadline.research.readers.extractive.fitting import Fit, Scope, fit, sentence_scope
from leadline.research.readers.extractive.measuring import figure_features
from leadline.research.readers.extractive.scene import Scene, Spot, address_words
from leadline.research.readers.extractive.table import cell_at, cell_scope, cell_text, is_row
from leadline.research.readers.extractive.years import year_candidates
from leadline.research.values.concepts import concepts
from leadline.research.values.dates import find_dates
from leadline.research.values.money import find_money
from leadline.research.values.numbers import find_numbers
from leadline.research.values.percentages import find_fractions, find_percentages
from leadline.research.values.terms import squash, stems, terms

# Behind these words stands something else than what the number counts: "401 for employees".
_APART = frozenset(
    "for in to with at on by from per and or as that which who if than für in mit bei von und oder pour dans avec par et ou "
    "after before since until beside is are was were has have our its their your the a an this these".split()
)
SHARE_UNMET, NAME_UNMET, OF_ANYBODY, OF_PART = 0.1, 0.1, 0.12, 0.3
BY_SYNONYM = 0.08  # what is counted is said by another word
MEASURE_UNMET = 0.15  # what is to be told is not named near the figure
LITTLE, SAID_AROUND = 0.15, 0.25  # hardly a word of the question stands in the figure's own sentence
OUTDATED = 0.12  # taken from a figure of a page years older than the site's newest
HEAD_REACH = 4  # words between a number and the noun it counts
# Each figure of a line is judged with the whole line: a page made of one line would take hours.
LONG_LINE = 4000  # characters
MANY_FIGURES = 40
MOST_FIGURES = 1_500  # judged for one question, those of the best passages first


class Figure(NamedTuple):
    """A value of the asked kind in a unit's text; ``text[start:end]`` are its words."""

    start: int
    end: int
    value: Any
    range_end: bool = False


Finder = Callable[[str, str], list[Figure]]


def number_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    scene = Scene(question, passages, evidence)
    asking = scene.asking("en")
    if asking.year_asked:
        return list(year_candidates(scene))
    if asking.arithmetic:
        return []
    found = list(_figures(scene, _find_counts, "count"))
    return found + list(count_candidates(scene))


def percentage_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    return list(_figures(Scene(question, passages, evidence), _find_percentages, "percentage"))


def currency_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    return list(_figures(Scene(question, passages, evidence), _find_money, "money"))


# ------------------------------------------------------------------ finding


def _find_counts(text: str, language: str) -> list[Figure]:
    taken = [(m.start, m.end) for m in find_money(text, language)] + [
        (m.start, m.end) for m in find_percentages(text, language)
    ]
    taken += [(d.start, d.end) for d in find_dates(text)]
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


# ------------------------------------------------------------------ judging


def _figures(scene: Scene, find: Finder, kind: str) -> Iterator[Candidate]:
    if scene.asking("en").arithmetic:
        return
    yield from _newest(scene, _read_off(scene, find, kind))


def _newest(scene: Scene, found: Iterable[Candidate]) -> Iterator[Candidate]:
    """Of places that say the same of different years ("Sales 2023", "Sales 2024") the newest, unless a year is asked for."""
    newest: dict[str, int] = {}
    said: list[tuple[Candidate, str, int]] = []
    for candidate in found:
        text = candidate.units[0].text
        years = {d.year for d in find_dates(text)}
        label = squash(re.sub(r"\d[\d.,]*|mio|mrd|million|billion", " ", text, flags=re.IGNORECASE))
        year = max(years) if len(years) == 1 and len(text) < 80 else 0
        said.append((candidate, label, year))
        newest[label] = max(newest.get(label, 0), year)
    asked = scene.asking("en").years
    for candidate, label, year in said:
        if asked or not year or year == newest[label]:
            yield candidate


def _read_off(scene: Scene, find: Finder, kind: str) -> Iterator[Candidate]:
    judged = 0
    for spot in scene.spots:
        if len(spot.text) > LONG_LINE:
            continue
        if judged >= MOST_FIGURES:
            return
        figures = _in_cells(find, spot) if is_row(spot) else find(spot.text, spot.language)
        if not 0 < len(figures) <= MANY_FIGURES:
            continue
        if spot.block.kind is BlockKind.HEADING and len(spot.text.split()) < 2:
            continue
        asking = scene.asking(spot.language)
        named = {m.value for m in find_numbers(asking.text, spot.language)}
        figures = [f for f in figures if f.value not in named] if kind == "count" else figures
        if gates.forbids(asking, spot):
            continue
        judged += len(figures)
        for index, figure in enumerate(figures):
            candidate = _judge(asking, spot, figures, index, kind)
            if candidate and not figure.range_end:
                yield candidate


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


def _narrowed(asking: Asking, spot: Spot, measured: Fit) -> float:
    """Words of the nearest heading that the question does not have: the figure is of something narrower."""
    if not measured.borrowed or not spot.headings:
        return 0.0
    asked = frozenset().union(*(w.concepts for w in asking.wanted))
    extra = [
        s
        for s in stems(spot.headings[-1], spot.language)
        if s not in asked and not concepts(s, spot.language) & asked and s not in asking.company
    ]
    return 0.06 * min(2, len(extra)) if spot.headings[-1] else 0.0


def _judge(asking: Asking, spot: Spot, figures: Sequence[Figure], index: int, kind: str) -> Candidate | None:
    figure = figures[index]
    cell = cell_at(spot, figure.start) if is_row(spot) else None
    scope = (
        cell_scope(spot, cell)
        if cell is not None
        else sentence_scope(spot.text, [(f.start, f.end) for f in figures], index)
    )
    if cell is None and _alone(spot.text):
        scope = _card_scope(spot, scope)
    near = " ".join((scope.own, *([u.text] if (u := spot.after()) and len(u.text) < 40 else [])))
    tail = spot.text[figure.end : figures[index + 1].start if index + 1 < len(figures) else None]
    if _wrong_period(asking, re.split(r"[(,;]", tail, maxsplit=1)[0], near) or gates.wrong_year(
        asking, spot, spot.text
    ):
        return None
    units = [spot.unit]
    distance, meant = 1.0, 0.0
    if kind == "count":
        if asking.head is None:
            if not _labelled(spot, figure, cell):
                return None
        else:
            placed = _head_beside(asking, spot, figure, cell)
            if placed is None:
                return None
            distance, helper = placed
            units += helper
            said = stems(" ".join((scope.own, *(u.text for u in helper))), spot.language)
            meant = 0.0 if asking.head.stem in said or "~staff" in asking.head.concepts else BY_SYNONYM
    if gates.others_are_subject(asking, spot.text, figure.start) or gates.aspires(asking, spot.text):
        return None
    counted = [asking.head] if kind == "count" and asking.head else []
    whole_staff = kind == "count" and _asks_whole_staff(asking)
    if whole_staff:
        counted += [w for w in asking.wanted if w.weak]
    measured = fit(
        asking, spot, scope, leave_out=_given(asking, figure, kind), given=counted, neighbours=cell is None
    )
    if not (counted or any(not w.weak for w in asking.wanted)):
        return None
    unmet = _unmet(asking, spot, measured, near)
    if unmet is None:
        return None
    if whole_staff and not (is_row(spot) or _alone(spot.text) or gates.speaks_of_company(asking, spot.text)):
        return None
    if not _company_is_meant(asking, spot, figure, measured):
        unmet += OF_ANYBODY
    if whole_staff and (
        _PART_OF_STAFF.search(spot.text) or any(_PART_OF_STAFF.search(h) for h in spot.headings[-1:])
    ):
        unmet += OF_PART
    score = (
        measured.coverage * spot.region_weight
        - 0.002 * spot.rank
        - 0.02 * (distance - 1)
        - _narrowed(asking, spot, measured)
        - unmet
        - meant
    )
    score -= OUTDATED if gates.outdated(asking, spot) else 0.0
    return Candidate(
        value=figure.value,
        units=tuple(units),
        score=score,
        rule=f"{kind}-{'table' if cell is not None else 'text'}",
        features=figure_features(measured, spot, distance, asking),
    )


def _unmet(asking: Asking, spot: Spot, measured: Fit, near: str) -> float | None:
    """What is taken off for names and shares ("per user") that are not met; None where they forbid the figure."""
    taken = 0.0
    measure = _measure(asking)
    for word in measured.missing:
        if word in asking.shares:
            if re.search(r"/|\b(?:per|pro|par|each)\b", near, re.IGNORECASE):
                return None  # it is stated for something else
            taken += SHARE_UNMET
        elif word.named and not word.light:
            if not spot.scene.mentions(word):
                return None  # the site never speaks of it
            taken += NAME_UNMET
        if word is measure:
            taken += MEASURE_UNMET
    if measured.own < LITTLE and not is_row(spot) and not _alone(spot.text):
        taken += SAID_AROUND
    return taken


_MEASURE = re.compile(
    r"^\W*(?:what|which|wie hoch|wie groß|quel(?:le)?)\s(?:is|was|are|were|ist|war|sind|est|était)\b(?P<phrase>.+?)(?=\s(?:of|in|for|at|per|after|from|on|to|by|with|under|"
    r"before|that|which|von|für|im|pro|der|des|de|du|par|pour)\s|[?,(]|$)",
    re.IGNORECASE,
)


def _measure(asking: Asking) -> Wanted | None:
    """What is to be told: the "valuation" of "What was the valuation after the second round?"."""
    match = _MEASURE.search(asking.text)
    words = terms(asking.text)
    if match is None:
        return None
    inside = [
        w
        for w in asking.wanted
        if w.position < len(words) and match.start("phrase") <= words[w.position].start < match.end("phrase")
    ]
    return inside[-1] if inside and not inside[-1].weak else None


# What a share is commonly of; a page that gives the share seldom repeats it.
_WHOLES = frozenset("sales revenue turnover business output umsatz geschäft ventes".split())


def _given(asking: Asking, figure: Figure, kind: str) -> list[Wanted]:
    """Words of the question that a value of this kind meets by being there."""
    given = [w for w in asking.wanted if kind == "money" and w.concepts & {"~price", "~include"}]
    if kind == "money" and figure.value["currency"] == "USD":
        given += [w for w in asking.wanted if "~usa" in w.concepts or w.stem in ("dollar", "usd")]
    if kind == "money" and figure.value["currency"] == "EUR":
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
    return given if len(given) < len(asking.wanted) else []


def _wrong_period(asking: Asking, tail: str, near: str) -> bool:
    said = periods_in(tail) or periods_in(near)
    return bool(asking.periods and said and not (asking.periods & said))


_TRAILING_UNIT = re.compile(r"^\s*[^\W\d_²³%]{0,3}[²³]?\s*(?:$|\|)")


def _labelled(spot: Spot, figure: Figure, cell: int | None) -> bool:
    """True for a bare number whose label stands before it: "Minimum order quantity: 250"."""
    if cell is not None:
        return cell > 0 and _alone(cell_text(spot, cell))
    before = spot.text[: figure.start]
    return bool(re.fullmatch(r"[^:.!?]{3,60}:\s*", before)) and bool(
        _TRAILING_UNIT.match(spot.text[figure.end :])
    )


def _head_beside(
    asking: Asking, spot: Spot, figure: Figure, cell: int | None
) -> tuple[float, list[Unit]] | None:
    """Distance in words from the number to the noun it counts, and the further unit that holds the noun."""
    head = asking.head
    assert head is not None
    behind = re.split(r"[.;:!?•|]\s|\n", spot.text[figure.end :] + " ", maxsplit=1)[0]
    if cell is not None:
        behind = behind[: max(0, spot.block.cells[cell].end - spot.unit.start - figure.end)]
    for position, term in enumerate(terms(behind, spot.language)[: HEAD_REACH + 1]):
        if any(c.isdigit() for c in term.folded) or term.folded in _APART:
            break
        if "~staff" in head.concepts and term.stem in ("peopl", "mensch", "person"):
            card = _alone(spot.text) and _OF_COMPANY.search(
                f"{address_words(spot.page.url)} {spot.page.content.title}"
            )
            if not card and not _STAFF_SAID.search(" ".join((spot.text, *spot.headings[-1:]))):
                return None  # people at large
            return float(position + 1), []
        if head.concepts & concepts(term.text, spot.language) or head.concepts & _pair(
            behind, position, spot.language
        ):
            return float(position + 1), []
    if re.search(r":\s*(?:[~≈<>]|about|over|approx\.?)?\s*$", spot.text[: figure.start]):
        label = re.split(r"[.;!?•|]\s", spot.text[: figure.start])[-1]
        if len(label) < 60 and head.concepts & concepts(label, spot.language):
            return 1.0, []
    if "~staff" in head.concepts and _TEAM_OF.search(spot.text[: figure.start]):
        return 1.0, []
    if cell is not None and _alone(cell_text(spot, cell)):
        if re.search(r"[^\W\d_]{2,}", cell_text(spot, cell)):
            return None  # the cell counts something else: "6 months"
        labels = concepts(cell_scope(spot, cell).own, spot.language)
        return (1.0, []) if head.concepts & labels else None
    if _alone(spot.text):
        for unit in (spot.after(), spot.before()):
            if (
                unit
                and len(unit.text) < 60
                and not any(c.isdigit() for c in unit.text)
                and head.concepts & concepts(unit.text, spot.language)
            ):
                return 1.0, [unit]
    return None


_TEAM_OF = re.compile(
    r"\b(?:teams?|staff|workforce|crew|headcount|équipe|belegschaft|mannschaft)\s(?:of|is|von|mit|de)\s(?:about |around |over |some |more than |now |currently |rund |etwa )?$",
    re.IGNORECASE,
)
_PART_OF_STAFF = re.compile(
    r"\b(?:support|sales|engineering|engineers?|security|leadership|board|advisory|departments?|each|per|interns?|apprentices?|new|joined|hired|hire|"
    r"trained|volunteers?|abteilung|azubis?|auszubildende|neue[rn]?|vertrieb|chaque|nouveaux|join|guests?|event|attend\w*|up to|teams)\b",
    re.IGNORECASE,
)


def _asks_whole_staff(asking: Asking) -> bool:
    """True when nothing but the company's number of people is asked for."""
    head = asking.head
    return (
        head is not None
        and "~staff" in head.concepts
        and all(w.weak or w is head or w.concepts & {"~staff", "~employ"} or w.light for w in asking.wanted)
    )


_OF_COMPANY = re.compile(
    r"\b(?:about|careers?|company|culture|jobs|team|who we are|über|uns|unternehmen|karriere|propos|entreprise|équipe)\b",
    re.IGNORECASE,
)
_STAFF_SAID = re.compile(
    r"\b(?:work(?:s|ing|ed)?|employ\w*|teams?|staff|colleagues|headcount|workforce|strong|roles?|beschäftig\w*|mitarbeit\w*|arbeiten|salari\w*|emploie\w*|"
    r"équipe)\b",
    re.IGNORECASE,
)


def _pair(text: str, position: int, language: str) -> frozenset[str]:
    """Concepts of two neighbouring words, so that "team members" is found at "team"."""
    pair = terms(text, language)[position : position + 2]
    return concepts(" ".join(t.text for t in pair), language) if len(pair) == 2 else frozenset()


def _alone(text: str) -> bool:
    """True when the text is a figure and next to nothing else ("400,000+")."""
    return len(re.findall(r"[^\W\d_]{2,}", text)) <= 1


def _company_is_meant(asking: Asking, spot: Spot, figure: Figure, measured: Fit) -> bool:
    """With few topic words any company's figure would fit: then the words must speak of this one."""
    if measured.met >= 3:
        return True
    if _alone(spot.text) or is_row(spot) or re.match(r"^[^.:]{2,40}:\s", spot.text):
        return True
    if gates.speaks_of_company(asking, spot.text):
        return True
    strong = [w for w in asking.wanted if not w.weak]
    if len(strong) >= 2 and _named_just_before(asking, spot, figure):
        return True
    return spot.block.kind is BlockKind.LIST_ITEM and len(spot.text.split()) <= 6


_LIGHT = re.compile(
    r"^[\s:,(~]*(?:(?:of|is|was|are|at|to|by|for|about|around|only|just|currently|now|von|liegt|bei|beträgt|est|de|über)\b[\s:(~]*){0,4}$",
    re.IGNORECASE,
)


def _named_just_before(asking: Asking, spot: Spot, figure: Figure) -> bool:
    """ "A fuel surcharge of 7.5%": only light words between the last topic word and the value."""
    words = list(terms(spot.text[: figure.start], spot.language))
    wanted = frozenset().union(*(w.concepts for w in asking.wanted if not w.weak))
    last = max((t.end for t in words if concepts(t.text, spot.language) & wanted), default=None)
    return last is not None and bool(_LIGHT.match(spot.text[last : figure.start]))
