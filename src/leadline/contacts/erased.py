"""A vendor's directory without those whom the organisation has erased: they are neither shown nor asked about again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from leadline.contacts import persons, repository
from leadline.foundation.database import Connection
from leadline.research.people import (
    PeopleDirectory,
    PeopleFilter,
    PeoplePage,
    Post,
    Profile,
    ProfileAddress,
)


class WithoutErased:
    """``directory`` as one organisation may see it. ``total`` of a search counts those who are left out."""

    def __init__(self, directory: PeopleDirectory, database: Connection, organisation_id: UUID) -> None:
        self.name = directory.name
        self._directory = directory
        self._database = database
        self._organisation_id = organisation_id

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        page = await self._directory.search(wanted, limit=limit, offset=offset)
        return PeoplePage(tuple(await self._allowed(page.people)), page.total)

    async def profile(self, address: ProfileAddress) -> Profile | None:
        """None also when nobody was asked, because the address is that of somebody erased."""
        named = persons.of_address(address)
        if not await self._allowed([named]):
            return None
        person = await self._directory.profile(address)
        return person if person is not None and await self._allowed([person]) else None

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        return await self._directory.posts(person, limit) if await self._allowed([person]) else ()

    async def _allowed(self, people: Sequence[Profile]) -> list[Profile]:
        if not await repository.any_suppressed(self._database, self._organisation_id):
            return list(people)
        marks = [
            [
                persons.hashed(self._organisation_id, one)
                for one in persons.identities(persons.completed(person))
            ]
            for person in people
        ]
        banned = await repository.suppressed(
            self._database, self._organisation_id, list({mark for some in marks for mark in some})
        )
        return [person for person, some in zip(people, marks, strict=True) if banned.isdisjoint(some)]
