"""People directories for tests, named for what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from leadline.contacts.service import Directories
from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    PeopleDirectory,
    PeopleFilter,
    PeoplePage,
    Position,
    Post,
    Profile,
    ProfileAddress,
)


def only(*directories: PeopleDirectory) -> Directories:
    """Every organisation has these."""

    async def directories_of(organisation_id: UUID, key_id: UUID | None = None) -> Sequence[PeopleDirectory]:
        return directories

    return directories_of


NONE = only()
JO = "https://www.linkedin.com/in/jo-quist"
JO_QUIST = Profile(
    full_name="Jo Quist",
    headline="I build sales teams",
    location="Kiel, Germany",
    country="DE",
    profile_url=JO,
    seniority="Director",
    department="Sales",
    positions=(
        Position(title="Head of Sales", company="Acme", company_host="acme.com", started="2021-03"),
        Position(title="Sales Manager", company="Globex", started="2016", ended="2021-02", current=False),
        Position(title="Analyst", company="Initech", started="2014", ended="2016", current=False),
    ),
)


class MemoryDirectory:
    """Holds people in memory; ``asked`` are the addresses that it was asked for."""

    def __init__(
        self,
        people: Sequence[Profile] = (JO_QUIST,),
        *,
        name: str = "import",
        posts: Mapping[str, Sequence[Post]] | None = None,
    ) -> None:
        self.name = name
        self.people = list(people)
        self.published = posts or {}
        self.asked: list[str] = []

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        found = [one for one in self.people if self._fits(one, wanted)]
        return PeoplePage(tuple(found[offset : offset + limit]), len(found))

    @staticmethod
    def _fits(one: Profile, wanted: PeopleFilter) -> bool:
        return (not wanted.departments or one.department in wanted.departments) and (
            not wanted.seniority_levels or one.seniority in wanted.seniority_levels
        )

    async def profile(self, address: ProfileAddress) -> Profile | None:
        self.asked.append(address.url)
        return next(
            (one for one in self.people if address.url in (one.profile_url, one.sales_navigator_url)), None
        )

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        return tuple(self.published.get(person.profile_url or "", ()))[:limit]


class FailingDirectory(MemoryDirectory):
    """Cannot be asked, for one reason."""

    def __init__(self, fault: DirectoryFault, *, name: str = "salesNavigator") -> None:
        super().__init__((), name=name)
        self.fault = fault

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        raise DirectoryError(self.fault, "it said no")

    async def profile(self, address: ProfileAddress) -> Profile | None:
        self.asked.append(address.url)
        raise DirectoryError(self.fault, "it said no")


class SleepingDirectory(MemoryDirectory):
    """Never answers."""

    async def profile(self, address: ProfileAddress) -> Profile | None:
        await asyncio.Event().wait()
        return None
