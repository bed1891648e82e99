"""Admission is fair and capped, by the workers that are there; what nobody works on is admitted again."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from tests.signals.test_service import ASK, BlockingReader, make_service

from leadline.accounts.service import default_organisation, organisation
from leadline.foundation import jobs
from leadline.foundation.database import Database
from leadline.foundation.ids import new_id
from leadline.signals.admission import AHEAD, ANSWER_ALONE, Admission, Caps, absent, present
from leadline.signals.schemas import SignalRequest
from leadline.signals.service import MAX_ATTEMPTS


def admission_over(database: Database, caps: Caps | None = None) -> Admission:
    return Admission(database, caps, patience=10)


async def a_worker(database: Database, places: int) -> UUID:
    """A worker that takes so many signals at once that there is room for ``places``."""
    worker_id = new_id()
    await present(database, worker_id, round(places / AHEAD))
    return worker_id


async def accepted(database: Database, name: str, count: int, *, reader: str = "extractive") -> UUID:
    """Signals of the organisation of that name; its id."""
    org = await organisation(database, name)
    requests = [SignalRequest(domain="acme.com", question=f"Do they sell product {n}?") for n in range(count)]
    taken = await make_service(database).accept_many(org, requests)
    assert {one.how for one in taken} == {"new"}
    await database.execute("update signals set reader = $2 where organisation_id = $1", org, reader)
    return org


async def admitted(database: Database) -> Counter[UUID]:
    """How many signals of each organisation are admitted."""
    rows = await database.fetch(
        "select organisation_id from signals where status = 'processing' and admitted_at is not null"
    )
    return Counter(row["organisation_id"] for row in rows)


async def finish_some(database: Database, org: UUID, count: int) -> None:
    await database.execute(
        """
        update signals set status = 'completed', completed_at = now() where id in (
            select id from signals where organisation_id = $1 and status = 'processing'
              and admitted_at is not null order by id limit $2)
        """,
        org,
        count,
    )


async def test_nothing_is_admitted_while_there_is_no_worker(database: Database) -> None:
    await accepted(database, "one", 3)
    assert await admission_over(database).admit() == 0
    worker = await a_worker(database, 10)
    assert await admission_over(database).admit() == 3
    await absent(database, worker)
    await accepted(database, "two", 3)
    assert await admission_over(database).admit() == 0


async def test_a_worker_that_is_not_seen_any_more_does_not_count(database: Database) -> None:
    await a_worker(database, 10)
    await accepted(database, "one", 3)
    await database.execute("update workers set seen_at = now() - interval '11 seconds'")
    assert await admission_over(database).admit() == 0


async def test_each_admitted_signal_has_one_job(database: Database) -> None:
    await a_worker(database, 10)
    await accepted(database, "one", 4)
    assert await admission_over(database).admit() == 4
    assert await admission_over(database).admit() == 0
    ids = await database.fetch("select id::text from signals")
    assert await jobs.live(database) == {row["id"] for row in ids}
    assert await database.fetchval("select count(*) from pgqueuer") == 4


async def test_organisations_take_turns(database: Database) -> None:
    await a_worker(database, 10)
    big = await accepted(database, "big", 50)
    small = [await accepted(database, f"small {number}", 2) for number in range(3)]
    await admission_over(database).admit()
    first = await admitted(database)
    assert first == {big: 4, **dict.fromkeys(small, 2)}
    await finish_some(database, big, 4)
    late = await accepted(database, "late", 9)
    await admission_over(database).admit()
    assert (await admitted(database)) == {big: 2, **dict.fromkeys(small, 2), late: 2}


async def test_who_has_least_in_work_is_first_in_the_queue(database: Database) -> None:
    await a_worker(database, 20)
    await accepted(database, "big", 12)
    await admission_over(database).admit()
    small = await accepted(database, "small", 1)
    await admission_over(database).admit()
    (signal_id,) = [
        row["id"] for row in await database.fetch("select id from signals where organisation_id = $1", small)
    ]
    best = await database.fetch(
        "select convert_from(payload, 'UTF8') as id from pgqueuer order by priority desc, id limit 2"
    )
    assert str(signal_id) in {row["id"] for row in best}


async def test_no_organisation_gets_more_than_its_cap(database: Database) -> None:
    await a_worker(database, 20)
    org = await accepted(database, "big", 10)
    admission = admission_over(database, Caps(organisation=3))
    assert [await admission.admit() for _ in range(2)] == [3, 0]
    await finish_some(database, org, 1)
    assert await admission.admit() == 1


async def test_a_busy_reader_does_not_keep_other_questions_waiting(database: Database) -> None:
    await a_worker(database, 20)
    await accepted(database, "one", 10, reader="model:slow")
    org = await accepted(database, "two", 10)
    await database.execute(
        """
        update signals set reader = 'model:slow' where id in (
            select id from signals where organisation_id = $1 order by id limit 5)
        """,
        org,
    )
    await admission_over(database, Caps(reader=4)).admit()
    rows = await database.fetch("select reader from signals where admitted_at is not null")
    assert Counter(row["reader"] for row in rows) == {"model:slow": 4, "extractive": 4}, (
        "four of each: the caps hold"
    )
    slow = await database.fetch(
        "select organisation_id from signals where admitted_at is not null and reader = 'model:slow'"
    )
    assert len({row["organisation_id"] for row in slow}) == 2, "the reader's places are shared out, too"


async def test_many_admissions_at_once_admit_each_signal_once(database: Database) -> None:
    await a_worker(database, 30)
    await accepted(database, "one", 100)
    counts = await asyncio.gather(*(admission_over(database).admit() for _ in range(5)))
    assert sorted(counts) == [0, 0, 0, 0, 30]
    assert await database.fetchval("select count(*) from pgqueuer") == 30


async def test_a_signal_that_two_processes_died_on_is_run_alone(database: Database) -> None:
    await a_worker(database, 10)
    await accepted(database, "one", 2)
    await database.execute("update signals set attempts = 2 where id = (select id from signals limit 1)")
    await admission_over(database).admit()
    tasks = [row["entrypoint"] for row in await database.fetch("select entrypoint from pgqueuer")]
    assert sorted(tasks) == sorted(["answer_signal", ANSWER_ALONE])


# ------------------------------------------------------------------ the sweeper


async def test_a_signal_whose_lease_ran_out_is_admitted_again(database: Database) -> None:
    await a_worker(database, 10)
    org = await default_organisation(database)
    reader = BlockingReader()
    service = make_service(database, reader=reader, lease=0.2, heartbeat=60.0)
    row, _ = await service.accept(org, ASK)
    admission = admission_over(database)
    await admission.admit()
    hanging = asyncio.create_task(service.run(UUID(row.signal.id)))  # its process gives no sign of life
    await reader.reading.wait()
    while not (swept := await admission.sweep()):
        await asyncio.sleep(0.02)
    assert swept == [UUID(row.signal.id)]
    assert await admission.admit() == 1
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_a_signal_at_work_is_left_alone(database: Database) -> None:
    await a_worker(database, 10)
    org = await default_organisation(database)
    reader = BlockingReader()
    service = make_service(database, reader=reader)
    row, _ = await service.accept(org, ASK)
    await admission_over(database).admit()
    running = asyncio.create_task(service.run(UUID(row.signal.id)))
    await reader.reading.wait()
    await database.execute("update signals set admitted_at = now() - interval '1 hour'")
    await database.execute("delete from pgqueuer")
    assert await admission_over(database).sweep() == []
    reader.go.set()
    assert await running


async def test_a_signal_whose_job_got_lost_is_admitted_again(database: Database) -> None:
    await a_worker(database, 10)
    await accepted(database, "one", 1)
    admission = admission_over(database)
    await admission.admit()
    await database.execute("delete from pgqueuer")  # as a crash of the server does: the table is unlogged
    assert await admission.sweep() == [], "its worker may be about to begin"
    await database.execute("update signals set admitted_at = now() - interval '11 seconds'")
    assert len(await admission.sweep()) == 1
    assert await admission.admit() == 1


async def test_a_signal_that_waits_in_the_queue_is_left_alone(database: Database) -> None:
    await a_worker(database, 10)
    await accepted(database, "one", 1)
    admission = admission_over(database)
    await admission.admit()
    await database.execute("update signals set admitted_at = now() - interval '1 hour'")
    assert await admission.sweep() == []


async def test_a_question_asked_in_line_is_taken_over_when_its_process_died(database: Database) -> None:
    org = await default_organisation(database)
    await make_service(database).accept(org, ASK, inline=True)  # and here its process dies
    await a_worker(database, 10)
    admission = admission_over(database)
    assert await admission.admit() == 0
    await database.execute("update signals set admitted_at = now() - interval '11 seconds'")
    await admission.sweep()
    assert await admission.admit() == 1


async def test_an_orderly_end_costs_no_attempt(database: Database) -> None:
    org = await default_organisation(database)
    reader = BlockingReader()
    service = make_service(database, reader=reader)
    row, _ = await service.accept(org, ASK)
    for _ in range(MAX_ATTEMPTS + 1):
        reader.reading.clear()
        running = asyncio.create_task(service.run(UUID(row.signal.id)))
        await reader.reading.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    reader.go.set()
    assert (await service.ask(org, ASK)).status == "completed"


async def test_accepting_admits_soon_without_waiting_for_the_tick(database: Database) -> None:
    await a_worker(database, 10)
    admission = admission_over(database)
    org = await default_organisation(database)
    async with admission.running():
        await make_service(database, due=admission.poke).accept(org, ASK)
        while not await admitted(database):
            await asyncio.sleep(0.01)
