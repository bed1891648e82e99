"""Directories that could not be asked: what a signal says of them, and what to do about it."""

from __future__ import annotations

from leadline.research.model import Value
from leadline.research.people import DirectoryFault

SALES_NAVIGATOR = "salesNavigator"
NOT_CONNECTED = "not_connected"  # beside the values of DirectoryFault

_ADVICE: dict[str, tuple[str, str, str]] = {
    DirectoryFault.RATE_LIMITED: (
        "RATE_LIMIT_EXCEEDED",
        "{name} data is currently unavailable due to rate limits.",
        'You can: (1) set connectors.salesNavigator.enabled="off" to skip LinkedIn, (2) connect another account, '
        "or (3) ask again in 24 hours, when the limits reset.",
    ),
    DirectoryFault.DISCONNECTED: (
        "DISCONNECTED",
        "The linked {name} account is disconnected.",
        'Connect the account again, or set connectors.salesNavigator.enabled="off" to skip LinkedIn.',
    ),
    DirectoryFault.CHECKPOINT: (
        "CHECKPOINT",
        "{name} wants the account's owner to confirm something.",
        "Have the account's owner sign in there and confirm, then ask again.",
    ),
    DirectoryFault.NOT_SUBSCRIBED: (
        "NOT_SUBSCRIBED",
        "The linked {name} account has no subscription for this.",
        'Connect an account that has one, or set connectors.salesNavigator.enabled="off" to skip LinkedIn.',
    ),
    DirectoryFault.INVALID_REQUEST: (
        "REQUEST_REFUSED",
        "{name} refused the request for this profile.",
        "Check the address of the profile.",
    ),
    DirectoryFault.UNAVAILABLE: ("UNAVAILABLE", "{name} did not answer.", "Ask again later."),
    DirectoryFault.BAD_REPLY: (
        "BAD_REPLY",
        "{name} answered with something that is no profile.",
        "Ask again later; if it stays so, report it.",
    ),
    NOT_CONNECTED: (
        "NOT_CONNECTED",
        "No {name} account is connected.",
        'Connect an account, or leave connectors.salesNavigator.enabled at "auto".',
    ),
}


class Missed(Value, frozen=True, kw_only=True):
    """A directory that could not be asked. ``why``: a DirectoryFault, or not_connected."""

    directory: str
    why: str
    detail: str = ""

    def outcome(self) -> tuple[str, str, str]:
        """The code, what happened, and what to do."""
        code, happened, action = _ADVICE[self.why]
        linked = self.directory == SALES_NAVIGATOR
        name = "LinkedIn" if linked else "The people directory"
        return f"{'LINKEDIN' if linked else 'DIRECTORY'}_{code}", happened.format(name=name), action
