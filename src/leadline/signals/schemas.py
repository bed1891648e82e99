"""Signals as they come in and go out (contract sections 6 to 9)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

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
    metadata: dict[str, Any] = {}  # processingTimeMs, pagesRead, pagesFetched, modelCalls, inputTokens, outputTokens, price, unreadable
