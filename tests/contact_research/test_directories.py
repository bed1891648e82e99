"""What the organisation's directories tell of a person in a report, and people who were erased."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import UNSET
from tests.contact_research.site import HOST, acme
from tests.contact_research.test_service import finished, kinds, report, see, wanted
from tests.web import Hang, WebServer
from tests.worker.acme import working
from tests.worker.conftest import settings_for

from leadline.bootstrap import Leadline, open_leadline
from leadline.contacts import persons
from leadline.foundation.errors import InvalidInput, NotFound
from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    Origin,
    PeopleDirectory,
    PeopleFilter,
    PeoplePage,
    Position,
    Post,
    Profile,
    ProfileAddress,
)

URL = "https://www.linkedin.com/in/jane-doe"
JANE = Profile(
    full_name="Jane Doe",
    first_name="Jane",
    last_name="Doe",
    profile_url=URL,
    positions=(
        Position(
            title="Chief Sales Officer", company="Acme", company_host=HOST, started="2024-02",
            description="Owns revenue in Europe.",
        ),
        Position(title="Sales Manager", company="Globex", started="2015", ended="2019", current=False),
    ),
    origins=(Origin(source="import"),),
)  # fmt: skip
POST = Post(
    url="https://www.linkedin.com/posts/1",
    text="Selling is listening.",
    published_at=datetime.now(UTC) - timedelta(days=20),
)


class People:
    """A directory that knows these people. Counts how often it was asked."""

    name = "salesNavigator"

    def __init__(self, *people: Profile, fault: DirectoryFault | None = None) -> None:
        self.people = people
        self.fault = fault
        self.asked = 0

    def _ask(self) -> None:
        self.asked += 1
        if self.fault is not None:
            raise DirectoryError(self.fault, "the simulated account is not there")

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        self._ask()
        found = [one for one in self.people if one.last_name == wanted.last_name][offset : offset + limit]
        return PeoplePage(tuple(found), len(found))

    async def profile(self, address: ProfileAddress) -> Profile | None:
        self._ask()
        return next((one for one in self.people if one.profile_url == address.url), None)

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        self._ask()
        return (POST,) if person.profile_url == URL else ()


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        acme(server)
        yield server


@asynccontextmanager
async def knowing(
    directory: PeopleDirectory, web: WebServer, database_url: str, tmp_path: Path, **more: object
) -> AsyncIterator[Leadline]:
    async def directories(_: UUID) -> Sequence[PeopleDirectory]:
        return [directory]

    settings = settings_for(web, database_url, tmp_path, shutdown_grace=0.2, **more)
    async with open_leadline(settings, directories=directories) as leadline:
        yield leadline


async def test_what_a_directory_tells_stands_before_the_pages_with_its_proof(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    async with knowing(People(JANE), web, database_url, tmp_path) as leadline:
        done = await see(leadline, wanted(contact_profile_url=f"{URL}/?trk=x"))
        found = report(done)
        first = found.current_role.statements[0]
        assert (first.basis, first.url) == ("directory", URL)
        assert "Chief Sales Officer" in first.quote
        assert "Globex" in found.career.statements[0].quote
        assert "Owns revenue in Europe." in [one.quote for one in found.likely_responsibilities.statements]
        assert found.public_statements.statements[0].url == POST.url
        assert any(one.quote == POST.text for one in found.recent_activity.statements)
        assert all(one.basis == "page" for one in found.contact_points.statements)
        org = await leadline.organisation()
        checks = await leadline.contact_research.verify(org, done.id)
        assert len(checks) > 8
        assert not any(one.fault for one in checks)


async def test_somebody_is_found_by_name_at_this_company_only(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    elsewhere = Profile(
        full_name="Jane Doe", first_name="Jane", last_name="Doe", profile_url=URL + "-2",
        positions=(Position(title="Painter", company="Globex"),),
    )  # fmt: skip
    async with knowing(People(elsewhere, JANE), web, database_url, tmp_path) as leadline:
        found = report(await see(leadline))
        assert found.current_role.statements[0].url == URL
        assert not any("Painter" in one.quote for one in found.current_role.statements)
    async with knowing(People(elsewhere), web, database_url, tmp_path) as leadline:
        found = report(await see(leadline, wanted(external_id="1", external_source="x")))
        assert all(one.basis != "directory" for one in found.current_role.statements)
        assert any("another company: Globex" in one.why for one in found.rejected)


async def test_two_of_one_name_at_the_company_are_nobody(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    twin = Profile(
        full_name="Jane Doe", first_name="Jane", last_name="Doe", profile_url=URL + "-2",
        positions=JANE.positions,
    )  # fmt: skip
    async with knowing(People(twin, JANE), web, database_url, tmp_path) as leadline:
        found = report(await see(leadline))
        assert all(one.basis != "directory" for one in found.current_role.statements)
        assert any("2 people of this name" in one.why for one in found.rejected)


async def test_a_profile_of_somebody_else_is_not_taken(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    other = Profile(full_name="Rick Roe", first_name="Rick", last_name="Roe", profile_url=URL)
    async with knowing(People(other), web, database_url, tmp_path) as leadline:
        found = report(await see(leadline, wanted(contact_profile_url=URL)))
        assert any("Rick Roe" in one.why for one in found.rejected)


async def test_a_directory_that_cannot_be_asked_is_told_and_not_taken_for_nothing(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    away = People(JANE, fault=DirectoryFault.DISCONNECTED)
    async with knowing(away, web, database_url, tmp_path) as leadline:
        found = await see(leadline, wanted("Rick", "Roe", job_title=UNSET))
        assert found.status == "completed"
        assert found.error_code == "DIRECTORY_UNAVAILABLE"
        unread = report(found).could_not_read[0]
        assert (unread.url, unread.reason.split()[0]) == ("salesNavigator", "disconnected")
        assert "could not be read" in str(report(found).career.note)
        assert await kinds(leadline) == ["release", "reserve"]


async def test_with_an_entry_the_report_is_made_though_the_site_is_down(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    web.route(HOST, "*", Hang())
    async with knowing(People(JANE), web, database_url, tmp_path, fetch_timeout=0.5) as leadline:
        found = await see(leadline)
        assert found.status == "completed"
        assert found.error_code
        assert report(found).current_role.statements
        assert report(found).could_not_read


# ------------------------------------------------------------------ erasing


async def suppress(leadline: Leadline, person: Profile) -> None:
    org = await leadline.organisation()
    for one in persons.identities(person):
        await leadline.database.execute(
            "insert into suppressed_people (organisation_id, identity_hash) values ($1, $2)",
            org,
            persons.hashed(org, one),
        )


@pytest.mark.parametrize("request_", [wanted(), wanted("Janet", "Smith", contact_profile_url=URL)])
async def test_an_erased_person_is_not_researched(
    web: WebServer, database_url: str, tmp_path: Path, request_: object
) -> None:
    async with knowing(People(JANE), web, database_url, tmp_path) as leadline:
        await suppress(leadline, JANE)
        with pytest.raises(InvalidInput, match="Invalid request body") as refused:
            await see(leadline, request_)  # type: ignore[arg-type]
        assert "erased" in refused.value.fields[0].message
        assert await kinds(leadline) == []
        found = await leadline.emails.find(await leadline.organisation(), "Jane Doe", HOST)
        assert (found.email, found.verification) == (None, None)


async def test_erasing_a_person_deletes_what_was_researched_of_them(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    async with knowing(People(JANE), web, database_url, tmp_path) as leadline:
        org = await leadline.organisation()
        done = await see(leadline, wanted(contact_profile_url=URL))
        other = await see(leadline, wanted("Bo", "Ray", job_title=UNSET))
        open_, _ = await leadline.contact_research.accept(org, wanted(external_id="1", external_source="x"))
        async with leadline.database.transaction() as connection:
            assert await leadline.contact_research.erase(connection, org, JANE) == 2
        for gone in (done.id, open_.public_id):
            with pytest.raises(NotFound):
                await leadline.contact_research.get(org, gone)
        assert (await leadline.contact_research.get(org, other.id)).status == "completed"
        bodies = await leadline.database.fetch("select body from events")
        assert not any(b"Jane" in bytes(row["body"]) for row in bodies)
        entries = "select count(*) from snapshots where url = $1"
        assert await leadline.database.fetchval(entries, URL) == 0
        assert await leadline.ledger.audit(leadline.database) == ()
        assert await leadline.ledger.balance(leadline.database, org) == 10_000 - 2
        async with working(leadline):
            again, _ = await leadline.contact_research.accept(org, wanted("Ada", "Quist", job_title=UNSET))
            assert (await finished(leadline, again.public_id)).status == "completed"
