"""SQL of signals and their steps. Every query is scoped to an organisation,
but for those of a worker that holds a signal's work item.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, NotUnique, storable_json
from leadline.foundation.ids import new_id
from leadline.foundation.waiter import CHANNEL
from leadline.research.model import Outcome
from leadline.signals.checking import Wanted, WantedContact
from leadline.signals.schemas import HeldBack, Signal, SignalRequest, SourceView, TraceStep

# What was asked before an organisation said how sure an answer must be is not served again (looked up once a
# statement), nor an answer whose confidence another curve of its reader stated: the one in force holds for who asks now.
# By when it was asked: a signal is judged by what is in force when its work begins.
_AS_SURE_AS_NOW = """
    s.created_at >= (select coalesce(max(set_at), '-infinity') from confidence_thresholds where organisation_id = $1)
    and ((s.answer is null and s.held_back is null) or not exists (
        select from confidence_curves c
        where c.organisation_id = $1 and c.reader = s.reader and c.fitted_at > s.created_at))
"""
TELLING = ("answer", "verify", "settle")
"""The steps that tell an answer."""
_UNSAID = """
    (s.held_back is not null or (s.status = 'processing' and exists (
        select from confidence_thresholds c where c.organisation_id = s.organisation_id and c.least is not null)))
"""
_BATCH_LOCK = 0x6C646274

_SIGNAL = """
    s.id, s.organisation_id, s.asked_host, s.question, s.answer_type, s.output_schema,
    s.verification_mode, s.max_pages, s.force_refresh, s.reader, s.status, s.answer,
    s.confidence, s.confidence_basis, s.reasoning, s.sources, s.error, s.error_code,
    s.error_action, s.metadata, s.created_at, s.completed_at, s.company_id, s.subscription_id,
    s.contact_profile_url, s.contact_name, s.sales_navigator, s.key_id, s.template_id, s.held_back
"""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A signal as stored, with what only the runner needs."""

    signal: Signal
    company_id: UUID | None  # None for a signal about a person
    max_pages: int
    force_refresh: bool
    reader: str
    subscription_id: UUID | None = None
    sales_navigator: str = "auto"
    key_id: UUID | None = None  # the API key that asked, if one did
    template_id: UUID | None = None
    held_back: HeldBack | None = None

    @property
    def of_company(self) -> UUID:
        """The company of a signal that is about one."""
        assert self.company_id is not None
        return self.company_id


class SavedStep(NamedTuple):
    """What a step of the engine returned, and how many seconds it took."""

    name: str
    value: Any
    seconds: float


class NewRow(msgspec.Struct, frozen=True, kw_only=True):
    organisation_id: UUID
    company_id: UUID | None
    asked_host: str | None
    contact_profile_url: str | None
    sales_navigator: str
    question: str
    answer_type: str
    output_schema: dict[str, Any] | None
    verification_mode: str
    max_pages: int
    force_refresh: bool
    reader: str
    request_key: bytes
    key_id: UUID | None = None
    awaited: bool = False
    template_id: UUID | None = None
    template_version: int | None = None

    @classmethod
    def of(
        cls,
        organisation_id: UUID,
        company_id: UUID | None,
        wanted: Wanted | WantedContact,
        default_pages: int,
        *,
        reader: str,
        key_id: UUID | None,
        awaited: bool = False,
    ) -> NewRow:
        request = wanted.request
        return cls(
            organisation_id=organisation_id,
            company_id=company_id,
            asked_host=wanted.company.asked_host if isinstance(wanted, Wanted) else None,
            contact_profile_url=wanted.address.url if isinstance(wanted, WantedContact) else None,
            sales_navigator=request.sales_navigator,
            question=request.question,
            answer_type=request.answer_type,
            output_schema=request.output_schema,
            verification_mode=request.verification_mode,
            max_pages=request.max_pages or default_pages,
            force_refresh=request.force_refresh,
            reader=reader,
            request_key=wanted.key,
            key_id=key_id,
            awaited=awaited,
            template_id=request.template_id,
            template_version=request.template_version,
        )


