"""Work is ended once; what fails is counted, waits, and is given up visibly; a database that is away is no failure."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from tests.work.kinds import Blocking, Quick, kind_of

from leadline.accounts.service import organisation
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.ids import new_id
from leadline.work import service as work
from leadline.work.model import Again, Done, GivenUp, Reason, WorkItem
from leadline.work.service import MAX_ATTEMPTS, MAX_FAILURES, NewItem, WorkService


async def an_item(database: Database) -> UUID:
    item_id = new_id()
    org = await organisation(database, "org")
    await work.add(database, [NewItem(item_id, "thing", org, "lane")])
    return item_id


async def due(database: Database) -> None:
    """The time that work waits for has come."""
    await database.execute("update work_items set not_before = now()")


class PanicError(BaseException):
    """As native code raises that panics: nothing that ``except Exception`` would see."""


class Failing(Quick):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    async def run(self, item: WorkItem) -> Done | Again:
        self.begun_items.append(item)
        raise self.error


class FailingToClose(Quick):
    def done(self, item: WorkItem) -> Done:
        async def close(connection: Connection) -> None:
            self.ended.append(item.id)
            await connection.execute("select 1 / 0")

        return Done(close)


class Repeating(Quick):
    async def run(self, item: WorkItem) -> Done | Again:
        return Again(3600.0, self.done(item).close)


@pytest.mark.parametrize("failing", [Failing(ZeroDivisionError("oh")), FailingToClose()])
async def test_work_that_raises_waits_and_is_given_up_after_three(database: Database, failing: Quick) -> None:
    service = WorkService(database, [kind_of("thing", failing)])
    item_id = await an_item(database)
    for failure in range(1, MAX_FAILURES):
        assert await service.run(item_id)
        row = await database.fetchrow(
            "select failures, attempts, extract(epoch from not_before - now())::float8 as pause from work_items"
        )
        assert (row["failures"], row["attempts"]) == (failure, 0)
        assert 0.5 * 2**failure < row["pause"] < 1.5 * 2**failure
        assert not await service.run(item_id), "it waits"
        await due(database)
    assert await service.run(item_id)
    ((given_up, why),) = failing.given_up
    assert (given_up, why.reason, why.times) == (item_id, Reason.FAILED, MAX_FAILURES)
    assert "ivision" in why.detail
    assert await database.fetchval("select count(*) from work_items") == 0


@pytest.mark.parametrize(
    "error", [PanicError("native"), asyncio.CancelledError("by itself"), SystemExit(3)], ids=repr
)
async def test_work_that_ends_itself_in_another_way_is_given_up_too(
    database: Database, error: BaseException
) -> None:
    failing = Failing(error)
    service = WorkService(database, [kind_of("thing", failing)])
    item_id = await an_item(database)
    for failure in range(1, MAX_FAILURES):
        assert await service.run(item_id)
        assert await database.fetchval("select failures from work_items") == failure
        assert not await service.run(item_id), "it waits"
        await due(database)
    assert await service.run(item_id)
    ((_, why),) = failing.given_up
    assert (why.reason, why.times) == (Reason.FAILED, MAX_FAILURES)
    assert type(error).__name__ in why.detail


async def test_work_that_does_not_end_is_stopped_and_counts_as_failed(database: Database) -> None:
    endless = Blocking()
    service = WorkService(database, [kind_of("thing", endless)._replace(longest=0.05)])
    item_id = await an_item(database)
    await database.execute("update work_items set failures = $1", MAX_FAILURES - 1)
    assert await service.run(item_id)
    assert endless.given_up == [
        (item_id, GivenUp(Reason.FAILED, MAX_FAILURES, "TimeoutError: it took longer than 0.05 s"))
    ]


async def test_giving_up_that_fails_is_not_tried_at_once(database: Database) -> None:
    class Hopeless(Failing):
        async def gave_up(self, connection: Connection, item: WorkItem, why: GivenUp) -> None:
            raise LookupError

    service = WorkService(database, [kind_of("thing", Hopeless(ValueError()))])
    item_id = await an_item(database)
    await database.execute("update work_items set failures = $1", MAX_FAILURES - 1)
    assert await service.run(item_id)
    assert await database.fetchval("select not_before > now() + interval '30 seconds' from work_items")


async def test_work_whose_processes_die_is_given_up(database: Database) -> None:
    quick = Quick()
    service = WorkService(database, [kind_of("thing", quick)])
    item_id = await an_item(database)
    await database.execute("update work_items set attempts = $1", MAX_ATTEMPTS)
    assert await service.run(item_id)
    assert quick.begun_items == []
    assert quick.given_up == [(item_id, GivenUp(Reason.DIED, MAX_ATTEMPTS))]


async def test_a_database_that_is_away_is_nobodys_failure(database: Database) -> None:
    service = WorkService(database, [kind_of("thing", Failing(DatabaseUnavailable("away")))])
    item_id = await an_item(database)
    with pytest.raises(DatabaseUnavailable):
        await service.run(item_id)
    row = await database.fetchrow(
        "select failures, attempts, lease_until, not_before > now() + interval '1 second' from work_items"
    )
    assert tuple(row) == (0, 0, None, True), "it waits a little, or it would be tried without a pause"


async def test_work_to_be_done_again_waits_and_is_no_failure(database: Database) -> None:
    repeating = Repeating()
    service = WorkService(database, [kind_of("thing", repeating)])
    item_id = await an_item(database)
    await database.execute("update work_items set failures = 2")
    assert await service.run(item_id)
    assert repeating.ended == [item_id]
    row = await database.fetchrow(
        "select failures, lease_holder, not_before > now() + interval '59 minutes' from work_items"
    )
    assert tuple(row) == (0, None, True)
    await work.due_now(database, [item_id])
    assert await service.run(item_id)


async def test_who_lost_the_lease_ends_nothing(database: Database) -> None:
    slow, quick = Blocking(), Quick()
    first = WorkService(database, [kind_of("thing", slow)], lease=0.2, heartbeat=60.0)
    item_id = await an_item(database)
    late = asyncio.create_task(first.run(item_id))
    await slow.begun.wait()
    second = WorkService(database, [kind_of("thing", quick)])
    while not await second.run(item_id):
        await asyncio.sleep(0.02)
    slow.go.set()
    assert await late
    assert (quick.ended, slow.ended) == ([item_id], [])


async def test_work_that_is_dropped_writes_nothing_more(database: Database) -> None:
    slow = Blocking()
    service = WorkService(database, [kind_of("thing", slow)], heartbeat=0.05)
    item_id = await an_item(database)
    running = asyncio.create_task(service.run(item_id))
    await slow.begun.wait()
    await work.drop(database, [item_id])
    assert await running is False
    assert slow.ended == []
