"""Signals as bytes of the wire (contract section 6), the one writer of them.

They are made straight from the database's rows, whose JSON columns are passed through.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from leadline.companies import service as companies
from leadline.foundation.database import Connection
from leadline.research.answer_types import answer_type
from leadline.signals.schemas import Signal, SignalStatus, SourceView, wire_numbers
from leadline.wire.pages import MOST_OFFSET

_COLUMNS = """
    s.id, s.status, s.asked_host, s.question, s.answer_type, s.created_at, s.verification_mode,
    s.completed_at, s.answer::text as answer, s.confidence, s.confidence_basis, s.reasoning,
    s.sources::text as sources, s.metadata::text as metadata, s.error, s.error_code, s.error_action,
    s.change::text as change, s.company::text as company, s.contact_profile_url
"""
Subject = Literal["COMPANY", "CONTACT"]
"""The contract's signalType."""
_ABOUT = {"COMPANY": "s.contact_profile_url is null", "CONTACT": "s.contact_profile_url is not null"}
_ENCODER = msgspec.json.Encoder()
_SOURCES = msgspec.json.Decoder(list[SourceView])


class SignalQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which signals of an organisation to list, newest first. ``since``, ``until``: by completion."""

    subject: Subject = "COMPANY"
    contact_profile_url: str | None = None
    domain: str | None = None
    company_id: str | None = None
    subscription_id: UUID | None = None
    statuses: tuple[SignalStatus, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 25
    offset: int = 0


class View(NamedTuple):
    """One signal as it goes out."""

    body: bytes
    finished: bool


class _Open(msgspec.Struct, rename="camel"):
    id: UUID
    status: str
    signal_type: Subject
    domain: str | msgspec.UnsetType
    contact_profile_url: str | msgspec.UnsetType
    question: str
    answer_type: str
    created_at: msgspec.Raw


class _Finished(_Open, rename="camel"):
    verification_mode: str
    completed_at: msgspec.Raw | None
    answer: Any
    confidence: float | None
    reasoning: str | None
    sources: list[SourceView]
    metadata: Any
    error: str | None
    error_code: str | None
    error_action: str | None
    change_context: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    company: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


async def read(
    connection: Connection, organisation_id: UUID, signal_id: UUID, subject: Subject | None = None
) -> View | None:
    """One signal; None when this organisation has none of that id (about such a ``subject``)."""
    about = "" if subject is None else f" and {_ABOUT[subject]}"
    row = await connection.fetchrow(
        f"select {_COLUMNS} from signals s where s.id = $1 and s.organisation_id = $2{about}",  # noqa: S608
        signal_id,
        organisation_id,
    )
    return None if row is None else View(_ENCODER.encode(_view(row)), row["status"] != "processing")


def written(signal: Signal) -> bytes:
    """A signal that a program holds, such as one that another server answered."""

    def stored(value: Any) -> str:
        return _ENCODER.encode(value).decode()

    return _ENCODER.encode(
        _view(
            {
                "id": signal.id,
                "status": signal.status,
                "asked_host": signal.domain or None,
                "contact_profile_url": signal.contact_profile_url,
                "question": signal.question,
                "answer_type": signal.answer_type,
                "created_at": signal.created_at,
                "verification_mode": signal.verification_mode,
                "completed_at": signal.completed_at,
                "answer": None if signal.answer is None else stored(signal.answer),
                "confidence": signal.confidence,
                "confidence_basis": signal.confidence_basis,
                "reasoning": signal.reasoning,
                "sources": stored(signal.sources),
                "metadata": stored(signal.metadata),
                "error": signal.error,
                "error_code": signal.error_code,
                "error_action": signal.error_action,
                "change": None,
                "company": None,
            }
        )
    )


async def read_page(connection: Connection, organisation_id: UUID, query: SignalQuery) -> bytes:
    """One page of signals (contract section 5), in one statement so that total and rows fit together.

    Which they are is read from an index alone; the rows that are skipped or only counted are not touched.
    """
    company_ids = [] if query.company_id is None else [_uuid(query.company_id)]
    if query.domain is not None:
        company_ids.append(await companies.find(connection, query.domain))
    where, values = _conditions(organisation_id, query, company_ids)
    place = len(values) + 1
    rows = await connection.fetch(
        f"""
        select counted.total, page.*
        from (select count(*) as total from signals s where {where}) counted
        left join lateral (
            select {_COLUMNS} from (
                select s.id from signals s where {where}
                order by s.created_at desc, s.id desc limit ${place} offset ${place + 1}
            ) found join signals s on s.id = found.id
        ) page on true
        order by page.created_at desc, page.id desc
        """,  # noqa: S608
        *values,
        query.limit,
        min(query.offset, MOST_OFFSET),
    )
    results = [_view(row) for row in rows if row["id"] is not None]
    return _ENCODER.encode(
        {
            "results": results,
            "total": rows[0]["total"],
            "limit": query.limit,
            "offset": query.offset,
            "count": len(results),
        }
    )


def _conditions(
    organisation_id: UUID, query: SignalQuery, company_ids: Sequence[UUID | None]
) -> tuple[str, list[Any]]:
    conditions: list[str] = ["s.organisation_id = $1", _ABOUT[query.subject]]
    values: list[Any] = [organisation_id]

    def also(condition: str, value: Any) -> None:
        values.append(value)
        conditions.append(condition.format(f"${len(values)}"))

    if query.contact_profile_url is not None:
        also("s.contact_profile_url = {}", query.contact_profile_url)
    for company_id in company_ids:
        also("s.company_id = {}", company_id)
    if query.subscription_id is not None:
        also("s.subscription_id = {}", query.subscription_id)
    if query.statuses:
        also("s.status = any({}::text[])", list(query.statuses))
    if query.since is not None:
        also("s.completed_at >= {}", _storable(query.since))
    if query.until is not None:
        also("s.completed_at <= {}", _storable(query.until))
    return " and ".join(conditions), values


def _uuid(text: str) -> UUID | None:
    """None, which equals nothing, for what is no id of ours."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _storable(moment: datetime) -> datetime:
    """In UTC; a moment that would leave the calendar there stays as it is."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def _view(row: Any) -> _Open:
    status, kind, contact = row["status"], row["answer_type"], row["contact_profile_url"]
    subject: Subject = "COMPANY" if contact is None else "CONTACT"
    asked = (
        row["id"],
        status,
        subject,
        row["asked_host"] or msgspec.UNSET,
        contact or msgspec.UNSET,
        row["question"],
        kind,
        _time(row["created_at"]),
    )
    if status == "processing":
        return _Open(*asked)
    completed, answer, confidence = row["completed_at"], row["answer"], row["confidence"]
    return _Finished(
        *asked,
        row["verification_mode"],
        _time(completed) if completed is not None else None,
        _answer(kind, answer) if answer is not None else None,
        round(confidence, 4) if confidence is not None else None,
        row["reasoning"],
        _SOURCES.decode(row["sources"]),
        _metadata(row["metadata"], row["confidence_basis"]),
        row["error"],
        row["error_code"],
        row["error_action"],
        msgspec.UNSET if row["change"] is None else msgspec.Raw(row["change"].encode()),
        msgspec.UNSET if row["company"] is None else msgspec.Raw(row["company"].encode()),
    )


def _time(moment: datetime) -> msgspec.Raw:
    """``wire_time`` of a moment in UTC, which the driver always gives: "2024-01-15T10:30:00.123Z"."""
    written = _ENCODER.encode(moment)
    return msgspec.Raw(written[:24] + b'Z"' if len(written) > 24 else written[:20] + b'.000Z"')


def _answer(kind: str, stored: str) -> Any:
    """The stored value on the wire, copied as it is where its type only wraps it."""
    around = _wrapping(kind)
    if around is None or ".0" in stored:
        return wire_numbers(answer_type(kind).to_wire(msgspec.json.decode(stored)))
    return msgspec.Raw(around[0] + stored.encode() + around[1])


@cache
def _wrapping(kind: str) -> tuple[bytes, bytes] | None:
    """What stands before and after a value of this type on the wire; None where it is changed."""
    try:
        before, _, after = _ENCODER.encode(answer_type(kind).to_wire(msgspec.Raw(b"@"))).partition(b"@")
    except TypeError:
        return None
    return before, after


def _metadata(stored: str, confidence_basis: str | None) -> Any:
    if ".0" in stored:  # perhaps a whole number written as a fraction
        stored = msgspec.json.encode(wire_numbers(msgspec.json.decode(stored))).decode()
    if confidence_basis:
        basis = f'"confidenceBasis":{msgspec.json.encode(confidence_basis).decode()}'
        stored = f"{{{basis}}}" if stored == "{}" else f"{stored[:-1]},{basis}}}"
    return msgspec.Raw(stored.encode())
