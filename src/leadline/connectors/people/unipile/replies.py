"""The vendor's replies as far as they are used, each member of its type, and people made of them.

Members whose people LinkedIn hides from the account (outside its network, or named "LinkedIn Member") make nobody:
what the account's owner may not see is neither returned nor stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from datetime import date as calendar_date
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct, field

from leadline.research.errors import InvalidQuestion
from leadline.research.people import (
    HOST,
    Origin,
    Position,
    Post,
    Profile,
    ProfileAddress,
    parse_company_address,
    parse_profile_address,
)

SOURCE = "salesNavigator"
MOST_TEXT = 5000  # characters kept of one text
_HIDDEN_NAME = "linkedin member"
_DATES = (  # as the vendor writes them: M/D/YYYY, or ISO 8601 as far as it is known
    re.compile(r"(?:(?P<m>\d{1,2})/)?(?:(?P<d>\d{1,2})/)?(?P<y>\d{4})"),
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})(?:-(?P<d>\d{2}))?(?:T.*)?"),
)


# ------------------------------------------------------------------ accounts


class SourceState(Struct):
    id: str = ""
    status: str = ""


class AccountState(Struct):
    type: str = ""
    name: str = ""
    sources: list[SourceState] = field(default_factory=list)


class Seat(Struct):
    owner_seat_id: str | int | None = None
    contract_id: str | int | None = None


class Me(Struct):
    sales_navigator: Seat | None = None


# ------------------------------------------------------------------ searches


class Parameter(Struct):
    id: str | int
    title: str


class Parameters(Struct):
    items: list[Parameter]


class Company(Struct):
    id: str | int


class FoundPosition(Struct):
    company: str | None = None
    company_id: str | int | None = None
    role: str | None = None
    description: str | None = None
    location: str | None = None
    start: Any = None
    end: Any = None


class FoundPerson(Struct):
    id: str
    type: str = "PEOPLE"
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    public_identifier: str | None = None
    public_profile_url: str | None = None
    profile_url: str | None = None
    profile_picture_url: str | None = None
    network_distance: str | None = None
    location: str | None = None
    headline: str | None = None
    current_positions: list[FoundPosition] | None = None


class Paging(Struct):
    total_count: int | None = None


class SearchPage(Struct):
    items: list[FoundPerson]
    paging: Paging = field(default_factory=Paging)
    cursor: str | None = None


# ------------------------------------------------------------------ profiles and posts


class WorkPlace(Struct):
    position: str | None = None
    company: str | None = None
    company_id: str | int | None = None
    location: str | None = None
    description: str | None = None
    current: bool | None = None
    start: Any = None
    end: Any = None


class ContactInfo(Struct):
    emails: list[str] | None = None


class Person(Struct):
    provider_id: str
    public_identifier: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    headline: str | None = None
    summary: str | None = None
    location: str | None = None
    profile_picture_url: str | None = None
    network_distance: str | None = None
    contact_info: ContactInfo | None = None
    work_experience: list[WorkPlace] | None = None


class Published(Struct):
    share_url: str | None = None
    text: str | None = None
    parsed_datetime: str | None = None
    reaction_counter: int | None = None
    comment_counter: int | None = None
    is_repost: bool | None = None


class PostPage(Struct):
    items: list[Published]


# ------------------------------------------------------------------ what they say


def found(person: FoundPerson, now: datetime) -> Profile | None:
    """The person of a search; None when LinkedIn hides who it is, or it is no person."""
    first, last = text(person.first_name), text(person.last_name)
    name = text(person.name) or f"{first} {last}".strip()
    if person.type != "PEOPLE" or hidden(name, person.network_distance):
        return None
    lead = person.profile_url or ""
    address = _address(person.public_profile_url, person.public_identifier)
    navigator = (
        _address(lead, None)
        if "/sales/" in lead
        else ProfileAddress(f"https://{HOST}/sales/lead/{quote(person.id, safe='')}", sales_navigator=True)
        if person.id.startswith("ACw")
        else None
    )
    return Profile(
        full_name=name,
        first_name=first,
        last_name=last,
        headline=text(person.headline),
        location=text(person.location),
        avatar=_https(person.profile_picture_url),
        profile_url=address.url if address else None,
        sales_navigator_url=navigator.url if navigator else None,
        member_id=person.id,
        positions=tuple(
            Position(
                title=text(place.role),
                company=text(place.company),
                company_url=company_url(place.company_id),
                location=text(place.location),
                description=text(place.description),
                started=date(place.start),
                ended=date(place.end),
                current=place.end is None,
            )
            for place in person.current_positions or ()
        ),
        origins=(Origin(source=SOURCE, reference=navigator.url if navigator else "", seen_at=now),),
    )


def known(person: Person, now: datetime) -> Profile | None:
    """The person of a profile; None when LinkedIn hides who it is."""
    first, last = text(person.first_name), text(person.last_name)
    name = f"{first} {last}".strip()
    if hidden(name, person.network_distance):
        return None
    address = _address(None, person.public_identifier)
    emails = person.contact_info.emails if person.contact_info else None
    return Profile(
        full_name=name,
        first_name=first,
        last_name=last,
        headline=text(person.headline),
        summary=text(person.summary),
        location=text(person.location),
        avatar=_https(person.profile_picture_url),
        profile_url=address.url if address else None,
        member_id=person.provider_id,
        email=next((one for one in emails or () if "@" in one and len(one) <= 254), None),
        positions=tuple(
            Position(
                title=text(place.position),
                company=text(place.company),
                company_url=company_url(place.company_id),
                location=text(place.location),
                description=text(place.description),
                started=date(place.start),
                ended=date(place.end),
                current=place.current if place.current is not None else place.end is None,
            )
            for place in person.work_experience or ()
        ),
        origins=(Origin(source=SOURCE, reference=address.url if address else "", seen_at=now),),
    )


def published(posts: Sequence[Published], most: int) -> tuple[Post, ...]:
    """Posts of the person's own words, newest first."""
    found = [
        Post(
            url=url,
            text=text(post.text),
            published_at=moment(post.parsed_datetime),
            reactions=post.reaction_counter,
            comments=post.comment_counter,
        )
        for post in posts
        if not post.is_repost and text(post.text) and (url := _https(post.share_url))
    ]
    least = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(found, key=lambda post: post.published_at or least, reverse=True)[:most])


