"""Work: stored with what it is done for, done under a lease, ended once.

A room that has something durable to do declares a ``Kind`` and adds items in the transaction that makes the thing
they are for. Whoever leases an item runs it with no transaction open; what came of it is written in one short
transaction that also deletes the item, if the lease still holds. So an item is ended once, whatever process dies.

Rule of failure: an orderly stop gives the attempt back. A process that dies costs an attempt; after
``MAX_ATTEMPTS`` of them the item is given up. An exception counts, and waits 2, then 4 seconds; after
``MAX_FAILURES`` the item is given up. So does whatever else ends the work while nobody asked it to stop: an exit, a
panic of native code, a cancellation of its own making, more time than the kind allows. Giving up is the kind's own
``gave_up``: a visible failure, credits released. A database that is away is nobody's failure; the item waits a little.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from typing import TypeVar
from uuid import UUID

from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.ids import new_id
from leadline.foundation.log import get_logger
from leadline.work import repository
from leadline.work.admission import Admission
from leadline.work.leases import Leases
from leadline.work.model import Again, Close, Done, GivenUp, Kind, Lease, NewItem, Reason, Run, WorkItem
from leadline.work.working import CHANNEL, Worker

T = TypeVar("T")
log = get_logger(__name__)

LEASE = 10.0  # seconds; a dead process's work is taken over after this
HEARTBEAT = 3.0  # seconds between two extensions of the lease
MAX_ATTEMPTS = 5  # processes that an item may outlive
MAX_FAILURES = 3  # exceptions that an item may end in
GIVE_UP_AGAIN = 60.0  # seconds after which giving up is tried again when it failed itself
AWAY = 2.0  # seconds that work waits after the database was away
TRANSACTION_TRIES = 5  # times a transaction is begun anew when its connection is cut
_SPREAD = 0.25  # of a pause
_COALESCE = 0.02  # seconds in which much added work makes one notification


async def add(connection: Connection, items: Sequence[NewItem]) -> None:
    """Store work, whose ids are new, in the caller's transaction."""
    if items:
        await repository.add(connection, items)


async def due_now(connection: Connection, item_ids: Sequence[UUID]) -> None:
    """Work that waits for its time is to be done as soon as there is room."""
    await repository.due_now(connection, item_ids)


async def at_work(connection: Connection, item_ids: Collection[UUID]) -> list[UUID]:
    """Those of the items that some worker is busy with."""
    return await repository.leased(connection, item_ids)


async def drop(connection: Connection, item_ids: Sequence[UUID]) -> None:
    """Forget work whose reason has gone. Whoever is at it writes nothing more."""
    await repository.drop(connection, item_ids)


