"""The errors that reach a user, with their place on the wire (contract section 3.1).

    LeadlineError              500  INTERNAL
     |- InvalidInput           422  VALIDATION             names each field and what to do
     |- BadRequest             400  BAD_REQUEST
     |   `- NotConnected                                   an account must be linked first
     |- Unauthorized           401  UNAUTHORIZED
     |- PaymentRequired        402  PAYMENT_REQUIRED
     |- Forbidden              403  FORBIDDEN
     |- NotFound               404  NOT_FOUND
     |- Conflict               409  CONFLICT
     |   `- KeyInUse                                       a request with the same Idempotency-Key is being answered
     |- KeyReused              422  UNPROCESSABLE_ENTITY   its Idempotency-Key belongs to another request
     |- PayloadTooLarge        413  PAYLOAD_TOO_LARGE
     |- MethodNotAllowed       405  NOT_FOUND              names the methods that the path has
     |- WaitTimedOut           408  TIMEOUT
     |- ReadTimedOut           408  TIMEOUT
     |- TooManyRequests        429  TIMEOUT                an operation's own limit; a key's has a flat body
     |- ExternalFailed         502  EXTERNAL               what had to be asked could not be
     |- ConfigurationError     500  INTERNAL               a setting is wrong: stops the start
     |- GatewayTimeout         504  TIMEOUT                somebody else's service was too slow
     `- Unavailable            503  TIMEOUT                not now; nothing was changed
         `- DatabaseUnavailable                            the database does not answer

``leadline.wire`` renders them; nothing below it knows of HTTP beyond these numbers. A type has one status; only
TIMEOUT has several, because the contract gives it several, and a 405 is a NOT_FOUND: there is no such operation.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple


class FieldError(NamedTuple):
    """One invalid member of the input: its wire name, and what to do about it."""

    field: str
    message: str

    def __str__(self) -> str:
        """The sentence with its subject."""
        named = f"'{self.field}'"
        return self.message if self.message.startswith(named) else f"{named}: {self.message}"


class LeadlineError(Exception):
    """Something went wrong inside Leadline."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "INTERNAL"
    code: ClassVar[str] = "INTERNAL_ERROR"

    error_code: ClassVar[str | None] = None
    """A public code that somebody else's service is known by."""
    error_action: ClassVar[str | None] = None
    """What the caller can do about that."""

    def __init__(self, message: str | None = None, *, details: dict[str, Any] | None = None) -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.details = details
        super().__init__(self.message)


class InvalidInput(LeadlineError):
    """The input is invalid."""

    status = 422
    type = "VALIDATION"
    code = "VALIDATION_ERROR"

    def __init__(self, *fields: FieldError | tuple[str, str], message: str | None = None) -> None:
        self.fields = tuple(FieldError(*f) for f in fields)
        super().__init__(message or "; ".join(map(str, self.fields)) or None)


class BadRequest(LeadlineError):
    """The request cannot be read."""

    status = 400
    type = "BAD_REQUEST"
    code = "BAD_REQUEST"


class NotConnected(BadRequest):
    """No people directory is connected."""

    code = "CONNECTOR_NOT_CONNECTED"
    error_code = "SALES_NAVIGATOR_NOT_CONNECTED"
    error_action = "Link a Sales Navigator account, or import people with leadline people import."


class Unauthorized(LeadlineError):
    """The API key is missing, unknown or revoked."""

    status = 401
    type = "UNAUTHORIZED"
    code = "UNAUTHORIZED"


class PaymentRequired(LeadlineError):
    """There are not enough credits left."""

    status = 402
    type = "PAYMENT_REQUIRED"
    code = "INSUFFICIENT_CREDITS"


class Forbidden(LeadlineError):
    """The API key may not do this."""

    status = 403
    type = "FORBIDDEN"
    code = "FORBIDDEN"


class NotFound(LeadlineError):
    """There is no such object for this organisation."""

    status = 404
    type = "NOT_FOUND"
    code = "NOT_FOUND"


class Conflict(LeadlineError):
    """The object is not in a state that allows this."""

    status = 409
    type = "CONFLICT"
    code = "CONFLICT"


class KeyInUse(Conflict):
    """A request with this Idempotency-Key is being answered; send it again in a moment."""

    code = "IDEMPOTENCY_KEY_IN_USE"


class KeyReused(LeadlineError):
    """This Idempotency-Key was sent with another request within 24 hours; choose a new key for a new request."""

    status = 422
    type = "UNPROCESSABLE_ENTITY"
    code = "IDEMPOTENCY_KEY_REUSED"


class PayloadTooLarge(LeadlineError):
    """The body is too large."""

    status = 413
    type = "PAYLOAD_TOO_LARGE"
    code = "PAYLOAD_TOO_LARGE"


class MethodNotAllowed(LeadlineError):
    """This path does not know the method."""

    status = 405
    type = "NOT_FOUND"
    code = "METHOD_NOT_ALLOWED"

    def __init__(self, allowed: str = "") -> None:
        """``allowed``: the methods that the path knows, as in the Allow header."""
        self.allowed = allowed
        super().__init__(f"This path knows {allowed} only." if allowed else None)


class WaitTimedOut(LeadlineError):
    """The answer was not ready in the time given; the work goes on."""

    status = 408
    type = "TIMEOUT"
    code = "TIMEOUT"


class ReadTimedOut(LeadlineError):
    """The request did not come to its end in time."""

    status = 408
    type = "TIMEOUT"
    code = "REQUEST_TIMEOUT"


class TooManyRequests(LeadlineError):
    """This operation is limited; slow down."""

    status = 429
    type = "TIMEOUT"
    code = "TOO_MANY_REQUESTS"

    def __init__(self, retry_after: int) -> None:
        """``retry_after``: whole seconds."""
        self.retry_after = retry_after
        super().__init__(f"This operation is limited; try again in {retry_after} s.")


class ExternalFailed(LeadlineError):
    """Nothing that had to be asked for this could be reached."""

    status = 502
    type = "EXTERNAL"
    code = "EXTERNAL_ERROR"


class ConfigurationError(LeadlineError):
    """A setting is wrong."""


class GatewayTimeout(LeadlineError):
    """A service that was asked was too slow; nothing was changed."""

    status = 504
    type = "TIMEOUT"
    code = "TIMEOUT"


class Unavailable(LeadlineError):
    """The server cannot answer now; nothing was changed."""

    status = 503
    type = "TIMEOUT"
    code = "UNAVAILABLE"


class DatabaseUnavailable(Unavailable):
    """The database does not answer; nothing was changed."""

    code = "DATABASE_UNAVAILABLE"
