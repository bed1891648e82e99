"""Labels and thresholds over HTTP: operations of ours, on which the contract is silent."""

from __future__ import annotations

from typing import Protocol

from msgspec import UNSET

from leadline.foundation.database import Database
from leadline.labels import service
from leadline.labels.schemas import (
    Label,
    LabelPath,
    LabelRequest,
    LabelsQuery,
    LabelsResponse,
    ThresholdRequest,
    ThresholdsResponse,
    ThresholdView,
)
from leadline.signals.service import trust
from leadline.wire.answers import Reply
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations


class Needs(Protocol):
    @property
    def database(self) -> Database: ...


class OneCall(Call):
    path: LabelPath


class LabelCall(OneCall):
    body: LabelRequest


class ListCall(Call):
    query: LabelsQuery


class ThresholdCall(Call):
    body: ThresholdRequest


operations = Operations[Needs]("Labels")


async def _label(needs: Needs, call: LabelCall, *, contact: bool) -> Label:
    async with needs.database.transaction() as connection:
        return await service.label(
            connection, call.caller.organisation_id, call.path.signal_id, call.body, contact=contact
        )


async def _remove(needs: Needs, call: OneCall, *, contact: bool) -> Reply:
    async with needs.database.transaction() as connection:
        await service.remove(connection, call.caller.organisation_id, call.path.signal_id, contact=contact)
    return Reply(204)


@operations.put(
    "/v1/companies/signals/{signalId}/label",
    id="labelSignal",
    summary="Say whether an answer is right",
    answers={200: Answer("The label, in place of the one before.", Label)},
    errors=(400, 404, 409),
)
async def label_signal(needs: Needs, call: LabelCall) -> Label:
    return await _label(needs, call, contact=False)


@operations.delete(
    "/v1/companies/signals/{signalId}/label",
    id="unlabelSignal",
    summary="Take a label back",
    answers={204: Answer("It is gone.")},
    errors=(404, 409),
)
async def unlabel_signal(needs: Needs, call: OneCall) -> Reply:
    return await _remove(needs, call, contact=False)


@operations.put(
    "/v1/contacts/signals/{signalId}/label",
    id="labelContactSignal",
    summary="Say whether an answer is right",
    answers={200: Answer("The label, in place of the one before.", Label)},
    errors=(400, 404, 409),
)
async def label_contact_signal(needs: Needs, call: LabelCall) -> Label:
    return await _label(needs, call, contact=True)


@operations.delete(
    "/v1/contacts/signals/{signalId}/label",
    id="unlabelContactSignal",
    summary="Take a label back",
    answers={204: Answer("It is gone.")},
    errors=(404, 409),
)
async def unlabel_contact_signal(needs: Needs, call: OneCall) -> Reply:
    return await _remove(needs, call, contact=True)


@operations.get(
    "/v1/labels",
    id="listLabels",
    summary="List labels",
    answers={200: Answer("Newest first.", LabelsResponse)},
    errors=(400,),
)
async def list_labels(needs: Needs, call: ListCall) -> LabelsResponse:
    query = call.query
    verdict = None if query.verdict is UNSET else query.verdict
    items, total = await service.page(
        needs.database.repeatable, call.caller.organisation_id, verdict, query.limit, query.offset
    )
    return LabelsResponse.of(items, total, query.limit, query.offset)


async def _thresholds(needs: Needs, call: Call) -> ThresholdsResponse:
    found = await trust.thresholds(needs.database.repeatable, call.caller.organisation_id)
    return ThresholdsResponse(
        [
            ThresholdView(
                template_id=UNSET if one.template_id is None else str(one.template_id), least=one.least
            )
            for one in found
        ]
    )


@operations.get(
    "/v1/thresholds",
    id="listThresholds",
    summary="How sure answers must be to be given",
    answers={200: Answer("Those in force.", ThresholdsResponse)},
)
async def list_thresholds(needs: Needs, call: Call) -> ThresholdsResponse:
    return await _thresholds(needs, call)


@operations.put(
    "/v1/thresholds",
    id="setThreshold",
    summary="Say how sure answers must be to be given",
    answers={200: Answer("Those in force.", ThresholdsResponse)},
    errors=(400, 404),
)
async def set_threshold(needs: Needs, call: ThresholdCall) -> ThresholdsResponse:
    template = None if call.body.template_id is UNSET else call.body.template_id
    async with needs.database.transaction() as connection:
        await service.set_threshold(connection, call.caller.organisation_id, template, call.body.least)
    return await _thresholds(needs, call)
