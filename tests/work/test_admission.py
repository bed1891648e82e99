"""Admission is fair and capped, by the workers that are there; what nobody works on is admitted again."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from tests.work.kinds import Blocking, kind_of

from leadline.accounts.service import organisation
from leadline.foundation import jobs
from leadline.foundation.database import Connection, Database
from leadline.foundation.ids import new_id
from leadline.work import service as work
from leadline.work.admission import AHEAD, Admission
from leadline.work.repository import absent, present
from leadline.work.service import MAX_ATTEMPTS, NewItem, WorkService


def admission_over(
    database: Database, *, organisation_cap: int | None = None, lane_cap: int | None = None
) -> Admission:
    kind = kind_of("thing")._replace(organisation_cap=organisation_cap, lane_cap=lane_cap)
    return Admission(database, [kind], patience=10)


async def a_worker(database: Database, places: int) -> UUID:
    """A worker that takes so many things at once that there is room for ``places``."""
    worker_id = new_id()
    await present(database, worker_id, {"thing": round(places / AHEAD)})
    return worker_id


async def added(database: Database, name: str, count: int, *, lane: str = "lane", delay: float = 0.0) -> UUID:
    """Work of the organisation of that name; its id."""
    org = await organisation(database, name)
    await work.add(database, [NewItem(new_id(), "thing", org, lane, delay) for _ in range(count)])
    return org


async def admitted(database: Database) -> Counter[UUID]:
    """How many items of each organisation are admitted."""
    rows = await database.fetch("select organisation_id from work_items where admitted_at is not null")
    return Counter(row["organisation_id"] for row in rows)


async def finish_some(database: Database, org: UUID, count: int) -> None:
    await database.execute(
        """
        delete from work_items where id in (
            select id from work_items where organisation_id = $1 and admitted_at is not null order by id limit $2)
        """,
        org,
        count,
    )


async def test_nothing_is_admitted_while_there_is_no_worker(database: Database) -> None:
    await added(database, "one", 3)
    assert await admission_over(database).admit() == 0
    worker = await a_worker(database, 10)
    assert await admission_over(database).admit() == 3
    await absent(database, worker)
    await added(database, "two", 3)
    assert await admission_over(database).admit() == 0


async def test_a_worker_that_is_not_seen_any_more_does_not_count(database: Database) -> None:
    await a_worker(database, 10)
    await added(database, "one", 3)
    await database.execute("update workers set seen_at = now() - interval '11 seconds'")
    assert await admission_over(database).admit() == 0


async def test_each_admitted_item_has_one_job(database: Database) -> None:
    await a_worker(database, 10)
    await added(database, "one", 4)
    assert await admission_over(database).admit() == 4
    assert await admission_over(database).admit() == 0
    ids = await database.fetch("select id::text from work_items")
    assert await jobs.live(database) == {row["id"] for row in ids}
    assert await database.fetchval("select count(*) from pgqueuer") == 4


async def test_organisations_take_turns(database: Database) -> None:
    await a_worker(database, 10)
    big = await added(database, "big", 50)
    small = [await added(database, f"small {number}", 2) for number in range(3)]
    await admission_over(database).admit()
    first = await admitted(database)
    assert first == {big: 4, **dict.fromkeys(small, 2)}
    await finish_some(database, big, 4)
    late = await added(database, "late", 9)
    await admission_over(database).admit()
    assert (await admitted(database)) == {big: 2, **dict.fromkeys(small, 2), late: 2}


async def test_who_has_least_in_work_is_first_in_the_queue(database: Database) -> None:
    await a_worker(database, 20)
    await added(database, "big", 12)
    await admission_over(database).admit()
    small = await added(database, "small", 1)
    await admission_over(database).admit()
    (signal_id,) = [
        row["id"]
        for row in await database.fetch("select id from work_items where organisation_id = $1", small)
    ]
    best = await database.fetch(
        "select convert_from(payload, 'UTF8') as id from pgqueuer order by priority desc, id limit 2"
    )
    assert str(signal_id) in {row["id"] for row in best}


async def test_no_organisation_gets_more_than_its_cap(database: Database) -> None:
    await a_worker(database, 20)
    org = await added(database, "big", 10)
    admission = admission_over(database, organisation_cap=3)
    assert [await admission.admit() for _ in range(2)] == [3, 0]
    await finish_some(database, org, 1)
    assert await admission.admit() == 1


async def test_a_busy_lane_does_not_keep_other_work_waiting(database: Database) -> None:
    await a_worker(database, 20)
    await added(database, "one", 10, lane="slow")
    org = await added(database, "two", 10)
    await database.execute(
        """
        update work_items set lane = 'slow' where id in (
            select id from work_items where organisation_id = $1 order by id limit 5)
        """,
        org,
    )
    await admission_over(database, lane_cap=4).admit()
    rows = await database.fetch("select lane from work_items where admitted_at is not null")
    assert Counter(row["lane"] for row in rows) == {"slow": 4, "lane": 4}, "four of each: the caps hold"
    slow = await database.fetch(
        "select organisation_id from work_items where admitted_at is not null and lane = 'slow'"
    )
    assert len({row["organisation_id"] for row in slow}) == 2, "the lane's places are shared out, too"


async def test_many_admissions_at_once_admit_each_item_once(database: Database) -> None:
    await a_worker(database, 30)
    await added(database, "one", 100)
    counts = await asyncio.gather(*(admission_over(database).admit() for _ in range(5)))
    assert sorted(counts) == [0, 0, 0, 0, 30]
    assert await database.fetchval("select count(*) from pgqueuer") == 30


async def test_an_item_that_two_processes_died_on_is_run_alone(database: Database) -> None:
    await a_worker(database, 10)
    await added(database, "one", 2)
    await database.execute(
        "update work_items set attempts = 2 where id = (select id from work_items limit 1)"
    )
    await admission_over(database).admit()
    tasks = [row["entrypoint"] for row in await database.fetch("select entrypoint from pgqueuer")]
    assert sorted(tasks) == ["thing", "thing.alone"]


async def test_work_that_waits_for_its_time_is_not_admitted_before(database: Database) -> None:
    await a_worker(database, 10)
    await added(database, "one", 2, delay=3600)
    await added(database, "one", 1)
    assert await admission_over(database).admit() == 1
    await database.execute("update work_items set not_before = now() where not_before is not null")
    assert await admission_over(database).admit() == 2


async def test_each_kind_has_places_of_its_own(database: Database) -> None:
    org = await added(database, "one", 5)
    await work.add(database, [NewItem(new_id(), "other", org, "lane") for _ in range(5)])
    await present(database, new_id(), {"thing": 1, "other": 2})
    assert await Admission(database, [kind_of("thing"), kind_of("other")], patience=10).admit() == 6
    rows = await database.fetch("select kind from work_items where admitted_at is not null")
    assert Counter(row["kind"] for row in rows) == {"thing": 2, "other": 4}


async def test_twenty_thousand_of_one_organisation_do_not_delay_anothers_one(database: Database) -> None:
    await a_worker(database, 10)
    big = await added(database, "big", 20_000)
    admission = admission_over(database)
    await admission.admit()
    small = await added(database, "small", 1)
    await finish_some(database, big, 1)
    await admission.admit()
    assert (await admitted(database))[small] == 1, "the first place that became free is its"


async def test_work_whose_row_somebody_holds_holds_up_no_other(database: Database) -> None:
    await a_worker(database, 10)
    await added(database, "one", 6)
    admission = admission_over(database)
    ids = [row["id"] for row in await database.fetch("select id from work_items order by id")]
    for place, state in enumerate(
        [
            "not_before = now()",
            "not_before = null",
            "admitted_at = now(), lease_until = now() - interval '1 hour'",
        ]
    ):
        pair = ids[2 * place : 2 * place + 2]
        await database.execute(f"update work_items set {state} where id = any($1::uuid[])", pair)
    async with database.transaction() as frozen, asyncio.timeout(10):
        await frozen.execute("select from work_items where id = any($1::uuid[]) for update", ids[::2])
        assert await admission.sweep() == [ids[5]]
        await admission.admit()
        rows = await database.fetch(
            "select id from work_items where admitted_at > now() - interval '1 minute'"
        )
        assert {row["id"] for row in rows} - {ids[4]} == {ids[1], ids[3], ids[5]}


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


# ------------------------------------------------------------------ the sweeper


async def test_an_item_whose_lease_ran_out_is_admitted_again(database: Database) -> None:
    await a_worker(database, 10)
    blocking = Blocking()
    service = WorkService(database, [kind_of("thing", blocking)], lease=0.2, heartbeat=60.0)
    await added(database, "one", 1)
    await service.admission.admit()
    (item_id,) = [row["id"] for row in await database.fetch("select id from work_items")]
    hanging = asyncio.create_task(service.run(item_id))  # its process gives no sign of life
    await blocking.begun.wait()
    while not (swept := await service.admission.sweep()):
        await asyncio.sleep(0.02)
    assert swept == [item_id]
    assert await service.admission.admit() == 1
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_an_item_at_work_is_left_alone(database: Database) -> None:
    await a_worker(database, 10)
    blocking = Blocking()
    service = WorkService(database, [kind_of("thing", blocking)])
    await added(database, "one", 1)
    await service.admission.admit()
    running = asyncio.create_task(service.run(await database.fetchval("select id from work_items")))
    await blocking.begun.wait()
    await database.execute("update work_items set admitted_at = now() - interval '1 hour'")
    await database.execute("delete from pgqueuer")
    assert await service.admission.sweep() == []
    blocking.go.set()
    assert await running


async def test_an_item_whose_job_got_lost_is_admitted_again(database: Database) -> None:
    await a_worker(database, 10)
    await added(database, "one", 1)
    admission = admission_over(database)
    await admission.admit()
    await database.execute("delete from pgqueuer")  # as a crash of the server does: the table is unlogged
    assert await admission.sweep() == [], "its worker may be about to begin"
    await database.execute("update work_items set admitted_at = now() - interval '11 seconds'")
    assert len(await admission.sweep()) == 1
    assert await admission.admit() == 1


async def test_an_item_that_waits_in_the_queue_is_left_alone(database: Database) -> None:
    await a_worker(database, 10)
    await added(database, "one", 1)
    admission = admission_over(database)
    await admission.admit()
    await database.execute("update work_items set admitted_at = now() - interval '1 hour'")
    assert await admission.sweep() == []


async def test_work_begun_in_line_is_taken_over_when_its_process_died(database: Database) -> None:
    org = await organisation(database, "one")
    await work.add(database, [NewItem(new_id(), "thing", org, "lane", admitted=True)])  # and here it dies
    await a_worker(database, 10)
    admission = admission_over(database)
    assert await admission.admit() == 0
    await database.execute("update work_items set admitted_at = now() - interval '11 seconds'")
    await admission.sweep()
    assert await admission.admit() == 1


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


async def test_added_work_is_admitted_soon_without_waiting_for_the_tick(database: Database) -> None:
    await a_worker(database, 10)
    admission = admission_over(database)
    async with admission.running():
        await added(database, "one", 1)
        admission.poke()
        while not await admitted(database):
            await asyncio.sleep(0.01)
