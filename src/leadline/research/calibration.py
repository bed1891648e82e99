"""Confidence against what was right: how far stated figures can be trusted, and a curve that mends them.

Everything here is over *given* answers: pairs of the confidence that was stated and whether the answer was right.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import msgspec

BINS = 10
Z = 1.96  # two-sided 95 %
WANTED = 0.95  # the share that "coverage" asks to be right
FEWEST = 50  # labels that a curve is fitted on at least
FOLDS = 5


class Given(NamedTuple):
    """An answer that was given: the confidence stated with it, 0..1, and whether it was right."""

    confidence: float
    right: bool


class Bin(msgspec.Struct, frozen=True, rename="camel"):
    """Answers whose confidence is in [low, low + 0.1). ``least`` and ``most``: the 95 % interval of ``share``."""

    low: float
    count: int
    right: int
    confidence: float  # mean of those stated
    share: float
    least: float
    most: float


class Coverage(msgspec.Struct, frozen=True, rename="camel"):
    """From ``threshold`` on ``share`` of the given answers remain, ``right`` of ``count`` right: 95 % or more."""

    threshold: float
    share: float
    count: int
    right: int


class Reliability(msgspec.Struct, frozen=True, rename="camel"):
    """How stated confidence and what was right go together. All None where no answer was given."""

    count: int
    right: int
    brier: float | None  # mean squared distance of the confidence from 1 (right) or 0 (wrong)
    ece: float | None  # expected calibration error over ten bins of equal width
    bins: tuple[Bin, ...]
    coverage: Coverage | None  # None: at no threshold are 95 % right


class Curve(msgspec.Struct, frozen=True, rename="camel"):
    """A fitted curve: from each raw figure on (``starts``) answers were right at the rate in ``rates``.

    ``starts`` and ``rates`` both rise. ``count`` and ``right``: the labels it was fitted on.
    """

    starts: tuple[float, ...]
    rates: tuple[float, ...]
    count: int
    right: int

    def at(self, raw: float) -> float:
        """The rate at this raw figure; below the first step, that of the first."""
        return self.rates[max(0, bisect_right(self.starts, raw) - 1)]


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927); (0, 1) of nothing."""
    if not count:
        return 0.0, 1.0
    share, square = right / count, Z * Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def reliability(given: Iterable[Given]) -> Reliability:
    """The whole table."""
    answers = list(given)
    right = sum(one.right for one in answers)
    if not answers:
        return Reliability(0, 0, None, None, (), None)
    groups: dict[int, list[Given]] = {}
    for one in answers:
        groups.setdefault(min(BINS - 1, int(one.confidence * BINS)), []).append(one)
    bins = tuple(_bin(number / BINS, group) for number, group in sorted(groups.items()))
    return Reliability(
        count=len(answers),
        right=right,
        brier=sum((one.confidence - one.right) ** 2 for one in answers) / len(answers),
        ece=sum(one.count * abs(one.confidence - one.share) for one in bins) / len(answers),
        bins=bins,
        coverage=coverage(answers),
    )


def _bin(low: float, group: Sequence[Given]) -> Bin:
    right = sum(one.right for one in group)
    confidence = sum(one.confidence for one in group) / len(group)
    return Bin(low, len(group), right, confidence, right / len(group), *wilson(right, len(group)))


def coverage(given: Sequence[Given], wanted: float = WANTED) -> Coverage | None:
    """The lowest threshold from which on at least ``wanted`` of the answers are right, and what it leaves."""
    answers = sorted(given, key=lambda one: -one.confidence)
    best: Coverage | None = None
    right = 0
    for count, one in enumerate(answers, 1):
        right += one.right
        more = count < len(answers) and answers[count].confidence == one.confidence
        if not more and right / count >= wanted:  # answers of one confidence stand or fall together
            best = Coverage(one.confidence, count / len(answers), count, right)
    return best


def too_few(given: Sequence[Given]) -> str | None:
    """Why no curve can be fitted on these; None where one can."""
    wrong = sum(not one.right for one in given)
    if len(given) < FEWEST:
        return f"{len(given)} labels of given answers, and at least {FEWEST} are needed"
    if not wrong:
        return f"none of {len(given)} labelled answers is wrong, so that nothing tells sure from unsure ones"
    if wrong == len(given):
        return f"none of {len(given)} labelled answers is right"
    return None


def fitted(given: Sequence[Given]) -> Curve:
    """The rising step function nearest to what was right (isotonic regression by pooling adjacent violators).

    A step's rate is drawn towards the whole's by one answer, so that few labels never say "always". Raises
    ValueError for too few labels (``too_few``).
    """
    if (why := too_few(given)) is not None:
        raise ValueError(why)
    return _fitted(given)


def _fitted(given: Sequence[Given]) -> Curve:
    prior = sum(one.right for one in given) / len(given)
    groups: dict[float, list[int]] = {}
    for one in given:
        held = groups.setdefault(one.confidence, [0, 0])
        held[0] += one.right
        held[1] += 1
    steps: list[tuple[float, int, int]] = []  # start, right, count
    for start in sorted(groups):
        right, count = groups[start]
        step = (start, right, count)
        while steps and steps[-1][1] * step[2] >= step[1] * steps[-1][2]:
            before = steps.pop()
            step = (before[0], before[1] + step[1], before[2] + step[2])
        steps.append(step)
    rates: list[float] = []
    for _, right, count in steps:
        rate = (right + prior) / (count + 1)
        rates.append(max(rate, rates[-1]) if rates else rate)
    return Curve(
        starts=tuple(start for start, _, _ in steps),
        rates=tuple(round(rate, 4) for rate in rates),
        count=len(given),
        right=sum(one.right for one in given),
    )


def left_out(given: Sequence[Given], groups: Sequence[Hashable]) -> list[Given]:
    """Each with the confidence of a curve that was fitted on labels of other groups, one group for each label.

    Groups are dealt to folds in turn; labels of one, such as those of one company, are fitted on or judged together, so
    that a curve is not judged by answers it knows. Where the others suffice for no curve, the figure stays as stated.
    """
    fold_of = {group: number % FOLDS for number, group in enumerate(dict.fromkeys(groups))}
    folds = [fold_of[group] for group in groups]
    found: list[Given] = []
    for fold in range(FOLDS):
        others = [one for one, of in zip(given, folds, strict=True) if of != fold]
        curve = _fitted(others) if {one.right for one in others} == {True, False} else None
        found += [
            Given(curve.at(one.confidence) if curve is not None else one.confidence, one.right)
            for one, of in zip(given, folds, strict=True)
            if of == fold
        ]
    return found