def _row(record: Any) -> Row:
    def decoded(name: str) -> Any:
        return msgspec.json.decode(record[name]) if record[name] is not None else None

    signal = Signal(
        id=str(record["id"]),
        organisation_id=str(record["organisation_id"]),
        status=record["status"],
        domain=record["asked_host"] or "",
        contact_profile_url=record["contact_profile_url"],
        contact_name=record["contact_name"],
        question=record["question"],
        answer_type=record["answer_type"],
        output_schema=decoded("output_schema"),
        verification_mode=record["verification_mode"],
        created_at=record["created_at"],
        completed_at=record["completed_at"],
        answer=decoded("answer"),
        confidence=round(record["confidence"], 4) if record["confidence"] is not None else None,
        confidence_basis=record["confidence_basis"],
        reasoning=record["reasoning"],
        sources=tuple(SourceView(s["url"], s["title"], s["snippet"]) for s in decoded("sources") or ()),
        error=record["error"],
        error_code=record["error_code"],
        error_action=record["error_action"],
        metadata=decoded("metadata") or {},
    )
    return Row(
        signal=signal,
        company_id=record["company_id"],
        max_pages=record["max_pages"],
        force_refresh=record["force_refresh"],
        reader=record["reader"],
        subscription_id=record["subscription_id"],
        sales_navigator=record["sales_navigator"],
        key_id=record["key_id"],
        template_id=record["template_id"],
        held_back=msgspec.json.decode(record["held_back"], type=HeldBack) if record["held_back"] else None,
    )


async def get(connection: Connection, organisation_id: UUID, signal_id: UUID) -> Row | None:
    record = await connection.fetchrow(
        f"select {_SIGNAL} from signals s where s.id = $1 and s.organisation_id = $2",  # noqa: S608
        signal_id,
        organisation_id,
    )
    return _row(record) if record is not None else None


async def some(connection: Connection, organisation_id: UUID, signal_ids: Sequence[UUID]) -> list[Row]:
    """Those of the signals that the organisation has."""
    records = await connection.fetch(
        f"select {_SIGNAL} from signals s where s.id = any($1::uuid[]) and s.organisation_id = $2",  # noqa: S608
        list(signal_ids),
        organisation_id,
    )
    return [_row(record) for record in records]


async def fresh(
    connection: Connection, organisation_id: UUID, request_key: bytes, cache: timedelta
) -> Row | None:
    """A signal for the same request, completed within ``cache``, that may be served again.

    "Could not look" is not served again: the next asker deserves another look.
    """
    record = await connection.fetchrow(
        f"""
        select {_SIGNAL} from signals s
        where s.organisation_id = $1 and s.request_key = $2
          and s.status = 'completed' and s.completed_at >= now() - $3::interval
          and (s.answer is not null or s.error_code is null) and {_AS_SURE_AS_NOW}
        order by s.completed_at desc limit 1
        """,  # noqa: S608
        organisation_id,
        request_key,
        cache,
    )
    return _row(record) if record is not None else None


async def running(connection: Connection, organisation_id: UUID, request_key: bytes) -> Row | None:
    record = await connection.fetchrow(
        f"""
        select {_SIGNAL} from signals s
        where s.organisation_id = $1 and s.request_key = $2 and s.status = 'processing'
        """,  # noqa: S608
        organisation_id,
        request_key,
    )
    return _row(record) if record is not None else None


async def add(connection: Connection, new: NewRow) -> UUID | None:
    """Insert a signal; None when an identical one began to run in the meantime."""
    added: UUID | None = await connection.fetchval(
        """
        insert into signals (id, organisation_id, company_id, asked_host, question, answer_type,
                             output_schema, verification_mode, max_pages, force_refresh, reader,
                             request_key, key_id, awaited, template_id, template_version,
                             contact_profile_url, sales_navigator, status)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'processing')
        on conflict (organisation_id, request_key) where status = 'processing' do nothing
        returning id
        """,
        new_id(),
        new.organisation_id,
        new.company_id,
        new.asked_host,
        new.question,
        new.answer_type,
        storable_json(new.output_schema) if new.output_schema is not None else None,
        new.verification_mode,
        new.max_pages,
        new.force_refresh,
        new.reader,
        new.request_key,
        new.key_id,
        new.awaited,
        new.template_id,
        new.template_version,
        new.contact_profile_url,
        new.sales_navigator,
    )
    return added


# ------------------------------------------------------------------ many at once


async def one_batch_at_a_time(connection: Connection, organisation_id: UUID) -> None:
    """Two batches of one organisation that hold the same questions would otherwise wait for each other."""
    await connection.execute(
        "select pg_advisory_xact_lock($1, hashtext($2::text))", _BATCH_LOCK, str(organisation_id)
    )


