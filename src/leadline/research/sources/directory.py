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
    """A person as one directory knows them."""

    directory: str  # its name
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
        return question.subject.person is not None and bool(self._known)

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        """A page for each directory. Their address is that of the person's profile."""
        person = question.subject.person
        assert person is not None
        assert person.profile_url is not None
        kept: list[Page] = []
        for one in self._known[:pages]:
            body = entries.write(one.person, one.posts, source=_TITLES.get(one.directory, one.directory))
            page = await self._shelf.keep(person.profile_url, body, entries.CONTENT_TYPE)
            kept.append(replace(page, provenance=Provenance.DIRECTORY))
            progress("collect", f"the entry of {one.directory}", pages=len(kept))
        return Evidence(pages=tuple(kept))


__all__ = ["DirectoryEntries", "Known"]
