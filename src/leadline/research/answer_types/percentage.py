"""A percentage; 42 means 42 %."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from leadline.research.answer_types.base import AnswerType, Support, Told
from leadline.research.answer_types.number import (
    computed_support,
    number_change,
    one_number,
    same_figure,
    same_number,
    values_in,
)
from leadline.research.model import Question
from leadline.research.values.numbers import Number as Figure
from leadline.research.values.numbers import written_out
from leadline.research.values.percentages import find_fractions, find_percentages


class Percentage(AnswerType):
    """42 means 42 %."""

    name = "percentage"
    key = "percentage"
    wire = float
    hint = re.compile(r"\d\s?%|\bper ?cent\b|\bProzent\b", re.IGNORECASE)

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        return {"type": "number", "description": "the percentage as it is written: 42 for 42 %, never 0.42"}

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> Figure:
        return one_number(value, "percentage")

    def equal(self, a: Any, b: Any) -> bool:
        return same_number(a, b)

    def text(self, value: Any) -> str:
        return f"{written_out(value)}%"

    def change(self, previous: Any, current: Any) -> dict[str, Any] | None:
        return number_change("PERCENTAGE", previous, current)

    def same(self, before: Any, after: Any, told: Told) -> bool:
        return same_figure(before, after, told, find_percentages)

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        held = values_in(
            words,
            lambda text, language: (
                m.value for m in [*find_percentages(text, language), *find_fractions(text)]
            ),
        )
        if any(same_number(value, h) for h in held):
            return Support(True, "the percentage stands in the cited words")
        return computed_support(value, held, words, question)
