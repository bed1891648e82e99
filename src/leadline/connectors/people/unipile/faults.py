"""The vendor's errors, translated. The list of their types is open: what is not here falls into its status's class."""

from __future__ import annotations

import re

import msgspec

from leadline.research.people import DirectoryError, DirectoryFault

_F = DirectoryFault
_RELINK = "link the account anew at Unipile, then run `leadline connections test`"
_CONFIRM = "its owner must answer what LinkedIn asks, at Unipile; then run `leadline connections test`"
_TOKEN = "replace the access token (`leadline connections replace`), or link the account anew at Unipile"  # noqa: S105
_SEAT = "it needs a Sales Navigator seat"
_LATER = "try again later"

_TYPES: dict[str, tuple[DirectoryFault, str]] = {
    "missing_credentials": (_F.CHECKPOINT, _TOKEN),
    "invalid_credentials": (_F.CHECKPOINT, _TOKEN),
    "expired_credentials": (_F.CHECKPOINT, _TOKEN),
    "multiple_sessions": (_F.UNAVAILABLE, "another session of the account is at work; " + _LATER),
    "disconnected_account": (_F.DISCONNECTED, _RELINK),
    "disconnected_feature": (_F.DISCONNECTED, _RELINK),
    "wrong_account": (_F.DISCONNECTED, _RELINK),
    "invalid_account": (_F.DISCONNECTED, _RELINK),
    "expired_link": (_F.DISCONNECTED, _RELINK),
    "checkpoint_error": (_F.CHECKPOINT, _CONFIRM),
    "account_restricted": (_F.CHECKPOINT, _CONFIRM),
    "action_required": (_F.CHECKPOINT, _CONFIRM),
    "account_mismatch": (_F.DISCONNECTED, _RELINK),
    "session_mismatch": (_F.DISCONNECTED, _RELINK),
    "unknown_authentication_context": (_F.DISCONNECTED, _RELINK),
    "feature_not_subscribed": (_F.NOT_SUBSCRIBED, _SEAT),
    "subscription_required": (_F.NOT_SUBSCRIBED, _SEAT),
    "insufficient_privileges": (_F.NOT_SUBSCRIBED, _SEAT),
    "insufficient_permissions": (_F.NOT_SUBSCRIBED, _SEAT),
    "resource_access_restricted": (_F.INVALID_REQUEST, "the account may not see this"),
    "too_many_requests": (_F.RATE_LIMITED, _LATER),
    "limit_exceeded": (_F.RATE_LIMITED, _LATER),
}
_STATUSES: dict[int, tuple[DirectoryFault, str]] = {
    400: (_F.INVALID_REQUEST, "it was not understood"),
    401: (_F.DISCONNECTED, _RELINK),
    404: (_F.INVALID_REQUEST, "there is no such thing"),
    422: (_F.INVALID_REQUEST, "it was not understood"),
    429: (_F.RATE_LIMITED, _LATER),
}
_NOT_THERE = frozenset({"resource_not_found", "invalid_resource_identifier"})
_LIMIT_WORDS = re.compile(
    r"too many|rate.?limit|limit (?:was |is |has been )?(?:reached|exceeded)", re.IGNORECASE
)
COOLING = 3600.0  # seconds to leave an account alone that LinkedIn limits, unless the vendor says how long


class _Problem(msgspec.Struct):
    type: str = ""
    title: str = ""
    detail: str = ""


class Refusal(DirectoryError):
    """The vendor refused. ``kind`` is the last part of its error's type, "" when it names none."""

    def __init__(
        self, fault: DirectoryFault, message: str, status: int, kind: str, retry_after: float | None
    ) -> None:
        super().__init__(fault, message, retry_after=retry_after)
        self.status = status
        self.kind = kind

    @property
    def nobody(self) -> bool:
        """Whether it says that there is nobody, or nothing, under the identifier."""
        return self.status == 404 and self.kind in _NOT_THERE


def refusal(status: int, body: bytes, retry_after: float | None) -> Refusal:
    """What an answer that is no success means. Nothing the vendor wrote is repeated but the kind of the error."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem()
    kind = problem.type.rpartition("/")[2]
    kind = kind if re.fullmatch(r"[a-z_]{1,60}", kind) else ""
    fault, hint = _TYPES.get(kind) or _STATUSES.get(status) or (_F.UNAVAILABLE, _LATER)
    if status >= 500 and _LIMIT_WORDS.search(f"{problem.title} {problem.detail}"):
        fault, hint = _F.RATE_LIMITED, _LATER  # LinkedIn's limits are told by a 429 or by a 500
    if fault is _F.RATE_LIMITED and retry_after is None:
        retry_after = COOLING
    return Refusal(
        fault, f"Unipile answered {status} {kind}".rstrip() + f": {hint}.", status, kind, retry_after
    )
