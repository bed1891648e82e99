"""Where two elements of one line meet: whether their words are one, and what raised digits become."""

from __future__ import annotations

import re
from html import unescape

PHRASES = frozenset("a abbr b bdi button cite data em font i label mark small span strong time u".split())
PHRASE_ENDS = frozenset(f"/{name}" for name in PHRASES)
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

_WORD = 80  # characters; enough of a word to tell it from a letter
_LAST_WORD = re.compile(r"[^\W_]+\Z")
_FIRST_WORD = re.compile(r"[^\W_]+")


def are_apart(before: str, raw: str) -> bool:
    """Whether a space is owed between two elements side by side, with nothing between them in the markup.

    Their style sets them apart, so no figure is joined with what stands beside it, nor a word with another; single
    letters are those of one word that is animated or coloured. ``raw`` is the second one's text, still escaped.
    """
    last, first = _LAST_WORD.search(before[-_WORD:]), _FIRST_WORD.match(unescape(raw[:_WORD]))
    if last is None or first is None:
        return False
    figures = last[0][-1].isdigit() or first[0][0].isdigit()
    return figures or (len(last[0]) > 1 and len(first[0]) > 1)
