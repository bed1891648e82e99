"""Contact search over HTTP (contract section 16)."""

from __future__ import annotations

from typing import Protocol

from leadline.contacts import service
from leadline.contacts.schemas import ContactSearchRequest, ContactSearchResponse
from leadline.contacts.service import ContactSearch
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations


class Needs(Protocol):
    @property
    def contacts(self) -> ContactSearch: ...


class SearchCall(Call):
    body: ContactSearchRequest


operations = Operations[Needs]("Contact Search")


@operations.post(
    "/v1/contacts/search",
    id="searchContacts",
    summary="Search people",
    answers={200: Answer("A page, or an empty page with salesNavConnected false.", ContactSearchResponse)},
    errors=(400, 422),
    outside=True,
)
async def search_contacts(needs: Needs, call: SearchCall) -> ContactSearchResponse:
    body, caller = call.body, call.caller
    found = await needs.contacts.search(
        caller.organisation_id,
        service.wanted_of(body),
        limit=body.limit,
        offset=body.offset,
        key_id=caller.key_id,
    )
    return service.response(found, body.limit, body.offset)
