"""Reading what a client sent: bytes, query strings and headers become wire types.

Of an optional member in a body, null and blank text mean that it was left out: several clients send every field of a form.
A member whose type includes None takes null as a value. ``Meta.extra`` may say ``blank`` (blank text is a value
here) or ``absent`` (a further text that means "left out").
Unknown members are passed over. A time without a zone is UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec

from leadline.foundation.errors import BadRequest, FieldError
from leadline.wire.fields import bare, requirement

MAX_BODY = 1024 * 1024
"""Bytes of a request's body, at most."""
MAX_DEPTH = 64
"""How deep objects and arrays of a body may lie in each other."""

_INDEX = re.compile(r"\[\d*\]$")
_PLACE = re.compile(r" - at `\$(.+)`$")
S = TypeVar("S", bound=msgspec.Struct)


class Member(NamedTuple):
    """One member of an input type."""

    name: str
    wire_name: str
    type: Any
    required: bool
    nullable: bool
    keeps_blank: bool
    absent: str | None
    plain: Any
    """The type without annotations, such as ``int`` or ``list``; its arguments are lost."""
    struct: type[msgspec.Struct] | None
    """The type of the objects in it, where it is a struct or a list of them."""
    pattern: re.Pattern[str] | None
    """What the whole text must match: ``$`` alone lets a line break follow."""
    values: tuple[Any, ...]
    """The only values it may have, where its schema has an ``enum``; for types that Literal cannot spell."""
    must: str
    default: Any
    """What it is when it is left out; a value of no type where it is made anew each time."""


@cache
def members(kind: type[msgspec.Struct]) -> tuple[Member, ...]:
    """The members of an input type, with the sentence of their refusal."""
    return tuple(_member(f) for f in msgspec.structs.fields(kind))


def _member(field: Any) -> Member:
    hint = field.type
    inner = bare(hint)
    notes: list[Any] = []
    if get_origin(inner) is Annotated:
        inner, *notes = get_args(inner)
    extra = {key: value for n in notes for key, value in (n.extra or {}).items()}
    plain = get_origin(inner) or inner
    element = get_args(inner)[0] if plain is list and get_args(inner) else inner
    return Member(
        name=field.name,
        wire_name=field.encode_name,
        type=hint,
        required=field.required,
        nullable=get_origin(hint) in (Union, UnionType) and type(None) in get_args(hint),
        keeps_blank="blank" in extra,
        absent=extra.get("absent"),
        plain=plain,
        struct=element if isinstance(element, type) and issubclass(element, msgspec.Struct) else None,
        pattern=next((re.compile(n.pattern) for n in notes if n.pattern), None),
        values=tuple(v for n in notes for v in (n.extra_json_schema or {}).get("enum", ())),
        must=requirement(hint),
        default=field.default,
    )


def read(kind: type[S], given: Mapping[str, Any], *, text: bool = False) -> tuple[S | None, list[FieldError]]:
    """An input of this type, and what is wrong with it, member by member.

    ``text``: all values are text, as in query strings and headers; numbers and booleans are read out of it. Of
    the members that a class names in ``any_of``, one must be sent.
    """
    wrong: list[FieldError] = []
    values: dict[str, Any] = {}
    sent = {
        m.wire_name
        for m in members(kind)
        if m.wire_name in given and not _left_out(m, given[m.wire_name], text=text)
    }
    any_of: tuple[str, ...] = getattr(kind, "any_of", ())
    for member in members(kind):
        name = member.wire_name
        if name in sent:
            try:
                values[member.name] = _converted(member, given[name], text=text)
            except (msgspec.ValidationError, RecursionError) as error:
                place = _PLACE.search(str(error))
                wrong.append(FieldError(name, member.must + (f" (at {name}{place[1]})" if place else "")))
        elif member.required:
            wrong.append(FieldError(name, "is required"))
        elif any_of and name == any_of[0] and not sent.intersection(any_of):
            wrong.append(FieldError(name, f"is required, unless {' or '.join(any_of[1:])} is sent"))
    return (None if wrong else kind(**values)), wrong


def faults(value: msgspec.Struct) -> list[FieldError]:
    """What is wrong with a struct that was made by a program, member by member."""
    wrong = []
    for member in members(type(value)):
        if (
            getattr(value, member.name) is member.default
        ):  # of many at once, most members are left as they are
            continue
        try:
            _converted(member, getattr(value, member.name), text=False)
        except msgspec.ValidationError:
            wrong.append(FieldError(member.wire_name, member.must))
    return wrong


def _converted(member: Member, value: Any, *, text: bool) -> Any:
    """Raises ValidationError."""
    if member.struct is not None:
        value = _without_left_out(member.struct, value)
    found = msgspec.convert(value, member.type, strict=not (text and member.plain in (int, bool, float)))
    if member.values and found not in member.values:
        raise msgspec.ValidationError
    if isinstance(found, str):
        unfit = member.pattern is not None and not member.pattern.fullmatch(found)
        if unfit or "\x00" in found:  # which no column of text takes
            raise msgspec.ValidationError
    if isinstance(found, datetime) and found.tzinfo is None:
        return found.replace(tzinfo=UTC)
    return found


def _left_out(member: Member, value: Any, *, text: bool = False) -> bool:
    if member.required:
        return False
    if value is None:
        return not member.nullable
    if member.absent is not None and value == member.absent:
        return True
    return isinstance(value, str) and not text and not member.keeps_blank and not value.strip()


def _without_left_out(kind: type[msgspec.Struct], value: Any) -> Any:
    """The same object, or list of objects, without the members that count as left out."""
    if isinstance(value, list):
        return [_without_left_out(kind, one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = dict(value)
    for member in members(kind):
        if member.wire_name not in kept:
            continue
        if _left_out(member, kept[member.wire_name]):
            del kept[member.wire_name]
        elif member.struct is not None:
            kept[member.wire_name] = _without_left_out(member.struct, kept[member.wire_name])
    return kept


def body_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises BadRequest."""
    if not body.strip():
        raise BadRequest("The request has no body; send a JSON object.")
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise BadRequest(f"The body is nested too deeply; {MAX_DEPTH} levels are the most.")
    return value


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        below: list[Any] = []
        for one in level:
            inner: Iterable[Any] = one.values() if isinstance(one, dict) else one
            below += (each for each in inner if isinstance(each, dict | list))
        if not below:
            return False
        level = below
    return True


def query_members(kind: type[msgspec.Struct], query: bytes) -> dict[str, Any]:
    """Query parameters by name; ``status=a&status=b``, ``status[]=a`` and ``status[0]=a`` are all lists."""
    repeated = {m.wire_name for m in members(kind) if m.plain is list}
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        plain = _INDEX.sub("", name)
        if plain in repeated:
            found.setdefault(plain, []).append(value)
        else:
            found[name] = value
    return found


def header_members(kind: type[msgspec.Struct], headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers this type names. An empty one counts as absent."""
    names = {m.wire_name.lower().encode(): m.wire_name for m in members(kind)}
    return {
        names[name]: text
        for name, value in headers
        if name in names and (text := value.decode("latin-1").strip())
    }
