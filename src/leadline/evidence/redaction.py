"""Overwriting a name in stored pages.

Each letter of the name is replaced by a mark of the same length, so that offsets of other words stay. The hashes stay those
of what was fetched: they say which page it was, and the snapshot says that it was redacted. Of names that were erased only
hashes are kept, by site, so that a page that is fetched anew is redacted before it is stored.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from typing import Any, TypeVar

import msgspec

from leadline.research.values.terms import fold

MARK = "█"
MOST_WORDS = 6  # of a name
T = TypeVar("T", bound=msgspec.Struct)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def hashed(host: str, words: list[str]) -> bytes:
    """What is kept of a name that was erased from a site."""
    return hashlib.sha256(f"{host}\n{' '.join(words)}".encode()).digest()


def words_of(name: str) -> list[str]:
    return [fold(word) for word in _WORD.findall(name)]


def pattern(name: str) -> re.Pattern[str] | None:
    """Where a text has this name, in whatever case and white space; None for less than two words, which many share."""
    parts = _WORD.findall(name)
    if len(parts) < 2 or len(parts) > MOST_WORDS:
        return None
    return re.compile(
        r"(?<!\w)" + r"[\s\u00a0,.]{1,3}".join(map(re.escape, parts)) + r"(?!\w)", re.IGNORECASE
    )


def names_in(text: str, known: Collection[bytes], host: str) -> set[str]:
    """The names in a text whose hashes are known."""
    found = set()
    places = list(_WORD.finditer(text))
    folded = [fold(place.group()) for place in places]
    for start in range(len(places)):
        for length in range(2, min(MOST_WORDS, len(places) - start) + 1):
            if hashed(host, folded[start : start + length]) in known:
                found.add(text[places[start].start() : places[start + length - 1].end()])
    return found


def redacted(value: T, name: re.Pattern[str]) -> T:
    """The same value with the name overwritten in all its texts."""
    plain = _overwritten(msgspec.to_builtins(value), name)
    return msgspec.convert(plain, type(value))


def _overwritten(value: Any, name: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return name.sub(lambda match: re.sub(r"\S", MARK, match.group()), value)
    if isinstance(value, list | tuple):
        return [_overwritten(one, name) for one in value]
    if isinstance(value, dict):
        return {key: _overwritten(one, name) for key, one in value.items()}
    return value


def redacted_body(body: bytes, content_type: str, name: str) -> bytes:
    """The page's bytes with the name overwritten, however it is encoded; nothing of what is no text."""
    if not re.match(r"text/|application/(xhtml|xml|json)", content_type):
        return b""
    parts = _WORD.findall(name)
    between = rb"(?:\s|,|\.|&nbsp;|&#160;|\xc2\xa0|<[^<>]{0,300}>){1,12}"
    for spelled in (
        lambda word: word.encode(),
        lambda word: word.encode("cp1252", "ignore"),
        lambda word: word.encode("ascii", "xmlcharrefreplace"),
        lambda word: "".join(_entity(letter) for letter in word).encode(),
        lambda word: word.encode("utf-16-le"),
    ):
        if not all(spelled(part) for part in parts):
            continue
        # Of bytes, case is told apart beyond ASCII.
        ways = [{spelled(way) for way in (part, part.upper(), part.lower(), part.title())} for part in parts]
        words = [b"(%s)" % b"|".join(map(re.escape, sorted(one))) for one in ways]
        whole = re.compile(between.join(words), re.IGNORECASE)
        body = whole.sub(_marked, body)
    return body


def _marked(match: re.Match[bytes]) -> bytes:
    text, start = bytearray(match.group()), match.start()
    for group in range(1, (match.re.groups or 0) + 1):
        first, last = match.start(group) - start, match.end(group) - start
        text[first:last] = b"x" * (last - first)
    return bytes(text)


def _entity(letter: str) -> str:
    from html.entities import codepoint2name

    name = codepoint2name.get(ord(letter))
    return f"&{name};" if name and not letter.isascii() else letter
