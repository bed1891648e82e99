"""People as directories and pages know them, what is asked of a directory, and the addresses of profiles.

A *profile address* is the identity of a person where one is known. LinkedIn shows one person under several: the
public name (``/in/jane-doe``), a member id in its place (``/in/ACoAAB...``, letters as they are), and that of Sales
Navigator (``/sales/lead/ACwAAB...,NAME_SEARCH,...``). Public names are compared without regard to case, and may hold
any letters, which an address carries in percent-encoding (RFC 3986, 2.1).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from urllib.parse import quote, unquote, urlsplit

from leadline.research.errors import InvalidQuestion, ResearchError
from leadline.research.model import Value

HOST = "www.linkedin.com"
_MEMBER_ID = re.compile(r"AC[a-zA-Z][A-Za-z0-9_-]{10,}")
_SALES_LEAD = re.compile(r"/sales/(?:lead|people)/([^,/]+)")
_PUBLIC_NAME = re.compile(r"/(?:in|pub)/([^/]+)")
_SALES_COMPANY = re.compile(r"/sales/(?:company|account|accounts)/([^,/]+)")
_COMPANY = re.compile(r"/(company|school|showcase)/([^/]+)")
_SLUG = re.compile(r"[\w\-.%'’&+·]+")  # letters of any script; what separates parts of a path is none


class ProfileAddress(NamedTuple):
    """Where a person's profile stands. ``url`` is its one spelling; ``sales_navigator`` tells whose it is."""

    url: str
    sales_navigator: bool = False


def parse_profile_address(text: str, *, field: str = "contactProfileUrl") -> ProfileAddress:
    """The one spelling of a profile's address, whatever its host's language, letter case, query or last slash.

    Raises InvalidQuestion(``field``, ...), which says what to write instead.
    """
    path = _path_of(text, field, "a person's profile, such as https://www.linkedin.com/in/jane-doe")
    if found := _SALES_LEAD.match(path):
        return ProfileAddress(f"https://{HOST}/sales/lead/{quote(found[1], safe='')}", sales_navigator=True)
    if found := _PUBLIC_NAME.match(path):
        return ProfileAddress(f"https://{HOST}/in/{_slug(found[1], field)}")
    raise InvalidQuestion(
        field, "this is no person's profile: write its address, such as https://www.linkedin.com/in/jane-doe"
    )


def parse_company_address(text: str, *, field: str = "companyLinkedInUrls") -> str:
    """The one spelling of the address of a company's page on LinkedIn.

    A page of Sales Navigator (``/sales/company/1234``) is the page ``/company/1234``. Raises InvalidQuestion.
    """
    example = "a company's page, such as https://www.linkedin.com/company/acme"
    path = _path_of(text, field, example)
    if found := _SALES_COMPANY.match(path):
        return f"https://{HOST}/company/{_slug(found[1], field)}"
    if found := _COMPANY.match(path):
        return f"https://{HOST}/{found[1].lower()}/{_slug(found[2], field)}"
    raise InvalidQuestion(field, f"'{text}' names no company: write {example}")


def _path_of(text: str, field: str, example: str) -> str:
    """The path of an address on LinkedIn, percent-decoded, without what precedes the kind of the page."""
    text = text.strip()
    if not re.match(r"https?://", text, re.IGNORECASE):
        text = f"https://{text.removeprefix('//')}"
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if port not in (None, 80, 443) or not (host == "linkedin.com" or host.endswith(".linkedin.com")):
        raise InvalidQuestion(field, f"this is no address on linkedin.com: write {example}")
    path = re.sub(r"/{2,}", "/", parts.path)
    kind = re.match(r"/(?:[a-z]{2}/)?(in|pub|sales|company|school|showcase)/", path, re.IGNORECASE)
    if kind is None:
        return ""
    rest = path[kind.end() :]
    if kind[1].lower() == "sales":
        first, _, last = rest.partition("/")
        rest = f"{first.lower()}/{last}"
    return f"/{kind[1].lower()}/{rest}"


def _slug(text: str, field: str) -> str:
    slug = unicodedata.normalize("NFC", unquote(text)).strip()
    if not slug or not _SLUG.fullmatch(slug) or len(slug) > 200:
        raise InvalidQuestion(field, f"'{text}' is no name that LinkedIn gives a page")
    return quote(slug if _MEMBER_ID.fullmatch(slug) else slug.lower(), safe="")


