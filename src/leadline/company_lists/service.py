"""Company lists: saved filters, whose members are looked up when they are read.

A list and a contact list share nothing: this one is a filter and never stored with its members, that one a frozen copy of
people. So they are two rooms.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Collection, Sequence
from uuid import UUID

from msgspec import UNSET, structs

from leadline.companies import service as companies
from leadline.companies.schemas import CompanyListFilter, CompanyProfile
from leadline.company_lists import repository
from leadline.company_lists.repository import Row
from leadline.company_lists.schemas import CompanyList
from leadline.foundation.database import Connection
from leadline.foundation.errors import BadRequest, FieldError, InvalidInput, NotFound
from leadline.foundation.ids import new_id
from leadline.signals import service as signals
from leadline.wire.fields import wire_time
from leadline.wire.questions import folded

MOST_MEMBERS = 20_000
PAGE = 500  # companies of one statement of an export
PREVIEWED = 50
GROUP = ("value", "confidence", "quote", "address", "date")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Members:
    """Whom a list names, for rooms that ask every member."""

    async def domains(self, connection: Connection, organisation_id: UUID, list_id: UUID) -> list[str] | None:
        """The domains of the list's companies as they are now; None when this organisation has no such list."""
        row = await repository.get(connection, organisation_id, list_id)
        if row is None:
            return None
        found, _ = await companies.search(connection, row.filter, MOST_MEMBERS, 0)
        return [company.domain for company in found]


def list_id(text: str) -> UUID:
    """The id in a path. Raises NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise _not_found() from None


async def create(
    connection: Connection,
    organisation_id: UUID,
    name: str,
    kept: CompanyListFilter,
    *,
    reserved_hosts: Collection[str] = (),
) -> CompanyList:
    """A new list; companies that are named by their domain are known from now on. Raises InvalidInput."""
    name = folded(name)
    if not name:
        raise InvalidInput(("name", "must be text, not empty, of at most 200 characters"))
    kept = await _named(connection, kept, reserved_hosts)
    return _shown(await repository.add(connection, new_id(), organisation_id, name, kept))


async def get(connection: Connection, organisation_id: UUID, list_id: UUID) -> CompanyList:
    """Raises NotFound."""
    return _shown(await _get(connection, organisation_id, list_id))


async def page(
    connection: Connection, organisation_id: UUID, limit: int, offset: int
) -> tuple[list[CompanyList], int]:
    """Lists, those made last first, and how many there are."""
    rows, total = await repository.page(connection, organisation_id, limit, offset)
    return [_shown(row) for row in rows], total


async def change(
    connection: Connection,
    organisation_id: UUID,
    list_id: UUID,
    name: str,
    kept: CompanyListFilter,
    *,
    reserved_hosts: Collection[str] = (),
) -> CompanyList:
    """An empty name or filter leaves what was. Raises InvalidInput, NotFound."""
    fresh = await _named(connection, kept, reserved_hosts) if kept != CompanyListFilter() else None
    row = await repository.change(connection, organisation_id, list_id, folded(name) or None, fresh)
    if row is None:
        raise _not_found()
    return _shown(row)


async def delete(connection: Connection, organisation_id: UUID, list_id: UUID) -> None:
    """Raises NotFound."""
    if not await repository.delete(connection, organisation_id, list_id):
        raise _not_found()


async def members(
    connection: Connection, organisation_id: UUID, list_id: UUID, limit: int, offset: int
) -> tuple[list[CompanyProfile], int]:
    """The list's companies as they are now, by domain, and how many there are. Raises NotFound."""
    row = await _get(connection, organisation_id, list_id)
    return await companies.search(connection, row.filter, limit, offset)


async def export(
    connection: Connection,
    organisation_id: UUID,
    list_id: UUID,
    fields: Sequence[str],
    template_ids: Sequence[str],
) -> AsyncIterator[bytes]:
    """The list as CSV: name, website, ``fields``, and for each template its newest answer. Raises NotFound, BadRequest."""
    row = await _get(connection, organisation_id, list_id)
    if unknown := [name for name in fields if name not in _FIELDS]:
        raise BadRequest(f"There is no field {unknown[0]!r}; there are {', '.join(_FIELDS)}.")
    templates = [_id(text) for text in template_ids]
    header = ["name", "website", *fields]
    header += [f"{text} {part}" for text in template_ids for part in GROUP]
    return _exported(connection, organisation_id, row, header, fields, templates)


async def _exported(
    connection: Connection,
    organisation_id: UUID,
    row: Row,
    header: Sequence[str],
    fields: Sequence[str],
    templates: Sequence[UUID],
) -> AsyncIterator[bytes]:
    yield _line(header)
    offset = 0
    while True:
        found, _ = await companies.search(connection, row.filter, PAGE, offset)
        answers = await signals.newest_by_template(
            connection, organisation_id, templates, [company.id for company in found]
        )
        lines = []
        for company in found:
            cells: list[object] = [company.name, company.website or f"https://{company.domain}/"]
            cells += [getattr(company, _FIELDS[name]) for name in fields]
            for template in templates:
                answer = answers.get((template, company.id))
                cells += (
                    [getattr(answer, part) for part in GROUP] if answer is not None else [None] * len(GROUP)
                )
            lines.append(_line(cells))
        if lines:
            yield b"".join(lines)
        if len(found) < PAGE:
            return
        offset += PAGE


# The names of the wire, such as "employeeCount", to the members of the record.
_FIELDS = dict(zip(CompanyProfile.__struct_encode_fields__, CompanyProfile.__struct_fields__, strict=True))


def _line(cells: Sequence[object]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(map(_cell, cells))
    return out.getvalue().encode()


def _cell(value: object) -> str:
    """What begins like a formula stays text in a spreadsheet by the apostrophe before it."""
    text = "" if value is None or value is UNSET else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


async def _named(
    connection: Connection, kept: CompanyListFilter, reserved_hosts: Collection[str]
) -> CompanyListFilter:
    """The filter with its domains in one spelling; they are companies that are known from now on."""
    found, wrong = [], []
    for text in kept.domains or ():
        try:
            found.append(companies.parse(text, reserved_hosts=reserved_hosts))
        except InvalidInput as error:
            wrong += [FieldError("filter.domains", f"{text!r}: {why}") for _, why in error.fields]
    if wrong:
        raise InvalidInput(*wrong[:20])
    if found:
        await companies.resolve_many(connection, found)
        hosts = list(dict.fromkeys(company.host for company in found))
        kept = structs.replace(kept, domains=hosts)
    return kept


async def _get(connection: Connection, organisation_id: UUID, list_id: UUID) -> Row:
    row = await repository.get(connection, organisation_id, list_id)
    if row is None:
        raise _not_found()
    return row


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadRequest(f"{text!r} is no template's id.") from None


def _shown(row: Row) -> CompanyList:
    return CompanyList(
        id=str(row.id),
        name=row.name,
        filter=row.filter,
        created_at=wire_time(row.created_at),
        updated_at=wire_time(row.updated_at),
    )


def _not_found() -> NotFound:
    return NotFound("Company list not found or access denied")
