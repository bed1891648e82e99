"""Whoever asked to be told of a finished signal is called, signed, until it answers 2xx."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import pytest
from cryptography.fernet import Fernet
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tests.signals.test_service import make_service
from tests.web import Hang, InTurn, Redirect, Reply, WebServer

from leadline.accounts.service import default_organisation, organisation
from leadline.events import service as events
from leadline.events.service import Sequencer
from leadline.foundation.database import Database
from leadline.foundation.errors import ConfigurationError, NotFound
from leadline.foundation.http import guarded_async_client
from leadline.foundation.ids import new_id
from leadline.foundation.network import NetworkPolicy
from leadline.foundation.secrets import Vault, open_vault
from leadline.signals import repository as signals_repository
from leadline.signals.schemas import SignalRequest
from leadline.signals.service import SignalService
from leadline.webhooks.schemas import DeliveryStatus
from leadline.webhooks.service import WebhookService
from leadline.webhooks.tasks import PAUSES, PER_RECEIVER, Delivering, Receivers
from leadline.work.service import WorkService


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


class Hooks(WebhookService):
    """Webhooks with what calls them, made to do so by hand."""

    def __init__(
        self, database: Database, http: httpx2.AsyncClient, vault: Vault, policy: NetworkPolicy
    ) -> None:
        super().__init__(database, vault, policy)
        self.database = database
        self.sequencer = Sequencer(database, [self.on_events])
        self.work = WorkService(database, [Delivering(database, http, self).kind()])

    async def deliver_due(self) -> int:
        """Make the calls that are due; returns how many."""
        await self.sequencer.sequence()
        rows = await self.database.fetch(
            "select id from work_items where kind = 'webhook' and (not_before is null or not_before <= now())"
        )
        return sum(await asyncio.gather(*(self.work.run(row["id"]) for row in rows)))


def all_loopback() -> NetworkPolicy:
    return NetworkPolicy(allow_networks=["127.0.0.0/8"])


@pytest.fixture
async def hooks(database: Database) -> AsyncIterator[Hooks]:
    async with guarded_async_client(all_loopback(), "Leadline/test", max_bytes=65_536) as http:
        yield Hooks(database, http, Vault(Fernet.generate_key()), all_loopback())


async def pauses_end(database: Database) -> None:
    await database.execute("update work_items set not_before = now()")


@pytest.fixture
async def org(database: Database) -> UUID:
    return await default_organisation(database)


@pytest.fixture
def signals(database: Database, hooks: Hooks) -> SignalService:
    return make_service(database, webhooks=hooks)


def asking(url: str, question: str = "In which year was Acme founded?") -> SignalRequest:
    return SignalRequest(domain="acme.com", question=question, answer_type="number", webhook_url=url)


async def states(hooks: Hooks, org: UUID, signal_id: str) -> list[DeliveryStatus]:
    return await hooks.deliveries(org, UUID(signal_id))


async def test_a_finished_signal_is_told_signed_and_once(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID
) -> None:
    web.route("*", "/hook", Reply("ok"))
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    assert await hooks.deliver_due() == 1
    assert await hooks.deliver_due() == 0
    (request,) = web.requests
    assert request.method == "POST"
    body = msgspec.json.decode(request.body)
    assert (body["id"], body["status"], body["answer"]["number"]["value"]) == (signal.id, "completed", 1987)
    Webhook(await hooks.secret(org)).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(await hooks.secret(org)).verify(request.body + b" ", dict(request.headers))
    (state,) = await states(hooks, org, signal.id)
    assert (state.status, state.attempts, state.last_status) == ("delivered", 1, 200)


async def test_a_cached_answer_calls_nobody(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID
) -> None:
    await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    before = len(web.requests)
    await signals.ask(org, asking(f"{web.origin}/other"))
    assert await hooks.deliver_due() == 0
    assert len(web.requests) == before


async def test_every_distinct_address_of_joined_requests_is_called_once(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID
) -> None:
    web.route("*", "*", Reply("ok"))
    for path in ("/a", "/b", "/a"):
        row, _ = await signals.accept(org, asking(web.origin + path))
    assert await signals._work.run(UUID(row.signal.id))
    await hooks.deliver_due()
    assert sorted(request.path for request in web.requests) == ["/a", "/b"]


async def test_a_receiver_that_fails_is_called_again_with_the_same_id_and_bytes(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID, database: Database
) -> None:
    web.route("*", "/hook", InTurn(Reply("no", 500), Reply("ok")))
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    (state,) = await states(hooks, org, signal.id)
    assert (state.status, state.last_status) == ("pending", 500)
    assert await hooks.deliver_due() == 0  # not before its pause is over
    await pauses_end(database)
    assert await hooks.deliver_due() == 1
    first, second = web.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert (await states(hooks, org, signal.id))[0].status == "delivered"


async def test_a_receiver_that_never_answers_well_is_given_up(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID, database: Database
) -> None:
    web.route("*", "/hook", Reply("no", 503))
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    for _ in range(len(PAUSES) + 3):
        await pauses_end(database)
        await hooks.deliver_due()
    (state,) = await states(hooks, org, signal.id)
    assert (state.status, state.attempts, len(web.requests)) == ("failed", len(PAUSES) + 1, len(PAUSES) + 1)


async def test_a_redirect_is_a_failure_and_410_ends_it(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID
) -> None:
    web.route("*", "/moved", Redirect("/elsewhere"))
    web.route("*", "/gone", Reply("", 410))
    moved = await signals.ask(org, asking(f"{web.origin}/moved"))
    gone = await signals.ask(org, asking(f"{web.origin}/gone", "When was Acme founded?"))
    await hooks.deliver_due()
    assert sorted(request.path for request in web.requests) == ["/gone", "/moved"]
    assert (await states(hooks, org, moved.id))[0].status == "pending"
    assert (await states(hooks, org, gone.id))[0].status == "failed"


async def test_a_hanging_receiver_costs_one_try(
    web: WebServer,
    hooks: Hooks,
    signals: SignalService,
    org: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("leadline.webhooks.tasks.TRY_SECONDS", 0.2)
    web.route("*", "/hook", Hang())
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    (state,) = await states(hooks, org, signal.id)
    assert state.status == "pending"
    assert "0.2 s" in (state.last_error or "")


async def test_a_private_address_is_not_called(
    web: WebServer, database: Database, signals: SignalService, org: UUID
) -> None:
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    async with guarded_async_client(NetworkPolicy(), "Leadline/test") as http:
        guarded = Hooks(database, http, Vault(Fernet.generate_key()), NetworkPolicy())
        await guarded.deliver_due()
        (state,) = await states(guarded, org, signal.id)
    assert state.status == "failed", "it is not tried again for hours"
    assert "loopback" in (state.last_error or "")
    assert not web.requests
    assert await database.fetchval("select count(*) from work_items") == 0


async def test_both_secrets_sign_after_a_rotation(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID, database: Database
) -> None:
    web.route("*", "/hook", Reply("ok"))
    old = await hooks.secret(org)
    new = await hooks.rotate_secret(org)
    assert new != old
    assert await hooks.secret(org) == new
    await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    (request,) = web.requests
    for secret in (old, new):
        Webhook(secret).verify(request.body, dict(request.headers))
    stored = await database.fetchval("select sealed from webhook_secrets")
    assert new.removeprefix("whsec_").encode() not in stored


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    sealed = open_vault(None, tmp_path).seal(b"secret")
    assert open_vault(None, tmp_path).open(sealed) == b"secret"
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_threads_that_begin_at_once_share_one_key_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        vaults = list(threads.map(lambda _: open_vault(None, tmp_path), range(16)))
    sealed = vaults[0].seal(b"secret")
    assert {vault.open(sealed) for vault in vaults} == {b"secret"}
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]


async def test_a_signal_that_finishes_while_it_is_joined_is_not_promised_a_call(
    database: Database, org: UUID, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told "processing" is called; else it gets the finished signal at once."""
    signals = make_service(database, webhooks=hooks)
    first, _ = await signals.accept(org, asking("https://first.acme.com/"))
    real = signals_repository.running

    async def finished_meanwhile(*args: Any) -> Any:
        """The running signal is finished between the look that found it and the listening."""
        found = await real(*args)
        monkeypatch.setattr(signals_repository, "running", real)
        assert await signals._work.run(UUID(first.signal.id))
        return found

    monkeypatch.setattr(signals_repository, "running", finished_meanwhile)
    second, how = await signals.accept(org, asking("https://second.acme.com/"))
    assert (how, second.signal.id, second.signal.status) == ("cached", first.signal.id, "completed")


