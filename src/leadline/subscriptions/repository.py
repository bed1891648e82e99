"""SQL of subscriptions and their runs. Every query is scoped to an organisation, but for those of the schedule and of a
worker that holds a run's work item.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, storable_json
from leadline.subscriptions.schedule import Schedule
from leadline.wire.pages import MOST_OFFSET

_COLUMNS = """
    id, organisation_id, template_id, template_version, name, description, question, answer_type,
    output_schema, weight, qualification_criteria, list_id, domain, frequency, cron, timezone, status,
    last_run_at, next_run_at, created_at
"""
_ACTION = "id, subscription_id, url, enabled, created_at, updated_at"
_RUN = "id, subscription_id, organisation_id, origin, status, reason, signals, refused, due_at, created_at"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as stored."""

    id: UUID
    organisation_id: UUID
    template_id: UUID | None
    template_version: int | None
    name: str
    description: str | None
    question: str
    answer_type: str
    output_schema: dict[str, Any] | None
    weight: str
    qualification_criteria: dict[str, Any] | None
    list_id: UUID
    domain: str | None
    schedule: Schedule
    status: str
    last_run_at: datetime | None
    next_run_at: datetime | None
    created_at: datetime


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run as stored."""

    id: UUID
    subscription_id: UUID
    organisation_id: UUID
    origin: str
    status: str
    reason: str | None
    signals: int
    refused: int
    due_at: datetime
    created_at: datetime


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    subscription_id: UUID
    organisation_id: UUID
    origin: str
    due_at: datetime
    next_run_at: datetime | None = None


async def now(connection: Connection) -> datetime:
    """The database's time, which all schedulers share."""
    moment: datetime = await connection.fetchval("select now()")
    return moment


async def add(connection: Connection, row: Row) -> Row:
    record = await connection.fetchrow(
        f"""
        insert into subscriptions (id, organisation_id, template_id, template_version, name, description, question,
                                   answer_type, output_schema, weight, qualification_criteria, list_id, domain,
                                   frequency, cron, timezone)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) returning {_COLUMNS}
        """,  # noqa: S608
        row.id,
        row.organisation_id,
        row.template_id,
        row.template_version,
        row.name,
        row.description,
        row.question,
        row.answer_type,
        _json(row.output_schema),
        row.weight,
        _json(row.qualification_criteria),
        row.list_id,
        row.domain,
        *row.schedule,
    )
    return _row(record)


async def update(connection: Connection, row: Row) -> Row:
    record = await connection.fetchrow(
        f"""
        update subscriptions set
            name = $3, description = $4, question = $5, answer_type = $6, output_schema = $7, weight = $8,
            qualification_criteria = $9, frequency = $10, cron = $11, timezone = $12, next_run_at = $13,
            template_version = $14
        where id = $1 and organisation_id = $2 returning {_COLUMNS}
        """,  # noqa: S608
        row.id,
        row.organisation_id,
        row.name,
        row.description,
        row.question,
        row.answer_type,
        _json(row.output_schema),
        row.weight,
        _json(row.qualification_criteria),
        *row.schedule,
        row.next_run_at,
        row.template_version,
    )
    return _row(record)


async def get(
    connection: Connection, organisation_id: UUID, subscription_id: UUID, *, lock: bool = False
) -> Row | None:
    """``lock``: nobody else changes or runs it until the transaction ends."""
    record = await connection.fetchrow(
        f"""
        select {_COLUMNS} from subscriptions where id = $1 and organisation_id = $2
        {"for update" if lock else ""}
        """,  # noqa: S608
        subscription_id,
        organisation_id,
    )
    return _row(record) if record is not None else None


async def page(
    connection: Connection, organisation_id: UUID, limit: int, offset: int
) -> tuple[list[Row], int]:
    """Newest first, and how many there are in all."""
    total: int = await connection.fetchval(
        "select count(*) from subscriptions where organisation_id = $1", organisation_id
    )
    records = await connection.fetch(
        f"""
        select {_COLUMNS} from subscriptions where organisation_id = $1
        order by created_at desc, id desc limit $2 offset $3
        """,  # noqa: S608
        organisation_id,
        limit,
        min(offset, MOST_OFFSET),
    )
    return [_row(record) for record in records], total


async def set_status(
    connection: Connection,
    organisation_id: UUID,
    subscription_id: UUID,
    status: str,
    next_run_at: datetime | None,
) -> Row:
    record = await connection.fetchrow(
        f"""
        update subscriptions set status = $3, next_run_at = $4
        where id = $1 and organisation_id = $2 returning {_COLUMNS}
        """,  # noqa: S608
        subscription_id,
        organisation_id,
        status,
        next_run_at,
    )
    return _row(record)


# ------------------------------------------------------------------ the schedule


async def due(connection: Connection, moment: datetime, limit: int) -> list[Row]:
    """Subscriptions whose time has come, locked; those that another scheduler holds are passed over."""
    records = await connection.fetch(
        f"""
        select {_COLUMNS} from subscriptions where status = 'active' and next_run_at <= $1
        order by next_run_at limit $2 for update skip locked
        """,  # noqa: S608
        moment,
        limit,
    )
    return [_row(record) for record in records]


