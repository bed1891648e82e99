"""Accepting, the whole path of a signal, and waking who waits; each against a yardstick of the same run.

The database is one of its own, with its files in memory where there is room, so that the disk does not count.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import httpx2
from cryptography.fernet import Fernet
from pgqueuer.queries import Queries

from bench.rows import Row
from leadline.accounts.service import organisation
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.credits.service import Ledger
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Database, open_database
from leadline.foundation.secrets import Vault
from leadline.foundation.settings import Settings
from leadline.research.model import Budget, Draft, Evidence, Passage, Question
from leadline.signals.schemas import SignalRequest
from leadline.signals.service import Readers, SignalService
from leadline.webhooks.service import WebhookService

ACCEPTED = 20_000
DOMAINS = 2_000
REPETITIONS = 3


class NothingReader:
    """Finds nothing, at no cost."""

    name = "extractive"
    passage_limit = 1

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        return Draft(reader=self.name)


@contextlib.asynccontextmanager
async def fresh_database() -> AsyncIterator[Database]:
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000 else None
    folder = Path(tempfile.mkdtemp(dir=where))
    try:
        async with open_database(Settings(data_dir=folder)) as database:
            yield database
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def service_over(database: Database, fetcher: MemoryFetcher | None = None) -> SignalService:
    return SignalService(
        database,
        StoredLibrary(database, fetcher or MemoryFetcher({}), freshness=timedelta(hours=24)),
        Readers(extractive=NothingReader),
        WebhookService(database, httpx2.AsyncClient(trust_env=False), Vault(Fernet.generate_key())),
        Ledger(monthly_credits=10_000_000, signal_price=1),
        budget=Budget(max_pages=10),
        cache=timedelta(hours=12),
    )


async def yardstick(database: Database, schema: str) -> Queries:
    """The queue's library in a schema of its own, as it installs itself (with logged tables)."""
    queries = Queries.from_asyncpg_pool(database.pool)
    settings = queries.qbe.settings.model_copy(update={"db_schema": schema})
    for builder in (queries.qbe, queries.qbq, queries.qbs):
        builder.settings = settings
    await queries.install()
    return queries


async def accepting() -> Row:
    """20,000 questions about 2,000 companies, against as many of the queue library's own jobs."""
    ours: list[float] = []
    theirs: list[float] = []
    async with fresh_database() as database:
        service, queue = service_over(database), await yardstick(database, "yardstick")
        for repetition in range(REPETITIONS):
            org = await organisation(database.repeatable, f"bench {repetition}")
            requests = [
                SignalRequest(
                    domain=f"company-{number % DOMAINS}.com",
                    question=f"Does the company offer product number {number} of round {repetition}?",
                    answer_type="boolean",
                )
                for number in range(ACCEPTED)
            ]
            started = time.perf_counter()
            taken = await service.accept_many(org, requests)
            ours.append(time.perf_counter() - started)
            assert sum(one.how == "new" for one in taken) == ACCEPTED
            started = time.perf_counter()
            await queue.enqueue(
                ["job"] * ACCEPTED, [str(number).encode() for number in range(ACCEPTED)], [0] * ACCEPTED
            )
            theirs.append(time.perf_counter() - started)
    mine, yard = statistics.median(ours), statistics.median(theirs)
    return Row(
        f"accept {ACCEPTED:,} signals, set by set, against the queue library's bulk insert",
        f"{yard / mine:.2f}",
        "at least 0.5",
        f"{ACCEPTED / mine:,.0f} signals/s, {ACCEPTED / yard:,.0f} jobs/s",
        yard / mine >= 0.5,
    )


def rows() -> Iterator[Row]:
    yield asyncio.run(accepting())
