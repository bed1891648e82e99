"""BM25 over lists of words (Robertson and others, 1994), in the variant of Lucene: scores are never negative.

A company's pages make a few thousand passages, and a question has a dozen words: each list keeps its counts, and what a word
weighs is worked out when it is asked for. An index of all words would take five times as long as these questions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence


class Bm25:
    """``k1`` bounds how much a repeated word adds, ``b`` (0..1) how much long lists are marked down."""

    def __init__(self, corpus: Sequence[Sequence[str]], *, k1: float, b: float) -> None:
        self._counts = [Counter(words) for words in corpus]
        mean = sum(map(len, corpus)) / len(corpus) if corpus else 0.0
        self._damping = [k1 * (1 - b + b * len(words) / mean) if mean else k1 for words in corpus]

    def scores(self, query: Iterable[str]) -> list[float]:
        """A score for every list, 0 where it holds no word of the query."""
        found = [0.0] * len(self._counts)
        for word in query:
            held = [(index, counts[word]) for index, counts in enumerate(self._counts) if word in counts]
            rarity = math.log(1 + (len(found) - len(held) + 0.5) / (len(held) + 0.5))
            for index, times in held:
                found[index] += rarity * (times / (times + self._damping[index]))
        return found
