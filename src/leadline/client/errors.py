"""What can go wrong between a client and a server.

ClientError
 |- ServerUnreachable      no answer came
 |- UnexpectedAnswer       an answer came that is not this API's
 |- WaitTimedOut           the signal was not finished in time; it goes on
 `- ApiError               the server refused; its subclasses are named by the status
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from leadline.client.schemas import FieldError, Signal


class ClientError(Exception):
    """Something went wrong. ``request_id`` names the request in the server's log, if there was one."""

    def __init__(self, message: str, request_id: str | None = None) -> None:
        self.message = message
        self.request_id = request_id
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message} (request {self.request_id})" if self.request_id else self.message


class ServerUnreachable(ClientError):
    """No answer came. ``perhaps_taken`` tells whether the server may have done what was asked."""

    def __init__(self, message: str, request_id: str | None, *, perhaps_taken: bool) -> None:
        super().__init__(message, request_id)
        self.perhaps_taken = perhaps_taken


class UnexpectedAnswer(ClientError):
    """The answer is not one of this API: often a wrong base address, or a proxy in between."""

    def __init__(self, message: str, request_id: str | None, status: int) -> None:
        super().__init__(message, request_id)
        self.status = status


class WaitTimedOut(ClientError):
    """The signal was not finished in time. The work goes on: read it by ``signal_id`` later."""

    def __init__(self, signal_id: str, seconds: float, last_seen: Signal | None) -> None:
        super().__init__(f"Signal {signal_id} was not finished after {seconds:g} s; the work goes on.")
        self.signal_id = signal_id
        self.last_seen = last_seen


class ApiError(ClientError):
    """The server refused. Programs branch on ``code`` (contract section 3.1), never on ``message``."""

    def __init__(
        self,
        message: str,
        request_id: str | None,
        *,
        status: int,
        type: str,  # noqa: A002 - the wire's name
        code: str,
        error_code: str | None = None,
        error_action: str | None = None,
        fields: Sequence[FieldError] = (),
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, request_id)
        self.status = status
        self.type = type
        self.code = code
        self.error_code = error_code
        self.error_action = error_action
        self.fields = tuple(fields)
        self.details = details or {}
        self.retry_after = retry_after

    def __str__(self) -> str:
        known = f"{self.status} {self.code}"
        return f"{self.message} ({known}, request {self.request_id})" if self.request_id else self.message


class BadRequest(ApiError):
    """400: the request cannot be read."""


class Unauthorized(ApiError):
    """401: the key is missing, unknown or revoked."""


class PaymentRequired(ApiError):
    """402: there are not enough credits."""


class Forbidden(ApiError):
    """403: the key may not do this."""


class NotFound(ApiError):
    """404: there is no such thing for this organisation."""


class RequestTimedOut(ApiError):
    """408: the answer was not ready in the time the request gave."""


class Conflict(ApiError):
    """409: the state of the thing does not allow it."""


class InvalidInput(ApiError):
    """422: ``fields`` tells what is wrong."""


class RateLimited(ApiError):
    """429: too many requests; ``retry_after`` is in seconds."""


class ServerFault(ApiError):
    """5xx: the server's fault, or that of a proxy."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    408: RequestTimedOut,
    409: Conflict,
    422: InvalidInput,
    429: RateLimited,
}


def refusal(
    status: int, body: bytes, request_id: str | None, retry_after: float | None
) -> ApiError | UnexpectedAnswer:
    """The error that an answer of 400 or above stands for.

    Reads the envelope (contract section 3.1), the limiter's flat body (3.2) and the flat legacy bodies (3.3).
    """
    try:
        wire = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        wire = None
    kind = _BY_STATUS.get(status, ServerFault if status >= 500 else ApiError)
    stated = wire.get("error") if isinstance(wire, dict) else None
    if not isinstance(wire, dict) or not isinstance(stated, dict | str):
        if status in (408, 429) or status >= 500:  # a proxy on the way says this too
            code = "TOO_MANY_REQUESTS" if status == 429 else "UNKNOWN"
            return kind(
                f"The server, or a proxy before it, answered {status}.",
                request_id,
                status=status,
                type="TIMEOUT" if status in (408, 429, 504) else "EXTERNAL",
                code=code,
                retry_after=retry_after,
            )
        return UnexpectedAnswer(
            f"The server answered {status}, but not as this API does: check the base address.",
            request_id,
            status,
        )
    if retry_after is None and isinstance(wire.get("retryAfter"), int | float):
        retry_after = float(wire["retryAfter"])
    if isinstance(stated, str):
        return kind(
            _text(wire, "message") or stated,
            request_id,
            status=status,
            type="TIMEOUT" if status == 429 else stated,
            code="TOO_MANY_REQUESTS" if status == 429 else stated,
            fields=_fields(wire.get("details")),
            retry_after=retry_after,
        )
    details = stated.get("details")
    return kind(
        _text(stated, "message") or f"The server answered {status}.",
        _text(stated, "requestId") or request_id,
        status=status,
        type=_text(stated, "type") or "",
        code=_text(stated, "code") or "",
        error_code=_text(stated, "errorCode"),
        error_action=_text(stated, "errorAction"),
        fields=_fields(stated.get("fields")),
        details=details if isinstance(details, dict) else None,
        retry_after=retry_after,
    )


def _text(wire: dict[str, Any], name: str) -> str | None:
    member = wire.get(name)
    return member if isinstance(member, str) else None


def _fields(wire: Any) -> list[FieldError]:
    entries = wire if isinstance(wire, list) else []
    return [
        FieldError(_text(entry, "field") or "", _text(entry, "message") or "")
        for entry in entries
        if isinstance(entry, dict)
    ]
