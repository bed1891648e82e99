"""What the law asks about one person: to show everything that is held, and to erase it everywhere for good.

What other rooms hold is shown and erased by them (``Holding``). The ledger holds no person and is not touched. Of whom was
erased only hashes are kept, so that neither a file nor a page brings them back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec

from leadline.companies import service as companies
from leadline.contacts import persons, repository
from leadline.contacts import words as w
from leadline.contacts.persons import Person
from leadline.evidence import service as evidence
from leadline.foundation.database import Database
from leadline.foundation.errors import NotFound
from leadline.foundation.ids import new_id
from leadline.foundation.log import get_logger
from leadline.research.documents.hosts import without_www
from leadline.research.people import Profile, ProfileAddress
from leadline.wire.fields import wire_time

log = get_logger(__name__)

SWEPT = 500  # people of one transaction of the sweep


class Holding(Protocol):
    """What a room holds of people. ``connection`` is one in a transaction."""

    name: str
    """What it is called in an export."""

    async def export(
        self, connection: Any, organisation_id: UUID, person_id: UUID, person: Profile
    ) -> list[Any]:
        """Everything, as JSON can write it."""
        ...

    async def erase(self, connection: Any, organisation_id: UUID, person_id: UUID, person: Profile) -> int:
        """Remove it; returns how many things were removed or changed."""
        ...


class Privacy:
    """Shows and erases people, and forgets those whose time is over."""

    def __init__(self, database: Database, holdings: Sequence[Holding]) -> None:
        self._database = database
        self._holdings = holdings

    async def export(self, organisation_id: UUID, person_id: UUID) -> dict[str, Any]:
        """Everything held of a person. Raises NotFound."""
        async with self._database.transaction() as connection:
            person = await _get(connection, organisation_id, person_id)
            held = {
                one.name: await one.export(connection, organisation_id, person_id, person.profile)
                for one in self._holdings
            }
        return {
            "id": str(person.id),
            "firstSeenAt": wire_time(person.first_seen_at),
            "updatedAt": wire_time(person.updated_at),
            "profile": msgspec.to_builtins(person.profile),
            "provenance": msgspec.to_builtins(person.provenance),
            "recognisedBy": persons.identities(person.profile),
            **held,
        }

    async def erase(self, organisation_id: UUID, person_id: UUID) -> dict[str, int]:
        """Remove a person everywhere, once and for all; returns how much of each kind. Raises NotFound."""
        async with self._database.transaction() as connection:
            await repository.lock(connection, organisation_id)
            person = await _get(connection, organisation_id, person_id)
            counts = await self._remove(connection, organisation_id, person_id, person.profile)
            known = await repository.identities_of(connection, organisation_id, person_id)
            await _suppress(connection, organisation_id, {*known, *persons.identities(person.profile)})
            await repository.delete(connection, organisation_id, person_id)
        log.info("person erased", organisation=str(organisation_id), counts=counts)
        return {"people": 1, **counts}

    async def erase_address(self, organisation_id: UUID, address: ProfileAddress) -> dict[str, int]:
        """The same for somebody who is not kept here, as where only questions were asked about a profile."""
        profile = persons.of_address(address)
        async with self._database.transaction() as connection:
            await repository.lock(connection, organisation_id)
            counts = await self._remove(connection, organisation_id, new_id(), profile)
            await _suppress(connection, organisation_id, persons.identities(profile))
        log.info("person erased", organisation=str(organisation_id), counts=counts)
        return {"people": 0, **counts}

    async def _remove(
        self, connection: Any, organisation_id: UUID, person_id: UUID, profile: Profile
    ) -> dict[str, int]:
        counts = {
            one.name: await one.erase(connection, organisation_id, person_id, profile)
            for one in self._holdings
        }
        hosts = await _hosts(connection, profile)
        counts["companyProfiles"] = await companies.forget_leader(connection, hosts, profile.full_name)
        counts["storedPages"] = await evidence.redact(connection, hosts, profile.full_name)
        return counts

    async def sweep(self, older_than: timedelta) -> int:
        """Forget people who were first seen before that, whatever was heard of them since; returns how many."""
        swept = 0
        while True:
            async with self._database.transaction() as connection:
                old = await repository.older(connection, older_than, SWEPT)
                for organisation_id, person in old:
                    for one in self._holdings:
                        await one.erase(connection, organisation_id, person.id, person.profile)
                    await repository.delete(connection, organisation_id, person.id)
            swept += len(old)
            if len(old) < SWEPT:
                return swept


async def _get(connection: Any, organisation_id: UUID, person_id: UUID) -> Person:
    person = await repository.get(connection, organisation_id, person_id)
    if person is None:
        raise NotFound("There is no such person, or access is denied")
    return person


async def _suppress(connection: Any, organisation_id: UUID, identities: Iterable[str]) -> None:
    hashes = [persons.hashed(organisation_id, one) for one in set(identities)]
    await repository.suppress(connection, organisation_id, hashes)


async def _hosts(connection: Any, profile: Profile) -> list[str]:
    """The sites whose stored pages may name the person: those they were found on, and their companies'."""
    found = [one.reference.split("/")[2] for one in profile.origins if one.reference.startswith("https://")]
    found += [one.company_host for one in profile.positions if one.company_host]
    pages = [one.company_url for one in profile.positions if one.company_url]
    for company in await companies.on_linkedin(connection, [w.company_path(url) for url in pages]):
        found.append(company.profile.host)
    return sorted({without_www(host) for host in found})
