"""What is known of one person, taken together from files and pages.

The same person is recognised by the address of the profile, else the member id, else the mail address, else the name at a
company. Two with different addresses of their own are never taken for one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import unquote
from uuid import UUID

from msgspec import structs

from leadline.contacts import words as w
from leadline.contacts.taxonomy import country_of, department_of, seniority_of, title_words
from leadline.research.people import Origin, PeopleFilter, Position, Profile, ProfileAddress

PAGE: Final = "page"
"""The source of what a company's own page says; it fills gaps and contradicts nobody."""
_MERGED = (
    "full_name", "first_name", "last_name", "headline", "summary", "location", "country", "avatar", "profile_url",
    "sales_navigator_url", "member_id", "email", "seniority", "department",
)  # fmt: skip
_SHARED_MAILBOXES = frozenset(
    "info contact hello sales office mail support team kontakt admin hr jobs press marketing".split()
)
_PARTICLES = frozenset(
    "van von de der den da di del della dos das la le du bin ibn al el ter ten zu zur af".split()
)
MOST_POSITIONS = 50


class Person(NamedTuple):
    """A person of one organisation. ``provenance``: for each field, where its value was found."""

    id: UUID
    profile: Profile
    provenance: dict[str, Origin]
    first_seen_at: datetime
    updated_at: datetime


# ------------------------------------------------------------------ names


def split_name(full: str) -> tuple[str, str]:
    """First and last name; particles belong to the last: "Ludwig van Beethoven" is "Ludwig", "van Beethoven"."""
    parts = full.split()
    if len(parts) < 2:
        return full.strip(), ""
    at = next((i for i, part in enumerate(parts[1:-1], 1) if part.lower() in _PARTICLES), len(parts) - 1)
    return " ".join(parts[:at]), " ".join(parts[at:])


def completed(profile: Profile) -> Profile:
    """With what follows from what is there: the parts of the name, the country, level and department."""
    title = profile.position.title if profile.position is not None else ""
    title = title or profile.headline
    first, last = (
        (profile.first_name, profile.last_name)
        if profile.first_name or profile.last_name
        else split_name(profile.full_name)
    )
    return structs.replace(
        profile,
        full_name=profile.full_name or f"{first} {last}".strip(),
        first_name=first,
        last_name=last,
        country=profile.country or (country_of(profile.location) if profile.location else None),
        seniority=profile.seniority or seniority_of(title),
        department=profile.department or department_of(title),
    )


# ------------------------------------------------------------------ who is who


def identities(profile: Profile) -> list[str]:
    """What this person is recognised by, the surest first."""
    found = []
    if profile.profile_url:
        found.append("profile:" + _last(profile.profile_url))
    members = (_last(profile.sales_navigator_url or ""), profile.member_id or "")
    found.extend("member:" + member for member in members if member)
    if profile.email and profile.email.partition("@")[0] not in _SHARED_MAILBOXES:
        found.append("mail:" + profile.email)
    found += names_at(profile)
    return list(dict.fromkeys(found)) or [f"name:{' '.join(w.words(profile.full_name))}@"]


def of_address(address: ProfileAddress) -> Profile:
    """Somebody of whom nothing is known but the address of the profile."""
    if address.sales_navigator:
        return Profile(full_name="", sales_navigator_url=address.url)
    return Profile(full_name="", profile_url=address.url)


def names_at(profile: Profile) -> list[str]:
    """The name at each company where the person is or was."""
    name = " ".join(w.words(profile.full_name))
    places = [key for position in profile.positions for key in company_keys(position)]
    return [f"name:{name}@{key}" for key in dict.fromkeys(places)]


def published_identity(name: str, host: str) -> str:
    """What somebody is recognised by who is named on the pages of this host."""
    return f"name:{' '.join(w.words(name))}@host/{host}"


def _last(url: str) -> str:
    return unquote(url.rstrip("/").rpartition("/")[2])


def same(one: Profile, other: Profile, identity: str) -> bool:
    """Whether two that share this identity may be one person."""
    if one.profile_url and other.profile_url and one.profile_url != other.profile_url:
        return False
    if identity.startswith("mail:"):
        mine, theirs = w.words(one.last_name), w.words(other.last_name)
        return not mine or not theirs or mine == theirs
    return True


def hashed(organisation_id: UUID, identity: str) -> bytes:
    """What is kept of somebody who was erased: it tells that they come again, and nothing else."""
    return hashlib.sha256(organisation_id.bytes + identity.encode()).digest()


def company_keys(position: Position) -> list[str]:
    """What the company of a position is found by: its page on LinkedIn, its host, and its name where no page names it."""
    found = []
    path = w.company_path(position.company_url) if position.company_url else ""
    if path:
        found.append(path)
    if position.company_host:
        found.append("host/" + position.company_host)
    if position.company and (not path or w.numbered(path)) and (slug := w.name_slug(position.company)):
        found.append("name/" + slug)
    return found


# ------------------------------------------------------------------ taking together


