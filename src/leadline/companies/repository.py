"""SQL of companies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import UNSET

from leadline.companies.schemas import CompanyListFilter
from leadline.foundation.database import Connection
from leadline.foundation.ids import new_id
from leadline.research.documents.hosts import without_www


async def find(connection: Connection, host: str) -> UUID | None:
    found: UUID | None = await connection.fetchval("select id from companies where host = $1", host)
    return found


async def resolve(connection: Connection, host: str) -> UUID:
    """The id of the company with this host, made when it is new."""
    found = await find(connection, host)
    if found is not None:
        return found
    # Two callers may meet here: the loser's insert does nothing and the second select finds the winner's row.
    await connection.execute(
        "insert into companies (id, host) values ($1, $2) on conflict (host) do nothing", new_id(), host
    )
    made: UUID = await connection.fetchval("select id from companies where host = $1", host)
    return made


async def resolve_many(connection: Connection, hosts: Sequence[str]) -> dict[str, UUID]:
    """The ids of the companies with these hosts, made where they are new."""
    known = await connection.fetch("select host, id from companies where host = any($1::text[])", list(hosts))
    found: dict[str, UUID] = {row["host"]: row["id"] for row in known}
    # In one order, so that two callers with the same new hosts do not wait for each other.
    missing = sorted(set(hosts) - found.keys())
    if missing:
        await connection.execute(
            """
            insert into companies (id, host) select * from unnest($1::uuid[], $2::text[])
            on conflict (host) do nothing
            """,
            [new_id() for _ in missing],
            missing,
        )
        made = await connection.fetch("select host, id from companies where host = any($1::text[])", missing)
        found |= {row["host"]: row["id"] for row in made}
    return found


async def name(connection: Connection, company_id: UUID, company_name: str) -> None:
    """Record what the company's own site calls it."""
    await connection.execute(
        "update companies set name = $2 where id = $1 and name is distinct from $2", company_id, company_name
    )


class ProfileRow(NamedTuple):
    """A stored profile; ``pages`` and ``profile`` are JSON."""

    company_id: UUID
    name: str | None
    pages: str
    profile: str
    updated_at: datetime


_PROFILE = """
    select p.company_id, c.name, p.pages::text as pages, p.profile::text as profile, p.updated_at
    from company_profiles p join companies c on c.id = p.company_id where c.host = $1
"""


async def profile(connection: Connection, host: str) -> ProfileRow | None:
    """The stored profile of the company with this host."""
    row = await connection.fetchrow(_PROFILE, host)
    return None if row is None else ProfileRow(*row)


async def linked(connection: Connection, paths: Sequence[str]) -> list[ProfileRow]:
    """The profiles whose page on LinkedIn has one of these paths."""
    rows = await connection.fetch(
        """
        select p.company_id, c.name, p.pages::text as pages, p.profile::text as profile, p.updated_at
        from company_profiles p join companies c on c.id = p.company_id
        where lower(rtrim(split_part(p.profile #>> '{fields,linkedin,value}', 'linkedin.com/', 2), '/'))
            = any($1::text[])
        order by c.host
        """,
        list(paths),
    )
    return [ProfileRow(*row) for row in rows]


async def any_leading(connection: Connection) -> bool:
    found: bool = await connection.fetchval(
        "select exists (select from company_profiles where profile #> '{fields,leadership}' is not null)"
    )
    return found


async def lock_profile(connection: Connection, company_id: UUID, host: str) -> ProfileRow:
    """The profile, made where there is none, for this transaction alone."""
    await connection.execute(
        "insert into company_profiles (company_id, pages, profile) values ($1, '{}', '{}') on conflict do nothing",
        company_id,
    )
    await connection.execute("select 1 from company_profiles where company_id = $1 for update", company_id)
    return ProfileRow(*await connection.fetchrow(_PROFILE, host))


async def write_profile(connection: Connection, company_id: UUID, pages: str, profile: str) -> None:
    await connection.execute(
        "update company_profiles set pages = $2, profile = $3, updated_at = now() where company_id = $1",
        company_id,
        pages,
        profile,
    )


