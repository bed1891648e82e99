"""Accepting, the whole path of a signal, and waking who waits; each against a yardstick of the same run.

The database is one of its own, with its files in memory where there is room, so that the disk does not count.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from cryptography.fernet import Fernet
from pgqueuer.queries import Queries

from bench.rows import Row
from leadline.accounts.service import organisation
from leadline.companies import repository as companies
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.credits.schemas import Charge
from leadline.credits.service import Ledger
from leadline.events import service as events
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Connection, Database
from leadline.foundation.ids import new_id
from leadline.foundation.memory import collect_rarely
from leadline.foundation.network import NetworkPolicy
from leadline.foundation.opening import open_database
from leadline.foundation.secrets import Vault
from leadline.foundation.settings import Settings
from leadline.foundation.waiter import CHANNEL, Waiter
from leadline.research.engine import Engine
from leadline.research.model import Budget, Draft, Evidence, Outcome, Passage, Question
from leadline.research.people import PeopleDirectory
from leadline.research.sources.own_site import OwnSite
from leadline.signals import repository, views
from leadline.signals.checking import Checker
from leadline.signals.comparing import Comparing
from leadline.signals.contacts import Contacts
from leadline.signals.profiling import Profiling
from leadline.signals.repository import NewRow, SavedStep
from leadline.signals.schemas import SignalRequest, TraceStep
from leadline.signals.service import SignalService
from leadline.signals.tasks import SIGNAL, WRITTEN_AT_ONCE, Answering, Readers
from leadline.webhooks.service import WebhookService
from leadline.work import repository as items
from leadline.work.model import Done, GivenUp, Kind, NewItem, WorkItem
from leadline.work.service import WorkService

ACCEPTED = 20_000
DOMAINS = 2_000
REPETITIONS = 3
PATHS = 500
AT_ONCE = 10
CONCURRENCY = 20
WAITERS = 200
SITE = {"https://acme.com/": "<title>Acme</title><p>We make anvils.</p>"}


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


async def _nobody(_organisation: UUID, _key: UUID | None = None, /) -> list[PeopleDirectory]:
    return []


def answering_over(database: Database, library: StoredLibrary, ledger: Ledger) -> Answering:
    readers = Readers(extractive=NothingReader)
    return Answering(
        database,
        library,
        Engine(library, [OwnSite(library, InlineSandbox())], InlineSandbox()),
        readers,
        ledger,
        Contacts(database.repeatable, _nobody),
        Comparing(database, library),
        Profiling(database, library, InlineSandbox()),
        budget=Budget(max_pages=10),
    )


def service_over(database: Database, kind: Kind | None = None) -> tuple[SignalService, WorkService]:
    """Signals, and the work service that answers them; ``kind`` does it in place of the engine."""
    library = StoredLibrary(database, MemoryFetcher(SITE), InlineSandbox(), freshness=timedelta(hours=24))
    ledger = Ledger(monthly_credits=10_000_000)
    answering = answering_over(database, library, ledger)
    work = WorkService(database, [kind or answering.kind()])
    webhooks = WebhookService(database, Vault(Fernet.generate_key()), NetworkPolicy())
    signals = SignalService(
        database,
        library,
        Readers(extractive=NothingReader),
        webhooks,
        ledger,
        answering,
        work,
        Checker(),
        default_pages=10,
        cache=timedelta(hours=12),
        price=1,
    )
    return signals, work


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
    collect_rarely()  # as the service does
    ours: list[float] = []
    theirs: list[float] = []
    async with fresh_database() as database:
        (service, _), queue = service_over(database), await yardstick(database, "yardstick")
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


async def whole_path() -> list[Row]:
    """Accept, admit, take off the queue, do, finish; by one worker process. Once with research that reads nothing,
    through the whole engine, and once with a kind of work that does nothing, which shows what work itself costs.

    The yardstick of each: the statements that record it, by the same repositories on bare asyncpg connections, without
    queue, engine and service around them.
    """
    collect_rarely()  # as the service does
    async with fresh_database() as database:
        org = await organisation(database.repeatable, "bench")
        service, work = service_over(database)
        ours = await _seconds(work, [partial(service.accept, org, _asked(n)) for n in range(PATHS)])
        ledger = Ledger(monthly_credits=10_000_000)
        one = await database.fetchval("select id from signals limit 1")
        steps = await repository.steps(database, one)
        started = time.perf_counter()
        await _spread([partial(_bare, database, ledger, org, n, steps) for n in range(PATHS)])
        bare = time.perf_counter() - started
        nothing = Kind("nothing", _nothing, _give_nothing_up)
        idle = WorkService(database, [nothing])
        alone = await _seconds(idle, [lambda: _add_nothing(database, org) for _ in range(PATHS)])
        started = time.perf_counter()
        await _spread([lambda: _bare_nothing(database, org) for _ in range(PATHS)])
        bare_alone = time.perf_counter() - started
    return [
        Row(
            "accept, admit, run no-op research, finish, against the statements that record it, bare",
            f"{bare / ours:.2f}",
            "at least 0.6",
            f"{PATHS / ours:,.0f} signals/s, {PATHS / bare:,.0f} bare; the engine runs whole",
            bare / ours >= 0.6,
        ),
        Row(
            "add, admit, do nothing, end, against the statements that record it, bare",
            f"{bare_alone / alone:.2f}",
            "at least 0.6",
            f"{PATHS / alone:,.0f} items/s, {PATHS / bare_alone:,.0f} bare",
            bare_alone / alone >= 0.6,
        ),
    ]


async def _seconds(work: WorkService, calls: Sequence[Callable[[], Awaitable[object]]]) -> float:
    """How long it takes until all that these calls add is done, by one worker."""
    stop = asyncio.Event()
    database = work._database
    started = time.perf_counter()
    async with work.telling():
        working = asyncio.create_task(work.work(stop, concurrency=CONCURRENCY, grace=10))
        await _spread(calls)
        while await database.fetchval("select exists (select from work_items)"):
            await asyncio.sleep(0.005)
        seconds = time.perf_counter() - started
        stop.set()
        await working
    return seconds


async def _nothing(item: WorkItem) -> Done:
    return Done(_write_nothing)


async def _write_nothing(_: Connection) -> None: ...


async def _give_nothing_up(_: Connection, item: WorkItem, why: GivenUp) -> None: ...


async def _add_nothing(database: Database, org: UUID) -> None:
    async with database.transaction() as connection:
        await items.add(connection, [NewItem(new_id(), "nothing", org, "lane")])


async def _bare_nothing(database: Database, org: UUID) -> None:
    async with database.pool.acquire() as connection:
        item_id, holder = new_id(), new_id()
        async with connection.transaction():
            await items.add(connection, [NewItem(item_id, "nothing", org, "lane")])
        assert await items.lease(connection, item_id, holder, 10, early=False) is not None
        async with connection.transaction():
            assert await items.end(connection, item_id, holder)


def _asked(number: int) -> SignalRequest:
    return SignalRequest(domain="acme.com", question=f"Is it product {number}?", answer_type="boolean")


async def _spread(calls: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Make the calls, a few at once."""
    waiting = iter(calls)

    async def some() -> None:
        for call in waiting:
            await call()

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def _bare(
    database: Database, ledger: Ledger, org: UUID, number: int, steps: Sequence[TraceStep]
) -> None:
    async with database.pool.acquire() as connection:
        async with connection.transaction():
            new = NewRow(
                organisation_id=org,
                company_id=await companies.resolve(connection, "acme.com"),
                asked_host="acme.com",
                contact_profile_url=None,
                sales_navigator="off",
                question=f"Is it product {number}?",
                answer_type="boolean",
                output_schema=None,
                verification_mode="strict",
                max_pages=10,
                force_refresh=False,
                reader="extractive",
                request_key=hashlib.sha256(f"bare {number}".encode()).digest(),
            )
            signal_id = await repository.add(connection, new)
            assert signal_id is not None
            await items.add(connection, [NewItem(signal_id, SIGNAL, org, "extractive")])
            await repository.get(connection, org, signal_id)
            await ledger.reserve(connection, org, [Charge(signal_id, 1)])
        holder = new_id()
        assert await items.lease(connection, signal_id, holder, 10, early=False) is not None
        await repository.of_work(connection, signal_id)
        await repository.saved_steps(connection, signal_id)
        unwritten = []
        for step in steps:
            unwritten.append(SavedStep(step.step, step.value, step.seconds))
            if step.step in WRITTEN_AT_ONCE:
                await repository.save_steps(connection, signal_id, unwritten)
                unwritten = []
        async with connection.transaction():
            await repository.save_steps(connection, signal_id, unwritten)
            assert await items.end(connection, signal_id, holder)
            assert await repository.finish(connection, signal_id, Outcome(), {}) is not None
            view = await views.read(connection, org, signal_id)
            assert view is not None
            await events.record(connection, org, "signal.completed", signal_id, view.body)
            await ledger.capture(connection, [signal_id])


