"""Looking for people in every directory an organisation has."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from msgspec import UNSET, UnsetType

from leadline.contacts import persons, repository, taxonomy
from leadline.contacts.directory import LocalDirectory
from leadline.contacts.erased import WithoutErased
from leadline.contacts.importing import FIELDS, Imported, import_people
from leadline.contacts.intake import kept, suppressed
from leadline.contacts.privacy import Holding, Privacy
from leadline.contacts.schemas import (
    MOST_COMPANIES,
    ContactOrigin,
    ContactPosition,
    ContactSearchRequest,
    ContactSearchResponse,
    ContactSearchResult,
)
from leadline.foundation.database import Database
from leadline.foundation.errors import FieldError, InvalidInput, NotFound, TooManyRequests, Unavailable
from leadline.foundation.log import get_logger
from leadline.research.errors import InvalidQuestion
from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    PeopleDirectory,
    PeopleFilter,
    PeoplePage,
    Position,
    Profile,
    ProfileAddress,
    parse_company_address,
    parse_profile_address,
)
from leadline.wire.fields import wire_time

log = get_logger(__name__)


class Directories(Protocol):
    """Tells the directories of an organisation, in the order in which their people are shown.

    ``key_id``: the API key for which they are asked, which may be pinned to an account of its own. What takes one company
    at a time is wrapped in ``Apart``.
    """

    async def __call__(
        self, organisation_id: UUID, key_id: UUID | None = None, /
    ) -> Sequence[PeopleDirectory]: ...


WHOLE = 100  # people up to which what several directories know is taken together from the first one on
RETRY_AFTER = 60  # seconds, where a directory does not say
SECONDS = 50.0  # that one directory may take: clients wait a minute for a search
GONE = frozenset({DirectoryFault.DISCONNECTED, DirectoryFault.CHECKPOINT, DirectoryFault.NOT_SUBSCRIBED})
"""Faults of accounts that their owners must see to."""
LEADING = ("Owner / Partner", "CXO", "Vice President", "Director")
_LEADERS = re.compile(
    r"\b(?:lead(?:s|er|ers|ership)?|head(?:s|ed)?|executives?|management|decision[ -]makers?|runs?|in charge|führung\w*|leit\w*|dirige\w*)\b",
    re.IGNORECASE,
)
_PLURAL = re.compile(r"(?<=[a-z]{3})s\b|(?<=\b[A-Z]{2})s\b|(?<=\b[A-Z]{3})s\b")
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?")


class Search(NamedTuple):
    """What was found. ``connected``: there is a directory, and at least one could be asked."""

    people: tuple[Profile, ...]
    total: int
    connected: bool
    faults: tuple[tuple[str, DirectoryError], ...] = ()


class Apart:
    """A directory that is asked for each company alone; what it finds is merged, and nobody is named twice."""

    def __init__(self, directory: PeopleDirectory) -> None:
        self._directory = directory
        self.name = directory.name
        self.profile = directory.profile
        self.posts = directory.posts

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        parts = [persons.narrowed(wanted, url) for url in wanted.company_urls] or [wanted]
        if len(parts) == 1:
            return await self._directory.search(wanted, limit=limit, offset=offset)
        found, total = persons.Crowd(), 0
        for part in parts:
            page = await self._directory.search(part, limit=limit + offset, offset=0)
            total += page.total - found.add(page.people)
        return PeoplePage(tuple(found.people[offset : offset + limit]), total)


class ContactSearch:
    """Searches all directories of an organisation at once."""

    def __init__(self, directories: Directories) -> None:
        self.directories = directories

    async def search(
        self,
        organisation_id: UUID,
        wanted: PeopleFilter,
        *,
        limit: int,
        offset: int,
        key_id: UUID | None = None,
    ) -> Search:
        """People who match. A directory that fails does not lose what another found; one alone raises.

        Raises InvalidInput, TooManyRequests, Unavailable.
        """
        directories = await self.directories(organisation_id, key_id)
        found, faults = persons.Crowd(), []
        total = before = 0
        whole = len(directories) == 1 or limit + offset > WHOLE
        start, size = (offset, limit) if whole else (0, limit + offset)
        for directory in directories:
            try:
                page = await _page(directory, wanted, size, max(0, start - before))
            except DirectoryError as error:
                log.warning("directory", name=directory.name, fault=error.fault.value, reason=error.message)
                faults.append((directory.name, error))
                continue
            room = size - max(0, len(found.people))
            total += page.total - found.add(page.people[:room] if whole else page.people)
            before += page.total
        if faults and len(faults) == len(directories):
            return _nobody_could_be_asked(faults)
        people = found.people[:limit] if whole else found.people[offset : offset + limit]
        return Search(tuple(people), total, bool(directories), tuple(faults))


async def _page(directory: PeopleDirectory, wanted: PeopleFilter, limit: int, offset: int) -> PeoplePage:
    try:
        async with asyncio.timeout(SECONDS):
            return await directory.search(wanted, limit=limit, offset=offset)
    except TimeoutError:
        raise DirectoryError(DirectoryFault.UNAVAILABLE, f"no answer within {SECONDS:g} s") from None


def _nobody_could_be_asked(faults: Sequence[tuple[str, DirectoryError]]) -> Search:
    """Raises InvalidInput, TooManyRequests, Unavailable; accounts that are no longer linked are as none."""
    rest = [error for _, error in faults if error.fault not in GONE]
    if not rest:
        return Search((), 0, False, tuple(faults))
    if rest[0].fault is DirectoryFault.RATE_LIMITED:
        raise TooManyRequests(math.ceil(rest[0].retry_after or RETRY_AFTER))
    if rest[0].fault is DirectoryFault.INVALID_REQUEST:
        raise InvalidInput(message=rest[0].message)
    raise Unavailable(f"The people directory could not be asked: {rest[0].message}")


# ------------------------------------------------------------------ in


def whom(question: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The departments and levels of seniority that the words of a question mean; none where they name none."""
    singular = _PLURAL.sub("", question)
    department = taxonomy.department_of(question) or taxonomy.department_of(singular)
    # Who leads is no "lead", which is a level of its own.
    leading = LEADING if _LEADERS.search(question) else ()
    level = taxonomy.seniority_of(question) or (None if leading else taxonomy.seniority_of(singular))
    levels = (level,) if level is not None else leading
    return (department,) if department is not None else (), levels