def test_another_key_is_told_apart_from_a_fault(tmp_path: Path) -> None:
    sealed = open_vault(None, tmp_path).seal(b"secret")
    with pytest.raises(ConfigurationError, match="another key"):
        open_vault(Fernet.generate_key().decode(), tmp_path).open(sealed)
    with pytest.raises(ConfigurationError, match="32 bytes"):
        open_vault("short", tmp_path)


async def test_one_rotation_is_enough_after_the_key_of_the_vault_was_changed(
    web: WebServer, database: Database, signals: SignalService, org: UUID, hooks: Hooks
) -> None:
    web.route("*", "/hook", Reply("ok"))
    await hooks.secret(org)
    await signals.ask(org, asking(f"{web.origin}/hook"))
    policy = NetworkPolicy(allow_networks=["127.0.0.0/8"])
    async with guarded_async_client(policy, "Leadline/test") as http:
        rekeyed = Hooks(database, http, Vault(Fernet.generate_key()), policy)
        secret = await rekeyed.rotate_secret(org)
        assert await rekeyed.deliver_due() == 1
    (request,) = web.requests
    Webhook(secret).verify(request.body, dict(request.headers))


# ------------------------------------------------------------------ receivers that behave badly


async def test_a_receiver_that_answers_well_with_a_long_page_is_called_once(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID
) -> None:
    web.route("*", "/hook", Reply("x" * 200_000))
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    assert await hooks.deliver_due() == 0
    assert (await states(hooks, org, signal.id))[0].status == "delivered"
    assert len(web.requests) == 1


