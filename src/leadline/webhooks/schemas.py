"""What the webhooks room shows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from leadline.wire.fields import Moment, Time, wire_time
from leadline.wire.pages import ItemsPage, Offset, PageSize100

State = Literal["pending", "delivered", "failed"]


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
    status: State
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


# ------------------------------------------------------------------ the wire


class DeliveriesQuery(msgspec.Struct, rename="camel", kw_only=True):
    reference: Annotated[UUID, Meta(description="What the event happened to.")] | UnsetType = UNSET
    url: Annotated[str, Meta(description="The receiver's address, whole.")] | UnsetType = UNSET
    status: Annotated[State, Meta(description="How the call stands.")] | UnsetType = UNSET
    from_date: Annotated[Moment, Meta(description="Made at or after.")] | UnsetType = UNSET
    to_date: Annotated[Moment, Meta(description="Made before.")] | UnsetType = UNSET
    limit: PageSize100 = 20
    offset: Offset = 0


class DeliveryPath(msgspec.Struct, rename="camel"):
    delivery_id: UUID


class WebhookDelivery(msgspec.Struct, rename="camel", kw_only=True):
    """A call of a webhook, over all its tries."""

    id: Annotated[UUID, Meta(description="The header webhook-id of the call.")]
    reference: Annotated[UUID, Meta(description="What the event happened to.")]
    url: str
    status: Annotated[State, Meta(description="failed: given up.")]
    attempts: Annotated[int, Meta(description="Tries so far.")]
    next_attempt_at: Annotated[Time, Meta(description="Of a call that is pending.")] | None
    last_status: Annotated[int, Meta(description="The HTTP status of the last try.")] | None
    last_error: str | None
    created_at: Time

    @classmethod
    def of(cls, one: DeliveryStatus) -> WebhookDelivery:
        return cls(
            id=one.id,
            reference=one.reference,
            url=one.url,
            status=one.status,
            attempts=one.attempts,
            next_attempt_at=wire_time(one.next_attempt_at) if one.status == "pending" else None,
            last_status=one.last_status,
            last_error=one.last_error,
            created_at=wire_time(one.created_at),
        )


class WebhookDeliveriesResponse(ItemsPage[WebhookDelivery]):
    """One page of calls."""


class ReplayRequest(msgspec.Struct, rename="camel", kw_only=True):
    example: ClassVar[dict[str, Any]] = {"fromDate": "2026-11-01T00:00:00Z", "failedOnly": True}

    from_date: Annotated[Moment, Meta(description="Calls made at or after.")]
    to_date: Annotated[Moment, Meta(description="Calls made before; without it, all since.")] | None = None
    failed_only: Annotated[bool, Meta(description="Only the calls that were given up.")] = False


class ReplayResponse(msgspec.Struct, rename="camel", kw_only=True):
    calls: Annotated[int, Meta(description="How many will be made again.")]
