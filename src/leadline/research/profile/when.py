"""The day of which words on a page tell."""

from __future__ import annotations

from datetime import date

from leadline.research.model import Block, Page
from leadline.research.values.dates import find_dates, find_years


def told_on(page: Page, block: Block, text: str) -> date | None:
    """The newest year in the words, else the day in a heading above them ("12 May 2026"), else that of the page; None
    where none of them tells."""
    until = page.fetched_at.date()
    years = [one.year for one in find_years(text) if one.year <= until.year]
    if years:
        return min(date(max(years), 12, 31), until)
    for heading in reversed(block.headings):
        days = [one.earliest for one in find_dates(heading) if one.earliest <= until]
        if days:
            return max(days)
    return page.content.published_on
