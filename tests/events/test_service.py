"""Events are numbered without gaps, in an order in which nobody who reads on misses one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from leadline.accounts.service import organisation
from leadline.events import service as events
from leadline.events.schemas import Event
from leadline.events.service import Sequencer
from leadline.foundation.database import Connection, Database
from leadline.foundation.ids import new_id


@pytest.fixture
async def org(database: Database) -> UUID:
    return await organisation(database, "org")


async def record(connection: Connection, org: UUID, kind: str = "thing.done") -> UUID:
    return await events.record(connection, org, kind, new_id(), b'{"a":1}')


async def numbers(database: Database, org: UUID) -> list[int]:
    return [event.sequence for event in await events.after(database, org, 0, 10_000)]


async def test_each_organisation_counts_from_one_without_gaps(database: Database, org: UUID) -> None:
    other = await organisation(database, "other")
    for owner in (org, other, org, org, other):
        await record(database, owner)
    sequencer = Sequencer(database, [])
    assert await sequencer.sequence() == 5
    await record(database, org)
    assert await sequencer.sequence() == 1
    assert await sequencer.sequence() == 0
    assert await numbers(database, org) == [1, 2, 3, 4]
    assert await numbers(database, other) == [1, 2]
    assert await events.last(database, org) == 4


async def test_an_event_that_commits_late_gets_a_later_number(database: Database, org: UUID) -> None:
    """Who read up to the last number must not miss what began before and committed after."""
    sequencer = Sequencer(database, [])
    async with database.transaction() as slow:
        late = await record(slow, org)
        early = await record(database, org)
        await sequencer.sequence()
        seen = await events.after(database, org, 0)
        assert [event.id for event in seen] == [early]
    await sequencer.sequence()
    assert [event.id for event in await events.after(database, org, seen[-1].sequence)] == [late]


async def test_what_was_rolled_back_leaves_no_gap(database: Database, org: UUID) -> None:
    async def rolled_back() -> None:
        async with database.transaction() as connection:
            await record(connection, org)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await rolled_back()
    await record(database, org)
    await Sequencer(database, []).sequence()
    assert await numbers(database, org) == [1]


async def test_many_sequencers_and_recorders_at_once_leave_no_gap(database: Database, org: UUID) -> None:
    async def recording() -> None:
        for number in range(40):
            async with database.transaction() as connection:
                await record(connection, org)
                await asyncio.sleep(0.001 * (number % 3))

    sequencers = [Sequencer(database, []) for _ in range(3)]
    async with sequencers[0].running(), sequencers[1].running(), sequencers[2].running():
        await asyncio.gather(*(recording() for _ in range(4)))
        while await database.fetchval("select exists (select from events where sequence is null)"):
            await asyncio.sleep(0.02)
            sequencers[0].poke()
    assert await numbers(database, org) == list(range(1, 161))


async def test_a_sequencer_that_dies_on_the_way_numbers_nothing(
    database: Database, database_url: str, org: UUID
) -> None:
    for _ in range(3):
        await record(database, org)

    async def dies(connection: Connection, _: Sequence[Event]) -> None:
        pid = await connection.fetchval("select pg_backend_pid()")
        killer = await asyncpg.connect(database_url)
        await killer.execute("select pg_terminate_backend($1)", pid)
        await killer.close()
        await connection.execute("select 1")

    with pytest.raises(Exception, match=r"lost|terminat|closed"):
        await Sequencer(database, [dies]).sequence()
    assert await numbers(database, org) == []
    await Sequencer(database, []).sequence()
    assert await numbers(database, org) == [1, 2, 3]


async def test_listeners_get_each_event_once_in_order(database: Database, org: UUID) -> None:
    heard: list[int] = []

    async def listener(_: Connection, given: Sequence[Event]) -> None:
        heard.extend(event.sequence for event in given)

    sequencer = Sequencer(database, [listener])
    for _ in range(3):
        await record(database, org)
    await sequencer.sequence()
    await record(database, org)
    await sequencer.sequence()
    assert heard == [1, 2, 3, 4]


async def test_pruning_keeps_what_is_in_use_and_uses_no_number_again(database: Database, org: UUID) -> None:
    kept = await record(database, org)
    await record(database, org)
    sequencer = Sequencer(database, [])
    await sequencer.sequence()
    await database.execute("update events set created_at = now() - interval '10 days'")

    async def in_use(_: Sequence[UUID]) -> set[UUID]:
        return {kept}

    assert await events.prune(database, timedelta(days=5), in_use) == 1
    await record(database, org)
    await sequencer.sequence()
    assert await numbers(database, org) == [1, 3]


async def test_another_organisations_events_are_not_shown(database: Database, org: UUID) -> None:
    await record(database, org)
    await Sequencer(database, []).sequence()
    stranger = await organisation(database, "stranger")
    assert await events.after(database, stranger, 0) == []
    assert await events.last(database, stranger) == 0
