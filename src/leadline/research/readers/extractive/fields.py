"""The fields of a ``json_schema`` question, each with a question of its own."""

from __future__ import annotations

from typing import NamedTuple

from leadline.research.model import Question
from leadline.research.questions import leaf_kind, leaf_question, schema_types


class Field(NamedTuple):
    """One field of a flat object: the answer type that reads it, and its own question.

    ``kind`` is an answer type, or "amount" for money whose currency the field does not hold.
    """

    name: str
    kind: str
    question: Question
    nullable: bool
    required: bool


def fields(question: Question) -> list[Field] | None:
    """The fields of the question's schema; None when it is not flat (objects in objects, lists of objects)."""
    schema = question.output_schema or {}
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return None
    required = schema.get("required")
    found = []
    for name, shape in properties.items():
        types = schema_types(shape)
        kind = leaf_kind(str(name), types, shape, question.text)
        if kind is None:
            return None
        must = required is None or name in required
        found.append(Field(name, kind, leaf_question(question, f"/{name}"), "null" in types, must))
    return found
