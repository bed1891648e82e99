"""Signals as they come in and go out (contract sections 6 to 9)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.accounts.schemas import MAX_SYNC_TIMEOUT
from leadline.companies.schemas import CompanyProfile
from leadline.models.schemas import ModelCall
from leadline.research.answer_types import ANSWER_TYPES, AnswerType
from leadline.research.model import Page, Proof, VerificationMode
from leadline.research.model import Source as CitedSource
from leadline.wire.fields import DOMAIN_PATTERN, Domain, Id, Moment, Time, WebhookUrl, shown
from leadline.wire.pages import Offset, PageSize25, PageSize100, ResultsPage
from leadline.wire.questions import MAX_QUESTION, AnswerTypeName, Question, Weight

SignalStatus = Literal["processing", "completed", "failed"]
MAX_PAGES = 500
"""Pages of one question; a site is not mirrored."""

MAX_SYNC_BATCH, MAX_BATCH = 100, 20_000
"""Signals of one batch; contract section 13."""
BatchQuestion = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_QUESTION,
        extra={"must": f"must be text, not empty, of at most {MAX_QUESTION} characters"},
    ),
]
BatchDomain = Annotated[
    str,
    shown("Bare host name: no scheme, no path.", pattern=DOMAIN_PATTERN, examples=["acme.com"]),
]
Mode = Annotated[
    str,
    shown(
        "strict: only sourced facts. lenient: estimates allowed.",
        enum=[mode.value for mode in VerificationMode],
    ),
]


class SignalRequest(Struct, frozen=True, kw_only=True, rename="camel"):
    """A question to ask, as a caller states it; nothing is checked yet.

    It is about the company at ``domain``, or, with ``contact_profile_url``, about the person of that profile.
    """

    domain: str = ""
    contact_profile_url: str | None = None
    question: Question
    answer_type: AnswerTypeName = "open_text"
    output_schema: dict[str, Any] | None = None
    verification_mode: Mode = "strict"
    force_refresh: bool = False
    max_pages: Annotated[int, Meta(ge=1, le=MAX_PAGES)] | None = None
    webhook_url: str | None = None
    template_id: UUID | None = None
    template_version: int | None = None
    sales_navigator: str = "auto"


class SourceView(msgspec.Struct, frozen=True):
    url: str
    title: str
    snippet: str


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One signal of one organisation. Times are UTC.

    ``domain`` is "" for a signal about a person; ``contact_name`` is None until the person was looked up.
    """

    id: str
    organisation_id: str
    status: SignalStatus
    domain: str
    contact_profile_url: str | None = None
    contact_name: str | None = None
    question: str
    answer_type: str
    output_schema: dict[str, Any] | None
    verification_mode: str
    created_at: datetime
    completed_at: datetime | None = None
    answer: Any = None  # canonical value (see answer_types.base), not the wire form
    confidence: float | None = None
    confidence_basis: str | None = None
    reasoning: str | None = None
    sources: tuple[SourceView, ...] = ()
    error: str | None = None
    error_code: str | None = None
    error_action: str | None = None
    metadata: dict[str, Any] = {}
    """Facts of the work: processingTimeMs, pagesRead, modelCalls, inputTokens, priceUsd, unreadable."""

    @property
    def subject(self) -> str:
        """What the question is about, for people: the domain, or the person's name or profile."""
        return self.domain or self.contact_name or self.contact_profile_url or ""


