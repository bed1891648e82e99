"""Answers that are people, and what they published."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace
from tests.directories import JO, JO_QUIST, FailingDirectory, MemoryDirectory
from tests.signals.test_contacts import POSTS, SITE, about, service_with

from leadline.accounts.service import default_organisation, organisation
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.contacts import persons
from leadline.contacts.service import LEADING, whom
from leadline.credits.service import Ledger
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Database
from leadline.foundation.errors import NotFound
from leadline.research.people import DirectoryFault, Position
from leadline.signals.asked_people import AskedPeople
from leadline.signals.schemas import SignalRequest

AL = replace(
    JO_QUIST,
    full_name="Al Brill",
    profile_url="https://www.linkedin.com/in/al-brill",
    seniority="Entry Level",
    department="Engineering",
    positions=(Position(title="Engineer", company="Acme", company_host="acme.com"),),
)
UMA = replace(AL, full_name="Uma Berg", profile_url=None, seniority="CXO")
ELSEWHERE = replace(
    JO_QUIST,
    full_name="Ed Frost",
    profile_url="https://www.linkedin.com/in/ed-frost",
    positions=(
        Position(title="Director", company="Globex", company_host="globex.com"),
        Position(title="Director", company="Acme", company_host="acme.com", ended="2020", current=False),
    ),
)
CROWD = [JO_QUIST, AL, UMA, ELSEWHERE]


@pytest.fixture
async def org(database: Database) -> UUID:
    return await default_organisation(database)


def ask(question: str, answer_type: str = "contacts") -> SignalRequest:
    return SignalRequest(domain="acme.com", question=question, answer_type=answer_type)


@pytest.mark.parametrize(
    ("question", "departments", "levels"),
    [
        ("Who are the engineering leaders?", ("Engineering",), LEADING),
        ("Who is the CTO?", ("Engineering",), ("CXO",)),
        ("Which sales directors work there?", ("Sales",), ("Director",)),
        ("Who leads sales?", ("Sales",), LEADING),
        ("VPs of Sales", ("Sales",), ("Vice President",)),
        ("Who works there?", (), ()),
    ],
)
def test_the_words_of_a_question_say_whom_it_means(
    question: str, departments: tuple[str, ...], levels: tuple[str, ...]
) -> None:
    assert whom(question) == (departments, levels)


@pytest.mark.parametrize("answer_type", ["contacts", "contacts_generation"])
async def test_people_at_the_company_answer(database: Database, org: UUID, answer_type: str) -> None:
    service = service_with(database, MemoryDirectory(CROWD))
    signal = await service.ask(org, ask("Who works there?", answer_type))
    assert signal.status == "completed"
    assert [one["fullName"] for one in signal.answer] == ["Jo Quist", "Al Brill", "Uma Berg"]
    assert signal.answer[0] == {
        "fullName": "Jo Quist",
        "title": "Head of Sales",
        "companyName": "Acme",
        "location": "Kiel, Germany",
        "profileUrl": JO,
    }
    assert "profileUrl" not in signal.answer[2]
    assert signal.metadata["peopleFound"] == 3
    assert {check.fault for check in await service.verify(org, signal.id)} == {None}
    assert JO in {source.url for source in signal.sources}


async def test_whom_the_question_means_is_asked_of_the_directory(database: Database, org: UUID) -> None:
    service = service_with(database, MemoryDirectory(CROWD))
    signal = await service.ask(org, ask("Who are the engineering leaders?"))
    assert [one["fullName"] for one in signal.answer] == ["Uma Berg"]


async def test_colleagues_of_a_person_are_found(database: Database, org: UUID) -> None:
    service = service_with(database, MemoryDirectory(CROWD))
    signal = await service.ask(org, about("Who are the engineering leaders there?", "contacts"))
    assert [one["fullName"] for one in signal.answer] == ["Uma Berg"]
    assert signal.contact_profile_url == JO


async def test_a_person_of_two_directories_is_one(database: Database, org: UUID) -> None:
    linked = MemoryDirectory([JO_QUIST], name="salesNavigator")
    service = service_with(database, MemoryDirectory([JO_QUIST]), linked)
    signal = await service.ask(org, ask("Who works there?"))
    assert [one["fullName"] for one in signal.answer] == ["Jo Quist"]
    assert signal.metadata["connectors"] == {"salesNavigator": {"status": "ok"}}


async def test_nobody_found_and_nobody_asked_are_different(database: Database, org: UUID) -> None:
    nobody = await service_with(database, MemoryDirectory(())).ask(org, ask("Who works there?"))
    assert (nobody.status, nobody.answer, nobody.error_code) == ("completed", None, None)
    unlinked = await service_with(database).ask(org, ask("Who is there?"))
    assert (unlinked.status, unlinked.error_code) == ("failed", "DIRECTORY_NOT_CONNECTED")
    limited = FailingDirectory(DirectoryFault.RATE_LIMITED)
    failed = await service_with(database, limited).ask(org, ask("Who leads it?"))
    assert (failed.status, failed.error_code) == ("failed", "LINKEDIN_RATE_LIMIT_EXCEEDED")
    beside = service_with(database, MemoryDirectory(CROWD), limited)
    answered = await beside.ask(org, ask("Who leads sales?"))
    assert [one["fullName"] for one in answered.answer] == ["Jo Quist"]
    assert answered.error_code == "LINKEDIN_RATE_LIMIT_EXCEEDED"


async def test_posts_and_how_others_engaged_with_them(database: Database, org: UUID) -> None:
    linked = MemoryDirectory(name="salesNavigator", posts={JO: POSTS})
    service = service_with(database, linked)
    posts = await service.ask(org, about("What did they publish lately?", "contact_posts"))
    assert posts.answer == [
        {"text": POSTS[0].text, "url": POSTS[0].url, "publishedAt": "2026-05-01"},
        {"text": POSTS[1].text, "url": POSTS[1].url},
    ]
    named = await service.ask(org, about("What do they post about hiring?", "contact_posts"))
    assert [one["url"] for one in named.answer] == [POSTS[0].url]
    counted = await service.ask(org, about("How do people react?", "contact_engagements"))
    assert counted.answer == [
        {"url": POSTS[0].url, "publishedAt": "2026-05-01", "reactionCount": 12, "commentCount": 3},
        {"url": POSTS[1].url},
    ]
    assert {check.fault for check in await service.verify(org, counted.id)} == {None}


@pytest.mark.parametrize("answer_type", ["contact_posts", "contact_engagements"])
async def test_where_nobody_tells_posts_it_is_said(database: Database, org: UUID, answer_type: str) -> None:
    service = service_with(database, MemoryDirectory())
    signal = await service.ask(org, about("What did they publish?", answer_type))
    assert (signal.status, signal.error_code) == ("failed", "POSTS_NOT_AVAILABLE")
    company = await service.ask(org, ask("What did they publish?", answer_type))
    assert (company.status, company.error_code) == ("failed", "ANSWER_TYPE_NEEDS_PERSON")
    assert "contactProfileUrl" in (company.error_action or "")


async def test_an_erased_person_leaves_no_signal_no_words_and_no_entry(database: Database, org: UUID) -> None:
    library = StoredLibrary(database, MemoryFetcher(SITE), InlineSandbox(), freshness=timedelta(hours=24))
    ledger = Ledger(monthly_credits=100)
    held = AskedPeople(library, ledger)
    other = await organisation(database, "somebody else")
    service = service_with(database, MemoryDirectory(CROWD))
    asked = await service.ask(org, about("What is their current role?"))
    named = await service.ask(org, ask("Who works there?"))
    kept = [
        await service.ask(org, about("What is their role?", contact_profile_url=AL.profile_url)),
        await service.ask(org, ask("Who leads engineering?")),
        await service.ask(other, about("What is their current role?")),
    ]
    running, _ = await service.accept(org, about("Since when?"))
    async with database.transaction() as connection:
        exported = await held.export(connection, org, UUID(int=0), JO_QUIST)
        assert [one["id"] for one in exported] == [asked.id, named.id, running.signal.id]
        before = await ledger.balance(connection, org)
        assert await held.erase(connection, org, UUID(int=0), JO_QUIST) == 3
        assert await ledger.balance(connection, org) == before + 1
        assert await held.erase(connection, org, UUID(int=0), JO_QUIST) == 0
    for gone in (asked.id, named.id, running.signal.id):
        with pytest.raises(NotFound):
            await service.get(org, gone)
    for signal in kept:
        owner = UUID(signal.organisation_id)
        assert await service.get(owner, signal.id) == signal
        assert {check.fault for check in await service.verify(owner, signal.id)} == {None}
    left = await database.fetch(
        "select url from snapshots s where url = $1 and not exists (select from citations c where c.snapshot_id = s.id)",
        JO,
    )
    assert left == []
    told = await database.fetch("select body from events where organisation_id = $1", org)
    assert not [one for one in told if b"Quist" in one["body"] and b"Al Brill" not in one["body"]]
    erased = [one for one in told if one["body"] == b'{"erased":true}']
    assert len(erased) == 2


async def test_an_erased_person_is_not_collected_again(database: Database, org: UUID) -> None:
    for mark in persons.identities(JO_QUIST):
        await database.execute(
            "insert into suppressed_people (organisation_id, identity_hash) values ($1, $2)",
            org,
            persons.hashed(org, mark),
        )
    linked = MemoryDirectory(CROWD, name="salesNavigator")
    service = service_with(database, linked)
    signal = await service.ask(org, about("What is their current role?"))
    assert (signal.status, signal.error_code, signal.contact_name) == ("failed", "CONTACT_ERASED", None)
    assert linked.asked == []
    found = await service.ask(org, ask("Who works there?"))
    assert [one["fullName"] for one in found.answer] == ["Al Brill", "Uma Berg"]
    other = await organisation(database, "somebody else")
    assert (await service.ask(other, about("What is their current role?"))).answer == "Head of Sales at Acme"
