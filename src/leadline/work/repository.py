"""SQL of open work and of the workers that are there. All times are the database's."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection
from leadline.work.model import Lease, NewItem, WorkItem

SUSPECT_AFTER = 2  # processes that died at an item; after that a process has one such item in work at a time

_ITEM = "id, kind, organisation_id, lane, attempts, failures"
_DUE = f"lease_holder is null and not_before is null and attempts < {SUSPECT_AFTER}"
_SUSPECT = f"lease_holder is null and not_before is null and attempts >= {SUSPECT_AFTER}"


async def add(connection: Connection, items: Sequence[NewItem]) -> None:
    """Store work whose ids are new."""
    first = items[0]
    if all(item[1:] == first[1:] for item in items):  # one kind, owner and lane: fewer arrays to send
        await connection.execute(
            """
            insert into work_items (id, kind, organisation_id, lane, not_before)
            select given.id, $2, $3, $4, case when $5::float8 > 0 then now() + make_interval(secs => $5) end
            from unnest($1::uuid[]) as given (id)
            """,
            [item.id for item in items],
            *first[1:],
        )
        return
    await connection.execute(
        """
        insert into work_items (id, kind, organisation_id, lane, not_before)
        select id, kind, organisation_id, lane, case when delay > 0 then now() + make_interval(secs => delay) end
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::float8[])
             as given (id, kind, organisation_id, lane, delay)
        """,
        *(list(column) for column in zip(*items, strict=True)),
    )


# ------------------------------------------------------------------ the lease


async def lease(
    connection: Connection, item_id: UUID, holder: UUID, seconds: float, *, early: bool
) -> Lease | None:
    """Take the right to do it, and count the attempt; None while somebody else has it, or when it is over.

    ``early``: also before its time. A holder that asks again, because it did not hear the answer, is counted once.
    """
    row = await connection.fetchrow(
        f"""
        update work_items set
            attempts = attempts + (lease_holder is distinct from $2)::integer,
            lease_holder = $2, lease_until = now() + make_interval(secs => $3), not_before = null
        where id = $1 and ($4 or not_before is null or not_before <= now())
          and (lease_until is null or lease_until < now() or lease_holder = $2)
        returning {_ITEM}
        """,  # noqa: S608
        item_id,
        holder,
        seconds,
        early,
    )
    return Lease(WorkItem(*row), holder) if row is not None else None


async def extend(connection: Connection, leases: Sequence[Lease], seconds: float) -> set[UUID]:
    """Keep these leases; returns the holders of those that are not lost.

    A row that is locked is being written by whoever ends it: it is not waited for, or all the others would lapse.
    """
    rows = await connection.fetch(
        """
        with given as (
            select * from unnest($1::uuid[], $2::uuid[]) as g (id, holder)
        ), free as (
            select w.id from given join work_items w on w.id = given.id and w.lease_holder = given.holder
            for update of w skip locked
        ), kept as (
            update work_items w set lease_until = now() + make_interval(secs => $3) from free where w.id = free.id
        )
        select w.lease_holder from given join work_items w on w.id = given.id and w.lease_holder = given.holder
        """,
        [lease.item.id for lease in leases],
        [lease.holder for lease in leases],
        seconds,
    )
    return {row["lease_holder"] for row in rows}


async def end(connection: Connection, item_id: UUID, holder: UUID) -> bool:
    """The work is over; False when the lease was lost before."""
    found = await connection.fetchval(
        "delete from work_items where id = $1 and lease_holder = $2 returning true", item_id, holder
    )
    return found is not None


async def put_off(connection: Connection, item_id: UUID, holder: UUID, seconds: float, failures: int) -> bool:
    """To be done again in ``seconds``, with so many more failures (0 forgets those before); False when the lease
    was lost before."""
    found = await connection.fetchval(
        """
        update work_items set lease_holder = null, lease_until = null,
            not_before = now() + make_interval(secs => $3), attempts = 0,
            failures = case when $4::integer = 0 then 0 else failures + $4 end
        where id = $1 and lease_holder = $2 returning true
        """,
        item_id,
        holder,
        seconds,
        failures,
    )
    return found is not None


async def give_back(connection: Connection, item_id: UUID, holder: UUID, pause: float = 0.0) -> None:
    """Let somebody else do it, at once or after ``pause`` seconds. An orderly end is no attempt that failed."""
    await connection.execute(
        """
        update work_items set lease_holder = null, lease_until = null,
                              not_before = case when $3::float8 > 0 then now() + make_interval(secs => $3) end,
                              attempts = greatest(0, attempts - 1)
        where id = $1 and lease_holder = $2
        """,
        item_id,
        holder,
        pause,
    )


async def due_now(connection: Connection, item_ids: Sequence[UUID]) -> None:
    """Work that waits for its time, or that nobody has begun, is to be done as soon as there is room."""
    await connection.execute(
        "update work_items set not_before = null where id = any($1::uuid[]) and not_before is not null",
        list(item_ids),
    )


async def leased(connection: Connection, item_ids: Collection[UUID]) -> list[UUID]:
    """Those of the items whose lease somebody holds."""
    rows = await connection.fetch(
        "select id from work_items where id = any($1::uuid[]) and lease_until > now() order by id",
        list(item_ids),
    )
    return [row["id"] for row in rows]


async def drop(connection: Connection, item_ids: Sequence[UUID]) -> None:
    """Forget work whose reason has gone, whoever is at it."""
    await connection.execute("delete from work_items where id = any($1::uuid[])", list(item_ids))


# ------------------------------------------------------------------ admission

# Rows that somebody holds are passed over, not waited for: a frozen process must not hold up the others.
_WAKE = """
update work_items set not_before = null where id in (
    select id from work_items where not_before <= now() for update skip locked)
