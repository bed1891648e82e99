"""What can go wrong while a question is answered.

    ResearchError
     |- InvalidQuestion       the question itself cannot be asked; names the field
     |- FetchError            one address could not be read; carries a ``Reason``
     |- ModelError            the language model gave no usable reply
     |   |- ModelRateLimited      429; ``retry_after`` in seconds when it was stated
     |   |- ModelUnavailable      connection refused, time-out, 5xx, killed child
     |   |- ModelRefused          bad key, no such model, quota used up: trying again is useless
     |   |- ModelContextExceeded  the prompt does not fit
     |   `- ModelReplyInvalid     garbage, the wrong type, cut off, citations that do not exist
     |- StepError             a step on foreign words did not end in order
     |   |- StepOverran           it used up its time or memory
     |   `- StepFailed            an unexpected exception
     `- BudgetExceeded        pages, seconds, tokens or money of this question are used up

Failures of single pages are data (``Unreadable``), because one broken page must not end a question;
an exception leaves the engine only when nothing could be answered at all.
"""

from __future__ import annotations

from enum import StrEnum


class ResearchError(Exception):
    """A question could not be answered."""


class InvalidQuestion(ResearchError):
    """The question cannot be asked as it stands; ``field`` is its wire name."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Reason(StrEnum):
    """Why an address could not be read. The value is what traces and reports show."""

    NOT_RESOLVED = "not_resolved"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    TIMED_OUT = "timed_out"
    ADDRESS_REFUSED = "address_refused"  # private, loopback, link-local, metadata
    TOO_MANY_REDIRECTS = "too_many_redirects"
    LEFT_SITE = "left_site"  # redirected to another registrable domain
    NOT_FOUND = "not_found"  # 404 and 410: we looked, there is no such page
    FORBIDDEN = "forbidden"  # 401, 403, 451
    RATE_LIMITED = "rate_limited"  # 429
    SERVER_ERROR = "server_error"  # 5xx
    HTTP_ERROR = "http_error"  # any other status that is not a page
    TOO_LARGE = "too_large"
    NOT_TEXT = "not_text"
    UNDECODABLE = "undecodable"
    NEEDS_SCRIPT = "needs_script"  # the page shows nothing without JavaScript
    DISALLOWED = "disallowed"  # robots.txt says so
    ROBOTS_UNAVAILABLE = "robots_unavailable"  # robots.txt answered 5xx or not at all (RFC 9309, 2.3.1.4)
    EMPTY = "empty"
    TOO_COMPLEX = "too_complex"  # reading it used up the time or memory that one page is given
    NOT_STORED = "not_stored"  # read once, and kept no longer: answering on stored evidence cannot look at it
    OVER_BUDGET = "over_budget"  # not asked for: the question had made as many requests as it may
    READER_FAILED = "reader_failed"  # an unexpected fault of ours while reading it

    @property
    def looked(self) -> bool:
        """True when the failure itself tells that there is nothing to read at the address."""
        return self in (Reason.NOT_FOUND, Reason.EMPTY)


class FetchError(ResearchError):
    """One address could not be read."""

    def __init__(
        self, url: str, reason: Reason, detail: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{url}: {reason.value}{': ' + detail if detail else ''}")
        self.url = url
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


class StepError(ResearchError):
    """A step that computes on the words of foreign pages did not end in order."""


class StepOverran(StepError):
    """The step used up the time or memory that it is given; the message says which."""


class StepFailed(StepError):
    """The step raised an exception that nobody expected; the message is its type and text."""


class ModelError(ResearchError):
    """The language model gave no usable reply."""


class ModelRateLimited(ModelError):
    """The model's service asks for fewer calls."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelUnavailable(ModelError):
    """The model's service did not answer: refused, timed out, 5xx, or its process died."""


class ModelRefused(ModelError):
    """The model's service will not answer this caller: bad key, unknown model, quota used up."""


class ModelContextExceeded(ModelError):
    """The prompt is longer than the model's context."""


class ModelReplyInvalid(ModelError):
    """The reply cannot be used: garbage, cut off, the wrong type."""


class ModelBudgetExceeded(ModelError):
    """The call was not made, because it could pass a limit; ``limit`` is calls, tokens or price."""

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message)
        self.limit = limit
