"""One line of the table."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """``met`` tells whether the goal is reached; None where there is none or it could not be measured."""

    what: str
    value: str
    goal: str
    note: str = ""
    met: bool | None = None
