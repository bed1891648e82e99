"""Accepting many questions at once: checked one by one, stored set by set, in one transaction.

While the database stores one set, the next is being checked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
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
AT_A_TIME = 50  # requests that are checked before others may run

How = Literal["new", "joined", "cached", "refused"]


Listen = Callable[[Connection, UUID, str], Awaitable[None]]
"""Has an address called when a signal is finished."""


class Standing(NamedTuple):
    """How far many signals are. Pages are those of the finished ones: read by each, and fetched for it."""

    processing: int
    completed: int
    failed: int
    pages_read: int
    pages_fetched: int
    hosts: tuple[str, ...]  # that workers are busy with


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
                checked: list[Wanted | InvalidInput] = []
                for start in range(0, len(chunk), AT_A_TIME):
                    checked += checker.check_many(chunk[start : start + AT_A_TIME], reader, self._known)
                    time.sleep(
                        0
                    )  # else the loop waits five milliseconds for the interpreter at each answer it gets
                loop.call_soon_threadsafe(done.set_result, checked)

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
    listen: Listen | None = None,
    none_runs: bool = False,
) -> list[Taken]:
    """Look up, join and add, set by set; then reserve the credits of all new signals.

    ``listen`` is told of the addresses that are to be called. All on the caller's transaction. Raises PaymentRequired
    when they do not suffice for all, and with ``none_runs`` RunsAlready, when one of the questions is being answered.
    """
    await repository.one_batch_at_a_time(connection, organisation_id)
    batch = Batch()
    new: list[UUID] = []
    async for some in checked.sets():
        wanted = batch.add(some)
        while wanted:  # what another finished in this moment is looked up again
            found = await _found(connection, organisation_id, wanted, cache)
            rest = [one for key, one in wanted.items() if key not in found]
            added = (
                await repository.add_many(
                    connection,
                    organisation_id,
                    rest,
                    company_ids,
                    reader=reader,
                    default_pages=default_pages,
                    key_id=key_id,
                    none_runs=none_runs,
                )
                if rest
                else {}
            )
            if added:
                items = [NewItem(one, SIGNAL, organisation_id, reader) for one in added.values()]
                await work.add(connection, items)
                new += added.values()
            others = [one.key for one in rest if one.key not in added]
            running = await repository.running_many(connection, organisation_id, others) if others else []
            ends: tuple[tuple[How, Mapping[bytes, UUID]], ...]
            ends = (("cached", found), ("new", added), ("joined", dict(running)))
            for how, ids in ends:
                for key, signal_id in ids.items():
                    batch.found(key, how, signal_id)
                    url = wanted.pop(key).request.webhook_url
                    if url is not None and listen is not None and how != "cached":
                        await listen(connection, signal_id, url)
    if new:
        charges = [Charge(one, price) for one in new]
        await ledger.reserve(connection, organisation_id, charges, key_id=key_id, spend_cap=spend_cap)
    return batch.results()


async def _found(
    connection: Connection, organisation_id: UUID, wanted: Mapping[bytes, Wanted], cache: timedelta
) -> dict[bytes, UUID]:
    """The fresh answers that may be served again."""
    keys = [key for key, one in wanted.items() if not one.request.force_refresh]
    return dict(await repository.fresh_many(connection, organisation_id, keys, cache)) if keys else {}


async def standing(connection: Connection, signal_ids: Collection[UUID]) -> Standing:
    """How far these signals are."""
    counts = await repository.standing(connection, signal_ids)
    busy = await work.at_work(connection, signal_ids) if counts.processing else []
    return Standing(*counts, hosts=await repository.hosts(connection, busy))
