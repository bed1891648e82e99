"""SQL of organisations and API keys."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from leadline.accounts.schemas import KeyOptions
from leadline.foundation.database import Connection
from leadline.foundation.ids import new_id

_OPTIONS = ", ".join(KeyOptions._fields)


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


async def add_key(
    connection: Connection,
    organisation_id: UUID,
    name: str,
    key_hash: bytes,
    hint: str,
    scopes: Collection[str],
    options: KeyOptions,
) -> UUID:
    added: UUID = await connection.fetchval(
        f"""
        insert into api_keys (id, organisation_id, name, key_hash, hint, scopes, {_OPTIONS})
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id
        """,  # noqa: S608
        new_id(),
        organisation_id,
        name,
        key_hash,
        hint,
        list(scopes),
        *options,
    )
    return added


async def key_by_hash(connection: Connection, key_hash: bytes) -> Any:
    """The key that is not revoked, with ``stale``: whether its last use should be written down again."""
    return await connection.fetchrow(
        f"""
        select id, organisation_id, scopes, {_OPTIONS},
               coalesce(last_used_at < now() - interval '1 minute', true) as stale
        from api_keys where key_hash = $1 and revoked_at is null
        """,  # noqa: S608
        key_hash,
    )


async def touch_key(connection: Connection, key_id: UUID) -> None:
    """Write down that a key was used. One of many processes does it, the others do not wait."""
    await connection.execute(
        """
        update api_keys set last_used_at = now() where id = (
            select id from api_keys
            where id = $1 and coalesce(last_used_at < now() - interval '1 minute', true)
            for update skip locked)
        """,
        key_id,
    )


async def keys(connection: Connection, organisation_id: UUID | None) -> list[Any]:
    """Keys of one organisation, or of all, oldest first."""
    return await connection.fetch(
        f"""
        select k.id, o.name as organisation, k.name, k.hint, k.scopes, {_OPTIONS},
               k.created_at, k.last_used_at, k.revoked_at
        from api_keys k join organisations o on o.id = k.organisation_id
        where $1::uuid is null or k.organisation_id = $1
        order by k.created_at, k.id
        """,  # noqa: S608
        organisation_id,
    )


async def revoke_key(connection: Connection, key_id: UUID) -> bool:
    """False when there is no such key, or it was revoked before."""
    return (
        await connection.fetchval(
            "update api_keys set revoked_at = now() where id = $1 and revoked_at is null returning true",
            key_id,
        )
        is not None
    )


_PROFILE = "coalesce(display_name, name) as name, website, description::text as description"


async def profile(connection: Connection, organisation_id: UUID) -> Any:
    """What an organisation says of itself."""
    return await connection.fetchrow(
        f"select {_PROFILE} from organisations where id = $1",  # noqa: S608
        organisation_id,
    )


async def update_profile(
    connection: Connection,
    organisation_id: UUID,
    name: str | None,
    website: str | None,
    description: str,
) -> Any:
    """The profile with these changes; None leaves a member as it is, and so does what the object lacks."""
    return await connection.fetchrow(
        f"""
        update organisations set display_name = coalesce($2, display_name), website = coalesce($3, website),
            description = description || $4::text::jsonb
        where id = $1 returning {_PROFILE}
        """,  # noqa: S608
        organisation_id,
        name,
        website,
        description,
    )


async def lease_tokens(
    connection: Connection, key_id: UUID, bucket: str, per_minute: int, burst: int, wanted: int
) -> Any:
    """Take up to ``wanted`` whole tokens out of a bucket, which is full when it is new: ``leased``, and the
    ``tokens`` that are left.
    """
    return await connection.fetchrow(
        """
        insert into rate_buckets as b (key_id, bucket, tokens, filled_at, leased)
        values ($1, $2, $4::int - least($5::int, $4::int), clock_timestamp(), least($5::int, $4::int))
        on conflict (key_id, bucket) do update set (tokens, filled_at, leased) = (
            select filled.tokens - least($5::int, floor(filled.tokens)), clock_timestamp(),
                   least($5::int, floor(filled.tokens))
            from (select least($4::int, b.tokens + $3::int / 60.0::float8
                      * greatest(0, extract(epoch from clock_timestamp() - b.filled_at))) as tokens) filled
        )
        returning leased, tokens
        """,
        key_id,
        bucket,
        per_minute,
        burst,
        wanted,
    )