async def fresh_many(
    connection: Connection, organisation_id: UUID, request_keys: Sequence[bytes], cache: timedelta
) -> list[tuple[bytes, UUID]]:
    """``fresh`` for many requests: those that have a signal that may be served again."""
    rows = await connection.fetch(
        f"""
        select given.key, found.id from unnest($2::bytea[]) as given (key) cross join lateral (
            select s.id from signals s
            where s.organisation_id = $1 and s.request_key = given.key
              and s.status = 'completed' and s.completed_at >= now() - $3::interval
              and (s.answer is not null or s.error_code is null) and {_AS_SURE_AS_NOW}
            order by s.completed_at desc limit 1) found
        """,  # noqa: S608
        organisation_id,
        request_keys,
        cache,
    )
    return [(row["key"], row["id"]) for row in rows]


async def running_many(
    connection: Connection, organisation_id: UUID, request_keys: Sequence[bytes]
) -> list[tuple[bytes, UUID]]:
    """Those that run; they are not finished before this transaction ends."""
    rows = await connection.fetch(
        """
        select request_key, id from signals
        where organisation_id = $1 and request_key = any($2::bytea[]) and status = 'processing' for share
        """,
        organisation_id,
        request_keys,
    )
    return [(row["request_key"], row["id"]) for row in rows]


class Counts(NamedTuple):
    """Of some signals, by their states, and the pages of the finished ones."""

    processing: int
    completed: int
    failed: int
    pages_read: int
    pages_fetched: int


async def standing(connection: Connection, signal_ids: Collection[UUID]) -> Counts:
    row = await connection.fetchrow(
        """
        select count(*) filter (where status = 'processing'), count(*) filter (where status = 'completed'),
               count(*) filter (where status = 'failed'),
               coalesce(sum((metadata ->> 'pagesRead')::integer), 0),
               coalesce(sum((metadata ->> 'pagesFetched')::integer), 0)
        from signals where id = any($1::uuid[])
        """,
        list(signal_ids),
    )
    assert row is not None, "counting always returns a row"
    return Counts(*row)


async def hosts(connection: Connection, signal_ids: Collection[UUID]) -> tuple[str, ...]:
    """The companies of these signals, each once."""
    rows = await connection.fetch(
        "select distinct asked_host from signals where id = any($1::uuid[]) and asked_host is not null order by 1",
        list(signal_ids),
    )
    return tuple(row["asked_host"] for row in rows)


async def unfinished(connection: Connection, signal_ids: Collection[UUID]) -> int:
    count: int = await connection.fetchval(
        "select count(*) from signals where id = any($1::uuid[]) and status = 'processing'", list(signal_ids)
    )
    return count


async def now(connection: Connection) -> datetime:
    """The database's time."""
    moment: datetime = await connection.fetchval("select now()")
    return moment


async def states(connection: Connection, signal_ids: Sequence[UUID]) -> dict[UUID, tuple[str, datetime]]:
    """Status and moment of acceptance of signals."""
    rows = await connection.fetch(
        "select id, status, created_at from signals where id = any($1::uuid[])", list(signal_ids)
    )
    return {row["id"]: (row["status"], row["created_at"]) for row in rows}


class RunsAlready(Exception):
    """One of the questions is being answered."""


