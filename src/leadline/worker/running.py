"""One worker process. Any number of them, on any number of machines, share one database.

It does the kinds of work that the wiring hands it, and knows no room. That work is ended once is the lease's doing:
whoever lost the lease ends nothing. So a worker may die at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.log import get_logger
from leadline.worker.pruning import prune

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline

PRUNE_EVERY = 3600.0  # seconds

log = get_logger(__name__)


async def run_worker(leadline: Leadline, stop: asyncio.Event) -> None:
    """Work until ``stop`` is set. What runs then has ``shutdown_grace`` seconds to end, or is handed back."""
    settings, work = leadline.settings, leadline.work

    await leadline.prepare()
    async with (
        work.telling(),
        leadline.sequencer.running(),
        leadline.scheduler.running(),
        leadline.health_checks.running(),
        _pruning(leadline),
    ):
        log.info("worker started", concurrency=settings.worker_concurrency)
        await work.work(stop, concurrency=settings.worker_concurrency, grace=settings.shutdown_grace)
    log.info("worker stopped")


@contextlib.asynccontextmanager
async def _pruning(leadline: Leadline) -> AsyncIterator[None]:
    """Prunes at once and then again and again, inside the block. A lost database is waited for."""

    async def repeat() -> None:
        while True:
            try:
                await prune(leadline)
            except DatabaseUnavailable as error:
                log.warning("pruning waits for the database", reason=error.message)
            except Exception:
                log.exception("pruning failed")
            await asyncio.sleep(PRUNE_EVERY)

    repeating = asyncio.create_task(repeat())
    try:
        yield
    finally:
        repeating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await repeating
