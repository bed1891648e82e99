"""How an account stands: whether its session lives, and whether it has a Sales Navigator seat."""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import quote

from leadline.connectors.people.unipile.client import UnipileClient
from leadline.connectors.people.unipile.replies import AccountState, text
from leadline.research.people import DirectoryError, DirectoryFault

State = Literal["connected", "disconnected", "needs-authentication", "error"]

_SOURCES: dict[str, tuple[State, str]] = {
    "CREDENTIALS": (
        "needs-authentication",
        "LinkedIn asks for the account's credentials: link it anew at Unipile.",
    ),
    "PERMISSIONS": (
        "needs-authentication",
        "LinkedIn asks for permissions: link the account anew at Unipile.",
    ),
    "STOPPED": ("disconnected", "The account is stopped at Unipile: start it there."),
    "ERROR": ("error", "Unipile reports an error of the account: look at it there."),
}
_FAULTS: dict[DirectoryFault, State] = {
    DirectoryFault.DISCONNECTED: "disconnected",
    DirectoryFault.CHECKPOINT: "needs-authentication",
    DirectoryFault.NOT_SUBSCRIBED: "error",
}


class Seen(NamedTuple):
    """``state`` None: the account could not be seen, and is what it was. ``problem`` says what to do."""

    state: State | None
    problem: str | None = None
    name: str = ""


def told(error: DirectoryError) -> Seen:
    """What a failure says of the account itself."""
    return Seen(_FAULTS.get(error.fault), error.message)


def closed(state: str) -> tuple[DirectoryFault, str]:
    """Why an account in this state is not asked."""
    fault = next((fault for fault, told in _FAULTS.items() if told == state), DirectoryFault.DISCONNECTED)
    return (
        fault,
        f"The Sales Navigator account is not asked: {state}. `leadline connections list` says what to do.",
    )


async def check(client: UnipileClient) -> Seen:
    """Ask the vendor how the account stands. Raises nothing of its own."""
    try:
        path = f"/api/v1/accounts/{quote(client.account.id, safe='')}"
        account = await client.state(path, AccountState)
        name = text(account.name)[:200]
        if account.type != "LINKEDIN":
            return Seen("error", "This is no LinkedIn account: link one at Unipile.", name)
        for source in account.sources:
            if source.status in _SOURCES:
                state, problem = _SOURCES[source.status]
                return Seen(state, problem, name)
            if source.status != "OK":
                return Seen(None, f"The account is not ready at Unipile ({text(source.status)[:40]}).", name)
        me = await client.me()
    except DirectoryError as error:
        if error.fault is DirectoryFault.INVALID_REQUEST:
            return Seen("disconnected", "Unipile has no such account: link it there, or replace its id.")
        return told(error)
    if me.sales_navigator is None:
        return Seen("error", "The account has no Sales Navigator seat.", name)
    return Seen("connected", None, name)
