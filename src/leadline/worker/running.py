"""One worker process. Any number of them, on any number of machines, share one database.

It does the kinds of work that the wiring hands it, and knows no room. That work is ended once is the lease's doing, not
the queue's: whoever lost the lease ends nothing. So a worker may die at any moment, and two may be given the same item.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from leadline.foundation import jobs
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.log import get_logger
from leadline.worker.pruning import prune

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline

PRESENT_EVERY = 1.0  # seconds
SWEEP_EVERY = 2.0
PRUNE_EVERY = 3600.0

log = get_logger(__name__)


async def run_worker(
    leadline: Leadline, stop: asyncio.Event, *, heartbeat_timeout: float = jobs.HEARTBEAT_TIMEOUT
) -> None:
    """Work until ``stop`` is set. What runs then has ``shutdown_grace`` seconds to end, or is handed back."""
    settings, work = leadline.settings, leadline.work

    async def prune_all() -> None:
        await prune(leadline)

    async with (
        work.present(settings.worker_concurrency, stop, PRESENT_EVERY),
        work.admission.running(),
        leadline.sequencer.running(),
        _every(SWEEP_EVERY, work.sweep),
        _every(PRUNE_EVERY, prune_all),
    ):
        log.info("worker started", concurrency=settings.worker_concurrency)
        await work.work(
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

    repeating = asyncio.create_task(repeat())
    try:
        yield
    finally:
        repeating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await repeating
