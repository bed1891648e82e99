"""What the webhooks room shows."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One call to make of an event. ``id`` is the consumer's idempotency key; ``attempts``: calls made so far."""

    id: UUID
    organisation_id: UUID
    event_id: UUID
    reference: UUID
    url: str
    signed: bool
    attempts: int


class DeliveryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a call stands."""

    id: UUID
    reference: UUID
    url: str
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    next_attempt_at: datetime
    last_status: int | None
    last_error: str | None
    created_at: datetime


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver that has not taken its last calls. ``failed``: given up; ``pending``: still to be called."""

    url: str
    failed: int
    pending: int
    last_error: str | None
    last_delivered_at: datetime | None
