"""The year of an event: "was founded in 1931"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, Wanted
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.fitting import Scope, fit
from leadline.research.readers.extractive.measuring import figure_features
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.readers.extractive.table import is_row
from leadline.research.values.concepts import concepts
from leadline.research.values.dates import find_dates
from leadline.research.values.terms import STOP_WORDS, terms


def year_candidates(scene: Scene) -> Iterator[Candidate]:
    """The year of an event: the only year in a sentence that tells the event of the company."""
    for spot in scene.spots:
        asking = scene.asking(spot.language)
        dates = find_dates(spot.text)
        if (
            len({d.year for d in dates}) != 1
            or gates.made_up(asking, spot)
            or gates.about_others(asking, spot)
        ):
            continue
        given = [w for w in asking.wanted if w.stem in ("year", "jahr", "anne", "annee")]
        if all(w.weak for w in asking.wanted if w not in given):
            continue
        measured = fit(asking, spot, Scope(own=spot.text), leave_out=given)
        if measured.missing or measured.own < 0.6:
            continue
        if (
            not gates.speaks_of_company(asking, spot.text)
            and not re.match(r"^[^.:]{2,30}:\s", spot.text)
            and not is_row(spot)
        ) and not re.search(
            r"\b(?:the company|das unternehmen|l'entreprise|la société)\b", spot.text, re.IGNORECASE
        ):
            continue
        distance = _event_distance(asking, spot, dates[0].start, given)
        if distance > 8 or _between(asking, spot, dates[0].start) > 2:
            continue
        score = measured.coverage * spot.region_weight - 0.002 * spot.rank - 0.01 * distance
        yield Candidate(
            dates[0].year,
            (spot.unit,),
            score,
            "year",
            figure_features(measured, spot, float(distance), asking),
        )


def _event_distance(asking: Asking, spot: Spot, at: int, given: Sequence[Wanted]) -> int:
    """Words between the year and the nearest topic word."""
    words = terms(spot.text, spot.language)
    year = next((i for i, t in enumerate(words) if t.start >= at), len(words))
    wanted = frozenset().union(*(w.concepts for w in asking.wanted if w not in given))
    places = [i for i, t in enumerate(words) if wanted & concepts(t.text, spot.language)]
    return min((abs(year - i) for i in places), default=99)


def _between(asking: Asking, spot: Spot, at: int) -> int:
    """Content words between the last topic word before the year and the year: "operated transparency logs since"."""
    wanted = frozenset().union(*(w.concepts for w in asking.wanted))
    words = list(terms(spot.text[:at], spot.language))
    last = max((i for i, t in enumerate(words) if wanted & concepts(t.text, spot.language)), default=None)
    if last is None:
        return 0
    return sum(t.folded not in STOP_WORDS and len(t.folded) > 2 for t in words[last + 1 :])
