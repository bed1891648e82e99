"""A made-up company, a question about it, and a worker for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from leadline.bootstrap import Leadline
from leadline.signals.schemas import SignalRequest
from leadline.worker import run_worker

PAGE = "<title>Acme</title><p>Acme was founded in 1999 in Kiel, Germany.</p>"
FOUNDED = "In which year was Acme founded?"


@asynccontextmanager
async def working(leadline: Leadline) -> AsyncIterator[asyncio.Event]:
    """A worker inside the block, stopped at its end in any case."""
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(leadline, stop))
    try:
        yield stop
    finally:
        stop.set()
        await worker


async def accepted(leadline: Leadline, host: str = "acme.com") -> UUID:
    request = SignalRequest(domain=host, question=FOUNDED, answer_type="number")
    row, how = await leadline.signals.accept(await leadline.organisation(), request)
    assert how == "new"
    return UUID(row.signal.id)


async def finished(leadline: Leadline, *ids: UUID) -> None:
    """Until all of them are."""
    while await leadline.database.fetchval(
        "select exists (select from signals where id = any($1::uuid[]) and status = 'processing')", list(ids)
    ):
        await asyncio.sleep(0.02)
