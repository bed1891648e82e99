"""A change calls the addresses of the subscription's actions, unsigned, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest
from cryptography.fernet import Fernet
from tests.subscriptions.test_service import House
from tests.web import Answer, Connection, Reply, Request, WebServer
from tests.webhooks.test_service import Hooks, all_loopback

from leadline.accounts.service import default_organisation
from leadline.events import service as events
from leadline.foundation.database import Database
from leadline.foundation.http import guarded_async_client
from leadline.foundation.secrets import Vault
from leadline.subscriptions.actions import ActionService
from leadline.subscriptions.schemas import SignalSubscription, WebhookActionConfig


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


class Acting:
    """A subscription of one company, whose page can be edited, and its actions."""

    def __init__(self, database: Database, org: UUID, hooks: Hooks) -> None:
        self.org = org
        self.house = House(database, org)
        self.hooks = hooks
        self.actions = ActionService(database, hooks)
        self.people = 40

    async def subscribe(self) -> SignalSubscription:
        self.subscription = await self.house.subscription()
        return self.subscription

    async def act(self, url: str) -> UUID:
        made = await self.actions.create(self.org, self.subscription.id, WebhookActionConfig(url))
        return made.id

    async def run(self, *, edit: bool = True) -> int:
        """Run once, of a page that says something new; returns how many calls were made."""
        self.people += edit
        self.house.fetcher.pages["https://acme.com/about"] = f"<p>Acme employs {self.people} people.</p>"
        await self.house.trigger(self.subscription)
        await self.house.do("subscription_run")
        await self.house.do("signal")
        return await self.hooks.deliver_due()


@pytest.fixture
async def acting(database: Database) -> AsyncIterator[Acting]:
    async with guarded_async_client(all_loopback(), "Leadline/test", max_bytes=65_536) as http:
        hooks = Hooks(database, http, Vault(Fernet.generate_key()), all_loopback())
        made = Acting(database, await default_organisation(database), hooks)
        await made.subscribe()
        yield made


async def test_only_a_change_calls_and_the_call_is_the_signal_without_a_signature(
    acting: Acting, web: WebServer
) -> None:
    web.route("*", "/hook", Reply("ok"))
    await acting.act(f"{web.origin}/hook")
    assert await acting.run() == 0  # the baseline
    assert await acting.run(edit=False) == 0
    assert await acting.run() == 1
    (request,) = web.requests
    body = msgspec.json.decode(request.body)
    assert body["changeContext"]["changeType"] == "CHANGED"
    assert request.headers["leadline-event"] == "signal.changed"
    assert "webhook-signature" not in request.headers
    assert await acting.run() == 1  # it goes on listening


async def test_paused_and_deleted_actions_call_nobody_and_one_address_is_called_once(
    acting: Acting, web: WebServer
) -> None:
    web.route("*", "*", Reply("ok"))
    first, second, third = [await acting.act(f"{web.origin}/{path}") for path in ("a", "a", "b")]
    await acting.run()
    await acting.actions.enable(acting.org, acting.subscription.id, first, enabled=False)
    await acting.actions.delete(acting.org, acting.subscription.id, third)
    assert await acting.run() == 1
    assert [request.path for request in web.requests] == ["/a"]
    await acting.actions.enable(acting.org, acting.subscription.id, second, enabled=False)
    assert await acting.run() == 0


async def test_a_receiver_that_is_gone_is_called_no_more_and_reported(acting: Acting, web: WebServer) -> None:
    web.route("*", "/hook", Reply("", status=410))
    action = await acting.act(f"{web.origin}/hook")
    await acting.run()
    assert await acting.run() == 1
    assert await acting.run() == 0
    shown = await acting.actions.get(acting.org, acting.subscription.id, action)
    assert shown.enabled is False
    await acting.hooks.sequencer.sequence()
    happened = await events.after(acting.house.database.repeatable, acting.org, 0)
    (report,) = [e for e in happened if e.type == "webhook.given_up"]
    told = msgspec.json.decode(report.body)
    assert (told["url"], told["disabled"]) == (f"{web.origin}/hook", True)
    web.route("*", "/hook", Reply("ok"))
    await acting.actions.enable(acting.org, acting.subscription.id, action, enabled=True)
    assert await acting.run() == 1


class Drip(Answer):
    """Sends the head of its answer byte by byte, and never comes to its end."""

    async def send(self, request: Request, connection: Connection) -> bool:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"x" * 10_000:
            await connection.send(bytes([byte]))
            try:
                await asyncio.wait_for(connection.closing.wait(), 0.02)
            except TimeoutError:
                continue
            break
        return False


async def test_a_dripping_receiver_costs_one_try_and_holds_up_no_other(
    acting: Acting, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadline.webhooks.tasks.TRY_SECONDS", 0.3)
    web.route("*", "/drip", Drip())
    async with WebServer() as other:
        other.route("*", "/quick", Reply("ok"))
        await acting.act(f"{web.origin}/drip")
        await acting.act(f"{other.origin}/quick")
        await acting.run()
        assert await asyncio.wait_for(acting.run(), 5) == 2
    states = {
        s.url.rpartition("/")[2]: s for s in await acting.hooks.deliveries(acting.org, acting.subscription.id)
    }
    assert states["quick"].status == "delivered"
    assert (states["drip"].status, states["drip"].last_error) == ("pending", "no answer in 0.3 s")
