"""Whose work is begun next is fair and capped; what a dead process left is begun again; nobody waits for a row."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from tests.work.kinds import Blocking, Quick, kind_of

from leadline.accounts.service import organisation
from leadline.foundation.database import Connection, Database
from leadline.foundation.ids import new_id
from leadline.work import service as work
from leadline.work.admission import Admission
from leadline.work.model import Again, Done, Lease, WorkItem
from leadline.work.repository import SUSPECT_AFTER, workers
from leadline.work.service import MAX_ATTEMPTS, NewItem, WorkService


def admission_over(
    database: Database, *, organisation_cap: int | None = None, lane_cap: int | None = None
) -> Admission:
    kind = kind_of("thing")._replace(organisation_cap=organisation_cap, lane_cap=lane_cap)
    return Admission(database, [kind], lease=10)


async def take(admission: Admission, places: int) -> list[Lease]:
    return await admission.take({"thing": places}, suspects=True)


async def added(database: Database, name: str, count: int, *, lane: str = "lane", delay: float = 0.0) -> UUID:
    """Work of the organisation of that name; its id."""
    org = await organisation(database, name)
    await work.add(database, [NewItem(new_id(), "thing", org, lane, delay) for _ in range(count)])
    return org


def by_organisation(leases: list[Lease]) -> Counter[UUID]:
    return Counter(lease.item.organisation_id for lease in leases)


async def finish(database: Database, *leases: Lease) -> None:
    await work.drop(database, [lease.item.id for lease in leases])


async def test_as_much_is_begun_as_there_are_places_oldest_first(database: Database) -> None:
    await added(database, "one", 10)
    oldest = [row["id"] for row in await database.fetch("select id from work_items order by id limit 4")]
    leases = await take(admission_over(database), 4)
    assert sorted(lease.item.id for lease in leases) == oldest
    assert {lease.item.attempts for lease in leases} == {1}
    assert len({lease.holder for lease in leases}) == 4
    assert await database.fetchval("select count(*) from work_items where lease_until > now()") == 4
    assert await take(admission_over(database), 0) == []


async def test_organisations_take_turns(database: Database) -> None:
    big = await added(database, "big", 50)
    small = [await added(database, f"small {number}", 2) for number in range(3)]
    admission = admission_over(database)
    first = await take(admission, 10)
    assert by_organisation(first) == {big: 4, **dict.fromkeys(small, 2)}
    await finish(database, *(lease for lease in first if lease.item.organisation_id == big))
    late = await added(database, "late", 9)
    assert by_organisation(await take(admission, 4)) == {late: 2, big: 2}


async def test_who_has_least_in_work_is_next(database: Database) -> None:
    await added(database, "big", 12)
    admission = admission_over(database)
    await take(admission, 5)
    small = await added(database, "small", 1)
    assert by_organisation(await take(admission, 1)) == {small: 1}


async def test_with_a_single_place_organisations_take_turns_too(database: Database) -> None:
    """Nobody has anything in work when the place becomes free, and the big one's items are the oldest."""
    big = await added(database, "big", 20)
    small = await added(database, "small", 20)
    admission, turns = admission_over(database), []
    for _ in range(6):
        (lease,) = await take(admission, 1)
        turns.append(lease.item.organisation_id)
        await finish(database, lease)
    assert Counter(turns) == {big: 3, small: 3}
    late = await added(database, "late", 1)
    (lease,) = await take(admission, 1)
    assert lease.item.organisation_id == late


async def test_no_organisation_gets_more_than_its_cap(database: Database) -> None:
    await added(database, "big", 10)
    admission = admission_over(database, organisation_cap=3)
    first = await take(admission, 20)
    assert [len(first), len(await take(admission, 20))] == [3, 0]
    await finish(database, first[0])
    assert len(await take(admission, 20)) == 1


async def test_a_busy_lane_does_not_keep_other_work_waiting(database: Database) -> None:
    await added(database, "one", 10, lane="slow")
    await added(database, "two", 5, lane="slow")
    await added(database, "two", 5)
    admission = admission_over(database, lane_cap=4)
    leases = await take(admission, 20)
    assert Counter(lease.item.lane for lease in leases) == {"slow": 4, "lane": 4}, "the caps hold"
    slow = [lease for lease in leases if lease.item.lane == "slow"]
    assert len(by_organisation(slow)) == 2, "the lane's places are shared out, too"
    assert await take(admission, 20) == []


@pytest.mark.parametrize("lane_cap", [None, 25])
async def test_many_at_once_begin_each_item_once_and_keep_the_cap(
    database: Database, lane_cap: int | None
) -> None:
    await added(database, "one", 60)
    ids: list[UUID] = []
    # What another takes at this moment is passed over, so one round may leave something.
    while any(
        taken := await asyncio.gather(
            *(take(admission_over(database, lane_cap=lane_cap), 10) for _ in range(5))
        )
    ):
        ids += [lease.item.id for leases in taken for lease in leases]
    assert len(ids) == len(set(ids)) == (lane_cap or 60)


