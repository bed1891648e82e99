"""The person in the organisation's directories: by the address of the profile, or by name at this very company."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from leadline.contacts.service import Directories
from leadline.research.documents import entries
from leadline.research.documents.names import names_company
from leadline.research.documents.persons import PersonName
from leadline.research.model import Page, Person, Provenance, Subject
from leadline.research.people import (
    DirectoryError,
    PeopleDirectory,
    PeopleFilter,
    Post,
    Profile,
    parse_profile_address,
)
from leadline.research.ports import Shelf
from leadline.research.reports.model import Rejected

SECONDS = 30.0  # that one directory may take
MOST_POSTS = 25
MOST_NAMED = 25  # people of one name that are looked through
_TITLES = {"salesNavigator": "LinkedIn", "import": "imported people"}


class Told(NamedTuple):
    """What directories gave: their entries as pages, whom they know besides, and which could not be asked."""

    pages: tuple[Page, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    missed: tuple[tuple[str, str], ...] = ()  # the directory, and why


class EntryLookup:
    """Looks the person up in every directory of the organisation, and keeps what it finds as pages."""

    def __init__(self, directories: Directories, shelf: Shelf) -> None:
        self._directories = directories
        self._shelf = shelf

    async def look_up(
        self, organisation_id: UUID, subject: Subject, names: tuple[str, str], addresses: Sequence[str]
    ) -> Told:
        """``names``: first and last; ``addresses``: of the person's profiles, as far as they are known."""
        pages: list[Page] = []
        rejected: list[Rejected] = []
        missed: list[tuple[str, str]] = []
        for directory in await self._directories(organisation_id):
            try:
                async with asyncio.timeout(SECONDS):
                    found = await _find(directory, subject, names, addresses)
                    posts = await directory.posts(found, MOST_POSTS) if isinstance(found, Profile) else ()
            except DirectoryError as error:
                missed.append((directory.name, f"{error.fault.value} {error.message}".strip()))
            except TimeoutError:
                missed.append((directory.name, f"timed_out no answer within {SECONDS:g} s"))
            else:
                if isinstance(found, Rejected):
                    rejected.append(found)
                elif found is not None:
                    pages.append(await self._keep(directory, found, posts))
        return Told(tuple(pages), tuple(rejected), tuple(missed))

    async def _keep(self, directory: PeopleDirectory, person: Profile, posts: Sequence[Post]) -> Page:
        body = entries.write(person, posts, source=_TITLES.get(directory.name, directory.name))
        page = await self._shelf.keep(_address(directory, person), body, entries.CONTENT_TYPE)
        return replace(page, provenance=Provenance.DIRECTORY)


async def _find(
    directory: PeopleDirectory, subject: Subject, names: tuple[str, str], addresses: Sequence[str]
) -> Profile | Rejected | None:
    """The person; or who is not taken for them, and why. Raises DirectoryError."""
    assert subject.person is not None
    for address in addresses:
        found = await directory.profile(parse_profile_address(address))
        if found is None or _only_published(found):
            continue
        if not PersonName(subject.person.name).mentions(found.full_name):
            why = f"the profile at this address is that of {found.full_name}"
            return Rejected(quote=found.full_name, url=address, why=why)
        return found
    wanted = PeopleFilter(first_name=names[0], last_name=names[1])
    page = await directory.search(wanted, limit=MOST_NAMED, offset=0)
    here = [one for one in page.people if not _only_published(one) and _is(one, subject.person, subject)]
    if len(here) == 1:
        return here[0]
    if here:
        why = f"{directory.name} knows {len(here)} people of this name at the company; name the profile's address"
        return Rejected(quote=here[0].full_name, url=_address(directory, here[0]), why=why)
    if page.people:
        one = page.people[0]
        where = one.position.company if one.position is not None else ""
        why = f"{directory.name} knows this name at another company" + (f": {where}" if where else "")
        return Rejected(quote=one.full_name, url=_address(directory, one), why=why)
    return None


def _is(found: Profile, person: Person, subject: Subject) -> bool:
    """Whether somebody found by name is this person: has the whole name, and is or was at this company."""
    return bool(PersonName(person.name).mentions(found.full_name)) and any(
        position.company_host == subject.company.host or names_company(subject.company, position.company)
        for position in found.positions
    )


def _only_published(found: Profile) -> bool:
    """Whether all that is known of somebody stands on the company's pages, which are read anyway."""
    return bool(found.origins) and all(origin.source == "page" for origin in found.origins)


def _address(directory: PeopleDirectory, person: Profile) -> str:
    return person.profile_url or person.sales_navigator_url or f"urn:leadline:directory:{directory.name}"