def read_filter(
    *,
    company_urls: Sequence[str] | UnsetType = UNSET,
    first_name: str | UnsetType = UNSET,
    last_name: str | UnsetType = UNSET,
    job_titles: Sequence[str] | UnsetType = UNSET,
    keywords: str | UnsetType = UNSET,
    countries: Sequence[str] | UnsetType = UNSET,
    departments: Sequence[str] | UnsetType = UNSET,
    seniority_levels: Sequence[str] | UnsetType = UNSET,
) -> PeopleFilter:
    """The filter, each value checked and in its one spelling. Raises InvalidInput naming each that is wrong."""
    faults: list[FieldError] = []
    urls = []
    for text in company_urls or ():
        try:
            urls.append(parse_company_address(text))
        except InvalidQuestion as error:
            faults.append(FieldError(error.field, error.message))
    urls = list(dict.fromkeys(urls))
    if len(urls) > MOST_COMPANIES:
        faults.append(
            FieldError("companyLinkedInUrls", f"are {len(urls)}; {MOST_COMPANIES} companies are the most")
        )
    wanted = PeopleFilter(
        company_urls=tuple(urls),
        first_name=(first_name or "").strip(),
        last_name=(last_name or "").strip(),
        job_titles=tuple(title.strip() for title in job_titles or () if title.strip()),
        keywords=(keywords or "").strip(),
        countries=taxonomy.checked_countries(list(countries or ()), faults),
        departments=taxonomy.checked("departments", list(departments or ()), faults),
        seniority_levels=taxonomy.checked("seniorityLevels", list(seniority_levels or ()), faults),
    )
    if faults:
        sentences = (f.message if f.message.startswith("validation failed") else str(f) for f in faults)
        raise InvalidInput(*faults, message="; ".join(sentences))
    return wanted


def wanted_of(request: ContactSearchRequest) -> PeopleFilter:
    """Raises InvalidInput."""
    wanted = read_filter(
        company_urls=request.company_linked_in_urls,
        first_name=request.first_name,
        last_name=request.last_name,
        job_titles=request.job_titles,
        keywords=request.keywords,
        countries=request.countries,
        departments=request.departments,
        seniority_levels=request.seniority_levels,
    )
    if wanted == PeopleFilter():
        first, *others = request.any_of
        raise InvalidInput((first, f"is required, unless {' or '.join(others)} is sent"))
    return wanted


# ------------------------------------------------------------------ out


