"""A worker sees accepted signals through, beside others, and stops in bounded time."""

from __future__ import annotations

import asyncio
from uuid import UUID

from tests.web import Held, Reply, WebServer
from tests.worker.acme import PAGE, accepted, finished, working

from leadline.bootstrap import Leadline


async def test_an_accepted_signal_is_finished_and_charged(leadline: Leadline, web: WebServer) -> None:
    web.page("acme.com", "/", PAGE)
    async with working(leadline):
        signal_id = await accepted(leadline)
        await finished(leadline, signal_id)
    signal = await leadline.signals.get(await leadline.organisation(), str(signal_id))
    assert (signal.status, signal.answer) == ("completed", 1999)
    kinds = await leadline.database.fetch("select kind from credit_entries where reference = $1", signal_id)
    assert sorted(row["kind"] for row in kinds) == ["capture", "reserve"]
    assert await leadline.database.fetchval("select count(*) from workers") == 0


async def test_two_workers_share_the_work(leadline: Leadline, web: WebServer) -> None:
    for number in range(6):
        web.page(f"acme{number}.com", "/", PAGE)
    ids = [await accepted(leadline, f"acme{number}.com") for number in range(6)]
    async with working(leadline), working(leadline):
        await finished(leadline, *ids)
    assert await leadline.database.fetchval("select count(*) from work_items") == 0
    assert await leadline.database.fetchval("select count(*) from credit_entries where kind = 'capture'") == 6


async def test_a_stopped_worker_hands_its_signals_to_the_next(leadline: Leadline, web: WebServer) -> None:
    held = Held(Reply(PAGE))
    web.route("acme.com", "/", held)
    signal_id = await accepted(leadline)
    async with working(leadline):
        await web.wait_for(lambda: web.count("acme.com", "/") == 1)
    row = await leadline.database.fetchrow("select lease_holder, lease_until, attempts from work_items")
    assert tuple(row) == (None, None, 0)
    held.release()
    async with working(leadline):
        await finished(leadline, signal_id)


async def test_a_signal_that_two_processes_died_on_takes_no_other_along(
    leadline: Leadline, web: WebServer
) -> None:
    hosts = [f"acme{number}.com" for number in range(3)]
    for host in hosts:
        web.route(host, "/", Held())
    ids: list[UUID] = [await accepted(leadline, host) for host in hosts]
    await leadline.database.execute("update work_items set attempts = 2")
    async with working(leadline):
        await web.wait_for(lambda: sum(web.count(host, "/") for host in hosts) == 1)
        for _ in range(3):  # it looks again, and takes no other
            leadline.work.poke()
            await asyncio.sleep(0.2)
            leased = "select count(*) from work_items where lease_until is not null"
            assert await leadline.database.fetchval(leased) == 1, "the others wait for their turn"
    assert len(ids) == 3


async def test_finished_signals_are_told_to_their_webhooks(leadline: Leadline, web: WebServer) -> None:
    web.page("acme.com", "/", PAGE)
    signal_id = await accepted(leadline)
    await leadline.webhooks.listen(leadline.database, signal_id, "https://hooks.acme.com/told")
    async with working(leadline):
        await finished(leadline, signal_id)
        while not await leadline.database.fetchval(
            "select exists (select from webhook_deliveries where attempts > 0)"
        ):
            await asyncio.sleep(0.02)
