"""What happened, over HTTP: for receivers that missed calls."""

from __future__ import annotations

from typing import Protocol

from msgspec import Raw

from leadline.events import service
from leadline.events.schemas import EventsQuery, EventsResponse
from leadline.foundation.database import Database
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations


class Needs(Protocol):
    @property
    def database(self) -> Database: ...


class ListCall(Call):
    query: EventsQuery


operations = Operations[Needs]("Events")


@operations.get(
    "/v1/events",
    id="listEvents",
    summary="What happened after a sequence, in order and without gaps",
    answers={200: Answer("In the order of their sequences.", EventsResponse)},
    errors=(400,),
)
async def list_events(needs: Needs, call: ListCall) -> Raw:
    query = call.query
    return Raw(
        await service.page(needs.database.repeatable, call.caller.organisation_id, query.after, query.limit)
    )
