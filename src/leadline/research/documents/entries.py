"""A directory's entry on a person as a page: written once, stored, and read again off its text like any other.

So an answer about a person rests on literal words of a stored page, whose hash anybody can check, and not on a record that
may have changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from typing import NamedTuple

from leadline.research.model import BlockKind, Page
from leadline.research.people import Position, Post, Profile

CONTENT_TYPE = "text/html; charset=utf-8"
PRESENT = "present"
POSITIONS = ("Title", "Company", "From", "To", "Place", "Description")
POSTS = ("Published", "Text", "Reactions", "Comments", "Address")
_FIELDS = (
    ("Headline", "headline"), ("Location", "location"), ("Country", "country"), ("Seniority", "seniority"),
    ("Department", "department"), ("Email", "email"),
)  # fmt: skip


class Row(NamedTuple):
    """A row of the entry: what stands under each heading, and where the row stands in the page's text."""

    cells: dict[str, str]
    start: int
    end: int


class Entry(NamedTuple):
    """What a page of a directory tells. ``fields``: name of the field to its row, whose one cell it is."""

    name: Row  # under "Name"
    fields: dict[str, Row]
    positions: tuple[Row, ...]  # newest first
    posts: tuple[Row, ...]  # newest first

    @property
    def current(self) -> tuple[Row, ...]:
        return tuple(row for row in self.positions if row.cells.get("To") == PRESENT)


def write(person: Profile, posts: Sequence[Post], *, source: str) -> bytes:
    """The entry's HTML. ``source`` is the directory's name, as the title shows it."""
    fields = [(label, str(value)) for label, name in _FIELDS if (value := getattr(person, name))]
    parts = [
        f"<!doctype html><html><head><title>{escape(person.full_name)} ({escape(source)})</title></head><body><main>",
        f"<h1>{escape(person.full_name)}</h1>",
        _list(fields),
    ]
    if person.summary:
        parts.append(f"<h2>About</h2>{_paragraphs(person.summary)}")
    if person.positions:
        parts.append("<h2>Positions</h2>" + _table(POSITIONS, map(_position, person.positions)))
    if posts:
        parts.append("<h2>Posts</h2>" + _table(POSTS, map(_post, posts)))
    return ("".join(parts) + "</main></body></html>").encode()


def _position(position: Position) -> tuple[str, ...]:
    ended = position.ended or (PRESENT if position.current else "")
    return (
        position.title, position.company, position.started or "", ended, position.location, position.description,
    )  # fmt: skip


def _post(post: Post) -> tuple[str, ...]:
    published = f"{post.published_at:%Y-%m-%d}" if post.published_at else ""
    counts = ("" if count is None else str(count) for count in (post.reactions, post.comments))
    return (published, post.text, *counts, post.url)


def _list(fields: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(_line(value))}</dd>" for name, value in fields)
    return f"<dl>{rows}</dl>" if rows else ""


def _table(headings: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_line(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())


def _line(text: str) -> str:
    return " ".join(text.split())


def read(page: Page) -> Entry:
    """What the page of an entry tells."""
    title = next((block for block in page.content.blocks if block.kind is BlockKind.HEADING), None)
    start, end = (title.start, title.end) if title is not None else (0, 0)
    fields: dict[str, Row] = {}
    rows: dict[str, list[Row]] = {"Positions": [], "Posts": []}
    for kind, heading, row in _rows(page):
        if kind is BlockKind.DEFINITION:
            fields |= dict.fromkeys(row.cells, row)
        elif heading in rows:
            rows[heading].append(row)
    return Entry(
        Row({"Name": page.words(start, end)}, start, end),
        fields,
        tuple(rows["Positions"]),
        tuple(rows["Posts"]),
    )


def _rows(page: Page) -> Iterator[tuple[BlockKind, str, Row]]:
    for block in page.content.blocks:
        texts = [(page.words(cell.start, cell.end).strip(), cell) for cell in block.cells]
        if block.kind is BlockKind.DEFINITION and len(texts) == 2:
            cells = {texts[0][0]: texts[1][0]}
        elif block.kind is BlockKind.TABLE_ROW and not all(cell.is_header for _, cell in texts):
            cells = {cell.header: text for text, cell in texts if text and cell.header}
        else:
            continue
        yield block.kind, block.headings[-1] if block.headings else "", Row(cells, block.start, block.end)


def moment(text: str) -> datetime | None:
    """The first day of a date as positions have it: ``2024``, ``2024-03``, ``2024-03-05``."""
    for form in ("%Y-%m-%d", "%Y-%m", "%Y"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - a day, whatever the zone
        except ValueError:
            continue
    return None


__all__ = ["CONTENT_TYPE", "POSITIONS", "POSTS", "PRESENT", "Entry", "Row", "moment", "read", "write"]
