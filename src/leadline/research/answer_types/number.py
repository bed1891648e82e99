"""A plain number: a count, a year, a duration in the unit that the question names."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import Any, Protocol

from leadline.research.answer_types.base import AnswerType, InvalidValue, Support, Told
from leadline.research.model import Question
from leadline.research.values.numbers import MOST_DIGITS, find_numbers, plain, written_out
from leadline.research.values.numbers import Number as Figure
from leadline.research.values.wording import rougher, told_less_exactly

_ARITHMETIC = re.compile(
    r"\b(?:difference|differ|more than|less than|how much (?:more|less|cheaper|higher|lower)|in total|total|together|combined|sum|plus|altogether|"
    r"insgesamt|zusammen|unterschied|différence|ensemble)\b",
    re.IGNORECASE,
)
_COUNTING = re.compile(r"\b(?:how many|number of|count|wie viele|anzahl|combien|nombre)\b", re.IGNORECASE)


class Number(AnswerType):
    name = "number"
    key = "number"
    wire = float
    hint = re.compile(r"\d")

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        return {"type": "number", "description": "the full number in digits: 13 million is 13000000"}

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> Figure:
        return one_number(value, "number")

    def equal(self, a: Any, b: Any) -> bool:
        return same_number(a, b)

    def change(self, previous: Any, current: Any) -> dict[str, Any] | None:
        return number_change("NUMBER", previous, current)

    def text(self, value: Any) -> str:
        return written_out(value)

    def is_leaf(self, value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)

    def same(self, before: Any, after: Any, told: Told) -> bool:
        return same_figure(before, after, told, find_numbers)

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        return number_support(value, words, question)


def one_number(value: Any, kind: str) -> Figure:
    """The single number that a model or a person wrote, sloppy or not. Raises InvalidValue."""
    if isinstance(value, bool):
        raise InvalidValue(f"a {kind} is wanted, not true or false")
    if isinstance(value, (int, float)):
        if not -(10**MOST_DIGITS) < value < 10**MOST_DIGITS:  # also what is not finite
            raise InvalidValue(f"the {kind} has more than {MOST_DIGITS} digits")
        return plain(value) if isinstance(value, float) else value
    if not isinstance(value, str):
        raise InvalidValue(f"a {kind} is wanted, not {type(value).__name__}")
    found = find_numbers(value)
    if not found:
        raise InvalidValue(f"there is no {kind} in {value[:60]!r}")
    if len(found) > 1:
        raise InvalidValue(
            f"there are several numbers in {value[:60]!r}; write the one that answers, in digits"
        )
    return found[0].value


def same_number(a: Any, b: Any) -> bool:
    return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-9)


class Approximable(Protocol):
    """A figure found in words."""

    @property
    def value(self) -> Figure: ...
    @property
    def approximate(self) -> bool: ...


def same_figure(
    before: Figure, after: Figure, told: Told, find: Callable[[str, str], Iterable[Approximable]]
) -> bool:
    """The same figure, or one of them told less exactly, in words that say so ("about", "more than").

    Of two rough figures the second must be the rougher: "30+" that became "37+" is news, and no rounding.
    """

    def about(value: Figure, words: Sequence[str]) -> bool:
        found = [m for text in words for language in ("en", "de") for m in find(text, language)]
        return any(m.approximate and same_number(m.value, value) for m in found)

    if same_number(before, after):
        return True
    if about(after, told.after):
        return rougher(after, before) and told_less_exactly(before, after)
    return about(before, told.before) and told_less_exactly(after, before)


def number_change(kind: str, previous: Any, current: Any) -> dict[str, Any] | None:
    if same_number(previous, current):
        return None
    return {"type": kind, "previous": previous, "current": current, "difference": plain(current - previous)}


def number_support(value: Any, words: Sequence[str], question: Question) -> Support:
    """Present in the words, the count of the cited places, or a sum or difference that the question asks for."""
    held = values_in(words, lambda text, language: (m.value for m in find_numbers(text, language)))
    if any(same_number(value, h) for h in held):
        return Support(True, "the number stands in the cited words")
    if _COUNTING.search(question.text) and same_number(value, len(words)):
        return Support(True, "the number is the count of the cited places")
    return computed_support(value, held, words, question)


def computed_support(value: Any, held: Sequence[Figure], words: Sequence[str], question: Question) -> Support:
    """By adding or subtracting the figures ``held``, those of the wanted kind among all that ``words`` say.

    Words without any figure state no amount and no share, whoever looks at them; only a count may be read off them.
    """
    if _ARITHMETIC.search(question.text):
        pairs = [x for a, b in combinations(held, 2) for x in (a + b, abs(a - b))]
        if any(same_number(value, x) for x in [*pairs, sum(held)]):
            return Support(True, "the figure follows from the cited figures by adding or subtracting")
    if held:
        return Support(False, "the cited words hold other figures than this", final=True)
    counted = _COUNTING.search(question.text) is not None
    return Support(None, "the cited words hold no figure", final=not counted and not _any_figure(words))


def _any_figure(words: Sequence[str]) -> bool:
    """Also a digit of another script, or one that belongs to a word."""
    return any(c.isnumeric() for text in words for c in text) or bool(
        values_in(words, lambda text, language: (m.value for m in find_numbers(text, language)))
    )


def values_in(words: Sequence[str], find: Callable[[str, str], Iterable[Figure]]) -> list[Figure]:
    """The distinct figures of the words, read with decimal point and with decimal comma."""
    seen: dict[Figure, None] = {}
    for text in words:
        for language in ("en", "de"):
            seen.update(dict.fromkeys(find(text, language)))
    return list(seen)
