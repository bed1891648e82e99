"""Which field of the profile an everyday question means: "hq?", "wer ist der Chef", "combien de salariés".

A logistic regression over pieces of words, so that typing errors and compounds count less; its weights are data
(``mapper.json``), trained by ``scripts/train_mapper.py`` on phrasings written for it.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

import msgspec
from msgspec import structs

from leadline.research.values.terms import fold

NONE = "none"  # the question means no field
LEAST = 0.75  # probability from which a field is named; below, nothing is
SHORT = 6  # words of a question that can hardly ask for more than a field
LEAST_LONG = 0.9  # of a longer one
LEAST_JOINED = 0.95  # of one that may ask for two things
_JOINING = frozenset({"and", "und", "et"})
UNNAMED = "the company"
"""What stands for the company's name in a question. It asks for nothing, and is not counted."""
MOST_CHARACTERS = 160  # of an everyday question; a longer one asks for more than a field
# Who runs a company, said of one and of several: what is more the one than the other is still one of both.
_ALIKE = {"ceo": "managing_directors", "managing_directors": "ceo"}
_WORD = re.compile(r"[a-z0-9]+")
_SIZES = (3, 4, 5)  # characters of a piece


class Guess(NamedTuple):
    field: str
    probability: float


class Weights(msgspec.Struct, frozen=True):
    """A logistic regression: a row of weights, one for each class, for every piece of a text."""

    fields: list[str]
    intercepts: list[float]
    weights: Mapping[str, Sequence[float]]
    figures: dict[str, frozenset[str]] = {}
    """The figures that phrasings of a class hold: who asks for a standard of another number, or for a year, means another."""

    words: frozenset[str] = frozenset()
    """Every word of the phrasings that mean a field."""

    joined: dict[str, frozenset[str]] = {}
    """What phrasings of a class join: "city and country" is one thing that is asked for."""

    roles: dict[str, frozenset[str]] = {}
    """Of a field that is a role, the phrasings that may be a title: "finance director"."""

    def chances(self, text: str) -> dict[str, float]:
        """How likely each class is for this text; they add up to 1."""
        sums = list(self.intercepts)
        for piece, value in features(text).items():
            if (row := self.weights.get(piece)) is not None:
                for place, weight in enumerate(row):
                    sums[place] += value * weight
        most = max(sums)
        shares = [math.exp(one - most) for one in sums]
        whole = sum(shares)
        return {field: share / whole for field, share in zip(self.fields, shares, strict=True)}


def features(text: str) -> dict[str, float]:
    """Words, pairs of words and pieces of words, as a vector of length 1 for each kind."""
    words = _WORD.findall(fold(text))
    whole = {f"={w}" for w in words} | {f"{a} {b}" for a, b in pairwise(words)}
    pieces = {
        f" {word} "[at : at + size]
        for word in words
        for size in _SIZES
        for at in range(max(1, len(word) + 3 - size))
        if len(word) + 2 >= size
    }
    found = dict.fromkeys(pieces, 1 / math.sqrt(len(pieces) or 1))
    return found | dict.fromkeys(whole, 1 / math.sqrt(len(whole) or 1))


def figures(text: str) -> frozenset[str]:
    """The words of a text that hold a digit."""
    return frozenset(w for w in _WORD.findall(fold(text)) if any(c.isdigit() for c in w))


def joins(text: str) -> frozenset[str]:
    """What a text joins: the words before and behind each "and"."""
    words = _WORD.findall(fold(text))
    return frozenset(
        f"{words[at - 1]} {words[at + 1]}" for at in range(1, len(words) - 1) if words[at] in _JOINING
    )


@cache
def _weights() -> Weights:
    text = resources.files(__package__).joinpath("mapper.json").read_bytes()
    read = msgspec.json.decode(text, type=Weights)
    # A million numbers, each an object of its own, would be 30 MB of every process.
    return structs.replace(read, weights={piece: array("f", row) for piece, row in read.weights.items()})


def known_words() -> frozenset[str]:
    """Every word of the phrasings, folded: what everyday questions are made of."""
    return _weights().words


def names_role(title: str, field: str) -> bool:
    """Whether a title is one by which people ask for this role, word for word: a deputy's is not."""
    return " ".join(_WORD.findall(fold(title))) in _weights().roles.get(field, ())


@lru_cache(maxsize=1024)
def guess(text: str, least: float | None = None) -> Guess | None:
    """The field that the question means, and how likely; None when it means none or cannot be told.

    ``least``: the probability from which on it can, where more than the words speaks for it.
    """
    if len(text) > MOST_CHARACTERS:
        return None
    chances = _weights().chances(text)
    field = max(chances, key=chances.__getitem__)
    probability = chances[field] + chances.get(_ALIKE.get(field, ""), 0.0)
    words = _WORD.findall(fold(text.replace(UNNAMED, " ")))
    double = not joins(text) <= _weights().joined.get(field, frozenset())
    if least is None:
        least = LEAST if len(words) <= SHORT else LEAST_JOINED if double else LEAST_LONG
    if field == NONE or probability < least or not figures(text) <= _weights().figures[field]:
        return None
    return Guess(field, probability)
