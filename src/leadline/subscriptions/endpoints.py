"""Subscriptions over HTTP (contract section 14)."""

from __future__ import annotations

from typing import Protocol

from msgspec import UNSET, Raw

from leadline.signals.schemas import SignalListResponse
from leadline.signals.service import SignalQuery
from leadline.subscriptions.actions import ActionService
from leadline.subscriptions.schemas import (
    ActionPath,
    CreateSignalSubscriptionRequest,
    CreateSubscriptionActionRequest,
    ListSubscriptionsQuery,
    LogsQuery,
    SignalSubscription,
    SignalSubscriptionsResponse,
    SubscriptionAction,
    SubscriptionActionsResponse,
    SubscriptionPath,
    SubscriptionRunsResponse,
    UpdateSignalSubscriptionRequest,
    UpdateSubscriptionActionRequest,
)
from leadline.subscriptions.service import SubscriptionService
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations

ALL = "/v1/companies/signals/subscriptions"
ONE = ALL + "/{subscriptionId}"
CHARGE = "One signal's price for each company, when the run begins; given back for signals that fail."


class Needs(Protocol):
    @property
    def subscriptions(self) -> SubscriptionService: ...
    @property
    def actions(self) -> ActionService: ...


class ListCall(Call):
    query: ListSubscriptionsQuery


class CreateCall(Call):
    body: CreateSignalSubscriptionRequest


class OneCall(Call):
    path: SubscriptionPath


class UpdateCall(OneCall):
    body: UpdateSignalSubscriptionRequest


class LogsCall(OneCall):
    query: LogsQuery


class RunsCall(OneCall):
    query: ListSubscriptionsQuery


operations = Operations[Needs]("Signal Subscriptions")


@operations.get(
    ALL,
    id="listSignalSubscriptions",
    summary="List subscriptions",
    answers={200: Answer("Subscriptions merged with their templates.", SignalSubscriptionsResponse)},
    errors=(400,),
)
async def list_subscriptions(needs: Needs, call: ListCall) -> SignalSubscriptionsResponse:
    query = call.query
    items, total = await needs.subscriptions.page(call.caller.organisation_id, query.limit, query.offset)
    return SignalSubscriptionsResponse.of(items, total, query.limit, query.offset)


@operations.post(
    ALL,
    id="createSignalSubscription",
    summary="Create a subscription (stopped)",
    answers={201: Answer("Created, status stopped.", SignalSubscription)},
    errors=(400, 404),
)
async def create_subscription(needs: Needs, call: CreateCall) -> SignalSubscription:
    caller = call.caller
    return await needs.subscriptions.create(caller.organisation_id, call.body, created_by=str(caller.key_id))


@operations.get(
    ONE,
    id="getSignalSubscription",
    summary="Read a subscription",
    answers={200: Answer("The subscription.", SignalSubscription)},
    errors=(404,),
)
async def get_subscription(needs: Needs, call: OneCall) -> SignalSubscription:
    return await needs.subscriptions.get(call.caller.organisation_id, call.path.subscription_id)


@operations.put(
    ONE,
    id="updateSignalSubscription",
    summary="Change schedule and template fields",
    answers={200: Answer("The subscription.", SignalSubscription)},
    errors=(400, 404),
)
async def update_subscription(needs: Needs, call: UpdateCall) -> SignalSubscription:
    caller = call.caller
    return await needs.subscriptions.update(
        caller.organisation_id, call.path.subscription_id, call.body, created_by=str(caller.key_id)
    )


@operations.post(
    ONE + "/start",
    id="startSignalSubscription",
    summary="Turn the schedule on",
    answers={200: Answer("The subscription.", SignalSubscription)},
    errors=(404,),
)
async def start_subscription(needs: Needs, call: OneCall) -> SignalSubscription:
    return await needs.subscriptions.start(call.caller.organisation_id, call.path.subscription_id)


@operations.post(
    ONE + "/stop",
    id="stopSignalSubscription",
    summary="Turn the schedule off",
    answers={200: Answer("The subscription.", SignalSubscription)},
    errors=(404,),
)
async def stop_subscription(needs: Needs, call: OneCall) -> SignalSubscription:
    return await needs.subscriptions.stop(call.caller.organisation_id, call.path.subscription_id)


@operations.post(
    ONE + "/trigger",
    id="triggerSignalSubscription",
    summary="Run once now",
    answers={200: Answer("The subscription.", SignalSubscription)},
    errors=(402, 404),
    charge=CHARGE,
)
async def trigger_subscription(needs: Needs, call: OneCall) -> SignalSubscription:
    caller = call.caller
    return await needs.subscriptions.trigger(
        caller.organisation_id, call.path.subscription_id, key_id=caller.key_id, spend_cap=caller.spend_cap
    )


