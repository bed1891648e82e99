"""SQL of contact lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from leadline.contact_lists.schemas import ContactListFilters
from leadline.foundation.database import Connection, storable_json
from leadline.foundation.ids import new_id
from leadline.research.people import Profile
from leadline.wire.pages import MOST_OFFSET

_LIST = "id, name, filters, contact_count, created_at, updated_at"
_FILTERS = msgspec.json.Decoder(ContactListFilters)
_PROFILE = msgspec.json.Decoder(Profile)


class ListRow(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    filters: ContactListFilters
    contact_count: int
    created_at: datetime
    updated_at: datetime


class ItemRow(msgspec.Struct, frozen=True):
    id: UUID
    list_id: UUID
    person_id: UUID
    profile: Profile
    created_at: datetime


def _list(record: Any) -> ListRow:
    return ListRow(
        record["id"],
        record["name"],
        _FILTERS.decode(record["filters"]),
        record["contact_count"],
        record["created_at"],
        record["updated_at"],
    )


async def add(
    connection: Connection,
    organisation_id: UUID,
    name: str,
    filters: ContactListFilters,
    people: Sequence[tuple[UUID, Profile]],
) -> ListRow:
    """A list with these people in this order, in one statement."""
    record = await connection.fetchrow(
        f"""
        with made as (
            insert into contact_lists (id, organisation_id, name, filters, contact_count)
            values ($1, $2, $3, $4, cardinality($5::uuid[])) returning {_LIST}
        ), filled as (
            insert into contact_list_items (id, list_id, organisation_id, person_id, profile, place)
            select item, $1, $2, person, profile::jsonb, place
            from unnest($5::uuid[], $6::uuid[], $7::text[]) with ordinality as _(item, person, profile, place)
        )
        select * from made
        """,  # noqa: S608
        new_id(),
        organisation_id,
        name,
        storable_json(filters),
        [new_id() for _ in people],
        [person_id for person_id, _ in people],
        [storable_json(profile) for _, profile in people],
    )
    return _list(record)


async def get(connection: Connection, organisation_id: UUID, list_id: UUID) -> ListRow | None:
    record = await connection.fetchrow(
        f"select {_LIST} from contact_lists where organisation_id = $1 and id = $2",  # noqa: S608
        organisation_id,
        list_id,
    )
    return _list(record) if record is not None else None


async def page(
    connection: Connection, organisation_id: UUID, limit: int, offset: int
) -> tuple[list[ListRow], int]:
    """Those made last first, and how many there are."""
    records = await connection.fetch(
        f"""
        with found as (select {_LIST} from contact_lists where organisation_id = $1)
        select counted.total, found.* from (select count(*) as total from found) counted
        left join lateral (select * from found order by id desc limit $2 offset $3) found on true
        order by found.id desc
        """,  # noqa: S608
        organisation_id,
        limit,
        min(offset, MOST_OFFSET),
    )
    return [_list(record) for record in records if record["id"] is not None], records[0]["total"]


async def rename(connection: Connection, organisation_id: UUID, list_id: UUID, name: str) -> ListRow | None:
    record = await connection.fetchrow(
        f"""
        update contact_lists set name = $3, updated_at = now() where organisation_id = $1 and id = $2
        returning {_LIST}
        """,  # noqa: S608
        organisation_id,
        list_id,
        name,
    )
    return _list(record) if record is not None else None


async def delete(connection: Connection, organisation_id: UUID, list_id: UUID) -> bool:
    """The people in it go too."""
    found = await connection.fetchval(
        "delete from contact_lists where organisation_id = $1 and id = $2 returning true",
        organisation_id,
        list_id,
    )
    return found is not None


async def items(
    connection: Connection, organisation_id: UUID, list_id: UUID, limit: int | None, offset: int
) -> list[ItemRow]:
    """People in stored order."""
    records = await connection.fetch(
        """
        select id, list_id, person_id, profile::text as profile, created_at from contact_list_items
        where organisation_id = $1 and list_id = $2 order by place limit $3 offset $4
        """,
        organisation_id,
        list_id,
        limit,
        min(offset, MOST_OFFSET),
    )
    return [
        ItemRow(r["id"], r["list_id"], r["person_id"], _PROFILE.decode(r["profile"]), r["created_at"])
        for r in records
    ]


async def of_person(
    connection: Connection, organisation_id: UUID, person_id: UUID
) -> list[tuple[str, ItemRow]]:
    """Where somebody stands, with the name of the list."""
    records = await connection.fetch(
        """
        select l.name, i.id, i.list_id, i.person_id, i.profile::text as profile, i.created_at
        from contact_list_items i join contact_lists l on l.id = i.list_id
        where i.organisation_id = $1 and i.person_id = $2 order by i.id
        """,
        organisation_id,
        person_id,
    )
    return [
        (
            r["name"],
            ItemRow(r["id"], r["list_id"], r["person_id"], _PROFILE.decode(r["profile"]), r["created_at"]),
        )
        for r in records
    ]


async def forget_person(connection: Connection, organisation_id: UUID, person_id: UUID) -> int:
    """Take somebody out of every list; returns out of how many."""
    count: int = await connection.fetchval(
        """
        with gone as (
            delete from contact_list_items where organisation_id = $1 and person_id = $2 returning list_id
        ), counted as (
            update contact_lists l set contact_count = contact_count - g.people
            from (select list_id, count(*)::integer as people from gone group by list_id) g where l.id = g.list_id
            returning l.id
        )
        select count(*) from counted
        """,
        organisation_id,
        person_id,
    )
    return count
