"""BM25 against its formula, written out for one list and one word at a time."""

from __future__ import annotations

import math
import random

import pytest

from leadline.research.steps.bm25 import Bm25, Bm25OfGroups

K1, B = 1.2, 0.6


def by_the_formula(corpus: list[list[str]], query: list[str], which: int) -> float:
    mean = sum(map(len, corpus)) / len(corpus)
    score = 0.0
    for word in query:
        holding = sum(word in words for words in corpus)
        rarity = math.log(1 + (len(corpus) - holding + 0.5) / (holding + 0.5))
        times = corpus[which].count(word)
        score += rarity * times / (times + K1 * (1 - B + B * len(corpus[which]) / mean)) if times else 0.0
    return score


def test_scores_are_those_of_the_formula() -> None:
    chance = random.Random(4)
    for _ in range(40):
        corpus = [
            chance.choices("abcdefgh", k=chance.randrange(0, 30)) for _ in range(chance.randrange(1, 20))
        ]
        corpus[0].append("a")  # some word stands somewhere
        query = chance.sample("abcdefghxyz", 4)
        found = Bm25(corpus, k1=K1, b=B).scores(query)
        assert found == pytest.approx([by_the_formula(corpus, query, i) for i in range(len(corpus))])


def test_nothing_to_rank() -> None:
    assert Bm25([], k1=K1, b=B).scores(["a"]) == []
    assert Bm25([[], []], k1=K1, b=B).scores(["a"]) == [0.0, 0.0]


def test_a_group_holds_the_words_of_its_lists() -> None:
    chance = random.Random(5)
    for _ in range(40):
        corpus = [chance.choices("abcdefgh", k=chance.randrange(1, 30)) for _ in range(12)]
        group_of = [chance.randrange(5) for _ in corpus]
        joined: list[list[str]] = [[] for _ in range(6)]  # the last stays empty
        for group, words in zip(group_of, corpus, strict=True):
            joined[group] += words
        query = chance.sample("abcdefghxyz", 4)
        lists = Bm25(corpus, k1=K1, b=B)
        assert Bm25OfGroups(lists, group_of, 6, k1=K1, b=B).scores(query) == Bm25(joined, k1=K1, b=B).scores(
            query
        )
