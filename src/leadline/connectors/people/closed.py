"""A directory that is linked and not asked, because its account has to be seen to first."""

from __future__ import annotations

from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    PeopleFilter,
    PeoplePage,
    Post,
    Profile,
    ProfileAddress,
)


class ClosedDirectory:
    """Says why instead of asking. What it says is the same for every call."""

    def __init__(self, name: str, fault: DirectoryFault, message: str) -> None:
        self.name = name
        self._fault = fault
        self._message = message

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        raise self._error()

    async def profile(self, address: ProfileAddress) -> Profile | None:
        raise self._error()

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        raise self._error()

    def _error(self) -> DirectoryError:
        return DirectoryError(self._fault, self._message)
