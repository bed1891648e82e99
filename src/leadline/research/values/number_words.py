"""Numbers written as words, in English, German and French."""

from __future__ import annotations

import re
from collections.abc import Iterator

_EN_SMALL = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_EN_TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_EN_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_EN_WORD = "|".join([*_EN_SMALL, *_EN_TENS, *_EN_SCALES])
_EN_PHRASE = re.compile(rf"\b(?:{_EN_WORD})(?:(?:\s+and\s+|[\s-]+)(?:{_EN_WORD}))*\b", re.IGNORECASE)

_DE_SMALL = {
    word: value
    for value, word in enumerate(
        "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
        "siebzehn achtzehn neunzehn".split()
    )
}
_DE_TENS = {
    word: 10 * value
    for value, word in enumerate(
        "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split(), start=2
    )
}
_FR_SMALL = {
    word: value
    for value, word in enumerate(
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf".split()
    )
}
_FR_TENS = {
    word: 10 * value for value, word in enumerate("vingt trente quarante cinquante soixante".split(), start=2)
}


def _german() -> dict[str, int]:
    table = dict(_DE_SMALL)
    for tens, value in _DE_TENS.items():
        table[tens] = value
        for unit in range(1, 10):
            table[f"{list(_DE_SMALL)[unit]}und{tens}"] = value + unit
    del table["ein"]  # mostly the article
    table["hundert"] = 100
    table["tausend"] = 1000
    return table


def _french() -> dict[str, int]:
    table = dict(_FR_SMALL)
    for tens, value in _FR_TENS.items():
        table[tens] = value
        for unit in range(2, 10):
            table[f"{tens}-{list(_FR_SMALL)[unit]}"] = value + unit
    del table["un"]
    table["cent"] = 100
    table["mille"] = 1000
    return table


_TABLES = {"de": _german(), "fr": _french()}
_PATTERNS = {
    language: re.compile(
        r"(?<!\w)(?:" + "|".join(sorted(table, key=len, reverse=True)) + r")(?![\w-])", re.IGNORECASE
    )
    for language, table in _TABLES.items()
}


def _read_english(phrase: str) -> int | None:
    total, current, last = 0, 0, ""
    for word in re.split(r"[\s-]+", phrase.lower()):
        if word == "and":
            continue
        if word in _EN_SMALL:
            if last in _EN_SMALL:
                return None  # "one two": two numbers, not one
            current += _EN_SMALL[word]
        elif word in _EN_TENS:
            if last in _EN_SMALL or last in _EN_TENS:
                return None
            current += _EN_TENS[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        else:
            total += max(current, 1) * _EN_SCALES[word]
            current = 0
        last = word
    return total + current


def find_number_words(text: str, language: str = "en") -> Iterator[tuple[int, int, int]]:
    """(start, end, value) of every number in words. A lone "one" or "hundred" is a pronoun or a manner of speaking."""
    if language in _TABLES:
        for match in _PATTERNS[language].finditer(text):
            yield match.start(), match.end(), _TABLES[language][match.group().lower()]
        return
    for match in _EN_PHRASE.finditer(text):
        if match.group().lower() in ("one", "hundred", "thousand", "million", "billion"):
            continue
        value = _read_english(match.group())
        if value is not None:
            yield match.start(), match.end(), value


_WORDS = frozenset(
    {*_EN_SMALL, *_EN_TENS, *_EN_SCALES, *_german(), *_FR_SMALL, *_FR_TENS} - {"one", "un", "null", "zero"}
)
_DIGIT = re.compile(r"\d")


def may_hold_number(text: str) -> bool:
    """Whether it is worth looking for numbers: a digit or a number's word stands in it. Much cheaper than looking."""
    return _DIGIT.search(text) is not None or not _WORDS.isdisjoint(text.lower().replace("-", " ").split())
