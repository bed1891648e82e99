"""Contact search over HTTP (contract section 16)."""

from __future__ import annotations

from typing import Protocol

from leadline.contacts import service
from leadline.contacts.schemas import (
    ContactSearchRequest,
    ContactSearchResponse,
    ErasedPerson,
    NamedPersonQuery,
    PersonExport,
    PersonPath,
)
from leadline.contacts.service import ContactSearch, Privacy, person_id
from leadline.foundation.database import Database
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations
from leadline.wire.pages import MOST_OFFSET


class Needs(Protocol):
    @property
    def contacts(self) -> ContactSearch: ...
    @property
    def privacy(self) -> Privacy: ...
    @property
    def database(self) -> Database: ...


class SearchCall(Call):
    body: ContactSearchRequest


class PersonCall(Call):
    path: PersonPath


class NamedPersonCall(Call):
    query: NamedPersonQuery


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
        offset=min(body.offset, MOST_OFFSET),
        key_id=caller.key_id,
    )
    return service.response(found, body.limit, body.offset)


@operations.get(
    "/v1/contacts/people/{personId}/export",
    id="exportPerson",
    summary="Everything that is held of a person",
    answers={200: Answer("With where each part was found.", PersonExport)},
    errors=(404,),
)
async def export_person(needs: Needs, call: PersonCall) -> PersonExport:
    found = await needs.privacy.export(call.caller.organisation_id, person_id(call.path.person_id))
    return PersonExport(found)


@operations.delete(
    "/v1/contacts/people/{personId}",
    id="erasePerson",
    summary="Erase a person everywhere, for good",
    answers={200: Answer("How much was erased, of each kind.", ErasedPerson)},
    errors=(404,),
)
async def erase_person(needs: Needs, call: PersonCall) -> ErasedPerson:
    found = await needs.privacy.erase(call.caller.organisation_id, person_id(call.path.person_id))
    return ErasedPerson(found)


@operations.delete(
    "/v1/contacts/people",
    id="eraseNamedPerson",
    summary="Erase whom a profile's address names, kept here or not",
    answers={200: Answer("How much was erased, of each kind; again, nothing more is.", ErasedPerson)},
    errors=(400, 404),
)
async def erase_named_person(needs: Needs, call: NamedPersonCall) -> ErasedPerson:
    found = await service.erase_named(
        needs.database, needs.privacy, call.caller.organisation_id, call.query.person
    )
    return ErasedPerson(found)