async def in_transaction(database: Database, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Run ``work`` in a transaction, again when its connection was cut: all of it can be repeated."""
    tries = 0
    while True:
        try:
            async with database.transaction() as connection:
                return await work(connection)
        except DatabaseUnavailable:
            tries += 1
            if tries >= TRANSACTION_TRIES or database.joined:
                raise
        await asyncio.sleep(0.2 * tries)


async def as_one(database: Database, work: Callable[[], Awaitable[T]]) -> T:
    """Run ``work`` so that whatever it does with the database is committed together, or not at all.

    It is run again when its connection was cut, so all of it can be repeated; it waits for nothing but the database.
    """
    if database.joined:
        return await work()
    done: list[Callable[[], None]] = []

    async def join(connection: Connection) -> T:
        nonlocal done
        with database.joining(connection) as done:
            return await work()

    result = await in_transaction(database, join)
    for call in done:
        call()
    return result


class WorkService:
    """Does the work of the kinds it is given."""

    def __init__(
        self,
        database: Database,
        kinds: Sequence[Kind],
        *,
        lease: float = LEASE,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        """``lease`` and ``heartbeat`` are in seconds."""
        self._transactions = database
        self._database = database.repeatable
        self._kinds = {kind.name: kind for kind in kinds}
        self._lease = lease
        self._leases = Leases(self._database, seconds=lease, every=heartbeat)
        self._due = asyncio.Event()
        self._untold = asyncio.Event()
        self.admission = Admission(database, kinds, lease=lease)

    def poke(self) -> None:
        """Work was added: let it be begun soon, once it is committed. Costs nothing."""
        self._transactions.on_commit(self._due.set)
        self._transactions.on_commit(self._untold.set)

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Inside the block, the workers of other processes learn at once of what ``poke`` tells here.

        Elsewhere they see it within a second.
        """
        telling = asyncio.create_task(self._keep_telling())
        try:
            yield
        finally:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling

    async def run(self, item_id: UUID, *, run: Run | None = None, early: bool = False) -> bool:
        """Do an item under its lease. False when somebody else has it, or when it is over.

        ``run`` is done in place of the kind's own, for who wants to watch. ``early``: also before its time, for who
        added it to do it at once. An exception of the work is not raised but counted: the item is then put off or
        given up.
        """
        lease = await repository.lease(self._database, item_id, new_id(), self._lease, early=early)
        return lease is not None and await self._see_through(lease, run)

    async def work(self, stop: asyncio.Event, *, concurrency: int, grace: float) -> None:
        """Take what is due and do it, until ``stop`` is set; what runs then has ``grace`` seconds to end.

        Of each kind its share of ``concurrency`` is done at once.
        """

        async def see_through(lease: Lease) -> None:
            await self._see_through(lease, None)

        worker = Worker(
            self._transactions,
            self.admission,
            see_through,
            list(self._kinds.values()),
            self._due,
            concurrency=concurrency,
        )
        await worker.run(stop, grace)

    # ------------------------------------------------------------------ how

    async def _keep_telling(self) -> None:
        while True:
            await self._untold.wait()
            self._untold.clear()
            try:
                await repository.tell(self._database, CHANNEL)
            except DatabaseUnavailable as error:
                log.warning("workers were not told", reason=error.message)
            await asyncio.sleep(_COALESCE)

    async def _see_through(self, lease: Lease, run: Run | None) -> bool:
        """Do what was leased; False when the lease was lost."""
        item, holder = lease
        kind = self._kinds[item.kind]
        if item.attempts > MAX_ATTEMPTS:
            await self._give_up(kind, item, holder, GivenUp(Reason.DIED, item.attempts - 1))
            return True
        work = asyncio.create_task(_outcome(run or kind.run, item, kind.longest))
        ended, pause = False, 0.0
        with self._leases.kept(lease, work) as kept:
            try:
                outcome = await work
                if isinstance(outcome, BaseException):
                    ended = await self._failed(kind, item, holder, outcome)
                else:
                    ended = await self._end(kind, item, holder, outcome)
            except asyncio.CancelledError:
                if kept.lost:
                    ended = True  # somebody else goes on
                    return False
                raise
            except DatabaseUnavailable:
                pause = _spread(AWAY)
                raise
            finally:
                work.cancel()
                if not ended:
                    with contextlib.suppress(DatabaseUnavailable):  # then the lease lapses
                        await asyncio.shield(repository.give_back(self._database, item.id, holder, pause))
        return True

    async def _end(self, kind: Kind, item: WorkItem, holder: UUID, outcome: Done | Again) -> bool:
        """Write what came of it. False when that could not be written, which is the item's own failure or none."""
        try:
            if not await self._conclude(item, holder, outcome):
                log.warning("work ended elsewhere", kind=kind.name, item=str(item.id))
        except BaseException as error:  # what closes a piece of work is part of it
            if not _is_a_failure(error):
                raise
            return await self._failed(kind, item, holder, error)
        return True

    async def _conclude(self, item: WorkItem, holder: UUID, outcome: Done | Again) -> bool:
        async def write(connection: Connection) -> bool:
            if isinstance(outcome, Again):
                held = await repository.put_off(connection, item.id, holder, outcome.seconds, 0)
            else:
                held = await repository.end(connection, item.id, holder)
            if held:
                await outcome.close(connection)
            return held

        return await in_transaction(self._transactions, write)

    async def _failed(self, kind: Kind, item: WorkItem, holder: UUID, error: BaseException) -> bool:
        failures = item.failures + 1
        log.error(
            "work failed",
            kind=kind.name,
            item=str(item.id),
            failures=failures,
            of=MAX_FAILURES,
            exc_info=error,
        )
        if failures >= MAX_FAILURES:
            return await self._give_up(
                kind, item, holder, GivenUp(Reason.FAILED, failures, f"{type(error).__name__}: {error}"[:500])
            )
        await repository.put_off(self._database, item.id, holder, _spread(2.0**failures), 1)
        return True

    async def _give_up(self, kind: Kind, item: WorkItem, holder: UUID, why: GivenUp) -> bool:
        async def close(connection: Connection) -> None:
            await kind.gave_up(connection, item, why)

        log.error("work given up", kind=kind.name, item=str(item.id), reason=why.reason, times=why.times)
        try:
            await self._conclude(item, holder, Done(close))
        except BaseException as error:
            if not _is_a_failure(error):
                raise
            # It must not be tried at once, again and again: somebody has to mend it.
            log.exception("giving up failed", kind=kind.name, item=str(item.id))
            await repository.put_off(self._database, item.id, holder, GIVE_UP_AGAIN, 1)
        return True


async def _outcome(run: Run, item: WorkItem, longest: float | None) -> Done | Again | BaseException:
    """What the work came to: the edge of a piece of work, which must take no other along."""
    limit = asyncio.timeout(longest)
    try:
        async with limit:
            return await run(item)
    except BaseException as error:
        if limit.expired():
            return TimeoutError(f"it took longer than {longest:g} s")
        if not _is_a_failure(error):
            raise
        return error


def _is_a_failure(error: BaseException) -> bool:
    """Whether the work went wrong by itself. The database being away, or somebody asking it to stop, is no failure;
    native code that panics, an exit, and a cancellation that nobody asked for are."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and not task.cancelling()
    return not isinstance(error, DatabaseUnavailable | KeyboardInterrupt | GeneratorExit)


def _spread(pause: float) -> float:
    """About as many seconds, so that what failed together does not come back together."""
    return pause * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - no secret


async def no_trace(_: Connection) -> None:
    """Nothing to write."""


__all__ = [
    "HEARTBEAT",
    "LEASE",
    "MAX_ATTEMPTS",
    "MAX_FAILURES",
    "Again",
    "Close",
    "Done",
    "GivenUp",
    "Kind",
    "NewItem",
    "Reason",
    "WorkItem",
    "WorkService",
    "add",
    "as_one",
    "drop",
    "due_now",
    "in_transaction",
    "no_trace",
]