returning true
"""

# A lease that ran out is a process that died.
_SWEEP = """
update work_items set lease_holder = null, lease_until = null where id in (
    select id from work_items where lease_holder is not null and lease_until < now() for update skip locked)
returning id
"""

# Pairs of organisation and lane with something due are found by skipping through the index. Of the organisations
# whose turn is next the oldest items are looked at, in every organisation's and every lane's order. Twice as many
# as there are places, because some may be taken by another worker at this moment.
_TAKE = f"""
with recursive pairs as (
    (select organisation_id, lane from work_items
     where kind = $1 and {_DUE} order by organisation_id, lane limit 1)
    union all
    select following.* from pairs p cross join lateral (
        select w.organisation_id, w.lane from work_items w
        where w.kind = $1 and {_DUE} and (w.organisation_id, w.lane) > (p.organisation_id, p.lane)
        order by w.organisation_id, w.lane limit 1) following
), leased as materialized (
    select organisation_id, lane, count(*)::integer as items from work_items
    where kind = $1 and lease_holder is not null group by 1, 2
), candidates as materialized (
    select p.organisation_id, p.lane, coalesce(o.items, 0) as busy, coalesce(l.items, 0) as lane_busy
    from pairs p
    left join (select organisation_id, sum(items) as items from leased group by 1) o using (organisation_id)
    left join (select lane, sum(items) as items from leased group by 1) l using (lane)
    where ($3::integer is null or coalesce(o.items, 0) < $3) and ($4::integer is null or coalesce(l.items, 0) < $4)
), turns as materialized (
    select c.organisation_id, min(s.place) as served from candidates c
    left join unnest($6::uuid[]) with ordinality as s (organisation_id, place) using (organisation_id)
    group by c.organisation_id order by min(c.busy), served nulls first, c.organisation_id limit 2 * $2::integer
), oldest as (
    select c.*, t.served, due.id from turns t join candidates c using (organisation_id) cross join lateral (
        select w.id from work_items w
        where w.kind = $1 and {_DUE} and w.organisation_id = c.organisation_id and w.lane = c.lane
        order by w.id limit least(2 * $2::integer, $4::integer - c.lane_busy)) due
), by_organisation as (
    select id, lane, lane_busy, served,
           busy + row_number() over (partition by organisation_id order by id) as turn from oldest
), by_lane as (
    select id, turn, served,
           lane_busy + row_number() over (partition by lane order by turn, served nulls first, id) as use
    from by_organisation where $3::integer is null or turn <= $3
), chosen as materialized (
    select id, turn, served from by_lane where $4::integer is null or use <= $4
    order by turn, served nulls first, id limit 2 * $2::integer
), held as (
    select w.id from chosen join work_items w on w.id = chosen.id
    where w.lease_holder is null and w.not_before is null
    order by chosen.turn, chosen.served nulls first, chosen.id limit $2::integer
    for update of w skip locked
)
update work_items w
set lease_holder = gen_random_uuid(), lease_until = now() + make_interval(secs => $5), attempts = attempts + 1
from held where w.id = held.id
returning w.{_ITEM.replace(", ", ", w.")}, w.lease_holder
"""  # noqa: S608

_TAKE_SUSPECT = f"""
update work_items
set lease_holder = gen_random_uuid(), lease_until = now() + make_interval(secs => $2), attempts = attempts + 1
where id = (select id from work_items where kind = $1 and {_SUSPECT}
            order by attempts, id limit 1 for update skip locked)
