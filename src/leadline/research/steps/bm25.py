"""BM25 over lists of words (Robertson and others, 1994), in the variant of Lucene: scores are never negative.

A company's pages make a few thousand passages, and a question has a dozen words: each list keeps its counts, and what a word
weighs is worked out when it is asked for. An index of all words would take five times as long as these questions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence


class Bm25:
    """``k1`` bounds how much a repeated word adds, ``b`` (0..1) how much long lists are marked down."""

    def __init__(self, corpus: Sequence[Sequence[str]], *, k1: float, b: float) -> None:
        self._counts = [Counter(words) for words in corpus]
        self.lengths = [len(words) for words in corpus]
        self._damping = _damping(self.lengths, k1, b)

    def holding(self, word: str) -> Mapping[int, int]:
        """How often the word stands in each list that holds it."""
        return {index: counts[word] for index, counts in enumerate(self._counts) if word in counts}

    def scores(self, query: Iterable[str]) -> list[float]:
        """A score for every list, 0 where it holds no word of the query."""
        damping = self._damping
        found = [0.0] * len(damping)
        for word in query:
            held = self.holding(word)
            rarity = math.log(1 + (len(found) - len(held) + 0.5) / (len(held) + 0.5))
            for index, times in held.items():
                found[index] += rarity * (times / (times + damping[index]))
        return found


class Bm25OfGroups(Bm25):
    """The same over groups of the lists of another: a group holds the words of its lists, which are not counted again."""

    def __init__(self, lists: Bm25, group_of: Sequence[int], groups: int, *, k1: float, b: float) -> None:
        self._lists = lists
        self._group_of = group_of
        self.lengths = [0] * groups
        for group, length in zip(group_of, lists.lengths, strict=True):
            self.lengths[group] += length
        self._damping = _damping(self.lengths, k1, b)

    def holding(self, word: str) -> Mapping[int, int]:
        held: dict[int, int] = {}
        for index, times in self._lists.holding(word).items():
            group = self._group_of[index]
            held[group] = held.get(group, 0) + times
        return held


def _damping(lengths: Sequence[int], k1: float, b: float) -> list[float]:
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    return [k1 * (1 - b + b * length / mean) if mean else k1 for length in lengths]