@pytest.mark.parametrize("asked", ["999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "-5", "soon"])
async def test_an_absurd_retry_after_is_not_waited_for(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID, database: Database, asked: str
) -> None:
    web.route("*", "/hook", Reply("no", 503, headers={"Retry-After": asked}))
    await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    assert await database.fetchval("select not_before < now() + interval '10 seconds' from work_items")


async def test_a_fair_retry_after_is_waited_for(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID, database: Database
) -> None:
    web.route("*", "/hook", Reply("no", 429, headers={"Retry-After": "120"}))
    await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    assert await database.fetchval("select not_before > now() + interval '100 seconds' from work_items")


async def test_a_receiver_that_hangs_does_not_hold_up_another(
    web: WebServer, hooks: Hooks, org: UUID, database: Database
) -> None:
    """Sixty calls to one that hangs and then five to a quick one, by one worker."""
    web.route("*", "/hang", Hang())
    web.route("*", "/quick", Reply("ok"))
    async with WebServer() as other:
        other.route("*", "/quick", Reply("ok"))
        for number in range(65):
            url = f"{web.origin}/hang" if number < 60 else f"{other.origin}/quick"
            reference = new_id()
            await hooks.listen(database, reference, url)
            await events.record(database, org, "thing.done", reference, b"{}")
        stop = asyncio.Event()
        began = time.monotonic()
        async with hooks.sequencer.running():
            working = asyncio.create_task(hooks.work.work(stop, concurrency=8, grace=0))
            await other.wait_for(lambda: other.count("*", "/quick") == 5 or len(other.requests) == 5)
            assert time.monotonic() - began < 9, "not after the time-out of the others"
            assert len(web.requests) <= PER_RECEIVER
            stop.set()
            await working


async def test_a_call_is_made_again_by_hand(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID, database: Database
) -> None:
    web.route("*", "/hook", InTurn(Reply("", 410), Reply("ok")))
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    (state,) = await states(hooks, org, signal.id)
    assert state.status == "failed"
    assert [(one.url, one.failed) for one in await hooks.failing(org)] == [(f"{web.origin}/hook", 1)]
    stranger = await organisation(database, "stranger")
    with pytest.raises(NotFound):
        await hooks.redeliver(database, stranger, state.id)
    await hooks.redeliver(database, org, state.id)
    assert await hooks.deliver_due() == 1
    assert (await states(hooks, org, signal.id))[0].status == "delivered"
    assert await hooks.failing(org) == []
    first, second = web.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


async def test_a_time_range_is_replayed(
    web: WebServer, hooks: Hooks, signals: SignalService, org: UUID, database: Database
) -> None:
    web.route("*", "/hook", Reply("ok"))
    await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    now = await database.fetchval("select now()")
    hour = timedelta(hours=1)
    assert await hooks.replay(database, org, now - 2 * hour, now - hour) == 0
    assert await hooks.replay(database, org, now - hour, now + hour, failed_only=True) == 0
    assert await hooks.replay(database, org, now - hour, now + hour) == 1
    assert await hooks.deliver_due() == 1
    assert len(web.requests) == 2


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ftp://acme.com/", "http"),
        ("https://user@acme.com/", "http"),
        ("https://acme.com:0/", "http"),
        ("https://acme.com/" + "x" * 2048, "2048"),
        ("http://127.0.0.1/hook", "public"),
        ("http://10.1.2.3/", "public"),
        ("http://[::1]/", "public"),
        ("http://169.254.169.254/latest", "public"),
        ("http://2130706433/", "public"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_at_the_door(
    database: Database, url: str, word: str
) -> None:
    hooks = WebhookService(database, Vault(Fernet.generate_key()), NetworkPolicy())
    assert word in (hooks.refusal(url) or "")
    assert hooks.refusal("https://hooks.acme.com/told?x=1") is None


async def test_a_receiver_not_known_to_answer_is_called_once_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("leadline.webhooks.tasks.PROBE_SECONDS", 0.05)
    receivers = Receivers()
    assert await receivers.may_be_called("slow")
    assert not await receivers.may_be_called("slow")
    receivers.ended("slow", answered=False)
    assert await receivers.may_be_called("quick")
    waiting = [asyncio.create_task(receivers.may_be_called("quick")) for _ in range(5)]
    await asyncio.sleep(0)
    receivers.ended("quick", answered=True)
    assert await asyncio.gather(*waiting) == [True] * 5
    assert await receivers.may_be_called("quick")
    receivers.ended("quick", answered=False)  # it hangs now
    assert await receivers.may_be_called("quick")
    assert not await receivers.may_be_called("quick")
