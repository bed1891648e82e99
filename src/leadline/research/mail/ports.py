"""What is asked of the world about a domain's mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from leadline.research.model import Value


class Routing(Value, frozen=True, kw_only=True):
    """Where a domain's mail goes. ``accepts`` False: it takes none, and says so; None: that could not be looked up.

    ``hosts`` are its mail servers, the preferred first.
    """

    accepts: bool | None
    hosts: tuple[str, ...] = ()
    detail: str = ""


class Mailbox(StrEnum):
    """What a mail server says of an address."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"  # there is no such mailbox
    UNKNOWN = "unknown"  # it did not say: asked to come back later, refuses us, hung up


class Probed(Value, frozen=True, kw_only=True):
    """What a domain's server said. ``accept_all``: it accepts any local part, so that nothing follows for one of them;
    None: that is not known."""

    accept_all: bool | None = None
    mailboxes: Mapping[str, Mailbox] = {}
    detail: str = ""


class MailRouter(Protocol):
    """Looks up where mail of a domain goes."""

    async def routing(self, domain: str, seconds: float) -> Routing: ...


class MailboxProbe(Protocol):
    """Asks mail servers about addresses of one domain, the likeliest first, until one is accepted. Sends no mail."""

    async def probe(self, hosts: Sequence[str], addresses: Sequence[str], seconds: float) -> Probed: ...
