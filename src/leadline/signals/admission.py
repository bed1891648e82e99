"""Admission: which of the accepted signals are put into the queue now.

The queue is kept short, so that it is the place of no decision: it holds what the workers that are there can
take soon. What waits, waits in ``signals``. Organisations take turns, the one with the least in work first,
and neither an organisation nor a reader gets more than its cap. Runs when a signal was accepted, when one
was finished, and every second.

The sweeper admits again what was admitted and is worked on by nobody: its process died, or its job was lost.
All times are the database's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID

from leadline.foundation import jobs
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.jobs import Job
from leadline.foundation.log import get_logger

ANSWER = "answer_signal"
ANSWER_ALONE = "answer_signal_alone"
"""The task for a signal that two processes died on: it runs by itself, so that it takes no other along."""

SUSPECT_AFTER = 2  # processes that died while they worked on a signal
EVERY = 1.0  # seconds between two looks at what is due
PRESENT = 10.0  # seconds for which a worker counts after it was last seen
AHEAD = 2.0  # jobs in the queue and in work, per job that the workers can do at once
_COALESCE = 0.01  # seconds in which many accepted or finished signals make one admission
_LOCK = 0x6C65_6164_6164_6D74  # one advisory lock per database

log = get_logger(__name__)

# Pairs of organisation and reader with something due are found by skipping through the index, then the
# oldest of each, then every organisation's and every reader's in their order. A limit of 0 ends it at once.
_ADMIT = """
with recursive pairs as (
    (select organisation_id, reader from signals
     where status = 'processing' and admitted_at is null
     order by organisation_id, reader limit 1)
    union all
    select following.* from pairs p cross join lateral (
        select s.organisation_id, s.reader from signals s
        where s.status = 'processing' and s.admitted_at is null
          and (s.organisation_id, s.reader) > (p.organisation_id, p.reader)
        order by s.organisation_id, s.reader limit 1) following
), in_work as materialized (
    select organisation_id, reader, count(*) as signals from signals
    where status = 'processing' and admitted_at is not null group by 1, 2
), room as materialized (
    select greatest(0, $1::integer - (select coalesce(sum(signals), 0) from in_work))::integer as places
), oldest as (
    select pairs.organisation_id, pairs.reader, due.id from pairs cross join lateral (
        select s.id from signals s
        where s.status = 'processing' and s.admitted_at is null
          and s.organisation_id = pairs.organisation_id and s.reader = pairs.reader
        order by s.id limit (select places from room)) due
), by_organisation as (
    select o.id, o.reader,
           row_number() over (partition by o.organisation_id order by o.id)
           + coalesce((select sum(signals) from in_work w where w.organisation_id = o.organisation_id), 0)
             as turn
    from oldest o
), by_reader as (
    select o.id, o.turn,
           row_number() over (partition by o.reader order by o.turn, o.id)
           + coalesce((select sum(signals) from in_work w where w.reader = o.reader), 0) as use
    from by_organisation o
    where $2::integer is null or o.turn <= $2
), chosen as materialized (
    select id, turn from by_reader where $3::integer is null or use <= $3
    order by turn, id limit (select places from room)
)
update signals s set admitted_at = now() from chosen
where s.id = chosen.id and s.status = 'processing' and s.admitted_at is null
returning s.id, s.attempts, chosen.turn
"""

# A lease that ran out is a process that died. Without a lease, the time since admission is what the job and
# its worker had to begin in; a job that waits in a long queue is no lost one.
_SWEEP = """
update signals set admitted_at = null, lease_holder = null, lease_until = null
where status = 'processing' and admitted_at is not null
  and case when lease_until is not null then lease_until < now()
           else admitted_at < now() - make_interval(secs => $1) and not (id = any ($2::uuid[])) end
returning id
"""


class Caps(NamedTuple):
    """How many signals may be in the queue and in work; None: as many as the workers take."""

    organisation: int | None = None
    reader: int | None = None


class Admission:
    """Puts due signals into the queue. ``running`` does so as long as it is open."""

    def __init__(self, database: Database, caps: Caps | None = None, *, patience: float) -> None:
        """``patience``: seconds after which an admitted signal that nobody works on is admitted again."""
        self._transactions = database
        self._database = database.repeatable
        self._caps = caps or Caps()
        self._patience = patience
        self._due = asyncio.Event()

    def poke(self) -> None:
        """Something became due, or a place became free: look soon. Costs nothing."""
        self._due.set()

    async def admit(self) -> int:
        """Put what is due into the queue, as far as there is room; returns how many signals."""
        async with self._transactions.transaction() as connection:
            # Taken first and alone: the next statement then sees all that others admitted before.
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
            room = await _room(connection)
            if not room:
                return 0
            chosen = await connection.fetch(_ADMIT, room, *self._caps)
            chosen.sort(key=lambda row: (row["turn"], row["id"]))
            await jobs.enqueue(
                connection,
                [
                    Job(
                        ANSWER if row["attempts"] < SUSPECT_AFTER else ANSWER_ALONE,
                        str(row["id"]),
                        -int(row["turn"]),
                    )
                    for row in chosen
                ],
            )
        return len(chosen)

    async def sweep(self) -> list[UUID]:
        """Make due again what was admitted and is worked on by nobody; returns which."""
        waiting = await jobs.live(self._database)
        swept = await self._database.fetch(_SWEEP, self._patience, [UUID(argument) for argument in waiting])
        if swept:
            log.warning("signals admitted again", count=len(swept), first=str(swept[0]["id"]))
            self.poke()
        return [row["id"] for row in swept]

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
            await asyncio.sleep(_COALESCE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), EVERY)


async def _room(connection: Connection) -> int:
    """How many signals may be in the queue and in work: in proportion to the workers that are there."""
    room: int = await connection.fetchval(
        """
        select ceil($1::float * coalesce(sum(concurrency), 0))::integer from workers
        where seen_at > now() - make_interval(secs => $2)
        """,
        AHEAD,
        PRESENT,
    )
    return room


# ------------------------------------------------------------------ workers


async def present(connection: Connection, worker_id: UUID, concurrency: int) -> None:
    """A worker says that it is there; from now on it counts for ``PRESENT`` seconds."""
    await connection.execute(
        """
        insert into workers (id, host, pid, concurrency) values ($1, $2, $3, $4)
        on conflict (id) do update set seen_at = now()
        """,
        worker_id,
        socket.gethostname(),
        os.getpid(),
        concurrency,
    )


async def absent(connection: Connection, worker_id: UUID) -> None:
    """A worker takes nothing more; those that vanished an hour ago are forgotten with it."""
    await connection.execute(
        "delete from workers where id = $1 or seen_at < now() - interval '1 hour'", worker_id
    )
