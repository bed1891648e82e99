"""SQL of paid model calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, storable_json
from leadline.foundation.ids import new_id
from leadline.models.schemas import ModelCall
from leadline.research.model import Usage
from leadline.research.ports import ModelReply


async def stored_reply(connection: Connection, reference: UUID, request_hash: bytes) -> ModelReply | None:
    row = await connection.fetchrow(
        """
        select model, reply, input_tokens, output_tokens, price from model_calls
        where reference = $1 and request_hash = $2
        """,
        reference,
        request_hash,
    )
    if row is None:
        return None
    return ModelReply(
        output=msgspec.json.decode(row["reply"]),
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        price=row["price"],
        model=row["model"],
        stored=True,
    )


async def save_reply(
    connection: Connection, reference: UUID, request_hash: bytes, reply: ModelReply, seconds: float
) -> None:
    price: Decimal | None = reply.price
    await connection.execute(
        """
        insert into model_calls
            (id, reference, request_hash, model, reply, input_tokens, output_tokens, price, seconds)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (reference, request_hash) do nothing
        """,
        new_id(),
        reference,
        request_hash,
        reply.model,
        storable_json(reply.output),
        reply.input_tokens,
        reply.output_tokens,
        price,
        seconds,
    )


async def usage(connection: Connection, reference: UUID) -> Usage:
    """What the model calls for a reference cost in all, those of processes that died included."""
    row = await connection.fetchrow(
        """
        select count(*) as calls, coalesce(sum(input_tokens), 0) as input_tokens,
               coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(price), 0) as price,
               coalesce(bool_or(price is null), false) as unpriced
        from model_calls where reference = $1
        """,
        reference,
    )
    return Usage(
        model_calls=row["calls"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        price=None if row["unpriced"] else row["price"],
    )


async def model_calls(connection: Connection, reference: UUID) -> tuple[ModelCall, ...]:
    rows = await connection.fetch(
        """
        select model, input_tokens, output_tokens, price, seconds, created_at, reply
        from model_calls where reference = $1 order by created_at
        """,
        reference,
    )
    return tuple(
        ModelCall(
            model=row["model"],
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            price=str(row["price"]) if row["price"] is not None else None,
            seconds=row["seconds"],
            created_at=row["created_at"],
            reply=msgspec.json.decode(row["reply"]),
        )
        for row in rows
    )


async def forget(connection: Connection, references: Sequence[UUID]) -> None:
    await connection.execute("delete from model_calls where reference = any($1::uuid[])", list(references))


async def prune(connection: Connection, older_than: timedelta) -> int:
    """Delete replies from before that which nobody can ask for again; returns how many."""
    tag = await connection.execute(
        "delete from model_calls where created_at < now() - $1::interval", older_than
    )
    return int(tag.rpartition(" ")[2])


async def overwrite(connection: Connection, references: Sequence[UUID], name: str) -> None:
    await connection.execute(
        """
        update model_calls set reply = regexp_replace(reply::text, $2, '███', 'gi')::jsonb
        where reference = any($1::uuid[]) and reply::text ~* $2
        """,
        list(references),
        name,
    )
