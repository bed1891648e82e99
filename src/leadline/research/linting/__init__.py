"""What is wrong with a question before it is asked, what type its answer has, and which field of the profile it means.

Both the type and the fault are told by logistic regressions over pieces of words, trained by ``scripts/train_linter.py``;
below a probability nothing is told. A question with a fault can still be asked: these are hints.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib import resources

import msgspec

from leadline.research.model import Value
from leadline.research.profile.mapper import Weights, features, guess

CLEAR = "clear"  # the class of questions without a fault
LEAST_TYPE = 0.7  # probability from which a type is told
LEAST_FAULT = 0.7
UNLIKELY = 0.05  # a type given that is less likely than this is doubted


class Fault(StrEnum):
    """What is wrong with a question."""

    VAGUE = "vague"
    DOUBLE = "double"
    UNANSWERABLE = "unanswerable"
    UNTYPED = "untyped"
    WRONG_TYPE = "wrong_type"


_ADVICE = {
    Fault.VAGUE: "Ask for something that a page can state: a figure, a name, a yes or no, a list.",
    Fault.DOUBLE: "Ask one thing at a time, or use json_schema with one member for each thing.",
    Fault.UNANSWERABLE: "Pages do not tell what will happen, what is private, or what somebody thinks. Ask for a fact "
    "that the company publishes and that you would conclude from.",
}


class Hint(Value, frozen=True, kw_only=True):
    """One thing to mend. ``probability`` is that of the fault, 0 to 1."""

    fault: Fault
    message: str
    probability: float


class Linted(Value, frozen=True, kw_only=True):
    """What can be said of a question. ``answer_type`` and ``field`` are None where they cannot be told."""

    hints: tuple[Hint, ...] = ()
    answer_type: str | None = None
    field: str | None = None  # of the company's profile


def lint(question: str, answer_type: str | None = None) -> Linted:
    """Look at a question, and at the type that was given for its answer; None: none was given."""
    types = _weights("types").chances(question)
    best = max(types, key=types.__getitem__)
    told = best if types[best] >= LEAST_TYPE else None
    field = guess(question)
    hints = _faulty(question, known=field is not None)
    if all(hint.fault is Fault.DOUBLE for hint in hints):  # of what cannot be answered, no type helps
        hints += _typed(answer_type, told, types)
    return Linted(hints=tuple(hints), answer_type=told, field=field.field if field is not None else None)


def likeness(one: str, other: str) -> float:
    """How much two questions have in common in words and pieces of words: 0 nothing, 1 all."""
    mine, theirs = features(one), features(other)
    return (
        sum(value * theirs.get(piece, 0.0) for piece, value in mine.items()) / 2
    )  # two vectors of length 1 in each


def _faulty(question: str, *, known: bool) -> list[Hint]:
    """``known``: the question means a field of the profile, so that it is neither vague nor unanswerable."""
    chances = _weights("faults").chances(question)
    best = max(chances, key=chances.__getitem__)
    if best == CLEAR or chances[best] < LEAST_FAULT or (known and best != Fault.DOUBLE):
        return []
    fault = Fault(best)
    return [Hint(fault=fault, message=_ADVICE[fault], probability=round(chances[best], 2))]


def _typed(given: str | None, told: str | None, types: dict[str, float]) -> list[Hint]:
    if told is None or given == told:
        return []
    probability = round(types[told], 2)
    if given is None:
        message = f"No answer type is given, so the answer would be text; this asks for {told}."
        return (
            []
            if told == "open_text"
            else [Hint(fault=Fault.UNTYPED, message=message, probability=probability)]
        )
    if types.get(given, 1.0) >= UNLIKELY:  # what is asked with a schema, or for people, is not guessed
        return []
    message = f"The answer type is {given}, but this asks for {told}."
    return [Hint(fault=Fault.WRONG_TYPE, message=message, probability=probability)]


@cache
def _weights(name: str) -> Weights:
    text = resources.files(__package__).joinpath(f"{name}.json").read_bytes()
    return msgspec.json.decode(text, type=Weights)