class QuoteCheck(msgspec.Struct, frozen=True):
    """A quote re-checked offline; ``fault`` is None when it stands as cited.

    ``redacted``: its page names somebody who was erased since, so that it can be neither proven nor refuted; ``fault``
    says so.
    """

    url: str
    snippet: str
    fault: str | None
    proof: Proof
    redacted: bool = False


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to a question, to be laid beside another. ``answer`` is canonical; ``verdict``: what verification said of
    the draft, "" where it is not known. ``price_usd`` is None when the price of the model is not known.
    """

    reader: str
    failed: bool
    answer: Any
    confidence: float | None
    quotes: tuple[SourceView, ...]
    verdict: str
    reasoning: str
    error_code: str | None
    model_calls: int
    input_tokens: int
    output_tokens: int
    price_usd: float | None
    seconds: float
    held_back: bool = False


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A signal answered again on what is stored. ``missing``: the addresses of what was read and is stored no longer."""

    signal: Signal
    before: Answered
    after: Answered
    pages: int
    missing: tuple[str, ...] = ()

    @property
    def difference(self) -> str:
        """same, other (another answer), found (none before), lost (none now, though all was looked at), or not looked:
        none now, and something could not be looked at. Held back, where either is: whether they agree would tell of it.
        """
        if self.before.held_back or self.after.held_back:
            return "held back"
        before, after = self.before.answer, self.after.answer
        if after is None and (self.after.failed or self.after.error_code):
            return "not looked"
        if before is None or after is None:
            return "same" if before is after else "found" if before is None else "lost"
        plain = [msgspec.to_builtins(wire_numbers(one)) for one in (before, after)]
        return "same" if plain[0] == plain[1] else "other"


class TraceStep(msgspec.Struct, frozen=True):
    """What one step of the engine returned. ``seconds`` is how long it took."""

    step: str
    seconds: float
    saved_at: datetime
    value: dict[str, Any]


class HeldBack(msgspec.Struct, frozen=True):
    """An answer that is not given, as it is stored."""

    answer: Any
    confidence: float
    threshold: float
    sources: tuple[CitedSource, ...] = ()  # with their proofs


