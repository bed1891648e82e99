"""SQL of open work and of the workers that are there. All times are the database's."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection
from leadline.work.model import NewItem, WorkItem

_ITEM = "id, kind, organisation_id, lane, attempts, failures"


async def add(connection: Connection, items: Sequence[NewItem]) -> None:
    """Store work. Work that is open already stays as it is."""
    first = items[0]
    if all(item[1:] == first[1:] for item in items):  # one kind, owner and lane: fewer arrays to send
        await connection.execute(
            """
            insert into work_items (id, kind, organisation_id, lane, not_before, admitted_at)
            select given.id, $2, $3, $4, case when $5::float8 > 0 then now() + make_interval(secs => $5) end,
                   case when $6::boolean then now() end
            from unnest($1::uuid[]) as given (id) on conflict do nothing
            """,
            [item.id for item in items],
            *first[1:],
        )
        return
    await connection.execute(
        """
        insert into work_items (id, kind, organisation_id, lane, not_before, admitted_at)
        select id, kind, organisation_id, lane,
               case when delay > 0 then now() + make_interval(secs => delay) end, case when admitted then now() end
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::float8[], $6::boolean[])
             as given (id, kind, organisation_id, lane, delay, admitted)
        on conflict do nothing
        """,
        *(list(column) for column in zip(*items, strict=True)),
    )


# ------------------------------------------------------------------ the lease


async def lease(connection: Connection, item_id: UUID, holder: UUID, seconds: float) -> WorkItem | None:
    """Take the right to do it, and count the attempt; None while somebody else has it, or when it is over.

    A holder that asks again, because it did not hear the answer, is counted once.
    """
    row = await connection.fetchrow(
        f"""
        update work_items set
            attempts = attempts + (lease_holder is distinct from $2)::integer,
            lease_holder = $2, lease_until = now() + make_interval(secs => $3),
            admitted_at = coalesce(admitted_at, now()), not_before = null
        where id = $1 and (not_before is null or not_before <= now())
          and (lease_until is null or lease_until < now() or lease_holder = $2)
        returning {_ITEM}
        """,  # noqa: S608
        item_id,
        holder,
        seconds,
    )
    return WorkItem(*row) if row is not None else None


async def extend(connection: Connection, item_id: UUID, holder: UUID, seconds: float) -> bool:
    """Keep the lease; False when it was lost."""
    found = await connection.fetchval(
        """
        update work_items set lease_until = now() + make_interval(secs => $3)
        where id = $1 and lease_holder = $2 returning true
        """,
        item_id,
        holder,
        seconds,
    )
    return found is not None


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
        update work_items set lease_holder = null, lease_until = null, admitted_at = null,
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
        update work_items set lease_holder = null, lease_until = null, admitted_at = null,
                              not_before = case when $3::float8 > 0 then now() + make_interval(secs => $3) end,
                              attempts = greatest(0, attempts - 1)
        where id = $1 and lease_holder = $2
        """,
        item_id,
        holder,
        pause,
    )


async def hand_back(connection: Connection, item_id: UUID) -> None:
    """Make an admitted item due again that nobody has begun."""
    await connection.execute(
        "update work_items set admitted_at = null where id = $1 and lease_holder is null", item_id
    )


async def due_now(connection: Connection, item_ids: Sequence[UUID]) -> None:
    """Work that waits for its time, or that nobody has begun, is to be done as soon as there is room."""
    await connection.execute(
        "update work_items set not_before = null where id = any($1::uuid[]) and not_before is not null",
        list(item_ids),
    )


async def drop(connection: Connection, item_ids: Sequence[UUID]) -> None:
    """Forget work whose reason has gone, whoever is at it."""
    await connection.execute("delete from work_items where id = any($1::uuid[])", list(item_ids))


async def is_open(connection: Connection, item_id: UUID) -> bool:
    found = await connection.fetchval("select true from work_items where id = $1", item_id)
    return found is not None


# ------------------------------------------------------------------ admission

