"""Percentages: "40%", "40 percent", "40 Prozent", "99,95 %"."""

from __future__ import annotations

import re

from leadline.research.values.numbers import Mention, find_numbers, plain

_SIGN = re.compile(
    r"[\s\u00a0\u202f]?(?:%|percent\b|per cent\b|pct\b|prozent\b|pour ?cents?\b|por ciento\b|por cento\b|procent\b)",
    re.IGNORECASE,
)


_PARTS = {
    r"half|hälfte|moitié": 50, r"third|drittel|tiers": 100 / 3, r"quarter|viertel|quart": 25, r"fifth|fünftel|cinquième": 20, r"tenth|zehntel|dixième": 10,
}  # fmt: skip
_TIMES = {
    "two": 2,
    "zwei": 2,
    "deux": 2,
    "three": 3,
    "drei": 3,
    "trois": 3,
    "four": 4,
    "vier": 4,
    "quatre": 4,
}
_FRACTION = re.compile(
    r"(?<![\w-])(?:(?P<times>two|three|four|zwei|drei|vier|deux|trois|quatre)[ -]|(?:one|a|an|ein|un|une|die|la|the)[ -])?"
    + "(?P<part>" + "|".join(_PARTS) + r")s?\s(?:of\b|der\b|des\b|unserer?\b|aller\b|von\b|de\b|d['’])",
    re.IGNORECASE,
)  # fmt: skip


def find_fractions(text: str) -> list[Mention]:
    """Shares told in words: "half of", "two thirds of", "ein Viertel der"; the value of a half is 50."""
    found = []
    for match in _FRACTION.finditer(text):
        part = next(
            value for words, value in _PARTS.items() if re.fullmatch(words, match["part"], re.IGNORECASE)
        )
        value = part * _TIMES.get((match["times"] or "").lower(), 1)
        found.append(Mention(match.start(), match.end("part"), plain(round(value, 2)), in_words=True))
    return found


def find_percentages(text: str, language: str = "en") -> list[Mention]:
    """Every percentage in order; the value of "40%" is 40. ``end`` is behind the sign."""
    found = []
    for mention in find_numbers(text, language):
        sign = _SIGN.match(text, mention.end)
        if sign:
            found.append(mention._replace(end=sign.end()))
        elif mention.range_end and re.match(
            r"\s?(?:-|–|to)\s?\d[\d.,]*\s?%", text[mention.end : mention.end + 16]
        ):
            found.append(mention)  # the first end of "10-20%"
    return found
