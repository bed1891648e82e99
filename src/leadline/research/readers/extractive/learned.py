"""Chooses between candidates, and nothing, by weights that were learned from labelled questions.

A conditional logit (McFadden, 1974): every candidate of a question has a score, the weighted sum of its features, and
so has "nothing answers this"; the probability of a value is its candidates' share of the exponentials. The
weights stand in ``weights.json``, written by ``scripts/train_reader.py``. Nothing is ruled out before: what speaks against
a candidate is a feature of it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec

from leadline.research.model import Unit
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.features import BY_RANK, Features

CITED = 0.15  # of the best place's probability; what has less beside it is not cited
MOST_CITED = 3


class Option(NamedTuple):
    """A value at one place, before it is judged. Options with the same ``key`` say the same."""

    key: Hashable
    value: Any
    units: tuple[Unit, ...]
    rule: str
    features: Features


class Options(NamedTuple):
    """All that a question may be answered by, and what speaks for no answer."""

    family: str
    options: list[Option]
    nothing: Features


class Weights(msgspec.Struct, frozen=True):
    """``accept``: the probability from which a value is given."""

    accept: float
    weights: dict[str, float]


@cache
def families() -> Mapping[str, Weights]:
    """Family ("figure", "statement") to its weights."""
    text = files("leadline.research.readers.extractive").joinpath("weights.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Weights])


def judged(found: Options) -> Sequence[Candidate]:
    """The options as candidates; ``score`` is the probability that the value answers the question."""
    if not found.options:
        return ()
    weights = families()[found.family].weights
    by_value: defaultdict[Hashable, list[tuple[float, Option]]] = defaultdict(list)
    for chance, option in zip(chances(found, weights), found.options, strict=True):
        by_value[option.key].append((chance, option))
    unranked: defaultdict[Hashable, float] = defaultdict(float)
    for chance, option in zip(chances(found, _unranked(weights)), found.options, strict=True):
        unranked[option.key] += chance
    accept = families()[found.family].accept
    return [
        candidate._replace(accept=accept)
        for key, places in by_value.items()
        for candidate in _candidates(places, _ahead(unranked, key))
    ]


def _unranked(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: weight for name, weight in weights.items() if name not in BY_RANK}


def _ahead(shares: Mapping[Hashable, float], key: Hashable) -> float:
    """How many times as likely a value is as the next, were it not for the order of the passages."""
    next_best = max((share for other, share in shares.items() if other != key), default=0.0)
    return min(99.0, shares[key] / (next_best + 1e-9))


def chances(found: Options, weights: Mapping[str, float]) -> list[float]:
    """The probability of each option; what is missing to 1 is that of no answer."""
    scores = [_score(weights, option.features) for option in found.options]
    nothing = _score(weights, found.nothing)
    highest = max(nothing, *scores)
    shares = [math.exp(score - highest) for score in scores]
    whole = sum(shares) + math.exp(nothing - highest)
    return [share / whole for share in shares]


def _score(weights: Mapping[str, float], features: Features) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in features.items())


def _candidates(places: list[tuple[float, Option]], ahead: float) -> Iterator[Candidate]:
    places.sort(key=lambda place: -place[0])
    together = sum(chance for chance, _ in places)
    best = places[0][0]
    for number, (chance, option) in enumerate(places[:MOST_CITED]):
        if chance < CITED * best:
            return
        features = {
            **option.features,
            "chance": round(chance, 4),
            "ahead": round(ahead, 2),
            "places": float(len(places)),
        }
        # The first place is the one that is told of; the order of the others follows theirs.
        yield Candidate(option.value, option.units, together - 0.001 * number, option.rule, features)
