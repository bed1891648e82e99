"""Tables of people out of other programs: their encoding, separator, header and lines, as they are found in practice."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

SEPARATORS = (",", ";", "\t")
HEADER_WITHIN = 20  # lines; LinkedIn puts notes before it
_LONGEST_RECORD = 60  # lines; a quotation mark that is not closed until then is a mistake
_NOT_CLOSED = "a quotation mark is not closed"
_CELL = r' *+(?:"[^"]*+(?:""[^"]*+)*+"|(?!"))[^{separator}\r\n]*+'
_CLOSED = {
    separator: re.compile(rf"(?:{cell}[{separator}\r\n])*+{cell}")
    for separator in SEPARATORS
    for cell in [_CELL.replace("{separator}", separator)]
}
_JOB = re.compile(r"^(.*?)\s*\((\d{1,2})\)$")


class Row(NamedTuple):
    """One record and the line it begins on; ``error`` where it cannot be read."""

    line: int
    cells: list[str]
    error: str = ""


class Table(NamedTuple):
    """The header and what comes after it."""

    header: list[str]
    separator: str
    encoding: str
    rows: Iterator[Row]


def plain(name: str) -> str:
    """A column's name without case, blanks and marks."""
    return re.sub(r"[^\w]+", "", name.lower()).replace("_", "")


def job(name: str) -> tuple[str, int]:
    """The name of a column, and which job it tells of: "Company (2)" is the second's."""
    match = _JOB.match(name.strip())
    return (match[1], int(match[2])) if match else (name.strip(), 1)


def read_table(content: bytes, known: Sequence[str]) -> Table | None:
    """The table in a file; None where no line among the first names at least two ``known`` columns, or one alone.

    ``known``: names of columns, as ``plain`` writes them.
    """
    encoding = _encoding(content)
    lines = content.decode(encoding, errors="replace").removeprefix("\ufeff").replace("\x00", "")
    physical = lines.splitlines(keepends=True)
    names = frozenset(known)
    best: tuple[int, int, str, list[str]] | None = None
    for number, line in enumerate(physical[:HEADER_WITHIN]):
        for separator in SEPARATORS:
            cells = next(csv.reader([line], delimiter=separator), [])
            hits = sum(plain(job(cell)[0]) in names for cell in cells)
            enough = hits >= 2 or (hits == 1 and len(cells) == 1)
            if enough and (best is None or hits > best[0]):
                best = (hits, number, separator, [cell.strip() for cell in cells])
    if best is None:
        return None
    _, at, separator, header = best
    while header and not header[-1]:
        header.pop()
    return Table(header, separator, encoding, _rows(physical, at + 1, separator, len(header)))


def _rows(lines: Sequence[str], start: int, separator: str, width: int) -> Iterator[Row]:
    at = start
    while at < len(lines):
        record, end = lines[at], at + 1
        while (is_open := _open(record, separator)) and end < len(lines) and end - at < _LONGEST_RECORD:
            record += lines[end]
            end += 1
        number = at + 1
        if is_open:
            yield Row(number, [], _NOT_CLOSED)
            at += 1
            continue
        if not record.strip():
            at = end
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([record], delimiter=separator))]
        except csv.Error as error:
            yield Row(number, [], str(error))
            at = end
            continue
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) != width and end - at > 1:  # it took in lines that are others
            yield Row(number, [], _NOT_CLOSED)
            at += 1
            continue
        at = end
        if not any(cells):
            continue
        if len(cells) != width:
            yield Row(number, cells, f"has {len(cells)} cells, and the header {width}")
        else:
            yield Row(number, cells)


def _open(record: str, separator: str) -> bool:
    """Whether a record ends inside a quotation; a mark within a cell that has none at its start is plain text."""
    return '"' in record and _CLOSED[separator].fullmatch(record) is None


def _encoding(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = content[:4000]
    if head and head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    if head and head[0::2].count(0) > len(head) // 4:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