@operations.get(
    ONE + "/logs",
    id="listSubscriptionLogs",
    summary="List the runs of a subscription",
    answers={200: Answer("Newest first by creation time.", SignalListResponse)},
    errors=(400, 404),
    bad_path=400,
)
async def list_logs(needs: Needs, call: LogsCall) -> Raw:
    query = call.query
    wanted = SignalQuery(
        domain=query.domain or None,
        company_id=None if query.company_id is UNSET else query.company_id,
        subscription_id=call.path.subscription_id,
        statuses=tuple(query.status or ()),
        since=query.from_date or None,
        until=query.to_date or None,
        limit=query.limit,
        offset=query.offset,
    )
    return await needs.subscriptions.logs(call.caller.organisation_id, wanted)


@operations.get(
    ONE + "/runs",
    id="listSubscriptionRuns",
    summary="List the runs of a subscription, with those that were skipped and why",
    answers={200: Answer("Newest first by creation time.", SubscriptionRunsResponse)},
    errors=(400, 404),
)
async def list_runs(needs: Needs, call: RunsCall) -> SubscriptionRunsResponse:
    query, subscription_id = call.query, call.path.subscription_id
    rows, total = await needs.subscriptions.runs(
        call.caller.organisation_id, subscription_id, query.limit, query.offset
    )
    return SubscriptionRunsResponse.of(rows, total, query.limit, query.offset)


# ------------------------------------------------------------------ actions


class CreateActionCall(OneCall):
    body: CreateSubscriptionActionRequest


class ActionCall(Call):
    path: ActionPath


class UpdateActionCall(ActionCall):
    body: UpdateSubscriptionActionRequest


actions = Operations[Needs]("Subscription Actions")
ONE_ACTION = ONE + "/actions/{actionId}"


@actions.get(
    ONE + "/actions",
    id="listSubscriptionActions",
    summary="List actions",
    answers={200: Answer("Actions.", SubscriptionActionsResponse)},
    errors=(400, 404),
)
async def list_actions(needs: Needs, call: RunsCall) -> SubscriptionActionsResponse:
    query = call.query
    items, total = await needs.actions.page(
        call.caller.organisation_id, call.path.subscription_id, query.limit, query.offset
    )
    return SubscriptionActionsResponse.of(items, total, query.limit, query.offset)


@actions.post(
    ONE + "/actions",
    id="createSubscriptionAction",
    summary="Add an action (at most 10)",
    answers={201: Answer("Created.", SubscriptionAction)},
    errors=(400, 404, 409),
)
async def create_action(needs: Needs, call: CreateActionCall) -> SubscriptionAction:
    webhook = call.body.webhook or None
    return await needs.actions.create(call.caller.organisation_id, call.path.subscription_id, webhook)


@actions.get(
    ONE_ACTION,
    id="getSubscriptionAction",
    summary="Read an action",
    answers={200: Answer("The action.", SubscriptionAction)},
    errors=(404,),
)
async def get_action(needs: Needs, call: ActionCall) -> SubscriptionAction:
    path = call.path
    return await needs.actions.get(call.caller.organisation_id, path.subscription_id, path.action_id)


@actions.put(
    ONE_ACTION,
    id="updateSubscriptionAction",
    summary="Replace an action's settings",
    answers={200: Answer("The action.", SubscriptionAction)},
    errors=(400, 404),
)
async def update_action(needs: Needs, call: UpdateActionCall) -> SubscriptionAction:
    path, webhook = call.path, call.body.webhook or None
    return await needs.actions.update(
        call.caller.organisation_id, path.subscription_id, path.action_id, webhook
    )


@actions.delete(
    ONE_ACTION,
    id="deleteSubscriptionAction",
    summary="Delete an action",
    answers={204: Answer("Deleted.")},
    errors=(404,),
)
async def delete_action(needs: Needs, call: ActionCall) -> None:
    path = call.path
    await needs.actions.delete(call.caller.organisation_id, path.subscription_id, path.action_id)


@actions.post(
    ONE_ACTION + "/pause",
    id="pauseSubscriptionAction",
    summary="Skip the action from now on",
    answers={200: Answer("The action.", SubscriptionAction)},
    errors=(404,),
)
async def pause_action(needs: Needs, call: ActionCall) -> SubscriptionAction:
    path = call.path
    return await needs.actions.enable(
        call.caller.organisation_id, path.subscription_id, path.action_id, enabled=False
    )


@actions.post(
    ONE_ACTION + "/unpause",
    id="unpauseSubscriptionAction",
    summary="Dispatch the action again",
    answers={200: Answer("The action.", SubscriptionAction)},
    errors=(404,),
)
async def unpause_action(needs: Needs, call: ActionCall) -> SubscriptionAction:
    path = call.path
    return await needs.actions.enable(
        call.caller.organisation_id, path.subscription_id, path.action_id, enabled=True
    )
