"""Errors on the wire: the envelope of contract section 3.1, and the two flat bodies beside it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.foundation.errors import (
    InvalidInput,
    KeyInUse,
    LeadlineError,
    MethodNotAllowed,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)


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


class LegacyErrorResponse(Struct):
    """What some operations of an older API answered."""

    error: Annotated[str, Meta(description="Stable; programs branch on it.")]
    message: str
    details: list[ErrorField] | UnsetType = UNSET


class Rendered(NamedTuple):
    """An error as status, body and headers."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]


def rendered(
    error: LeadlineError, request_id: str, *, cause: str | None = None, flat: bool = False
) -> Rendered:
    """The answer to a request that failed. ``cause`` is shown in development; ``flat``: contract section 3.3."""
    fields = [{"field": f.field, "message": f.message} for f in getattr(error, "fields", ())]
    body: dict[str, Any]
    if flat:
        body = {"error": error.code, "message": error.message}
        if fields:
            body["details"] = fields
        return Rendered(error.status, msgspec.json.encode(body), _headers(error))
    body = {"type": error.type, "code": error.code, "message": error.message, "requestId": request_id}
    if error.error_code is not None:
        body["errorCode"] = error.error_code
    if error.error_action is not None:
        body["errorAction"] = error.error_action
    if error.details is not None:
        body["details"] = error.details
    if fields and isinstance(error, InvalidInput):
        body["fields"] = fields
    if cause is not None:
        body["debug"] = {"cause": cause}
    whole: dict[str, Any] = {"error": body}
    if isinstance(error, TooManyRequests):
        whole["retryAfter"] = error.retry_after  # where the command-line client looks for it
    return Rendered(error.status, msgspec.json.encode(whole), _headers(error))


def limited(retry_after: int) -> Rendered:
    """The flat body of a key's limit (contract section 3.2)."""
    body = {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Rate limit exceeded",
        "retryAfter": retry_after,
    }
    return Rendered(429, msgspec.json.encode(body), ((b"retry-after", b"%d" % retry_after),))


def _headers(error: LeadlineError) -> tuple[tuple[bytes, bytes], ...]:
    match error:
        case Unauthorized():
            return ((b"www-authenticate", b"Bearer"),)
        case KeyInUse():
            return ((b"retry-after", b"1"),)
        case Unavailable():
            return ((b"retry-after", b"5"),)
        case MethodNotAllowed(allowed=methods) if methods:
            return ((b"allow", methods.encode()),)
        case TooManyRequests(retry_after=seconds):
            return ((b"retry-after", b"%d" % seconds),)
    return ()
