"""What every answer type can do. One type a file; ``answer_types/__init__`` lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from leadline.research.model import Evidence, Passage, Question
from leadline.research.readers.extractive.candidate import Candidate


class InvalidValue(ValueError):
    """A value is not of this answer type; the message says what is wrong, for a person or a model."""


class Support(NamedTuple):
    """Whether cited words bear a value out: True, False (they say otherwise) or None (cannot tell)."""

    holds: bool | None
    why: str


class AnswerType(Protocol):
    """One kind of answer.

    Canonical values: open_text ``str``; boolean ``bool``; number ``int | float``; percentage a number, 42
    meaning 42 %; currency ``{"value": number, "currency": "USD"}`` (ISO 4217); url ``str``; list
    ``list[str]``; json_schema the object itself. "No answer" is None and never reaches a type.
    """

    name: str  # on the wire: "open_text"
    key: str  # the member that holds the value on the wire: "openText"

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        """JSON Schema of the value as a language model must write it."""
        ...

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> Any:
        """The canonical value. Raises InvalidValue."""
        ...

    def equal(self, a: Any, b: Any) -> bool: ...

    def change(self, previous: Any, current: Any) -> dict[str, Any] | None:
        """``changeDelta`` of contract section 12, or None where the type has none."""
        ...

    def to_wire(self, value: Any) -> dict[str, Any]:
        """Contract section 8."""
        ...

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        """Is the value present in, or derivable from, the cited words?"""
        ...

    def extract(
        self, question: Question, passages: Sequence[Passage], evidence: Evidence
    ) -> Sequence[Candidate]:
        """Candidates by rule, best first; empty when the passages do not answer."""
        ...


__all__ = ["AnswerType", "Candidate", "InvalidValue", "Support"]