# ------------------------------------------------------------------ search


class FoundRow(NamedTuple):
    """A company, and its profile as JSON where there is one."""

    id: UUID
    host: str
    name: str | None
    profile: str | None


def _field(name: str, *path: str) -> str:
    return "p.profile #>> '{fields," + ",".join((name, "value", *path)) + "}'"


_NAME = f"coalesce({_field('name')}, c.name, c.host)"
_SLUGS = """
    array(select regexp_replace(lower(one), '[^a-z0-9]+', '-', 'g')
          from jsonb_array_elements_text(case jsonb_typeof(p.profile #> '{fields,technologies,value}')
                                         when 'array' then p.profile #> '{fields,technologies,value}'
                                         else '[]' end) as one)
"""


async def search(
    connection: Connection, wanted: CompanyListFilter, limit: int, offset: int
) -> tuple[list[FoundRow], int]:
    """Those that meet the filter, by host, and how many there are."""
    conditions, values = _conditions(wanted)
    place = len(values) + 1
    rows = await connection.fetch(
        f"""
        with found as materialized (
            select c.id, c.host, c.name, p.profile::text as profile
            from companies c left join company_profiles p on p.company_id = c.id
            where {" and ".join(conditions)}
        )
        select counted.total, found.* from (select count(*) as total from found) counted
        left join lateral (select * from found order by host limit ${place} offset ${place + 1}) found on true
        order by found.host
        """,  # noqa: S608
        *values,
        limit,
        offset,
    )
    found = [
        FoundRow(row["id"], row["host"], row["name"], row["profile"]) for row in rows if row["id"] is not None
    ]
    return found, rows[0]["total"]


def _conditions(wanted: CompanyListFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = ["true"]
    values: list[Any] = []

    def also(condition: str, value: Any) -> None:
        values.append(value)
        conditions.append(condition.replace("{}", f"${len(values)}"))

    def one_of(column: str, given: Any, *, lower: bool = True) -> None:
        if given:
            text = f"lower({column})" if lower else column
            also(text + " = any({}::text[])", [one.lower() if lower else one for one in given])

    hosts = [_host(one) for one in (*(wanted.domains or ()), *(wanted.websites or ()))]
    one_of("c.host", hosts)
    one_of(_NAME, wanted.names)
    if wanted.handles:
        also(
            f"lower({_field('linkedin')})" + " ~ any({}::text[])",
            [f"/{re.escape(h.lower())}/?$" for h in wanted.handles],
        )
    one_of(_field("industry"), wanted.industries)
    one_of(_field("size"), wanted.sizes, lower=False)
    one_of(_field("type"), wanted.types)
    if wanted.technologies:
        also(
            _SLUGS + " && {}::text[]",
            [re.sub(r"[^a-z0-9]+", "-", one.lower()) for one in wanted.technologies],
        )
    if wanted.founded:
        if wanted.founded.after is not UNSET:
            also(f"({_field('founded')})::numeric > " + "{}::integer", wanted.founded.after)
        if wanted.founded.before is not UNSET:
            also(f"({_field('founded')})::numeric < " + "{}::integer", wanted.founded.before)
    if wanted.location:
        one_of(_field("headquarters", "city"), wanted.location.cities)
        one_of(_field("headquarters", "state"), wanted.location.states)
        one_of(_field("headquarters", "countryCode"), wanted.location.country_codes)
    if wanted.exclude:
        for column, given, lower in (
            ("c.host", [_host(one) for one in wanted.exclude.domains or ()], True),
            (_field("industry"), wanted.exclude.industries, True),
            (_field("size"), wanted.exclude.sizes, False),
        ):
            if given:
                text = f"lower({column})" if lower else column
                also(
                    f"coalesce({text} <> all(" + "{}::text[]), true)",
                    [one.lower() if lower else one for one in given],
                )
    return conditions, values


def _host(text: str) -> str:
    """The host of a domain or an address, without its www."""
    host = text.strip().lower().split("://")[-1].split("/")[0].split(":")[0].removesuffix(".")
    return without_www(host)
