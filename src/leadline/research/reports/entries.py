"""Statements that a directory's entry on the person makes, read off the entry's page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from leadline.research.documents.entries import Entry, Row, moment, read
from leadline.research.model import Page
from leadline.research.reports.model import Basis, Section, Statement, proof_of

MOST_POSTS = 5
RECENT = timedelta(days=365)
_LONGEST_POST = 600  # characters that are quoted


def statements(page: Page, today: date) -> Iterator[Statement]:
    """What the entry tells: positions, what is said of the present ones, and what the person published."""
    entry = read(page)
    for row in entry.positions:
        present = row in entry.current
        yield _row(page, Section.CURRENT_ROLE if present else Section.CAREER, row)
        if present and (told := row.cells.get("Description")):
            yield from _words(page, Section.LIKELY_RESPONSIBILITIES, row, told)
    yield from _posts(page, entry, today)


def titles(page: Page) -> list[str]:
    """The titles that the person holds now."""
    return [title for row in read(page).current if (title := row.cells.get("Title"))]


def _posts(page: Page, entry: Entry, today: date) -> Iterator[Statement]:
    for row in entry.posts[:MOST_POSTS]:
        on = moment(row.cells.get("Published", ""))
        said = row.cells.get("Text", "")[:_LONGEST_POST]
        recent = on is not None and today - RECENT <= on.date() <= today
        for section in (Section.PUBLIC_STATEMENTS, *([Section.RECENT_ACTIVITY] if recent else [])):
            for one in _words(page, section, row, said):
                yield Statement(
                    section=section, quote=one.quote, url=row.cells.get("Address") or page.url, proof=one.proof,
                    title=page.content.title, basis=Basis.DIRECTORY, on=on.date() if on is not None else None,
                )  # fmt: skip


def _row(page: Page, section: Section, row: Row) -> Statement:
    return _statement(page, section, row.start, row.end)


def _words(page: Page, section: Section, row: Row, words: str) -> Iterator[Statement]:
    """A cell of the row, where its words stand in it."""
    start = page.content.text.find(words, row.start, row.end) if words else -1
    if start >= 0:
        yield _statement(page, section, start, start + len(words))


def _statement(page: Page, section: Section, start: int, end: int) -> Statement:
    return Statement(
        section=section,
        quote=page.words(start, end),
        url=page.url,
        title=page.content.title,
        basis=Basis.DIRECTORY,
        proof=proof_of(page, start, end),
    )
