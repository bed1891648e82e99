"""What running signals tell: kept in the worker's memory, and written for those that somebody watches.

Whoever watches a signal says so in the database. Each worker asks now and then which of its signals are watched, and
writes what those told, from the beginning: a signal that nobody watches costs no write, and no notification.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from leadline.foundation.database import Connection
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.log import get_logger
from leadline.signals import progress_repository, repository
from leadline.signals.progress_repository import Told

EVERY = 0.5  # seconds between two looks at who watches
MOST_UNWRITTEN = 500  # of one signal; beyond that the oldest are forgotten

log = get_logger(__name__)


class Teller:
    """One running signal's ``research.ports.Progress``."""

    def __init__(self, signal_id: UUID) -> None:
        self.signal_id = signal_id
        self.unwritten: deque[Told] = deque(maxlen=MOST_UNWRITTEN)
        self.watched = False
        """Whether somebody did when last looked."""
        self.writing = asyncio.Lock()  # so that what is told stays in its order

    def __call__(self, step: str, detail: str, /, **facts: object) -> None:
        self.unwritten.append(Told(self.signal_id, step, detail, facts, datetime.now(UTC)))


class Telling:
    """The signals that run in this process."""

    def __init__(self, database: Connection) -> None:
        self._database = database
        self._running: dict[UUID, Teller] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def of(self, signal_id: UUID) -> Iterator[Teller]:
        """A signal that runs inside the block."""
        teller = self._running[signal_id] = Teller(signal_id)
        if self._looking is None:
            self._looking = asyncio.create_task(self._keep_looking())
        try:
            yield teller
        finally:
            del self._running[signal_id]
            if not self._running:
                self._looking.cancel()
                self._looking = None

    async def write(self, teller: Teller) -> None:
        """Write what a watched signal told and is not yet written."""
        async with teller.writing:
            if not (teller.watched and teller.unwritten):
                return
            told = list(teller.unwritten)
            teller.unwritten.clear()
            try:
                await progress_repository.tell(self._database, told)
                await repository.tell(self._database, teller.signal_id)
            except DatabaseUnavailable as error:
                log.warning("nobody is told how a signal goes", reason=error.message)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            tellers = [one for one in self._running.values() if one.unwritten]
            try:
                if tellers:
                    ids = [one.signal_id for one in tellers]
                    watched = await progress_repository.watched(self._database, ids)
                    for teller in tellers:
                        teller.watched = teller.signal_id in watched
                        await self.write(teller)
            except DatabaseUnavailable as error:
                log.warning("nobody is told how signals go", reason=error.message)