def hidden(name: str, distance: str | None) -> bool:
    """Whether LinkedIn does not show the account who this is."""
    return not name or name.casefold() == _HIDDEN_NAME or distance == "OUT_OF_NETWORK"


def text(value: str | None) -> str:
    """A text in one piece: no control characters but new lines, no longer than ``MOST_TEXT``."""
    kept = "".join(c for c in value or "" if c == "\n" or c.isprintable())
    return kept.strip()[:MOST_TEXT]


def date(value: object) -> str | None:
    """``2024``, ``2024-03`` or ``2024-03-05``, as far as it is known; None when it cannot be told."""
    if isinstance(value, dict):
        value = "-".join(
            f"{part:02}" for part in (value.get("year"), value.get("month")) if isinstance(part, int)
        )
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    for pattern in _DATES:
        if match := pattern.fullmatch(value.strip()):
            numbers = [int(part) for part in match.group("y", "m", "d") if part]
            try:
                year, month, day = [*numbers, 1, 1][:3]
                calendar_date(year, month, day)
            except ValueError:
                return None
            return "-".join(f"{number:02}" for number in numbers)
    return None


def moment(value: str | None) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def company_url(identifier: str | int | None) -> str | None:
    """The address of a company's page, of the id that the vendor gives."""
    if identifier is None or not re.fullmatch(r"[\w-]{1,100}", str(identifier)):
        return None
    try:
        return parse_company_address(f"https://{HOST}/company/{identifier}")
    except InvalidQuestion:
        return None


def _address(url: str | None, public_name: str | None) -> ProfileAddress | None:
    if not url and not public_name:
        return None
    try:
        return parse_profile_address(url or f"https://{HOST}/in/{quote(public_name or '', safe='')}")
    except InvalidQuestion:
        return None


def _https(url: str | None) -> str | None:
    try:
        good = bool(url) and urlsplit(url or "").scheme == "https" and len(url or "") <= 2048
    except ValueError:
        return None
    return url if good else None
