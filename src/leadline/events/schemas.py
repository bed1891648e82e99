"""What the events room shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from leadline.foundation.database import Connection
from leadline.wire.fields import Time


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


class EventsQuery(msgspec.Struct, kw_only=True):
    after: Annotated[int, Meta(ge=0, le=2**62, description="The highest sequence that was seen.")] = 0
    limit: Annotated[int, Meta(ge=1, le=1000, description="Page size.")] = 100


class EventView(msgspec.Struct, rename="camel", kw_only=True):
    """Something that happened. Sequences count an organisation's events from 1, without gaps."""

    id: UUID
    sequence: int
    type: Annotated[str, Meta(examples=["signal.completed"])]
    reference: Annotated[UUID, Meta(description="What it happened to.")]
    created_at: Time
    data: Annotated[dict[str, Any], Meta(description="The thing as it was shown then.")]


class EventsResponse(msgspec.Struct, rename="camel", kw_only=True):
    """What happened after a sequence, in order. Ask again with the last one's while ``hasMore``."""

    items: list[EventView]
    last: Annotated[int, Meta(description="The highest sequence there is.")]
    oldest: Annotated[int, Meta(description="The lowest that is kept: what was before it is deleted.")] | None
    has_more: bool


Listener = Callable[[Connection, Sequence[Event]], Awaitable[None]]
"""Is given events as they are numbered, in the transaction that numbers them."""
