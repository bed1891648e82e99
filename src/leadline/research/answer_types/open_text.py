"""A short text: a name, a place, a date, a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from leadline.research.answer_types.base import AnswerType, InvalidValue, Support, Told
from leadline.research.model import Question
from leadline.research.values.numbers import find_numbers
from leadline.research.values.polarity import denials
from leadline.research.values.terms import squash, stems, terms
from leadline.research.values.wording import name_words, same_name

MAX_CHARACTERS = 2000
_JOINED = re.compile(r"(?i)\b(?:and|und|et|y)\b|[&;/]")


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

    def same(self, before: Any, after: Any, told: Told) -> bool | None:
        return same_text(str(before), str(after), told.question)

    def is_leaf(self, value: Any) -> bool:
        return isinstance(value, str)

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        known = f"{question.text} {question.company.name or ''} {question.company.host}"
        return text_support(str(value), words, known)


NAME_WORDS = 6  # a text of so many words at most is a name, a place or a title, not a sentence
ENOUGH_SHARED = 0.75  # of the topic words of both texts; fewer do not tell whether they say the same


def same_text(before: str, after: str, question: str = "") -> bool | None:
    """Whether two texts tell the same; None where the words differ too much to say.

    Other figures, other names and a denial on one side only are another fact. For the rest, the topic words that
    the question does not hold decide.
    """
    if squash(before) == squash(after) or same_name(before, after):
        return True
    if max(len(name_words(before)), len(name_words(after))) <= NAME_WORDS:
        return _same_short(before, after)
    if _figures(before) != _figures(after) or bool(denials(before)) != bool(denials(after)):
        return False
    if _names(before) ^ _names(after):
        return False
    asked = stems(question)
    one, other = stems(before) - asked, stems(after) - asked
    if one == other or len(one & other) >= ENOUGH_SHARED * len(one | other):
        return True
    return None


def _same_short(before: str, after: str) -> bool:
    """A name told more fully is the same name; one joined to it by "and" is another."""
    few, many = sorted((before, after), key=lambda text: len(name_words(text)))
    if not set(name_words(few)) <= set(name_words(many)):
        return False
    return bool(_JOINED.search(few)) or not _JOINED.search(many)


def _figures(text: str) -> set[float]:
    return {float(m.value) for m in find_numbers(text)}


def _names(text: str) -> set[str]:
    """Words with a capital that no sentence begins with."""
    found = set()
    for term in terms(text):
        lead = text[: term.start].rstrip(" \"'(“„«")
        if term.text[:1].isupper() and lead and lead[-1] not in ".!?:\n":
            found.add(term.stem)
    first = {t.stem for t in terms(text)[:1]}
    return found - first


# Addresses, markup and what a spreadsheet would run are copied or made up, and never put in other words.
_NEVER_REWORDED = re.compile(r"\S*(?:@|://|[<>{}`])\S*|^[=+@]\S*")


def text_support(value: str, words: Sequence[str], known: str = "") -> Support:
    """A text is supported when it stands in the words, or when its topic words and numbers all do.

    ``known``: words that need not stand there, because the question holds them.
    """
    cited = " ".join(words)
    if squash(value) and squash(value) in squash(cited):
        holding = [text for text in words if squash(value) in squash(text)]
        if holding and all(denials(text) for text in holding) and not denials(value) and not denials(known):
            return Support(None, "the text stands in cited words that deny something")
        return Support(True, "the text stands in the cited words")
    if made_up := [part for part in _NEVER_REWORDED.findall(value) if part not in cited]:
        return Support(False, f"the cited words do not hold {made_up[0][:60]!r}", final=True)
    figures = {m.value for m in find_numbers(value)}
    missing = figures - {m.value for language in ("en", "de") for m in find_numbers(cited, language)}
    if missing:
        return Support(False, f"the cited words do not hold the figure {min(missing)}")
    wanted = stems(value) - stems(known) or stems(value)
    if not wanted:
        return Support(None, "the text has no words to look for")
    share = len(wanted & stems(cited)) / len(wanted)
    if share == 1.0 and bool(denials(cited)) != bool(denials(value)) and not denials(known):
        return Support(None, "the text and the cited words do not deny the same")
    if share == 1.0:
        return Support(True, "all words of the text stand in the cited words")
    if share >= 0.75:
        return Support(None, "most words of the text stand in the cited words, but not all")
    return Support(False, "the cited words do not hold the text")
