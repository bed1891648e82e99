"""Signals as they come in and go out (contract sections 6 to 9)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from leadline.models.schemas import ModelCall
from leadline.research.answer_types import answer_type

SignalStatus = Literal["processing", "completed", "failed"]


class SignalRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A question to ask, as a caller states it; nothing is checked yet."""

    domain: str
    question: str
    answer_type: str = "open_text"
    output_schema: dict[str, Any] | None = None
    verification_mode: str = "strict"
    force_refresh: bool = False
    max_pages: int | None = None
    webhook_url: str | None = None


class SourceView(msgspec.Struct, frozen=True):
    url: str
    title: str
    snippet: str


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One signal of one organisation. Times are UTC."""

    id: str
    organisation_id: str
    status: SignalStatus
    domain: str
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


class QuoteCheck(msgspec.Struct, frozen=True):
    """A quote re-checked offline; ``fault`` is None when it stands as cited."""

    url: str
    snippet: str
    fault: str | None


class TraceStep(msgspec.Struct, frozen=True):
    """What one step of the engine returned. ``seconds`` is how long it took."""

    step: str
    seconds: float
    saved_at: datetime
    value: dict[str, Any]


class TracedPage(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot that was read for a signal."""

    snapshot_id: str
    url: str
    title: str
    fetched_at: datetime


class SignalTrace(msgspec.Struct, frozen=True):
    """How a signal came to its answer: the steps in their order, the paid calls, the pages that were read."""

    signal: Signal
    steps: tuple[TraceStep, ...]
    model_calls: tuple[ModelCall, ...]
    pages: tuple[TracedPage, ...] = ()


def to_wire(signal: Signal) -> dict[str, Any]:
    """The contract's SignalDetailResponse; a signal that is still processing shows its question only."""
    wire: dict[str, Any] = {
        "id": signal.id,
        "status": signal.status,
        "signalType": "COMPANY",
        "domain": signal.domain,
        "question": signal.question,
        "answerType": signal.answer_type,
        "createdAt": wire_time(signal.created_at),
    }
    if signal.status == "processing":
        return wire
    answered = signal.answer is not None
    return wire | {
        "verificationMode": signal.verification_mode,
        "completedAt": wire_time(signal.completed_at) if signal.completed_at else None,
        "answer": wire_numbers(answer_type(signal.answer_type).to_wire(signal.answer)) if answered else None,
        "confidence": signal.confidence,
        "reasoning": signal.reasoning,
        "sources": [{"url": s.url, "title": s.title, "snippet": s.snippet} for s in signal.sources],
        "metadata": wire_numbers(signal.metadata)
        | ({"confidenceBasis": signal.confidence_basis} if signal.confidence_basis else {}),
        "error": signal.error,
        "errorCode": signal.error_code,
        "errorAction": signal.error_action,
    }


def wire_time(moment: datetime) -> str:
    """RFC 3339 in UTC with ``Z`` (contract section 1)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


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
