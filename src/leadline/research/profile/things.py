"""What a question names that is no word of everyday questions: a place, a product, a plan, a person."""

from __future__ import annotations

import difflib
import re
import threading
from collections import OrderedDict
from functools import lru_cache

from leadline.research.model import Evidence
from leadline.research.values.terms import fold

WORD = re.compile(r"[^\W\d_]+")
_LIKE = 0.75  # of two spellings of one word (``difflib``)
_SHORTEST = 3  # characters of a name
_MOST_TEXT = 60_000  # characters of a page that are looked through for names


def words_in_order(text: str) -> list[str]:
    """The words of a text, folded."""
    return [fold(word) for word in WORD.findall(text)]


def words_of(text: str) -> list[str]:
    """The different words of a text, folded."""
    return sorted(set(words_in_order(text)))


def new_words(text: str, known: frozenset[str]) -> list[str]:
    """The words of a question, folded, that everyday questions do not hold."""
    return [w for w in dict.fromkeys(words_in_order(text)) if len(w) >= _SHORTEST and w not in known]


def named_things(
    text: str, known: frozenset[str], evidence: Evidence, *, anywhere: bool = False
) -> tuple[str, ...]:
    """The words of a question, folded, that everyday questions do not hold (``known``) and these pages write as a name.

    ``anywhere``: also those that no page holds and that are like no word of such questions. What is like one is that word
    with a typing error.
    """
    new = new_words(text, known)
    if not new:
        return ()
    names = _names(tuple(page.content.text_sha256 for page in evidence.pages), evidence)
    return tuple(word for word in new if word in names or (anywhere and _unlike(word, known)))


@lru_cache(maxsize=4096)
def _unlike(word: str, known: frozenset[str]) -> bool:
    near = [one for one in known if abs(len(one) - len(word)) <= 2 and one[:1] == word[:1]]
    if any(word.startswith(one) or one.startswith(word) for one in near):
        return False
    return not difflib.get_close_matches(word, near, 1, _LIKE)


_KEPT: OrderedDict[tuple[str, ...], frozenset[str]] = OrderedDict()
_MOST_KEPT = 16
_LOCK = threading.Lock()


def _names(key: tuple[str, ...], evidence: Evidence) -> frozenset[str]:
    """Every word that the pages write with a capital, and never without, kept by the hashes of their texts."""
    with _LOCK:
        if (kept := _KEPT.get(key)) is not None:
            _KEPT.move_to_end(key)
            return kept
    large: set[str] = set()
    small: set[str] = set()
    for page in evidence.pages:
        for word in WORD.findall(page.content.text[:_MOST_TEXT]):
            (large if word[0].isupper() else small).add(word)
    names = frozenset(map(fold, large)) - frozenset(map(fold, small))
    with _LOCK:
        _KEPT[key] = names
        while len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    return names
