"""The people of an organisation: searches in a directory of a million, and the import of 100,000 lines.

python -m bench.people [PEOPLE [LINES]]      the same with fewer

A search is all that the local directory does for one page and its total. The yardstick is a bare statement of the same
conditions that gives the same page and total, whichever of two plans costs the server less: find all, count and page
them in one statement; or count in one and page in another. Both run on the one connection there is, without parallel
workers, whose time would not be seen; the server's time is what the connection's backend and the workers that read its
pages were on a processor.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import itertools
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import psutil

from bench.rows import Row
from leadline.accounts.service import default_organisation
from leadline.contacts import persons
from leadline.contacts import words as w
from leadline.contacts.directory import LocalDirectory
from leadline.contacts.importing import import_people
from leadline.foundation.database import Database
from leadline.foundation.log import configure_logging
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings
from leadline.research.people import PeopleFilter, Position, Profile

PEOPLE = 1_000_000
LINES = 100_000
EACH = 40  # searches of a kind, each for something else where the kind allows
SHORT = 0.01  # seconds
SHORT_TIMES = 10
SECONDS = 15.0  # after which no further search of a kind begins
LIMIT = 25
SEARCH_GOAL = 0.8
IMPORT_GOAL = 0.2

_SYLLABLES = "ka lo mi ren to sa vel bri no da ju pe fra wil hel gus tor lin mar bo".split()
_NAMES = [a + b + c for a, b, c in itertools.product(_SYLLABLES, repeat=3)]
_LEVELS = (
    "Chief;Head of;Director of;VP;Senior Manager;Manager;Junior Specialist;Specialist;Assistant;Lead".split(
        ";"
    )
)
_FUNCTIONS = (
    "Engineering;Sales;Marketing;Finance;Human Resources;Operations;Product Management;Information Technology;"
    "Legal;Purchasing;Customer Success;Quality Assurance;Research;Design;Accounting;Business Development"
).split(";")
_TITLES = [f"{level} {function}" for level in _LEVELS for function in _FUNCTIONS]
_PLACES = (
    "Berlin, Germany;Hamburg, Germany;London, United Kingdom;Leeds, United Kingdom;Austin, Texas, United States;"
    "Boston, Massachusetts, United States;Paris, France;Lyon, France;Oslo, Norway;Malmö, Sweden;Madrid, Spain;"
    "Milan, Italy;Vienna, Austria;Zurich, Switzerland;Warsaw, Poland;Lisbon, Portugal;Tokyo, Japan;Toronto, Canada"
).split(";")


def rows(people: int = PEOPLE, lines: int = LINES) -> Iterator[Row]:
    configure_logging("error")
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > 8_000_000_000 else None
    folder = Path(tempfile.mkdtemp(prefix="leadline-bench-", dir=where))
    try:
        yield asyncio.run(_imported(folder / "import", lines))
        with asyncio.Runner() as runner:
            searched = _searched(folder / "search", people)
            with contextlib.suppress(StopAsyncIteration):
                while True:
                    yield runner.run(searched.__anext__())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ------------------------------------------------------------------ import


async def _imported(folder: Path, lines: int) -> Row:
    """An import against a COPY of the rows that it makes, into the same tables with the same indexes."""
    content = _table(lines)
    async with open_database(Settings(data_dir=folder)) as database:
        organisation_id = await default_organisation(database.repeatable)
        started = time.perf_counter()
        found = await import_people(database, organisation_id, content, reference="bench.csv")
        took = time.perf_counter() - started
        assert (found.taken.made, found.problems) == (lines, [])
        copied = await _copied(database)
    return Row(
        f"import of {lines:,} lines",
        f"{lines / took:,.0f} lines/s",
        f">= {IMPORT_GOAL} of COPY",
        f"{copied / took:.2f} of COPY, by wall; COPY of the same people and what they are recognised by, into the same "
        f"tables and indexes: {lines / copied:,.0f}/s",
        copied / took >= IMPORT_GOAL,
    )


async def _copied(database: Database) -> float:
    """Seconds that COPY takes for what is in the tables."""
    tables = {name: io.BytesIO() for name in ("people", "people_identities")}
    async with database.dedicated() as connection:
        for name, content in tables.items():
            await connection.copy_from_table(name, output=content, format="binary")
            content.seek(0)
        await connection.execute("truncate people, people_identities")
        started = time.perf_counter()
        for name, content in tables.items():
            await connection.copy_to_table(name, source=content, format="binary")
        return time.perf_counter() - started


def _table(lines: int) -> bytes:
    """An export with eleven columns, of twenty people a company."""
    chosen, out = random.Random(1), io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        "First Name;Last Name;Linkedin Url;Email;Location;Headline;Job Title;Job Started On;Company;Corporate Website;"
        "Corporate Linkedin Url".split(";")
    )
    for number in range(lines):
        first, last = chosen.choice(_NAMES).title(), chosen.choice(_NAMES).title()
        title, company = chosen.choice(_TITLES), chosen.randrange(lines // 20 + 1)
        writer.writerow(
            (
                first,
                last,
                f"https://www.linkedin.com/in/{first}-{last}-{number:x}",
                f"{first}.{number}@company-{company}.example" if number % 3 == 0 else "",
                chosen.choice(_PLACES),
                f'{title} at "Company {company}", since {2000 + number % 25}',
                title,
                f"{2000 + number % 25}-{1 + number % 12:02d}",
                f"Company {company} GmbH",
                f"https://www.company-{company}.example",
                f"https://www.linkedin.com/company/company-{company}",
            )
        )
    return out.getvalue().encode()


# ------------------------------------------------------------------ search


class Kind(NamedTuple):
    """Searches of one kind: the filter of each."""

    name: str
    filters: list[PeopleFilter]


def _kinds(people: int) -> list[Kind]:
    companies = [
        f"https://www.linkedin.com/company/company-{number * 7919 % _companies(people)}"
        for number in range(EACH)
    ]
    titles = [_TITLES[number * 7 % len(_TITLES)] for number in range(EACH)]
    departments = ("Sales", "Engineering", "Marketing", "Finance")
    levels = ("CXO", "Vice President", "Director")
    countries = ("DE", "GB", "US", "FR")

    def kind(name: str, make: Callable[[int], PeopleFilter]) -> Kind:
        return Kind(name, [make(number) for number in range(EACH)])

    return [
        kind("company", lambda n: PeopleFilter(company_urls=(companies[n],))),
        kind("title", lambda n: PeopleFilter(job_titles=(titles[n],))),
        kind("department", lambda n: PeopleFilter(departments=(departments[n % 4],))),
        kind("seniority", lambda n: PeopleFilter(seniority_levels=(levels[n % 3],))),
        kind("country", lambda n: PeopleFilter(countries=(countries[n % 4],))),
        kind(
            "keywords", lambda n: PeopleFilter(keywords=f"{titles[n]} Company {n * 31 % _companies(people)}")
        ),
        kind(
            "first and last name",
            lambda n: PeopleFilter(first_name=_NAMES[n * 37], last_name=_NAMES[n * 53 + 1]),
        ),
        kind("last name", lambda n: PeopleFilter(last_name=_NAMES[n * 53 + 1])),
        kind(
            "company, seniority",
            lambda n: PeopleFilter(company_urls=(companies[n],), seniority_levels=levels),
        ),
        kind(
            "title, country, department",
            lambda n: PeopleFilter(
                job_titles=(titles[n],), countries=(countries[n % 4],), departments=(departments[n % 4],)
            ),
        ),
        kind(
            "seniority, department, country, keywords",
            lambda n: PeopleFilter(
                seniority_levels=levels,
                departments=departments[:2],
                countries=(countries[n % 4],),
                keywords="head",
            ),
        ),
    ]


def _companies(people: int) -> int:
    return max(people // 20, 1)


class Cost(NamedTuple):
    """Of each search: seconds of the server's processor, and seconds until it was answered."""

    server: list[float]
    wall: list[float]


