"""What passes between this room and those whose work it carries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from leadline.foundation.database import Connection


class NewItem(NamedTuple):
    """Work to be done. ``id`` is that of the thing it is done for: at most one item of it is open at a time.

    ``lane`` names what the work uses up, such as a reader or a receiver: it has a cap of its own. An organisation's open
    work is of dozens of lanes at most, not thousands. ``delay``: seconds before it is due; who adds it to do it at once by ``WorkService.run(..., early=True)`` keeps others off by it.
    """

    id: UUID
    kind: str
    organisation_id: UUID
    lane: str
    delay: float = 0.0


class WorkItem(NamedTuple):
    """Open work. ``attempts``: processes that began it, this one included; ``failures``: exceptions it ended in."""

    id: UUID
    kind: str
    organisation_id: UUID
    lane: str
    attempts: int
    failures: int


class Lease(NamedTuple):
    """The right to do an item, which lapses unless it is extended. ``holder`` names this lease and no other."""

    item: WorkItem
    holder: UUID


Close = Callable[[Connection], Awaitable[None]]
"""Writes what came of the work, in the transaction that ends the item."""


class Done(NamedTuple):
    """The work is over. ``close`` is run in the transaction that deletes the item; it may run again when that
    transaction is repeated, and not at all when the lease was lost meanwhile."""

    close: Close


class Again(NamedTuple):
    """The work is to be done again in ``seconds``, and this was no failure. ``close`` as with ``Done``."""

    seconds: float
    close: Close


class Reason(StrEnum):
    """Why work is given up."""

    FAILED = "failed"  # it raised an exception, or did not end, again and again
    DIED = "died"  # its processes died, again and again


class GivenUp(NamedTuple):
    """``detail`` is of the last exception, for people; ``times``: how often it was tried."""

    reason: Reason
    times: int
    detail: str = ""


Run = Callable[[WorkItem], Awaitable[Done | Again]]


class Kind(NamedTuple):
    """One kind of work, made by its room and handed to the workers by the wiring.

    ``run`` does it with no transaction open, and may be begun again in another process at any moment.
    ``gave_up`` writes a visible failure and sets free what was reserved, in the transaction that ends the item.
    ``share``: how many of it a worker does at once, in parts of the worker's concurrency.
    ``lane_cap``, ``organisation_cap``: how many of one lane or organisation may be in work at once, over all
    workers; None: no more than the workers take.
    ``longest``: seconds after which ``run`` is stopped, which counts as an exception; None: it may take any time.
    """

    name: str
    run: Run
    gave_up: Callable[[Connection, WorkItem, GivenUp], Awaitable[None]]
    share: float = 1.0
    lane_cap: int | None = None
    organisation_cap: int | None = None
    longest: float | None = None

    @property
    def capped(self) -> bool:
        return self.lane_cap is not None or self.organisation_cap is not None
