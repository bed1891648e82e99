"""Admission: which of the due work a process begins now.

Nothing is taken ahead: an item is leased when there is a place for it, so whose turn it is is decided at the last
moment. Organisations take turns: who has least in work is first, among equals who was served longest ago; neither an
organisation nor a lane gets more than its cap. Each kind has places of its own: work of one kind does not wait behind
another's. An item that processes died on is begun when the process has no other such item in work, so that those it
may take along come through alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from leadline.foundation.database import Connection, Database
from leadline.foundation.log import get_logger
from leadline.work import repository
from leadline.work.model import Kind, Lease

SERVED_KEPT = 1000  # organisations whose turn is remembered
_LOCK = 0x6C65_6164  # with the hash of the kind, an advisory lock of those that are capped

log = get_logger(__name__)


class Admission:
    """Leases what is due, for one process."""

    def __init__(self, database: Database, kinds: Sequence[Kind], *, lease: float) -> None:
        """``lease``: seconds."""
        self._transactions = database
        self._database = database.repeatable
        self._kinds = {kind.name: kind for kind in kinds}
        self._lease = lease
        self._served: defaultdict[str, dict[UUID, None]] = defaultdict(dict)

    async def take(self, free: Mapping[str, int], *, suspects: bool) -> list[Lease]:
        """Begin what is due, of each kind as many as it has free places.

        ``suspects``: one item that processes died on may be among them.
        """
        taken: list[Lease] = []
        for due in await repository.due(self._database, [kind for kind, places in free.items() if places]):
            places = free[due.kind]
            if due.suspect and suspects:
                # Not repeatable, here and below: it counts an attempt.
                alone = await repository.take_suspect(self._transactions, due.kind, self._lease)
                taken += alone
                places -= len(alone)
                suspects = not alone
            if due.normal and places:
                taken += await self._take(self._kinds[due.kind], places)
        return taken

    async def _take(self, kind: Kind, places: int) -> list[Lease]:
        async def take(connection: Connection) -> list[Lease]:
            return await repository.take(
                connection,
                kind.name,
                places,
                self._lease,
                tuple(served),
                organisation_cap=kind.organisation_cap,
                lane_cap=kind.lane_cap,
            )

        served = self._served[kind.name]
        if kind.capped:
            async with self._transactions.transaction() as connection:
                # Taken first and alone: the next statement then sees all that others leased before.
                await connection.execute(
                    "select pg_advisory_xact_lock($1::integer, hashtext($2))", _LOCK, kind.name
                )
                taken = await take(connection)
        else:
            taken = await take(self._transactions)
        for lease in taken:
            served.pop(lease.item.organisation_id, None)
            served[lease.item.organisation_id] = None
        for organisation_id in list(served)[:-SERVED_KEPT]:
            del served[organisation_id]
        return taken

    async def tend(self) -> bool:
        """Make due what waited for its time, and what was begun by a process that died; whether there was any."""
        if ended := await repository.end_frozen(self._database, self._lease):
            log.warning("sessions of frozen processes were ended", count=ended)
        woken = await repository.wake(self._database)
        swept = await repository.sweep(self._database)
        if swept:
            log.warning("work is due again", count=len(swept), first=str(swept[0]))
        return woken or bool(swept)
