"""SQL of companies."""

from __future__ import annotations

from uuid import UUID

from leadline.foundation.database import Connection
from leadline.foundation.ids import new_id


async def resolve(connection: Connection, host: str) -> UUID:
    """The id of the company with this host, made when it is new."""
    found: UUID | None = await connection.fetchval("select id from companies where host = $1", host)
    if found is not None:
        return found
    # Two callers may meet here: the loser's insert does nothing and the second select finds the winner's row.
    await connection.execute(
        "insert into companies (id, host) values ($1, $2) on conflict (host) do nothing", new_id(), host
    )
    made: UUID = await connection.fetchval("select id from companies where host = $1", host)
    return made


async def name(connection: Connection, company_id: UUID, company_name: str) -> None:
    """Record what the company's own site calls it."""
    await connection.execute(
        "update companies set name = $2 where id = $1 and name is distinct from $2", company_id, company_name
    )