returning {_ITEM}, lease_holder
"""  # noqa: S608


class Due(NamedTuple):
    """A kind of which something is due: work that may be, and work that processes died on."""

    kind: str
    normal: bool
    suspect: bool


async def due(connection: Connection, kinds: Sequence[str]) -> list[Due]:
    """Those of the kinds of which something is due."""
    rows = await connection.fetch(
        f"""
        select * from (
            select kind, exists (select from work_items w where w.kind = given.kind and {_DUE}) as normal,
                   exists (select from work_items w where w.kind = given.kind and {_SUSPECT}) as suspect
            from unnest($1::text[]) as given (kind)
        ) due where normal or suspect
        """,  # noqa: S608
        list(kinds),
    )
    return [Due(*row) for row in rows]


async def take(
    connection: Connection,
    kind: str,
    places: int,
    seconds: float,
    served: Sequence[UUID],
    *,
    organisation_cap: int | None,
    lane_cap: int | None,
) -> list[Lease]:
    """Lease what is due and whose turn it is, ``places`` at most, and count the attempt.

    ``served``: organisations in the order in which they were served last.
    """
    rows = await connection.fetch(_TAKE, kind, places, organisation_cap, lane_cap, seconds, list(served))
    return [_lease(row) for row in rows]


async def take_suspect(connection: Connection, kind: str, seconds: float) -> list[Lease]:
    """Lease an item that processes died on; none when there is none."""
    return [_lease(row) for row in await connection.fetch(_TAKE_SUSPECT, kind, seconds)]


def _lease(row: Any) -> Lease:
    *item, holder = row
    return Lease(WorkItem(*item), holder)


async def wake(connection: Connection) -> bool:
    """What waited for its time and has reached it is due; whether there was any."""
    return bool(await connection.fetch(_WAKE))


async def sweep(connection: Connection) -> list[UUID]:
    """Make due again what was begun and whose lease ran out; returns which."""
    return [row["id"] for row in await connection.fetch(_SWEEP)]


async def end_frozen(connection: Connection, seconds: float) -> int:
    """End the sessions of processes that stand still in the middle of a statement; returns how many.

    PostgreSQL ends a transaction that is idle for too long by itself, but not one whose client stopped between two
    messages of one statement: that counts as active, and holds its locks for ever. ``seconds`` is the bound where the
    server's setting for idle transactions is off.
    """
    rows = await connection.fetch(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
          and state = 'active' and wait_event = 'ClientRead' and xact_start is not null and query not ilike 'copy%'
          and state_change < now() - coalesce(
              nullif(current_setting('idle_in_transaction_session_timeout')::interval, '0'),
              make_interval(secs => $1))
        """,
        seconds,
    )
    return len(rows)


async def tell(connection: Connection, channel: str) -> None:
    """Tell those who listen that something is due."""
    await connection.execute("select pg_notify($1, '')", channel)


# ------------------------------------------------------------------ workers


async def present(connection: Connection, worker_id: UUID, places: Mapping[str, int]) -> None:
    """A worker says that it is there, and how many of each kind it does at once."""
    await connection.execute(
        """
        insert into workers (id, host, pid, places) values ($1, $2, $3, $4::jsonb)
        on conflict (id) do update set seen_at = now()
        """,
        worker_id,
        socket.gethostname(),
        os.getpid(),
        msgspec.json.encode(places).decode(),
    )


async def absent(connection: Connection, worker_id: UUID) -> None:
    """A worker takes nothing more; those that vanished an hour ago are forgotten with it."""
    await connection.execute(
        "delete from workers where id = $1 or seen_at < now() - interval '1 hour'", worker_id
    )


async def workers(connection: Connection, seen_within: float) -> int:
    """How many workers there are."""
    found: int = await connection.fetchval(
        "select count(*) from workers where seen_at > now() - make_interval(secs => $1)", seen_within
    )
    return found
