"""The questions inside a question: what each member of a ``json_schema`` answer asks for."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from leadline.research.model import Question
from leadline.research.values.concepts import concepts
from leadline.research.values.terms import STOP_WORDS

_MONEY = frozenset(
    "usd eur gbp chf price prices cost costs fee fees amount salary budget revenue dollars euros arr mrr funding".split()
)
_PERCENT = frozenset("percent percentage pct share rate discount".split())
_TIME = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")
_COUNTED = frozenset("count number num total".split())
_MONEY_ASKED = re.compile(
    r"\b(?:price|prices|pricing|cost|costs|fee|fees|how much|salary|budget|\$|€|preis|preise|kosten|prix|tarif)\b",
    re.IGNORECASE,
)
_PERCENT_ASKED = re.compile(
    r"\b(?:percent|percentage|%|share|discount|rate|prozent|anteil|pourcentage)\b", re.IGNORECASE
)
_TIME_ASKED = re.compile(r"\b(?P<unit>seconds|minutes|hours|days|weeks|months|years)\b", re.IGNORECASE)


def leaf_question(question: Question, path: str) -> Question:
    """The question that a member of the object answers; ``path`` is its JSON pointer.

    Its text is the part of the question that speaks of the field, and the field's own words in brackets.
    """
    parts = [p.replace("~1", "/").replace("~0", "~") for p in path.split("/") if p and not p.isdigit()]
    shape: Any = question.output_schema or {}
    for part in parts:
        shape = (shape.get("properties") or {}).get(part, {}) if isinstance(shape, dict) else {}
    name = " ".join(parts)
    types = schema_types(shape)
    kind = leaf_kind(name, types, shape if isinstance(shape, dict) else {}, question.text) or "open_text"
    description = str(shape.get("description", "")) if isinstance(shape, dict) else ""
    words = _subject_words(name, kind)
    asked = description or _clause(question.text, f"{name} {' '.join(words)}")
    unit = _unit(name, question.text) if kind == "number" else None
    if kind == "number" and {"year", "founded"} & set(split_name(name)):
        asked = f"In which year: {asked}"
    text = f"{asked.rstrip(' ?.')} [{' '.join(words)}]" + (f" ({unit})" if unit else "")
    answer_type = "currency" if kind == "amount" else kind
    return replace(question, text=text, answer_type=answer_type, output_schema=None)


def split_name(name: str) -> list[str]:
    """ "officeCity" and "office_city" -> office, city."""
    return [
        w.lower()
        for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+", name.replace("_", " ").replace("-", " "))
    ]


def schema_types(shape: Any) -> list[str]:
    """The JSON types that a schema allows."""
    if not isinstance(shape, dict):
        return []
    stated = shape.get("type", [])
    types = [stated] if isinstance(stated, str) else [t for t in stated if isinstance(t, str)]
    for option in shape.get("anyOf", []) or shape.get("oneOf", []):
        types.extend(schema_types(option))
    return types


def leaf_kind(name: str, types: list[str], shape: Any, asked: str) -> str | None:
    """The answer type that reads a member, or "amount" for money without its currency; None when no type does."""
    if "boolean" in types:
        return "boolean"
    if "array" in types:
        return "list" if "string" in schema_types(shape.get("items", {"type": "string"})) else None
    if "object" in types:
        return None
    if not {"number", "integer"} & set(types):
        return "open_text"
    words = set(split_name(name))
    if words & _MONEY:
        return "amount"
    if words & _PERCENT:
        return "percentage"
    if words & {"year", "founded", *_TIME, *_COUNTED}:
        return "number"
    if _unit(name, asked):
        return "number"
    last = split_name(name)[-1] if split_name(name) else ""
    if last.endswith("s") and last[:-1] in asked.lower():
        return "number"
    if _MONEY_ASKED.search(asked):
        return "amount"
    return "percentage" if _PERCENT_ASKED.search(asked) else "number"


def _unit(name: str, asked: str) -> str | None:
    own = [w for w in split_name(name) if w in _TIME]
    if own:
        return own[0]
    stated = re.search(
        r"\bin (?P<unit>seconds|minutes|hours|days|weeks|months|years)\b", asked, re.IGNORECASE
    )
    return stated["unit"].lower() if stated else None


def _subject_words(name: str, kind: str) -> list[str]:
    """The field's words without those that tell its unit."""
    words = split_name(name)
    drop = {"usd", "eur", "gbp", "chf", "pct", "percent", "num", "count", *_TIME}
    drop |= {"last", "latest", "recent", "current", "newest", "stated", "approx"}
    if kind == "amount":
        drop |= {"price", "cost", "amount", "monthly", "starting", "from"}
    kept = [w for w in words if w not in drop]
    return kept or words


def _clause(asked: str, name: str) -> str:
    """The part of a question with several parts that speaks of the field; the whole when no part does."""
    wanted = {c for w in split_name(name) if w not in STOP_WORDS for c in concepts(w) if c[0] != "="}
    parts = [p for p in re.split(r"[,;:?]|\band\b|\bund\b|\bet\b", asked) if p.strip()]
    speaking = [p for p in parts if {c for c in concepts(p) if c[0] != "="} & wanted]
    if len(parts) < 2 or len(speaking) != 1:
        return asked
    return speaking[0].strip()
