"""Which company is meant, and its profile: kept page by page, so that a page read anew replaces what it said before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from leadline.companies import repository
from leadline.companies.schemas import (
    CompanyListFilter,
    CompanyProfile,
    ProfileField,
    ProfileQuote,
    ProfileResponse,
)
from leadline.foundation.database import Connection, storable_json
from leadline.foundation.errors import InvalidInput
from leadline.research.documents.hosts import parse_company, without_www
from leadline.research.errors import InvalidQuestion
from leadline.research.model import Company
from leadline.research.profile.building import settle
from leadline.research.profile.model import FIELDS, Finding, Profile
from leadline.research.values.terms import fold
from leadline.wire.fields import wire_time

MOST_PAGES = 500  # of one company; what was read longest ago is forgotten first
MOST_OF_PAGE = 200  # findings of one page
VERSION = 1  # of what is looked for; pages read by an earlier one are read again


class Told(msgspec.Struct, frozen=True):
    """One page: the snapshot that was read, by which version, and what was found on it."""

    snapshot_id: str
    version: int
    findings: tuple[Finding, ...]


class Stored(NamedTuple):
    company_id: UUID
    name: str | None
    profile: Profile
    updated_at: datetime


_PAGES = msgspec.json.Decoder(dict[str, Told])
_PROFILE = msgspec.json.Decoder(Profile)


def parse(domain: str, *, reserved_hosts: Collection[str] = ()) -> Company:
    """The company that a user's ``domain`` names. Raises InvalidInput naming the field and what to do."""
    try:
        return parse_company(domain, reserved_hosts=reserved_hosts)
    except InvalidQuestion as error:
        raise InvalidInput((error.field, error.message)) from error


async def resolve(connection: Connection, company: Company) -> UUID:
    """The id of the company, made when it is new."""
    return await repository.resolve(connection, company.host)


async def find(connection: Connection, host: str) -> UUID | None:
    """The id of the company with this host, in whichever of its two spellings; None when nobody has named it yet."""
    return await repository.find(connection, without_www(host.lower()))


async def resolve_many(connection: Connection, given: Iterable[Company]) -> dict[str, UUID]:
    """The ids of companies by their host, made where they are new. Not for inside a transaction: callers with
    the same new companies would wait for each other.
    """
    return await repository.resolve_many(connection, list({company.host for company in given}))


async def name(connection: Connection, company_id: UUID, company_name: str) -> None:
    """Record what the company's own site calls it."""
    await repository.name(connection, company_id, company_name)


async def search(
    connection: Connection, wanted: CompanyListFilter, limit: int, offset: int
) -> tuple[list[CompanyProfile], int]:
    """The known companies that meet the filter, by domain, and how many there are. An empty filter meets none."""
    if wanted == CompanyListFilter():
        return [], 0
    rows, total = await repository.search(connection, wanted, limit, offset)
    found = []
    for row in rows:
        profile = _PROFILE.decode(row.profile) if row.profile not in (None, "{}") else Profile(host=row.host)
        found.append(record(row.id, Company(host=row.host, asked_host=row.host), row.name, profile))
    return found, total


# ------------------------------------------------------------------ profiles


async def stored(connection: Connection, host: str) -> Stored | None:
    """The profile of the company with this host; None before its site was read."""
    row = await repository.profile(connection, host)
    if row is None or row.profile == "{}":
        return None
    return Stored(row.company_id, row.name, _PROFILE.decode(row.profile), row.updated_at)


async def pages_read(connection: Connection, host: str) -> dict[str, str]:
    """The company's pages that its profile rests on: address to snapshot."""
    row = await repository.profile(connection, host)
    return {} if row is None else {url: told.snapshot_id for url, told in _PAGES.decode(row.pages).items()}


async def on_linkedin(connection: Connection, paths: Sequence[str]) -> list[Stored]:
    """The profiles that link to these pages on LinkedIn, such as ``company/acme``."""
    rows = await repository.linked(connection, [path.lower() for path in paths])
    return [Stored(row.company_id, row.name, _PROFILE.decode(row.profile), row.updated_at) for row in rows]


async def any_leading(connection: Connection) -> bool:
    """Whether any company that was read names people on its pages."""
    return await repository.any_leading(connection)


async def forget_leader(connection: Connection, hosts: Sequence[str], full_name: str) -> int:
    """Take somebody out of the profiles of these hosts; returns out of how many."""
    gone = 0
    for host in hosts:
        row = await repository.profile(connection, host)
        if row is None:
            continue
        row = await repository.lock_profile(connection, row.company_id, host)
        pages = _PAGES.decode(row.pages)
        kept = {
            url: msgspec.structs.replace(
                told, findings=tuple(f for f in told.findings if not _names(f, full_name))
            )
            for url, told in pages.items()
        }
        profile = _without(_PROFILE.decode(row.profile), full_name)
        if kept != pages or storable_json(profile) != storable_json(_PROFILE.decode(row.profile)):
            gone += 1
            await repository.write_profile(
                connection, row.company_id, storable_json(kept), storable_json(profile)
            )
    return gone