async def waking() -> Row:
    """From the commit of what was waited for to the waiting coroutine, many waiting, as the API waits."""
    delays: list[float] = []
    async with fresh_database() as database:
        await database.execute("create table ends (key text primary key)")
        waiter, committed = Waiter(database.dedicated), dict[str, float]()

        async def look(key: str) -> bool | None:
            found: bool | None = await database.fetchval("select true from ends where key = $1", key)
            return found

        async def wait(key: str) -> None:
            assert await waiter.wait(key, lambda: look(key), 60)
            delays.append(time.perf_counter() - committed[key])

        async with waiter.running():
            waits = [asyncio.create_task(wait(f"key {number}")) for number in range(WAITERS)]
            while waiter.waiting < WAITERS:
                await asyncio.sleep(0.01)
            await asyncio.sleep(1)  # the first looks are over
            for number in range(WAITERS):
                async with database.transaction() as connection:
                    await connection.execute("insert into ends values ($1)", f"key {number}")
                    await connection.execute("select pg_notify($1, $2)", CHANNEL, f"key {number}")
                    committed[f"key {number}"] = time.perf_counter()  # before the commit: the delay holds it
                await asyncio.sleep(0.01)
            await asyncio.gather(*waits)
    delays.sort()
    p50, p99 = (delays[int(len(delays) * share)] * 1000 for share in (0.5, 0.99))
    return Row(
        f"waking {WAITERS} who wait, commit to waiter, p99",
        f"{p99:.1f} ms",
        "under 20 ms",
        f"p50 {p50:.1f} ms, the commit itself included; HTTP not",
        p99 < 20,
    )


def rows() -> Iterator[Row]:
    yield asyncio.run(accepting())
    yield from asyncio.run(whole_path())
    yield asyncio.run(waking())
