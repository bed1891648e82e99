"""Batches over HTTP (contract section 13): every question about every domain, accepted together or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import InvalidInput
from leadline.foundation.ids import new_id
from leadline.signals import batch_repository, repository
from leadline.signals.batch_repository import Refusal
from leadline.signals.batches import Taken
from leadline.signals.checking import by_template
from leadline.signals.schemas import (
    MAX_BATCH,
    MAX_SYNC_BATCH,
    BatchResultItem,
    BatchSignalItem,
    CreateSignalBatchRequest,
    SignalBatchResponse,
    SignalRequest,
)
from leadline.signals.service import SignalService
from leadline.templates import service as templates
from leadline.wire.answers import Reply
from leadline.wire.calls import Call
from leadline.wire.fields import wire_time
from leadline.wire.operations import Answer, Operations
from leadline.work import service as work


class Summaries(Protocol):
    """Who sums up what signals say."""

    async def when_done(self, organisation_id: UUID, signals: Mapping[str, Sequence[UUID]]) -> None:
        """Have each of these domains summed up, once its signals are finished."""
        ...


class Needs(Protocol):
    @property
    def signals(self) -> SignalService: ...
    @property
    def summaries(self) -> Summaries: ...
    @property
    def database(self) -> Database: ...


class BatchCall(Call):
    body: CreateSignalBatchRequest


operations = Operations[Needs]("Company Signals")


@operations.post(
    "/v1/companies/signals/batch",
    id="createSignalBatch",
    summary="Run every question on every domain",
    answers={
        201: Answer("Sync mode: every pair has been accepted or rejected.", SignalBatchResponse),
        202: Answer("Async mode: queued.", SignalBatchResponse),
    },
    errors=(400, 402, 404, 413, 422),
    charge="One signal's price for each new signal, given back if it fails; refused whole where credits do not suffice.",
)
async def create_signal_batch(needs: Needs, call: BatchCall) -> Reply:
    body, caller = call.body, call.caller
    domains = list(dict.fromkeys(body.domains))
    total, most = len(domains) * len(body.signals), MAX_BATCH if body.async_ else MAX_SYNC_BATCH
    if total > most:
        more = "" if body.async_ else f', or up to {MAX_BATCH} with "async": true'
        raise InvalidInput(
            ("domains", f"times signals makes {total}; send at most {most} in one batch{more}")
        )
    requests = [
        replace(question, domain=domain)
        for question in await _questions(needs.database, caller.organisation_id, body.signals)
        for domain in domains
    ]
    submitted_at = wire_time(await repository.now(needs.database.repeatable))
    if body.dry_run:
        price = needs.signals.price * len(requests)
        return Reply(
            201, SignalBatchResponse(submitted_at=submitted_at, total_signals=total, expected_credits=price)
        )

    batch_id = new_id()

    async def accept() -> list[Taken]:
        taken = await needs.signals.accept_many(
            caller.organisation_id, requests, key_id=caller.key_id, spend_cap=caller.spend_cap
        )
        if body.generate_summary_on_complete:
            await needs.summaries.when_done(caller.organisation_id, _by_domain(requests, taken))
        if body.async_:
            await _keep(needs.database.repeatable, caller.organisation_id, batch_id, requests, taken)
        return taken

    taken = await work.as_one(needs.database, accept)
    rejected = sum(one.how == "refused" for one in taken)
    answer = SignalBatchResponse(
        submitted_at=submitted_at, total_signals=total, accepted=total - rejected, rejected=rejected
    )
    if body.async_:
        answer.batch_id, answer.status, answer.async_ = str(batch_id), "accepted", True
        return Reply(202, answer)
    answer.results = await _results(needs.database, requests, taken)
    return Reply(201, answer)


async def _keep(
    database: Connection,
    organisation_id: UUID,
    batch_id: UUID,
    requests: Sequence[SignalRequest],
    taken: Sequence[Taken],
) -> None:
    """Have the batch looked at by its number."""
    refusals = {
        place: Refusal(request.domain, request.question, _why(one.error))
        for place, (request, one) in enumerate(zip(requests, taken, strict=True))
        if isinstance(one.error, InvalidInput)
    }
    ids = [one.signal_id for one in taken]
    await batch_repository.add(database, batch_id, organisation_id, ids, refusals)


def _why(error: InvalidInput) -> str:
    return "; ".join(f"{field}: {why}" for field, why in error.fields)


def _by_domain(requests: Sequence[SignalRequest], taken: Sequence[Taken]) -> dict[str, list[UUID]]:
    """The signals of each domain, new or not."""
    found: dict[str, list[UUID]] = {}
    for request, one in zip(requests, taken, strict=True):
        if one.signal_id is not None:
            found.setdefault(request.domain, []).append(one.signal_id)
    return found


async def _questions(
    database: Database, organisation_id: UUID, items: Sequence[BatchSignalItem]
) -> list[SignalRequest]:
    """What is asked, without its domain. Raises InvalidInput, NotFound for a template."""
    found = []
    for number, item in enumerate(items):
        if not (item.question or item.signal_template_id):
            raise InvalidInput(
                (f"signals[{number}].question", "is required, unless signalTemplateId is sent")
            )
        request = SignalRequest(
            domain="",
            question=item.question or "",
            answer_type=item.answer_type,
            output_schema=item.output_schema or None,
            verification_mode=item.verification_mode,
            force_refresh=item.force_refresh,
            webhook_url=item.webhook_url or None,
        )
        if item.signal_template_id is not UNSET:
            kept = await templates.kept(database.repeatable, organisation_id, item.signal_template_id)
            request = by_template(request, kept)
        found.append(request)
    return found


async def _results(
    database: Database, requests: Sequence[SignalRequest], taken: Sequence[Taken]
) -> list[BatchResultItem]:
    """A row for each pair, in the order of questions and, within one, of domains."""
    ids = [one.signal_id for one in taken if one.signal_id is not None]
    states = await repository.states(database.repeatable, ids)
    rows = []
    for request, one in zip(requests, taken, strict=True):
        row = BatchResultItem(status="rejected", domain=request.domain, question=request.question)
        if one.signal_id is not None:
            status, created_at = states[one.signal_id]
            row.id, row.status, row.created_at = one.signal_id, status, wire_time(created_at)
        elif isinstance(one.error, InvalidInput):
            row.error = _why(one.error)
        rows.append(row)
    return rows
