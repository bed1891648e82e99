"""What every answer type can do. One type a file; ``answer_types/__init__`` lists them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from leadline.research.model import Question


class InvalidValue(ValueError):
    """A value is not of this answer type; the message says what is wrong, for a person or a model."""


class Support(NamedTuple):
    """Whether cited words bear a value out: True, False (they say otherwise) or None (cannot tell).

    ``final``: what no second look by a model may overrule. A model that obeys the page would say yes there as well.
    """

    holds: bool | None
    why: str
    final: bool = False


class Told(NamedTuple):
    """How two answers to one question were told: the cited words of each, and the question."""

    before: Sequence[str]
    after: Sequence[str]
    question: str = ""


class FieldChanges(NamedTuple):
    """Fields of an object that differ (contract section 12). ``changed``: top-level names; the others: dot paths."""

    changed: tuple[str, ...]
    added: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]


class AnswerType(ABC):
    """One kind of answer.

    Canonical values: open_text ``str``; boolean ``bool``; number ``int | float``; percentage a number, 42
    meaning 42 %; currency ``{"value": number, "currency": "USD"}`` (ISO 4217); url ``str``; list
    ``list[str]``; json_schema the object itself. "No answer" is None and never reaches a type.

    What other modules need to know of a type stands here, so that they need not tell types apart by name.
    """

    name: str  # on the wire: "open_text"
    key: str  # the member that holds the value on the wire: "openText"
    wire: Any = list[dict[str, Any]]  # the type of a value there, for the served document
    wrapped: bool = True  # the member holds ``{"value": ...}``, not the value itself
    needs_schema: bool = False  # the customer states the value's shape
    hint: re.Pattern[str] | None = None  # what stands where a value of the type stands; ranking goes by it
    links: bool = False  # the value is an address: where links lead counts as words, and readers are shown it
    around: bool = False  # what the value is about often stands in the heading or the table's header above
    yes_or_no: bool = False  # words do not hold the value: they assert or deny what is asked
    asks: Literal["", "people", "posts"] = ""  # what directories are asked for, besides pages
    repeated: bool = True  # may be asked on a schedule, and kept in a template by a change
    topic: str = ""  # the kind of page (see ``steps.choose``) on which such values mostly stand

    @abstractmethod
    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        """JSON Schema of the value as a language model must write it."""

    @abstractmethod
    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> Any:
        """The canonical value. Raises InvalidValue."""

    @abstractmethod
    def equal(self, a: Any, b: Any) -> bool: ...

    @abstractmethod
    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        """Is the value present in, or derivable from, the cited words?"""

    def change(self, previous: Any, current: Any) -> dict[str, Any] | None:
        """``changeDelta`` of contract section 12, or None where there is none."""
        if self.equal(previous, current):
            return None
        return {"type": self.name.upper(), "previous": previous, "current": current}

    def to_wire(self, value: Any) -> dict[str, Any]:
        """Contract section 8."""
        return {"type": self.name, self.key: {"value": value} if self.wrapped else value}

    def text(self, value: Any) -> str | None:
        """The value for people, in plain text; of several members, one a line. None: best shown as JSON."""
        return None if isinstance(value, list | dict) else str(value)

    def parts(self, value: Any) -> Sequence[Any]:
        """What structured data has to state, each in a member of its own, for the value to be stated."""
        return (value,)

    def is_leaf(self, value: Any) -> bool:
        """Whether a member of a json_schema answer with this value is checked as this type is."""
        return False

    def scored(self, value: Any) -> Any:
        """The value as question files and their scorers write it."""
        return value

    def same(self, before: Any, after: Any, told: Told) -> bool | None:
        """Whether both values state one fact, however it is worded or rounded; None where only somebody who
        understands the words could tell."""
        return self.equal(before, after)

    def fields(self, before: Any, after: Any) -> FieldChanges | None:
        """Which fields of an object differ; None for what has no fields."""
        return None


__all__ = ["AnswerType", "FieldChanges", "InvalidValue", "Support", "Told"]