async def add_many(
    connection: Connection,
    organisation_id: UUID,
    wanted: Sequence[Wanted],
    company_ids: Mapping[str, UUID],
    *,
    reader: str,
    default_pages: int,
    key_id: UUID | None,
    none_runs: bool,
) -> dict[bytes, UUID]:
    """Insert a signal for each; the ids of the new ones by key. Those that ran already are left out.

    With ``none_runs``, which is cheaper, RunsAlready is raised when one does; the transaction is lost then.
    """
    ids = {one.key: new_id() for one in wanted}
    # Of thousands of questions most differ in their words only: the rest is sent once, and numbered.
    kinds: dict[tuple[Any, ...], int] = {}
    of_kind = [kinds.setdefault(_kind(one.request, default_pages), len(kinds) + 1) for one in wanted]
    passing = (
        ""
        if none_runs
        else "on conflict (organisation_id, request_key) where status = 'processing' do nothing"
    )
    try:
        added = await connection.execute(
            f"""
            insert into signals (organisation_id, reader, key_id, status, id, company_id, asked_host, question,
                                 request_key, answer_type, output_schema, verification_mode, max_pages,
                                 force_refresh, template_id, template_version)
            select $1, $2, $3, 'processing', id, company_id, asked_host, question, request_key,
                ($9::text[])[kind], ($10::jsonb[])[kind], ($11::text[])[kind], ($12::integer[])[kind],
                ($13::boolean[])[kind], ($14::uuid[])[kind], ($15::integer[])[kind]
            from unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::bytea[], $16::integer[])
                as given (id, company_id, asked_host, question, request_key, kind)
            {passing}
            """,  # noqa: S608
            organisation_id,
            reader,
            key_id,
            list(ids.values()),
            [company_ids[one.company.host] for one in wanted],
            [one.company.asked_host for one in wanted],
            [one.request.question for one in wanted],
            list(ids),
            *map(list, zip(*kinds, strict=True)),
            of_kind,
        )
    except NotUnique as error:
        raise RunsAlready from error
    if (
        added == f"INSERT 0 {len(ids)}"
    ):  # hardly ever not; twenty thousand ids that are known need not come back
        return ids
    rows = await connection.fetch("select id from signals where id = any($1::uuid[])", list(ids.values()))
    made = {row["id"] for row in rows}
    return {key: signal_id for key, signal_id in ids.items() if signal_id in made}


def _kind(request: SignalRequest, default_pages: int) -> tuple[Any, ...]:
    return (
        request.answer_type,
        _schema(request),
        request.verification_mode,
        request.max_pages or default_pages,
        request.force_refresh,
        request.template_id,
        request.template_version,
    )


def _schema(request: SignalRequest) -> str | None:
    return storable_json(request.output_schema) if request.output_schema is not None else None


async def newest_by_template(
    connection: Connection, organisation_id: UUID, template_ids: Sequence[UUID], company_ids: Sequence[UUID]
) -> dict[tuple[UUID, UUID], Row]:
    """The newest completed signal of each template about each company."""
    records = await connection.fetch(
        f"""
        select distinct on (s.template_id, s.company_id) s.template_id, {_SIGNAL} from signals s
        where s.organisation_id = $1 and s.template_id = any($2::uuid[]) and s.company_id = any($3::uuid[])
          and s.status = 'completed'
        order by s.template_id, s.company_id, s.completed_at desc
        """,  # noqa: S608
        organisation_id,
        list(template_ids),
        list(company_ids),
    )
    return {(record["template_id"], record["company_id"]): _row(record) for record in records}


# ------------------------------------------------------------------ waiting


async def hold(connection: Connection, signal_id: UUID) -> bool:
    """Keep a running signal from being finished before this transaction ends; False when it is finished."""
    found = await connection.fetchval(
        "select true from signals where id = $1 and status = 'processing' for share", signal_id
    )
    return found is not None


async def await_(connection: Connection, signal_id: UUID) -> None:
    """Have the end of a running signal told to whoever listens."""
    await connection.execute(
        "update signals set awaited = true where id = $1 and status = 'processing' and not awaited", signal_id
    )


# ------------------------------------------------------------------ the end


async def of_work(connection: Connection, signal_id: UUID) -> Row | None:
    """A running signal, for who holds its work item; None when it is finished."""
    record = await connection.fetchrow(
        f"select {_SIGNAL} from signals s where s.id = $1 and s.status = 'processing'",  # noqa: S608
        signal_id,
    )
    return _row(record) if record is not None else None


async def finish(
    connection: Connection,
    signal_id: UUID,
    outcome: Outcome,
    metadata: dict[str, Any],
    change: str | None = None,
    company: str | None = None,
    contact_name: str | None = None,
    held_back: HeldBack | None = None,
) -> bool | None:
    """Write the outcome; whether a request waits for it, or None when the signal was finished before.

    ``change``: how it differs from the one before, as JSON; ``company``: the company's record, as JSON;
    ``contact_name``: of the person that the signal is about.
    """
    awaited: bool | None = await connection.fetchval(
        """
        update signals set
            status = $2, answer = $3, confidence = $4, confidence_basis = $5, reasoning = $6,
            sources = $7, error = $8, error_code = $9, error_action = $10, charged = $11,
            metadata = $12, change = $13, company = $14, contact_name = $15, held_back = $16,
            completed_at = now()
        where id = $1 and status = 'processing' returning awaited
        """,
        signal_id,
        "failed" if outcome.failed else "completed",
        storable_json(outcome.answer) if outcome.answer is not None else None,
        outcome.confidence,
        outcome.confidence_basis or None,
        outcome.reasoning,
        storable_json(outcome.sources),
        outcome.error,
        outcome.error_code,
        outcome.error_action,
        outcome.charged,
        storable_json(metadata),
        change,
        company,
        contact_name,
        storable_json(held_back) if held_back is not None else None,
    )
    return awaited


