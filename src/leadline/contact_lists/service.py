"""Contact lists: made by a search that waits for its end, and kept as they were then."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from leadline.contact_lists import repository
from leadline.contact_lists.repository import ItemRow, ListRow
from leadline.contact_lists.schemas import ContactList, ContactListFilters, ContactListItem
from leadline.contacts import service as contacts
from leadline.contacts.service import ContactSearch, Search
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import (
    BadRequest,
    GatewayTimeout,
    InvalidInput,
    LeadlineError,
    NotConnected,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from leadline.foundation.log import get_logger
from leadline.research.people import DirectoryFault, PeopleFilter, Profile
from leadline.wire.fields import wire_time
from leadline.wire.questions import folded

log = get_logger(__name__)

PAGE = 25  # people of one look at the directories
PAGES = 5
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "full name", "first name", "last name", "role", "company", "location", "headline", "seniority", "linkedin url",
    "sales navigator url", "person id",
)  # fmt: skip


class ContactLists:
    """Makes lists out of searches. ``seconds``: how long one may take."""

    def __init__(self, database: Database, search: ContactSearch, *, seconds: float) -> None:
        self._database = database
        self._search = search
        self._seconds = seconds

    async def create(
        self,
        organisation_id: UUID,
        name: str,
        filters: ContactListFilters,
        *,
        key_id: UUID | None = None,
    ) -> ContactList:
        """A list of whom the search finds now, 125 people at most. Nothing is stored when it fails.

        Raises BadRequest, NotConnected, GatewayTimeout, TooManyRequests, Unavailable.
        """
        name, wanted = _named(name), _wanted(filters)
        try:
            async with asyncio.timeout(self._seconds):
                people = await self._found(organisation_id, wanted, key_id)
        except TimeoutError:
            raise GatewayTimeout(
                f"The search took longer than {self._seconds:g} s; nothing was stored. Narrow the filters, or try "
                "again."
            ) from None
        async with self._database.transaction() as connection:
            known = await contacts.kept(connection, organisation_id, people)
            row = await repository.add(connection, organisation_id, name, filters, known)
        return _shown(row)

    async def _found(self, organisation_id: UUID, wanted: PeopleFilter, key_id: UUID | None) -> list[Profile]:
        found: list[Profile] = []
        for number in range(PAGES):
            page = await self._page(organisation_id, wanted, number * PAGE, key_id)
            if not page.connected:
                raise NotConnected(
                    "There is no people directory to search: no account is linked, and nobody was imported."
                )
            found += page.people
            if (number + 1) * PAGE >= page.total:
                break
        return contacts.distinct(found)

    async def _page(
        self, organisation_id: UUID, wanted: PeopleFilter, offset: int, key_id: UUID | None
    ) -> Search:
        """One page; asked for once more when a directory fails, for a list must not lack what it did not say."""
        try:
            page = await self._search.search(
                organisation_id, wanted, limit=PAGE, offset=offset, key_id=key_id
            )
            if not page.faults or not page.connected:
                return page
        except (TooManyRequests, Unavailable) as error:
            log.warning("page of a search repeated", offset=offset, reason=error.message)
        except InvalidInput as error:
            raise BadRequest(f"{error.message} Nothing was stored.") from None
        page = await self._search.search(organisation_id, wanted, limit=PAGE, offset=offset, key_id=key_id)
        if page.faults and page.connected:
            name, fault = page.faults[0]
            if fault.fault in contacts.GONE:
                raise NotConnected(f"{fault.message} Nothing was stored.")
            if fault.fault is DirectoryFault.INVALID_REQUEST:
                raise BadRequest(f"{fault.message} Nothing was stored.")
            raise Unavailable(f"{name} could not be asked ({fault.message}); nothing was stored.")
        return page


def list_id(text: str) -> UUID:
    """The id in a path. Raises NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise _not_found() from None


async def get(connection: Connection, organisation_id: UUID, list_id: UUID) -> ContactList:
    """Raises NotFound."""
    return _shown(await _get(connection, organisation_id, list_id))


async def page(
    connection: Connection, organisation_id: UUID, limit: int, offset: int
) -> tuple[list[ContactList], int]:
    """Lists, those made last first, and how many there are."""
    rows, total = await repository.page(connection, organisation_id, limit, offset)
    return [_shown(row) for row in rows], total


