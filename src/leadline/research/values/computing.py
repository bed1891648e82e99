"""Figures that a draft says it computed: they are checked by computing them from the cited figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

from leadline.research.values.numbers import find_numbers

MOST_FIGURES = 6  # of more, some two make nearly any figure


def computed(value: Any, words: Sequence[str], asked_at: datetime | None) -> str | None:
    """How the figure follows from the cited figures; None when it does not, or is none.

    Sums, differences, ratios, shares, per cent changes, years since. A one is no term: "one of" and "per 1 GB"
    stand everywhere, and would bear out any figure's neighbour.
    """
    figure = value.get("value") if isinstance(value, dict) else value
    if isinstance(figure, bool) or not isinstance(figure, int | float):
        return None
    held = list(dict.fromkeys(m.value for text in words for m in find_numbers(text) if abs(m.value) != 1))
    if not held or len(held) > MOST_FIGURES:
        return None
    places = Decimal(str(figure)).normalize().as_tuple().exponent
    near = 0.5 * 10.0 ** (places if isinstance(places, int) and places < 0 else 0)
    for how, result, exact in _results(held, asked_at):
        if abs(float(figure) - result) <= (1e-9 if exact else near):
            return how
    return None


def _results(held: Sequence[float], asked_at: datetime | None) -> Iterator[tuple[str, float, bool]]:
    """What can be computed: by which way, the result, and whether it is exact (not to be rounded)."""
    if len(held) > 1:
        yield "their sum", sum(held), True
    for a, b in permutations(held, 2):
        yield "a sum", a + b, True
        if a > b:
            yield "a difference", a - b, True
        if b:
            yield "a ratio", a / b, False
            yield "a share", 100 * a / b, False
            yield "a change in per cent", 100 * (a - b) / b, False
    if asked_at is not None:
        for a in held:
            if 1000 <= a <= asked_at.year:
                yield "years since", asked_at.year - a, True
