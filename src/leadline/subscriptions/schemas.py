"""Subscriptions as they come in and go out (contract section 14)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.signals.schemas import SignalStatus
from leadline.wire.fields import Domain, Moment, Time, shown
from leadline.wire.pages import ItemsPage, Offset, PageSize25, PageSize100, ResultsPage
from leadline.wire.questions import MAX_QUESTION, AnswerTypeName, RepeatedAnswerTypeName, Weight

MAX_NAME = 200

Frequency = Literal["daily", "weekly", "monthly"]
Status = Literal["active", "stopped"]
Zone = Annotated[str, Meta(description="IANA name.", examples=["America/New_York"])]
Cron = Annotated[str, Meta(description="Five-field cron; excludes frequency.", examples=["0 9 * * 1,3,5"])]
Preset = Annotated[Frequency, Meta(description="Preset; excludes cronExpression.")]
Name = Annotated[str, Meta(extra={"must": f"must be text, not empty, of at most {MAX_NAME} characters"})]
Question = Annotated[
    str,
    Meta(
        description="Needed inline.",
        extra={"must": f"must be text, not empty, of at most {MAX_QUESTION} characters"},
    ),
]
ListId = Annotated[str, Meta(description="Company list whose members are asked.")]


class CreateSignalSubscriptionRequest(Struct, rename="camel", kw_only=True):
    """A question, a schedule, and whom to ask: a list, or one company."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Head count",
        "question": "How many people work there?",
        "answerType": "number",
        "frequency": "weekly",
        "timezone": "Europe/Berlin",
        "domain": "example.com",
    }

    list_id: ListId | UnsetType = UNSET
    domain: Annotated[Domain, Meta(description="One company, in place of a list.")] | UnsetType = UNSET
    signal_template_id: (
        Annotated[UUID, Meta(description="Existing template; else name and question make one.")] | UnsetType
    ) = UNSET
    name: Annotated[Name, Meta(description="Needed inline.")] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    question: Question | UnsetType = UNSET
    answer_type: RepeatedAnswerTypeName = "open_text"
    output_schema: dict[str, Any] | UnsetType = UNSET
    weight: Annotated[Weight, Meta(description="How much the signal matters.")] = "important"
    qualification_criteria: dict[str, Any] | UnsetType = UNSET
    frequency: Preset | UnsetType = UNSET
    cron_expression: Cron | UnsetType = UNSET
    timezone: Zone = "UTC"


