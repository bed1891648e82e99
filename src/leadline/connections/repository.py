"""SQL of connections, of the keys pinned to them, and of what was asked of accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from leadline.connections.schemas import Connection, Health, NewConnection
from leadline.foundation.database import Connection as Database
from leadline.foundation.ids import new_id

_SHOWN = ", ".join(Connection._fields)
_USED = "id, connector, account, address, sealed, daily_profiles, daily_results, status"


async def add(
    database: Database, organisation_id: UUID, new: NewConnection, sealed: bytes
) -> Connection | None:
    """None when the organisation has linked this account already."""
    row = await database.fetchrow(
        f"""
        insert into connections (id, organisation_id, connector, account, address, sealed,
                                 daily_profiles, daily_results)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning {_SHOWN}
        """,  # noqa: S608
        new_id(),
        organisation_id,
        new.connector,
        new.account,
        new.address,
        sealed,
        new.daily_profiles,
        new.daily_results,
    )
    return Connection(*row) if row else None


async def connections(database: Database, organisation_id: UUID) -> list[Connection]:
    """Oldest first."""
    rows = await database.fetch(
        f"select {_SHOWN} from connections where organisation_id = $1 order by created_at, id",  # noqa: S608
        organisation_id,
    )
    return [Connection(*row) for row in rows]


async def get(database: Database, organisation_id: UUID, connection_id: UUID) -> Connection | None:
    row = await database.fetchrow(
        f"select {_SHOWN} from connections where organisation_id = $1 and id = $2",  # noqa: S608
        organisation_id,
        connection_id,
    )
    return Connection(*row) if row else None


async def used(database: Database, organisation_id: UUID, connection_id: UUID) -> Any:
    """The connection with its sealed secret."""
    return await database.fetchrow(
        f"select {_USED} from connections where organisation_id = $1 and id = $2",  # noqa: S608
        organisation_id,
        connection_id,
    )


async def chosen(database: Database, organisation_id: UUID, key_id: UUID | None, connector: str) -> Any:
    """The connection that a key uses: the pinned one, else the organisation's first that works, else its first."""
    return await database.fetchrow(
        f"""
        select {_USED} from connections c
        where organisation_id = $1 and connector = $3
          and id = coalesce((select p.connection_id from pinned_connections p
                             join connections pinned on pinned.id = p.connection_id
                             where p.key_id = $2 and pinned.connector = $3), id)
        order by status = 'connected' desc, created_at, id limit 1
        """,  # noqa: S608
        organisation_id,
        key_id,
        connector,
    )


async def take_due(database: Database, older_than: float, most: int) -> list[Any]:
    """Connections that were not checked for that many seconds, the longest unchecked first; each is given to one."""
    return await database.fetch(
        f"""
        update connections set checked_at = now() where id in (
            select id from connections
            where checked_at is null or checked_at < now() - make_interval(secs => $1)
            order by checked_at nulls first limit $2 for update skip locked)
        returning {_USED}
        """,  # noqa: S608
        older_than,
        most,
    )


async def found(database: Database, connection_id: UUID, sealed: bytes, health: Health) -> None:
    """Note how an account was found, unless its secret was replaced meanwhile."""
    await database.execute(
        """
        update connections set status = coalesce($3, status), last_error = $4, checked_at = now(),
            name = case when $5 = '' then name else $5 end
        where id = $1 and sealed = $2
        """,
        connection_id,
        sealed,
        *health,
    )


async def noticed(database: Database, connection_id: UUID, health: Health) -> None:
    """Note what became of an account while it was used; its next check is due as before."""
    await database.execute(
        "update connections set status = coalesce($2, status), last_error = $3 where id = $1",
        connection_id,
        health.status,
        health.error,
    )


async def replace(
    database: Database, organisation_id: UUID, connection_id: UUID, sealed: bytes, address: str | None
) -> Connection | None:
    row = await database.fetchrow(
        f"""
        update connections set sealed = $3, address = coalesce($4, address),
            status = 'ready-to-connect', last_error = null, checked_at = null, replaced_at = now()
        where organisation_id = $1 and id = $2 returning {_SHOWN}
        """,  # noqa: S608
        organisation_id,
        connection_id,
        sealed,
        address,
    )
    return Connection(*row) if row else None


async def lock(database: Database, organisation_id: UUID, connection_id: UUID) -> bool:
    """Keep others from pinning keys to it until the transaction ends. False when there is none."""
    return (
        await database.fetchval(
            "select true from connections where organisation_id = $1 and id = $2 for update",
            organisation_id,
            connection_id,
        )
        is not None
    )


async def remove(database: Database, organisation_id: UUID, connection_id: UUID) -> None:
    await database.execute(
        "delete from connections where organisation_id = $1 and id = $2", organisation_id, connection_id
    )


async def pinned_keys(database: Database, connection_id: UUID) -> list[UUID]:
    rows = await database.fetch(
        "select key_id from pinned_connections where connection_id = $1 order by key_id", connection_id
    )
    return [row["key_id"] for row in rows]


async def pin(database: Database, key_id: UUID, connection_id: UUID) -> None:
    await database.execute(
        """
        insert into pinned_connections (key_id, connection_id) values ($1, $2)
        on conflict (key_id) do update set connection_id = excluded.connection_id
        """,
        key_id,
        connection_id,
    )


async def unpin(database: Database, key_id: UUID) -> None:
    await database.execute("delete from pinned_connections where key_id = $1", key_id)


async def sealed(database: Database) -> list[tuple[UUID, bytes]]:
    """Every secret, locked until the transaction ends."""
    rows = await database.fetch("select id, sealed from connections order by id for update")
    return [(row["id"], row["sealed"]) for row in rows]


async def reseal(database: Database, secrets: list[tuple[UUID, bytes]]) -> None:
    await database.executemany("update connections set sealed = $2 where id = $1", secrets)


# ------------------------------------------------------------------ what was asked of accounts


async def take(
    database: Database, connector: str, account: str, what: str, count: int, most: int
) -> int | None:
    """Count ``count`` as asked today; None, and nothing counted, when that would be more than ``most``."""
    taken: int | None = await database.fetchval(
        """
        insert into account_usage as u (connector, account, what, day, used)
        select $1, $2, $3, (now() at time zone 'utc')::date, $4::int where $4::int <= $5::int
        on conflict (connector, account, what, day) do update set used = u.used + excluded.used
            where u.used + excluded.used <= $5::int
        returning used
        """,
        connector,
        account,
        what,
        count,
        most,
    )
    return taken


async def count(database: Database, connector: str, account: str, what: str, count: int) -> None:
    """Count ``count`` more, or fewer, as asked today, whatever the cap."""
    await database.execute(
        """
        insert into account_usage as u (connector, account, what, day, used)
        values ($1, $2, $3, (now() at time zone 'utc')::date, greatest(0, $4::int))
        on conflict (connector, account, what, day) do update set used = greatest(0, u.used + $4::int)
        """,
        connector,
        account,
        what,
        count,
    )


async def forget_usage(database: Database, days: int) -> None:
    await database.execute(
        "delete from account_usage where day < (now() at time zone 'utc')::date - $1::int", days
    )
