"""How signals and batches go, as it happens: operations of ours, on which the contract is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from msgspec import Raw

from leadline.foundation.database import Connection
from leadline.foundation.errors import NotFound, Unavailable
from leadline.foundation.waiter import Waiter
from leadline.signals import batch_repository, watching
from leadline.signals.batch_repository import BatchRow, Counts
from leadline.signals.replies import Needs, view
from leadline.signals.schemas import (
    BatchPath,
    BatchResultItem,
    BatchRowsQuery,
    FollowHeaders,
    SignalBatch,
    SignalBatchRows,
    SignalPath,
    SignalStep,
)
from leadline.signals.views import Subject
from leadline.signals.watching import End
from leadline.wire.answers import Event, EventStream, Reply
from leadline.wire.calls import Call
from leadline.wire.fields import wire_time
from leadline.wire.operations import EVENTS, Answer, Operations
from leadline.wire.pages import MOST_OFFSET

BATCH = "/v1/companies/signals/batch/{batchId}"
END = "end"  # the type and the id of the last event
EVERY = 1.0  # seconds between two looks at a batch, at least
_SHARE = 10  # of the time, one part is spent looking
_STREAM = {
    200: Answer(
        "Server-sent events: `progress` as it happens, and `end` last. Go on after a cut with Last-Event-ID.",
        media_type=EVENTS,
    ),
    204: Answer("The end has been seen (Last-Event-ID: end): nothing more will come."),
}


class FollowCall(Call):
    path: SignalPath
    headers: FollowHeaders


class BatchCall(Call):
    path: BatchPath


class BatchRowsCall(BatchCall):
    query: BatchRowsQuery


class FollowBatchCall(BatchCall):
    headers: FollowHeaders


operations = Operations[Needs]("Company Signals")
of_contacts = Operations[Needs]("Contact Signals")


@operations.get(
    "/v1/companies/signals/{signalId}/events",
    id="followSignal",
    summary="What a signal does: pages read, draft, verdict, and the finished signal",
    answers=_STREAM,
    errors=(400, 404),
)
async def follow_signal(needs: Needs, call: FollowCall) -> EventStream | Reply:
    return await _follow(needs, call, "COMPANY")


@of_contacts.get(
    "/v1/contacts/signals/{signalId}/events",
    id="followContactSignal",
    summary="What a signal does: pages read, draft, verdict, and the finished signal",
    answers=_STREAM,
    errors=(400, 404),
)
async def follow_contact_signal(needs: Needs, call: FollowCall) -> EventStream | Reply:
    return await _follow(needs, call, "CONTACT")


async def _follow(needs: Needs, call: FollowCall, subject: Subject) -> EventStream | Reply:
    organisation_id, signal_id = call.caller.organisation_id, UUID(call.path.signal_id)
    database = needs.database.repeatable
    await view(needs, call, signal_id, subject)
    if call.headers.last_event_id == END:
        return Reply(204)
    _room(needs.waiter)

    async def told() -> AsyncIterator[Event]:
        after = call.headers.last_event_id
        async for one in watching.watch(database, needs.waiter, organisation_id, signal_id, after):
            if isinstance(one, End):
                yield Event(END, Raw(one.body), END)
            else:
                yield Event(
                    "progress", SignalStep(one.step, one.detail, wire_time(one.at), one.facts), one.id
                )

    return EventStream(told())


@operations.get(
    BATCH,
    id="getSignalBatch",
    summary="How far a batch is",
    answers={200: Answer("Its rows by their state.", SignalBatch)},
    errors=(404,),
)
async def get_batch(needs: Needs, call: BatchCall) -> SignalBatch:
    return await _batch(needs.database.repeatable, call)


@operations.get(
    f"{BATCH}/results",
    id="listSignalBatchResults",
    summary="The rows of a batch, and why some were rejected",
    answers={200: Answer("In the order of questions and, within one, of domains.", SignalBatchRows)},
    errors=(400, 404),
)
async def list_batch_results(needs: Needs, call: BatchRowsCall) -> SignalBatchRows:
    database, query = needs.database.repeatable, call.query
    batch = await _batch(database, call)
    rows = await batch_repository.rows(
        database, call.caller.organisation_id, batch.batch_id, query.limit, min(query.offset, MOST_OFFSET)
    )
    return SignalBatchRows.of([_row(one) for one in rows], batch.total_signals, query.limit, query.offset)


@operations.get(
    f"{BATCH}/events",
    id="followSignalBatch",
    summary="How far a batch is, as it goes",
    answers=_STREAM,
    errors=(400, 404),
)
async def follow_batch(needs: Needs, call: FollowBatchCall) -> EventStream | Reply:
    database, waiter = needs.database.repeatable, needs.waiter
    await _batch(database, call)
    if call.headers.last_event_id == END:
        return Reply(204)
    _room(waiter)

    async def told() -> AsyncIterator[Event]:
        loop, seen = asyncio.get_running_loop(), call.headers.last_event_id
        with waiter.place():
            while not waiter.closing:
                began = loop.time()
                batch = await _batch(database, call)
                finished = str(batch.completed + batch.failed)
                if batch.status == "completed":
                    yield Event(END, batch, END)
                    return
                if finished != seen:
                    yield Event("progress", batch, finished)
                    seen = finished
                # Twenty thousand rows take a while to count: whoever watches must not keep the database busy with it.
                await asyncio.sleep(max(EVERY, _SHARE * (loop.time() - began)))

    return EventStream(told())


def _room(waiter: Waiter) -> None:
    if waiter.full:
        raise Unavailable("As many clients wait as this server can hold; try again in a moment.")


async def _batch(database: Connection, call: BatchCall) -> SignalBatch:
    batch_id = UUID(call.path.batch_id)
    found = await batch_repository.counts(database, call.caller.organisation_id, batch_id)
    if found is None:
        raise NotFound("Batch not found or access denied")
    return _shown(batch_id, found)


def _shown(batch_id: UUID, found: Counts) -> SignalBatch:
    accepted = found.processing + found.completed + found.failed
    return SignalBatch(
        batch_id=batch_id,
        status="processing" if found.processing else "completed",
        submitted_at=wire_time(found.created_at),
        total_signals=found.total,
        accepted=accepted,
        rejected=found.total - accepted,
        processing=found.processing,
        completed=found.completed,
        failed=found.failed,
    )


def _row(row: BatchRow) -> BatchResultItem:
    if row.refusal is not None:
        refused = row.refusal
        return BatchResultItem(
            status="rejected", domain=refused.domain, question=refused.question, error=refused.error
        )
    shown = BatchResultItem(
        status=row.status or "rejected", domain=row.domain or "", question=row.question or ""
    )
    if row.signal_id is not None and row.created_at is not None:
        shown.id, shown.created_at = row.signal_id, wire_time(row.created_at)
    return shown