class TracedPage(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot that was read for a signal."""

    snapshot_id: str
    url: str
    title: str
    fetched_at: datetime
    body_sha256: str = ""

    @classmethod
    def of(cls, page: Page) -> TracedPage:
        return cls(
            snapshot_id=page.snapshot_id,
            url=page.url,
            title=page.content.title,
            fetched_at=page.fetched_at,
            body_sha256=page.body_sha256,
        )


class SignalTrace(msgspec.Struct, frozen=True):
    """How a signal came to its answer: the steps in their order, the paid calls, the pages that were read."""

    signal: Signal
    steps: tuple[TraceStep, ...]
    model_calls: tuple[ModelCall, ...]
    pages: tuple[TracedPage, ...] = ()


def wire_numbers(value: Any) -> Any:
    """The same value with whole numbers as JSON integers: clients refuse ``5.0`` (contract section 1)."""
    match value:
        case Decimal():
            return wire_numbers(float(value))
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case dict():
            return {key: wire_numbers(member) for key, member in value.items()}
        case list() | tuple():
            return [wire_numbers(member) for member in value]
    return value


# ------------------------------------------------------------------ on the wire, in


class ConnectorSwitch(Struct):
    enabled: Annotated[str, Meta(examples=["off"])] | UnsetType = UNSET


class ConnectorsConfig(Struct, rename="camel"):
    """Per-request connector switches."""

    sales_navigator: ConnectorSwitch | UnsetType = UNSET


class CreateCompanySignalRequest(Struct, rename="camel", kw_only=True):
    """Send question or signalTemplateId; with both, the template wins."""

    any_of: ClassVar[tuple[str, ...]] = ("question", "signalTemplateId")
    example: ClassVar[dict[str, Any]] = {
        "domain": "example.com",
        "question": "Do they have a SOC 2 certificate?",
        "answerType": "boolean",
    }

    domain: Domain
    question: Question | UnsetType = UNSET
    answer_type: AnswerTypeName = "open_text"
    output_schema: (
        Annotated[
            dict[str, Any],
            Meta(description="JSON Schema of the wanted object; needed when answerType is json_schema."),
        ]
        | UnsetType
    ) = UNSET
    webhook_url: WebhookUrl | UnsetType = UNSET
    weight: Annotated[Weight, Meta(description="How much the signal matters.")] = "important"
    qualification_criteria: (
        Annotated[dict[str, Any], Meta(description="Maps answer values to a qualification.")] | UnsetType
    ) = UNSET
    signal_template_id: (
        Annotated[UUID, Meta(description="Takes question and answerType from this template.")] | UnsetType
    ) = UNSET
    force_refresh: Annotated[bool, Meta(description="Skip the cache.")] = False
    connectors: (
        Annotated[
            ConnectorsConfig,
            Meta(
                description="Connector switches.",
                extra={"must": 'must be an object such as {"salesNavigator": {"enabled": "off"}}'},
            ),
        ]
        | UnsetType
    ) = UNSET
    verification_mode: Mode = "strict"


class CreateContactSignalRequest(Struct, rename="camel", kw_only=True):
    """Send question or signalTemplateId; with both, the template wins."""

    any_of: ClassVar[tuple[str, ...]] = ("question", "signalTemplateId")
    example: ClassVar[dict[str, Any]] = {
        "contactProfileUrl": "https://www.linkedin.com/in/johndoe",
        "question": "What is their current role?",
    }

    contact_profile_url: Annotated[
        str,
        shown(
            "Profile to research.",
            format="uri",
            examples=["https://linkedin.com/in/johndoe"],
        ),
    ]
    question: Question | UnsetType = UNSET
    answer_type: AnswerTypeName = "open_text"
    output_schema: (
        Annotated[
            dict[str, Any],
            Meta(description="JSON Schema of the wanted object; needed when answerType is json_schema."),
        ]
        | UnsetType
    ) = UNSET
    webhook_url: WebhookUrl | UnsetType = UNSET
    weight: Annotated[Weight, Meta(description="How much the signal matters.")] = "important"
    qualification_criteria: (
        Annotated[dict[str, Any], Meta(description="Maps answer values to a qualification.")] | UnsetType
    ) = UNSET
    signal_template_id: (
        Annotated[UUID, Meta(description="Takes question and answerType from this template.")] | UnsetType
    ) = UNSET
    force_refresh: Annotated[bool, Meta(description="Skip the cache.")] = False
    connectors: (
        Annotated[
            ConnectorsConfig,
            Meta(
                description="Connector switches.",
                extra={"must": 'must be an object such as {"salesNavigator": {"enabled": "off"}}'},
            ),
        ]
        | UnsetType
    ) = UNSET
    verification_mode: Mode = "strict"


class BatchSignalItem(Struct, rename="camel", kw_only=True):
    """One question of a batch."""

    any_of: ClassVar[tuple[str, ...]] = ("question", "signalTemplateId")

    question: BatchQuestion | UnsetType = UNSET
    answer_type: AnswerTypeName = "open_text"
    output_schema: (
        Annotated[
            dict[str, Any],
            Meta(description="JSON Schema of the wanted object; needed when answerType is json_schema."),
        ]
        | UnsetType
    ) = UNSET
    webhook_url: WebhookUrl | UnsetType = UNSET
    weight: Annotated[Weight, Meta(description="How much the signal matters.")] = "important"
    qualification_criteria: (
        Annotated[dict[str, Any], Meta(description="Maps answer values to a qualification.")] | UnsetType
    ) = UNSET
    signal_template_id: (
        Annotated[UUID, Meta(description="Takes question and answerType from this template.")] | UnsetType
    ) = UNSET
    force_refresh: Annotated[bool, Meta(description="Skip the cache.")] = False
    connectors: Annotated[ConnectorsConfig, Meta(description="Connector switches.")] | UnsetType = UNSET
    verification_mode: Mode = "strict"


class CreateSignalBatchRequest(Struct, rename="camel", kw_only=True):
    """Every signal is run on every domain."""

    example: ClassVar[dict[str, Any]] = {
        "domains": ["example.com", "example.org"],
        "signals": [{"question": "Do they have a SOC 2 certificate?", "answerType": "boolean"}],
    }

    signals: Annotated[list[BatchSignalItem], Meta(min_length=1)]
    domains: Annotated[list[BatchDomain], Meta(min_length=1)]
    async_: Annotated[
        bool,
        Meta(
            description=f"Queue the work; raises the cap from {MAX_SYNC_BATCH} to {MAX_BATCH} signals.",
        ),
    ] = msgspec.field(default=False, name="async")
    generate_summary_on_complete: Annotated[
        bool, Meta(description="Summarise each domain once its signals are done.")
    ] = False
    dry_run: Annotated[
        bool, Meta(description="Only say what it would cost at most; nothing is accepted.")
    ] = False


class ListSignalsQuery(Struct, rename="camel", kw_only=True):
    domain: Domain | UnsetType = UNSET
    company_id: Annotated[str, Meta(description="Company id.")] | UnsetType = UNSET
    limit: PageSize25 = 25
    offset: Offset = 0
    from_date: Annotated[Moment, Meta(description="Completed at or after.")] | UnsetType = UNSET
    to_date: Annotated[Moment, Meta(description="Completed at or before.")] | UnsetType = UNSET
    status: (
        Annotated[list[SignalStatus], Meta(description="Repeat for several; status[]=... is understood too.")]
        | UnsetType
    ) = UNSET
    subscription_id: Annotated[UUID, Meta(description="Only runs of this subscription.")] | UnsetType = UNSET


class ListContactSignalsQuery(Struct, rename="camel", kw_only=True):
    contact_profile_url: Annotated[str, shown("Profile URL.", format="uri")] | UnsetType = UNSET
    limit: PageSize25 = 25
    offset: Offset = 0


class SyncHeaders(
    Struct,
    rename={"timeout_sec": "X-Sbr-Timeout-Sec", "timeout_error": "X-Sbr-Timeout-Error"},
    kw_only=True,
):
    timeout_sec: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=MAX_SYNC_TIMEOUT,
                description="Seconds to wait; the key's own setting when absent or 0.",
                extra={"absent": "0"},
            ),
        ]
        | UnsetType
    ) = UNSET
    timeout_error: Annotated[
        Literal["true", "false"],
        Meta(description='"true": answer 408 instead of 202 when time runs out.'),
    ] = "false"


class SignalPath(Struct, rename="camel"):
    signal_id: Id


class SnapshotPath(Struct, rename="camel"):
    snapshot_id: Id


Character = Annotated[
    int, Meta(ge=0, description="A character of the page's canonical text, counted from 0.")
]


class ShowSnapshotQuery(Struct, rename="camel", kw_only=True):
    signal: Annotated[UUID, Meta(description="Mark a quote of this signal.")] | UnsetType = UNSET
    quote: (
        Annotated[
            int,
            Meta(ge=1, description="Which quote of the signal, counted from 1; the first if none is named."),
        ]
        | UnsetType
    ) = UNSET
    start: Character | UnsetType = UNSET
    end: Annotated[int, Meta(ge=0, description="Where the words end, exclusive.")] | UnsetType = UNSET
    script: (
        Annotated[
            int, Meta(ge=0, description="Count the characters in this JSON-LD script of the page instead.")
        ]
        | UnsetType
    ) = UNSET


class BatchPath(Struct, rename="camel"):
    batch_id: Id


class BatchRowsQuery(Struct):
    limit: PageSize100 = 25
    offset: Offset = 0


class FollowHeaders(Struct, rename={"last_event_id": "Last-Event-ID"}):
    last_event_id: Annotated[
        str,
        Meta(
            pattern="^([0-9]{1,18}|trace-[0-9]{1,6}|end)$",
            description="The id of the last event that was seen: what came after it is sent.",
        ),
    ] = ""


# ------------------------------------------------------------------ on the wire, out


def _answer(kind: AnswerType) -> type[Struct]:
    """The wire form of an answer of that type: its name, and its value under its key."""
    name = "".join(part.capitalize() for part in kind.name.split("_"))
    held = msgspec.defstruct(f"{name}Value", [("value", kind.wire | None)]) if kind.wrapped else kind.wire
    return msgspec.defstruct(
        f"{name}Answer",
        [(kind.key, held)],
        namespace={"__doc__": type(kind).__doc__},
        tag_field="type",
        tag=kind.name,
    )


if TYPE_CHECKING:
    Answer = Any
else:
    Answer = reduce(or_, map(_answer, ANSWER_TYPES.values()))


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
    domain: Annotated[str, Meta(description="Company signals.")] | UnsetType = UNSET
    contact_profile_url: (
        Annotated[str, Meta(description="Contact signals.", extra_json_schema={"format": "uri"})] | UnsetType
    ) = UNSET


class BatchResultItem(Struct, rename="camel", kw_only=True):
    """What became of one question about one domain."""

    id: Annotated[UUID, Meta(description="Absent when rejected.")] | UnsetType = UNSET
    status: Annotated[str, Meta(description="processing, completed (cache hit) or rejected.")]
    domain: str
    question: str
    created_at: Time | UnsetType = UNSET
    error: str | UnsetType = UNSET


class SignalBatchResponse(Struct, rename="camel", kw_only=True):
    """What became of a batch."""

    submitted_at: Time
    total_signals: int
    accepted: int | UnsetType = UNSET
    rejected: int | UnsetType = UNSET
    results: Annotated[list[BatchResultItem], Meta(description="Sync mode.")] | UnsetType = UNSET
    batch_id: Annotated[str, Meta(description="Always present in async mode.")] | UnsetType = UNSET
    status: Annotated[str, Meta(description="Async mode.")] | UnsetType = UNSET
    async_: Annotated[bool, Meta(description="True in async mode.")] | UnsetType = msgspec.field(
        default=UNSET, name="async"
    )
    expected_credits: (
        Annotated[int, Meta(description="Of a dry run: what it would cost at most.")] | UnsetType
    ) = UNSET


class SignalBatch(Struct, rename="camel", kw_only=True):
    """How far a batch is. A row counts by the state of its signal, also where it shares that with another row."""

    batch_id: UUID
    status: Annotated[
        Literal["processing", "completed"], Meta(description="completed: no row is processing.")
    ]
    submitted_at: Time
    total_signals: int
    accepted: int
    rejected: int
    processing: int
    completed: int
    failed: int


class SignalBatchRows(ResultsPage[BatchResultItem]):
    """Rows of a batch, in the order of questions and, within one, of domains."""


class SignalStep(Struct, rename="camel", omit_defaults=True):
    """What a running signal told."""

    step: Annotated[
        str, Meta(description="plan, collect, rank, answer (the draft), verify (the verdict), settle, …")
    ]
    detail: str
    at: Time
    facts: dict[str, Any] = msgspec.field(default_factory=dict)


class ChangeDelta(Struct, rename="camel"):
    """What changed in the answer."""

    type: Annotated[str, Meta(description="Upper-case answer kind.", examples=["LIST"])]
    added: Annotated[list[str], Meta(description="LIST: new members.")] | UnsetType = UNSET
    removed: Annotated[list[str], Meta(description="LIST: members gone.")] | UnsetType = UNSET
    previous: Annotated[Any, Meta(description="Scalar kinds: value before.")] = UNSET
    current: Annotated[Any, Meta(description="Scalar kinds: value now.")] = UNSET
    difference: Annotated[float, Meta(description="Numeric kinds: current minus previous.")] | UnsetType = (
        UNSET
    )


class ChangeContext(Struct, rename="camel"):
    """Comparison with the previous execution of the same question on the same target."""

    change_type: Annotated[
        str,
        Meta(
            description="NEW: the first run. CHANGED: the fact changed. UNCHANGED. NOT_JUDGED: it could not be told.",
            examples=["CHANGED"],
        ),
    ]
    change_delta: ChangeDelta | UnsetType = UNSET
    previous_signal_id: Annotated[UUID, Meta(description="Execution compared with.")] | UnsetType = UNSET
    changed_fields: Annotated[list[str], Meta(description="Top-level fields touched.")] | UnsetType = UNSET
    added_fields: Annotated[list[str], Meta(description="Fields that appeared.")] | UnsetType = UNSET
    updated_fields: (
        Annotated[list[str], Meta(description="Fields with a new value; nested ones as dot paths.")]
        | UnsetType
    ) = UNSET
    removed_fields: Annotated[list[str], Meta(description="Fields that vanished.")] | UnsetType = UNSET


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
    change_context: ChangeContext | UnsetType | None = UNSET
    company: CompanyProfile | UnsetType | None = UNSET


class SignalListResponse(ResultsPage[SignalDetailResponse]):
    """One page of signals."""
