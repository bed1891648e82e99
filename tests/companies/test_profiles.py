"""Profiles as they are stored: page by page, so that a page read anew replaces what it said."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from leadline.companies import service
from leadline.foundation.database import Database
from leadline.research.documents.hosts import parse_company
from leadline.research.profile.model import Finding

COMPANY = parse_company("norrwerk.com")
ABOUT, HOME = "https://norrwerk.com/about", "https://norrwerk.com/"


def founded(year: int, url: str, snapshot_id: str) -> Finding:
    return Finding(field="founded", value=year, url=url, snapshot_id=snapshot_id, quote=f"founded in {year}")


async def take(database: Database, url: str, year: int) -> str:
    snapshot_id = str(uuid4())
    async with database.transaction() as connection:
        company_id = await service.resolve(connection, COMPANY)
        await service.remember(
            connection, company_id, COMPANY, {url: snapshot_id}, [founded(year, url, snapshot_id)]
        )
    return snapshot_id


async def test_a_page_read_anew_replaces_what_it_said(database: Database) -> None:
    first = await take(database, ABOUT, 1998)
    assert await service.unread(database.repeatable, COMPANY.host, [first, "other"]) == ["other"]
    second = await take(database, ABOUT, 1999)
    known = await service.stored(database.repeatable, COMPANY.host)
    assert known is not None
    assert known.profile.value("founded") == 1999
    assert await service.unread(database.repeatable, COMPANY.host, [first, second]) == [first]


async def test_pages_that_disagree_leave_a_field_open(database: Database) -> None:
    await take(database, ABOUT, 1998)
    await take(database, HOME, 1999)
    known = await service.stored(database.repeatable, COMPANY.host)
    assert known is not None
    assert known.profile.value("founded") is None


async def test_the_record_and_the_profile_on_the_wire(database: Database) -> None:
    snapshot_id = await take(database, ABOUT, 1998)
    known = await service.stored(database.repeatable, COMPANY.host)
    assert known is not None
    shown = service.response(COMPANY, known)
    assert (shown.company.founded, shown.company.domain) == (1998, "norrwerk.com")
    (quote,) = shown.fields["founded"].quotes
    assert (quote.url, quote.quote, quote.snapshot_id) == (ABOUT, "founded in 1998", UUID(snapshot_id))


@pytest.mark.parametrize("host", ["norrwerk.com", "elsewhere.com"])
async def test_a_company_whose_site_was_not_read_has_none(database: Database, host: str) -> None:
    assert await service.stored(database.repeatable, host) is None
