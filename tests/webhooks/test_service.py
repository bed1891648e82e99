"""Whoever asked to be told of a finished signal is called, signed, until it answers 2xx."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import httpx2
import msgspec
import pytest
from cryptography.fernet import Fernet
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tests.signals.test_service import make_service
from tests.web import Hang, InTurn, Redirect, Reply, WebServer

from leadline.accounts.service import default_organisation
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import ConfigurationError
from leadline.foundation.http import guarded_async_client
from leadline.foundation.network import NetworkPolicy
from leadline.foundation.secrets import Vault, open_vault
from leadline.signals.schemas import SignalRequest
from leadline.signals.service import SignalService
from leadline.webhooks.schemas import DeliveryStatus
from leadline.webhooks.service import WebhookService


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def hooks(database: Database) -> AsyncIterator[WebhookService]:
    policy = NetworkPolicy(allow_networks=["127.0.0.0/8"])
    async with guarded_async_client(policy, "Leadline/test", max_bytes=65_536) as http:
        yield WebhookService(database, http, Vault(Fernet.generate_key()))


@pytest.fixture
async def org(database: Database) -> UUID:
    return await default_organisation(database)


@pytest.fixture
def signals(database: Database, hooks: WebhookService) -> SignalService:
    return make_service(database, webhooks=hooks)


def asking(url: str, question: str = "In which year was Acme founded?") -> SignalRequest:
    return SignalRequest(domain="acme.com", question=question, answer_type="number", webhook_url=url)


async def states(hooks: WebhookService, org: UUID, signal_id: str) -> list[DeliveryStatus]:
    return await hooks.deliveries(org, UUID(signal_id))


async def test_a_finished_signal_is_told_signed_and_once(
    web: WebServer, hooks: WebhookService, signals: SignalService, org: UUID
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
    web: WebServer, hooks: WebhookService, signals: SignalService, org: UUID
) -> None:
    await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    before = len(web.requests)
    await signals.ask(org, asking(f"{web.origin}/other"))
    assert await hooks.deliver_due() == 0
    assert len(web.requests) == before


async def test_every_distinct_address_of_joined_requests_is_called_once(
    web: WebServer, hooks: WebhookService, signals: SignalService, org: UUID
) -> None:
    web.route("*", "*", Reply("ok"))
    for path in ("/a", "/b", "/a"):
        row, _ = await signals.accept(org, asking(web.origin + path))
    assert await signals._work.run(UUID(row.signal.id))
    await hooks.deliver_due()
    assert sorted(request.path for request in web.requests) == ["/a", "/b"]


async def test_a_receiver_that_fails_is_called_again_with_the_same_id_and_bytes(
    web: WebServer, hooks: WebhookService, signals: SignalService, org: UUID, database: Database
) -> None:
    web.route("*", "/hook", InTurn(Reply("no", 500), Reply("ok")))
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    await hooks.deliver_due()
    (state,) = await states(hooks, org, signal.id)
    assert (state.status, state.last_status) == ("pending", 500)
    assert await hooks.deliver_due() == 0  # not before its pause is over
    await database.execute("update webhook_deliveries set next_attempt_at = now()")
    assert await hooks.deliver_due() == 1
    first, second = web.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert (await states(hooks, org, signal.id))[0].status == "delivered"


async def test_a_receiver_that_never_answers_well_is_given_up(
    web: WebServer, hooks: WebhookService, signals: SignalService, org: UUID, database: Database
) -> None:
    web.route("*", "/hook", Reply("no", 503))
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    for _ in range(7):
        await database.execute("update webhook_deliveries set next_attempt_at = now()")
        await hooks.deliver_due()
    (state,) = await states(hooks, org, signal.id)
    assert (state.status, state.attempts, len(web.requests)) == ("failed", 5, 5)


async def test_a_redirect_is_a_failure_and_410_ends_it(
    web: WebServer, hooks: WebhookService, signals: SignalService, org: UUID
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
    hooks: WebhookService,
    signals: SignalService,
    org: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("leadline.webhooks.service.TRY_SECONDS", 0.2)
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
        guarded = WebhookService(database, http, Vault(Fernet.generate_key()))
        await guarded.deliver_due()
        (state,) = await states(guarded, org, signal.id)
    assert "loopback" in (state.last_error or "")
    assert not web.requests


async def test_a_delivery_whose_process_died_is_due_again(
    web: WebServer, hooks: WebhookService, signals: SignalService, org: UUID, database: Database
) -> None:
    web.route("*", "/hook", Reply("ok"))
    signal = await signals.ask(org, asking(f"{web.origin}/hook"))
    await database.execute(
        "update webhook_deliveries set attempts = 1, next_attempt_at = now() - interval '1 second'"
    )
    assert await hooks.deliver_due() == 1
    (state,) = await states(hooks, org, signal.id)
    assert (state.status, state.attempts) == ("delivered", 2)


async def test_both_secrets_sign_after_a_rotation(
    web: WebServer, hooks: WebhookService, signals: SignalService, org: UUID, database: Database
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


async def test_a_webhook_of_a_finished_signal_is_not_attached(
    hooks: WebhookService, signals: SignalService, org: UUID, database: Database
) -> None:
    row, _ = await signals.accept(org, asking("https://hook.acme.com/"))
    await signals._work.run(UUID(row.signal.id))
    await hooks.attach(database, UUID(row.signal.id), "https://late.acme.com/")
    assert [d.url for d in await states(hooks, org, row.signal.id)] == ["https://hook.acme.com/"]


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


class FinishingMeanwhile(WebhookService):
    """The running signal is finished between the look that found it and the attaching."""

    finish: Callable[[], Awaitable[bool]] | None = None

    async def attach(self, connection: Connection, signal_id: UUID, url: str) -> bool:
        if self.finish is not None:
            finish, self.finish = self.finish, None
            assert await finish()
        return await super().attach(connection, signal_id, url)


async def test_a_signal_that_finishes_while_it_is_joined_is_not_promised_a_call(
    database: Database, org: UUID
) -> None:
    """Whoever is told "processing" is called; else it gets the finished signal at once."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        hooks = FinishingMeanwhile(database, http, Vault(Fernet.generate_key()))
        signals = make_service(database, webhooks=hooks)
        first, _ = await signals.accept(org, asking("https://first.acme.com/"))
        hooks.finish = lambda: signals._work.run(UUID(first.signal.id))
        second, how = await signals.accept(org, asking("https://second.acme.com/"))
    assert (how, second.signal.id, second.signal.status) == ("cached", first.signal.id, "completed")


def test_another_key_is_told_apart_from_a_fault(tmp_path: Path) -> None:
    sealed = open_vault(None, tmp_path).seal(b"secret")
    with pytest.raises(ConfigurationError, match="another key"):
        open_vault(Fernet.generate_key().decode(), tmp_path).open(sealed)
    with pytest.raises(ConfigurationError, match="32 bytes"):
        open_vault("short", tmp_path)


async def test_one_rotation_is_enough_after_the_key_of_the_vault_was_changed(
    web: WebServer, database: Database, signals: SignalService, org: UUID, hooks: WebhookService
) -> None:
    web.route("*", "/hook", Reply("ok"))
    await hooks.secret(org)
    await signals.ask(org, asking(f"{web.origin}/hook"))
    policy = NetworkPolicy(allow_networks=["127.0.0.0/8"])
    async with guarded_async_client(policy, "Leadline/test") as http:
        rekeyed = WebhookService(database, http, Vault(Fernet.generate_key()))
        secret = await rekeyed.rotate_secret(org)
        assert await rekeyed.deliver_due() == 1
    (request,) = web.requests
    Webhook(secret).verify(request.body, dict(request.headers))
