"""One worker process. Any number of them, on any number of machines, share one database.

That a signal is finished once is the lease's doing, not the queue's: whoever lost the lease finishes
nothing. So a worker may die at any moment, and two may be given the same signal.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

from leadline.foundation import jobs
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.ids import new_id
from leadline.foundation.log import get_logger
from leadline.signals import admission as workers
from leadline.signals.tasks import signal_tasks
from leadline.worker.pruning import prune

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline

PRESENT_EVERY = 1.0  # seconds
SWEEP_EVERY = 2.0
WEBHOOKS_EVERY = 1.0
PRUNE_EVERY = 3600.0

log = get_logger(__name__)


async def run_worker(
    leadline: Leadline, stop: asyncio.Event, *, heartbeat_timeout: float = jobs.HEARTBEAT_TIMEOUT
) -> None:
    """Work until ``stop`` is set. What runs then has ``shutdown_grace`` seconds to end, or is handed back."""
    settings = leadline.settings
    database = leadline.database.repeatable
    worker_id = new_id()

    async def present() -> None:
        if not stop.is_set():
            await workers.present(database, worker_id, settings.worker_concurrency)

    async def sweep() -> None:
        await leadline.admission.sweep()

    async def call_webhooks() -> None:
        while await leadline.webhooks.deliver_due():
            pass

    async def prune_all() -> None:
        await prune(leadline)

    await present()
    async with (
        leadline.admission.running(),
        _every(PRESENT_EVERY, present),
        _every(SWEEP_EVERY, sweep),
        _every(WEBHOOKS_EVERY, call_webhooks),
        _every(PRUNE_EVERY, prune_all),
        _once_set(stop, lambda: workers.absent(database, worker_id)),
    ):
        log.info("worker started", concurrency=settings.worker_concurrency)
        await jobs.work(
            leadline.database,
            signal_tasks(leadline.signals, leadline.admission),
            stop,
            concurrency=settings.worker_concurrency,
            grace=settings.shutdown_grace,
            heartbeat_timeout=heartbeat_timeout,
        )
    log.info("worker stopped")


@contextlib.asynccontextmanager
async def _every(seconds: float, do: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Does something at once and then again and again, inside the block. A lost database is waited for."""

    async def repeat() -> None:
        while True:
            try:
                await do()
            except DatabaseUnavailable as error:
                log.warning("waiting for the database", reason=error.message)
            except Exception:
                log.exception("chore failed")
            await asyncio.sleep(seconds)

    async with _alongside(repeat()):
        yield


@contextlib.asynccontextmanager
async def _once_set(event: asyncio.Event, do: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Does something when the event is set, inside the block."""

    async def once() -> None:
        await event.wait()
        with contextlib.suppress(DatabaseUnavailable):
            await do()

    async with _alongside(once()):
        yield


@contextlib.asynccontextmanager
async def _alongside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
