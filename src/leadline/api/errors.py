"""What failed, as an error of ours, and what is said of it."""

from __future__ import annotations

import asyncpg
from litestar.exceptions import HTTPException

from leadline.foundation.errors import (
    BadRequest,
    DatabaseUnavailable,
    LeadlineError,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
)
from leadline.foundation.log import get_logger
from leadline.wire.envelope import Rendered, rendered

log = get_logger(__name__)


def render(error: BaseException, request_id: str, *, debug: bool, flat: bool = False) -> Rendered:
    """The answer to a request that failed. What is no fault of the caller is logged here."""
    known = _known(error)
    if known.status >= 500:
        log.error("request failed", request_id=request_id, error=known.code, exc_info=error)
    cause = repr(error) if debug and known.status >= 500 else None
    return rendered(known, request_id, cause=cause, flat=flat)


def _known(error: BaseException) -> LeadlineError:
    match error:
        case LeadlineError():
            return error
        case asyncpg.InsufficientResourcesError():
            return DatabaseUnavailable(f"The database is out of room; nothing was changed ({error}).")
        case HTTPException(status_code=404):
            return NotFound("There is no such operation.")
        case HTTPException(status_code=405):
            methods = (error.headers or {}).get("allow", "").split(", ")
            return MethodNotAllowed(", ".join(sorted(set(methods) - {"OPTIONS"})))
        case HTTPException(status_code=413):
            return PayloadTooLarge("The body may have 1 MiB at most.")
        case HTTPException(status_code=code) if code < 500:
            return BadRequest(error.detail or None)
    return LeadlineError("Something went wrong on our side; nothing was changed unless said otherwise.")
