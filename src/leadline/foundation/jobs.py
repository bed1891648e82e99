"""The queue that carries work to workers: ``pgqueuer`` behind a few calls.

A job is only transport. What is to be done stands in a row of somebody's own table, together with how often
it was tried; a job may be lost or run twice, and whoever enqueues makes up for both. So the queue's tables
are unlogged: after a crash of the server they are empty, and what was in them is enqueued again.

The library is loaded on first use, because most commands never touch the queue.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg

from leadline.foundation.errors import ConfigurationError, DatabaseUnavailable, LeadlineError
from leadline.foundation.log import get_logger

if TYPE_CHECKING:
    from pgqueuer.core.qm import QueueManager
    from pgqueuer.core.tm import TaskManager
    from pgqueuer.queries import Queries

    from leadline.foundation.database import Connection, Database

HEARTBEAT_TIMEOUT = 60.0
"""Seconds after which a job whose worker gives no sign of life is run by another one."""

_LIBRARY = "pgqueuer"
_LOCK = 0x6C65_6164_7175_6575  # one advisory lock per database
_POLL_SECONDS = 2.0  # a notification that got lost delays a job by this much
_AGAIN_SECONDS = 1.0
_GIVE_BACK_SECONDS = 5.0  # for jobs that were cancelled to let go of what they hold
_RECONNECT_MOST = 5.0

log = get_logger(__name__)
Task = Callable[[str], Awaitable[None]]
"""Does one job; gets the job's argument. What it raises is logged and ends the job."""


class Job(NamedTuple):
    """Work for the task of that name. A higher ``priority`` goes first."""

    task: str
    argument: str
    priority: int = 0


# ------------------------------------------------------------------ schema


async def install(connection: asyncpg.Connection[Any]) -> None:
    """Make the queue's own tables, or bring them to what the installed library needs.

    Several processes may do this at once: one works, the others wait.
    """
    if await _recorded(connection) == version(_LIBRARY):
        return
    queries = _queries_over(connection)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        if await _recorded(connection) == version(_LIBRARY):
            return
        if not await queries.schema_is_installed():
            await queries.install()
            await _record(connection)
            return
    # The library's upgrades cannot share a transaction; they take a lock of their own.
    await queries.apply_upgrade()
    await _record(connection)


async def check(connection: asyncpg.Connection[Any]) -> None:
    """Raise ``ConfigurationError`` unless the queue's tables are what the installed library needs."""
    if await _recorded(connection) == version(_LIBRARY):
        return
    queries = _queries_over(connection)
    if not await queries.schema_is_installed() or (await queries.plan_upgrade()).statements:
        raise ConfigurationError(
            "The tables of the queue are missing or of another release. "
            "Run `leadline migrate` with this version first."
        )


async def _recorded(connection: asyncpg.Connection[Any]) -> str | None:
    release: str | None = await connection.fetchval("select release from queue_schema")
    return release


async def _record(connection: asyncpg.Connection[Any]) -> None:
    await connection.execute(
        """
        insert into queue_schema (release) values ($1)
        on conflict (only_row) do update set release = excluded.release
        """,
        version(_LIBRARY),
    )


# ------------------------------------------------------------------ jobs


async def enqueue(connection: Connection, jobs: Sequence[Job]) -> None:
    """Put jobs into the queue on the caller's transaction: they are there when it commits, or not at all."""
    if not jobs:
        return
    await _queries(_OneConnection(connection)).enqueue(
        [job.task for job in jobs],
        [job.argument.encode() for job in jobs],
        [job.priority for job in jobs],
    )


async def live(connection: Connection) -> set[str]:
    """The arguments of all jobs that wait or run, or whose dead worker the queue has yet to notice."""
    rows = await connection.fetch("select convert_from(payload, 'UTF8') as argument from pgqueuer")
    return {row["argument"] for row in rows}


async def prune_log(connection: Connection, older_than: timedelta) -> int:
    """Delete what the queue wrote down about its jobs before that; returns how many lines."""
    tag = await connection.execute(
        "delete from pgqueuer_log where created < now() - $1::interval", older_than
    )
    return int(tag.rpartition(" ")[2])


async def work(
    database: Database,
    tasks: Mapping[str, Task],
    stop: asyncio.Event,
    *,
    places: Mapping[str, int],
    grace: float,
    heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
) -> None:
    """Do jobs, of each task up to its ``places`` at once, until ``stop`` is set.

    Jobs that run then have ``grace`` seconds to end; after that they are cancelled. A lost database is
    waited for. Nothing in a task may block the loop for as long as ``heartbeat_timeout`` (seconds): the job
    would be run a second time.
    """
    while not stop.is_set():
        try:
            await _consume(database, tasks, stop, places, grace, heartbeat_timeout)
        except DatabaseUnavailable as error:
            log.warning("queue waits for the database", reason=error.message)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _AGAIN_SECONDS)


