"""Contact lists over HTTP (contract section 17)."""

from __future__ import annotations

from typing import Protocol

from leadline.contact_lists import service
from leadline.contact_lists.schemas import (
    ContactList,
    ContactListContactsResponse,
    ContactListsResponse,
    ContactsQuery,
    CreateContactListRequest,
    ListPath,
    ListsQuery,
    UpdateContactListRequest,
)
from leadline.contact_lists.service import ContactLists
from leadline.foundation.database import Database
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations

ALL = "/v1/contacts/lists"
ONE = ALL + "/{listId}"


class Needs(Protocol):
    @property
    def database(self) -> Database: ...
    @property
    def contact_lists(self) -> ContactLists: ...


class PageCall(Call):
    query: ListsQuery


class CreateCall(Call):
    body: CreateContactListRequest


class OneCall(Call):
    path: ListPath


class RenameCall(OneCall):
    body: UpdateContactListRequest


class PeopleCall(OneCall):
    query: ContactsQuery


operations = Operations[Needs]("Contact Lists")


@operations.get(
    ALL,
    id="listContactLists",
    summary="List contact lists",
    answers={200: Answer("Lists.", ContactListsResponse)},
    errors=(400,),
)
async def list_lists(needs: Needs, call: PageCall) -> ContactListsResponse:
    query = call.query
    items, total = await service.page(
        needs.database.repeatable, call.caller.organisation_id, query.limit, query.offset
    )
    return ContactListsResponse.of(items, total, query.limit, query.offset)


@operations.post(
    ALL,
    id="createContactList",
    summary="Search people and keep the result as a list",
    answers={201: Answer("Stored, contactCount final.", ContactList)},
    errors=(400, 504),
)
async def create_list(needs: Needs, call: CreateCall) -> ContactList:
    return await needs.contact_lists.create(
        call.caller.organisation_id, call.body.name, call.body.filters, key_id=call.caller.key_id
    )


@operations.get(
    ONE,
    id="getContactList",
    summary="Read a contact list",
    answers={200: Answer("The list.", ContactList)},
    errors=(404,),
)
async def get_list(needs: Needs, call: OneCall) -> ContactList:
    return await service.get(
        needs.database.repeatable, call.caller.organisation_id, service.list_id(call.path.list_id)
    )


@operations.put(
    ONE,
    id="updateContactList",
    summary="Rename a contact list",
    answers={200: Answer("The list.", ContactList)},
    errors=(400, 404),
)
async def update_list(needs: Needs, call: RenameCall) -> ContactList:
    return await service.rename(
        needs.database.repeatable,
        call.caller.organisation_id,
        service.list_id(call.path.list_id),
        call.body.name,
    )


@operations.delete(
    ONE,
    id="deleteContactList",
    summary="Delete a contact list and its people",
    answers={204: Answer("Gone for good.")},
    errors=(404,),
)
async def delete_list(needs: Needs, call: OneCall) -> None:
    await service.delete(
        needs.database.repeatable, call.caller.organisation_id, service.list_id(call.path.list_id)
    )


@operations.get(
    ONE + "/contacts",
    id="getContactListContacts",
    summary="Page through the stored people",
    answers={200: Answer("In stored order; free.", ContactListContactsResponse)},
    errors=(400, 404),
)
async def list_people(needs: Needs, call: PeopleCall) -> ContactListContactsResponse:
    query = call.query
    items, total = await service.people(
        needs.database.repeatable,
        call.caller.organisation_id,
        service.list_id(call.path.list_id),
        query.limit,
        query.offset,
    )
    return ContactListContactsResponse.of(items, total, query.limit, query.offset)
