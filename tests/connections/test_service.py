"""Connections: linked, checked, pinned, replaced, resealed, and counted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.fernet import Fernet

from leadline.accounts.service import create_key, organisation, revoke_key
from leadline.connections.schemas import Connection, Health, Linked, NewConnection
from leadline.connections.service import ConnectionService
from leadline.connections.tasks import HealthChecks
from leadline.foundation.database import Database
from leadline.foundation.errors import ConfigurationError, Conflict, InvalidInput, NotFound
from leadline.foundation.network import NetworkPolicy
from leadline.foundation.secrets import FILE, Vault, open_vault
from leadline.webhooks.service import WebhookService

TOKEN = "to.ken-1+2=="
NEW = NewConnection("unipile", "account-1", "https://api13.example.com:14376", TOKEN)


class Vendor:
    """Finds every account in the state it is told; remembers who was looked at with which secret."""

    def __init__(self) -> None:
        self.health = Health("connected", None, "Olga Owner")
        self.seen: list[tuple[str, str]] = []

    async def check(self, linked: Linked) -> Health:
        self.seen.append((linked.account, linked.secret))
        return self.health


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def service(
    database: Database, vendor: Vendor, key: bytes, *, networks: tuple[str, ...] = ()
) -> ConnectionService:
    return ConnectionService(
        database, Vault(key), NetworkPolicy(allow_networks=networks), {"unipile": vendor.check}
    )


@pytest.fixture
def vault_key() -> bytes:
    return Fernet.generate_key()


@pytest.fixture
def connections(database: Database, vendor: Vendor, vault_key: bytes) -> ConnectionService:
    return service(database, vendor, vault_key)


@pytest.fixture
async def acme(database: Database) -> UUID:
    return await organisation(database, "acme")


async def states(connections: ConnectionService, org: UUID, key: UUID | None = None) -> list[tuple[str, str]]:
    return [(one.source, one.status) for one in await connections.connectors(org, key)]


async def test_account_is_linked_then_found_to_work(
    connections: ConnectionService, acme: UUID, vendor: Vendor
) -> None:
    assert await states(connections, acme) == [("salesNavigator", "disconnected")]
    made = await connections.add(acme, NEW)
    assert (made.status, made.checked_at) == ("ready-to-connect", None)
    assert await states(connections, acme) == [("salesNavigator", "ready-to-connect")]
    tested = await connections.test(acme, made.id)
    assert (tested.status, tested.name, tested.last_error) == ("connected", "Olga Owner", None)
    assert tested.checked_at is not None
    assert vendor.seen == [("account-1", TOKEN)]
    assert await states(connections, acme) == [("salesNavigator", "connected")]


async def test_secret_is_stored_encrypted_and_never_shown(
    connections: ConnectionService, acme: UUID, database: Database
) -> None:
    made = await connections.add(acme, NEW)
    rows = await database.fetch("select c::text as text, sealed from connections c")
    assert all(TOKEN not in row["text"] and TOKEN.encode() not in row["sealed"] for row in rows)
    linked = await connections.linked(acme, None)
    assert linked is not None
    assert linked.secret == TOKEN
    for shown in (repr(linked), repr(made), str(await connections.connections(acme))):
        assert TOKEN not in shown


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"connector": "hubspot"}, "connector"),
        ({"account": ""}, "account"),
        ({"account": "two words"}, "account"),
        ({"secret": ""}, "secret"),
        ({"secret": "two\nlines"}, "secret"),
        ({"daily_profiles": 0}, "daily_profiles"),
        ({"daily_results": -5}, "daily_results"),
        ({"address": "http://api13.example.com"}, "address"),
        ({"address": "ftp://api13.example.com"}, "address"),
        ({"address": "https://user:secret@api13.example.com"}, "address"),
        ({"address": "https://api13.example.com/path"}, "address"),
        ({"address": "https://"}, "address"),
        ({"address": "https://169.254.169.254"}, "address"),
        ({"address": "https://10.0.0.1:8000"}, "address"),
        ({"address": "http://127.0.0.1:8000"}, "address"),
        ({"address": "https://2130706433"}, "address"),
    ],
)
async def test_what_cannot_be_linked_is_refused_by_name(
    connections: ConnectionService, acme: UUID, changed: dict[str, object], named: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await connections.add(acme, NEW._replace(**changed))
    assert [field for field, _ in caught.value.fields] == [named]
    assert TOKEN not in caught.value.message
    assert await connections.connections(acme) == []


async def test_loopback_is_called_where_the_operator_allows_it(
    database: Database, vendor: Vendor, vault_key: bytes, acme: UUID
) -> None:
    allowed = service(database, vendor, vault_key, networks=("127.0.0.0/8",))
    made = await allowed.add(acme, NEW._replace(address="http://127.0.0.1:8000/"))
    assert made.address == "http://127.0.0.1:8000"


async def test_address_without_scheme_is_https(connections: ConnectionService, acme: UUID) -> None:
    made = await connections.add(acme, NEW._replace(address="API13.example.com:14376"))
    assert made.address == "https://api13.example.com:14376"


async def test_same_account_is_not_linked_twice_by_one_organisation(
    connections: ConnectionService, acme: UUID, database: Database
) -> None:
    await connections.add(acme, NEW)
    with pytest.raises(Conflict):
        await connections.add(acme, NEW)
    await connections.add(await organisation(database, "globex"), NEW)


async def test_another_organisation_sees_and_touches_nothing(
    connections: ConnectionService, acme: UUID, database: Database
) -> None:
    made = await connections.add(acme, NEW)
    other = await organisation(database, "globex")
    key = await create_key(database, other, "theirs")
    assert await connections.connections(other) == []
    assert await connections.linked(other, None) is None
    for attempt in (
        connections.test(other, made.id),
        connections.replace(other, made.id, "other"),
        connections.remove(other, made.id),
        connections.pin(other, key.id, made.id),
        connections.pin(acme, key.id, made.id),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await connections.connections(acme) == [made]


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (Health("disconnected", "link it anew"), "disconnected"),
        (Health("needs-authentication", "checkpoint"), "needs-authentication"),
        (Health("error", "no seat"), "error"),
        (Health(None, "timed out"), "connected"),  # it could not be seen, and is what it was
    ],
)
async def test_status_is_what_was_last_seen(
    connections: ConnectionService, acme: UUID, vendor: Vendor, health: Health, status: str
) -> None:
    made = await connections.add(acme, NEW)
    await connections.test(acme, made.id)
    vendor.health = health
    tested = await connections.test(acme, made.id)
    assert (tested.status, tested.last_error, tested.name) == (status, health.error, "Olga Owner")
    linked = await connections.linked(acme, None)
    assert linked is not None
    assert linked.usable == (status == "connected")
    vendor.health = Health("connected")
    assert (await connections.test(acme, made.id)).last_error is None


async def test_replaced_secret_is_used_and_what_was_known_is_forgotten(
    connections: ConnectionService, acme: UUID, vendor: Vendor
) -> None:
    made = await connections.add(acme, NEW)
    vendor.health = Health("needs-authentication", "expired")
    await connections.test(acme, made.id)
    replaced = await connections.replace(acme, made.id, "fresh", "https://api14.example.com")
    assert (replaced.id, replaced.status, replaced.last_error) == (made.id, "ready-to-connect", None)
    assert replaced.address == "https://api14.example.com"
    assert replaced.replaced_at is not None
    await connections.test(acme, made.id)
    assert vendor.seen == [("account-1", TOKEN), ("account-1", "fresh")]


async def test_check_of_a_replaced_secret_changes_nothing(
    connections: ConnectionService, acme: UUID, vendor: Vendor, database: Database, vault_key: bytes
) -> None:
    made = await connections.add(acme, NEW)

    class Slow(Vendor):
        async def check(self, linked: Linked) -> Health:
            await connections.replace(acme, made.id, "fresh")  # while the vendor answers about the old one
            return Health("needs-authentication", "the old token is refused")

    slow = service(database, Slow(), vault_key)
    assert (await slow.test(acme, made.id)).status == "ready-to-connect"


# ------------------------------------------------------------------ which key uses which


async def test_key_uses_the_first_that_works_unless_it_is_pinned(
    connections: ConnectionService, acme: UUID, vendor: Vendor, database: Database
) -> None:
    first = await connections.add(acme, NEW)
    second = await connections.add(acme, NEW._replace(account="account-2"))
    key, other = await create_key(database, acme, "one"), await create_key(database, acme, "two")

    async def used(key_id: UUID | None) -> UUID:
        linked = await connections.linked(acme, key_id)
        assert linked is not None
        return linked.id

    assert await used(key.id) == first.id
    await connections.test(acme, second.id)
    assert await used(key.id) == second.id  # the first has not been seen to work
    await connections.pin(acme, key.id, first.id)
    assert (await used(key.id), await used(other.id), await used(None)) == (first.id, second.id, second.id)
    await connections.noticed(first.id, Health("disconnected", "gone"))
    assert await used(key.id) == first.id  # never somebody else's account
    assert await states(connections, acme, key.id) == [("salesNavigator", "disconnected")]
    assert await states(connections, acme, other.id) == [("salesNavigator", "connected")]
    await connections.pin(acme, key.id, None)
    assert await used(key.id) == second.id


async def test_connection_that_a_key_is_pinned_to_is_not_removed(
    connections: ConnectionService, acme: UUID, database: Database
) -> None:
    made = await connections.add(acme, NEW)
    key = await create_key(database, acme, "one")
    await connections.pin(acme, key.id, made.id)
    with pytest.raises(Conflict, match=str(key.id)):
        await connections.remove(acme, made.id)
    await connections.pin(acme, key.id, None)
    await connections.remove(acme, made.id)
    assert await connections.connections(acme) == []
    with pytest.raises(NotFound):
        await connections.remove(acme, made.id)


async def test_unknown_and_revoked_keys_are_not_pinned(
    connections: ConnectionService, acme: UUID, database: Database
) -> None:
    made = await connections.add(acme, NEW)
    revoked = await create_key(database, acme, "one")
    await revoke_key(database, revoked.id)
    for key_id in (uuid4(), revoked.id):
        with pytest.raises(NotFound):
            await connections.pin(acme, key_id, made.id)


# ------------------------------------------------------------------ the vault's key changes


async def test_rotated_key_reseals_every_secret_and_the_old_one_can_go(
    database: Database, vendor: Vendor, vault_key: bytes, acme: UUID
) -> None:
    policy, fresh = NetworkPolicy(), Fernet.generate_key()
    made = await service(database, vendor, vault_key).add(acme, NEW)
    signed_with = await WebhookService(database, Vault(vault_key), policy).secret(acme)

    both = fresh + b"," + vault_key
    during = service(database, vendor, both)
    assert (await during.test(acme, made.id)).status == "connected"
    hooks = WebhookService(database, Vault(both), policy)
    async with database.transaction() as connection:
        assert await during.reseal(connection) == 1
        assert await hooks.reseal(connection) == 1

    after = service(database, vendor, fresh)
    linked = await after.linked(acme, None)
    assert linked is not None
    assert linked.secret == TOKEN
    assert await WebhookService(database, Vault(fresh), policy).secret(acme) == signed_with


async def test_key_that_was_changed_without_the_old_one_says_what_to_do(
    database: Database, vendor: Vendor, vault_key: bytes, acme: UUID
) -> None:
    before = service(database, vendor, vault_key)
    made = await before.add(acme, NEW)
    await before.test(acme, made.id)
    after = service(database, vendor, Fernet.generate_key())
    with pytest.raises(ConfigurationError, match="leadline secrets reseal"):
        async with database.transaction() as connection:
            await after.reseal(connection)
    linked = await after.linked(acme, None)
    assert linked is not None
    assert not linked.usable
    found = await after.test(acme, made.id)
    assert found.status == "error"
    assert "leadline connections replace" in (found.last_error or "")
    assert (await before.test(acme, made.id)).status == "connected"  # nothing was lost


def test_key_file_may_hold_older_keys_in_lines_below(tmp_path: Path) -> None:
    sealed = open_vault(None, tmp_path).seal(b"secret")
    old = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(Fernet.generate_key() + b"\n" + old + b"\n")
    vault = open_vault(None, tmp_path)
    assert vault.open(sealed) == b"secret"
    with pytest.raises(ConfigurationError):
        Vault(old).open(vault.reseal(sealed))


@pytest.mark.parametrize("text", ["", " , ", "short", "é" * 44])
def test_keys_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="LEADLINE_SECRET_KEY"):
        Vault(text)


# ------------------------------------------------------------------ health checks and daily counts


async def test_worker_checks_what_was_not_checked_for_long(
    connections: ConnectionService, acme: UUID, vendor: Vendor, database: Database
) -> None:
    made = await connections.add(acme, NEW)
    assert await connections.check_due() == 1
    assert await connections.check_due() == 0
    vendor.health = Health("disconnected", "gone")
    await database.execute("update connections set checked_at = now() - interval '1 hour'")
    async with HealthChecks(connections, every=0.01).running():
        while (await _only(connections, acme)).status != "disconnected":
            await asyncio.sleep(0.02)
    assert len(vendor.seen) == 2
    assert (await _only(connections, acme)).id == made.id


async def test_two_processes_do_not_check_the_same(
    connections: ConnectionService, acme: UUID, vendor: Vendor
) -> None:
    for number in range(6):
        await connections.add(acme, NEW._replace(account=f"account-{number}"))
    checked = await asyncio.gather(*(connections.check_due() for _ in range(3)))
    assert sum(checked) == 6
    assert len({account for account, _ in vendor.seen}) == len(vendor.seen) == 6


async def test_daily_cap_holds_whoever_asks_for_the_account(
    connections: ConnectionService, acme: UUID, database: Database, vendor: Vendor, vault_key: bytes
) -> None:
    await connections.add(acme, NEW)
    globex = await organisation(database, "globex")
    await connections.add(globex, NEW)
    other_process = service(database, vendor, vault_key)
    mine, theirs = await connections.linked(acme, None), await other_process.linked(globex, None)
    assert mine is not None
    assert theirs is not None
    usages = [connections.usage(mine), other_process.usage(theirs)]
    taken = await asyncio.gather(*(usages[i % 2].take("profiles", 1, 10) for i in range(25)))
    assert sum(taken) == 10
    assert not await usages[0].take("results", 25, 10)  # more than the cap at once
    assert await usages[0].take("results", 25, 100)
    await usages[0].count("results", -5)
    assert await usages[1].take("results", 80, 100)
    assert not await usages[1].take("results", 1, 100)


async def test_next_day_begins_anew(connections: ConnectionService, acme: UUID, database: Database) -> None:
    await connections.add(acme, NEW)
    linked = await connections.linked(acme, None)
    assert linked is not None
    usage = connections.usage(linked)
    assert await usage.take("profiles", 1, 1)
    assert not await usage.take("profiles", 1, 1)
    await database.execute("update account_usage set day = day - 1")
    assert await usage.take("profiles", 1, 1)
    await database.execute("update account_usage set day = day - 40 where used = 1")
    await connections.check_due()
    assert await database.fetchval("select count(*) from account_usage") == 0


async def _only(connections: ConnectionService, org: UUID) -> Connection:
    (one,) = await connections.connections(org)
    return one
