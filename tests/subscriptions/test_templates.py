"""A subscription is a schedule and a template: made with it, or kept before."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.subscriptions.test_service import House

from leadline.accounts.service import default_organisation, organisation
from leadline.foundation.database import Database
from leadline.foundation.errors import NotFound
from leadline.subscriptions.schemas import SignalSubscription, UpdateSignalSubscriptionRequest
from leadline.templates import service as templates
from leadline.templates.schemas import (
    CreateSignalTemplateRequest,
    SignalTemplate,
    UpdateSignalTemplateRequest,
)

STAFF = CreateSignalTemplateRequest(
    name="Staff", question="How many people work there?", answer_type="number"
)


@pytest.fixture
async def house(database: Database) -> House:
    return House(database, await default_organisation(database))


async def kept(house: House, org: UUID | None = None) -> SignalTemplate:
    async with house.database.transaction() as connection:
        return await templates.create(connection, org or house.org, STAFF, created_by="test")


async def reworded(house: House, template_id: UUID, question: str) -> None:
    async with house.database.transaction() as connection:
        change = UpdateSignalTemplateRequest(question=question)
        await templates.update(connection, house.org, template_id, change, created_by="test")


async def asked(house: House, subscription: SignalSubscription) -> tuple[str, int]:
    """The question of the newest run, and the version of the template that it stands in."""
    await house.trigger(subscription)
    await house.do("subscription_run")
    row = await house.database.repeatable.fetchrow(
        "select question, template_version from signals where subscription_id = $1 order by created_at desc limit 1",
        subscription.id,
    )
    await house.do("signal")
    return row["question"], row["template_version"]


async def test_a_question_of_its_own_becomes_a_template(house: House) -> None:
    made = await house.subscription()
    template = await templates.get(house.database.repeatable, house.org, made.signal_template_id or made.id)
    assert (template.question, template.version, made.version) == (made.question, 1, 1)


async def test_runs_ask_by_the_newest_version_of_the_template(house: House) -> None:
    template = await kept(house)
    made = await house.subscription(signal_template_id=template.id)
    assert (made.name, made.question, made.version) == ("Staff", STAFF.question, 1)
    assert await asked(house, made) == (STAFF.question, 1)
    await reworded(house, template.id, "What is the head count?")
    assert await asked(house, made) == ("What is the head count?", 2)
    assert (await house.service.get(house.org, made.id)).version == 2


async def test_an_update_of_the_question_is_a_new_version_and_one_of_the_schedule_is_not(
    house: House,
) -> None:
    made = await house.subscription()
    same = UpdateSignalSubscriptionRequest(
        timezone="UTC", name=made.name, question=made.question, answer_type="number", frequency="weekly"
    )
    assert (await house.service.update(house.org, made.id, same)).version == 1
    other = UpdateSignalSubscriptionRequest(
        timezone="UTC",
        name=made.name,
        question="What is the head count?",
        answer_type="number",
        frequency="weekly",
    )
    assert (await house.service.update(house.org, made.id, other)).version == 2
    template = await templates.get(house.database.repeatable, house.org, made.signal_template_id or made.id)
    assert (template.question, template.version) == ("What is the head count?", 2)


async def test_a_deleted_template_makes_nothing_new_and_what_was_made_goes_on(house: House) -> None:
    template = await kept(house)
    made = await house.subscription(signal_template_id=template.id)
    await templates.delete(house.database.repeatable, house.org, template.id)
    with pytest.raises(NotFound):
        await house.subscription(signal_template_id=template.id)
    assert await asked(house, made) == (STAFF.question, 1)
    weekly = UpdateSignalSubscriptionRequest(
        timezone="UTC", name="Staff", question=STAFF.question, answer_type="number", frequency="weekly"
    )
    assert (await house.service.update(house.org, made.id, weekly)).frequency == "weekly"


async def test_another_organisations_template_is_not_there(house: House) -> None:
    theirs = await kept(house, await organisation(house.database, "other"))
    with pytest.raises(NotFound):
        await house.subscription(signal_template_id=theirs.id)