async def rename(connection: Connection, organisation_id: UUID, list_id: UUID, name: str) -> ContactList:
    """Raises BadRequest, NotFound."""
    row = await repository.rename(connection, organisation_id, list_id, _named(name))
    if row is None:
        raise _not_found()
    return _shown(row)


async def delete(connection: Connection, organisation_id: UUID, list_id: UUID) -> None:
    """Raises NotFound."""
    if not await repository.delete(connection, organisation_id, list_id):
        raise _not_found()


async def people(
    connection: Connection, organisation_id: UUID, list_id: UUID, limit: int, offset: int
) -> tuple[list[ContactListItem], int]:
    """The people as they were, in stored order, and how many there are. Raises NotFound."""
    row = await _get(connection, organisation_id, list_id)
    found = await repository.items(connection, organisation_id, list_id, limit, offset)
    return [_item(one) for one in found], row.contact_count


async def export(connection: Connection, organisation_id: UUID, list_id: UUID) -> bytes:
    """The list as CSV, UTF-8. Cells that a spreadsheet would compute stay text. Raises NotFound."""
    await _get(connection, organisation_id, list_id)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in await repository.items(connection, organisation_id, list_id, None, 0):
        writer.writerow(map(_cell, _cells(one)))
    return out.getvalue().encode()


class ListedPeople:
    """What lists hold of a person, for export and erasure."""

    name = "contactLists"

    async def export(
        self, connection: Connection, organisation_id: UUID, person_id: UUID, person: Profile
    ) -> list[Any]:
        found = await repository.of_person(connection, organisation_id, person_id)
        return [{"list": name, "contact": msgspec.to_builtins(_item(row))} for name, row in found]

    async def erase(
        self, connection: Connection, organisation_id: UUID, person_id: UUID, person: Profile
    ) -> int:
        return await repository.forget_person(connection, organisation_id, person_id)


# ------------------------------------------------------------------ how


def _named(name: str) -> str:
    name = folded(name)
    if not name:
        raise BadRequest("'name': must be text, not empty, of at most 200 characters")
    return name


def _wanted(filters: ContactListFilters) -> PeopleFilter:
    """Raises BadRequest."""
    try:
        wanted = contacts.read_filter(
            company_urls=filters.company_linked_in_urls,
            job_titles=filters.job_titles,
            keywords=filters.keywords,
            countries=filters.countries,
        )
    except InvalidInput as error:
        raise BadRequest(error.message) from None
    if not wanted.company_urls:
        raise BadRequest("companyLinkedInUrls is required: name at least one company")
    if not (wanted.job_titles or wanted.keywords or wanted.countries):
        raise BadRequest("at least one of jobTitles, keywords, countries is required")
    return wanted


async def _get(connection: Connection, organisation_id: UUID, list_id: UUID) -> ListRow:
    row = await repository.get(connection, organisation_id, list_id)
    if row is None:
        raise _not_found()
    return row


def _not_found() -> LeadlineError:
    return NotFound("Contact list not found")


def _shown(row: ListRow) -> ContactList:
    return ContactList(
        id=str(row.id),
        name=row.name,
        filters=row.filters,
        contact_count=row.contact_count,
        created_at=wire_time(row.created_at),
        updated_at=wire_time(row.updated_at),
    )


def _item(row: ItemRow) -> ContactListItem:
    one = contacts.shown(row.profile)
    return ContactListItem(
        id=str(row.id),
        list_id=str(row.list_id),
        base_contact_id=str(row.person_id),
        first_name=one.first_name,
        last_name=one.last_name,
        full_name=one.full_name,
        headline=one.headline,
        role=one.role,
        company_name=one.company_name,
        location=one.location,
        avatar=one.avatar,
        seniority=one.seniority,
        positions=one.positions,
        linked_in_sales_navigator_profile_url=one.linked_in_sales_navigator_profile_url,
        created_at=wire_time(row.created_at),
    )


def _cells(row: ItemRow) -> Sequence[object]:
    one, person = contacts.shown(row.profile), row.profile
    return (
        one.full_name, one.first_name, one.last_name, one.role, one.company_name, one.location, one.headline,
        person.seniority, person.profile_url, person.sales_navigator_url, row.person_id,
    )  # fmt: skip


def _cell(value: object) -> str:
    """What begins like a formula stays text in a spreadsheet by the apostrophe before it."""
    text = "" if value is None or value is UNSET else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
