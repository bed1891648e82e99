"""Percentages: "40%", "40 percent", "40 Prozent", "99,95 %"."""

from __future__ import annotations

import re

from leadline.research.values.numbers import Mention, find_numbers

_SIGN = re.compile(
    r"[\s\u00a0\u202f]?(?:%|percent\b|per cent\b|pct\b|prozent\b|pour ?cents?\b|por ciento\b|por cento\b|procent\b)",
    re.IGNORECASE,
)


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
