"""Right or wrong: an answer against what the question file expects and accepts.

The rules, by answer type (``docs/evaluation.md``): numbers within a tolerance; currencies with their unit; addresses by host
and path; lists by F1 over items; texts by keys; objects field by field. Comparisons of words leave case, accents and
punctuation aside.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from leadline.evaluation.schemas import EvalQuestion
from leadline.foundation.errors import InvalidInput

LONGEST_TEXT = 500  # characters; a longer text is a dump of the page
CURRENCY_TOLERANCE = 0.01
EXACT = 1e-9
_CURRENCIES = {"US$": "USD", "$": "USD", "€": "EUR", "£": "GBP"}
_CURRENCY_CODE = re.compile(r"\b(USD|EUR|GBP|CHF|JPY|CAD|AUD)\b", re.IGNORECASE)
_FIGURE = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_SCALE = re.compile(r"\s*(billion|bn|b|million|m|thousand|k)\b", re.IGNORECASE)
_SCALES = {"b": 1e9, "m": 1e6, "t": 1e3, "k": 1e3}
_BARE_HOST = re.compile(r"^[\w.-]+\.[a-z]{2,}(/|$)", re.IGNORECASE)
_YES_NO = {"true": True, "yes": True, "false": False, "no": False}


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    ABSTAINED = "abstained"


def is_answerable(question: EvalQuestion) -> bool:
    """Whether the pages hold an answer. Raises InvalidInput where the file does not say what is expected."""
    if question.answerable is not msgspec.UNSET:
        return question.answerable
    if question.expected is msgspec.UNSET:
        raise InvalidInput(
            (question.id, "the question file does not say what is expected, so nothing can be judged")
        )
    return question.expected is not None


def judge(question: EvalQuestion, answer: Any) -> Verdict:
    """What an answer is; any answer to a question that the pages do not answer is wrong."""
    if abstains(answer):
        return Verdict.ABSTAINED
    return Verdict.RIGHT if is_answerable(question) and _right(question, answer) else Verdict.WRONG


def abstains(answer: Any) -> bool:
    """None, an empty text or list, an object of nothing but these. Zero and false are answers."""
    if isinstance(answer, Mapping):
        return all(abstains(value) for value in answer.values())
    return answer is None or answer in ("", [])


def _right(question: EvalQuestion, answer: Any) -> bool:
    expected, accept = question.expected, question.accept
    match question.answer_type:
        case "boolean":
            said = _YES_NO.get(answer.strip().lower()) if isinstance(answer, str) else answer
            return said is expected
        case "number" | "percentage":
            return _near_any(_figure(answer), (expected, *accept.values), accept.tolerance or 0.0)
        case "currency":
            tolerance = CURRENCY_TOLERANCE if accept.tolerance is None else accept.tolerance
            unit = expected.get("currency")
            near = _near_any(_figure(answer), (expected["amount"], *accept.values), tolerance)
            return near and (not unit or _currency(answer) == unit)
        case "url":
            return any(_same_address(answer, url, question.domain) for url in (expected, *accept.accept_urls))
        case "list":
            return _f1(answer, expected, accept.aliases) >= accept.min_f1
        case "json_schema":
            return isinstance(answer, Mapping) and all(
                _field_right(name, answer.get(name), value, question) for name, value in expected.items()
            )
    text = _words(answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False))
    groups = accept.keys or ((expected,),)
    return len(text) <= LONGEST_TEXT and all(any(_holds_key(text, key) for key in group) for group in groups)


# ------------------------------------------------------------------ figures


def _figure(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, Mapping):
        return next((_figure(value[name]) for name in ("amount", "value", "number") if name in value), None)
    found = _FIGURE.search(value.replace("\u00a0", " ")) if isinstance(value, str) else None
    if found is None:
        return None
    scale = _SCALE.match(found.string, found.end())
    times = _SCALES[scale.group(1)[0].lower()] if scale else 1.0
    return float(found.group().replace(",", "")) * times


def _near_any(figure: float | None, wanted: Iterable[float], tolerance: float) -> bool:
    if figure is None:
        return False
    return any(abs(figure - one) <= max(EXACT, abs(one) * tolerance) for one in wanted)


def _currency(value: Any) -> str | None:
    if isinstance(value, Mapping):
        named = str(value.get("currency") or value.get("unit") or "").strip().upper()
        return _CURRENCIES.get(named, named) or None
    if not isinstance(value, str):
        return None
    signs = (code for sign, code in _CURRENCIES.items() if sign in value)
    code = _CURRENCY_CODE.search(value)
    return next(signs, code.group().upper() if code else None)


# ------------------------------------------------------------------ addresses


def _same_address(one: Any, other: str, domain: str) -> bool:
    """Same host and path; a path alone is of the asked site."""
    (host, path), (other_host, other_path) = _address(str(one)), _address(other)
    own = domain.removeprefix("www.")
    return (host or own) == (other_host or own) and path == other_path


def _address(text: str) -> tuple[str, str]:
    text = text.strip()
    if "//" not in text and _BARE_HOST.match(text):
        text = "//" + text
    try:
        parts = urlsplit(text)
    except ValueError:  # such as a bracket that is never closed
        return "", text.lower()
    return (parts.hostname or "").lower().removeprefix("www."), unquote(parts.path).rstrip("/").lower()


# ------------------------------------------------------------------ words


def _words(value: Any) -> str:
    """Lower case, no accents, only letters, digits and the signs of figures, single spaces."""
    folded = unicodedata.normalize("NFKD", str(value)).casefold()
    bare = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return " ".join(re.sub(r"[^a-z0-9%$€£.+@#/ ]+", " ", bare).split())


def _holds_whole(text: str, words: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(words)}(?![a-z0-9])", text) is not None


def _holds_key(text: str, key: str) -> bool:
    """Whether a word of the text begins with the key; one of at most three letters is the whole word."""
    words = _words(key)
    end = r"(?![a-z0-9])" if len(words) <= 3 else ""
    return bool(words) and re.search(rf"(?<![a-z0-9]){re.escape(words)}{end}", text) is not None


def _f1(answer: Any, expected: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> float:
    items, left = _items(answer), list(expected)
    for item in items:
        met = next((one for one in left if _same_item(item, (one, *aliases.get(one, ())))), None)
        if met is not None:
            left.remove(met)
    hits = len(expected) - len(left)
    return 2 * hits / (len(items) + len(expected)) if hits else 0.0


def _items(answer: Any) -> list[str]:
    if isinstance(answer, str):
        return [part.strip() for part in re.split(r"[;\n]|,(?!\d)", answer) if part.strip()]
    if not isinstance(answer, list):
        return [str(answer)]
    return [
        str(item.get("name") or item.get("value") or item) if isinstance(item, Mapping) else str(item)
        for item in answer
    ]


def _same_item(item: str, names: Iterable[str]) -> bool:
    said = _words(item)
    wanted = [_words(name) for name in names]
    return any(said == name or (len(name) > 3 and _holds_whole(said, name)) for name in wanted)


# ------------------------------------------------------------------ objects


def _field_right(name: str, got: Any, expected: Any, question: EvalQuestion) -> bool:
    accept = question.accept
    if isinstance(expected, bool):
        return got is expected
    if isinstance(expected, int | float):
        return _near_any(_figure(got), (expected,), max(accept.tolerance or 0.0, EXACT))
    if isinstance(expected, list):
        return bool(got) and _f1(got, expected, accept.aliases) >= accept.min_f1
    if isinstance(expected, Mapping):
        return isinstance(got, Mapping) and all(
            _field_right(inner, got.get(inner), value, question) for inner, value in expected.items()
        )
    if got is None:
        return expected is None
    said = _words(got)
    wanted = [_words(one) for one in (expected, *accept.field_keys.get(name, ()))]
    return any(one and (one == said or _holds_whole(said, one)) for one in wanted)
