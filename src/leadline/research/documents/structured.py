"""JSON-LD: the facts that a page states for machines, each with the place where it stands in its script.

A fact is one scalar member of an object (https://schema.org terms). Its words are the member as written, such as
``"foundingDate": "1987"``; offsets are characters into the script's text.

Scripts are read as they are found on real sites: wrapped in CDATA or in a comment, with line breaks inside
strings, with commas too many, with a semicolon behind. What is not balanced, or has other words between its
members, states nothing. Reading takes time in proportion to the script's length.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection
from html import unescape
from typing import Any, NamedTuple

from leadline.research.documents.decoding import valid_unicode
from leadline.research.values.numbers import MOST_DIGITS, Number, find_numbers, plain

MOST_FACTS = 400  # of one script
MOST_DEPTH = 12
DEEPEST = 100  # objects and lists inside each other; a script with more states nothing
_WRAPPING = re.compile(r"[\s\ufeff]*(?:(?://|/\*)?\s*(?:<!\[CDATA\[|<!--)(?:\s*\*/)?\s*)?")
_TOKEN = re.compile(
    r'\s*(?:("(?:[^"\\]++|\\.)*+")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])|(true|false|null)\b|([{}\[\],:]))',
    re.DOTALL,
)
_UNTOLD = frozenset(
    {"@context", "@id", "image", "logo", "thumbnailUrl", "potentialAction", "target", "query-input"}
)


class Fact(NamedTuple):
    """``path`` are the keys that lead here, outermost first; ``types`` the ``@type`` of each object on the way.

    ``owner`` numbers the innermost object, so that facts of one object can be told from its neighbour's.
    """

    path: tuple[str, ...]
    types: tuple[str, ...]
    value: Any
    start: int
    end: int
    owner: int

    @property
    def key(self) -> str:
        return self.path[-1] if self.path else ""

    @property
    def type(self) -> str:
        return self.types[-1] if self.types else ""


def facts(script: str, also: Collection[str] = ()) -> list[Fact]:
    """The facts of one script in reading order; none when it cannot be read as JSON.

    ``also``: members that nobody asks for in words and that are left out otherwise, such as "logo".
    """
    reading = _Reading(script)
    try:
        reading.run()
    except _Broken:
        return []
    types, untold = reading.types_of, _UNTOLD.difference(also)
    return [
        Fact(
            path,
            tuple(t for o in owners if (t := types.get(o, ""))),
            value,
            start,
            end,
            owners[-1] if owners else 0,
        )
        for path, owners, value, start, end in reading.found
        if path and path[-1] != "@type" and not untold & set(path) and value not in ("", None)
    ]


def value_of(words: str) -> Any:
    """The value that a fact's words hold; None when they are no member or scalar."""
    first = _TOKEN.match(words)
    if first is None:
        return None
    colon = _TOKEN.match(words, first.end())
    scalar = _TOKEN.match(words, colon.end()) if colon is not None and colon[4] == ":" else first
    return _scalar(scalar) if scalar is not None and scalar[4] is None else None


def number_of(value: Any) -> Number | None:
    """The one number that a fact's value states, of "1,250+" the one that is passed; None for ranges, "about 50", and
    what is no number.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return plain(value)
    found = find_numbers(str(value)[:200].strip().removesuffix("+"), words=False)
    exact = len(found) == 1 and not found[0].approximate and not found[0].range_end
    return found[0].value if exact else None


class _Broken(Exception):
    """The script cannot be read as JSON."""


class _Reading:
    """One pass over the script's tokens. Objects and lists that are open stand on a stack, not on Python's."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.found: list[tuple[tuple[str, ...], tuple[int, ...], Any, int, int]] = []
        self.types_of: dict[int, str] = {}
        self.objects = 0

    def run(self) -> None:
        script, position = self.script, 0
        if (wrapping := _WRAPPING.match(script)) is not None:
            position = wrapping.end()
        # For each open object or list: is it an object, the path to it, and the objects around it.
        open_: list[tuple[bool, tuple[str, ...], tuple[int, ...]]] = []
        path: tuple[str, ...] = ()  # to the value that comes next
        owners: tuple[int, ...] = ()
        key_start = -1  # where the member began whose value comes next
        while (token := _TOKEN.match(script, position)) is not None:
            position = token.end()
            mark = token[4]
            in_object = bool(open_) and open_[-1][0]
            if mark == ",":
                if not open_:
                    break
            elif mark == "}" or mark == "]":
                if not open_ or open_[-1][0] is not (mark == "}") or key_start >= 0:
                    raise _Broken
                _, path, owners = open_.pop()
                if not open_:
                    break
                if open_[-1][0]:
                    path = path[:-1]
            elif in_object and key_start < 0:  # a key
                if token[1] is None:
                    raise _Broken
                key_start = token.start(1)
                path = (*path, str(_scalar(token)))
                colon = _TOKEN.match(script, position)
                if colon is None or colon[4] != ":":
                    raise _Broken
                position = colon.end()
            elif mark == "{" or mark == "[":
                if len(open_) >= DEEPEST:
                    raise _Broken
                open_.append((mark == "{", path, owners))
                if mark == "{":
                    self.objects += 1
                    owners = (*owners, self.objects)
                key_start = -1
            elif mark == ":" or not open_:
                raise _Broken
            else:
                self._scalar(token, path, owners, key_start, len(open_))
                if in_object:
                    path, key_start = path[:-1], -1
        if open_:
            raise _Broken

    def _scalar(
        self, token: re.Match[str], path: tuple[str, ...], owners: tuple[int, ...], key_start: int, depth: int
    ) -> None:
        value = _scalar(token)
        if path and path[-1] == "@type" and owners:
            self.types_of.setdefault(owners[-1], str(value))
        if len(self.found) < MOST_FACTS and depth <= MOST_DEPTH:
            start = key_start if key_start >= 0 else token.start(token.lastindex or 0)
            self.found.append((path, owners, value, start, token.end()))


def _scalar(token: re.Match[str]) -> Any:
    """The value of a string, number or word; None for null and for what is no value in Python or on the wire."""
    if token[1] is not None:
        try:
            text = json.loads(token[1], strict=False)
        except ValueError:  # an escape that is none
            text = token[1][1:-1]
        text = valid_unicode(text)
        return unescape(text) if "&" in text else text
    if token[2] is not None:
        if len(token[2]) > MOST_DIGITS + 10:
            return None
        number = float(token[2])
        if not math.isfinite(number) or abs(number) >= 10.0**MOST_DIGITS:
            return None
        return int(token[2]) if token[2].lstrip("-").isdigit() else plain(number)
    return {"true": True, "false": False, "null": None}[token[3]]
