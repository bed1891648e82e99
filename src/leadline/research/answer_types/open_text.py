"""A short text: a name, a place, a date, a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadline.research.answer_types.base import AnswerType, InvalidValue, Support
from leadline.research.model import Question
from leadline.research.values.numbers import find_numbers
from leadline.research.values.terms import squash, stems

MAX_CHARACTERS = 2000


class OpenText(AnswerType):
    name = "open_text"
    key = "openText"
    wire = str

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "type": "string",
            "description": "a short answer in plain words, taken from the cited words; at most two sentences",
        }

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> str:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise InvalidValue(f"a text is wanted, not {type(value).__name__}")
        text = " ".join(str(value).split())
        if not text:
            raise InvalidValue("the text is empty")
        if len(text) > MAX_CHARACTERS:
            raise InvalidValue(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} are allowed")
        return text

    def equal(self, a: Any, b: Any) -> bool:
        return squash(str(a)) == squash(str(b))

    def is_leaf(self, value: Any) -> bool:
        return isinstance(value, str)

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        return text_support(str(value), words)


def text_support(value: str, words: Sequence[str]) -> Support:
    """A text is supported when it stands in the words, or when its topic words and numbers all do."""
    cited = " ".join(words)
    if squash(value) and squash(value) in squash(cited):
        return Support(True, "the text stands in the cited words")
    figures = {m.value for m in find_numbers(value)}
    missing = figures - {m.value for language in ("en", "de") for m in find_numbers(cited, language)}
    if missing:
        return Support(False, f"the cited words do not hold the figure {min(missing)}")
    wanted = stems(value)
    if not wanted:
        return Support(None, "the text has no words to look for")
    share = len(wanted & stems(cited)) / len(wanted)
    if share == 1.0:
        return Support(True, "all words of the text stand in the cited words")
    if share >= 0.75:
        return Support(None, "most words of the text stand in the cited words, but not all")
    return Support(False, "the cited words do not hold the text")
