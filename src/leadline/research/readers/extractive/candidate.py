"""What the extractive rules find."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from leadline.research.model import Unit


class Candidate(NamedTuple):
    """A value that an extractive rule read off the evidence.

    ``score`` orders candidates of one question (higher is better, about 0..1); ``rule`` names the rule;
    ``units`` are what the value can be read from; ``features`` are measured for the confidence.
    """

    value: Any
    units: tuple[Unit, ...]
    score: float
    rule: str
    features: Mapping[str, float] = MappingProxyType({})
    parts: tuple[tuple[str, Any, tuple[Unit, ...]], ...] = ()  # of an object: JSON pointer, value, units
    accept: float | None = None  # ``score`` is a probability, and the value is given from this one on
