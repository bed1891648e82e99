"""What the webhooks room shows."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One call to make. ``id`` is the consumer's idempotency key; ``attempts`` counts the one being made."""

    id: UUID
    organisation_id: UUID
    signal_id: UUID
    url: str
    body: bytes
    attempts: int


class DeliveryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a call stands."""

    id: UUID
    signal_id: UUID
    url: str
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    next_attempt_at: datetime
    last_status: int | None
    last_error: str | None