# Rows that somebody holds are passed over, not waited for: a frozen process must not hold up admission.
_WAKE = """
update work_items set not_before = null where id in (
    select id from work_items where not_before <= now() for update skip locked)
"""

# Pairs of organisation and lane with something due are found by skipping through the index, then the oldest of
# each, then every organisation's and every lane's in their order. A limit of 0 ends it at once.
_ADMIT = """
with recursive pairs as (
    (select organisation_id, lane from work_items
     where kind = $1 and admitted_at is null and not_before is null
     order by organisation_id, lane limit 1)
    union all
    select following.* from pairs p cross join lateral (
        select w.organisation_id, w.lane from work_items w
        where w.kind = $1 and w.admitted_at is null and w.not_before is null
          and (w.organisation_id, w.lane) > (p.organisation_id, p.lane)
        order by w.organisation_id, w.lane limit 1) following
), in_work as materialized (
    select organisation_id, lane, count(*) as items from work_items
    where kind = $1 and admitted_at is not null group by 1, 2
), room as materialized (
    select greatest(0, $2::integer - (select coalesce(sum(items), 0) from in_work))::integer as places
), oldest as (
    select pairs.organisation_id, pairs.lane, due.id from pairs cross join lateral (
        select w.id from work_items w
        where w.kind = $1 and w.admitted_at is null and w.not_before is null
          and w.organisation_id = pairs.organisation_id and w.lane = pairs.lane
        order by w.id limit (select places from room)) due
), by_organisation as (
    select o.id, o.lane,
           row_number() over (partition by o.organisation_id order by o.id)
           + coalesce((select sum(items) from in_work w where w.organisation_id = o.organisation_id), 0)
             as turn
    from oldest o
), by_lane as (
    select o.id, o.turn,
           row_number() over (partition by o.lane order by o.turn, o.id)
           + coalesce((select sum(items) from in_work w where w.lane = o.lane), 0) as use
    from by_organisation o
    where $3::integer is null or o.turn <= $3
), chosen as materialized (
    select id, turn from by_lane where $4::integer is null or use <= $4
    order by turn, id limit (select places from room)
), held as (
    select w.id, chosen.turn from chosen join work_items w on w.id = chosen.id
    where w.admitted_at is null for update of w skip locked
)
update work_items w set admitted_at = now() from held where w.id = held.id
returning w.id, w.attempts, held.turn
"""

# A lease that ran out is a process that died. Without a lease, the time since admission is what the job and its
# worker had to begin in; a job that waits in a long queue is no lost one.
_SWEEP = """
update work_items set admitted_at = null, lease_holder = null, lease_until = null
where id in (
    select id from work_items
    where admitted_at is not null
      and case when lease_until is not null then lease_until < now()
               else admitted_at < now() - make_interval(secs => $1) and not (id = any ($2::uuid[])) end
    for update skip locked)
returning id
"""


async def wake(connection: Connection) -> None:
    """What waited for its time and has reached it is due."""
    await connection.execute(_WAKE)


async def admit(
    connection: Connection, kind: str, places: int, organisation_cap: int | None, lane_cap: int | None
) -> list[Any]:
    """Mark what may be put into the queue now, so that at most ``places`` of the kind are there or in work."""
    rows = await connection.fetch(_ADMIT, kind, places, organisation_cap, lane_cap)
    return sorted(rows, key=lambda row: (row["turn"], row["id"]))


async def sweep(connection: Connection, patience: float, queued: Sequence[UUID]) -> list[UUID]:
    """Make due again what was admitted and is worked on by nobody; returns which."""
    rows = await connection.fetch(_SWEEP, patience, list(queued))
    return [row["id"] for row in rows]


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


async def places(connection: Connection, seen_within: float) -> dict[str, int]:
    """How many of each kind the workers that are there do at once."""
    rows = await connection.fetch(
        """
        select each.key as kind, sum(each.value::integer)::integer as places
        from workers cross join jsonb_each_text(places) as each
        where seen_at > now() - make_interval(secs => $1) group by 1
        """,
        seen_within,
    )
    return {row["kind"]: row["places"] for row in rows}
