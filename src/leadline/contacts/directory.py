"""The people an organisation has here, as a directory: imported, or named by companies on their own pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from uuid import UUID

from leadline.companies import service as companies
from leadline.companies.service import Stored
from leadline.contacts import persons, repository
from leadline.contacts import words as w
from leadline.contacts.intake import Found, take_in
from leadline.foundation.database import Database
from leadline.research.people import (
    Origin,
    PeopleFilter,
    PeoplePage,
    Position,
    Post,
    Profile,
    ProfileAddress,
)
from leadline.research.profile.model import Finding


class LocalDirectory:
    """``PeopleDirectory`` over the people of one organisation."""

    name = "import"

    def __init__(self, database: Database, organisation_id: UUID) -> None:
        self._database = database
        self._organisation_id = organisation_id

    async def answers(self) -> bool:
        """Whether anybody can be found here: people were imported, or a company that was read names some."""
        connection = self._database.repeatable
        return await repository.any_person(connection, self._organisation_id) or await companies.any_leading(
            connection
        )

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        known = await self._companies(wanted.company_urls)
        found, total = await repository.search(
            self._database.repeatable,
            self._organisation_id,
            w.query(_groups(wanted, known)),
            limit,
            offset,
        )
        return PeoplePage(tuple(one.profile for one in found), total)

    async def profile(self, address: ProfileAddress) -> Profile | None:
        for identity in persons.identities(persons.of_address(address)):
            found = await repository.by_identity(self._database.repeatable, self._organisation_id, identity)
            if found is not None:
                return found.profile
        return None

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        """None: files and pages hold no posts."""
        return ()

    async def _companies(self, urls: Sequence[str]) -> list[Stored]:
        """The companies that were read whose pages on LinkedIn these are; whom they name is taken in first."""
        if not urls:
            return []
        connection = self._database.repeatable
        known = await companies.on_linkedin(connection, [w.company_path(url) for url in urls])
        for company in known:
            at = await repository.collected_at(connection, self._organisation_id, company.company_id)
            if at != company.updated_at:
                async with self._database.transaction() as transaction:
                    await take_in(transaction, self._organisation_id, published(company))
                    await repository.set_collected(
                        transaction, self._organisation_id, company.company_id, company.updated_at
                    )
        return known


def published(company: Stored) -> list[Found]:
    """The people whom a company's own pages name, each with the address of the page."""
    field = company.profile.fields.get("leadership")
    linked = company.profile.value("linkedin")
    found = []
    for finding in field.findings if field is not None else ():
        value = finding.value
        if not isinstance(value, dict) or not value.get("name"):
            continue
        position = Position(
            title=str(value.get("role") or ""),
            company=company.profile.value("name") or company.name or company.profile.host,
            company_url=_company_url(linked),
            company_host=company.profile.host,
        )
        profile = Profile(full_name=str(value["name"]), positions=(position,))
        found.append(
            Found(profile, Origin(source=persons.PAGE, reference=finding.url, seen_at=_seen(finding)))
        )
    return found


def _company_url(linked: object) -> str | None:
    path = w.company_path(linked) if isinstance(linked, str) else ""
    return f"https://www.linkedin.com/{path}" if path.count("/") == 1 else None


def _seen(finding: Finding) -> datetime | None:
    return datetime.combine(finding.on, time(), UTC) if finding.on is not None else None


def _groups(wanted: PeopleFilter, known: Sequence[Stored]) -> list[list[str]]:
    """What must be found of a person, group by group; of each group one is enough."""
    groups: list[list[str]] = []
    if wanted.company_urls:
        groups.append([w.COMPANY + key for url in wanted.company_urls for key in _keys(url, known)])
    for kind, text in (
        (w.FIRST, wanted.first_name),
        (w.LAST, wanted.last_name),
        (w.ANY, wanted.keywords),
    ):
        if w.words(text):
            groups.append([persons.word_terms(kind, text)])
        elif text:
            groups.append([kind])  # no letter and no digit: nobody is called so
    if wanted.job_titles:
        titles = [persons.word_terms(w.TITLE, title) for title in wanted.job_titles]
        groups.append([title for title in titles if title] or [w.TITLE])
    for kind, values in (
        (w.COUNTRY, wanted.countries),
        (w.DEPARTMENT, wanted.departments),
        (w.LEVEL, wanted.seniority_levels),
    ):
        if values:
            groups.append(persons.value_terms(kind, values))
    return groups


def _keys(url: str, known: Sequence[Stored]) -> list[str]:
    """What a company is found by: its page, its name where the page is called by it, and what its own site tells."""
    path = w.company_path(url)
    keys = [path]
    if not w.numbered(path):
        keys.append("name/" + w.name_slug(path.partition("/")[2]))
    for company in known:
        linked = company.profile.value("linkedin")
        if isinstance(linked, str) and w.company_path(linked) == path:
            keys.append("host/" + company.profile.host)
            if name := company.profile.value("name") or company.name:
                keys.append("name/" + w.name_slug(name))
    return list(dict.fromkeys(keys))
