"""Yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadline.research.answer_types.base import Candidate, InvalidValue, Support
from leadline.research.model import Evidence, Passage, Question
from leadline.research.readers.extractive.assertions import asserted, boolean_candidates
from leadline.research.values.terms import fold

_YES = frozenset({"true", "yes", "y", "ja", "oui", "si", "sim", "wahr", "vrai"})
_NO = frozenset({"false", "no", "n", "nein", "non", "nao", "falsch", "faux"})


class Boolean:
    name = "boolean"
    key = "boolean"

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        return {"type": "boolean"}

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> bool:
        if isinstance(value, bool):
            return value
        word = fold(value).strip(" .!") if isinstance(value, str) else ""
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise InvalidValue("true or false is wanted; when the words do not tell, there is no answer")

    def equal(self, a: Any, b: Any) -> bool:
        return a is b

    def change(self, previous: Any, current: Any) -> dict[str, Any] | None:
        return (
            None
            if self.equal(previous, current)
            else {"type": "BOOLEAN", "previous": previous, "current": current}
        )

    def to_wire(self, value: Any) -> dict[str, Any]:
        return {"type": self.name, self.key: {"value": value}}

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        said = [
            asserted(question, text, [w for w in words if w != text])
            for text in words
            if not text.rstrip().endswith("?")
        ]
        if (not value) in said and value not in said:
            return Support(False, "the cited words say the opposite")
        if value in said and (not value) not in said:
            return Support(True, "the cited words " + ("assert" if value else "deny") + " what is asked")
        return Support(None, "the cited words do not tell by themselves")

    def extract(
        self, question: Question, passages: Sequence[Passage], evidence: Evidence
    ) -> Sequence[Candidate]:
        return boolean_candidates(question, passages, evidence)
