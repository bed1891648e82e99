"""What crosses the wire, as types: the OpenAPI document is made from these and input is read by them.

A member's ``must`` (in ``extra``) is the sentence of its refusal.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.signals.schemas import SignalStatus

MAX_QUESTION = 500
MAX_URL = 2048
PAGE_LIMIT = 25
DOMAIN_PATTERN = (
    r"^[a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?)*$"
)
SIGNAL_ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

_SIGNAL_ID = re.compile(SIGNAL_ID_PATTERN)
AnswerTypeName = Literal[
    "open_text",
    "boolean",
    "number",
    "list",
    "percentage",
    "currency",
    "url",
    "json_schema",
    "contacts",
    "contacts_generation",
    "contact_engagements",
    "contact_posts",
]
Domain = Annotated[
    str,
    Meta(
        pattern=DOMAIN_PATTERN,
        description="Bare host name: no scheme, no path.",
        examples=["acme.com"],
        extra={
            "must": "'domain' must be a valid hostname (e.g., 'example.com') "
            "without protocol (https://) or path"
        },
    ),
]

Time = Annotated[datetime, Meta(tz=True)]


def is_signal_id(text: str) -> bool:
    """Whether a path part can be the id of a signal; ``templates`` and the like cannot."""
    return len(text) == 36 and _SIGNAL_ID.match(text) is not None


def _must(must: str, description: str, **constraints: Any) -> Meta:
    return Meta(description=description, extra={"must": must}, **constraints)


# ------------------------------------------------------------------ in


class ConnectorSwitch(Struct):
    enabled: Annotated[str, Meta(examples=["off"])] | UnsetType = UNSET


class ConnectorsConfig(Struct, rename="camel"):
    """Per-request connector switches."""

    sales_navigator: ConnectorSwitch | UnsetType = UNSET


class CreateCompanySignalRequest(Struct, rename="camel", kw_only=True):
    """Send question or signalTemplateId; with both, the template wins."""

    also: ClassVar[dict[str, Any]] = {
        "anyOf": [{"required": ["question"]}, {"required": ["signalTemplateId"]}]
    }

    domain: Domain
    question: (
        Annotated[
            str,
            _must(
                f"must be text of 1 to {MAX_QUESTION} characters",
                "The question. Needed unless signalTemplateId is sent.",
                min_length=1,
                max_length=MAX_QUESTION,
            ),
        ]
        | UnsetType
    ) = UNSET
    answer_type: Annotated[
        AnswerTypeName, _must("must be one of the answer types", "Shape the answer must take.")
    ] = "open_text"
    output_schema: (
        Annotated[
            dict[str, Any],
            _must(
                "must be a JSON Schema object",
                "JSON Schema of the wanted object; needed when answerType is json_schema.",
            ),
        ]
        | UnsetType
    ) = UNSET
    webhook_url: (
        Annotated[
            str,
            _must(
                f"must be an http or https address of at most {MAX_URL} characters",
                "Called once the signal finishes; not called for cached results.",
                max_length=MAX_URL,
                extra_json_schema={"format": "uri"},
            ),
        ]
        | UnsetType
    ) = UNSET
    weight: Annotated[
        Literal["important", "nice_to_have", "not_important"],
        _must("must be important, nice_to_have or not_important", "How much the signal matters."),
    ] = "important"
    qualification_criteria: (
        Annotated[dict[str, Any], _must("must be an object", "Maps answer values to a qualification.")]
        | UnsetType
    ) = UNSET
    signal_template_id: (
        Annotated[UUID, _must("must be a UUID", "Takes question and answerType from this template.")]
        | UnsetType
    ) = UNSET
    force_refresh: Annotated[bool, _must("must be true or false", "Skip the cache.")] = False
    connectors: (
        Annotated[
            ConnectorsConfig,
            _must('must be an object such as {"salesNavigator": {"enabled": "off"}}', "Connector switches."),
        ]
        | UnsetType
    ) = UNSET
    verification_mode: Annotated[
        Literal["strict", "lenient"],
        _must("must be strict or lenient", "strict: only sourced facts. lenient: estimates allowed."),
    ] = "strict"


class ListSignalsQuery(Struct, rename="camel", kw_only=True):
    domain: Domain | UnsetType = UNSET
    company_id: Annotated[str, _must("must be text", "Company id.")] | UnsetType = UNSET
    limit: Annotated[
        int,
        _must(f"must be a whole number from 1 to {PAGE_LIMIT}", "Page size.", ge=1, le=PAGE_LIMIT),
    ] = PAGE_LIMIT
    offset: Annotated[int, _must("must be a whole number, 0 or more", "Rows to skip.", ge=0)] = 0
    from_date: (
        Annotated[
            datetime,
            _must(
                "must be a time with a zone, such as 2024-01-15T10:30:00Z", "Completed at or after.", tz=True
            ),
        ]
        | UnsetType
    ) = UNSET
    to_date: (
        Annotated[
            datetime,
            _must(
                "must be a time with a zone, such as 2024-01-15T10:30:00Z", "Completed at or before.", tz=True
            ),
        ]
        | UnsetType
    ) = UNSET
    status: (
        Annotated[
            list[SignalStatus],
            _must(
                "must be processing, completed or failed",
                "Repeat for several; status[]=... is understood too.",
            ),
        ]
        | UnsetType
    ) = UNSET
    subscription_id: (
        Annotated[UUID, _must("must be a UUID", "Only runs of this subscription.")] | UnsetType
    ) = UNSET


class SyncHeaders(
    Struct,
    rename={"timeout_sec": "X-Sbr-Timeout-Sec", "timeout_error": "X-Sbr-Timeout-Error"},
    kw_only=True,
):
    timeout_sec: (
        Annotated[
            int,
            _must(
                "must be a whole number from 1 to 900",
                "Seconds to wait; the key's own setting when absent or 0.",
                ge=1,
                le=900,
            ),
        ]
        | UnsetType
    ) = UNSET
    timeout_error: Annotated[
        Literal["true", "false"],
        _must("must be true or false", '"true": answer 408 instead of 202 when time runs out.'),
    ] = "false"


class SignalPath(Struct, rename="camel"):
    signal_id: Annotated[str, Meta(pattern=SIGNAL_ID_PATTERN, description="UUID, lower case.")]


# ------------------------------------------------------------------ out


class TextValue(Struct):
    value: str | None


class BooleanValue(Struct):
    value: bool | None


class NumberValue(Struct):
    value: float | None


class ListValue(Struct):
    value: list[str] | None


class CurrencyValue(Struct):
    value: float | None
    currency: Annotated[str, Meta(description="ISO 4217.", examples=["USD"])] | UnsetType = UNSET


class OpenTextAnswer(Struct, rename="camel", tag_field="type", tag="open_text"):
    open_text: TextValue


class BooleanAnswer(Struct, tag_field="type", tag="boolean"):
    boolean: BooleanValue


class NumberAnswer(Struct, tag_field="type", tag="number"):
    number: NumberValue


class ListAnswer(Struct, tag_field="type", tag="list"):
    list: ListValue


class PercentageAnswer(Struct, tag_field="type", tag="percentage"):
    """42 means 42 %."""

    percentage: NumberValue


class CurrencyAnswer(Struct, tag_field="type", tag="currency"):
    currency: CurrencyValue


class UrlAnswer(Struct, tag_field="type", tag="url"):
    url: TextValue


class JsonSchemaAnswer(Struct, rename="camel", tag_field="type", tag="json_schema"):
    """The object itself, not wrapped in value."""

    json_schema: dict[str, Any]


Answer = (
    OpenTextAnswer
    | BooleanAnswer
    | NumberAnswer
    | ListAnswer
    | PercentageAnswer
    | CurrencyAnswer
    | UrlAnswer
    | JsonSchemaAnswer
)


class Source(Struct):
    """Where the answer stands: ``snippet`` is words of a stored copy of the page."""

    url: Annotated[str, Meta(extra_json_schema={"format": "uri"})]
    title: str
    snippet: str | UnsetType = UNSET


class SignalMetadata(Struct, rename="camel"):
    """Facts of the work. Further members may be there."""

    company_name: str | UnsetType = UNSET
    processing_time_ms: int | UnsetType = UNSET


class SignalResponse(Struct, rename="camel", kw_only=True):
    """A signal as it is accepted."""

    id: UUID
    status: SignalStatus
    question: str
    created_at: Time
    answer_type: AnswerTypeName | UnsetType = UNSET
    signal_type: Literal["COMPANY", "CONTACT"] | UnsetType = UNSET
    domain: str | UnsetType = UNSET


class SignalDetailResponse(SignalResponse, rename="camel", kw_only=True):
    """A signal; once it is completed with answer, confidence and sources."""

    completed_at: Time | UnsetType | None = UNSET
    answer: Answer | UnsetType | None = UNSET
    reasoning: str | UnsetType | None = UNSET
    confidence: Annotated[float, Meta(ge=0, le=1)] | UnsetType | None = UNSET
    sources: list[Source] | UnsetType | None = UNSET
    metadata: SignalMetadata | UnsetType = UNSET
    error: str | UnsetType | None = UNSET
    error_code: str | UnsetType | None = UNSET
    error_action: str | UnsetType | None = UNSET
    verification_mode: Literal["strict", "lenient"] | UnsetType = UNSET


class SignalListResponse(Struct):
    """One page of signals."""

    results: list[SignalDetailResponse]
    total: Annotated[int, Meta(description="Rows matching in all pages.")]
    limit: int
    offset: int
    count: Annotated[int, Meta(description="Rows in this page.")]


class CreditsBalance(Struct, rename="camel"):
    remaining_credits: Annotated[int, Meta(ge=0, examples=[58])]


class Connector(Struct):
    source: Literal["salesNavigator", "hubspotApp"]
    status: Literal["connected", "disconnected", "needs-authentication", "ready-to-connect", "error"]


class ConnectorsResponse(Struct):
    connectors: list[Connector]


class ErrorField(Struct):
    field: str
    message: str


class ErrorDebug(Struct):
    """Development only."""

    cause: str | UnsetType = UNSET


class ErrorBody(Struct, rename="camel", kw_only=True):
    type: Literal[
        "BAD_REQUEST",
        "VALIDATION",
        "UNPROCESSABLE_ENTITY",
        "NOT_FOUND",
        "CONFLICT",
        "UNAUTHORIZED",
        "FORBIDDEN",
        "PAYMENT_REQUIRED",
        "PAYLOAD_TOO_LARGE",
        "INTERNAL",
        "EXTERNAL",
        "TIMEOUT",
    ]
    code: Annotated[str, Meta(description="Stable; programs branch on it.")]
    request_id: UUID
    message: Annotated[str, Meta(description="For people; may change.")] | UnsetType = UNSET
    error_code: str | UnsetType = UNSET
    error_action: str | UnsetType = UNSET
    details: dict[str, Any] | UnsetType = UNSET
    fields: (
        Annotated[list[ErrorField], Meta(description="One per invalid field; only with VALIDATION.")]
        | UnsetType
    ) = UNSET
    debug: ErrorDebug | UnsetType = UNSET


class ErrorResponse(Struct):
    """Standard error envelope."""

    error: ErrorBody


class RateLimitErrorResponse(Struct, rename="camel"):
    """What the limiter of each key answers."""

    status_code: Literal[429]
    error: Literal["Too Many Requests"]
    message: str
    retry_after: Annotated[int, Meta(ge=0, description="Whole seconds to wait.")]
