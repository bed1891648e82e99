"""A database that is away for longer than a statement waits does not take the lease of a question for good."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from tests.signals.test_service import ASK, BlockingReader, make_service

from leadline.accounts.service import default_organisation
from leadline.foundation.database import Database
from leadline.foundation.errors import DatabaseUnavailable


class AwayWhileExtending(Database):
    """The database, away whenever a lease is to be extended, as often as ``outages`` says."""

    def __init__(self, real: Database, outages: int) -> None:
        super().__init__(real.pool, real._address)
        self.outages = outages

    async def fetch(self, query: str, *args: Any, idempotent: bool = False) -> list[Any]:
        if "set lease_until" in query and self.outages:
            self.outages -= 1
            raise DatabaseUnavailable("The database does not answer; nothing was changed.")
        return await super().fetch(query, *args, idempotent=idempotent)


@pytest.mark.timeout(30)
async def test_a_lease_is_extended_again_after_the_database_was_away(database: Database) -> None:
    reader = BlockingReader()
    away = AwayWhileExtending(database, outages=2)
    service = make_service(away, reader=reader, lease=60.0, heartbeat=0.02)
    row, _ = await service.accept(await default_organisation(database), ASK)
    running = asyncio.create_task(service._work.run(UUID(row.signal.id)))
    await reader.reading.wait()
    until = await database.fetchval("select lease_until from work_items")
    while not await database.fetchval("select lease_until > $1 from work_items", until):
        await asyncio.sleep(0.02)
    assert away.outages == 0
    reader.go.set()
    assert await running
    assert await database.fetchval("select status from signals") == "completed"
