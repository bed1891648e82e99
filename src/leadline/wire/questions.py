"""What a question is made of, wherever one is sent: with a signal, in a template, in a subscription."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from msgspec import Meta

from leadline.foundation.errors import FieldError
from leadline.research.answer_types import ANSWER_TYPES, check_schema
from leadline.research.errors import InvalidQuestion
from leadline.wire.fields import shown

MAX_QUESTION = 500
"""Characters; contract section 6."""

Question = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_QUESTION,
        description="The question. Needed unless signalTemplateId is sent.",
        extra={
            "must": f"must be text, not empty, of at most {MAX_QUESTION} characters; ask in plain words, "
            "such as 'Do they have SOC 2?'"
        },
    ),
]
AnswerTypeName = Annotated[str, shown("Shape the answer must take.", enum=list(ANSWER_TYPES))]
RepeatedAnswerTypeName = Annotated[
    str,
    shown("Shape the answer must take.", enum=[name for name, kind in ANSWER_TYPES.items() if kind.repeated]),
]
Weight = Literal["important", "nice_to_have", "not_important"]

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def folded(question: str) -> str:
    """The question on one line."""
    return " ".join(question.split())


def question_faults(text: str) -> list[FieldError]:
    """What is wrong with the words of a question, on one line already."""
    if _CONTROL.search(text):
        return [FieldError("question", "must be plain text; remove the control characters")]
    try:
        text.encode()
    except UnicodeEncodeError:
        return [FieldError("question", "must be valid Unicode text; it holds half of a character pair")]
    return []


def schema_faults(answer_type: str, output_schema: dict[str, Any] | None) -> list[FieldError]:
    """What is wrong with the schema of an answer of this type."""
    kind = ANSWER_TYPES.get(answer_type)
    if kind is None:
        return []  # refused for the type
    if kind.needs_schema:
        if output_schema is None:
            wanted = f"is required with {kind.name}; give a JSON Schema of type object"
            return [FieldError("outputSchema", wanted)]
        try:
            check_schema(output_schema)
        except InvalidQuestion as error:
            return [FieldError(error.field, error.message)]
    elif output_schema is not None:
        return [
            FieldError("outputSchema", "goes with answerType json_schema only; drop it or change the type")
        ]
    return []
