"""People directories for tests, named for what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec.structs import replace

from leadline.connectors.people import fake
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


class MemoryDirectory(fake.MemoryDirectory):
    """Knows Jo Quist, unless it is told of others; ``asked`` are the addresses that it was asked for."""

    def __init__(
        self,
        people: Sequence[Profile] = (JO_QUIST,),
        *,
        name: str = "import",
        posts: Mapping[str, Sequence[Post]] | None = None,
    ) -> None:
        super().__init__(people, name=name, posts=posts)
        self.asked: list[str] = []

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        """Who fits, at whatever company: whoever asks must see for himself where they work."""
        return await super().search(replace(wanted, company_urls=(), keywords=""), limit=limit, offset=offset)

    async def profile(self, address: ProfileAddress) -> Profile | None:
        self.asked.append(address.url)
        return await super().profile(address)


class FailingDirectory(fake.FailingDirectory):
    """Cannot be asked, for one reason; ``asked`` as above."""

    def __init__(self, fault: DirectoryFault, *, name: str = "salesNavigator") -> None:
        super().__init__(DirectoryError(fault, "it said no"), name=name)
        self.asked: list[str] = []

    async def profile(self, address: ProfileAddress) -> Profile | None:
        self.asked.append(address.url)
        return await super().profile(address)


class SleepingDirectory(MemoryDirectory):
    """Never answers."""

    async def profile(self, address: ProfileAddress) -> Profile | None:
        await asyncio.Event().wait()
        return None
