"""Many questions taken in at once: what is wrong with one keeps no other out, and credits move once."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from tests.signals.test_service import ASK, make_service

from leadline.accounts.service import default_organisation
from leadline.credits.service import Ledger
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput, PaymentRequired
from leadline.signals.schemas import SignalRequest

LEDGER = Ledger(monthly_credits=100)


@pytest.fixture
async def org(database: Database) -> UUID:
    return await default_organisation(database)


def about(number: int, **members: object) -> SignalRequest:
    return SignalRequest(domain=f"shop-{number % 7}.com", question=f"Do they sell {number}?", **members)  # type: ignore[arg-type]


async def test_what_is_wrong_with_one_keeps_no_other_out(database: Database, org: UUID) -> None:
    taken = await make_service(database).accept_many(
        org, [about(1), SignalRequest(domain="localhost", question=" "), about(2)]
    )
    assert [one.how for one in taken] == ["new", "refused", "new"]
    error = taken[1].error
    assert isinstance(error, InvalidInput)
    assert {field for field, _ in error.fields} == {"domain", "question"}
    assert await LEDGER.balance(database, org) == 98


async def test_identical_questions_of_one_call_share_a_signal(database: Database, org: UUID) -> None:
    taken = await make_service(database).accept_many(org, [about(1), about(2), about(1)])
    assert [one.how for one in taken] == ["new", "new", "joined"]
    assert taken[2].signal_id == taken[0].signal_id
    assert await database.fetchval("select count(*) from signals") == 2
    assert await LEDGER.balance(database, org) == 98


async def test_running_signals_are_joined_and_fresh_ones_served(database: Database, org: UUID) -> None:
    service = make_service(database)
    done = await service.ask(org, ASK)
    row, _ = await service.accept(org, about(1))
    again = SignalRequest(
        domain=ASK.domain, question=ASK.question, answer_type=ASK.answer_type, force_refresh=True
    )
    taken = await service.accept_many(org, [ASK, about(1), about(2)])
    assert [one.how for one in taken] == ["cached", "joined", "new"]
    assert [str(one.signal_id) for one in taken[:2]] == [done.id, row.signal.id]
    assert [one.how for one in await service.accept_many(org, [again])] == ["new"]


async def test_a_batch_that_cannot_be_paid_leaves_nothing(database: Database, org: UUID) -> None:
    with pytest.raises(PaymentRequired):
        await make_service(database).accept_many(org, [about(number) for number in range(101)])
    assert await database.fetchval("select count(*) from signals") == 0
    assert await LEDGER.balance(database, org) == 100


async def test_the_same_batch_twice_at_once_makes_each_signal_once(database: Database, org: UUID) -> None:
    service = make_service(database)
    requests = [about(number) for number in range(40)]
    both = await asyncio.gather(service.accept_many(org, requests), service.accept_many(org, requests[::-1]))
    assert sorted(one.how for taken in both for one in taken) == ["joined"] * 40 + ["new"] * 40
    assert await database.fetchval("select count(*) from signals") == 40
    assert await LEDGER.balance(database, org) == 60
    assert await LEDGER.audit(database) == ()


async def test_a_signal_of_a_batch_is_like_any_other(database: Database, org: UUID) -> None:
    service = make_service(database)
    (one,) = await service.accept_many(org, [ASK])
    assert one.signal_id is not None
    await service._work.run(one.signal_id)
    assert (await service.get(org, str(one.signal_id))).answer == 1987
