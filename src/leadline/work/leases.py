"""Leases are extended as long as their work goes on; work whose lease was lost is stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from leadline.foundation.database import Connection
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.log import get_logger
from leadline.work import repository
from leadline.work.model import Lease

log = get_logger(__name__)


class Kept:
    """A lease that is being extended. ``lost``: somebody else has the item now, or it is over."""

    def __init__(self, lease: Lease, work: asyncio.Task[Any]) -> None:
        self.lease = lease
        self.work = work
        self.lost = False


class Leases:
    """The leases of this process, all extended in one statement ``every`` so many seconds, each for ``seconds``."""

    def __init__(self, database: Connection, *, seconds: float, every: float) -> None:
        self._database = database
        self._seconds = seconds
        self._every = every
        self._kept: dict[UUID, Kept] = {}
        self._extending: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def kept(self, lease: Lease, work: asyncio.Task[Any]) -> Iterator[Kept]:
        """Extends the lease inside the block, and cancels ``work`` when it is lost."""
        kept = self._kept[lease.holder] = Kept(lease, work)
        if self._extending is None:
            self._extending = asyncio.create_task(self._extend())
        try:
            yield kept
        finally:
            del self._kept[lease.holder]
            if not self._kept and self._extending is not None:
                self._extending.cancel()
                self._extending = None

    async def _extend(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            asked = list(self._kept.values())
            try:
                held = await repository.extend(self._database, [one.lease for one in asked], self._seconds)
            except DatabaseUnavailable as error:
                # They may lapse meanwhile; whether they did is seen when the database is back.
                log.warning("leases not extended", count=len(asked), reason=error.message)
                continue
            except Exception:
                log.exception("leases not extended", count=len(asked))
                continue
            for one in asked:
                if one.lease.holder not in held and one.lease.holder in self._kept:
                    one.lost = True
                    one.work.cancel()
