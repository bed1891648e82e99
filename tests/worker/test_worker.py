"""A worker sees accepted signals through, beside others, and stops in bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from tests.web import WebServer

from leadline.bootstrap import Leadline, open_leadline
from leadline.foundation.settings import Endpoint, Settings
from leadline.signals.schemas import SignalRequest
from leadline.worker import run_worker

PAGE = "<title>Acme</title><p>Acme was founded in 1999 in Kiel, Germany.</p>"
FOUNDED = "In which year was Acme founded?"


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


def settings_for(web: WebServer, database_url: str, tmp_path: Path, **more: object) -> Settings:
    address, _, port = web.address.rpartition(":")
    return Settings(
        env="development",
        data_dir=tmp_path,
        database_url=database_url,
        connect_to={"*": Endpoint(address, int(port))},
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
async def leadline(web: WebServer, database_url: str, tmp_path: Path) -> AsyncIterator[Leadline]:
    async with open_leadline(settings_for(web, database_url, tmp_path, shutdown_grace=0.2)) as opened:
        yield opened


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


async def test_an_accepted_signal_is_finished_and_charged(leadline: Leadline, web: WebServer) -> None:
    web.page("acme.com", "/", PAGE)
    async with working(leadline):
        signal_id = await accepted(leadline)
        await finished(leadline, signal_id)
    signal = await leadline.signals.get(await leadline.organisation(), str(signal_id))
    assert (signal.status, signal.answer) == ("completed", 1999)
    kinds = await leadline.database.fetch("select kind from credit_entries where signal_id = $1", signal_id)
    assert sorted(row["kind"] for row in kinds) == ["capture", "reserve"]
    assert await leadline.database.fetchval("select count(*) from workers") == 0
    assert await leadline.database.fetchval("select count(*) from pgqueuer") == 0
