"""SQL of organisations and API keys."""

from __future__ import annotations

from uuid import UUID

from leadline.foundation.database import Connection
from leadline.foundation.ids import new_id


async def organisation_by_name(connection: Connection, name: str) -> UUID | None:
    found: UUID | None = await connection.fetchval("select id from organisations where name = $1", name)
    return found


async def add_organisation(connection: Connection, name: str) -> UUID | None:
    """None when there is one of that name already."""
    added: UUID | None = await connection.fetchval(
        "insert into organisations (id, name) values ($1, $2) on conflict (name) do nothing returning id",
        new_id(),
        name,
    )
    return added