async def begin(connection: Connection, runs: Sequence[NewRun]) -> None:
    """Store the runs, and when their subscriptions run next."""
    await connection.execute(
        """
        with moved as (
            update subscriptions s set last_run_at = now(), next_run_at = coalesce(given.next_run_at, s.next_run_at)
            from unnest($2::uuid[], $6::timestamptz[]) as given (id, next_run_at) where s.id = given.id
        )
        insert into subscription_runs (id, subscription_id, organisation_id, origin, due_at)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[])
        """,
        [run.id for run in runs],
        [run.subscription_id for run in runs],
        [run.organisation_id for run in runs],
        [run.origin for run in runs],
        [run.due_at for run in runs],
        [run.next_run_at for run in runs],
    )


# ------------------------------------------------------------------ runs


async def run_of_work(connection: Connection, run_id: UUID) -> RunRow | None:
    """A run that is still to be made; None when that is done."""
    record = await connection.fetchrow(
        f"select {_RUN} from subscription_runs where id = $1 and status = 'queued'",  # noqa: S608
        run_id,
    )
    return RunRow(**dict(record.items())) if record is not None else None


async def queued(
    connection: Connection, organisation_id: UUID, subscription_id: UUID, *, besides: UUID | None = None
) -> bool:
    """Whether a run of the subscription is still to be made, other than ``besides``."""
    found: bool = await connection.fetchval(
        """
        select exists (select from subscription_runs where organisation_id = $1 and subscription_id = $2
                       and status = 'queued' and id is distinct from $3)
        """,
        organisation_id,
        subscription_id,
        besides,
    )
    return found


async def end_run(
    connection: Connection,
    run_id: UUID,
    status: str,
    reason: str | None = None,
    *,
    signals: int = 0,
    refused: int = 0,
) -> None:
    await connection.execute(
        """
        update subscription_runs set status = $2, reason = $3, signals = $4, refused = $5
        where id = $1 and status = 'queued'
        """,
        run_id,
        status,
        reason,
        signals,
        refused,
    )


async def runs(
    connection: Connection, organisation_id: UUID, subscription_id: UUID, limit: int, offset: int
) -> tuple[list[RunRow], int]:
    """Newest first, and how many there are in all."""
    total: int = await connection.fetchval(
        "select count(*) from subscription_runs where organisation_id = $1 and subscription_id = $2",
        organisation_id,
        subscription_id,
    )
    records = await connection.fetch(
        f"""
        select {_RUN} from subscription_runs where organisation_id = $1 and subscription_id = $2
        order by created_at desc, id desc limit $3 offset $4
        """,  # noqa: S608
        organisation_id,
        subscription_id,
        limit,
        min(offset, MOST_OFFSET),
    )
    return [RunRow(**dict(record.items())) for record in records], total


# ------------------------------------------------------------------ actions


class ActionRow(msgspec.Struct, frozen=True, kw_only=True):
    """An action as stored."""

    id: UUID
    subscription_id: UUID
    url: str
    enabled: bool
    created_at: datetime
    updated_at: datetime


async def add_action(
    connection: Connection, organisation_id: UUID, subscription_id: UUID, action_id: UUID, url: str
) -> ActionRow:
    record = await connection.fetchrow(
        f"""
        insert into subscription_actions (id, subscription_id, organisation_id, url) values ($1, $2, $3, $4)
        returning {_ACTION}
        """,  # noqa: S608
        action_id,
        subscription_id,
        organisation_id,
        url,
    )
    return ActionRow(**dict(record.items()))


async def actions(connection: Connection, organisation_id: UUID, subscription_id: UUID) -> list[ActionRow]:
    """All of a subscription, newest first; there are a few at most."""
    records = await connection.fetch(
        f"""
        select {_ACTION} from subscription_actions where organisation_id = $1 and subscription_id = $2
        order by created_at desc, id desc
        """,  # noqa: S608
        organisation_id,
        subscription_id,
    )
    return [ActionRow(**dict(record.items())) for record in records]


async def change_action(
    connection: Connection,
    organisation_id: UUID,
    subscription_id: UUID,
    action_id: UUID,
    *,
    url: str | None = None,
    enabled: bool | None = None,
) -> ActionRow | None:
    record = await connection.fetchrow(
        f"""
        update subscription_actions set url = coalesce($4, url), enabled = coalesce($5, enabled), updated_at = now()
        where organisation_id = $1 and subscription_id = $2 and id = $3 returning {_ACTION}
        """,  # noqa: S608
        organisation_id,
        subscription_id,
        action_id,
        url,
        enabled,
    )
    return ActionRow(**dict(record.items())) if record is not None else None


async def delete_action(
    connection: Connection, organisation_id: UUID, subscription_id: UUID, action_id: UUID
) -> bool:
    tag = await connection.execute(
        "delete from subscription_actions where organisation_id = $1 and subscription_id = $2 and id = $3",
        organisation_id,
        subscription_id,
        action_id,
    )
    return tag != "DELETE 0"


def _json(value: Any) -> str | None:
    return storable_json(value) if value is not None else None


def _row(record: Any) -> Row:
    found = dict(record.items())
    schedule = Schedule(found.pop("frequency"), found.pop("cron"), found.pop("timezone"))
    for name in ("output_schema", "qualification_criteria"):
        found[name] = msgspec.json.decode(found[name]) if found[name] is not None else None
    return Row(schedule=schedule, **found)
