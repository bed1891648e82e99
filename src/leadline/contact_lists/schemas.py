"""Contact lists as they come in and go out (contract section 17)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.contacts.schemas import CompanyUrls, ContactPosition, Uri
from leadline.wire.fields import Time
from leadline.wire.pages import ItemsPage, Offset, PageSize100

MAX_NAME = 200

ListName = Annotated[str, Meta(max_length=MAX_NAME, extra={"blank": True})]


class ContactListFilters(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Whom the list was made of."""

    company_linked_in_urls: CompanyUrls | UnsetType = UNSET
    job_titles: list[str] | UnsetType = UNSET
    keywords: str | UnsetType = UNSET
    countries: Annotated[list[str], Meta(description="ISO 3166-1 alpha-2.")] | UnsetType = UNSET


class CreateContactListRequest(Struct, rename="camel", kw_only=True):
    """A search whose result is kept."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Engineering leaders",
        "filters": {
            "companyLinkedInUrls": ["https://www.linkedin.com/company/acme"],
            "jobTitles": ["VP Engineering"],
        },
    }

    name: ListName
    filters: ContactListFilters


class UpdateContactListRequest(Struct, rename="camel", kw_only=True):
    """A new name."""

    example: ClassVar[dict[str, Any]] = {"name": "Renamed"}

    name: ListName


class ContactList(Struct, rename="camel", kw_only=True):
    """A frozen copy of what a search found."""

    id: str
    name: str
    filters: ContactListFilters
    contact_count: Annotated[int, Meta(ge=0)]
    created_at: Time
    updated_at: Time


class ContactListsResponse(ItemsPage[ContactList]):
    """One page of lists."""


class ContactListItem(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Somebody as they were when the list was made."""

    id: str
    list_id: str
    base_contact_id: Annotated[str, Meta(description="The person's identity, shared by lists.")]
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    full_name: str | UnsetType = UNSET
    headline: str | UnsetType = UNSET
    role: Annotated[str, Meta(description="Title of the newest position.")] | UnsetType = UNSET
    company_name: Annotated[str, Meta(description="Company of the newest position.")] | UnsetType = UNSET
    location: str | UnsetType = UNSET
    avatar: Uri | UnsetType = UNSET
    seniority: list[str] | UnsetType = UNSET
    positions: list[ContactPosition] | UnsetType = UNSET
    linked_in_sales_navigator_profile_url: Uri | UnsetType = UNSET
    created_at: Time


class ContactListContactsResponse(ItemsPage[ContactListItem]):
    """One page of a list's people, in stored order."""


class ListsQuery(Struct, kw_only=True):
    limit: PageSize100 = 20
    offset: Offset = 0


class ContactsQuery(Struct, kw_only=True):
    limit: PageSize100 = 25
    offset: Offset = 0


class ListPath(Struct, rename="camel"):
    list_id: str
