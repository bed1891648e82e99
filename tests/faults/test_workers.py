"""Workers killed, terminated and cut off in mid-signal: every signal is finished once, and paid once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from bench.chaos import DATABASE_FAULTS, Plan, chaos
from tests.cli.command import HOST, Command, command_for
from tests.faults.embedded_users import wait_until_stopped
from tests.signals.test_service import make_service
from tests.web import Held, Reply, WebServer

from leadline.accounts.service import default_organisation
from leadline.credits.service import Ledger
from leadline.foundation.database import Database
from leadline.signals.schemas import SignalRequest

FOUNDED = "In which year was Acme founded?"
PAGE = "<title>Acme</title><h1>Acme</h1><p>Acme was founded in 1999 in Kiel, Germany.</p>"


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    """Look again and again, until the test's own time-out."""
    while not await condition():
        await asyncio.sleep(0.02)


def worker_for(web: WebServer, database_url: str, **variables: str) -> Command:
    return command_for(
        web, database_url, LEADLINE_LEASE_SECONDS="1", LEADLINE_LOG_LEVEL="warning", **variables
    )


async def accepted(database: Database, *questions: str) -> None:
    service = make_service(database, reserved_hosts=[HOST])
    org = await default_organisation(database)
    requests = [SignalRequest(domain=HOST, question=q, answer_type="number") for q in questions]
    assert {one.how for one in await service.accept_many(org, requests)} == {"new"}


async def finished(database: Database) -> bool:
    found = await database.fetchval("select count(*) = 0 from signals where status = 'processing'")
    return bool(found)


async def settled(database: Database) -> dict[str, int]:
    """How many entries of each kind the ledger has for signals."""
    rows = await database.fetch(
        "select kind, count(*) as n from credit_entries where reference is not null group by kind"
    )
    return {row["kind"]: row["n"] for row in rows}


async def test_a_worker_killed_in_mid_signal_costs_nothing(
    web: WebServer, database_url: str, database: Database
) -> None:
    held = Held(Reply(PAGE))
    web.route(HOST, "/", held)
    command = worker_for(web, database_url)
    await accepted(database, FOUNDED)
    async with command.start("work") as victim:
        await command.seen(victim, web, lambda: web.count(HOST, "/") == 1)
        victim.kill()
        await victim.wait()
    held.release()
    async with command.start("work"):
        await until(lambda: finished(database))
    row = await database.fetchrow("select status, answer, charged from signals")
    assert tuple(row) == ("completed", "1999", True)
    assert await settled(database) == {"reserve": 1, "capture": 1}


async def test_a_worker_killed_with_two_hundred_signals_in_flight_loses_and_doubles_none(
    web: WebServer, database_url: str, database: Database
) -> None:
    held = Held(Reply(PAGE))
    web.route(HOST, "/", held)
    command = worker_for(web, database_url, LEADLINE_WORKER_CONCURRENCY="200")
    async with database.transaction() as connection:
        org = await default_organisation(connection)
        await Ledger(monthly_credits=100).set_allowance(connection, org, 200)
    await accepted(database, *(f"In which year was Acme founded, version {n}?" for n in range(200)))

    async def all_in_flight() -> bool:
        found = await database.fetchval("select count(*) = 200 from work_items where lease_until > now()")
        return bool(found)

    async with command.start("work") as victim:
        await until(all_in_flight)
        await command.seen(victim, web, lambda: web.count(HOST, "/") == 1)
        victim.kill()
        await victim.wait()
    held.release()
    async with command.start("work"):
        await until(lambda: finished(database))
    rows = await database.fetch("select status, charged, count(*) as n from signals group by 1, 2")
    assert [tuple(row) for row in rows] == [("completed", True, 200)]
    assert await settled(database) == {"reserve": 200, "capture": 200}
    assert web.count(HOST, "/") == 2, "the page that was in flight was fetched once more"


async def test_a_signal_that_kills_every_worker_is_given_up(
    web: WebServer, database_url: str, database: Database
) -> None:
    web.route(HOST, "/", Held())
    command = worker_for(web, database_url)
    await accepted(database, FOUNDED)
    for attempt in (1, 2):
        async with command.start("work") as victim:
            await command.seen(victim, web, lambda attempt=attempt: web.count(HOST, "/") == attempt)
            victim.kill()
            await victim.wait()
    assert await database.fetchval("select attempts from work_items") == 2
    await database.execute("update work_items set attempts = 5")
    async with command.start("work"):
        await until(lambda: finished(database))
    row = await database.fetchrow("select status, error_code, charged from signals")
    assert tuple(row) == ("failed", "TOO_MANY_ATTEMPTS", False)
    assert await settled(database) == {"reserve": 1, "release": 1}
    assert web.count(HOST, "/") == 2, "the last worker did not touch it"


async def test_sigterm_under_load_ends_in_time_and_hands_everything_back(
    web: WebServer, database_url: str, database: Database
) -> None:
    held = Held(Reply(PAGE))
    web.route(HOST, "/", held)
    command = worker_for(web, database_url, LEADLINE_SHUTDOWN_GRACE="0.2", LEADLINE_WORKER_CONCURRENCY="4")
    await accepted(database, *(f"In which year was Acme founded, version {n}?" for n in range(10)))
    async with command.start("work") as worker:
        await until(
            lambda: database.fetchval("select count(*) = 4 from work_items where lease_until is not null")
        )
        worker.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await worker.communicate()
    assert worker.returncode == 0
    rows = await database.fetch("select 1 from work_items where lease_until is not null or attempts > 0")
    assert rows == [], "each is as if it had never been begun"
    assert await database.fetchval("select count(*) from work_items") == 10
    assert await database.fetchval("select count(*) from workers") == 0
    held.release()
    async with command.start("work"):
        await until(lambda: finished(database))
    assert await settled(database) == {"reserve": 10, "capture": 10}


async def test_cut_connections_in_mid_signal_cost_nothing(
    web: WebServer, database_url: str, database: Database
) -> None:
    held = Held(Reply(PAGE))
    web.route(HOST, "/", held)
    command = worker_for(web, database_url)
    await accepted(database, FOUNDED)
    async with command.start("work") as worker:
        await command.seen(worker, web, lambda: web.count(HOST, "/") == 1)
        knife = await asyncpg.connect(database_url)
        await knife.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await knife.close()
        held.release()
        await until(lambda: finished(database))
        await accepted(database, "In which year was the company Acme founded?")
        await until(lambda: finished(database))
        assert worker.returncode is None, "the worker went on"
    assert await settled(database) == {"reserve": 2, "capture": 2}


@pytest.mark.parametrize("fault", DATABASE_FAULTS)
async def test_killed_workers_and_a_database_that_comes_to_grief_lose_and_double_nothing(
    data_dir: Path, fault: str
) -> None:
    plan = Plan(
        signals=40, workers=2, kill_every=2.0, kills=2, database=(fault,), lease=2.0, page_seconds=0.01
    )
    report = await chaos(plan, data_dir)
    wait_until_stopped(data_dir / "postgres")
    assert report.wrong == []
    assert (report.by_status, report.database_faults) == ({"completed": 40}, [fault])