def merged(
    before: Profile, provenance: dict[str, Origin], fresh: Profile, origin: Origin
) -> tuple[Profile, dict[str, Origin]]:
    """What is known after ``fresh`` was found: what it says holds, what it does not say stays."""
    gentle = origin.source == PAGE
    values: dict[str, Any] = {}
    told = dict(provenance)
    for name in _MERGED:
        value = getattr(fresh, name)
        if value and (not gentle or not getattr(before, name)):
            values[name] = value
            told[name] = origin
    values["positions"] = _positions(before.positions, fresh.positions, gentle=gentle)
    if fresh.positions:
        told["positions"] = origin
    place = (origin.source, origin.reference)
    origins = (origin, *(one for one in before.origins if (one.source, one.reference) != place))
    values["origins"] = origins[:20]
    return structs.replace(before, **values), told


def provenance_of(profile: Profile, origin: Origin) -> dict[str, Origin]:
    """Where each field of somebody new was found."""
    told = {name: origin for name in _MERGED if getattr(profile, name)}
    return told | ({"positions": origin} if profile.positions else {})


def _positions(
    before: tuple[Position, ...], fresh: tuple[Position, ...], *, gentle: bool
) -> tuple[Position, ...]:
    """Those told now, then those that were known; of the latter the present ones are over, if others are told."""
    kept = []
    moved = not gentle and any(one.current for one in fresh)
    started = next((one.started for one in fresh if one.current and one.started), None)
    taken: dict[int, Position] = {}
    for old in before:
        at = next((i for i, new in enumerate(fresh) if i not in taken and _same_position(old, new)), None)
        if at is not None:
            taken[at] = old
        elif moved and old.current:
            kept.append(structs.replace(old, current=False, ended=old.ended or started))
        else:
            kept.append(old)
    told = [_filled(new, taken[i]) if i in taken else new for i, new in enumerate(fresh)]
    both = [*kept, *told] if gentle and any(one.current for one in kept) else [*told, *kept]
    both.sort(key=lambda one: not one.current)
    return tuple(both[:MOST_POSITIONS])


def _same_position(old: Position, new: Position) -> bool:
    keys = set(company_keys(old)) & set(company_keys(new))
    slugs = {w.name_slug(old.company), w.name_slug(new.company)}
    same_company = bool(keys) or (len(slugs) == 1 and slugs != {""})
    return same_company and (not old.title or not new.title or w.words(old.title) == w.words(new.title))


def _filled(new: Position, old: Position) -> Position:
    gaps = {
        name: getattr(old, name)
        for name in new.__struct_fields__
        if name != "current" and not getattr(new, name) and getattr(old, name)
    }
    return structs.replace(new, **gaps) if gaps else new


# ------------------------------------------------------------------ what they are found by


def terms(profile: Profile) -> list[str]:
    """The words a person is looked up by."""
    first = w.words(profile.first_name)
    last = w.words(profile.last_name) or first  # who has one name only is found by it as either
    found = {w.FIRST + one for one in first} | {w.LAST + one for one in last}
    texts = [profile.full_name, profile.headline, profile.summary, profile.location]
    for position in profile.positions:
        texts += [position.title, position.company, position.location, position.description]
        if position.current:
            found |= {w.TITLE + one for one in title_words(position.title)}
            found |= {w.COMPANY + key for key in company_keys(position)}
    found |= {w.ANY + one for text in texts if text for one in w.words(text)}
    for kind, value in (
        (w.COUNTRY, profile.country),
        (w.DEPARTMENT, profile.department),
        (w.LEVEL, profile.seniority),
    ):
        if value:
            found.add(kind + value.lower().replace(" ", "_"))
    return sorted(found)


def value_terms(kind: str, values: Iterable[str]) -> list[str]:
    return [kind + value.lower().replace(" ", "_") for value in values]


def word_terms(kind: str, text: str) -> str:
    """All words of a text, as one alternative of a query."""
    return " ".join(kind + one for one in w.words(text))


# ------------------------------------------------------------------ several directories


class Crowd:
    """People out of several places, nobody twice; what one place does not know is filled in from the next."""

    def __init__(self) -> None:
        self.people: list[Profile] = []
        self._place: dict[str, int] = {}

    def add(self, found: Iterable[Profile]) -> int:
        """Take these in; returns how many of them were there already."""
        doubles = 0
        for profile in found:
            marks = identities(profile)
            at = next(
                (
                    place
                    for one in marks
                    if (place := self._place.get(one)) is not None and same(self.people[place], profile, one)
                ),
                None,
            )
            if at is None:
                at = len(self.people)
                self.people.append(profile)
            else:
                doubles += 1
                self.people[at] = _completed_by(self.people[at], profile)
            for one in marks:
                self._place.setdefault(one, at)
        return doubles


def _completed_by(one: Profile, other: Profile) -> Profile:
    gaps: dict[str, Any] = {
        name: getattr(other, name)
        for name in (*_MERGED, "positions")
        if not getattr(one, name) and getattr(other, name)
    }
    places = {(origin.source, origin.reference): origin for origin in (*other.origins, *one.origins)}
    ours = [(origin.source, origin.reference) for origin in (*one.origins, *other.origins)]
    return structs.replace(one, origins=tuple(places[place] for place in dict.fromkeys(ours)), **gaps)


def narrowed(wanted: PeopleFilter, company_url: str) -> PeopleFilter:
    """The same filter for one company alone."""
    return structs.replace(wanted, company_urls=(company_url,))
