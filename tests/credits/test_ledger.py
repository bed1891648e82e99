"""Credits move once, with the work they pay for, and the ledger tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadline.accounts.service import organisation
from leadline.credits.schemas import Charge
from leadline.credits.service import Ledger
from leadline.foundation.database import Database
from leadline.foundation.errors import PaymentRequired
from leadline.foundation.ids import new_id

LEDGER = Ledger(monthly_credits=10)


@pytest.fixture
async def acme(database: Database) -> UUID:
    return await organisation(database, "acme")


def charges(ids: Sequence[UUID], price: int = 1) -> list[Charge]:
    return [Charge(one, price) for one in ids]


async def _reserve(database: Database, owner: UUID, count: int = 1, price: int = 1) -> list[UUID]:
    ids = [new_id() for _ in range(count)]
    async with database.transaction() as connection:
        await LEDGER.reserve(connection, owner, charges(ids, price))
    return ids


async def _release(database: Database, owner: UUID, ids: list[UUID]) -> int:
    async with database.transaction() as connection:
        return await LEDGER.release(connection, owner, ids)


async def _kinds(database: Database) -> dict[str, int]:
    rows = await database.fetch("select kind, sum(credits)::bigint as n from credit_entries group by 1")
    return {row["kind"]: row["n"] for row in rows}


async def _a_month_passes(database: Database) -> None:
    """Everything so far happened a month earlier."""
    await database.execute("alter table credit_entries disable trigger credit_entries_are_kept")
    for table in ("credit_balances", "credit_entries", "key_spending"):
        await database.execute(f"update {table} set period = (period - interval '1 month')::date")
    await database.execute("alter table credit_entries enable trigger credit_entries_are_kept")


async def test_allowance_is_there_before_anything_happened(database: Database, acme: UUID) -> None:
    assert await LEDGER.balance(database, acme) == 10
    assert await _kinds(database) == {}


async def test_reserved_credits_are_spent_when_captured(database: Database, acme: UUID) -> None:
    ids = await _reserve(database, acme, 3)
    assert await LEDGER.balance(database, acme) == 7
    assert await LEDGER.capture(database, ids) == 3
    assert await LEDGER.balance(database, acme) == 7
    assert await _kinds(database) == {"allowance": 10, "reserve": 3, "capture": 3}


async def test_released_credits_come_back(database: Database, acme: UUID) -> None:
    ids = await _reserve(database, acme, 3)
    assert await _release(database, acme, ids[:2]) == 2
    assert await LEDGER.balance(database, acme) == 9


async def test_a_signal_is_settled_once(database: Database, acme: UUID) -> None:
    captured, released = await _reserve(database, acme, 2)
    assert await LEDGER.capture(database, [captured]) == 1
    assert await _release(database, acme, [captured]) == 0
    assert await _release(database, acme, [released]) == 1
    assert await _release(database, acme, [released]) == 0
    assert await LEDGER.capture(database, [released]) == 0
    assert await LEDGER.balance(database, acme) == 9


async def test_a_signal_is_reserved_once(database: Database, acme: UUID) -> None:
    ids = await _reserve(database, acme)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with database.transaction() as connection:
            await LEDGER.reserve(connection, acme, charges(ids))
    assert await LEDGER.balance(database, acme) == 9


async def test_too_few_credits_are_refused_whole(database: Database, acme: UUID) -> None:
    with pytest.raises(PaymentRequired, match="credit") as refused:
        await _reserve(database, acme, 11)
    assert refused.value.details == {"neededCredits": 11, "remainingCredits": 10}
    assert await LEDGER.balance(database, acme) == 10


async def test_a_rolled_back_signal_leaves_no_trace(database: Database, acme: UUID) -> None:
    async def fail_after_reserving() -> None:
        async with database.transaction() as connection:
            await LEDGER.reserve(connection, acme, charges([new_id()]))
            raise LookupError

    with pytest.raises(LookupError):
        await fail_after_reserving()
    assert await LEDGER.balance(database, acme) == 10
    assert await _kinds(database) == {}


async def test_fifty_at_once_never_overdraw(database: Database, acme: UUID) -> None:
    results = await asyncio.gather(*(_reserve(database, acme) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(r, PaymentRequired) for r in results) == 40
    assert sum(isinstance(r, list) for r in results) == 10
    assert await LEDGER.balance(database, acme) == 0
    assert await _kinds(database) == {"allowance": 10, "reserve": 10}
    assert await LEDGER.audit(database) == ()


async def test_grants_outlive_the_period_and_the_allowance_does_not(database: Database, acme: UUID) -> None:
    async with database.transaction() as connection:
        assert await LEDGER.grant(connection, acme, 5, "welcome") == 15
    await _reserve(database, acme, 4)
    await _a_month_passes(database)
    assert await LEDGER.balance(database, acme) == 15
    await _reserve(database, acme, 12)  # the allowance first, then two of the grant
    assert await LEDGER.balance(database, acme) == 3
    await _a_month_passes(database)
    assert await LEDGER.balance(database, acme) == 13


async def test_the_new_period_is_given_once_to_fifty_at_once(database: Database, acme: UUID) -> None:
    await _reserve(database, acme, 4)
    await _a_month_passes(database)
    await asyncio.gather(*(_reserve(database, acme) for _ in range(50)), return_exceptions=True)
    assert await LEDGER.balance(database, acme) == 0
    assert await _kinds(database) == {"allowance": 20, "reserve": 14, "expiry": 6}
    assert await LEDGER.audit(database) == ()


async def test_a_spend_cap_limits_its_key_only(database: Database, acme: UUID) -> None:
    await database.execute(
        "insert into api_keys (id, organisation_id, name, key_hash, hint, scopes) "
        "values ($1, $2, 'k', sha256('k'), 'k', '{}')",
        key := new_id(),
        acme,
    )

    async def reserve(count: int) -> list[UUID]:
        ids = [new_id() for _ in range(count)]
        async with database.transaction() as connection:
            await LEDGER.reserve(connection, acme, charges(ids), key_id=key, spend_cap=3)
        return ids

    with pytest.raises(PaymentRequired, match="credit"):
        await reserve(4)
    first = await reserve(3)
    with pytest.raises(PaymentRequired, match="credit"):
        await reserve(1)
    await _reserve(database, acme)  # without the key
    await _release(database, acme, first[:1])
    await reserve(1)
    assert await LEDGER.balance(database, acme) == 6


async def test_an_organisation_can_have_its_own_allowance(database: Database, acme: UUID) -> None:
    async with database.transaction() as connection:
        assert await LEDGER.set_allowance(connection, acme, 2) == 2
    await _reserve(database, acme, 2)
    with pytest.raises(PaymentRequired):
        await _reserve(database, acme)
    async with database.transaction() as connection:
        assert await LEDGER.set_allowance(connection, acme, 0) == 0
    assert await LEDGER.audit(database) == ()


@pytest.mark.parametrize(
    "statement",
    ["update credit_entries set credits = 0", "delete from credit_entries", "truncate credit_entries"],
)
async def test_the_ledger_is_append_only(database: Database, acme: UUID, statement: str) -> None:
    await _reserve(database, acme)
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await database.execute(statement)


async def test_a_free_signal_writes_nothing(database: Database, acme: UUID) -> None:
    await _reserve(database, acme, 50, price=0)
    assert await _kinds(database) == {}


async def test_audit_names_a_balance_that_was_tampered_with(database: Database, acme: UUID) -> None:
    await _reserve(database, acme)
    await database.execute("update credit_balances set granted = granted + 5")
    (found,) = await LEDGER.audit(database)
    assert (found.organisation_id, found.balance, found.ledger) == (acme, 14, 9)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.integers(1, 6)),
        st.tuples(st.just("capture"), st.integers(0, 20)),
        st.tuples(st.just("release"), st.integers(0, 20)),
        st.tuples(st.just("grant"), st.integers(1, 9)),
        st.tuples(st.just("month"), st.just(0)),
        st.tuples(st.just("set_allowance"), st.integers(0, 12)),
    ),
    max_size=25,
)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, price=st.integers(1, 3))
async def test_balance_is_the_sum_of_the_ledger_whatever_happens(
    database: Database, steps: list[tuple[str, int]], price: int
) -> None:
    ledger = Ledger(monthly_credits=10)
    owner = await organisation(database, str(new_id()))
    await database.execute("drop index if exists credit_entries_one_allowance")  # months pass within one here
    signals: list[UUID] = []
    settled: set[UUID] = set()
    for what, number in steps:
        before = await ledger.balance(database, owner)
        async with database.transaction() as connection:
            match what:
                case "reserve":
                    ids = [new_id() for _ in range(number)]
                    if before < number * price:
                        with pytest.raises(PaymentRequired):
                            await ledger.reserve(connection, owner, charges(ids, price))
                        continue
                    await ledger.reserve(connection, owner, charges(ids, price))
                    signals += ids
                    expected = before - number * price
                case "capture" | "release":
                    ids = signals[number : number + 1]
                    fresh = set(ids) - settled
                    settled |= fresh
                    if what == "capture":
                        assert await ledger.capture(connection, ids) == len(fresh)
                        expected = before
                    else:
                        assert await ledger.release(connection, owner, ids) == len(fresh)
                        expected = before + len(fresh) * price
                case "grant":
                    expected = await ledger.grant(connection, owner, number)
                    assert expected == before + number
                case "month":
                    await connection.execute(
                        "update credit_balances set period = (period - interval '1 month')::date "
                        "where organisation_id = $1",
                        owner,
                    )
                    expected = -1
                case _:
                    expected = await ledger.set_allowance(connection, owner, number)
        after = await ledger.balance(database, owner)
        assert after >= 0
        assert expected in (-1, after)
        assert await ledger.audit(database) == ()