class UpdateSignalSubscriptionRequest(Struct, rename="camel", kw_only=True):
    """Schedule and question, as they are to be. ``outputSchema: null`` clears it."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Head count",
        "question": "How many people work there?",
        "answerType": "number",
        "cronExpression": "0 9 * * 1",
        "timezone": "Europe/Berlin",
    }

    timezone: Zone
    name: Name
    question: Question
    answer_type: RepeatedAnswerTypeName
    frequency: Preset | UnsetType = UNSET
    cron_expression: Cron | UnsetType = UNSET
    description: str | UnsetType = UNSET
    output_schema: dict[str, Any] | UnsetType | None = UNSET
    weight: Annotated[Weight, Meta(description="How much the signal matters.")] | UnsetType = UNSET
    qualification_criteria: dict[str, Any] | UnsetType = UNSET


class SignalSubscription(Struct, rename="camel", kw_only=True):
    """Schedule and template merged."""

    id: UUID
    signal_template_id: UUID | UnsetType = UNSET
    version: Annotated[int, Meta(description="Template version.")] | UnsetType = UNSET
    name: str
    description: str | UnsetType | None = UNSET
    question: str
    answer_type: AnswerTypeName
    output_schema: dict[str, Any] | UnsetType | None = UNSET
    weight: Weight | UnsetType = UNSET
    qualification_criteria: dict[str, Any] | UnsetType | None = UNSET
    frequency: Frequency | UnsetType | None = UNSET
    cron_expression: str | UnsetType | None = UNSET
    timezone: str
    status: Status
    list_id: UUID
    domain: (
        Annotated[
            str, Meta(description="The company that is asked in place of a list; listId is then this id.")
        ]
        | UnsetType
    ) = UNSET
    last_run_at: Time | UnsetType | None = UNSET
    next_run_at: Time | UnsetType | None = UNSET
    expected_credits_per_month: (
        Annotated[int, Meta(description="Companies times runs times price, as both stand now.")] | UnsetType
    ) = UNSET
    source: str | UnsetType = UNSET
    created_at: Time


class SignalSubscriptionsResponse(ItemsPage[SignalSubscription]):
    """One page of subscriptions."""


class ListSubscriptionsQuery(Struct, kw_only=True):
    limit: PageSize100 = 20
    offset: Offset = 0


class SubscriptionPath(Struct, rename="camel"):
    subscription_id: UUID


class LogsQuery(Struct, rename="camel", kw_only=True):
    domain: Annotated[str, Meta(description="Company domain.")] | UnsetType = UNSET
    company_id: Annotated[str, Meta(description="Company id.")] | UnsetType = UNSET
    limit: PageSize25 = 25
    offset: Offset = 0
    from_date: Annotated[Moment, Meta(description="Completed at or after.")] | UnsetType = UNSET
    to_date: Annotated[Moment, Meta(description="Completed at or before.")] | UnsetType = UNSET
    status: (
        Annotated[list[SignalStatus], Meta(description="Repeat for several; status[]=... is understood too.")]
        | UnsetType
    ) = UNSET


class SubscriptionRun(Struct, rename="camel", kw_only=True):
    """One run. What it asked stands in the logs."""

    id: UUID
    subscription_id: UUID
    origin: Annotated[Literal["schedule", "trigger"], Meta(description="Why it ran.")]
    status: Annotated[
        Literal["queued", "started", "skipped", "failed"],
        Meta(description="started: its signals were made. skipped: see reason."),
    ]
    reason: Annotated[str, Meta(description="Why it was skipped or failed.")] | None
    signals: Annotated[int, Meta(description="How many it made.")]
    refused: Annotated[int, Meta(description="Members that are no company.")]
    due_at: Annotated[Time, Meta(description="When it should have begun.")]
    created_at: Time


class SubscriptionRunsResponse(ResultsPage[SubscriptionRun]):
    """One page of runs."""


# ------------------------------------------------------------------ actions


class WebhookActionConfig(Struct, rename="camel"):
    destination: Annotated[
        str,
        shown(
            "Called, unsigned, when an answer changed.",
            format="uri",
            examples=["https://example.com/webhook"],
        ),
    ]


class CreateSubscriptionActionRequest(Struct, rename="camel", kw_only=True):
    """What is to be done when an answer of the subscription changed."""

    example: ClassVar[dict[str, Any]] = {
        "type": "webhook",
        "webhook": {"destination": "https://example.com/webhook"},
    }

    type: Literal["webhook"]
    webhook: WebhookActionConfig | UnsetType = UNSET


class UpdateSubscriptionActionRequest(Struct, rename="camel", kw_only=True):
    """The type cannot change."""

    example: ClassVar[dict[str, Any]] = {"webhook": {"destination": "https://example.com/webhook"}}

    webhook: WebhookActionConfig | UnsetType = UNSET


class SubscriptionAction(Struct, rename="camel", kw_only=True):
    """``enabled`` is false while it is paused, and once its receiver answered 410 (Gone)."""

    id: UUID
    subscription_id: UUID
    type: Literal["webhook"]
    webhook: WebhookActionConfig | UnsetType = UNSET
    enabled: bool
    created_at: Time
    updated_at: Time


class SubscriptionActionsResponse(ItemsPage[SubscriptionAction]):
    """One page of actions."""


class ActionPath(SubscriptionPath, rename="camel"):
    action_id: UUID
