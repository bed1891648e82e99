"""Years and dates as they stand in text, at the precision they are given in."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero gennaio",
            "february feb februar février febrero febbraio",
            "march mar märz mars marzo",
            "april apr avril abril aprile",
            "may mai mayo maggio",
            "june jun juni juin junio giugno",
            "july jul juli juillet julio luglio",
            "august aug août agosto",
            "september sep sept septembre septiembre settembre",
            "october oct oktober okt octobre octubre ottobre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre diciembre dicembre",
        ),
        start=1,
    )
    for name in names.split()
}
MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_YEAR = re.compile(r"(?:19|20)\d\d")  # each pattern below holds one
_PATTERNS = (
    re.compile(r"(?<![\d-])(?P<y>(?:19|20)\d\d)-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<![\d.])(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(
        rf"(?<!\w)(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s+(?:of\s+|de\s+)?(?P<month>{MONTH})\.?,?\s+(?:de\s+)?(?P<y>(?:19|20)\d\d)(?!\d)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<!\w)(?P<month>{MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>(?:19|20)\d\d)(?!\d)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<!\w)(?P<month>{MONTH})\.?,?\s+(?:of\s+|de\s+)?(?P<y>(?:19|20)\d\d)(?!\d)", re.IGNORECASE
    ),
    re.compile(r"(?<![\w.,/$€£-])(?P<y>(?:19|20)\d\d)(?![\w%]|[.,]\d|-\d{3})"),
)


class DateMention(NamedTuple):
    """A year, month or day in a text. ``month`` and ``day`` are 0 where the text does not tell."""

    start: int
    end: int
    year: int
    month: int = 0
    day: int = 0

    @property
    def earliest(self) -> date:
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def iso(self) -> str:
        """ISO 8601 at the precision given: ``2021``, ``2021-06``, ``2021-06-30``."""
        parts = [f"{self.year:04d}", f"{self.month:02d}", f"{self.day:02d}"]
        return "-".join(parts[: 1 + bool(self.month) + bool(self.day)])


def find_dates(text: str) -> list[DateMention]:
    """Every date and year of the text, the most precise reading of each, in order."""
    if _YEAR.search(text) is None:
        return []
    found: list[DateMention] = []
    taken = bytearray(len(text))  # the places of dates already found
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if any(taken[match.start() : match.end()]):
                continue
            groups = match.groupdict()
            month = MONTHS[groups["month"].lower()] if groups.get("month") else int(groups.get("m") or 0)
            day = int(groups.get("d") or 0)
            if _valid(int(groups["y"]), month, day):
                found.append(DateMention(match.start(), match.end(), int(groups["y"]), month, day))
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    return sorted(found)


def _valid(year: int, month: int, day: int) -> bool:
    if month > 12 or day > 31:
        return False
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return False
    return True


_EARLY = re.compile(r"(?<![\w.,/$€£#-])(?P<y>1[5-8]\d\d)(?![\w%]|[.,]\d|\s?(?:€|%|EUR|USD))")


def find_years(text: str) -> list[DateMention]:
    """Dates and years, those of centuries ago too: outside a question for a year "1850" may be any figure."""
    found = find_dates(text)
    early = [DateMention(m.start(), m.end(), int(m["y"])) for m in _EARLY.finditer(text)]
    return sorted(
        [*found, *(e for e in early if not any(e.start < d.end and d.start < e.end for d in found))]
    )
