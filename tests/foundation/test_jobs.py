"""The queue: made by its library, enqueued with the work it carries, bounded at the end, alive after cuts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from leadline.foundation import jobs
from leadline.foundation.database import Database
from leadline.foundation.errors import ConfigurationError
from leadline.foundation.jobs import Job, Task


@asynccontextmanager
async def working(
    database: Database, tasks: Mapping[str, Task], *, concurrency: int = 4, grace: float = 10.0
) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    running = asyncio.create_task(
        jobs.work(
            database, tasks, stop, places=dict.fromkeys(tasks, concurrency), grace=grace, heartbeat_timeout=60
        )
    )
    try:
        yield stop
    finally:
        stop.set()
        await running


class Recorder:
    """A task that notes its arguments; it goes on only when it is let."""

    def __init__(self, *, held: bool = False) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.most = 0
        self.go = asyncio.Event()
        if not held:
            self.go.set()

    async def __call__(self, argument: str) -> None:
        self.begun.append(argument)
        self.most = max(self.most, len(self.begun) - len(self.ended) - len(self.cancelled))
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.append(argument)
            raise
        self.ended.append(argument)

    async def until(self, count: int, what: list[str]) -> None:
        while len(what) < count:
            await asyncio.sleep(0.005)


async def test_a_job_is_there_when_its_transaction_commits_and_not_before(database: Database) -> None:
    task = Recorder()
    async with working(database, {"note": task}):
        async with database.transaction() as connection:
            await jobs.enqueue(connection, [Job("note", "one")])
            assert await jobs.live(database) == set()
        await task.until(1, task.ended)
    assert task.ended == ["one"]
    assert await jobs.live(database) == set()


async def test_a_rolled_back_job_is_never_run(database: Database) -> None:
    async def undone() -> None:
        async with database.transaction() as connection:
            await jobs.enqueue(connection, [Job("note", "one")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await undone()
    task = Recorder()
    async with working(database, {"note": task}):
        await jobs.enqueue(database, [Job("note", "two")])
        await task.until(1, task.ended)
    assert task.ended == ["two"]


async def test_a_higher_priority_goes_first(database: Database) -> None:
    await jobs.enqueue(database, [Job("note", "late", -5), Job("note", "first", 0), Job("note", "next", -1)])
    task = Recorder()
    async with working(database, {"note": task}, concurrency=2):
        await task.until(3, task.ended)
    assert task.ended == ["first", "next", "late"]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_no_more_jobs_run_at_once_than_allowed(database: Database, concurrency: int) -> None:
    await jobs.enqueue(database, [Job("note", str(number)) for number in range(12)])
    task = Recorder(held=True)
    async with working(database, {"note": task}, concurrency=concurrency):
        await task.until(concurrency, task.begun)
        task.go.set()
        await task.until(12, task.ended)
    assert task.most == concurrency


async def test_a_job_that_raises_takes_no_other_along(database: Database) -> None:
    async def fail(argument: str) -> None:
        raise ValueError(argument)

    task = Recorder()
    async with working(database, {"fail": fail, "note": task}):
        await jobs.enqueue(database, [Job("fail", "x"), Job("note", "y")])
        await task.until(1, task.ended)
        while await jobs.live(database):
            await asyncio.sleep(0.01)


async def test_what_runs_at_the_stop_may_end(database: Database) -> None:
    task = Recorder(held=True)
    await jobs.enqueue(database, [Job("note", "one")])
    async with working(database, {"note": task}, grace=30) as stop:
        await task.until(1, task.begun)
        stop.set()
        await jobs.enqueue(database, [Job("note", "not taken any more")])
        task.go.set()
    assert task.ended == ["one"]
    assert await jobs.live(database) == {"not taken any more"}


async def test_what_does_not_end_within_the_grace_is_cancelled(database: Database) -> None:
    task = Recorder(held=True)
    await jobs.enqueue(database, [Job("note", "stuck")])
    async with working(database, {"note": task}, grace=0.05) as stop:
        await task.until(1, task.begun)
        stop.set()
    assert task.cancelled == ["stuck"]
    assert await jobs.live(database) == set()


async def test_cut_connections_stop_no_work(database: Database, database_url: str) -> None:
    task = Recorder()
    async with working(database, {"note": task}):
        await jobs.enqueue(database, [Job("note", "before")])
        await task.until(1, task.ended)
        knife = await asyncpg.connect(database_url)
        cut = await knife.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await knife.close()
        assert len(cut) >= 2, "the listener and a statement's connection"
        await jobs.enqueue(database, [Job("note", "after")])
        await task.until(2, task.ended)


async def test_the_queues_log_is_pruned(database: Database) -> None:
    await jobs.enqueue(database, [Job("note", "one")])
    assert await jobs.prune_log(database, timedelta(days=1)) == 0
    await database.execute("update pgqueuer_log set created = now() - interval '2 days'")
    assert await jobs.prune_log(database, timedelta(days=1)) == 1


async def test_a_database_without_the_queues_tables_is_refused_and_repaired(database: Database) -> None:
    async with database.dedicated() as connection:
        await jobs.check(connection)
        await connection.execute("drop table pgqueuer_log; delete from queue_schema")
        with pytest.raises(ConfigurationError, match="leadline migrate"):
            await jobs.check(connection)
        await jobs.install(connection)
        await jobs.check(connection)
    await jobs.enqueue(database, [Job("note", "one")])


async def test_the_environment_does_not_name_the_queues_tables(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUEUE_TABLE", "somebody_elses")
    monkeypatch.setenv("PGQUEUER_PREFIX", "strange_")
    await jobs.enqueue(database, [Job("note", "one")])
    assert await jobs.live(database) == {"one"}
