"""Importing people from tables of other programs.

The columns of LinkedIn's ``Connections.csv``, of exports of Sales Navigator by PhantomBuster and tools with long names
(further jobs repeat their columns with "(2)"), of Apollo, of HubSpot, and whatever else is called like one of them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from leadline.contacts import taxonomy
from leadline.contacts.intake import Found, Taken, take_in
from leadline.contacts.tables import Table, job, plain, read_table
from leadline.foundation.database import Database
from leadline.foundation.errors import FieldError, InvalidInput
from leadline.research.documents.hosts import parse_company
from leadline.research.errors import InvalidQuestion
from leadline.research.people import (
    Origin,
    Position,
    Profile,
    parse_company_address,
    parse_profile_address,
)

BATCH = 5_000  # people of one transaction
MOST_BYTES = 500_000_000

FIELDS: Final[dict[str, str]] = {
    "full_name": "fullname name contactname personname",
    "first_name": "firstname givenname vorname prenom first",
    "last_name": "lastname surname familyname nachname nom last",
    "headline": "headline linkedinheadline",
    "summary": "summary about bio",
    "location": "location personlocation contactlocation geo",
    "city": "city ort",
    "state": "state stateregion region",
    "country": "country countryregion land",
    "avatar": "profileimageurl avatar photo photourl picture profilepicture",
    "profile_url": "url linkedinurl linkedin linkedinprofile linkedinprofileurl personlinkedinurl profileurl defaultprofileurl"
    " linkedinbio hslinkedinurl salesnavigatorurl salesnavurl linkedinsalesnavigatorurl memberlinkedinsalesnavid",
    "member_id": "vmid memberlinkedinid linkedinmemberid memberid",
    "email": "emailaddress email mail workemail primaryemail",
    "seniority": "seniority senioritylevel",
    "department": "department departments function",
    "title": "title jobtitle position role",
    "company": "company companyname organization organisation employer companynameforemails account firma",
    "company_url": "regularcompanyurl companylinkedinurl corporatelinkedinurl companyurl",
    "company_host": "website companywebsite corporatewebsite companydomain companydomainname domain websiteurl",
    "position_location": "companylocation linkedincompanylocation",
    "description": "jobdescription titledescription",
    "started": "jobstartedon startedon startdate",
    "ended": "jobendedon endedon enddate",
    "in_role": "durationinrole",
    "past_title": "pastexperiencecompanytitle",
    "past_company": "pastexperiencecompanyname",
    "past_company_url": "pastexperiencecompanyurl",
    "past_dates": "pastexperiencedate",
}
"""What a column may be, and by which names it is known. Of several columns for one field the first of these names
that is filled holds."""

_BY_NAME = {name: field for field, names in FIELDS.items() for name in names.split()}
_OF_JOB = frozenset(
    {
        "title",
        "company",
        "company_url",
        "company_host",
        "position_location",
        "description",
        "started",
        "ended",
    }
)
_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan", "feb", "mar mär", "apr", "may mai", "jun", "jul", "aug", "sep", "oct okt", "nov", "dec dez"),
        1,
    )
    for name in names.split()
}
_ISO = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$")
_NAMED_MONTH = re.compile(r"(?:(\d{1,2})[ .-])?([^\W\d]{3,})\.?[ -](\d{2,4})$")
_SLASHED = re.compile(r"(\d{1,2})/(\d{4})$")
_LASTED = re.compile(r"(?:(\d+) years?)?\s*(?:(\d+) months?)?", re.IGNORECASE)


_Telling = Callable[[str], None]


class _First(Protocol):
    """The first filled cell of a field, of a job."""

    def __call__(self, field: str, number: int = 1) -> str: ...


class Problem(NamedTuple):
    """What is wrong on a line. ``left_out``: the whole line; else one cell of it."""

    line: int
    message: str
    left_out: bool


class Imported(NamedTuple):
    """What became of a file."""

    taken: Taken
    lines: int
    problems: list[Problem]
    unmapped: list[str]
    mapped: dict[str, str]
    encoding: str
    separator: str


async def import_people(
    database: Database,
    organisation_id: UUID,
    content: bytes,
    *,
    reference: str,
    mapping: Mapping[str, str] | None = None,
) -> Imported:
    """Take in the people of a table; ``reference`` is its name in their provenance.

    What cannot be read is told line by line and the rest taken in, some thousand lines at once: a file that was
    interrupted can be imported again. Raises InvalidInput when it is no table of people, or ``mapping`` is wrong.
    """
    table = _table(content, mapping or {})
    fields = _mapped(table, mapping or {})
    origin = Origin(source="import", reference=reference, seen_at=datetime.now(UTC))
    taken, lines, problems, batch = Taken(), 0, [], list[Found]()

    async def flush() -> None:
        nonlocal taken, batch
        async with database.transaction() as connection:
            taken = taken.plus(await take_in(connection, organisation_id, batch))
        batch = []

    for row in table.rows:
        lines += 1
        if row.error:
            problems.append(Problem(row.line, row.error, left_out=True))
            continue
        profile = _profile(row.line, row.cells, fields, problems)
        if profile is not None:
            batch.append(Found(profile, origin))
        if len(batch) >= BATCH:
            await flush()
    if batch:
        await flush()
    used = {table.header[i]: field for i, (field, _) in fields.items()}
    unmapped = [name for i, name in enumerate(table.header) if name and i not in fields]
    return Imported(taken, lines, problems, unmapped, used, table.encoding, table.separator)


def _table(content: bytes, mapping: Mapping[str, str]) -> Table:
    table = read_table(content, [*_BY_NAME, *map(plain, mapping)])
    if table is None:
        raise InvalidInput(
            (
                "file",
                "holds no header that is understood: it needs columns such as 'First Name', 'Last Name', 'Company'; "
                "name yours with --mapping COLUMN=FIELD",
            )
        )
    return table


def _mapped(table: Table, mapping: Mapping[str, str]) -> dict[int, tuple[str, int]]:
    """By the place of a column: the field it holds, and of which job. Raises InvalidInput."""
    wrong = []
    given: dict[str, str] = {}
    heads = {plain(name): name for name in table.header}
    for column, field in mapping.items():
        name = field.strip().lower().replace("-", "_")
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FIELDS)}"
            wrong.append(FieldError("mapping", f"there is no field '{field}'; {hint}"))
        if plain(column) not in heads:
            near = difflib.get_close_matches(plain(column), heads, 1, 0.5)
            hint = f"did you mean '{heads[near[0]]}'?" if near else f"there are {', '.join(table.header)}"
            wrong.append(FieldError("mapping", f"the file has no column '{column}'; {hint}"))
        given[plain(column)] = name
    if wrong:
        raise InvalidInput(*wrong)
    found = []
    for i, name in enumerate(table.header):
        base, number = job(name)
        kind = given.get(plain(name)) or _BY_NAME.get(plain(base))
        if kind is not None and (number == 1 or kind in _OF_JOB):
            names = FIELDS[kind].split()
            rank = names.index(plain(base)) if plain(base) in names and plain(name) not in given else -1
            found.append((rank, i, (kind, number)))
    return {i: key for _, i, key in sorted(found)}


def _profile(
    line: int, cells: list[str], fields: Mapping[int, tuple[str, int]], problems: list[Problem]
) -> Profile | None:
    """The person of a line; what is wrong in it is added to ``problems``."""
    values: dict[tuple[str, int], list[str]] = {}
    for i, key in fields.items():
        if cells[i]:
            values.setdefault(key, []).append(cells[i])

    def first(field: str, number: int = 1) -> str:
        return values.get((field, number), [""])[0]

    def wrong(what: str) -> None:
        problems.append(Problem(line, what, left_out=False))

    named = {name: first(name) for name in ("full_name", "first_name", "last_name")}
    if not any(named.values()):
        problems.append(Problem(line, "names nobody", left_out=True))
        return None
    public, sales = _addresses(values.get(("profile_url", 1), ()), wrong)
    email = first("email").lower()
    if email and not _MAIL.fullmatch(email):
        wrong(f"'{email}' is no mail address; it was left out")
        email = ""
    avatar = first("avatar")
    country = first("country")
    code = taxonomy.country_code(country) if country else None
    place = first("location") or ", ".join(filter(None, (first("city"), first("state"), country)))
    return Profile(
        full_name=named["full_name"] or f"{named['first_name']} {named['last_name']}".strip(),
        first_name=named["first_name"],
        last_name=named["last_name"],
        headline=first("headline"),
        summary=first("summary"),
        location=place,
        country=code,
        avatar=avatar if avatar.startswith(("https://", "http://")) and " " not in avatar else None,
        profile_url=public,
        sales_navigator_url=sales,
        member_id=first("member_id") or None,
        email=email or None,
        seniority=taxonomy.level_named(first("seniority")),
        department=taxonomy.department_named(first("department")),
        positions=tuple(_positions(first, {number for _, number in values}, wrong)),
    )


def _addresses(given: list[str] | tuple[str, ...], wrong: _Telling) -> tuple[str | None, str | None]:
    public = sales = None
    for text in given:
        try:
            address = parse_profile_address(text)
        except InvalidQuestion:
            wrong(f"'{text[:100]}' is no address of a profile on LinkedIn; it was left out")
            continue
        if address.sales_navigator:
            sales = sales or address.url
        else:
            public = public or address.url
    return public, sales


def _positions(first: _First, numbers: set[int], wrong: _Telling) -> Iterator[Position]:
    for number in sorted(numbers):
        title, company = first("title", number), first("company", number)
        if not title and not company:
            continue
        ended = _date(first("ended", number))
        started = _date(first("started", number))
        if started is None and number == 1:
            started = _before_now(first("in_role"))
        yield Position(
            title=title,
            company=company,
            company_url=_company_url(first("company_url", number), wrong),
            company_host=_host(first("company_host", number)),
            location=first("position_location", number),
            description=first("description", number),
            started=started,
            ended=ended,
            # Of further jobs without dates it is not known whether they are held; files list them newest first.
            current=ended is None and (number == 1 or bool(started)),
        )
    if first("past_company", 1) or first("past_title", 1):
        start, _, end = first("past_dates", 1).replace("–", "-").partition(" - ")
        yield Position(
            title=first("past_title", 1),
            company=first("past_company", 1),
            company_url=_company_url(first("past_company_url", 1), wrong),
            started=_date(start),
            ended=_date(end),
            current=False,
        )


_company_page = lru_cache(maxsize=20_000)(parse_company_address)  # line after line names the same companies


def _company_url(text: str, wrong: _Telling) -> str | None:
    if not text:
        return None
    try:
        return _company_page(text)
    except InvalidQuestion:
        wrong(f"'{text[:100]}' is no company's page on LinkedIn; it was left out")
        return None


@lru_cache(maxsize=20_000)
def _host(text: str) -> str | None:
    bare = re.sub(r"^https?://", "", text.strip().lower()).partition("/")[0]
    if not bare:
        return None
    try:
        return parse_company(bare).host
    except InvalidQuestion:
        return None


def _date(text: str) -> str | None:
    """``2024``, ``2024-03`` or ``2024-03-05``; None where no date is understood."""
    text = text.strip()
    if match := _ISO.match(text):
        return "-".join(part for part in match.groups() if part)
    if match := _SLASHED.match(text):
        return f"{match[2]}-{int(match[1]):02d}" if 1 <= int(match[1]) <= 12 else None
    if match := _NAMED_MONTH.match(text):
        month = _MONTHS.get(match[2][:3].lower())
        year = match[3] if len(match[3]) == 4 else f"20{match[3]}"
        if month is not None:
            return f"{year}-{month:02d}" + (f"-{int(match[1]):02d}" if match[1] else "")
    return None


def _before_now(text: str) -> str | None:
    """The month that lies this long ago: "2 years 3 months in role"."""
    match = _LASTED.match(text.strip())
    if match is None or not (match[1] or match[2]):
        return None
    now = datetime.now(UTC)
    month = now.year * 12 + now.month - 1 - int(match[1] or 0) * 12 - int(match[2] or 0)
    return f"{month // 12}-{month % 12 + 1:02d}"
