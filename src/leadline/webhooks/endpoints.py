"""The calls of webhooks over HTTP: what became of them, and making them again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from leadline.foundation.database import Database
from leadline.webhooks.schemas import (
    DeliveriesQuery,
    DeliveryPath,
    ReplayRequest,
    ReplayResponse,
    WebhookDeliveriesResponse,
    WebhookDelivery,
)
from leadline.webhooks.service import WebhookService
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations

ALL = "/v1/webhooks/deliveries"


class Needs(Protocol):
    @property
    def database(self) -> Database: ...
    @property
    def webhooks(self) -> WebhookService: ...


class ListCall(Call):
    query: DeliveriesQuery


class OneCall(Call):
    path: DeliveryPath


class ReplayCall(Call):
    body: ReplayRequest


operations = Operations[Needs]("Webhooks")


@operations.get(
    ALL,
    id="listWebhookDeliveries",
    summary="List the calls of webhooks and what became of them",
    answers={200: Answer("Newest first by creation time.", WebhookDeliveriesResponse)},
    errors=(400,),
)
async def list_deliveries(needs: Needs, call: ListCall) -> WebhookDeliveriesResponse:
    query = call.query
    found, total = await needs.webhooks.page(call.caller.organisation_id, query)
    items = [WebhookDelivery.of(one) for one in found]
    return WebhookDeliveriesResponse.of(items, total, query.limit, query.offset)


@operations.post(
    ALL + "/{deliveryId}/redeliver",
    id="redeliverWebhook",
    summary="Make a call again, with its old id and body",
    answers={200: Answer("It is pending again.", WebhookDelivery)},
    errors=(404,),
)
async def redeliver(needs: Needs, call: OneCall) -> WebhookDelivery:
    async with needs.database.transaction() as connection:
        one = await needs.webhooks.redeliver(connection, call.caller.organisation_id, call.path.delivery_id)
    return WebhookDelivery.of(one)


@operations.post(
    ALL + "/replay",
    id="replayWebhooks",
    summary="Make all calls of a time range again",
    answers={200: Answer("They are pending again.", ReplayResponse)},
    errors=(400,),
)
async def replay(needs: Needs, call: ReplayCall) -> ReplayResponse:
    body = call.body
    async with needs.database.transaction() as connection:
        again = await needs.webhooks.replay(
            connection,
            call.caller.organisation_id,
            body.from_date,
            body.to_date or datetime.max.replace(tzinfo=UTC),
            failed_only=body.failed_only,
        )
    return ReplayResponse(calls=again)
