"""BM25 over lists of words (Robertson and others, 1994), in the variant of Lucene: scores are never negative.

A company's pages make a few thousand passages; for so many a library over number arrays would be sixty megabytes of
installation for no time that a person could notice.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence


class Bm25:
    """``k1`` bounds how much a repeated word adds, ``b`` (0..1) how much long lists are marked down."""

    def __init__(self, corpus: Sequence[Sequence[str]], *, k1: float, b: float) -> None:
        self._size = len(corpus)
        counts = [Counter(words) for words in corpus]
        mean = sum(map(len, corpus)) / self._size if self._size else 0.0
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for index, (words, count) in enumerate(zip(corpus, counts, strict=True)):
            damping = k1 * (1 - b + b * len(words) / mean) if mean else k1
            for word, times in count.items():
                self._postings.setdefault(word, []).append((index, times / (times + damping)))
        for entries in self._postings.values():
            rarity = math.log(1 + (self._size - len(entries) + 0.5) / (len(entries) + 0.5))
            entries[:] = [(index, rarity * weight) for index, weight in entries]

    def scores(self, query: Iterable[str]) -> list[float]:
        """A score for every list, 0 where it holds no word of the query."""
        found = [0.0] * self._size
        for word in query:
            for index, weight in self._postings.get(word, ()):
                found[index] += weight
        return found
