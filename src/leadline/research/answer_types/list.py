"""Several short texts: names, products, countries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from leadline.research.answer_types.base import AnswerType, InvalidValue, Support, Told
from leadline.research.answer_types.open_text import text_support
from leadline.research.model import Question
from leadline.research.values.terms import squash
from leadline.research.values.wording import unmatched

MAX_MEMBERS = 500


class Listing(AnswerType):
    name = "list"
    key = "list"
    wire = list[str]

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "type": "array",
            "items": {"type": "string"},
            "description": "each member once, as it is written in the cited words",
        }

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> list[str]:
        if isinstance(value, str):
            value = (
                re.split(r"\s*[;\n]\s*", value)
                if re.search(r"[;\n]", value)
                else re.split(r",(?!\d)\s*", value)
            )
        if not isinstance(value, (list, tuple)):
            raise InvalidValue(f"a list of texts is wanted, not {type(value).__name__}")
        members: dict[str, str] = {}
        for member in value:
            if isinstance(member, bool) or not isinstance(member, (str, int, float)):
                raise InvalidValue(f"the members of the list must be texts, not {type(member).__name__}")
            text = " ".join(str(member).split())
            if text:
                members.setdefault(text.casefold(), text)
        if len(members) > MAX_MEMBERS:
            raise InvalidValue(f"the list has {len(members)} members; at most {MAX_MEMBERS} are allowed")
        return list(members.values())

    def equal(self, a: Any, b: Any) -> bool:
        """As sets of trimmed, case-insensitive strings (contract section 12)."""
        return {_key(x) for x in a} == {_key(x) for x in b}

    def same(self, before: Any, after: Any, told: Told) -> bool:
        return self.change(before, after) is None

    def change(self, previous: Any, current: Any) -> dict[str, Any] | None:
        """Members under another spelling are the same members."""
        added, removed = unmatched(current, previous), unmatched(previous, current)
        return {"type": "LIST", "added": added, "removed": removed} if added or removed else None

    def text(self, value: Any) -> str:
        return "\n".join(" ".join(str(member).split()) for member in value)

    def parts(self, value: Any) -> Sequence[Any]:
        return tuple(value)

    def is_leaf(self, value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        if not value:
            return Support(None, "an empty list cannot be read from words")
        cited = squash(" ".join(words))
        absent = [m for m in value if squash(m) not in cited and text_support(m, words).holds is not True]
        if not absent:
            return Support(True, "each member stands in the cited words")
        return Support(False, f"the cited words do not hold {absent[0]!r}")


def _key(member: str) -> str:
    return " ".join(member.split()).casefold()
