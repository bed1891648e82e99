"""A database that the first release left behind, with questions in flight, is brought up and goes on.

``first_release.sql`` is what that release wrote: two finished signals, one that a process died on after it had read
pages, two that nobody had begun, one of them in the queue of then, and a webhook call that had failed once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from pgqueuer.queries import Queries
from tests.signals.test_service import make_service

from leadline.connectors.pages.fake import MemoryFetcher
from leadline.credits.service import Ledger
from leadline.foundation.database import Database
from leadline.foundation.migrations import apply, read_migrations
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings
from leadline.research.readers.extractive.reader import ExtractiveReader

LEFT, PERIOD = "2026-11-26T15:06:", "2026-11-01"  # in the file
RELEASED = 5  # migrations of the first release
PAGE = "<title>Acme</title><p>Acme was founded in 1999 in Kiel, Germany.</p>"


@pytest.fixture
async def left_behind(postgres_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    admin = await asyncpg.connect(postgres_url)
    name = f"left_{uuid4().hex}"
    await admin.execute(f"create database {name}")
    url = postgres_url.replace("@/postgres?", f"@/{name}?")
    connection = await asyncpg.connect(url)
    await apply(connection, read_migrations()[:RELEASED])
    await Queries.from_asyncpg_connection(connection).install()
    written = Path(__file__).with_name("first_release.sql").read_text(encoding="utf-8")
    # It was left a minute ago: what it had read is still fresh, and its allowance is this month's.
    left = datetime.now(UTC) - timedelta(minutes=1)
    written = written.replace(LEFT, f"{left:%Y-%m-%dT%H:%M:}").replace(PERIOD, f"{left:%Y-%m}-01")
    await connection.execute(written)
    await connection.close()
    async with open_database(Settings(data_dir=tmp_path, database_url=url), migrate=True) as opened:
        yield opened
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def test_questions_in_flight_are_carried_over_as_work(left_behind: Database) -> None:
    rows = await left_behind.fetch(
        """
        select w.kind, w.lane, w.attempts, s.question from work_items w left join signals s using (id)
        order by w.kind, w.id
        """
    )
    assert [tuple(row) for row in rows] == [
        ("signal", "extractive", 1, "In which year was Acme, since moved, founded?"),
        ("signal", "extractive", 0, "In which year was Acme begun?"),
        ("signal", "extractive", 0, "What year was Acme started?"),
        ("webhook", "hooks.example.com", 0, None),
    ]
    assert await left_behind.fetchval("select to_regclass('pgqueuer') is null")


async def test_each_is_finished_once_and_paid_once(left_behind: Database) -> None:
    fetcher = MemoryFetcher({"https://acme.com/": PAGE})
    service = make_service(left_behind, fetcher, reader=ExtractiveReader())
    begun = await left_behind.fetchval("select id from work_items where attempts = 1")
    assert await service._work.run(begun)
    assert fetcher.fetched == [], "it goes on from the pages that were read before"
    stop = asyncio.Event()
    working = asyncio.create_task(service._work.work(stop, concurrency=2, grace=5))
    while await left_behind.fetchval("select exists (select from work_items where kind = 'signal')"):
        await asyncio.sleep(0.02)
    stop.set()
    await working
    rows = await left_behind.fetch(
        """
        select s.status, s.charged, array_agg(e.kind order by e.id) as entries
        from signals s join credit_entries e on e.reference = s.id group by s.id
        """
    )
    assert len(rows) == 5
    for row in rows:
        assert row["status"] == "completed"
        assert row["entries"] == ["reserve", "capture" if row["charged"] else "release"]
    answers = await left_behind.fetch(
        "select answer from signals where question like 'In which year was Acme%'"
    )
    assert {row["answer"] for row in answers} >= {"1999"}
    assert await Ledger(monthly_credits=10_000).audit(left_behind) == ()


async def test_the_call_that_failed_is_made_of_an_event_with_what_was_to_be_sent(
    left_behind: Database,
) -> None:
    row = await left_behind.fetchrow(
        """
        select d.status, d.attempts, e.type, convert_from(e.body, 'UTF8')::jsonb ->> 'status' as said
        from webhook_deliveries d join events e on e.id = d.event_id
        """
    )
    assert tuple(row) == ("pending", 1, "signal.completed", "completed")
