"""Company lists over HTTP (contract section 21)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from msgspec import field

from leadline.companies import service as companies
from leadline.company_lists import service
from leadline.company_lists.schemas import (
    CompanyFilterRequest,
    CompanyList,
    CompanyListCompaniesResponse,
    CompanyListsResponse,
    CompanyListWriteRequest,
    CompanySearchResponse,
    CountPreviewResponse,
    ExportCompanyListRequest,
    ImportCompanyListRequest,
    ImportedCompanyList,
    ListPath,
    ListsQuery,
    MembersQuery,
)
from leadline.foundation.database import Database
from leadline.foundation.errors import BadRequest
from leadline.wire.answers import Csv
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations

ALL = "/v1/companies/lists"
ONE = ALL + "/{listId}"


class Needs(Protocol):
    @property
    def database(self) -> Database: ...
    @property
    def reserved_hosts(self) -> Collection[str]: ...


class PageCall(Call):
    query: ListsQuery


class WriteCall(Call):
    body: CompanyListWriteRequest


class FilterCall(Call):
    body: CompanyFilterRequest


class ImportCall(Call):
    body: ImportCompanyListRequest


class OneCall(Call):
    path: ListPath


class ChangeCall(OneCall):
    body: CompanyListWriteRequest


class MembersCall(OneCall):
    query: MembersQuery


class ExportCall(OneCall):
    body: ExportCompanyListRequest = field(default_factory=ExportCompanyListRequest)


operations = Operations[Needs]("Company Lists")


@operations.get(
    ALL,
    id="listCompanyLists",
    summary="List company lists",
    answers={200: Answer("Lists.", CompanyListsResponse)},
)
async def list_lists(needs: Needs, call: PageCall) -> CompanyListsResponse:
    query = call.query
    items, total = await service.page(
        needs.database.repeatable, call.caller.organisation_id, query.limit, query.offset
    )
    return CompanyListsResponse.of(items, total, query.limit, query.offset)


@operations.post(
    ALL,
    id="createCompanyList",
    summary="Save a filter as a list",
    answers={201: Answer("The list.", CompanyList)},
    errors=(400, 402, 422),
    charge="Nothing: only companies that are known are looked up.",
)
async def create_list(needs: Needs, call: WriteCall) -> CompanyList:
    return await service.create(
        needs.database.repeatable,
        call.caller.organisation_id,
        call.body.name,
        call.body.filter,
        reserved_hosts=needs.reserved_hosts,
    )


@operations.post(
    ALL + "/count-preview",
    id="countPreviewCompanyList",
    summary="Count matches and price a list",
    answers={200: Answer("Free; nothing is stored.", CountPreviewResponse)},
    errors=(400,),
)
async def count_preview(needs: Needs, call: FilterCall) -> CountPreviewResponse:
    _, total = await companies.search(needs.database.repeatable, call.body.filter, 0, 0)
    return CountPreviewResponse(total, 0)


@operations.post(
    ALL + "/import",
    id="importCompanyList",
    summary="Build a list from HubSpot",
    answers={201: Answer("The list.", ImportedCompanyList)},
    errors=(400, 422, 502),
)
async def import_list(needs: Needs, call: ImportCall) -> ImportedCompanyList:
    raise BadRequest(
        "No HubSpot installation is connected; make the list of domains instead (POST /v1/companies/lists)."
    )


@operations.get(
    ONE,
    id="getCompanyList",
    summary="Read a company list",
    answers={200: Answer("The list.", CompanyList)},
    errors=(404,),
)
async def get_list(needs: Needs, call: OneCall) -> CompanyList:
    return await service.get(
        needs.database.repeatable, call.caller.organisation_id, service.list_id(call.path.list_id)
    )


@operations.put(
    ONE,
    id="updateCompanyList",
    summary="Change a company list",
    answers={200: Answer("The list.", CompanyList)},
    errors=(400, 404),
)
async def update_list(needs: Needs, call: ChangeCall) -> CompanyList:
    return await service.change(
        needs.database.repeatable,
        call.caller.organisation_id,
        service.list_id(call.path.list_id),
        call.body.name,
        call.body.filter,
        reserved_hosts=needs.reserved_hosts,
    )


@operations.delete(
    ONE,
    id="deleteCompanyList",
    summary="Soft-delete a company list",
    answers={204: Answer("Marked deleted.")},
    errors=(404,),
)
async def delete_list(needs: Needs, call: OneCall) -> None:
    await service.delete(
        needs.database.repeatable, call.caller.organisation_id, service.list_id(call.path.list_id)
    )


@operations.get(
    ONE + "/companies",
    id="getCompanyListCompanies",
    summary="Page through the companies",
    answers={200: Answer("Companies.", CompanyListCompaniesResponse)},
    errors=(404,),
)
async def list_companies(needs: Needs, call: MembersCall) -> CompanyListCompaniesResponse:
    query = call.query
    items, total = await service.members(
        needs.database.repeatable,
        call.caller.organisation_id,
        service.list_id(call.path.list_id),
        query.limit,
        query.offset,
    )
    return CompanyListCompaniesResponse.of(items, total, query.limit, query.offset)


@operations.post(
    ONE + "/export",
    id="exportCompanyList",
    summary="Export as CSV",
    answers={200: Answer("CSV file.", media_type="text/csv")},
    errors=(400, 404),
)
async def export_list(needs: Needs, call: ExportCall) -> Csv:
    chunks = await service.export(
        needs.database.repeatable,
        call.caller.organisation_id,
        service.list_id(call.path.list_id),
        call.body.fields or (),
        call.body.signal_template_ids or (),
    )
    return Csv("companies.csv", chunks)


@operations.post(
    "/v1/companies/search",
    id="searchCompanies",
    summary="Preview up to 50 matches",
    answers={200: Answer("Matches; nothing stored.", CompanySearchResponse)},
    errors=(400,),
)
async def search_companies(needs: Needs, call: FilterCall) -> CompanySearchResponse:
    found, total = await companies.search(needs.database.repeatable, call.body.filter, service.PREVIEWED, 0)
    return CompanySearchResponse(found, total)
