"""What the events room shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to ``reference``. ``sequence`` counts an organisation's events from 1, without gaps.

    ``body`` is JSON, as the thing was shown on the wire when it happened.
    """

    id: UUID
    organisation_id: UUID
    sequence: int
    type: str  # such as "signal.completed"
    reference: UUID
    body: bytes
    created_at: datetime


Listener = Callable[[Connection, Sequence[Event]], Awaitable[None]]
"""Is given events as they are numbered, in the transaction that numbers them."""
