"""Enumerations inside a sentence: "A, B and C"."""

from __future__ import annotations

import re
from typing import NamedTuple

_AND = r"(?:\s*,)?\s+(?:and|or|und|oder|sowie|et|ou|y|as well as)\s+|\s*&\s*"
_SPLIT = re.compile(
    rf"(?:{_AND}|\s*[,;]\s+(?:and\s+|or\s+|und\s+|et\s+)?(?:of course,?\s+)?(?:our\s+(?:\w+\s+){{0,2}})?|\s*•\s*)",
    re.IGNORECASE,
)
_CONJUNCTION = re.compile(r"\s(?:and|or|und|oder|sowie|et|ou|y|as well as)\s|&", re.IGNORECASE)
_NAME = r"(?:(?:the|The)\s+)?[A-Z0-9À-Þ][\w.'’+#/-]*(?:\s+(?:of|de|for|the|von|du|la|&)?\s*[A-Z0-9À-Þ(][\w.'’+#/)-]*)*"
_LEADING_NAME = re.compile(rf"^(?:{_NAME})")
_TRAILING_NAME = re.compile(rf"(?:^|(?<=\s))(?P<name>{_NAME})$")
_PIECE_END = re.compile(r"[.;:!?()]|\s[-–—]\s|\s->\s")
MAX_MEMBER_WORDS = 6


class Enumeration(NamedTuple):
    """Members in order; ``text[start:end]`` are their words, ``before`` and ``after`` the rest of the sentence."""

    start: int
    end: int
    members: tuple[str, ...]
    names: bool  # every member is a proper name
    after_colon: bool


def find_enumerations(text: str) -> list[Enumeration]:
    """Every enumeration of at least two members, of names or behind a colon."""
    found: list[Enumeration] = []
    for start, end, after_colon in _pieces(text):
        piece = text[start:end]
        parts = _parts(piece)
        if len(parts) < 2:
            continue
        found.extend(_names(text, start, parts, after_colon))
        if after_colon and not any(e.start >= start and e.after_colon for e in found):
            members = [p[2].strip(" .\"'“”") for p in parts]
            if all(m and len(m.split()) <= MAX_MEMBER_WORDS for m in members):
                found.append(Enumeration(start, end, tuple(members), False, True))
    return found


def _pieces(text: str) -> list[tuple[int, int, bool]]:
    """The text cut at stops; whether a piece stands behind a colon or arrow."""
    pieces, start, colon = [], 0, False
    for stop in _PIECE_END.finditer(text):
        if stop.group() == "." and stop.end() < len(text) and not text[stop.end()].isspace():
            continue  # "Node.js"
        if stop.group() == "." and re.search(
            r"\b(?:Dr|Mr|Mrs|Ms|St|Inc|Prof|No|Ing|Dipl|med|rer|nat|Co|Corp|Ltd)$", text[: stop.start()]
        ):
            continue
        pieces.append((start, stop.start(), colon))
        colon = stop.group().strip() in (":", "->", "-", "–", "—")
        start = stop.end()
    pieces.append((start, len(text), colon))
    return [p for p in pieces if text[p[0] : p[1]].strip()]


def _parts(piece: str) -> list[tuple[int, int, str]]:
    parts, position = [], 0
    for match in _SPLIT.finditer(piece):
        parts.append((position, match.start(), piece[position : match.start()]))
        position = match.end()
    parts.append((position, len(piece), piece[position:]))
    return [p for p in parts if p[2].strip()]


def _names(text: str, offset: int, parts: list[tuple[int, int, str]], after_colon: bool) -> list[Enumeration]:
    """Runs of neighbouring parts that are names; the outer ends of the run may stand in running words."""
    runs: list[Enumeration] = []
    run: list[tuple[int, int, str]] = []

    def close(tail: tuple[int, int, str] | None) -> None:
        members = list(run)
        if tail is not None:
            members.append(tail)
        joined = text[offset + members[0][0] : offset + members[-1][1]] if members else ""
        if len(members) >= 2 and (after_colon or _CONJUNCTION.search(joined)):
            runs.append(
                Enumeration(
                    offset + members[0][0],
                    offset + members[-1][1],
                    tuple(m[2] for m in members),
                    True,
                    after_colon and members[0][0] <= 2,
                )
            )
        run.clear()

    for start, _end, part in parts:
        words = part.strip()
        whole = _LEADING_NAME.match(words)
        begin = start + (len(part) - len(part.lstrip()))
        if whole and whole.end() == len(words):
            run.append((begin, begin + len(words), words))
            continue
        if whole and run:
            close((begin, begin + whole.end(), whole.group()))
        else:
            close(None)
        trailing = _TRAILING_NAME.search(words)
        if trailing:
            run.append((begin + trailing.start("name"), begin + len(words), trailing["name"]))
    close(None)
    return runs
