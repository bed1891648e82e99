"""What directories tell of a person, each entry as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from leadline.research.documents import entries
from leadline.research.model import Evidence, Page, Provenance, Question
from leadline.research.people import Post, Profile
from leadline.research.ports import Progress, Shelf

_TITLES = {"salesNavigator": "LinkedIn", "import": "imported people", "page": "the company's pages"}


class Known(NamedTuple):
    """A person as one directory knows them. ``address``: of the profile, which the entry's page bears."""

    directory: str  # its name
    address: str
    person: Profile
    posts: tuple[Post, ...] = ()


class DirectoryEntries:
    """Implements ``research.ports.Source`` over what was looked up for one question."""

    name = "directory"
    needs = 0

    def __init__(self, shelf: Shelf, known: Sequence[Known]) -> None:
        self._shelf = shelf
        self._known = known

    def suits(self, question: Question) -> bool:
        return bool(self._known)

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        kept: list[Page] = []
        for one in self._known[:pages]:
            body = entries.write(one.person, one.posts, source=_TITLES.get(one.directory, one.directory))
            page = await self._shelf.keep(one.address, body, entries.CONTENT_TYPE)
            kept.append(replace(page, provenance=Provenance.DIRECTORY))
            progress("collect", f"{one.person.full_name} ({one.directory})", pages=len(kept))
        return Evidence(pages=tuple(kept))


__all__ = ["DirectoryEntries", "Known"]
