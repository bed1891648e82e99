"""SQL of companies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from leadline.foundation.database import Connection
from leadline.foundation.ids import new_id


async def find(connection: Connection, host: str) -> UUID | None:
    found: UUID | None = await connection.fetchval("select id from companies where host = $1", host)
    return found


async def resolve(connection: Connection, host: str) -> UUID:
    """The id of the company with this host, made when it is new."""
    found = await find(connection, host)
    if found is not None:
        return found
    # Two callers may meet here: the loser's insert does nothing and the second select finds the winner's row.
    await connection.execute(
        "insert into companies (id, host) values ($1, $2) on conflict (host) do nothing", new_id(), host
    )
    made: UUID = await connection.fetchval("select id from companies where host = $1", host)
    return made


async def resolve_many(connection: Connection, hosts: Sequence[str]) -> dict[str, UUID]:
    """The ids of the companies with these hosts, made where they are new."""
    known = await connection.fetch("select host, id from companies where host = any($1::text[])", list(hosts))
    found: dict[str, UUID] = {row["host"]: row["id"] for row in known}
    # In one order, so that two callers with the same new hosts do not wait for each other.
    missing = sorted(set(hosts) - found.keys())
    if missing:
        await connection.execute(
            """
            insert into companies (id, host) select * from unnest($1::uuid[], $2::text[])
            on conflict (host) do nothing
            """,
            [new_id() for _ in missing],
            missing,
        )
        made = await connection.fetch("select host, id from companies where host = any($1::text[])", missing)
        found |= {row["host"]: row["id"] for row in made}
    return found


async def name(connection: Connection, company_id: UUID, company_name: str) -> None:
    """Record what the company's own site calls it."""
    await connection.execute(
        "update companies set name = $2 where id = $1 and name is distinct from $2", company_id, company_name
    )


class ProfileRow(NamedTuple):
    """A stored profile; ``pages`` and ``profile`` are JSON."""

    company_id: UUID
    name: str | None
    pages: str
    profile: str
    updated_at: datetime


_PROFILE = """
    select p.company_id, c.name, p.pages::text as pages, p.profile::text as profile, p.updated_at
    from company_profiles p join companies c on c.id = p.company_id where c.host = $1
"""


async def profile(connection: Connection, host: str) -> ProfileRow | None:
    """The stored profile of the company with this host."""
    row = await connection.fetchrow(_PROFILE, host)
    return None if row is None else ProfileRow(*row)


async def lock_profile(connection: Connection, company_id: UUID, host: str) -> ProfileRow:
    """The profile, made where there is none, for this transaction alone."""
    await connection.execute(
        "insert into company_profiles (company_id, pages, profile) values ($1, '{}', '{}') on conflict do nothing",
        company_id,
    )
    await connection.execute("select 1 from company_profiles where company_id = $1 for update", company_id)
    return ProfileRow(*await connection.fetchrow(_PROFILE, host))


async def write_profile(connection: Connection, company_id: UUID, pages: str, profile: str) -> None:
    await connection.execute(
        "update company_profiles set pages = $2, profile = $3, updated_at = now() where company_id = $1",
        company_id,
        pages,
        profile,
    )
