"""Confidence against what was right: how far stated figures can be trusted.

Everything here is over *given* answers: pairs of the confidence that was stated and whether the answer was right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

BINS = 10
Z = 1.96  # two-sided 95 %
WANTED = 0.95  # the share that "coverage" asks to be right


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