def response(found: Search, limit: int, offset: int) -> ContactSearchResponse:
    """A page as the API shows it."""
    return ContactSearchResponse(
        items=[shown(one) for one in found.people],
        total=found.total,
        limit=limit,
        offset=offset,
        has_more=offset + len(found.people) < found.total and bool(found.people),
        sales_nav_connected=found.connected,
        warnings=[f"{name} could not be asked: {error.message}" for name, error in found.faults] or UNSET,
    )


def shown(person: Profile) -> ContactSearchResult:
    """A person as the API shows them."""
    position = person.position
    return ContactSearchResult(
        first_name=person.first_name or UNSET,
        last_name=person.last_name or UNSET,
        full_name=person.full_name,
        role=position.title or UNSET if position is not None else UNSET,
        linked_in_sales_navigator_profile_url=person.sales_navigator_url or UNSET,
        avatar=person.avatar or UNSET,
        location=person.location or UNSET,
        headline=person.headline or UNSET,
        company_name=position.company or UNSET if position is not None else UNSET,
        seniority=[person.seniority] if person.seniority else UNSET,
        linked_in_profile_url=person.profile_url or UNSET,
        positions=shown_positions(person) or UNSET,
        origins=[
            ContactOrigin(
                source=one.source,
                reference=one.reference or UNSET,
                seen_at=wire_time(one.seen_at) if one.seen_at else UNSET,
            )
            for one in person.origins
        ]
        or UNSET,
    )


def shown_positions(person: Profile) -> list[ContactPosition]:
    """The places of work as the API shows them."""
    return [
        ContactPosition(
            title=one.title or UNSET,
            company_name=one.company or UNSET,
            company_url=one.company_url or (f"https://{one.company_host}/" if one.company_host else UNSET),
            tenure_in_months=_tenure(one),
            location=one.location or UNSET,
        )
        for one in person.positions
    ]


def _tenure(position: Position) -> int | UnsetType:
    """Whole months from the beginning to the end, or to now; unknown where a month is."""
    started = _month(position.started)
    now = datetime.now(UTC)
    ended = _month(position.ended) if not position.current else now.year * 12 + now.month - 1
    if started is None or ended is None or ended < started:
        return UNSET
    return ended - started


def _month(text: str | None) -> int | None:
    match = _DATE.match(text or "")
    return int(match[1]) * 12 + int(match[2] or 1) - 1 if match else None


def distinct(found: Sequence[Profile]) -> list[Profile]:
    """The same people, nobody twice."""
    crowd = persons.Crowd()
    crowd.add(found)
    return crowd.people


def person_id(text: str) -> UUID:
    """The id in a path. Raises NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such person, or access is denied") from None


async def named_person(database: Database, organisation_id: UUID, text: str) -> UUID:
    """Whom an id, the address of a profile or a mail address names. Raises NotFound, InvalidInput."""
    try:
        return UUID(text)
    except ValueError:
        pass
    if "@" in text and "/" not in text:
        marks = persons.identities(Profile(full_name="", email=text.strip().lower()))
    else:
        marks = persons.identities(persons.of_address(_profile_address(text)))
    found = await repository.by_identity(database.repeatable, organisation_id, marks[0])
    if found is None:
        raise NotFound(f"Nobody is known as {text}.")
    return found.id


async def erase_named(
    database: Database, privacy: Privacy, organisation_id: UUID, text: str
) -> dict[str, int]:
    """Erase whom an id, a mail address or the address of a profile names; of the latter also who is not kept here.

    Raises NotFound, InvalidInput.
    """
    try:
        person_id = await named_person(database, organisation_id, text)
    except NotFound:
        if "@" in text and "/" not in text:
            raise
        return await privacy.erase_address(organisation_id, _profile_address(text))
    return await privacy.erase(organisation_id, person_id)


def _profile_address(text: str) -> ProfileAddress:
    try:
        return parse_profile_address(text, field="person")
    except InvalidQuestion as error:
        raise InvalidInput((error.field, error.message)) from None


__all__ = [
    "FIELDS",
    "GONE",
    "Apart",
    "ContactSearch",
    "Directories",
    "Holding",
    "Imported",
    "LocalDirectory",
    "Privacy",
    "Search",
    "WithoutErased",
    "distinct",
    "erase_named",
    "import_people",
    "kept",
    "named_person",
    "person_id",
    "read_filter",
    "response",
    "shown",
    "shown_positions",
    "suppressed",
    "wanted_of",
    "whom",
]
