"""Working: one process that takes what is due as its places become free, and sees it through."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from leadline.foundation.database import Database
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.ids import new_id
from leadline.foundation.listener import listen
from leadline.foundation.log import get_logger
from leadline.work import repository
from leadline.work.admission import Admission
from leadline.work.model import Kind, Lease

CHANNEL = "work_due"
EVERY = 1.0  # seconds between two looks at what is due, besides those after a notification
_GIVE_BACK_SECONDS = 5.0  # for work that was cancelled to let go of what it holds

log = get_logger(__name__)


class Worker:
    """Does work in this process, of each kind up to its places at once."""

    def __init__(
        self,
        database: Database,
        admission: Admission,
        see_through: Callable[[Lease], Awaitable[None]],
        kinds: Sequence[Kind],
        due: asyncio.Event,
        *,
        concurrency: int,
    ) -> None:
        """``due`` is set when there may be something to take."""
        self._transactions = database
        self._database = database.repeatable
        self._admission = admission
        self._see_through = see_through
        self._due = due
        self._places = {kind.name: max(1, round(kind.share * concurrency)) for kind in kinds}
        self._capped = {kind.name for kind in kinds if kind.capped}
        self._running: dict[asyncio.Task[None], Lease] = {}
        self._wanting: set[str] = set()  # kinds of which more may be due than there was a place for
        self._id = new_id()
        self._tended = 0.0

    async def run(self, stop: asyncio.Event, grace: float) -> None:
        """Work until ``stop`` is set. What runs then has ``grace`` seconds to end, or is cancelled."""
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._due.set())
        listening = asyncio.create_task(
            listen(self._transactions.dedicated, CHANNEL, lambda _: self._due.set(), self._due.set)
        )
        try:
            while not stop.is_set():
                self._due.clear()
                try:
                    await self._look()
                except DatabaseUnavailable as error:
                    log.warning("worker waits for the database", reason=error.message)
                except Exception:
                    log.exception("taking work failed")  # nothing was begun, or its lease lapses
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._due.wait(), EVERY)
        finally:
            stopping.cancel()
            listening.cancel()
            with contextlib.suppress(DatabaseUnavailable):
                await repository.absent(self._database, self._id)
            await self._wind_up(grace)

    async def _look(self) -> None:
        if time.monotonic() >= self._tended + EVERY:
            await repository.present(self._database, self._id, self._places)
            await self._admission.tend()
            self._tended = time.monotonic()
        busy = Counter(lease.item.kind for lease in self._running.values())
        free = {kind: places - busy[kind] for kind, places in self._places.items()}
        at_suspect = any(lease.item.attempts > repository.SUSPECT_AFTER for lease in self._running.values())
        taken = await self._admission.take(free, suspects=not at_suspect)
        for lease in taken:
            task = asyncio.create_task(self._do(lease))
            self._running[task] = lease
            task.add_done_callback(self._ended)
        got = Counter(lease.item.kind for lease in taken)
        self._wanting = self._capped | {kind for kind, places in free.items() if got[kind] >= places}

    async def _do(self, lease: Lease) -> None:
        try:
            await self._see_through(lease)
        except DatabaseUnavailable as error:
            log.warning("work waits for the database", item=str(lease.item.id), reason=error.message)
        except Exception:  # the edge of a piece of work: it must not take the others along
            log.exception("work was left", kind=lease.item.kind, item=str(lease.item.id))

    def _ended(self, task: asyncio.Task[None]) -> None:
        lease = self._running.pop(task)
        if lease.item.kind in self._wanting or lease.item.attempts > repository.SUSPECT_AFTER:
            self._due.set()

    async def _wind_up(self, grace: float) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=_GIVE_BACK_SECONDS)
