"""What the answer types have in common whose values are lists of records: people, posts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadline.research.answer_types.base import AnswerType, InvalidValue, Support, Told
from leadline.research.model import Question
from leadline.research.values.terms import squash

MAX_RECORDS = 125


class Records(AnswerType):
    """A list of records of fixed members, each known by ``identity``."""

    members: tuple[str, ...]  # texts
    counts: tuple[str, ...] = ()  # whole numbers
    identity: tuple[str, ...]  # the first of these that a record has
    stated: tuple[str, ...]  # what the cited words must hold

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        properties = {name: {"type": "string"} for name in self.members}
        properties |= {name: {"type": "integer"} for name in self.counts}
        return {
            "type": "array",
            "items": {
                "type": "object",
                "properties": properties,
                "required": [self.stated[0]],
                "additionalProperties": False,
            },
        }

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> list[dict[str, Any]]:
        if not isinstance(value, list | tuple):
            raise InvalidValue(f"a list of objects is wanted, not {type(value).__name__}")
        if len(value) > MAX_RECORDS:
            raise InvalidValue(f"the list has {len(value)} members; at most {MAX_RECORDS} are allowed")
        found: dict[str, dict[str, Any]] = {}
        for one in value:
            record = self._record(one)
            found.setdefault(self._key(record), record)
        return list(found.values())

    def _record(self, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise InvalidValue(f"the members of the list must be objects, not {type(given).__name__}")
        record: dict[str, Any] = {}
        for name in self.members:
            text = given.get(name)
            if isinstance(text, str) and text.strip():
                record[name] = text.strip()
            elif text not in (None, "") and not isinstance(text, str):
                raise InvalidValue(f"{name} must be text")
        for name in self.counts:
            count = given.get(name)
            if isinstance(count, int) and not isinstance(count, bool):
                record[name] = count
            elif count is not None:
                raise InvalidValue(f"{name} must be a whole number")
        if self.stated[0] not in record:
            raise InvalidValue(f"{self.stated[0]} is missing")
        return record

    def _key(self, record: dict[str, Any]) -> str:
        return next((str(record[name]).casefold() for name in self.identity if record.get(name)), "")

    def equal(self, a: Any, b: Any) -> bool:
        return {self._key(one) for one in a} == {self._key(one) for one in b}

    def same(self, before: Any, after: Any, told: Told) -> bool:
        return self.equal(before, after)

    def change(self, previous: Any, current: Any) -> dict[str, Any] | None:
        before, now = ({self._key(one): self.line(one) for one in value} for value in (previous, current))
        added = [line for key, line in now.items() if key not in before]
        removed = [line for key, line in before.items() if key not in now]
        return {"type": "LIST", "added": added, "removed": removed} if added or removed else None

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        records = value if isinstance(value, list) else [value]
        if not records:
            return Support(None, "an empty list cannot be read from words")
        cited = squash(" ".join(words))
        said = " ".join(words)
        for record in records:
            for name in self.stated:
                text = str(record.get(name) or "")
                if text and not ((squash(text) in cited) if squash(text) else (text in said)):
                    return Support(False, f"the cited words do not hold {text[:80]!r}")
        return Support(True, "what each member states stands in the cited words")

    def is_leaf(self, value: Any) -> bool:
        return isinstance(value, dict) and self.stated[0] in value

    def text(self, value: Any) -> str:
        return "\n".join(map(self.line, value))

    def line(self, record: dict[str, Any]) -> str:
        """One member for people."""
        return " ".join(str(record.get(self.stated[0], "")).split())


class People(Records):
    """People, each with what is known of the present position."""

    wire = list[dict[str, Any]]
    topic = "team"
    asks = "people"
    members = ("fullName", "title", "companyName", "location", "profileUrl")
    identity = ("profileUrl", "fullName")
    stated = ("fullName", "title", "companyName")

    def line(self, record: dict[str, Any]) -> str:
        role = record.get("title", "")
        company = record.get("companyName", "")
        held = f"{role} at {company}" if role and company else role or company
        known = [record["fullName"], held, record.get("profileUrl", "")]
        return ", ".join(part for part in known if part)


class Published(Records):
    """What a person published."""

    wire = list[dict[str, Any]]
    asks = "posts"
    identity = ("url", "text")


__all__ = ["MAX_RECORDS", "People", "Published", "Records"]