# ------------------------------------------------------------------ people


class Origin(Value, frozen=True, kw_only=True):
    """Where something about a person was found: a directory's name, or the address of a page, and when."""

    source: str  # "import", "salesNavigator", "page"
    reference: str = ""  # the file's name, the page's address
    seen_at: datetime | None = None


class Position(Value, frozen=True, kw_only=True):
    """One place of work. Dates as far as they are known: ``2024``, ``2024-03`` or ``2024-03-05``."""

    title: str = ""
    company: str = ""
    company_url: str | None = None  # on LinkedIn, as ``parse_company_address`` spells it
    company_host: str | None = None  # the company's own site, as ``Company.host``
    location: str = ""
    description: str = ""
    started: str | None = None
    ended: str | None = None
    current: bool = True


class Profile(Value, frozen=True, kw_only=True):
    """A person as a directory knows them. Texts are as they were found, "" where nothing is known."""

    full_name: str
    first_name: str = ""
    last_name: str = ""
    headline: str = ""
    summary: str = ""
    location: str = ""
    country: str | None = None  # ISO 3166-1 alpha-2
    avatar: str | None = None
    profile_url: str | None = None
    sales_navigator_url: str | None = None
    member_id: str | None = None  # the directory's own, asked for posts
    email: str | None = None  # as published or imported, never guessed
    seniority: str | None = None  # of the contract's ten levels
    department: str | None = None  # of the contract's twenty-six
    positions: tuple[Position, ...] = ()  # newest first
    origins: tuple[Origin, ...] = ()  # newest first

    @property
    def position(self) -> Position | None:
        """The newest position that is held now, or else the newest."""
        return next((p for p in self.positions if p.current), self.positions[0] if self.positions else None)


class Post(Value, frozen=True, kw_only=True):
    """Something that a person published."""

    url: str
    text: str
    published_at: datetime | None = None
    reactions: int | None = None
    comments: int | None = None


class PeopleFilter(Value, frozen=True, kw_only=True):
    """Whom to look for: values of one member are alternatives, members narrow each other (contract section 16).

    All values are checked: addresses as ``parse_company_address`` spells them, ISO countries, names of the taxonomy.
    """

    company_urls: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    job_titles: tuple[str, ...] = ()
    keywords: str = ""
    countries: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    seniority_levels: tuple[str, ...] = ()


class PeoplePage(NamedTuple):
    """Some of the people found, and how many there are in all pages."""

    people: tuple[Profile, ...]
    total: int


# ------------------------------------------------------------------ what is asked of a directory


class DirectoryFault(StrEnum):
    """Why a directory gave nothing. The value is what traces show."""

    RATE_LIMITED = "rate_limited"  # by the vendor, or by our own daily cap
    DISCONNECTED = "disconnected"  # the account must be linked anew
    CHECKPOINT = "checkpoint"  # the account's owner must confirm something at the vendor
    NOT_SUBSCRIBED = "not_subscribed"  # the account has no such feature
    INVALID_REQUEST = "invalid_request"
    UNAVAILABLE = "unavailable"  # refused, timed out, 5xx
    BAD_REPLY = "bad_reply"  # cut off, not what was promised


class DirectoryError(ResearchError):
    """A directory could not be asked: nobody was looked for, and nothing follows from it."""

    def __init__(self, fault: DirectoryFault, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message
        self.retry_after = retry_after  # seconds


class PeopleDirectory(Protocol):
    """Where people are looked up: imported files, a company's own pages, a vendor. Raises DirectoryError.

    One directory belongs to one organisation; the wiring makes it.
    """

    name: str  # as in ``Origin.source``

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        """People who match, in an order that is the same for the next page."""
        ...

    async def profile(self, address: ProfileAddress) -> Profile | None:
        """The person under this address; None when the directory looked and knows nobody there."""
        ...

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        """What the person published last, newest first. A directory that has no posts gives none."""
        ...


__all__ = [
    "DirectoryError",
    "DirectoryFault",
    "Origin",
    "PeopleDirectory",
    "PeopleFilter",
    "PeoplePage",
    "Position",
    "Post",
    "Profile",
    "ProfileAddress",
    "parse_company_address",
    "parse_profile_address",
]
