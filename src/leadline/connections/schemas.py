"""Connections as they are made, listed and used, and the states of connectors on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from msgspec import Struct

Status = Literal["connected", "disconnected", "needs-authentication", "ready-to-connect", "error"]
"""As contract section 19 names them. ``ready-to-connect``: linked, and never asked yet."""

DAILY_PROFILES, DAILY_RESULTS = 100, 2500
"""What is asked of one account a day unless its connection says otherwise: profiles read, people found."""


class NewConnection(NamedTuple):
    """An account to link. ``address`` is the origin that the vendor answers at."""

    connector: str
    account: str
    address: str
    secret: str
    daily_profiles: int = DAILY_PROFILES
    daily_results: int = DAILY_RESULTS


class Connection(NamedTuple):
    """A linked account as it is shown: never with its secret. ``last_error`` says what to do."""

    id: UUID
    connector: str
    account: str
    name: str
    address: str
    daily_profiles: int
    daily_results: int
    status: Status
    last_error: str | None
    checked_at: datetime | None
    created_at: datetime
    replaced_at: datetime | None


class Linked(NamedTuple):
    """A linked account as a connector uses it. ``secret`` is "" when it was encrypted with another key."""

    id: UUID
    connector: str
    account: str
    address: str
    secret: str
    daily_profiles: int
    daily_results: int
    status: Status

    @property
    def usable(self) -> bool:
        """Whether asking it has sense: otherwise its owner, or the operator, has to do something first."""
        return bool(self.secret) and self.status in ("connected", "ready-to-connect")

    def __repr__(self) -> str:
        return f"Linked({self.id}, {self.connector})"  # the secret must not get into a log


class Health(NamedTuple):
    """How a linked account was found. ``status`` None: it could not be seen, and is what it was."""

    status: Status | None
    error: str | None = None
    name: str = ""


# ------------------------------------------------------------------ on the wire


class Connector(Struct):
    source: Literal["salesNavigator", "hubspotApp"]
    status: Status


class ConnectorsResponse(Struct):
    connectors: list[Connector]