async def test_work_that_waits_for_its_time_is_not_begun_before(database: Database) -> None:
    await added(database, "one", 2, delay=3600)
    await added(database, "one", 1)
    admission = admission_over(database)
    assert len(await take(admission, 10)) == 1
    await database.execute("update work_items set not_before = now() where not_before is not null")
    await admission.tend()
    assert len(await take(admission, 10)) == 2


async def test_each_kind_has_places_of_its_own(database: Database) -> None:
    org = await added(database, "one", 5)
    await work.add(database, [NewItem(new_id(), "other", org, "lane") for _ in range(5)])
    admission = Admission(database, [kind_of("thing"), kind_of("other")], lease=10)
    leases = await admission.take({"thing": 2, "other": 4}, suspects=True)
    assert Counter(lease.item.kind for lease in leases) == {"thing": 2, "other": 4}


async def test_items_that_processes_died_on_are_begun_one_at_a_time(database: Database) -> None:
    await added(database, "one", 3)
    await database.execute("update work_items set attempts = $1", SUSPECT_AFTER)
    await added(database, "two", 1)
    admission = admission_over(database)
    leases = await take(admission, 10)
    assert sorted(lease.item.attempts for lease in leases) == [1, SUSPECT_AFTER + 1]
    assert await admission.take({"thing": 10}, suspects=False) == []


async def test_of_those_that_processes_died_on_who_was_tried_least_is_next(database: Database) -> None:
    await added(database, "one", 2)
    first, second = [row["id"] for row in await database.fetch("select id from work_items order by id")]
    await database.execute("update work_items set attempts = 4 where id = $1", first)
    await database.execute("update work_items set attempts = 2 where id = $1", second)
    (lease,) = await take(admission_over(database), 10)
    assert lease.item.id == second


class Slow(Quick):
    async def run(self, item: WorkItem) -> Done | Again:
        self.begun_items.append(item)
        await asyncio.sleep(0.02)
        return self.done(item)


async def test_twenty_thousand_of_one_organisation_do_not_delay_anothers_one(database: Database) -> None:
    slow, stop = Slow(), asyncio.Event()
    big = await added(database, "big", 20_000)
    service = WorkService(database, [kind_of("thing", slow)])
    working = asyncio.create_task(service.work(stop, concurrency=4, grace=5))
    while len(slow.ended) < 8:
        await asyncio.sleep(0.01)
    for number in range(5):
        begun = len(slow.begun_items)
        small = await added(database, f"small {number}", 1)
        service.poke()
        while small not in {item.organisation_id for item in slow.begun_items}:
            await asyncio.sleep(0.01)
        since = [item.organisation_id for item in slow.begun_items[begun:]]
        # Those begun while it was being added, and those of the look that was under way: it waits for no other.
        assert since.index(small) <= 12
    stop.set()
    await working
    assert Counter(item.organisation_id for item in slow.begun_items)[big] > 8


async def test_work_whose_row_somebody_holds_holds_up_no_other(database: Database) -> None:
    await added(database, "one", 6)
    admission = admission_over(database)
    ids = [row["id"] for row in await database.fetch("select id from work_items order by id")]
    for place, state in enumerate(
        [
            "not_before = now()",
            "not_before = null",
            "lease_holder = gen_random_uuid(), lease_until = now() - interval '1 hour'",
        ]
    ):
        pair = ids[2 * place : 2 * place + 2]
        await database.execute(f"update work_items set {state} where id = any($1::uuid[])", pair)
    async with database.transaction() as frozen, asyncio.timeout(10):
        await frozen.execute("select from work_items where id = any($1::uuid[]) for update", ids[::2])
        assert await admission.tend()
        assert {lease.item.id for lease in await take(admission, 10)} == {ids[1], ids[3], ids[5]}


async def test_a_closing_transaction_that_waits_lets_no_other_lease_lapse(database: Database) -> None:
    """All leases of a process are extended together: the row that its own transaction holds is passed over."""
    waits = asyncio.Event()
    holds = asyncio.Event()

    class Waiting(Quick):
        def done(self, item: WorkItem) -> Done:
            async def close(_: Connection) -> None:
                holds.set()
                await waits.wait()

            return Done(close)

    blocking = Blocking()
    service = WorkService(
        database, [kind_of("thing", blocking), kind_of("other", Waiting())], lease=60, heartbeat=0.05
    )
    org = await added(database, "one", 1)
    thing, other = await database.fetchval("select id from work_items"), new_id()
    await work.add(database, [NewItem(other, "other", org, "lane")])
    both = asyncio.gather(service.run(thing), service.run(other))
    await holds.wait()
    until = await database.fetchval("select lease_until from work_items where id = $1", thing)
    async with asyncio.timeout(10):
        while not await database.fetchval(
            "select lease_until > $1 from work_items where id = $2", until, thing
        ):
            await asyncio.sleep(0.02)
    waits.set()
    blocking.go.set()
    assert await both == [True, True], "and neither took its lease for lost"


