"""What every ``PeopleDirectory`` promises, asked of the fake and of the real one against its simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from tests.connectors.people.unipile import asking
from tests.simulators.unipile import (
    COMPANIES,
    FUNCTIONS,
    LEVELS,
    Member,
    UnipileSimulator,
    members,
    post,
    problem,
)

from leadline.connectors.people.fake import FailingDirectory, MemoryDirectory
from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    PeopleDirectory,
    PeopleFilter,
    Position,
    Post,
    Profile,
    ProfileAddress,
)

ACME, GLOBEX = (f"https://www.linkedin.com/company/{number}" for number, _ in COMPANIES.values())
STAFF = [*members(40), *members(15, seed=3, company="globex", first=100)]
POSTS = [
    ("https://www.linkedin.com/posts/activity-2", "We hire.", datetime(2026, 11, 2, 9, tzinfo=UTC)),
    ("https://www.linkedin.com/posts/activity-1", "Trains are late.", datetime(2026, 10, 1, 9, tzinfo=UTC)),
]


def profile(one: Member) -> Profile:
    return Profile(
        full_name=one.name,
        first_name=one.first_name,
        last_name=one.last_name,
        country=one.country,
        seniority=LEVELS[one.level],
        department=FUNCTIONS[one.function],
        profile_url=address(one).url,
        sales_navigator_url=f"https://www.linkedin.com/sales/lead/{one.lead_id}",
        positions=(
            Position(
                title=one.title,
                company=COMPANIES[one.company][1],
                company_url=f"https://www.linkedin.com/company/{COMPANIES[one.company][0]}",
            ),
        ),
    )


def address(one: Member) -> ProfileAddress:
    return ProfileAddress(f"https://www.linkedin.com/in/{one.slug}")


@asynccontextmanager
async def memory(people: Sequence[Member]) -> AsyncIterator[PeopleDirectory]:
    posts = [Post(url=url, text=text, published_at=when) for url, text, when in POSTS]
    yield MemoryDirectory([profile(one) for one in people], posts={address(people[0]).url: posts})


@asynccontextmanager
async def unipile(people: Sequence[Member]) -> AsyncIterator[PeopleDirectory]:
    posts = [post(int(url[-1]), text, when.isoformat()) for url, text, when in POSTS]
    async with (
        UnipileSimulator(people, posts={people[0].classic_id: posts}) as simulator,
        asking(simulator) as made,
    ):
        yield made.directory


both = pytest.mark.parametrize("made", [memory, unipile])


@both
async def test_pages_hold_everybody_once_in_one_order(made) -> None:
    async with made(STAFF) as directory:
        whole = await directory.search(PeopleFilter(company_urls=(ACME,)), limit=100, offset=0)
        parts = [
            await directory.search(PeopleFilter(company_urls=(ACME,)), limit=7, offset=offset)
            for offset in range(0, 42, 7)
        ]
    assert whole.total == 40
    assert [p.full_name for p in whole.people] == [one.name for one in STAFF[:40]]
    assert [p.profile_url for part in parts for p in part.people] == [p.profile_url for p in whole.people]
    assert {part.total for part in parts} == {40}


@both
async def test_beyond_the_last_there_is_nobody_but_the_total(made) -> None:
    async with made(STAFF) as directory:
        page = await directory.search(PeopleFilter(company_urls=(ACME,)), limit=25, offset=1000)
    assert page == ((), 40)


@both
@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (PeopleFilter(company_urls=(ACME, GLOBEX)), lambda one: True),
        (PeopleFilter(company_urls=(GLOBEX,)), lambda one: one.company == "globex"),
        (PeopleFilter(countries=("DE",)), lambda one: one.country == "DE"),
        (PeopleFilter(countries=("DE", "FR")), lambda one: one.country in ("DE", "FR")),
        (PeopleFilter(departments=("Sales", "Engineering")), lambda one: one.function in ("25", "8")),
        (PeopleFilter(seniority_levels=("Owner / Partner",)), lambda one: one.level == "owner/partner"),
        (PeopleFilter(job_titles=("head of sales",)), lambda one: one.function == "25"),
        (PeopleFilter(first_name="béla"), lambda one: one.first_name == "Béla"),
        (PeopleFilter(last_name="van Dijk"), lambda one: one.last_name == "van Dijk"),
        (PeopleFilter(keywords="head sales"), lambda one: one.function == "25"),
        (
            PeopleFilter(departments=("Sales",), countries=("US",), company_urls=(ACME,)),
            lambda one: one.function == "25" and one.country == "US" and one.company == "acme",
        ),
        (PeopleFilter(first_name="Nobody"), lambda one: False),
    ],
)
async def test_filters_narrow_each_other_and_their_values_are_alternatives(made, wanted, fits) -> None:
    expected = [one.name for one in STAFF if fits(one)]
    async with made(STAFF) as directory:
        page = await directory.search(wanted, limit=100, offset=0)
    assert [person.full_name for person in page.people] == expected
    assert page.total == len(expected)


@both
async def test_person_is_what_the_directory_knows(made) -> None:
    async with made(STAFF) as directory:
        (person, *_), _ = await directory.search(PeopleFilter(company_urls=(ACME,)), limit=1, offset=0)
        read = await directory.profile(address(STAFF[0]))
        lead = await directory.profile(ProfileAddress(person.sales_navigator_url, sales_navigator=True))
    for found in (person, read, lead):
        assert found.full_name == STAFF[0].name
        assert found.profile_url == address(STAFF[0]).url
        assert (found.position.title, found.position.company) == (STAFF[0].title, "Acme")
        assert found.position.company_url == ACME
        assert found.position.current


@both
async def test_unknown_person_is_none(made) -> None:
    async with made(STAFF) as directory:
        assert await directory.profile(ProfileAddress("https://www.linkedin.com/in/nobody")) is None


@both
async def test_posts_come_newest_first_and_no_more_than_wanted(made) -> None:
    async with made(STAFF) as directory:
        found = [await directory.profile(address(STAFF[0])), await directory.profile(address(STAFF[1]))]
        posts = await directory.posts(found[0], 10)
        assert [(p.url, p.text, p.published_at) for p in posts] == POSTS
        assert len(await directory.posts(found[0], 1)) == 1
        assert await directory.posts(found[1], 10) == ()


@asynccontextmanager
async def failing() -> AsyncIterator[PeopleDirectory]:
    yield FailingDirectory(DirectoryError(DirectoryFault.UNAVAILABLE, "gone"))


@asynccontextmanager
async def down() -> AsyncIterator[PeopleDirectory]:
    async with UnipileSimulator(STAFF) as simulator, asking(simulator) as made:
        for what in ("search", "profile", "posts"):
            simulator.always(what, problem(503, "errors/service_unavailable"))
        yield made.directory


@pytest.mark.parametrize("made", [failing, down])
async def test_directory_that_cannot_be_asked_raises(made) -> None:
    person = Profile(full_name="x", member_id="ACoAABxxxxxxxxxx")
    async with made() as directory:
        for call in (
            directory.search(PeopleFilter(keywords="x"), limit=1, offset=0),
            directory.profile(address(STAFF[0])),
            directory.posts(person, 1),
        ):
            with pytest.raises(DirectoryError) as caught:
                await call
            assert caught.value.fault is DirectoryFault.UNAVAILABLE
