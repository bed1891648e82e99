"""Errors as they leave the house: the envelope of contract section 3.1."""

from __future__ import annotations

from typing import Any, NamedTuple

import asyncpg
import msgspec
from litestar.exceptions import HTTPException

from leadline.foundation.errors import (
    BadRequest,
    DatabaseUnavailable,
    InvalidInput,
    LeadlineError,
    NotFound,
    PayloadTooLarge,
    Unauthorized,
)
from leadline.foundation.log import get_logger

log = get_logger(__name__)


class MethodNotAllowed(BadRequest):
    """This path does not know the method."""

    status = 405
    code = "METHOD_NOT_ALLOWED"


class Rendered(NamedTuple):
    """An error as status, body and headers."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]


def render(error: BaseException, request_id: str, *, debug: bool) -> Rendered:
    """The answer to a request that failed. What is no fault of the caller is logged here."""
    known = _known(error)
    if known.status >= 500:
        log.error("request failed", request_id=request_id, error=known.code, exc_info=error)
    body: dict[str, Any] = {
        "type": known.type,
        "code": known.code,
        "message": known.message,
        "requestId": request_id,
    }
    if known.details is not None:
        body["details"] = known.details
    if isinstance(known, InvalidInput) and known.fields:
        body["fields"] = [{"field": f.field, "message": f.message} for f in known.fields]
    if debug and known.status >= 500:
        body["debug"] = {"cause": repr(error)}
    return Rendered(known.status, msgspec.json.encode({"error": body}), _headers(known, error))


def _known(error: BaseException) -> LeadlineError:
    match error:
        case LeadlineError():
            return error
        case asyncpg.InsufficientResourcesError():
            return DatabaseUnavailable(f"The database is out of room; nothing was changed ({error}).")
        case HTTPException(status_code=404):
            return NotFound("There is no such operation.")
        case HTTPException(status_code=405):
            return MethodNotAllowed()
        case HTTPException(status_code=413):
            return PayloadTooLarge("The body may have 1 MiB at most.")
        case HTTPException(status_code=code) if code < 500:
            return BadRequest(error.detail or None)
    return LeadlineError("Something went wrong on our side; nothing was changed unless said otherwise.")


def _headers(known: LeadlineError, error: BaseException) -> tuple[tuple[bytes, bytes], ...]:
    match known:
        case Unauthorized():
            return ((b"www-authenticate", b"Bearer"),)
        case DatabaseUnavailable():
            return ((b"retry-after", b"5"),)
        case MethodNotAllowed() if isinstance(error, HTTPException) and error.headers:
            allowed = error.headers.get("allow", "")
            return ((b"allow", allowed.encode("latin-1")),)
    return ()
