"""Taking people in: each is recognised, merged with what is known, or made; whom was erased stays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import structs

from leadline.contacts import persons, repository
from leadline.contacts.repository import Writable
from leadline.foundation.ids import new_id
from leadline.research.people import Origin, Profile


class Found(NamedTuple):
    """Somebody, as one file or page tells of them."""

    profile: Profile
    origin: Origin


class Taken(NamedTuple):
    """How many were made, how many met with somebody known (in the same file too), and how many were erased before."""

    made: int = 0
    merged: int = 0
    suppressed: int = 0

    def plus(self, other: Taken) -> Taken:
        return Taken(*(one + more for one, more in zip(self, other, strict=True)))


async def take_in(connection: Any, organisation_id: UUID, found: Sequence[Found]) -> Taken:
    """Write what was found, in the transaction of ``connection``."""
    await repository.lock(connection, organisation_id)
    given = [(persons.completed(one.profile), one.origin) for one in found]
    marks = [persons.identities(profile) for profile, _ in given]
    banned = await _banned(connection, organisation_id, marks)
    owners = await repository.owners(connection, organisation_id, list({m for some in marks for m in some}))
    people = await _people(connection, organisation_id, owners)
    changed: dict[UUID, Writable] = {}
    made = suppressed = 0
    for (profile, origin), identities in zip(given, marks, strict=True):
        if banned and any(persons.hashed(organisation_id, one) in banned for one in identities):
            suppressed += 1
            continue
        person_id = _recognised(profile, identities, owners, people)
        if person_id is None:
            made += 1
            person_id = new_id()
            profile = structs.replace(profile, origins=(origin,))
            written = Writable(person_id, profile, persons.provenance_of(profile, origin))
        else:
            before = people[person_id]
            merged, told = persons.merged(before.profile, dict(before.provenance), profile, origin)
            written = Writable(person_id, merged, told)
        people[person_id] = changed[person_id] = written
        for one in identities:
            owners.setdefault(one, person_id)
    await repository.write(connection, organisation_id, list(changed.values()))
    return Taken(made, len(given) - made - suppressed, suppressed)


async def kept(
    connection: Any, organisation_id: UUID, found: Sequence[Profile]
) -> list[tuple[UUID, Profile]]:
    """Who these are, each once; those of other directories are people of the organisation from now on.

    In the transaction of ``connection``. Whom was erased is left out.
    """
    await repository.lock(connection, organisation_id)
    marks = [persons.identities(profile) for profile in found]
    wanted = list({m for some in marks for m in some})
    owners = await repository.owners(connection, organisation_id, wanted)
    people = await _people(connection, organisation_id, owners)
    strangers = [
        Found(profile, profile.origins[0] if profile.origins else Origin(source="search"))
        for profile, identities in zip(found, marks, strict=True)
        if _recognised(profile, identities, owners, people) is None
    ]
    if strangers:
        await take_in(connection, organisation_id, strangers)
        owners = await repository.owners(connection, organisation_id, wanted)
        people = await _people(connection, organisation_id, owners)
    known: dict[UUID, Profile] = {}
    for profile, identities in zip(found, marks, strict=True):
        person_id = _recognised(profile, identities, owners, people)
        if person_id is not None:
            known.setdefault(person_id, profile)
    return list(known.items())


async def _people(connection: Any, organisation_id: UUID, owners: Mapping[str, UUID]) -> dict[UUID, Writable]:
    known = await repository.of_ids(connection, organisation_id, set(owners.values()))
    return {i: Writable(i, one.profile, one.provenance) for i, one in known.items()}


def _recognised(
    profile: Profile,
    identities: Sequence[str],
    owners: Mapping[str, UUID],
    people: Mapping[UUID, Writable],
) -> UUID | None:
    for one in identities:
        owner = owners.get(one)
        if owner is not None and persons.same(people[owner].profile, profile, one):
            return owner
    return None


async def suppressed(connection: Any, organisation_id: UUID, person: Profile) -> bool:
    """Whether somebody of this name at these companies, or with these addresses, was erased here."""
    return bool(await _banned(connection, organisation_id, [persons.identities(persons.completed(person))]))


async def _banned(connection: Any, organisation_id: UUID, marks: Sequence[Sequence[str]]) -> set[bytes]:
    if not await repository.any_suppressed(connection, organisation_id):
        return set()
    hashes = [persons.hashed(organisation_id, one) for one in {m for some in marks for m in some}]
    return await repository.suppressed(connection, organisation_id, hashes)
