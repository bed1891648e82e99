"""Signals about people: who the person is, what is told of them, and what "could not look" looks like."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.directories import (
    JO,
    JO_QUIST,
    FailingDirectory,
    MemoryDirectory,
    SleepingDirectory,
    only,
)
from tests.signals.test_service import make_service

from leadline.accounts.service import default_organisation
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.credits.service import Ledger
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput
from leadline.research.model import Claim, Draft, Evidence, Passage, Question
from leadline.research.people import DirectoryFault, PeopleDirectory, Position, Post
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.signals.schemas import SignalRequest
from leadline.signals.service import SignalService

SITE = {
    "https://acme.com/": "<title>Acme</title><p>We make anvils.</p><a href='/team'>Team</a>",
    "https://acme.com/team": (
        "<title>Team</title><h2>Jo Quist</h2><p>Jo Quist is responsible for the reseller programme.</p>"
        "<h2>Al Brill</h2><p>Al Brill is responsible for logistics in Leeds.</p>"
    ),
}
POSTS = (
    Post(
        url="https://www.linkedin.com/feed/update/1",
        text="We are hiring two account executives in Kiel.",
        published_at=datetime(2026, 5, 1, tzinfo=UTC),
        reactions=12,
        comments=3,
    ),
    Post(url="https://www.linkedin.com/feed/update/2", text="Anvils age well."),
)


def service_with(database: Database, *directories: PeopleDirectory, fetcher: Any = None) -> SignalService:
    return make_service(
        database,
        fetcher or MemoryFetcher(SITE),
        reader=ExtractiveReader(),
        directories=only(*directories),
    )


def about(question: str, answer_type: str = "open_text", **members: Any) -> SignalRequest:
    members = {"contact_profile_url": JO} | members
    return SignalRequest(question=question, answer_type=answer_type, **members)


@pytest.fixture
async def org(database: Database) -> UUID:
    return await default_organisation(database)


@pytest.mark.parametrize(
    ("question", "answer_type", "answer"),
    [
        ("What is their current role?", "open_text", "Head of Sales at Acme"),
        ("What does she do?", "open_text", "Head of Sales at Acme"),
        ("Welche Position hat die Person aktuell?", "open_text", "Head of Sales at Acme"),
        ("How long have they been in this position?", "open_text", "since 2021-03"),
        ("Since when has Jo Quist worked at Globex?", "open_text", "since 2016"),
        ("Where did they work before?", "list", ["Globex", "Initech"]),
        ("Where did they work before?", "open_text", "Sales Manager at Globex; Analyst at Initech"),
        ("Which previous roles did they have?", "list", ["Sales Manager at Globex", "Analyst at Initech"]),
        ("Which country are they based in?", "open_text", "Germany"),
        ("Where is Jo based?", "open_text", "Kiel, Germany"),
        ("Which company do they work for?", "open_text", "Acme"),
        ("Which department are they in?", "open_text", "Sales"),
        ("Do they still work at Acme?", "boolean", True),
        ("Do they still work at Globex?", "boolean", False),
        ("Have they ever worked at Initech?", "boolean", True),
    ],
)
async def test_fields_of_the_profile_answer(
    database: Database, org: UUID, question: str, answer_type: str, answer: Any
) -> None:
    service = service_with(database, MemoryDirectory())
    signal = await service.ask(org, about(question, answer_type))
    assert (signal.status, signal.answer, signal.error_code) == ("completed", answer, None)
    assert {source.url for source in signal.sources} == {JO}
    assert {check.fault for check in await service.verify(org, signal.id)} == {None}
    assert signal.contact_name == "Jo Quist"
    assert signal.metadata["connectors"] == {"salesNavigator": {"status": "not_connected"}}


@pytest.mark.parametrize(
    ("question", "answer_type"),
    [
        ("Who do they report to in their current role?", "open_text"),
        ("Have they ever worked at Umbrella?", "boolean"),
        ("What is their salary?", "number"),
        ("Do they post about hiring?", "boolean"),
    ],
)
async def test_what_the_entry_does_not_tell_is_not_answered(
    database: Database, org: UUID, question: str, answer_type: str
) -> None:
    signal = await service_with(database, MemoryDirectory()).ask(org, about(question, answer_type))
    assert (signal.status, signal.answer) == ("completed", None)


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("How many years have they been in this role?", 4),
        ("How long has Jo been at Acme?", 4),
        ("In which year did they start this job?", datetime.now(UTC).year - 4),
        ("How many people do they lead?", None),
    ],
)
async def test_years_in_a_position_are_counted_to_the_day_of_asking(
    database: Database, org: UUID, question: str, number: int | None
) -> None:
    began = f"{datetime.now(UTC).year - 4}-01"
    now = msgspec.structs.replace(JO_QUIST.positions[0], started=began)
    jo = msgspec.structs.replace(JO_QUIST, positions=(now,))
    service = service_with(database, MemoryDirectory([jo]))
    assert (await service.ask(org, about(question, "number"))).answer == number


async def test_posts_tell_what_somebody_posts_about(database: Database, org: UUID) -> None:
    linked = MemoryDirectory(name="salesNavigator", posts={JO: POSTS})
    service = service_with(database, linked)
    signal = await service.ask(org, about("Do they post about hiring?", "boolean"))
    assert signal.answer is True
    assert "hiring two account executives" in signal.sources[0].snippet
    assert signal.metadata["connectors"] == {"salesNavigator": {"status": "ok"}}


class QuotingReader:
    """Answers with the line that holds a word."""

    name = "extractive"
    passage_limit = 20

    def __init__(self, word: str) -> None:
        self.word = word

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        for unit in (unit for passage in passages for unit in passage.units if self.word in unit.text):
            claim = Claim(path="", value=unit.text, citations=(unit.number,))
            return Draft(reader=self.name, value=unit.text, claims=(claim,))
        return Draft(reader=self.name)


@pytest.mark.parametrize(
    ("word", "answer"),
    [("reseller", "Jo Quist is responsible for the reseller programme."), ("logistics", None)],
)
async def test_lines_of_the_companys_pages_count_where_they_are_about_the_person(
    database: Database, org: UUID, word: str, answer: str | None
) -> None:
    """A line about a colleague, however sure the reader is, answers nothing about the person."""
    service = make_service(
        database, MemoryFetcher(SITE), reader=QuotingReader(word), directories=only(MemoryDirectory())
    )
    signal = await service.ask(org, about("What are the responsibilities?"))
    assert signal.answer == answer
    assert [source.url for source in signal.sources] == ["https://acme.com/team"][: answer is not None]
    assert signal.metadata["pagesRead"] == 3


async def test_an_unknown_person_fails_and_costs_nothing(database: Database, org: UUID) -> None:
    service = service_with(database, MemoryDirectory(()))
    signal = await service.ask(org, about("What is their current role?"))
    assert (signal.status, signal.error_code) == ("failed", "CONTACT_NOT_FOUND")
    assert "import" in (signal.error_action or "")
    async with database.transaction() as connection:
        assert await Ledger(monthly_credits=100).balance(connection, org) == 100


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (DirectoryFault.RATE_LIMITED, "LINKEDIN_RATE_LIMIT_EXCEEDED"),
        (DirectoryFault.DISCONNECTED, "LINKEDIN_DISCONNECTED"),
        (DirectoryFault.CHECKPOINT, "LINKEDIN_CHECKPOINT"),
        (DirectoryFault.UNAVAILABLE, "LINKEDIN_UNAVAILABLE"),
    ],
)
async def test_a_directory_that_cannot_be_asked_is_no_no(
    database: Database, org: UUID, fault: DirectoryFault, code: str
) -> None:
    alone = service_with(database, FailingDirectory(fault))
    signal = await alone.ask(org, about("What is their current role?"))
    assert (signal.status, signal.answer, signal.error_code) == ("failed", None, code)
    assert signal.error_action
    assert signal.metadata["connectors"] == {"salesNavigator": {"status": fault.value}}
    beside = service_with(database, MemoryDirectory(), FailingDirectory(fault))
    answered = await beside.ask(org, about("What is their role?"))
    assert (answered.answer, answered.error_code) == ("Head of Sales at Acme", code)
    open_ = await beside.ask(org, about("What is their shoe size?", "number"))
    assert (open_.status, open_.answer, open_.error_code) == ("completed", None, code)
    assert "not a no" in (open_.reasoning or "")


async def test_a_slow_directory_is_given_up(database: Database, org: UUID) -> None:
    service = service_with(database, SleepingDirectory(name="salesNavigator"))
    signal = await service.ask(org, about("What is their current role?"))
    assert (signal.status, signal.error_code) == ("failed", "LINKEDIN_UNAVAILABLE")


async def test_linkedin_is_asked_as_the_switch_says(database: Database, org: UUID) -> None:
    linked, failing = MemoryDirectory(name="salesNavigator"), FailingDirectory(DirectoryFault.RATE_LIMITED)
    service = service_with(database, MemoryDirectory(), linked)
    off = await service.ask(org, about("What is their role?", sales_navigator="off"))
    assert (off.answer, linked.asked) == ("Head of Sales at Acme", [])
    assert off.metadata["connectors"] == {"salesNavigator": {"status": "skipped"}}
    on = await service.ask(org, about("What is their role?", sales_navigator="on"))
    assert (on.status, linked.asked) == ("completed", [JO])
    required = service_with(database, MemoryDirectory(), failing)
    failed = await required.ask(org, about("What is their job?", sales_navigator="on"))
    assert (failed.status, failed.error_code) == ("failed", "LINKEDIN_RATE_LIMIT_EXCEEDED")
    unlinked = service_with(database, MemoryDirectory())
    refused = await unlinked.ask(org, about("What is their title?", sales_navigator="on"))
    assert (refused.status, refused.error_code) == ("failed", "LINKEDIN_NOT_CONNECTED")


async def test_an_employer_without_a_site_is_no_obstacle(database: Database, org: UUID) -> None:
    jo = msgspec.structs.replace(JO_QUIST, positions=(Position(title="Baker", company="Corner Bakery"),))
    fetcher = MemoryFetcher(SITE)
    service = service_with(database, MemoryDirectory([jo]), fetcher=fetcher)
    signal = await service.ask(org, about("What is their current role?"))
    assert (signal.answer, fetcher.fetched) == ("Baker at Corner Bakery", [])


@pytest.mark.parametrize(
    "url",
    ["https://acme.com/jo", "https://www.linkedin.com/company/acme", "linkedin.com/in/", "", "nonsense"],
)
async def test_what_is_no_profile_is_refused(database: Database, org: UUID, url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await service_with(database).accept(org, about("What is their role?", contact_profile_url=url))
    assert [field.field for field in refused.value.fields] == ["contactProfileUrl"]
    assert "https://www.linkedin.com/in/jane-doe" in refused.value.fields[0].message


async def test_one_profile_is_one_question_however_it_is_spelled(database: Database, org: UUID) -> None:
    service = service_with(database, MemoryDirectory())
    first = await service.ask(org, about("What is their role?"))
    spelled = about("What is their role?", contact_profile_url="de.linkedin.com/in/Jo-Quist/?trk=x")
    row, how = await service.accept(org, spelled)
    assert (how, row.signal.id) == ("cached", first.id)


async def test_a_person_and_a_company_are_different_questions(database: Database, org: UUID) -> None:
    service = service_with(database, MemoryDirectory())
    await service.ask(org, about("What is their role?"))
    _, how = await service.accept(org, SignalRequest(domain="acme.com", question="What is their role?"))
    assert how == "new"
