"""Company lists as they come in and go out (contract section 21)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.companies.schemas import CompanyListFilter, CompanyProfile
from leadline.wire.fields import Time
from leadline.wire.pages import ItemsPage, Offset, PageSize100

MAX_NAME = 200

ListName = Annotated[str, Meta(max_length=MAX_NAME, extra={"blank": True})]


class CompanyList(Struct, rename="camel", kw_only=True):
    """A saved filter."""

    id: str
    name: str
    filter: CompanyListFilter
    prompt: Annotated[str, Meta(description="Not used.")] | UnsetType | None = UNSET
    created_at: Time
    updated_at: Time


class CompanyListsResponse(ItemsPage[CompanyList]):
    """One page of lists."""


class CompanyListCompaniesResponse(ItemsPage[CompanyProfile]):
    """One page of a list's companies."""


class CompanyListWriteRequest(Struct, rename="camel", kw_only=True):
    """Name and filter. On a change, an empty name or filter leaves what was."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Prospects",
        "filter": {"domains": ["example.com", "example.org"]},
    }

    name: ListName
    filter: CompanyListFilter


class CompanyFilterRequest(Struct, rename="camel", kw_only=True):
    """Whom to look for."""

    example: ClassVar[dict[str, Any]] = {"filter": {"industries": ["software development"]}}

    filter: CompanyListFilter


class CompanySearchResponse(Struct, rename="camel"):
    """Some of the companies that match, and how many do."""

    companies: Annotated[list[CompanyProfile], Meta(max_length=50)]
    total: int


class CountPreviewResponse(Struct, rename="camel"):
    """How many companies match."""

    count: int
    credits: Annotated[int, Meta(description="What creating the list would cost.")]


class ExportCompanyListRequest(Struct, rename="camel", kw_only=True):
    """Which columns to add."""

    example: ClassVar[dict[str, Any]] = {"fields": ["industry", "employeeCount"]}

    fields: (
        Annotated[list[str], Meta(description="Columns added after the fixed name and website columns.")]
        | UnsetType
    ) = UNSET
    signal_template_ids: (
        Annotated[list[str], Meta(description="One column group per template.")] | UnsetType
    ) = UNSET


class ImportFilter(Struct, rename="camel", kw_only=True):
    property_name: str
    operator: Literal[
        "EQ",
        "NEQ",
        "GT",
        "GTE",
        "LT",
        "LTE",
        "HAS_PROPERTY",
        "NOT_HAS_PROPERTY",
        "CONTAINS_TOKEN",
        "NOT_CONTAINS_TOKEN",
    ]
    value: str | UnsetType = UNSET


class ImportSource(Struct, rename="camel", kw_only=True):
    type: Literal["hubspot"]
    filter: ImportFilter


class ImportCompanyListRequest(Struct, rename="camel", kw_only=True):
    """A list out of another program's companies."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Leads",
        "source": {
            "type": "hubspot",
            "filter": {"propertyName": "lifecyclestage", "operator": "EQ", "value": "lead"},
        },
    }

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    source: ImportSource


class ImportedCompanyList(CompanyList, rename="camel", kw_only=True):
    """A list that was made of another program's companies."""

    unresolved_domains: (
        Annotated[list[str], Meta(description="Domains left out because their stub failed.")] | UnsetType
    ) = UNSET


class ListsQuery(Struct, kw_only=True):
    limit: PageSize100 = 20
    offset: Offset = 0


class MembersQuery(Struct, kw_only=True):
    limit: PageSize100 = 25
    offset: Offset = 0


class ListPath(Struct, rename="camel"):
    list_id: str