async def _consume(
    database: Database,
    tasks: Mapping[str, Task],
    stop: asyncio.Event,
    places: Mapping[str, int],
    grace: float,
    heartbeat_timeout: float,
) -> None:
    active: set[asyncio.Future[None]] = set()
    manager = _manager(database, tasks, places, active)
    total = sum(places[task] for task in tasks)
    batch = max(1, total // 2)
    running = asyncio.create_task(
        manager.run(
            dequeue_timeout=timedelta(seconds=_POLL_SECONDS),
            batch_size=batch,
            max_concurrent_tasks=max(2 * batch, total),
            heartbeat_timeout=timedelta(seconds=heartbeat_timeout),
            log_aggregation_interval=timedelta(0),
        )
    )
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            manager.shutdown.set()
            await asyncio.wait({running}, timeout=grace)
    finally:
        stopping.cancel()
        if not running.done():
            # The work first: the library cancels it only after it has written what it still holds.
            for work in active:
                work.cancel()
            running.cancel()
            await asyncio.wait({running, *active}, timeout=_GIVE_BACK_SECONDS)
    if running.done() and not running.cancelled():
        await running


def _manager(
    database: Database,
    tasks: Mapping[str, Task],
    places: Mapping[str, int],
    active: set[asyncio.Future[None]],
) -> QueueManager:
    """``active`` holds what is being worked on at the moment."""
    from pgqueuer.core.qm import QueueManager
    from pgqueuer.models import Job as QueuedJob
    from pgqueuer.types import Channel

    queries = _queries(_Reconnecting(database))
    manager = QueueManager(queries, Channel(queries.qbe.settings.channel))

    def entrypoint(name: str, task: Task) -> None:
        gate = asyncio.Semaphore(places[name])  # the library picks two at least, and knows no tasks

        @manager.entrypoint(name, accepts_context=False)
        async def run(job: QueuedJob) -> None:
            argument = (job.payload or b"").decode()
            async with gate:
                work = asyncio.ensure_future(task(argument))
                active.add(work)
                work.add_done_callback(active.discard)
                try:
                    await work
                except Exception:  # the edge of a job: it must not take the others along
                    log.exception("job failed", task=name, argument=argument)

    for name, task in tasks.items():
        entrypoint(name, task)
    return manager


# ------------------------------------------------------------------ the library's view of our database


def _queries(driver: Any) -> Queries:
    """The library's statements. Its names are given here, because it would read them from the environment."""
    from pgqueuer.adapters.persistence import qb
    from pgqueuer.domain.settings import DBSettings, Durability
    from pgqueuer.queries import Queries

    settings = DBSettings.model_construct(
        prefix="",
        db_schema=None,
        channel="ch_pgqueuer",
        function="fn_pgqueuer_changed",
        statistics_table="pgqueuer_statistics",
        queue_status_type="pgqueuer_status",
        queue_table="pgqueuer",
        queue_table_log="pgqueuer_log",
        trigger="tg_pgqueuer_changed",
        schedules_table="pgqueuer_schedules",
        durability=Durability.volatile,
        widen_id=True,
    )
    return Queries(
        driver,
        qb.QueryBuilderEnvironment(settings),
        qb.QueryQueueBuilder(settings),
        qb.QuerySchedulerBuilder(settings),
    )


def _queries_over(connection: asyncpg.Connection[Any]) -> Queries:
    return _queries(_OneConnection(connection))


class _OneConnection:
    """The library's driver over a connection that the caller has, in the caller's transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return [dict(row) for row in await self._connection.fetch(query, *args)]

    async def execute(self, query: str, *args: object) -> str:
        tag: str = await self._connection.execute(query, *args)
        return tag


class _Reconnecting:
    """The library's driver over a ``Database``: it outlives restarts of the server and cut connections.

    Every statement may be repeated: a job picked twice runs once, or is picked by somebody else later.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shutdown = asyncio.Event()
        self._listening: set[asyncio.Task[None]] = set()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return [dict(row) for row in await self._database.fetch(query, *args, idempotent=True)]

    async def execute(self, query: str, *args: object) -> str:
        return await self._database.execute(query, *args, idempotent=True)

    async def notify(self, channel: str, payload: str) -> None:
        await self._database.execute("select pg_notify($1, $2)", channel, payload, idempotent=True)

    async def add_listener(self, channel: str, callback: Callable[[Any], None]) -> None:
        self._listening.add(asyncio.create_task(self._listen(channel, callback)))

    async def _listen(self, channel: str, callback: Callable[[Any], None]) -> None:
        delay = 0.1
        while True:
            try:
                async with self._database.dedicated() as connection:
                    lost = asyncio.Event()
                    connection.add_termination_listener(lambda _, lost=lost: lost.set())
                    await connection.add_listener(channel, lambda _c, _pid, _channel, text: callback(text))
                    delay = 0.1
                    await lost.wait()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, LeadlineError) as error:
                log.info("queue's listener lost", reason=str(error) or type(error).__name__)
            await asyncio.sleep(delay)
            delay = min(2 * delay, _RECONNECT_MOST)

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        from pgqueuer.core.tm import TaskManager

        return TaskManager()

    async def __aenter__(self) -> _Reconnecting:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        self._listening.clear()
