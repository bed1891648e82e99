"""Yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadline.research.answer_types.base import AnswerType, InvalidValue, Support
from leadline.research.model import Question
from leadline.research.values.terms import fold

_YES = frozenset({"true", "yes", "y", "ja", "oui", "si", "sim", "wahr", "vrai"})
_NO = frozenset({"false", "no", "n", "nein", "non", "nao", "falsch", "faux"})


class Boolean(AnswerType):
    name = "boolean"
    key = "boolean"
    wire = bool
    around = True
    yes_or_no = True

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        return {"type": "boolean"}

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> bool:
        if isinstance(value, bool):
            return value
        word = fold(value).strip(" .!") if isinstance(value, str) else ""
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise InvalidValue("true or false is wanted; when the words do not tell, there is no answer")

    def equal(self, a: Any, b: Any) -> bool:
        return a is b

    def text(self, value: Any) -> str:
        return "yes" if value else "no"

    def is_leaf(self, value: Any) -> bool:
        return isinstance(value, bool)

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        return Support(None, "the cited words do not tell by themselves")