async def tell(connection: Connection, signal_id: UUID) -> None:
    """Tell the processes that listen that a signal is finished, or told something; sent when the transaction commits."""
    await connection.execute("select pg_notify($1, $2)", CHANNEL, str(signal_id))


async def sources(connection: Connection, organisation_id: UUID, signal_id: UUID) -> str | None:
    """The sources with their proofs, as JSON; of an answer that is held back, what is shown as nearest to one."""
    found: str | None = await connection.fetchval(
        """
        select case when held_back is null then sources else coalesce(held_back -> 'sources', '[]') end
        from signals where id = $1 and organisation_id = $2
        """,
        signal_id,
        organisation_id,
    )
    return found


async def among(connection: Connection, organisation_id: UUID, ids: Sequence[UUID]) -> bool:
    """Whether a signal of the organisation is among these."""
    found: bool = await connection.fetchval(
        "select exists (select from signals where organisation_id = $1 and id = any($2::uuid[]))",
        organisation_id,
        list(ids),
    )
    return found


# ------------------------------------------------------------------ the trace


async def saved_steps(connection: Connection, signal_id: UUID) -> dict[str, str]:
    """The value of each step that was saved, as JSON."""
    rows = await connection.fetch("select step, value from signal_steps where signal_id = $1", signal_id)
    return {row["step"]: row["value"] for row in rows}


async def save_steps(connection: Connection, signal_id: UUID, saved: Sequence[SavedStep]) -> None:
    """Keep what steps returned, in this order; a step that was saved before is replaced in its place."""
    await connection.execute(
        """
        insert into signal_steps (signal_id, step, position, value, seconds)
        select $1, n.step, (select count(*) from signal_steps where signal_id = $1) + n.place, n.value, n.seconds
        from unnest($2::text[], $3::jsonb[], $4::real[]) with ordinality as n (step, value, seconds, place)
        on conflict (signal_id, step) do update set
            value = excluded.value, seconds = excluded.seconds, saved_at = now()
        """,
        signal_id,
        [step.name for step in saved],
        [storable_json(step.value) for step in saved],
        [step.seconds for step in saved],
    )


async def unsaid(connection: Connection, signal_id: UUID) -> bool:
    """Whether nothing may be told of its answer: it is held back, or may be when it is finished."""
    found: bool | None = await connection.fetchval(
        f"select {_UNSAID} from signals s where s.id = $1",  # noqa: S608
        signal_id,
    )
    return bool(found)


async def steps(connection: Connection, signal_id: UUID) -> tuple[TraceStep, ...]:
    """Without those that tell an answer, where nothing may be told of it."""
    rows = await connection.fetch(
        f"""
        select t.step, t.seconds, t.saved_at, t.value from signal_steps t join signals s on s.id = t.signal_id
        where t.signal_id = $1 and not (t.step = any($2::text[]) and {_UNSAID}) order by t.position
        """,  # noqa: S608
        signal_id,
        list(TELLING),
    )
    return tuple(
        TraceStep(row["step"], row["seconds"], row["saved_at"], msgspec.json.decode(row["value"]))
        for row in rows
    )


# ------------------------------------------------------------------ pruning


