"""Admission: which of the open work is put into the queue now.

The queue is kept short, so that it is the place of no decision: it holds what the workers that are there can take
soon. What waits, waits in ``work_items``. Organisations take turns, the one with the least in work first, and
neither an organisation nor a lane gets more than its cap. Each kind has places of its own: work of one kind does
not wait behind another's. Runs when work was added, when some was finished, and every second.

The sweeper admits again what was admitted and is worked on by nobody: its process died, or its job was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from leadline.foundation import jobs
from leadline.foundation.database import Database
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.jobs import Job
from leadline.foundation.log import get_logger
from leadline.work import repository
from leadline.work.model import Kind

SUSPECT_AFTER = 2  # processes that died at an item; after that it runs alone, so that it takes no other along
EVERY = 1.0  # seconds between two looks at what is due
PRESENT = 10.0  # seconds for which a worker counts after it was last seen
AHEAD = 2.0  # jobs in the queue and in work, per job that the workers can do at once
_COALESCE = 0.01  # seconds in which much added or finished work makes one admission
_LOCK = 0x6C65_6164_6164_6D74  # one advisory lock per database

log = get_logger(__name__)


def alone(kind: str) -> str:
    """The queue's task for an item of that kind which two processes died on."""
    return f"{kind}.alone"


class Admission:
    """Puts due work into the queue. ``running`` does so as long as it is open."""

    def __init__(self, database: Database, kinds: Sequence[Kind], *, patience: float) -> None:
        """``patience``: seconds after which an admitted item that nobody works on is admitted again."""
        self._transactions = database
        self._database = database.repeatable
        self._kinds = kinds
        self._patience = patience
        self._due = asyncio.Event()

    def poke(self) -> None:
        """Something became due, or a place became free: look soon. Costs nothing."""
        self._due.set()

    async def admit(self) -> int:
        """Put what is due into the queue, as far as there is room; returns how many items."""
        found: list[Job] = []
        async with self._transactions.transaction() as connection:
            # Taken first and alone: the next statements then see all that others admitted before.
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
            places = await repository.places(connection, PRESENT)
            if not places:
                return 0
            await repository.wake(connection)
            for kind in self._kinds:
                room = math.ceil(AHEAD * places.get(kind.name, 0))
                if not room:
                    continue
                rows = await repository.admit(
                    connection, kind.name, room, kind.organisation_cap, kind.lane_cap
                )
                found += [
                    Job(
                        kind.name if row["attempts"] < SUSPECT_AFTER else alone(kind.name),
                        str(row["id"]),
                        -int(row["turn"]),
                    )
                    for row in rows
                ]
            await jobs.enqueue(connection, found)
        return len(found)

    async def sweep(self) -> list[UUID]:
        """Make due again what was admitted and is worked on by nobody; returns which."""
        waiting = await jobs.live(self._database)
        swept = await repository.sweep(
            self._database, self._patience, [UUID(argument) for argument in waiting]
        )
        if swept:
            log.warning("work admitted again", count=len(swept), first=str(swept[0]))
            self.poke()
        return swept

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Admits inside the block: soon after every poke, and every second."""
        admitting = asyncio.create_task(self._keep_admitting())
        try:
            yield
        finally:
            admitting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await admitting

    async def _keep_admitting(self) -> None:
        while True:
            self._due.clear()
            try:
                await self.admit()
            except DatabaseUnavailable as error:
                log.warning("admission waits for the database", reason=error.message)
                await asyncio.sleep(EVERY)
            except Exception:
                log.exception("admission failed")  # nothing was admitted; the next look tries again
                await asyncio.sleep(EVERY)
            await asyncio.sleep(_COALESCE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), EVERY)
