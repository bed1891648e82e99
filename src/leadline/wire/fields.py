"""Members of wire types that several rooms have, and the sentence with which a member is refused.

A constraint in ``msgspec.Meta`` is enforced when a request is read, and shown in the OpenAPI document. What the
document shows of a rule that takes more than that, and that the room checks, is ``shown``.
"""

from __future__ import annotations

import datetime as dt
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import Meta, UnsetType

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
DOMAIN_PATTERN = (
    r"^[a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?)*$"
)
MAX_URL = 2048


def must(sentence: str, **meta: Any) -> Meta:
    """Constraints that are refused with this sentence, which begins with "must", instead of the usual one."""
    return Meta(extra={"must": sentence}, **meta)


def shown(description: str, **schema: Any) -> Meta:
    """A description and JSON Schema members for the document; the room checks what they say."""
    return Meta(description=description, extra_json_schema=schema)


Id = Annotated[str, Meta(pattern=UUID_PATTERN, description="UUID, lower case.")]
"""The id of an object of ours in a path."""

Domain = Annotated[
    str,
    must(
        "'domain' must be a valid hostname (e.g., 'example.com') without protocol (https://) or path",
        pattern=DOMAIN_PATTERN,
        description="Bare host name: no scheme, no path.",
        examples=["acme.com"],
    ),
]
WebhookUrl = Annotated[
    str, shown("Called once it is finished; not for cached results.", maxLength=MAX_URL, format="uri")
]
Moment = Annotated[dt.datetime, Meta(extra_json_schema={"format": "date-time"})]
"""A time that we are sent."""
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""A time that we send, as ``wire_time`` writes it."""


def wire_time(moment: dt.datetime) -> str:
    """RFC 3339 in UTC with ``Z``, to the millisecond (contract section 1)."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


# ------------------------------------------------------------------ what a type must be

_PLAIN = {
    str: "text",
    bool: "true or false",
    float: "a number",
    UUID: "a UUID",
    dt.datetime: "a time such as 2024-01-15T10:30:00Z",
    dict: "an object",
    list: "a list",
}


def requirement(hint: Any) -> str:
    """What a member of this type must be, as a sentence without its subject: "must be a UUID"."""
    hint = bare(hint)
    notes: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        notes = tuple(rest)
    for note in notes:
        if note.extra and "must" in note.extra:
            return str(note.extra["must"])
    if get_origin(hint) is Literal:
        return f"must be {_either([str(v) for v in get_args(hint)])}"
    for note in notes:
        if note.extra_json_schema and "enum" in note.extra_json_schema:
            return f"must be {_either([str(v) for v in note.extra_json_schema['enum']])}"
    kind = get_origin(hint) or hint
    if kind is int:
        return f"must be a whole number{_bounds(notes, 'ge', 'le', '')}"
    if kind is float:
        return f"must be a number{_bounds(notes, 'ge', 'le', '')}"
    if kind is str:
        return f"must be text{_bounds(notes, 'min_length', 'max_length', ' characters')}"
    if kind is list:
        inner = get_args(hint)[0] if get_args(hint) else Any
        one = requirement(inner).removeprefix("must be ")
        return f"must be a list{_bounds(notes, 'min_length', 'max_length', ' members')}" + (
            f", each {one}" if inner is not Any else ""
        )
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return "must be an object"
    return f"must be {_PLAIN[kind]}" if kind in _PLAIN else "is not valid"


def bare(hint: Any) -> Any:
    """A type without "may be left out" and "may be null"."""
    if get_origin(hint) in (Union, UnionType):
        kept = [one for one in get_args(hint) if one not in (UnsetType, type(None))]
        return kept[0] if len(kept) == 1 else Union[tuple(kept)]  # noqa: UP007 - built at run time
    return hint


def _bounds(notes: tuple[Any, ...], low: str, high: str, unit: str) -> str:
    def first(name: str) -> Any:
        return next((v for n in notes if (v := getattr(n, name, None)) is not None), None)

    least, most = first(low), first(high)
    if least is None and most is None:
        return ""
    lead = " of " if unit else " from " if None not in (least, most) else ", "
    if most is None:
        return f"{lead}{'at least ' if unit else ''}{least}{unit}{'' if unit else ' or more'}"
    if least is None:
        return f"{lead}at most {most}{unit}"
    return f"{lead}{least} to {most}{unit}"


def _either(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
