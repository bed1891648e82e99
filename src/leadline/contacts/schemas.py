"""Contact search on the wire (contract section 16)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.contacts.taxonomy import DEPARTMENTS, SENIORITY_LEVELS
from leadline.wire.fields import Time, shown

MOST_COMPANIES = 10

Uri = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
CompanyUrls = Annotated[
    list[Uri], Meta(description=f"Companies, {MOST_COMPANIES} at most; each is searched alone.")
]
Countries = Annotated[
    list[Annotated[str, shown("ISO 3166-1 alpha-2.", pattern="^[A-Z]{2}$")]],
    Meta(description="ISO 3166-1 alpha-2 codes only."),
]
Name = Annotated[str, Meta(max_length=100)]
Keywords = Annotated[str, Meta(max_length=500)]


class ContactSearchRequest(Struct, rename="camel", kw_only=True):
    """Whom to look for. Values of one member are alternatives; members narrow each other."""

    any_of: ClassVar[tuple[str, ...]] = (
        "companyLinkedInUrls",
        "firstName",
        "lastName",
        "jobTitles",
        "keywords",
        "countries",
        "departments",
        "seniorityLevels",
    )
    example: ClassVar[dict[str, Any]] = {
        "companyLinkedInUrls": ["https://www.linkedin.com/company/acme"],
        "jobTitles": ["VP Engineering"],
        "countries": ["US"],
    }

    company_linked_in_urls: CompanyUrls | UnsetType = UNSET
    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType = UNSET
    job_titles: list[str] | UnsetType = UNSET
    keywords: Keywords | UnsetType = UNSET
    countries: Countries | UnsetType = UNSET
    departments: Annotated[list[str], Meta(description=f"Of: {', '.join(DEPARTMENTS)}.")] | UnsetType = UNSET
    seniority_levels: (
        Annotated[list[str], Meta(description=f"Of: {', '.join(SENIORITY_LEVELS)}.")] | UnsetType
    ) = UNSET
    limit: Annotated[
        int, Meta(ge=1, le=100, description="Page size; 0 is the default.", extra={"absent": 0})
    ] = 25
    offset: Annotated[int, Meta(ge=0, description="People to skip.")] = 0


class ContactPosition(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """One place of work."""

    title: str | UnsetType = UNSET
    company_name: str | UnsetType = UNSET
    company_url: Uri | UnsetType = UNSET
    tenure_in_months: int | UnsetType = UNSET
    location: str | UnsetType = UNSET


class ContactOrigin(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Where somebody was found: a file, a directory, or a page of the company itself."""

    source: Annotated[str, Meta(description="import, page, or the name of a directory.")]
    reference: Annotated[str, Meta(description="The file's name, or the page's address.")] | UnsetType = UNSET
    seen_at: Time | UnsetType = UNSET


class ContactSearchResult(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """A person. What is not known is left out."""

    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    full_name: str | UnsetType = UNSET
    role: str | UnsetType = UNSET
    linked_in_sales_navigator_profile_url: Uri | UnsetType = UNSET
    avatar: Uri | UnsetType = UNSET
    location: str | UnsetType = UNSET
    headline: str | UnsetType = UNSET
    company_name: str | UnsetType = UNSET
    seniority: list[str] | UnsetType = UNSET
    linked_in_profile_url: Uri | UnsetType = UNSET
    positions: list[ContactPosition] | UnsetType = UNSET
    origins: list[ContactOrigin] | UnsetType = UNSET


class ContactSearchResponse(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """One page of people."""

    items: list[ContactSearchResult]
    total: Annotated[int, Meta(description="People matching in all pages.")]
    limit: int
    offset: int
    has_more: bool
    sales_nav_connected: Annotated[
        bool, Meta(description="False: there is no directory, and nothing was searched.")
    ]
    warnings: (
        Annotated[list[str], Meta(description="Directories that could not be asked, and why.")] | UnsetType
    ) = UNSET


class PersonPath(Struct, rename="camel"):
    person_id: str


class NamedPersonQuery(Struct):
    person: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=2000,
            description="The address of a profile, also of somebody who is not kept here, or a mail address.",
        ),
    ]


class PersonExport(Struct):
    """Everything that is held of a person."""

    person: Annotated[
        dict[str, Any], Meta(description="The profile, its provenance, and what each room holds.")
    ]


class ErasedPerson(Struct):
    """What was erased."""

    erased: Annotated[dict[str, int], Meta(description="How many things, by their kind.")]