async def _searched(folder: Path, people: int) -> AsyncGenerator[Row, None]:
    settings = Settings(data_dir=folder, pool_size=1)
    async with open_database(settings) as database:
        organisation_id = await default_organisation(database.repeatable)
        await _populate(database, organisation_id, people)
        await database.execute("set max_parallel_workers_per_gather = 0")
        directory = LocalDirectory(database, organisation_id)
        for kind in _kinds(people):
            ours, *bare = await _costs(
                database,
                [
                    [_search(directory, one) for one in kind.filters],
                    *(
                        [_bare(database, organisation_id, plan, one) for one in kind.filters]
                        for plan in (_AT_ONCE, _APART)
                    ),
                ],
            )
            yield _row(kind, ours, min(bare, key=lambda cost: statistics.mean(cost.server)), people)


def _row(kind: Kind, ours: Cost, bare: Cost, people: int) -> Row:
    ratio = statistics.mean(bare.server) / statistics.mean(ours.server)
    parts = [
        f"{name} p50 {_milliseconds(statistics.median(cost.wall))}, p99 {_milliseconds(_p99(cost.wall))} of {len(cost.wall)}"
        for name, cost in (("wall", ours), ("bare", bare))
    ]
    return Row(
        f"search by {kind.name}, {people:,} people",
        f"{ratio:.2f}",
        f">= {SEARCH_GOAL} of bare",
        f"server {_milliseconds(statistics.mean(ours.server))} of bare {_milliseconds(statistics.mean(bare.server))}; {'; '.join(parts)}",
        ratio >= SEARCH_GOAL,
    )


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[max(0, -(-99 * len(values) // 100) - 1)]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


def _search(directory: LocalDirectory, wanted: PeopleFilter) -> Callable[[], Awaitable[Any]]:
    return lambda: directory.search(wanted, limit=LIMIT, offset=0)


_SHOWN = (
    "id, full_name, first_name, last_name, headline, summary, location, country, avatar, profile_url, sales_navigator_url, "
    "member_id, email, seniority, department, positions, origins, provenance, first_seen_at, updated_at"
)
_FOUND = "from people where organisation_id = $1 and terms @@ $2::text::tsquery"
_AT_ONCE = (
    f"""
    with found as materialized (select id {_FOUND})
    select {_SHOWN}, (select count(*) from found) from people
    where id in (select id from found order by id limit {LIMIT}) order by id
    """,
)
_APART = (
    f"select count(*) {_FOUND}",
    f"select {_SHOWN} {_FOUND} order by id limit {LIMIT}",
)


def _bare(
    database: Database, organisation_id: UUID, plan: Sequence[str], wanted: PeopleFilter
) -> Callable[[], Awaitable[Any]]:
    query = w.query(_conditions(wanted))

    async def run() -> None:
        for statement in plan:
            await database.fetch(statement, organisation_id, query)

    return run


def _conditions(wanted: PeopleFilter) -> list[list[str]]:
    """What is looked for, as the index knows it."""
    groups = [
        [w.COMPANY + key for url in wanted.company_urls for key in _names(w.company_path(url))],
        [persons.word_terms(w.FIRST, wanted.first_name)],
        [persons.word_terms(w.LAST, wanted.last_name)],
        [persons.word_terms(w.ANY, wanted.keywords)],
        [persons.word_terms(w.TITLE, title) for title in wanted.job_titles],
        persons.value_terms(w.COUNTRY, wanted.countries),
        persons.value_terms(w.DEPARTMENT, wanted.departments),
        persons.value_terms(w.LEVEL, wanted.seniority_levels),
    ]
    return [group for group in groups if any(group)]


def _names(path: str) -> tuple[str, str]:
    """A company's page, and its name, where a file has no address of the page."""
    return path, path.replace("company/", "name/")


async def _costs(database: Database, ways: Sequence[Sequence[Callable[[], Awaitable[Any]]]]) -> list[Cost]:
    """What the same searches cost in each of these ways, turn by turn, and each way first in its turn.

    A search is run twice before it is measured, and a short one several times on end. A way that is far behind the best is
    not gone further.
    """
    backend = await database.fetchval("select pg_backend_pid()")
    pids = [backend, *_io_workers(backend)]
    costs, ends = [Cost([], []) for _ in ways], time.perf_counter() + SECONDS
    for turn, searches in enumerate(zip(*ways, strict=True)):
        best = min(statistics.mean(cost.server) for cost in costs) if turn else 0.0
        order = list(zip(searches, costs, strict=True))
        for search, cost in order[turn % len(ways) :] + order[: turn % len(ways)]:
            if turn > 0 and statistics.mean(cost.server) > 5 * best:
                continue
            await search()
            started = time.perf_counter()
            await search()
            times = SHORT_TIMES if time.perf_counter() - started < SHORT else 1
            before = sum(map(_on_processor, pids))
            for _ in range(times):
                started = time.perf_counter()
                await search()
                cost.wall.append(time.perf_counter() - started)
            cost.server.append((sum(map(_on_processor, pids)) - before) / times)
        if time.perf_counter() > ends:
            break
    assert await database.fetchval("select pg_backend_pid()") == backend
    return costs


def _io_workers(backend: int) -> list[int]:
    """Processes that read pages for a server's backends, from PostgreSQL 18 on."""
    server = psutil.Process(backend).parent()
    assert server is not None
    return [one.pid for one in server.children() if "io worker" in " ".join(one.cmdline())]


def _on_processor(pid: int) -> float:
    """Seconds that a process was on a processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


async def _populate(database: Database, organisation_id: UUID, people: int) -> None:
    """People with all that an import would have given them, combined by the server; the text index is made last."""
    async with database.dedicated() as connection:
        await connection.execute(
            "create temporary table parts (kind text, number bigint, text text, terms text[], country text, seniority text,"
            " department text)"
        )
        await connection.copy_records_to_table("parts", records=_parts())
        await connection.execute("create index on parts (kind, number)")
        await connection.execute("analyze parts")
        index = await connection.fetchval("select indexdef from pg_indexes where indexname = 'people_terms'")
        await connection.execute("drop index people_terms")
        await connection.execute("set maintenance_work_mem = '1GB'")
        await connection.execute(
            _COMBINED, organisation_id, people, len(_NAMES), len(_TITLES), len(_PLACES), _companies(people)
        )
        await connection.execute(index)
        await connection.execute("vacuum analyze people")


def _parts() -> Iterator[tuple[Any, ...]]:
    """Names, titles and places with the words that they are found by."""
    for number, name in enumerate(_NAMES):
        for kind, profile in (
            ("first", Profile(full_name="", first_name=name)),
            ("last", Profile(full_name="", last_name=name)),
        ):
            wanted = (w.FIRST if kind == "first" else w.LAST,)
            terms = [one for one in persons.terms(profile) if one.startswith(wanted)] + [
                w.ANY + one for one in w.words(name)
            ]
            yield kind, number, name.title(), terms, None, None, None
    for kind, texts in (("title", _TITLES), ("place", _PLACES)):
        for number, text in enumerate(texts):
            profile = persons.completed(
                Profile(full_name="", positions=(Position(title=text),))
                if kind == "title"
                else Profile(full_name="", location=text)
            )
            yield (
                kind,
                number,
                text,
                persons.terms(profile),
                profile.country,
                profile.seniority,
                profile.department,
            )


# What is chosen of each kind follows from the number of the person by primes, so that kinds do not go together.
_COMBINED = """
    with chosen as (
        select n, (hashint8extended(n, 1) & 1073741823) % $3 as first, (hashint8extended(n, 2) & 1073741823) % $3 as last,
               (hashint8extended(n, 3) & 1073741823) % $4 as title, (hashint8extended(n, 4) & 1073741823) % $5 as place,
               (hashint8extended(n, 5) & 1073741823) % $6 as company
        from generate_series(1, $2::bigint) n
    )
    insert into people (id, organisation_id, full_name, first_name, last_name, headline, summary, location, country,
                        profile_url, seniority, department, positions, origins, provenance, terms)
    select ('01a20000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, f.text || ' ' || l.text, f.text, l.text,
           t.text || ' at Company ' || company, '', p.text, p.country,
           'https://www.linkedin.com/in/' || lower(f.text || '-' || l.text) || '-' || n, t.seniority, t.department,
           jsonb_build_array(jsonb_build_object(
               'title', t.text, 'company', 'Company ' || company || ' GmbH', 'started', '2021-03', 'current', true,
               'company_url', 'https://www.linkedin.com/company/company-' || company)),
           '[{"source": "import", "reference": "bench.csv"}]',
           jsonb_build_object('full_name', '{"source": "import", "reference": "bench.csv"}'::jsonb,
                              'positions', '{"source": "import", "reference": "bench.csv"}'::jsonb,
                              'location', '{"source": "import", "reference": "bench.csv"}'::jsonb),
           array_to_tsvector(array(select distinct unnest(
               f.terms || l.terms || t.terms || p.terms ||
               array['w:company', 'w:at', 'w:gmbh', 'w:' || company, 'c:company/company-' || company])))
    from chosen
    join parts f on f.kind = 'first' and f.number = first
    join parts l on l.kind = 'last' and l.number = last
    join parts t on t.kind = 'title' and t.number = title
    join parts p on p.kind = 'place' and p.number = place
"""


if __name__ == "__main__":
    for row in rows(*map(int, sys.argv[1:])):
        print(*row, sep=" | ", flush=True)
