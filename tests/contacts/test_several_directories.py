"""A search in several directories: merged, nobody twice, and what fails is said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from msgspec import structs

from leadline.contacts.service import Apart, ContactSearch
from leadline.foundation.errors import TooManyRequests, Unavailable
from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    Origin,
    PeopleDirectory,
    PeopleFilter,
    PeoplePage,
    Position,
    Post,
    Profile,
    ProfileAddress,
)

ACME, OTHER = "https://www.linkedin.com/company/acme", "https://www.linkedin.com/company/other"


class ShelfDirectory:
    """Has these people by company, and fails when it is told to."""

    def __init__(
        self, name: str, shelf: dict[str, list[Profile]], fault: DirectoryFault | None = None
    ) -> None:
        self.name = name
        self.shelf = shelf
        self.fault = fault
        self.asked: list[PeopleFilter] = []

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        self.asked.append(wanted)
        if self.fault is not None:
            raise DirectoryError(self.fault, "it is away", retry_after=7)
        found = [one for url in wanted.company_urls or self.shelf for one in self.shelf.get(url, ())]
        return PeoplePage(tuple(found[offset : offset + limit]), len(found))

    async def profile(self, address: ProfileAddress) -> Profile | None:
        return None

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        return ()


def person(number: int, url: str = ACME, **more: str) -> Profile:
    return Profile(
        full_name=f"Person {number}",
        profile_url=f"https://www.linkedin.com/in/p{number}",
        positions=(Position(title="CEO", company_url=url),),
        **more,
    )


def searching(*directories: PeopleDirectory) -> ContactSearch:
    async def all_of(organisation_id: UUID, key_id: UUID | None = None) -> Sequence[PeopleDirectory]:
        return directories

    return ContactSearch(all_of)


async def test_nobody_is_named_twice_and_gaps_are_filled() -> None:
    one = ShelfDirectory("one", {ACME: [person(1), person(2)]})
    two = ShelfDirectory("two", {ACME: [person(2, location="Oslo"), person(3)]})
    found = await searching(one, two).search(uuid4(), PeopleFilter(company_urls=(ACME,)), limit=25, offset=0)
    assert [p.full_name for p in found.people] == ["Person 1", "Person 2", "Person 3"]
    assert (found.total, found.connected, found.people[1].location) == (3, True, "Oslo")


async def test_a_place_that_told_twice_is_named_once() -> None:
    def told(by: str, day: int) -> ShelfDirectory:
        seen = Origin(source="salesNavigator", reference="lead/1", seen_at=datetime(2026, 5, day, tzinfo=UTC))
        return ShelfDirectory(by, {ACME: [structs.replace(person(1), origins=(seen,))]})

    found = await searching(told("one", 1), told("two", 2)).search(
        uuid4(), PeopleFilter(company_urls=(ACME,)), limit=25, offset=0
    )
    assert [one.seen_at.day for one in found.people[0].origins if one.seen_at] == [1]


async def test_pages_of_several_directories_hold_everybody_once() -> None:
    one = ShelfDirectory("one", {ACME: [person(n) for n in range(7)]})
    two = ShelfDirectory("two", {ACME: [person(n) for n in range(5, 12)]})
    search, names = searching(one, two), []
    for offset in range(0, 12, 5):
        page = await search.search(uuid4(), PeopleFilter(company_urls=(ACME,)), limit=5, offset=offset)
        names += [p.full_name for p in page.people]
    assert names == [f"Person {n}" for n in range(12)]


async def test_many_people_of_several_directories_are_all_reached() -> None:
    one = ShelfDirectory("one", {ACME: [person(n) for n in range(150)]})
    two = ShelfDirectory("two", {ACME: [person(n) for n in range(140, 260)]})
    search, names, offset = searching(one, two), set(), 0
    while offset < 300:
        page = await search.search(uuid4(), PeopleFilter(company_urls=(ACME,)), limit=50, offset=offset)
        names |= {p.full_name for p in page.people}
        offset += 50
    assert len(names) == 260


async def test_each_company_is_asked_alone_and_the_rest_merged() -> None:
    shelf = ShelfDirectory("one", {ACME: [person(1), person(2)], OTHER: [person(2), person(3)]})
    wanted = PeopleFilter(company_urls=(ACME, OTHER))
    page = await Apart(shelf).search(wanted, limit=2, offset=1)
    assert [one.company_urls for one in shelf.asked] == [(ACME,), (OTHER,)]
    assert [p.full_name for p in page.people] == ["Person 2", "Person 3"]
    assert page.total == 3


async def test_one_directory_that_fails_does_not_lose_what_the_other_found() -> None:
    good = ShelfDirectory("import", {ACME: [person(1)]})
    bad = ShelfDirectory("salesNavigator", {}, DirectoryFault.RATE_LIMITED)
    found = await searching(bad, good).search(uuid4(), PeopleFilter(keywords="x"), limit=25, offset=0)
    assert [p.full_name for p in found.people] == ["Person 1"]
    assert found.connected
    assert [(name, error.fault) for name, error in found.faults] == [
        ("salesNavigator", DirectoryFault.RATE_LIMITED)
    ]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (DirectoryFault.RATE_LIMITED, TooManyRequests),
        (DirectoryFault.UNAVAILABLE, Unavailable),
        (DirectoryFault.BAD_REPLY, Unavailable),
    ],
)
async def test_the_only_directory_that_fails_is_an_error(
    fault: DirectoryFault, error: type[Exception]
) -> None:
    bad = ShelfDirectory("salesNavigator", {}, fault)
    with pytest.raises(error):
        await searching(bad).search(uuid4(), PeopleFilter(keywords="x"), limit=25, offset=0)


@pytest.mark.parametrize("fault", [DirectoryFault.DISCONNECTED, DirectoryFault.CHECKPOINT])
async def test_the_only_directory_that_is_no_longer_linked_is_none(fault: DirectoryFault) -> None:
    bad = ShelfDirectory("salesNavigator", {}, fault)
    found = await searching(bad).search(uuid4(), PeopleFilter(keywords="x"), limit=25, offset=0)
    assert (found.people, found.connected) == ((), False)


def test_a_namesake_with_another_address_is_somebody_else() -> None:
    from leadline.contacts.persons import Crowd

    crowd = Crowd()
    twin = structs.replace(person(1), profile_url="https://www.linkedin.com/in/other")
    assert crowd.add([person(1), twin]) == 0
    assert len(crowd.people) == 2