async def test_two_that_wait_for_each_other_are_no_failure_of_either(database: Database) -> None:
    await added(database, "one", 2)
    first, second = [row["id"] for row in await database.fetch("select id from work_items")]
    both_hold = asyncio.Barrier(2)
    tries = 0

    async def lock(connection: Connection, mine: UUID, other: UUID) -> None:
        nonlocal tries
        tries += 1
        await connection.execute("select from work_items where id = $1 for update", mine)
        if tries <= 2:
            await both_hold.wait()
        await connection.execute("select from work_items where id = $1 for update", other)

    await asyncio.gather(
        work.in_transaction(database, lambda connection: lock(connection, first, second)),
        work.in_transaction(database, lambda connection: lock(connection, second, first)),
    )
    assert tries == 3, "one had to give way, and began anew"


# ------------------------------------------------------------------ what a dead process left


async def test_an_item_whose_lease_ran_out_is_begun_again(database: Database) -> None:
    blocking = Blocking()
    service = WorkService(database, [kind_of("thing", blocking)], lease=0.2, heartbeat=60.0)
    await added(database, "one", 1)
    (item_id,) = [row["id"] for row in await database.fetch("select id from work_items")]
    hanging = asyncio.create_task(service.run(item_id))  # its process gives no sign of life
    await blocking.begun.wait()
    while not await service.admission.tend():
        await asyncio.sleep(0.02)
    (lease,) = await take(service.admission, 10)
    assert (lease.item.id, lease.item.attempts) == (item_id, 2)
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_an_item_at_work_is_left_alone(database: Database) -> None:
    blocking = Blocking()
    service = WorkService(database, [kind_of("thing", blocking)])
    await added(database, "one", 1)
    running = asyncio.create_task(service.run(await database.fetchval("select id from work_items")))
    await blocking.begun.wait()
    assert not await service.admission.tend()
    assert await take(service.admission, 10) == []
    blocking.go.set()
    assert await running


async def test_work_begun_in_line_is_taken_over_when_its_process_died(database: Database) -> None:
    await added(database, "one", 1, delay=10)  # kept for itself by who added it; and here it dies
    admission = admission_over(database)
    await admission.tend()
    assert await take(admission, 10) == []
    await database.execute("update work_items set not_before = now()")
    await admission.tend()
    assert len(await take(admission, 10)) == 1


async def test_who_added_work_for_itself_begins_it_at_once(database: Database) -> None:
    quick = Quick()
    service = WorkService(database, [kind_of("thing", quick)])
    await added(database, "one", 1, delay=10)
    item_id = await database.fetchval("select id from work_items")
    assert not await service.run(item_id)
    assert await service.run(item_id, early=True)
    assert quick.ended == [item_id]


async def test_an_orderly_end_costs_no_attempt(database: Database) -> None:
    blocking = Blocking()
    service = WorkService(database, [kind_of("thing", blocking)])
    await added(database, "one", 1)
    item_id = await database.fetchval("select id from work_items")
    for _ in range(MAX_ATTEMPTS + 1):
        blocking.begun.clear()
        running = asyncio.create_task(service.run(item_id))
        await blocking.begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    blocking.go.set()
    assert await service.run(item_id)
    assert blocking.ended == [item_id]


# ------------------------------------------------------------------ the worker


async def test_another_process_is_told_of_added_work_at_once(database: Database) -> None:
    quick, stop = Quick(), asyncio.Event()
    there = WorkService(database, [kind_of("thing", quick)])
    here = WorkService(database, [kind_of("thing")])
    working = asyncio.create_task(there.work(stop, concurrency=2, grace=5))
    while not await workers(database, 10):
        await asyncio.sleep(0.01)
    async with here.telling():
        for number in range(4):  # with a second between two looks at least one would come late
            began = asyncio.get_running_loop().time()
            await added(database, f"one {number}", 1)
            here.poke()
            while len(quick.ended) <= number:
                await asyncio.sleep(0.005)
            waited = asyncio.get_running_loop().time() - began
            if number:
                assert waited < 0.9
    stop.set()
    await working
    assert await workers(database, 10) == 0


async def test_a_stopped_worker_gives_back_what_does_not_end_in_time(database: Database) -> None:
    blocking, stop = Blocking(), asyncio.Event()
    service = WorkService(database, [kind_of("thing", blocking)])
    await added(database, "one", 5)
    working = asyncio.create_task(service.work(stop, concurrency=3, grace=0.05))
    await blocking.begun.wait()
    stop.set()
    await working
    rows = await database.fetch("select attempts, lease_holder from work_items")
    assert [tuple(row) for row in rows] == [(0, None)] * 5
