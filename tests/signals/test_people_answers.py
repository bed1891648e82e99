"""Answers that are people, and what they published."""

from __future__ import annotations

from uuid import UUID

import pytest
from msgspec.structs import replace
from tests.directories import JO, JO_QUIST, FailingDirectory, MemoryDirectory
from tests.signals.test_contacts import POSTS, about, service_with

from leadline.accounts.service import default_organisation
from leadline.contacts.service import LEADING, whom
from leadline.foundation.database import Database
from leadline.research.people import DirectoryFault, Position
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
