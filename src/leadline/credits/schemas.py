"""What the credits room tells others, and its wire types."""

from __future__ import annotations

from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct


class Charge(NamedTuple):
    """So many credits for the work that bears this id."""

    reference: UUID
    credits: int


class Disagreement(NamedTuple):
    """A balance that is not the sum of its entries."""

    organisation_id: UUID
    balance: int
    ledger: int


class CreditsBalance(Struct, rename="camel"):
    remaining_credits: Annotated[int, Meta(ge=0, examples=[58])]
