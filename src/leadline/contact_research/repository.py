"""SQL of contact research. Every query is scoped to an organisation, or to whoever holds the work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from leadline.contact_research.schemas import ContactReport
from leadline.foundation.database import Connection, storable_json

_COLUMNS = """id, public_id, organisation_id, company_id, asked_host, first_name, last_name, company_name, profile_url,
    sales_url, job_title, external_id, external_source, status, created_at, completed_at, result, error, error_code,
    error_action"""


class NewRow(msgspec.Struct, frozen=True, kw_only=True):
    """Research as it is asked for."""

    id: UUID
    public_id: str
    organisation_id: UUID
    company_id: UUID
    asked_host: str
    first_name: str
    last_name: str
    company_name: str
    profile_url: str | None = None
    sales_url: str | None = None
    job_title: str | None = None
    external_id: str | None = None
    external_source: str | None = None
    request_key: bytes


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Research as stored."""

    id: UUID
    public_id: str
    organisation_id: UUID
    company_id: UUID
    asked_host: str
    first_name: str
    last_name: str
    company_name: str
    profile_url: str | None
    sales_url: str | None
    job_title: str | None
    external_id: str | None
    external_source: str | None
    status: str
    created_at: datetime
    completed_at: datetime | None
    result: ContactReport | None
    error: str | None
    error_code: str | None
    error_action: str | None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


async def add(connection: Connection, new: NewRow) -> Row | None:
    """The stored row; None when an identical one is running."""
    record = await connection.fetchrow(
        f"""
        insert into contact_research
            (id, public_id, organisation_id, company_id, asked_host, first_name, last_name, company_name, profile_url,
             sales_url, job_title, external_id, external_source, request_key)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict (organisation_id, request_key) where status = 'processing' do nothing
        returning {_COLUMNS}
        """,  # noqa: S608
        *msgspec.structs.astuple(new),
    )
    return _row(record)


async def running(connection: Connection, organisation_id: UUID, request_key: bytes) -> Row | None:
    record = await connection.fetchrow(
        f"""
        select {_COLUMNS} from contact_research
        where organisation_id = $1 and request_key = $2 and status = 'processing'
        """,  # noqa: S608
        organisation_id,
        request_key,
    )
    return _row(record)


async def hold(connection: Connection, research_id: UUID) -> bool:
    """Keep it from being finished until the transaction ends; False when it is finished."""
    found: bool | None = await connection.fetchval(
        "select true from contact_research where id = $1 and status = 'processing' for update", research_id
    )
    return found is True


async def get(connection: Connection, organisation_id: UUID, public_id: str) -> Row | None:
    record = await connection.fetchrow(
        f"select {_COLUMNS} from contact_research where organisation_id = $1 and public_id = $2",  # noqa: S608
        organisation_id,
        public_id,
    )
    return _row(record)


async def among(connection: Connection, organisation_id: UUID, ids: Sequence[UUID]) -> bool:
    """Whether a report of the organisation is among these."""
    found: bool = await connection.fetchval(
        "select exists (select from contact_research where organisation_id = $1 and id = any($2::uuid[]))",
        organisation_id,
        list(ids),
    )
    return found


async def newest_of(
    connection: Connection, organisation_id: UUID, external_id: str, external_source: str
) -> Row | None:
    """The newest with this id in the other system."""
    record = await connection.fetchrow(
        f"""
        select {_COLUMNS} from contact_research
        where organisation_id = $1 and external_source = $3 and external_id = $2
        order by id desc limit 1
        """,  # noqa: S608
        organisation_id,
        external_id,
        external_source,
    )
    return _row(record)


async def of_person(
    connection: Connection, organisation_id: UUID, addresses: Sequence[str], company_ids: Sequence[UUID]
) -> list[Row]:
    """Research on whoever has one of these profiles, and on everybody at these companies."""
    records = await connection.fetch(
        f"""
        select {_COLUMNS} from contact_research
        where organisation_id = $1 and (profile_url = any($2::text[]) or sales_url = any($2::text[])
            or company_id = any($3::uuid[]))
        """,  # noqa: S608
        organisation_id,
        list(addresses),
        list(company_ids),
    )
    return [row for record in records if (row := _row(record)) is not None]


async def forget(connection: Connection, organisation_id: UUID, ids: Sequence[UUID]) -> None:
    await connection.execute(
        "delete from contact_research where organisation_id = $1 and id = any($2::uuid[])",
        organisation_id,
        list(ids),
    )


async def of_work(connection: Connection, research_id: UUID) -> Row | None:
    """For who holds its work; None when it is finished."""
    record = await connection.fetchrow(
        f"select {_COLUMNS} from contact_research where id = $1 and status = 'processing'",  # noqa: S608
        research_id,
    )
    return _row(record)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What research came to. ``result`` None: it failed, with ``error``."""

    result: ContactReport | None = None
    error: str | None = None
    error_code: str | None = None
    error_action: str | None = None


async def end(connection: Connection, research_id: UUID, ended: Ended) -> Row | None:
    """The finished row; None when it was finished already."""
    record = await connection.fetchrow(
        f"""
        update contact_research set status = $2, completed_at = now(), result = $3, error = $4, error_code = $5,
            error_action = $6
        where id = $1 and status = 'processing' returning {_COLUMNS}
        """,  # noqa: S608
        research_id,
        "failed" if ended.result is None else "completed",
        storable_json(ended.result) if ended.result is not None else None,
        ended.error,
        ended.error_code,
        ended.error_action,
    )
    return _row(record)


def _row(record: Any) -> Row | None:
    if record is None:
        return None
    found = dict(record.items())
    if found["result"] is not None:
        found["result"] = msgspec.json.decode(found["result"], type=ContactReport)
    return Row(**found)
