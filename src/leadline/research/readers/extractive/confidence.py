"""How often answers such as this one were right.

Of values that are chosen by learned weights it is the probability they were chosen with (``learned``). Of the other rules
it is a logistic curve over what is measured of the chosen candidate, whose numbers are printed by
``bench/calibrate_extractive.py``; it is capped, because these rules were developed on the companies of its set.
"""

from __future__ import annotations

import math

from leadline.research.readers.extractive.candidate import Candidate

BIAS = 1.11
SCORE, MARGIN, PLACES = 1.02, 2.19, 0.28
FAMILY = {
    "count-of": 0.05,
    "link": 0.09,
    "list": -0.15,
    "person": 0.02,
    "place": 0.05,
    "record": 0.06,
    "sentence": -0.28,
}
CAP, LEARNED_CAP = 0.8, 0.9
BASIS = (
    "fitted on the best candidates for 161 of 243 labelled questions about nine companies; calibration error 0.09 "
    "with each company left out in turn. The rules were developed on the same nine, so the figure is capped at 0.8: "
    "of 11 answers to 54 questions about three further companies 9 were right"
)
LEARNED_BASIS = (
    "the probability by which it was chosen, learned from 392 labelled questions about six companies; with each company "
    "left out in turn, 82 of 87 such answers were right"
)


def family(rule: str) -> str:
    """The rule family of a rule: "figure-text" and "figure-table" are both of "figure"."""
    return "count-of" if rule.startswith("count-of") else rule.split("-", 1)[0]


def measures(score: float, margin: float, places: int) -> tuple[float, float, float]:
    """What the curve is over: nearness to a full score, margin to the next, further places that agree."""
    return 5 * (score - 0.8), min(margin, 0.5), min(places - 1, 2) / 2


def basis(best: Candidate) -> str:
    """The labelled set that the confidence was measured on."""
    return BASIS if best.accept is None else LEARNED_BASIS


def confidence(best: Candidate, margin: float, places: int) -> float:
    if best.accept is not None:
        return round(min(LEARNED_CAP, best.score), 2)
    score, rule = best.score, best.rule
    x = measures(score, margin, places)
    z = BIAS + SCORE * x[0] + MARGIN * x[1] + PLACES * x[2] + FAMILY.get(family(rule), 0.0)
    return round(min(CAP, 1 / (1 + math.exp(-z))), 2)
