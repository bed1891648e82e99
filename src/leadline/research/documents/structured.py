"""JSON-LD: the facts that a page states for machines, each with the place where it stands in its script.

A fact is one scalar member of an object (https://schema.org terms). Its words are the member as written, such as
``"foundingDate": "1987"``; offsets are characters into the script's text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

MOST_FACTS = 400  # of one script
MOST_DEPTH = 12
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}\[\],:]')
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


def facts(script: str) -> list[Fact]:
    """The facts of one script in reading order; none when it is not JSON."""
    reading = _Reading(script)
    try:
        json.loads(script)
        reading.value((), (), -1, -1)
    except (ValueError, RecursionError):
        return []
    types = reading.types_of
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
        if path and path[-1] != "@type" and not _UNTOLD & set(path) and value not in ("", None)
    ]


def value_of(words: str) -> Any:
    """The value that a fact's words hold; None when they are no member or scalar."""
    for text in ("{" + words + "}", words):
        try:
            read = json.loads(text)
        except ValueError:
            continue
        return next(iter(read.values()), None) if isinstance(read, dict) else read
    return None


class _Reading:
    """One pass over the script's tokens. The text is known to be JSON."""

    def __init__(self, script: str) -> None:
        self.tokens: Iterator[re.Match[str]] = _TOKEN.finditer(script)
        self.found: list[tuple[tuple[str, ...], tuple[int, ...], Any, int, int]] = []
        self.types_of: dict[int, str] = {}
        self.objects = 0
        self.end = 0

    def value(self, path: tuple[str, ...], owners: tuple[int, ...], key_start: int, depth: int) -> None:
        self.from_token(next(self.tokens), path, owners, key_start, depth)

    def from_token(
        self, token: re.Match[str], path: tuple[str, ...], owners: tuple[int, ...], key_start: int, depth: int
    ) -> None:
        text = token[0]
        if text == "{":
            self.members(path, owners, depth + 1)
        elif text == "[":
            self.elements(path, owners, depth + 1)
        else:
            self.end = token.end()
            if len(self.found) < MOST_FACTS and depth <= MOST_DEPTH:
                start = key_start if key_start >= 0 else token.start()
                self.found.append((path, owners, json.loads(text), start, token.end()))

    def members(self, path: tuple[str, ...], owners: tuple[int, ...], depth: int) -> None:
        self.objects += 1
        owners = (*owners, self.objects)
        for token in self.tokens:
            if token[0] == "}":
                return
            if token[0] == ",":
                continue
            key = json.loads(token[0])
            next(self.tokens)  # the colon
            before = len(self.found)
            self.value((*path, key), owners, token.start(), depth)
            if key == "@type" and len(self.found) > before:
                self.types_of[owners[-1]] = str(self.found[before][2])

    def elements(self, path: tuple[str, ...], owners: tuple[int, ...], depth: int) -> None:
        for token in self.tokens:
            if token[0] == "]":
                return
            if token[0] != ",":
                self.from_token(token, path, owners, -1, depth)