async def read_now(connection: Connection, snapshot_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the snapshots that a running signal has read, or one that later answers are compared with."""
    rows = await connection.fetch(
        """
        select read.id from signals s join signal_steps t on t.signal_id = s.id and t.step = 'collect'
             cross join jsonb_array_elements_text(t.value -> 'snapshot_ids') as read (id)
        where (s.status = 'processing' or s.baseline) and read.id = any($1::text[])
        """,
        [str(one) for one in snapshot_ids],
    )
    return {UUID(row["id"]) for row in rows}


async def prune_traces(connection: Connection, older_than: timedelta) -> int:
    """Delete the steps of signals that were finished before that; returns how many. What later answers are compared
    with keeps them.
    """
    tag = await connection.execute(
        """
        delete from signal_steps where signal_id in (
            select id from signals where completed_at < now() - $1::interval and not baseline)
        """,
        older_than,
    )
    return int(tag.rpartition(" ")[2])


# ------------------------------------------------------------------ asked again and again


async def add_run(
    connection: Connection,
    organisation_id: UUID,
    subscription_id: UUID,
    run_id: UUID,
    wanted: Sequence[Wanted],
    company_ids: Mapping[str, UUID],
    *,
    reader: str,
    default_pages: int,
) -> list[UUID]:
    """Insert a signal of this run for each; the ids of those that do not run already."""
    rows = await connection.fetch(
        """
        insert into signals (organisation_id, subscription_id, run_id, reader, status, max_pages, force_refresh,
                             id, company_id, asked_host, question, answer_type, output_schema,
                             verification_mode, request_key, template_id, template_version)
        select $1, $2, $3, $4, 'processing', $5, true, given.* from unnest(
            $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::text[],
            $13::bytea[], $14::uuid[], $15::integer[]) as given
        on conflict (organisation_id, request_key) where status = 'processing' do nothing
        returning id
        """,
        organisation_id,
        subscription_id,
        run_id,
        reader,
        default_pages,
        [new_id() for _ in wanted],
        [company_ids[one.company.host] for one in wanted],
        [one.company.asked_host for one in wanted],
        [one.request.question for one in wanted],
        [one.request.answer_type for one in wanted],
        [_schema(one.request) for one in wanted],
        [one.request.verification_mode for one in wanted],
        [one.key for one in wanted],
        [one.request.template_id for one in wanted],
        [one.request.template_version for one in wanted],
    )
    return [row["id"] for row in rows]


async def open_of_subscription(connection: Connection, organisation_id: UUID, subscription_id: UUID) -> bool:
    """Whether signals of an earlier run of the subscription are still being answered."""
    found: bool = await connection.fetchval(
        """
        select exists (select from signals where organisation_id = $1 and subscription_id = $2
                       and status = 'processing')
        """,
        organisation_id,
        subscription_id,
    )
    return found


async def baseline(connection: Connection, subscription_id: UUID, company_id: UUID) -> Row | None:
    """The signal that a new answer is compared with, for who holds the work item of the new one."""
    record = await connection.fetchrow(
        f"select {_SIGNAL} from signals s where s.subscription_id = $1 and s.company_id = $2 and s.baseline",  # noqa: S608
        subscription_id,
        company_id,
    )
    return _row(record) if record is not None else None


async def recent_of(
    connection: Connection, subscription_id: UUID, company_id: UUID, besides: UUID, limit: int
) -> list[Row]:
    """The newest completed signals whose answers are given, for who holds the work item of ``besides``."""
    records = await connection.fetch(
        f"""
        select {_SIGNAL} from signals s
        where s.subscription_id = $1 and s.company_id = $2 and s.status = 'completed' and s.id <> $3
          and s.held_back is null
        order by s.created_at desc, s.id desc limit $4
        """,  # noqa: S608
        subscription_id,
        company_id,
        besides,
        limit,
    )
    return [_row(record) for record in records]


async def become_baseline(
    connection: Connection, subscription_id: UUID, company_id: UUID, signal_id: UUID
) -> None:
    await connection.execute(
        """
        update signals set baseline = false
        where subscription_id = $1 and company_id = $2 and baseline and id <> $3
        """,
        subscription_id,
        company_id,
        signal_id,
    )
    await connection.execute("update signals set baseline = true where id = $1", signal_id)


async def newest_answers(connection: Connection, organisation_id: UUID, company_id: UUID) -> list[Row]:
    """The newest completed signal of each question that has an answer; a few hundred at most."""
    records = await connection.fetch(
        f"""
        select distinct on (s.question, s.answer_type) {_SIGNAL} from signals s
        where s.organisation_id = $1 and s.company_id = $2 and s.status = 'completed' and s.answer is not null
        order by s.question, s.answer_type, s.completed_at desc, s.id desc limit 500
        """,  # noqa: S608
        organisation_id,
        company_id,
    )
    return [_row(record) for record in records]


async def completed_of_company(connection: Connection, organisation_id: UUID, company_id: UUID) -> int:
    """How many signals of the company are completed, with an answer or without."""
    count: int = await connection.fetchval(
        """
        select count(*) from signals where organisation_id = $1 and company_id = $2 and status = 'completed'
        """,
        organisation_id,
        company_id,
    )
    return count


async def any_running(connection: Connection, organisation_id: UUID, signal_ids: Sequence[UUID]) -> bool:
    """Whether any of these signals is still being answered."""
    found: bool = await connection.fetchval(
        """
        select exists (select from signals where organisation_id = $1 and id = any($2::uuid[])
                       and status = 'processing')
        """,
        organisation_id,
        list(signal_ids),
    )
    return found


# ------------------------------------------------------------------ about a person


async def of_person(
    connection: Connection, organisation_id: UUID, addresses: Sequence[str]
) -> list[tuple[UUID, bool]]:
    """The signals about the person with these addresses, and those whose answer, given or held back, names the person;
    whether each runs.
    """
    rows = await connection.fetch(
        """
        select s.id, s.status = 'processing' as running from signals s
             cross join lateral (select coalesce(s.answer, s.held_back -> 'answer') as found) as given
        where s.organisation_id = $1 and (
            s.contact_profile_url = any($2::text[])
            or (s.answer_type in ('contacts', 'contacts_generation') and jsonb_typeof(given.found) = 'array' and exists (
                select from jsonb_array_elements(given.found) as one where one ->> 'profileUrl' = any($2::text[]))))
        order by s.created_at, s.id
        """,
        organisation_id,
        list(addresses),
    )
    return [(row["id"], row["running"]) for row in rows]


async def read_for(connection: Connection, signal_ids: Sequence[UUID]) -> list[UUID]:
    """The snapshots that were read for these signals."""
    rows = await connection.fetch(
        """
        select distinct read.id from signal_steps t
             cross join jsonb_array_elements_text(t.value -> 'snapshot_ids') as read (id)
        where t.step = 'collect' and t.signal_id = any($1::uuid[])
        """,
        list(signal_ids),
    )
    return [UUID(row["id"]) for row in rows]


async def forget(connection: Connection, signal_ids: Sequence[UUID]) -> None:
    """Delete signals, and how they came to their answers."""
    await connection.execute("delete from signal_steps where signal_id = any($1::uuid[])", list(signal_ids))
    await connection.execute("delete from signals where id = any($1::uuid[])", list(signal_ids))


async def overwrite(connection: Connection, organisation_id: UUID, name: str) -> list[UUID]:
    """Overwrite what a pattern finds in answers and in their steps; returns in which signals."""
    rows = await connection.fetch(
        """
        with steps as (
            update signal_steps t set value = regexp_replace(t.value::text, $2, '███', 'gi')::jsonb
            from signals s where s.id = t.signal_id and s.organisation_id = $1 and t.value::text ~* $2
            returning t.signal_id as id
        ), answers as (
            update signals set
                answer = regexp_replace(answer::text, $2, '███', 'gi')::jsonb,
                held_back = regexp_replace(held_back::text, $2, '███', 'gi')::jsonb,
                sources = regexp_replace(sources::text, $2, '███', 'gi')::jsonb,
                reasoning = regexp_replace(reasoning, $2, '███', 'gi'),
                question = regexp_replace(question, $2, '███', 'gi'),
                metadata = regexp_replace(metadata::text, $2, '███', 'gi')::jsonb,
                change = regexp_replace(change::text, $2, '███', 'gi')::jsonb
            where organisation_id = $1
              and (answer::text ~* $2 or sources::text ~* $2 or reasoning ~* $2 or question ~* $2
                   or held_back::text ~* $2 or metadata::text ~* $2 or change::text ~* $2)
            returning id
        )
        select id from steps union select id from answers
        """,
        organisation_id,
        name,
    )
    return [row["id"] for row in rows]


async def naming(connection: Connection, organisation_id: UUID, name: str) -> list[UUID]:
    """The signals whose answers or steps hold what a pattern finds."""
    rows = await connection.fetch(
        """
        select id from signals s where organisation_id = $1 and (
            answer::text ~* $2 or sources::text ~* $2 or reasoning ~* $2 or question ~* $2
            or held_back::text ~* $2 or metadata::text ~* $2 or change::text ~* $2
            or exists (select from signal_steps t where t.signal_id = s.id and t.value::text ~* $2))
        order by id
        """,
        organisation_id,
        name,
    )
    return [row["id"] for row in rows]
