"""SQL of people, what they are recognised by, and whom nobody may bring back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from leadline.contacts.persons import Person, identities, terms
from leadline.foundation.database import Connection, storable_json
from leadline.research.people import Origin, Position, Profile

_COLUMNS = (
    "id", "full_name", "first_name", "last_name", "headline", "summary", "location", "country", "avatar", "profile_url",
    "sales_navigator_url", "member_id", "email", "seniority", "department", "positions", "origins", "provenance",
)  # fmt: skip
_SELECTED = ", ".join(f"p.{name}" for name in (*_COLUMNS, "first_seen_at", "updated_at"))
_POSITIONS = msgspec.json.Decoder(tuple[Position, ...])
_ORIGINS = msgspec.json.Decoder(tuple[Origin, ...])
_PROVENANCE = msgspec.json.Decoder(dict[str, Origin])
_LOCK = 0x70656F706C65  # "people"


class Writable(NamedTuple):
    """A person to be written."""

    id: UUID
    profile: Profile
    provenance: Mapping[str, Origin]


def _person(record: Any) -> Person:
    plain = {name: record[name] for name in _COLUMNS[1:-3]}
    profile = Profile(
        **plain, positions=_POSITIONS.decode(record["positions"]), origins=_ORIGINS.decode(record["origins"])
    )
    return Person(
        record["id"],
        profile,
        _PROVENANCE.decode(record["provenance"]),
        record["first_seen_at"],
        record["updated_at"],
    )


# ------------------------------------------------------------------ looking


async def search(
    connection: Connection, organisation_id: UUID, wanted: str, limit: int, offset: int
) -> tuple[list[Person], int]:
    """Those that a text search query finds (an empty one: all), in the order in which they were first seen, and how many there are."""
    statement = SEARCH if wanted else _EVERYBODY
    records = await connection.fetch(statement, organisation_id, *([wanted] if wanted else ()), limit, offset)
    found = [_person(record) for record in records if record["id"] is not None]
    return sorted(found, key=lambda one: one.id), records[0]["total"]


# What varies is hidden from the planner in subselects: it would plan each search anew, which costs more than most take,
# and always comes to the same plan.
SEARCH = f"""
    with found as materialized (
        select id, ctid as place from people where organisation_id = $1 and terms @@ (select $2::text::tsquery)
    )
    select counted.total, {_SELECTED} from (select count(*) as total from found) counted
    left join lateral (select place from found order by id limit (select $3::bigint) offset (select $4::bigint)) page on true
    left join people p on p.ctid = page.place
