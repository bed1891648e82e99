"""API keys: shown once, stored hashed, revocable, with limits of their own."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime
from uuid import UUID

import pytest

from leadline.accounts.schemas import KeyOptions
from leadline.accounts.service import (
    CACHE_SECONDS,
    Authenticator,
    create_key,
    list_keys,
    organisation,
    revoke_key,
)
from leadline.foundation.clock import FixedClock
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput, NotFound, Unauthorized
from leadline.foundation.ids import new_id
from leadline.wire.calls import Limits, Rate

LIMITS = Limits(Rate(100, 10), Rate(20, 4))


@pytest.fixture
async def acme(database: Database) -> UUID:
    return await organisation(database, "acme")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def authenticator(database: Database, clock: FixedClock) -> Authenticator:
    return Authenticator(database, LIMITS, 120, clock=clock)


async def test_a_key_looks_as_the_clients_demand_and_is_stored_hashed(database: Database, acme: UUID) -> None:
    made = await create_key(database, acme, "laptop")
    assert re.fullmatch(r"sk_live_[A-Za-z0-9_-]{43}", made.key)
    stored = await database.fetchrow("select * from api_keys")
    assert stored["key_hash"] == hashlib.sha256(made.key.encode()).digest()
    assert made.key not in repr(dict(stored))
    (listed,) = await list_keys(database)
    assert (listed.name, listed.organisation, listed.hint) == ("laptop", "acme", made.key[-4:])


async def test_a_key_names_its_caller(database: Database, acme: UUID, authenticator: Authenticator) -> None:
    made = await create_key(
        database,
        acme,
        "ci",
        scopes=("read",),
        options=KeyOptions(spend_cap=5, writes_burst=2, sync_timeout=30),
    )
    caller = await authenticator.authenticate(f"Bearer {made.key}")
    assert (caller.organisation_id, caller.key_id) == (acme, made.id)
    assert caller.may("read")
    assert not caller.may("write")
    assert caller.limits == Limits(Rate(100, 10), Rate(20, 2))
    assert (caller.sync_timeout, caller.spend_cap) == (30, 5)
    assert await authenticator.authenticate(f"bearer  {made.key}") == caller


async def test_wrong_headers_are_refused(
    database: Database, acme: UUID, authenticator: Authenticator
) -> None:
    key = (await create_key(database, acme, "k")).key
    for header in (
        None,
        "",
        "Bearer",
        key,
        f"Basic {key}",
        f"Bearer {key}x",
        f"Bearer {key[:-1]}",
        f"Bearer {key} {key}",
        f"Bearer {key[:-1]}é",
        "Bearer sk_live_" + "A" * 43,
        f"Bearer {key.swapcase()}",
        f"Bearer {key}\0",
    ):
        with pytest.raises(Unauthorized):
            await authenticator.authenticate(header)


async def test_a_revoked_key_is_refused_within_a_second(
    database: Database, acme: UUID, authenticator: Authenticator, clock: FixedClock
) -> None:
    made = await create_key(database, acme, "k")
    await authenticator.authenticate(f"Bearer {made.key}")
    await revoke_key(database, made.id)
    clock.advance(CACHE_SECONDS)
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(f"Bearer {made.key}")
    with pytest.raises(NotFound):
        await revoke_key(database, made.id)
    with pytest.raises(NotFound):
        await revoke_key(database, new_id())
    (listed,) = await list_keys(database, acme)
    assert listed.revoked_at is not None


async def test_last_use_is_written_once_a_minute(
    database: Database, acme: UUID, authenticator: Authenticator, clock: FixedClock
) -> None:
    made = await create_key(database, acme, "k")
    header = f"Bearer {made.key}"
    await asyncio.gather(*(authenticator.authenticate(header) for _ in range(20)))
    (first,) = await list_keys(database)
    assert first.last_used_at is not None
    version = await database.fetchval("select xmin::text from api_keys")
    clock.advance(5)
    await authenticator.authenticate(header)
    assert await database.fetchval("select xmin::text from api_keys") == version
    await database.execute("update api_keys set last_used_at = last_used_at - interval '2 minutes'")
    clock.advance(5)
    await authenticator.authenticate(header)
    (later,) = await list_keys(database)
    assert later.last_used_at is not None
    assert later.last_used_at > first.last_used_at


@pytest.mark.parametrize(
    ("name", "scopes", "options", "field"),
    [
        ("", ("read",), KeyOptions(), "name"),
        ("two\nlines", ("read",), KeyOptions(), "name"),
        ("k", (), KeyOptions(), "scopes"),
        ("k", ("root",), KeyOptions(), "scopes"),
        ("k", ("read",), KeyOptions(spend_cap=-1), "spend_cap"),
        ("k", ("read",), KeyOptions(reads_burst=0), "reads_burst"),
        ("k", ("read",), KeyOptions(sync_timeout=901), "sync_timeout"),
    ],
)
async def test_a_senseless_key_is_not_made(
    name: str, scopes: tuple[str, ...], options: KeyOptions, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await create_key(None, new_id(), name, scopes=scopes, options=options)  # type: ignore[arg-type]
    assert [f.field for f in refused.value.fields] == [field]
