"""What a server sends (contract sections 3 to 8, 18 and 19), as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, convert

Time = Annotated[datetime, Meta(tz=True)]


class FieldError(Struct, frozen=True):
    """One invalid member of a request."""

    field: str
    message: str


class Source(Struct, frozen=True):
    """Where an answer stands: ``snippet`` is what the page says there."""

    url: str
    title: str = ""
    snippet: str = ""


class Connector(Struct, frozen=True):
    """A linked account of the organisation, and its state."""

    source: str
    status: str


class Step(Struct, frozen=True):
    """What a running signal told: ``step`` is collect (pages), answer (the draft), verify (the verdict) or another."""

    step: str
    detail: str
    facts: dict[str, Any] = {}


class Signal(Struct, frozen=True, kw_only=True, rename="camel"):
    """One question about one company or person, as the server knows it.

    ``answer`` is the contract's tagged object; ``value`` is what stands in it. ``confidence`` is from 0 to 1.
    A completed signal without an answer was not answered by what could be read; with an ``error_code`` beside
    it, not everything could be read.
    """

    id: str
    status: Literal["processing", "completed", "failed"]
    created_at: Time
    domain: str = ""
    contact_profile_url: str | None = None
    question: str = ""
    answer_type: str = "open_text"
    signal_type: str = "COMPANY"
    verification_mode: str = "strict"
    completed_at: Time | None = None
    answer: dict[str, Any] | None = None
    confidence: float | None = None
    reasoning: str | None = None
    sources: tuple[Source, ...] = ()
    metadata: dict[str, Any] = {}
    error: str | None = None
    error_code: str | None = None
    error_action: str | None = None
    change_context: dict[str, Any] | None = None
    """Against the run before, for a signal of a subscription: ``changeType``, ``changeDelta`` and others."""

    @property
    def finished(self) -> bool:
        return self.status != "processing"

    @property
    def value(self) -> Any:
        """The answer: text, bool, number, list, ``{"value", "currency"}``, or the object of a JSON Schema.

        None when there is no answer.
        """
        if self.answer is None:
            return None
        kind = str(self.answer.get("type", self.answer_type))
        first, *more = kind.split("_")
        inner = self.answer.get(first + "".join(part.capitalize() for part in more), self.answer.get(kind))
        if kind in ("json_schema", "currency") or not isinstance(inner, dict):
            return inner
        return inner.get("value")


class Page(Struct, frozen=True):
    """One page of signals."""

    results: tuple[Signal, ...]
    total: int


def signal_from(wire: Any) -> Signal:
    """Null members count as left out (contract section 1). Raises msgspec.ValidationError."""
    return convert(_given(wire), Signal)


def page_from(wire: Any) -> Page:
    """Raises msgspec.ValidationError."""
    if isinstance(wire, dict) and isinstance(wire.get("results"), list):
        wire = {**wire, "results": [_given(one) for one in wire["results"]]}
    return convert(wire, Page)


def _given(wire: Any) -> Any:
    if not isinstance(wire, dict):
        return wire
    members = {name: member for name, member in wire.items() if member is not None}
    if isinstance(members.get("sources"), list):
        members["sources"] = [_given(source) for source in members["sources"]]
    return members
