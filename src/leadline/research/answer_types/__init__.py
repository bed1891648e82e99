"""The kinds of answers. Adding one: its file, and its line here."""

from __future__ import annotations

from typing import Any

from leadline.research.answer_types.base import AnswerType
from leadline.research.answer_types.boolean import Boolean
from leadline.research.answer_types.contact_engagements import ContactEngagements
from leadline.research.answer_types.contact_posts import ContactPosts
from leadline.research.answer_types.contacts import Contacts
from leadline.research.answer_types.contacts_generation import ContactsGeneration
from leadline.research.answer_types.currency import Currency
from leadline.research.answer_types.json_schema import JsonSchema, check_schema
from leadline.research.answer_types.list import Listing
from leadline.research.answer_types.number import Number
from leadline.research.answer_types.open_text import OpenText
from leadline.research.answer_types.percentage import Percentage
from leadline.research.answer_types.url import Url
from leadline.research.errors import InvalidQuestion

_TYPES: tuple[AnswerType, ...] = (
    OpenText(),
    Boolean(),
    Number(),
    Listing(),
    Percentage(),
    Currency(),
    Url(),
    JsonSchema(),
    Contacts(),
    ContactsGeneration(),
    ContactEngagements(),
    ContactPosts(),
)
ANSWER_TYPES: dict[str, AnswerType] = {t.name: t for t in _TYPES}


def answer_type(name: str) -> AnswerType:
    """The answer type of that wire name. Raises InvalidQuestion, which lists the known ones."""
    try:
        return ANSWER_TYPES[name]
    except KeyError:
        raise InvalidQuestion(
            "answerType", f"answerType {name[:40]!r} is not known; use one of {', '.join(ANSWER_TYPES)}"
        ) from None


def leaf_type(value: Any) -> AnswerType:
    """The answer type by whose rule a member of a json_schema answer is checked: the first that takes it."""
    return next((kind for kind in _TYPES if kind.is_leaf(value)), ANSWER_TYPES["open_text"])


__all__ = ["ANSWER_TYPES", "AnswerType", "answer_type", "check_schema", "leaf_type"]
