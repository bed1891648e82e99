"""What the credits room tells others."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID


class Charge(NamedTuple):
    """So many credits for the work that bears this id."""

    reference: UUID
    credits: int


class Disagreement(NamedTuple):
    """A balance that is not the sum of its entries."""

    organisation_id: UUID
    balance: int
    ledger: int
