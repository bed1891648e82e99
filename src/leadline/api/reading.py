"""Reading what a client sent: bytes, query strings and headers become the types of ``schemas``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec

from leadline.foundation.errors import BadRequest, FieldError

MAX_BODY = 1024 * 1024
"""Bytes of a request's body, at most."""
MAX_DEPTH = 64
"""How deep objects and arrays of a body may lie in each other."""

_INDEX = re.compile(r"\[\d*\]$")
S = TypeVar("S", bound=msgspec.Struct)


class Member(NamedTuple):
    """One member of an input type."""

    name: str
    wire_name: str
    type: Any
    required: bool
    whole: bool
    repeated: bool
    must: str


@cache
def members(kind: type[msgspec.Struct]) -> tuple[Member, ...]:
    """The members of an input type, with the sentence of their refusal."""
    return tuple(
        Member(f.name, f.encode_name, f.type, f.required, *_facts(f.type))
        for f in msgspec.structs.fields(kind)
    )


def _facts(hint: Any) -> tuple[bool, bool, str]:
    """Whether a member is a whole number, whether it is a list, and what it must be."""
    arguments = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    for one in arguments:
        if get_origin(one) is Annotated:
            plain, *notes = get_args(one)
            must = next((n.extra["must"] for n in notes if getattr(n, "extra", None)), "is not valid")
            return plain is int, get_origin(plain) is list, must
    return False, False, "is not valid"


def read_members(
    kind: type[S], given: Mapping[str, Any], *, strict: bool
) -> tuple[S | None, list[FieldError]]:
    """An input of this type, and what is wrong with it member by member; unknown members are ignored.

    ``strict`` False reads whole numbers out of text, as query strings and headers have it.
    """
    wrong: list[FieldError] = []
    values: dict[str, Any] = {}
    for member in members(kind):
        if member.wire_name not in given:
            if member.required:
                wrong.append(FieldError(member.wire_name, "is required"))
            continue
        try:
            lax = member.whole and not strict
            values[member.name] = msgspec.convert(given[member.wire_name], member.type, strict=not lax)
        except (msgspec.ValidationError, RecursionError):
            wrong.append(FieldError(member.wire_name, member.must))
    return (None if wrong else kind(**values)), wrong


def read_body(body: bytes) -> dict[str, Any]:
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


def read_query(kind: type[msgspec.Struct], query: bytes) -> dict[str, Any]:
    """Query parameters by name; ``status=a&status=b``, ``status[]=a`` and ``status[0]=a`` are all lists."""
    repeated = {m.wire_name for m in members(kind) if m.repeated}
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        plain = _INDEX.sub("", name)
        if plain in repeated:
            found.setdefault(plain, []).append(value)
        else:
            found[name] = value
    return found


def read_headers(kind: type[msgspec.Struct], headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers this type names. An empty one counts as absent."""
    names = {m.wire_name.lower().encode(): m.wire_name for m in members(kind)}
    return {
        names[name]: text
        for name, value in headers
        if name in names and (text := value.decode("latin-1").strip())
    }
