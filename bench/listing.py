"""Lists while 300,000 signals are stored: each page against the bare statements that fetch what stands on it.

python -m bench.listing [COUNT]      the same with fewer signals

Signals of four organisations, most of them of one, with answers and sources as they are stored. The yardstick of a page
is what somebody would write by hand who knows the columns: one statement that counts and one that fetches the rows, each
of the same filter, on a bare connection. What is compared is the time of the statements, ours and theirs turn by turn;
how long a page takes us with the writing of its bytes is noted.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from bench.rows import Row
from bench.service import fresh_database
from leadline.accounts.service import organisation
from leadline.foundation.database import Connection, Database
from leadline.foundation.ids import new_id
from leadline.foundation.log import configure_logging
from leadline.signals import batch_repository, views
from leadline.signals.views import SignalQuery

COUNT = 300_000
SHARES = (0.7, 0.1, 0.1, 0.1)  # of the organisations
COMPANIES = 5_000
SUBSCRIPTIONS = 20  # each has as many of the signals, of one half of them
BATCH = 20_000
TURNS = 25
GOAL = 0.8

_COLUMNS = """id, status, asked_host, question, answer_type, created_at, verification_mode, completed_at, answer::text,
    confidence, confidence_basis, reasoning, sources::text, metadata::text, error, error_code, error_action, change::text,
    company::text, contact_profile_url"""


class Listing(NamedTuple):
    """A page by us, and by hand: what is filtered besides the organisation."""

    what: str
    query: SignalQuery
    condition: str
    values: tuple[Any, ...] = ()


def rows(count: int = COUNT) -> Iterator[Row]:
    configure_logging("error")
    yield from asyncio.run(_measure(count))


async def _measure(count: int) -> list[Row]:
    async with fresh_database() as database:
        orgs = [await organisation(database.repeatable, f"bench {number}") for number in range(len(SHARES))]
        subscriptions = [new_id() for _ in range(SUBSCRIPTIONS)]
        await _fill(database, orgs, subscriptions, count)
        found = [await _compared(database, orgs[0], one) for one in await _listings(database, subscriptions)]
        return [*found, await _batch(database, orgs[0])]


async def _fill(database: Database, orgs: Sequence[UUID], subscriptions: Sequence[UUID], count: int) -> None:
    """By set: one signal a second, the newest now; each tenth failed, each twentieth still at work."""
    await database.execute(
        "insert into companies (id, host) select gen_random_uuid(), 'company-' || n || '.com' from generate_series(1, $1) n",
        COMPANIES,
    )
    await database.execute(
        """
        insert into signals (id, organisation_id, company_id, asked_host, question, answer_type, verification_mode,
            max_pages, reader, request_key, status, answer, confidence, confidence_basis, reasoning, sources, metadata,
            error, error_code, charged, created_at, completed_at, subscription_id)
        select gen_random_uuid(), ($1::uuid[])[greatest(1, n % 10 - 5)], c.id, c.host,
            'Does the company offer product number ' || n || '?', 'boolean', 'strict', 40, 'extractive',
            sha256(n::text::bytea), made.status,
            case when made.status = 'completed' then '{"value": true}'::jsonb end,
            case when made.status = 'completed' then 0.87 end,
            case when made.status = 'completed' then 'calibrated' end,
            case when made.status = 'completed' then repeat('The pages say so in these words. ', 6) end,
            case when made.status = 'completed' then jsonb_build_array(
                jsonb_build_object('url', 'https://' || c.host || '/products', 'title', 'Products',
                    'snippet', repeat('Words of the page around the quote. ', 8))) else '[]' end,
            '{"pagesRead": 12, "seconds": 4.2, "reader": "extractive"}',
            case when made.status = 'failed' then 'The site could not be read.' end,
            case when made.status = 'failed' then 'SITE_UNREACHABLE' end,
            made.status = 'completed', made.at, case when made.status <> 'processing' then made.at + interval '5 s' end,
            case when n % 2 = 0 then ($2::uuid[])[1 + n / 2 % cardinality($2::uuid[])] end
        from generate_series(1, $3) n
        cross join lateral (select
            case when n % 20 = 1 then 'processing' when n % 10 = 0 then 'failed' else 'completed' end as status,
            now() - make_interval(secs => $3 - n) as at) made
        join (select id, host, row_number() over (order by host) as place from companies) c on c.place = 1 + n * 7 % $4
        """,
        list(orgs),
        list(subscriptions),
        count,
        COMPANIES,
    )
    for table in ("companies", "signals"):
        await database.execute(f"vacuum analyze {table}")


async def _listings(database: Database, subscriptions: Sequence[UUID]) -> list[Listing]:
    company: UUID = await database.fetchval("select id from companies where host = 'company-42.com'")
    # Of the first subscription with signals of the large organisation, and a company that it asks.
    asked = await database.fetchrow(
        """
        select subscription_id, asked_host from signals
        where subscription_id = any($1::uuid[]) and organisation_id =
            (select organisation_id from signals group by 1 order by count(*) desc limit 1) limit 1
        """,
        list(subscriptions),
    )
    subscription, host = asked
    now: datetime = await database.fetchval("select now()")
    since, until = now - timedelta(hours=20), now - timedelta(hours=10)
    dated = "completed_at >= $2 and completed_at <= $3"
    of_host = "company_id = (select id from companies where host = $2)"
    return [
        Listing("all", SignalQuery(), "true"),
        Listing("the thousandth page", SignalQuery(offset=25_000), "true"),
        Listing("of a domain", SignalQuery(domain="company-42.com"), of_host, ("company-42.com",)),
        Listing("of a company", SignalQuery(company_id=str(company)), "company_id = $2", (company,)),
        Listing("completed", SignalQuery(statuses=("completed",)), "status = $2", ("completed",)),
        Listing("failed", SignalQuery(statuses=("failed",)), "status = $2", ("failed",)),
        Listing("at work", SignalQuery(statuses=("processing",)), "status = $2", ("processing",)),
        Listing("between two dates", SignalQuery(since=since, until=until), dated, (since, until)),
        Listing(
            "failed between two dates",
            SignalQuery(statuses=("failed",), since=since, until=until),
            f"{dated} and status = $4",
            (since, until, "failed"),
        ),
        Listing(
            "of a subscription",
            SignalQuery(subscription_id=subscription),
            "subscription_id = $2",
            (subscription,),
        ),
        Listing(
            "of a subscription, of a domain",
            SignalQuery(subscription_id=subscription, domain=host),
            "company_id = (select id from companies where host = $3) and subscription_id = $2",
            (subscription, host),
        ),
        Listing(
            "of a subscription, failed, between two dates",
            SignalQuery(subscription_id=subscription, statuses=("failed",), since=since, until=until),
            f"{dated} and status = $4 and subscription_id = $5",
            (since, until, "failed", subscription),
        ),
    ]


async def _compared(database: Database, org: UUID, listing: Listing) -> Row:
    where = f"organisation_id = $1 and contact_profile_url is null and {listing.condition}"
    limit, offset = listing.query.limit, listing.query.offset

    async def ours(connection: Connection) -> None:
        await views.read_page(connection, org, listing.query)

    async def bare(connection: Connection) -> None:
        await connection.fetchval(f"select count(*) from signals where {where}", org, *listing.values)
        await connection.fetch(
            f"select {_COLUMNS} from signals where {where}"
            f" order by created_at desc, id desc limit {limit} offset {offset}",
            org,
            *listing.values,
        )

    return await _row(database, f"signals listed: {listing.what}", ours, bare)


async def _batch(database: Database, org: UUID) -> Row:
    """A page of the rows of a batch, by its number."""
    batch_id = new_id()
    ids = [
        row["id"]
        for row in await database.fetch(
            "select id from signals where organisation_id = $1 limit $2", org, BATCH
        )
    ]
    async with database.transaction() as connection:
        await batch_repository.add(connection, batch_id, org, ids, {})

    async def ours(connection: Connection) -> None:
        await batch_repository.rows(connection, org, batch_id, 100, 10_000)

    async def bare(connection: Connection) -> None:
        page = await connection.fetchval(
            "select signal_ids[10001:10100] from signal_batches where id = $1 and organisation_id = $2",
            batch_id,
            org,
        )
        await connection.fetch(
            "select id, status, asked_host, question, created_at from signals where id = any($1::uuid[])",
            page,
        )

    return await _row(database, f"rows 10,001 to 10,100 of a batch of {len(ids):,}", ours, bare)


async def _row(
    database: Database,
    what: str,
    ours: Callable[[Connection], Awaitable[None]],
    bare: Callable[[Connection], Awaitable[None]],
) -> Row:
    stated: tuple[list[float], list[float]] = ([], [])
    whole: list[float] = []
    async with database.pool.acquire() as connection:
        for turn in range(TURNS + 3):  # the first ones plan the statements
            for call, into in zip((ours, bare), stated, strict=True):
                timed = _Timed(connection)
                started = time.perf_counter()
                await call(cast(Any, timed))
                if turn >= 3:
                    into.append(timed.seconds)
                    whole += [time.perf_counter() - started] if call is ours else []
    mine, yard = map(statistics.median, stated)
    return Row(
        what,
        f"{yard / mine:.2f}",
        f"at least {GOAL}",
        f"statements {mine * 1000:.1f} ms, bare {yard * 1000:.1f} ms; the page {statistics.median(whole) * 1000:.1f} ms",
        yard / mine >= GOAL,
    )


class _Timed:
    """A connection that sums up how long its statements take."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def timed(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return await getattr(self._connection, name)(*arguments)
            finally:
                self.seconds += time.perf_counter() - started

        return timed


if __name__ == "__main__":
    configure_logging("error")
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT):
        print(*row, sep=" | ")
