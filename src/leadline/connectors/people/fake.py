"""Directories for tests, named for how they behave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadline.research.people import (
    DirectoryError,
    PeopleFilter,
    PeoplePage,
    Post,
    Profile,
    ProfileAddress,
)


class MemoryDirectory:
    """Knows these people, in this order; ``posts`` by the address of their authors' profiles."""

    def __init__(
        self,
        people: Sequence[Profile] = (),
        *,
        posts: Mapping[str, Sequence[Post]] | None = None,
        name: str = "memory",
    ) -> None:
        self.name = name
        self._people = people
        self._posts = posts or {}

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        found = [person for person in self._people if _matches(person, wanted)]
        return PeoplePage(tuple(found[offset : offset + limit]), len(found))

    async def profile(self, address: ProfileAddress) -> Profile | None:
        return next((p for p in self._people if address.url in (p.profile_url, p.sales_navigator_url)), None)

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        return tuple(self._posts.get(person.profile_url or "", ()))[:limit]


class FailingDirectory:
    """Cannot be asked."""

    def __init__(self, error: DirectoryError, *, name: str = "failing") -> None:
        self.name = name
        self._error = error

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        raise self._error

    async def profile(self, address: ProfileAddress) -> Profile | None:
        raise self._error

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        raise self._error


def _matches(person: Profile, wanted: PeopleFilter) -> bool:
    position = person.position
    title = position.title.casefold() if position else ""
    words = f"{person.full_name} {title}".casefold()
    return (
        _among(position.company_url if position else None, wanted.company_urls)
        and _among(person.country, wanted.countries)
        and _among(person.department, wanted.departments)
        and _among(person.seniority, wanted.seniority_levels)
        and (not wanted.job_titles or any(one.casefold() in title for one in wanted.job_titles))
        and all(word in words for word in wanted.keywords.casefold().split())
        and wanted.first_name.casefold() in ("", person.first_name.casefold())
        and wanted.last_name.casefold() in ("", person.last_name.casefold())
    )


def _among(value: str | None, wanted: Sequence[str]) -> bool:
    return not wanted or value in wanted