"""  # noqa: S608


_EVERYBODY = (
    SEARCH.replace(" and terms @@ (select $2::text::tsquery)", "").replace("$3", "$2").replace("$4", "$3")
)


async def by_identity(connection: Connection, organisation_id: UUID, identity: str) -> Person | None:
    record = await connection.fetchrow(
        f"""
        select {_SELECTED} from people_identities i join people p on p.id = i.person_id
        where i.organisation_id = $1 and i.identity = $2
        """,  # noqa: S608
        organisation_id,
        identity,
    )
    return _person(record) if record is not None else None


async def get(connection: Connection, organisation_id: UUID, person_id: UUID) -> Person | None:
    record = await connection.fetchrow(
        f"select {_SELECTED} from people p where p.organisation_id = $1 and p.id = $2",  # noqa: S608
        organisation_id,
        person_id,
    )
    return _person(record) if record is not None else None


async def any_person(connection: Connection, organisation_id: UUID) -> bool:
    found: bool = await connection.fetchval(
        "select exists (select from people where organisation_id = $1)", organisation_id
    )
    return found


# ------------------------------------------------------------------ taking in


async def lock(connection: Connection, organisation_id: UUID) -> None:
    """Nobody else takes people of this organisation in until the transaction ends: the same person must not be made twice."""
    await connection.execute(
        "select pg_advisory_xact_lock($1::bigint # hashtextextended($2::text, 0))",
        _LOCK,
        str(organisation_id),
    )


async def owners(connection: Connection, organisation_id: UUID, wanted: Sequence[str]) -> dict[str, UUID]:
    """Who is recognised by these identities."""
    rows = await connection.fetch(
        "select identity, person_id from people_identities where organisation_id = $1 and identity = any($2::text[])",
        organisation_id,
        list(wanted),
    )
    return {row["identity"]: row["person_id"] for row in rows}


async def of_ids(connection: Connection, organisation_id: UUID, ids: Collection[UUID]) -> dict[UUID, Person]:
    rows = await connection.fetch(
        f"select {_SELECTED} from people p where p.organisation_id = $1 and p.id = any($2::uuid[])",  # noqa: S608
        organisation_id,
        list(ids),
    )
    return {row["id"]: _person(row) for row in rows}


async def any_suppressed(connection: Connection, organisation_id: UUID) -> bool:
    found: bool = await connection.fetchval(
        "select exists (select from suppressed_people where organisation_id = $1)", organisation_id
    )
    return found


async def suppressed(connection: Connection, organisation_id: UUID, hashes: Sequence[bytes]) -> set[bytes]:
    """Which of these belong to somebody who was erased."""
    rows = await connection.fetch(
        "select identity_hash from suppressed_people where organisation_id = $1 and identity_hash = any($2::bytea[])",
        organisation_id,
        list(hashes),
    )
    return {row["identity_hash"] for row in rows}


async def write(connection: Any, organisation_id: UUID, people: Sequence[Writable]) -> None:
    """Make or change these people: copied into a temporary table, and taken over by one statement.

    ``connection`` is one in a transaction. When they were first seen is not changed.
    """
    if not people:
        return
    await connection.execute(
        """
        create temporary table if not exists incoming_people (
            id uuid, full_name text, first_name text, last_name text, headline text, summary text, location text,
            country text, avatar text, profile_url text, sales_navigator_url text, member_id text, email text,
            seniority text, department text, positions jsonb, origins jsonb, provenance jsonb,
            terms text[], identities text[]
        ) on commit drop
        """
    )
    await connection.execute("truncate incoming_people")
    await connection.copy_records_to_table(
        "incoming_people",
        columns=[*_COLUMNS, "terms", "identities"],
        records=[_record(one) for one in people],
    )
    await connection.execute(_TAKE_OVER, organisation_id)


def _record(one: Writable) -> tuple[Any, ...]:
    profile = one.profile
    return (
        one.id,
        *(getattr(profile, name) for name in _COLUMNS[1:-3]),
        storable_json(profile.positions),
        storable_json(profile.origins),
        storable_json(one.provenance),
        terms(profile),
        identities(profile),
    )


_PLAIN = ", ".join(_COLUMNS)
_TAKE_OVER = f"""
    with taken as (
        insert into people (organisation_id, {_PLAIN}, terms)
        select $1, {_PLAIN}, array_to_tsvector(terms) from incoming_people
        on conflict (id) do update set
            {", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS[1:], "terms"))}, updated_at = now()
        where people.organisation_id = $1
        returning id
    )
    insert into people_identities (organisation_id, identity, person_id)
    select $1, one, incoming_people.id from incoming_people, unnest(identities) as one
    on conflict (organisation_id, identity) do nothing
"""  # noqa: S608


# ------------------------------------------------------------------ what companies' pages were taken in


async def collected_at(connection: Connection, organisation_id: UUID, company_id: UUID) -> datetime | None:
    """Of when the company's profile was that the organisation has the people of."""
    found: datetime | None = await connection.fetchval(
        "select profile_of from collected_people where organisation_id = $1 and company_id = $2",
        organisation_id,
        company_id,
    )
    return found


async def set_collected(
    connection: Connection, organisation_id: UUID, company_id: UUID, profile_of: datetime
) -> None:
    await connection.execute(
        """
        insert into collected_people (organisation_id, company_id, profile_of) values ($1, $2, $3)
        on conflict (organisation_id, company_id) do update set profile_of = excluded.profile_of
        """,
        organisation_id,
        company_id,
        profile_of,
    )


# ------------------------------------------------------------------ forgetting


async def identities_of(connection: Connection, organisation_id: UUID, person_id: UUID) -> list[str]:
    rows = await connection.fetch(
        "select identity from people_identities where organisation_id = $1 and person_id = $2",
        organisation_id,
        person_id,
    )
    return [row["identity"] for row in rows]


async def suppress(connection: Connection, organisation_id: UUID, hashes: Sequence[bytes]) -> None:
    await connection.execute(
        """
        insert into suppressed_people (organisation_id, identity_hash) select $1, unnest($2::bytea[])
        on conflict do nothing
        """,
        organisation_id,
        list(hashes),
    )


async def delete(connection: Connection, organisation_id: UUID, person_id: UUID) -> None:
    await connection.execute(
        "delete from people where organisation_id = $1 and id = $2", organisation_id, person_id
    )


async def older(connection: Connection, older_than: timedelta, limit: int) -> list[tuple[UUID, Person]]:
    """People who were first seen before that, with their organisations."""
    rows = await connection.fetch(
        f"""
        select p.organisation_id, {_SELECTED} from people p where p.first_seen_at < now() - $1::interval
        order by p.first_seen_at limit $2
        """,  # noqa: S608
        older_than,
        limit,
    )
    return [(row["organisation_id"], _person(row)) for row in rows]
