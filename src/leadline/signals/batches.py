"""Accepting many questions at once: checked one by one, stored set by set, in one transaction.

While the database stores one set, the next is being checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID

from leadline.credits.schemas import Charge
from leadline.credits.service import Ledger
from leadline.foundation.database import Connection
from leadline.foundation.errors import InvalidInput, LeadlineError
from leadline.research.model import Company
from leadline.signals import repository
from leadline.signals.checking import Checker, Wanted
from leadline.signals.schemas import SignalRequest
from leadline.signals.tasks import SIGNAL
from leadline.work import service as work
from leadline.work.service import NewItem

T = TypeVar("T")

CHUNK = 2000  # rows of one statement

How = Literal["new", "joined", "cached", "refused"]


class Taken(NamedTuple):
    """What became of one request. ``error`` says why it was refused; the others have a signal."""

    how: How
    signal_id: UUID | None = None
    error: LeadlineError | None = None


class Checked:
    """Requests that are being checked in a thread, in sets of ``CHUNK``. To be made where an event loop runs."""

    def __init__(self, checker: Checker, requests: Sequence[SignalRequest], reader: str) -> None:
        self._known: dict[str, Company] = {}
        loop = asyncio.get_running_loop()
        starts = range(0, len(requests), CHUNK)
        chunks = [requests[start : start + CHUNK] for start in starts]
        self._sets: list[asyncio.Future[list[Wanted | InvalidInput]]] = [loop.create_future() for _ in chunks]
        self._found: asyncio.Future[None] = loop.create_future()

        def check() -> None:
            """In the thread."""
            self._known = checker.companies({request.domain for request in requests})
            loop.call_soon_threadsafe(self._found.set_result, None)
            for chunk, done in zip(chunks, self._sets, strict=True):
                loop.call_soon_threadsafe(done.set_result, checker.check_many(chunk, reader, self._known))

        self._checking = asyncio.create_task(asyncio.to_thread(check))

    async def companies(self) -> list[Company]:
        """Those that the requests are about."""
        await self._wait(self._found)
        return list(self._known.values())

    async def sets(self) -> AsyncIterator[list[Wanted | InvalidInput]]:
        """May be gone through again."""
        for done in self._sets:
            yield await self._wait(done)

    async def _wait(self, future: asyncio.Future[T]) -> T:
        waited: list[asyncio.Future[Any]] = [future, self._checking]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            await self._checking  # a fault of ours ended it
        return await future


class Batch:
    """What becomes of the requests of one organisation, in their order."""

    def __init__(self) -> None:
        self._taken: list[Taken | None] = []
        self._asked: dict[bytes, list[int]] = {}  # identical requests share one signal

    def add(self, checked: Sequence[Wanted | InvalidInput]) -> dict[bytes, Wanted]:
        """Further requests; returns what has not been asked before in this batch."""
        new: dict[bytes, Wanted] = {}
        for one in checked:
            if isinstance(one, Wanted):
                places = self._asked.get(one.key)
                if places is None:
                    places = self._asked[one.key] = []
                    new[one.key] = one
                elif (earlier := self._taken[places[0]]) is not None:
                    how: How = "joined" if earlier.how == "new" else earlier.how
                    self._taken.append(Taken(how, earlier.signal_id))
                    continue
                places.append(len(self._taken))
                self._taken.append(None)
            else:
                self._taken.append(Taken("refused", error=one))
        return new

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
    checked: Checked,
    company_ids: Mapping[str, UUID],
    ledger: Ledger,
    price: int,
    *,
    cache: timedelta,
    reader: str,
    default_pages: int,
    key_id: UUID | None,
    spend_cap: int | None,
) -> list[Taken]:
    """Look up, join and add, set by set; then reserve the credits of all new signals.

    All on the caller's transaction. Raises PaymentRequired when they do not suffice for all.
    """
    await repository.one_batch_at_a_time(connection, organisation_id)
    batch = Batch()
    new: list[UUID] = []
    async for some in checked.sets():
        wanted = batch.add(some)
        may_be_cached = [key for key, one in wanted.items() if not one.request.force_refresh]
        for key, signal_id in await repository.fresh_many(connection, organisation_id, may_be_cached, cache):
            batch.found(key, "cached", signal_id)
            del wanted[key]
        if not wanted:
            continue
        added = await repository.add_many(
            connection,
            organisation_id,
            list(wanted.values()),
            company_ids,
            reader=reader,
            default_pages=default_pages,
            key_id=key_id,
        )
        for key, signal_id in added.items():
            batch.found(key, "new", signal_id)
        new += added.values()
        if added:
            await work.add(
                connection, [NewItem(one, SIGNAL, organisation_id, reader) for one in added.values()]
            )
        if others := [key for key in wanted if key not in added]:
            for key, signal_id in await repository.running_many(connection, organisation_id, others):
                batch.found(key, "joined", signal_id)
    if new:
        charges = [Charge(one, price) for one in new]
        await ledger.reserve(connection, organisation_id, charges, key_id=key_id, spend_cap=spend_cap)
    return batch.results()
