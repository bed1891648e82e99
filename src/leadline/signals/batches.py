"""Accepting many questions at once: checked one by one, stored set by set, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from leadline.credits.schemas import Charge
from leadline.credits.service import Ledger
from leadline.foundation.database import Connection
from leadline.foundation.errors import LeadlineError
from leadline.signals import repository
from leadline.signals.checking import Wanted
from leadline.signals.repository import NewRow
from leadline.signals.tasks import SIGNAL
from leadline.work import service as work
from leadline.work.service import NewItem

CHUNK = 2000  # rows of one statement

How = Literal["new", "joined", "cached", "refused"]


class Taken(NamedTuple):
    """What became of one request. ``error`` says why it was refused; the others have a signal."""

    how: How
    signal_id: UUID | None = None
    error: LeadlineError | None = None


class Batch:
    """One set of checked requests of one organisation, and what becomes of them."""

    def __init__(self, checked: Sequence[Wanted | LeadlineError]) -> None:
        self.wanted: dict[bytes, Wanted] = {}  # identical requests share one signal
        self._taken: list[Taken | None] = [None] * len(checked)
        self._asked: dict[bytes, list[int]] = {}
        for index, one in enumerate(checked):
            if isinstance(one, LeadlineError):
                self._taken[index] = Taken("refused", error=one)
            else:
                self.wanted.setdefault(one.key, one)
                self._asked.setdefault(one.key, []).append(index)

    def found(self, key: bytes, how: How, signal_id: UUID) -> None:
        """This is the signal of all requests with that key; of new ones, the first made it."""
        first, *others = self._asked[key]
        self._taken[first] = Taken(how, signal_id)
        for index in others:
            self._taken[index] = Taken("joined" if how == "new" else how, signal_id)

    def results(self) -> list[Taken]:
        return [taken for taken in self._taken if taken is not None]


async def accept(
    connection: Connection,
    organisation_id: UUID,
    batch: Batch,
    company_ids: dict[str, UUID],
    ledger: Ledger,
    price: int,
    *,
    cache: timedelta,
    reader: str,
    default_pages: int,
    key_id: UUID | None,
    spend_cap: int | None,
) -> int:
    """Look up, join and add; then reserve the credits of all new signals. Returns how many are new.

    All on the caller's transaction. Raises PaymentRequired when they do not suffice for all.
    """
    await repository.one_batch_at_a_time(connection, organisation_id)
    new: list[UUID] = []
    open_keys = list(batch.wanted)
    may_be_cached = [key for key in open_keys if not batch.wanted[key].request.force_refresh]
    for keys in _chunks(may_be_cached):
        for key, signal_id in await repository.fresh_many(connection, organisation_id, keys, cache):
            batch.found(key, "cached", signal_id)
            del batch.wanted[key]
    for keys in _chunks(list(batch.wanted)):
        rows = [
            NewRow.of(
                organisation_id,
                company_ids[wanted.company.host],
                wanted,
                default_pages,
                reader=reader,
                key_id=key_id,
            )
            for wanted in (batch.wanted[key] for key in keys)
        ]
        added = await repository.add_many(connection, rows)
        for key, signal_id in added:
            batch.found(key, "new", signal_id)
            new.append(signal_id)
        await work.add(connection, [NewItem(one, SIGNAL, organisation_id, reader) for _, one in added])
        if len(added) < len(keys):
            others = list(set(keys) - {key for key, _ in added})
            for key, signal_id in await repository.running_many(connection, organisation_id, others):
                batch.found(key, "joined", signal_id)
    if new:
        await ledger.reserve(
            connection,
            organisation_id,
            [Charge(one, price) for one in new],
            key_id=key_id,
            spend_cap=spend_cap,
        )
    return len(new)


def _chunks(keys: list[bytes]) -> list[list[bytes]]:
    return [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]