def _without(profile: Profile, full_name: str) -> Profile:
    """The settled profile without anything that says this name."""
    fields = dict(profile.fields)
    for name, field in profile.fields.items():
        findings = tuple(f for f in field.findings if not _names(f, full_name))
        rivals = tuple(f for f in field.rivals if not _names(f, full_name))
        value = field.value
        if isinstance(value, list):
            value = [one for one in value if not _says(one, full_name)]
        if findings != field.findings or rivals != field.rivals or value != field.value:
            if value and (findings or not field.findings):
                fields[name] = msgspec.structs.replace(field, value=value, findings=findings, rivals=rivals)
            else:
                del fields[name]
    return msgspec.structs.replace(profile, fields=fields)


def _names(finding: Finding, full_name: str) -> bool:
    return _says(finding.value, full_name) or _says(finding.quote, full_name)


def _says(value: Any, full_name: str) -> bool:
    if isinstance(value, dict):
        return any(_says(one, full_name) for one in value.values())
    if not isinstance(value, str):
        return False
    return f" {' '.join(fold(full_name).split())} " in f" {' '.join(fold(value).split())} "


async def unread(connection: Connection, host: str, snapshot_ids: Sequence[str]) -> list[str]:
    """Which of these snapshots the profile does not rest on yet."""
    row = await repository.profile(connection, host)
    if row is None:
        return list(snapshot_ids)
    known = {told.snapshot_id for told in _PAGES.decode(row.pages).values() if told.version == VERSION}
    return [one for one in snapshot_ids if one not in known]


async def remember(
    connection: Connection,
    company_id: UUID,
    company: Company,
    snapshots: dict[str, str],
    found: Collection[Finding],
) -> None:
    """Take in what these pages (address to snapshot) tell, in the place of what they told before."""
    row = await repository.lock_profile(connection, company_id, company.host)
    pages = _PAGES.decode(row.pages)
    for url, snapshot_id in snapshots.items():
        pages.pop(url, None)
        here = tuple(f for f in found if f.url == url)[:MOST_OF_PAGE]
        pages[url] = Told(snapshot_id, VERSION, here)
    pages = dict(list(pages.items())[-MOST_PAGES:])
    profile = settle(company.host, (f for told in pages.values() for f in told.findings))
    await repository.write_profile(connection, company_id, storable_json(pages), storable_json(profile))


def record(company_id: UUID, company: Company, name: str | None, profile: Profile) -> CompanyProfile:
    """The contract's company record."""

    def held(field: str) -> Any:
        value = profile.value(field)
        return UNSET if value is None else value

    seat = profile.value("headquarters") or {}
    linked = profile.value("linkedin")
    return CompanyProfile(
        id=company_id,
        name=profile.value("name") or name or company.host,
        domain=company.host,
        website=f"https://{company.asked_host}/",
        description=held("what_they_do"),
        industry=held("industry"),
        size=held("size"),
        type=held("type"),
        employee_count=held("employee_count"),
        founded=held("founded"),
        city=seat.get("city", UNSET),
        state=seat.get("state", UNSET),
        country_code=seat.get("countryCode", UNSET),
        linked_in_url=UNSET if linked is None else linked,
        handle=_handle(linked),
    )


def _handle(linked: str | None) -> str | UnsetType:
    parts = [part for part in urlsplit(linked or "").path.split("/") if part]
    return parts[1] if len(parts) > 1 else UNSET


def response(company: Company, known: Stored) -> ProfileResponse:
    """The profile as the API shows it."""
    fields = known.profile.fields
    return ProfileResponse(
        company=record(known.company_id, company, known.name, known.profile),
        updated_at=wire_time(known.updated_at),
        fields={
            _camel(name): ProfileField(
                fields[name].value,
                [_quote(f) for f in fields[name].findings],
                [_quote(f) for f in fields[name].rivals],
            )
            for name in FIELDS
            if name in fields
        },
    )


def _quote(finding: Finding) -> ProfileQuote:
    placed = finding.start >= 0
    return ProfileQuote(
        url=finding.url,
        quote=finding.quote,
        means=finding.means.value,
        value=finding.value,
        snapshot_id=UUID(finding.snapshot_id),
        start=finding.start if placed else UNSET,
        end=finding.end if placed else UNSET,
        script=finding.script if finding.script >= 0 else UNSET,
        on=finding.on.isoformat() if finding.on else UNSET,
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
