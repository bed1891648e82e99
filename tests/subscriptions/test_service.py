"""Subscriptions run once when their moment has come, whoever schedules them, and say why when they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.signals.test_comparing import CountReader, site
from tests.signals.test_service import make_answering

from leadline.accounts.service import default_organisation, organisation
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.credits.service import Ledger
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import InvalidInput, NotFound, PaymentRequired
from leadline.foundation.ids import new_id
from leadline.signals.checking import Checker
from leadline.signals.service import RunService, SignalQuery
from leadline.signals.tasks import Readers
from leadline.subscriptions.schemas import (
    CreateSignalSubscriptionRequest,
    SignalSubscription,
    SubscriptionRun,
    UpdateSignalSubscriptionRequest,
)
from leadline.subscriptions.service import SubscriptionService
from leadline.subscriptions.tasks import Running
from leadline.work.service import WorkService


class ListsInMemory:
    """Company lists by organisation and id."""

    def __init__(self) -> None:
        self.lists: dict[tuple[UUID, UUID], list[str]] = {}

    def add(self, organisation_id: UUID, *domains: str) -> UUID:
        list_id = new_id()
        self.lists[(organisation_id, list_id)] = list(domains)
        return list_id

    async def domains(self, connection: Connection, organisation_id: UUID, list_id: UUID) -> list[str] | None:
        return self.lists.get((organisation_id, list_id))


class House:
    """Subscriptions and the workers that run them, over one database."""

    def __init__(self, database: Database, org: UUID, monthly_credits: int = 100) -> None:
        self.database = database
        self.org = org
        self.fetcher = MemoryFetcher(site("Acme employs 40 people."))
        self.lists = ListsInMemory()
        reader = CountReader()
        readers = Readers(extractive=lambda: reader)
        ledger = Ledger(monthly_credits=monthly_credits)
        answering = make_answering(database, self.fetcher, readers=readers, ledger=ledger)
        self.runs = RunService(database, Checker(), readers, ledger, default_pages=10, price=1)
        self.service = SubscriptionService(database, self.runs, self.lists, ledger, lambda: None)
        self.work = WorkService(
            database, [answering.kind(), Running(database, self.service, self.runs).kind()]
        )

    async def subscription(self, **members: Any) -> SignalSubscription:
        asked = {"name": "Staff", "question": "How many people does Acme employ?", "answer_type": "number"}
        if "list_id" not in members:
            asked["domain"] = "acme.com"
        if "cron_expression" not in members:
            asked["frequency"] = "daily"
        return await self.service.create(self.org, CreateSignalSubscriptionRequest(**{**asked, **members}))

    async def trigger(self, subscription: SignalSubscription) -> SignalSubscription:
        return await self.service.trigger(self.org, subscription.id)

    async def do(self, kind: str) -> int:
        """Do all open work of this kind; returns how much there was."""
        rows = await self.database.repeatable.fetch("select id from work_items where kind = $1", kind)
        for row in rows:
            await self.work.run(row["id"])
        return len(rows)

    async def signals(self, subscription: SignalSubscription) -> list[dict[str, Any]]:
        query = SignalQuery(subscription_id=subscription.id)
        found: list[dict[str, Any]] = msgspec.json.decode(await self.service.logs(self.org, query))["results"]
        return found

    async def listed(self, subscription: SignalSubscription) -> Sequence[SubscriptionRun]:
        return (await self.service.runs(self.org, subscription.id, 100, 0))[0]

    async def late(self, by: timedelta, subscription: SignalSubscription | None = None) -> None:
        """All moments have come that long ago."""
        await self.database.repeatable.execute(
            "update subscriptions set next_run_at = now() - $1::interval where status = 'active'", by
        )


@pytest.fixture
async def house(database: Database) -> House:
    return House(database, await default_organisation(database))


async def test_a_new_subscription_is_stopped_and_says_what_it_will_cost(house: House) -> None:
    made = await house.subscription()
    assert (made.status, made.next_run_at, made.last_run_at) == ("stopped", None, None)
    assert (made.expected_credits_per_month, made.domain, made.list_id) == (31, "acme.com", made.id)
    many = await house.subscription(list_id=str(house.lists.add(house.org, "acme.com", "other.com")))
    assert many.expected_credits_per_month == 61


async def test_a_run_asks_every_company_of_the_list_once(house: House) -> None:
    listed = house.lists.add(house.org, "acme.com", "www.acme.com", "other.com", "no company")
    made = await house.subscription(list_id=str(listed))
    shown = await house.trigger(made)
    assert shown.last_run_at is not None
    assert await house.do("subscription_run") == 1
    assert sorted(s["domain"] for s in await house.signals(made)) == ["acme.com", "other.com"]
    (run,) = await house.listed(made)
    assert (run.status, run.signals, run.refused, run.origin) == ("started", 2, 1, "trigger")


async def test_a_trigger_never_runs_twice_at_once(house: House) -> None:
    made = await house.subscription()
    await asyncio.gather(*(house.trigger(made) for _ in range(5)))
    assert await house.do("subscription_run") == 1
    await house.trigger(made)  # its signal is still being answered
    assert await house.do("subscription_run") == 0
    assert len(await house.signals(made)) == 1
    await house.do("signal")
    await house.trigger(made)
    assert await house.do("subscription_run") == 1
    assert len(await house.signals(made)) == 2


async def test_only_what_is_active_and_due_runs_and_moves_on(house: House) -> None:
    stopped, active = await house.subscription(), await house.subscription()
    await house.service.start(house.org, active.id)
    assert await house.service.tick() == 0
    await house.late(timedelta(minutes=1))
    assert await house.service.tick() == 1
    assert await house.service.tick() == 0
    after = await house.service.get(house.org, active.id)
    assert after.next_run_at is not None
    assert datetime.fromisoformat(after.next_run_at) > datetime.fromisoformat(active.created_at)
    assert [run.origin for run in await house.listed(active)] == ["schedule"]
    assert await house.listed(stopped) == []


async def test_moments_that_were_missed_make_one_run(house: House) -> None:
    made = await house.subscription(cron_expression="* * * * *")
    await house.service.start(house.org, made.id)
    await house.late(timedelta(days=3))
    assert await house.service.tick() == 1
    assert await house.service.tick() == 0
    assert len(await house.listed(made)) == 1


async def test_schedulers_share_the_work(house: House) -> None:
    others = [House(house.database, house.org) for _ in range(2)]
    made = [await house.subscription() for _ in range(20)]
    for one in made:
        await house.service.start(house.org, one.id)
    await house.late(timedelta(hours=1))
    ticked = await asyncio.gather(*(h.service.tick() for h in [house, *others] for _ in range(2)))
    assert sum(ticked) == 20
    assert all([len(await house.listed(one)) == 1 for one in made])


async def test_a_scheduler_passes_over_a_row_that_another_holds(house: House) -> None:
    made = await house.subscription()
    await house.service.start(house.org, made.id)
    await house.late(timedelta(hours=1))
    async with house.database.transaction() as holder:
        await holder.execute("select from subscriptions where id = $1 for update", made.id)
        assert await asyncio.wait_for(house.service.tick(), 5) == 0
    assert await house.service.tick() == 1


async def test_a_run_that_overlaps_the_one_before_is_skipped_and_says_so(house: House) -> None:
    made = await house.subscription()
    await house.service.start(house.org, made.id)
    for _ in range(2):
        await house.late(timedelta(hours=1))
        await house.service.tick()
        await house.do("subscription_run")
    newest, oldest = await house.listed(made)
    assert (oldest.status, newest.status) == ("started", "skipped")
    assert newest.reason == "the run before is still being answered"
    assert len(await house.signals(made)) == 1


async def test_a_run_without_credits_is_skipped_whole_and_says_so(database: Database) -> None:
    poor = House(database, await default_organisation(database), monthly_credits=1)
    made = await poor.subscription(list_id=str(poor.lists.add(poor.org, "acme.com", "other.com")))
    await poor.service.start(poor.org, made.id)
    await poor.late(timedelta(hours=1))
    await poor.service.tick()
    await poor.do("subscription_run")
    (run,) = await poor.listed(made)
    assert (run.status, run.signals) == ("skipped", 0)
    assert run.reason == "the credits do not suffice: the run costs 2, and 1 are left"
    assert await poor.signals(made) == []
    with pytest.raises(PaymentRequired):
        await poor.trigger(made)


async def test_a_list_that_was_deleted_leaves_nobody_to_ask(house: House) -> None:
    listed = house.lists.add(house.org, "acme.com")
    made = await house.subscription(list_id=str(listed))
    del house.lists.lists[(house.org, listed)]
    await house.trigger(made)
    await house.do("subscription_run")
    (run,) = await house.listed(made)
    assert (run.status, run.reason) == ("skipped", "there is no company to ask")


async def test_stopping_does_not_cancel_what_is_queued(house: House) -> None:
    made = await house.subscription()
    started = await house.service.start(house.org, made.id)
    assert started.next_run_at is not None
    await house.trigger(made)
    stopped = await house.service.stop(house.org, made.id)
    assert (stopped.status, stopped.next_run_at) == ("stopped", None)
    await house.do("subscription_run")
    assert len(await house.signals(made)) == 1


async def test_a_run_ends_in_a_change_against_the_run_before(house: House) -> None:
    made = await house.subscription()
    for people in (40, 52):
        house.fetcher.pages["https://acme.com/about"] = f"<p>Acme employs {people} people.</p>"
        await house.trigger(made)
        await house.do("subscription_run")
        await house.do("signal")
    newest, oldest = await house.signals(made)
    assert oldest["changeContext"] == {"changeType": "NEW"}
    assert newest["changeContext"]["changeDelta"]["difference"] == 12


async def test_an_update_changes_the_question_and_the_next_moment(house: House) -> None:
    made = await house.subscription()
    before = await house.service.start(house.org, made.id)
    changed = await house.service.update(
        house.org,
        made.id,
        UpdateSignalSubscriptionRequest(
            timezone="Asia/Tokyo",
            name="Staff now",
            question="How many work there?",
            answer_type="number",
            cron_expression="15 6 * * *",
        ),
    )
    assert (changed.frequency, changed.cron_expression, changed.timezone) == (
        None,
        "15 6 * * *",
        "Asia/Tokyo",
    )
    assert changed.next_run_at is not None
    assert changed.next_run_at != before.next_run_at
    assert changed.next_run_at.endswith("T21:15:00.000Z")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"frequency": "daily", "cron_expression": "0 9 * * *"}, "frequency"),
        ({"timezone": "Nowhere"}, "timezone"),
        ({"question": ""}, "question"),
        ({"name": "  "}, "name"),
        ({"answer_type": "poem"}, "answerType"),
        ({"answer_type": "json_schema"}, "outputSchema"),
        ({"list_id": "3f0f6a52-5d0c-4f4f-9b3f-1c6f5a1f7c11", "domain": "acme.com"}, "listId"),
    ],
)
async def test_what_cannot_be_subscribed_to_is_refused_by_field(
    house: House, members: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await house.subscription(**members)
    assert field in {one.field for one in caught.value.fields}


async def test_another_organisations_list_and_subscription_are_not_there(house: House) -> None:
    other = House(house.database, await organisation(house.database, "other"))
    with pytest.raises(NotFound):
        await house.subscription(list_id=str(other.lists.add(other.org, "acme.com")))
    theirs = await other.subscription()
    for attempt in (
        house.service.get(house.org, theirs.id),
        house.service.start(house.org, theirs.id),
        house.service.stop(house.org, theirs.id),
        house.trigger(theirs),
        house.service.runs(house.org, theirs.id, 1, 0),
        house.service.logs(house.org, SignalQuery(subscription_id=theirs.id)),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await house.service.page(house.org, 20, 0))[1] == 0
