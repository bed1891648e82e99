"""SQL of pages, snapshots and site surveys."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection
from leadline.research.errors import Reason
from leadline.research.model import PageText, SiteSurvey
from leadline.research.ports import RobotsSaid

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(PageText)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a page's bytes and the canonical text that our walk made of them."""

    id: UUID
    url: str
    body_sha256: str
    body: bytes
    content_type: str
    content: PageText


class StoredSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A stored page. ``overwritten``: its text, where it was redacted; the bytes are then no longer those that came."""

    url: str
    content_type: str
    fetched_at: datetime
    body_sha256: str
    body: bytes
    overwritten: PageText | None = None


class PageRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one address. Every time is the database's."""

    url: str
    final_url: str | None = None
    snapshot_id: UUID | None = None
    reason: str | None = None
    detail: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    checked_at: datetime | None = None
    failing_since: datetime | None = None  # the first of the passing faults met in a row
    retry_at: datetime | None = None  # until then a passing fault is believed
    fresh: bool = False


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a fault that may pass is believed, in seconds: ``first``, doubled each time, up to ``longest``.

    ``least`` is what the host asked for (Retry-After); it is kept to within ``longest`` too.
    """

    first: float = 15.0
    longest: float = 240.0
    least: float = 0.0


_PAGE = (
    "url, final_url, snapshot_id, reason, detail, etag, last_modified, checked_at, failing_since, retry_at"
)
# A time that is still to come was written by a clock that was wrong. now() is when this transaction began: what another
# process has stored since then is seen, and is no fault of any clock.
_FRESH = """coalesce({0} <= clock_timestamp() and {0} >= greatest(now() - {1}::interval, {2}::timestamptz)
    and (retry_at is null or retry_at > now()), false)"""


async def pages(
    connection: Connection, urls: Sequence[str], freshness: timedelta, not_before: datetime | None
) -> dict[str, PageRow]:
    """What is known of these addresses.

    ``fresh``: looked at within ``freshness`` and not before ``not_before``, and no fault that is to be tried again.
    """
    rows = await connection.fetch(
        f"select {_PAGE}, {_FRESH.format('checked_at', '$2', '$3')} as fresh"  # noqa: S608
        " from pages where url = any($1::text[])",
        list(urls),
        freshness,
        not_before,
    )
    return {row["url"]: PageRow(**row) for row in rows}


async def age(connection: Connection, moment: datetime) -> float:
    """Seconds that have passed since a moment of the database's clock; 0 for one to come."""
    seconds = await connection.fetchval("select extract(epoch from now() - $1::timestamptz)", moment)
    return max(0.0, float(seconds))


async def claim(connection: Connection, url: str, seconds: float, *, checked_at: datetime | None) -> bool:
    """Take the right to fetch an address that was last looked at then (None: never).

    False while somebody else has it, and when it has been looked at since.
    """
    return (
        await connection.fetchval(
            """
            insert into pages (url, fetching_until)
            values ($1, now() + make_interval(secs => $2))
            on conflict (url) do update set fetching_until = excluded.fetching_until
            where (pages.fetching_until is null or pages.fetching_until < now())
              and pages.checked_at is not distinct from $3
            returning true
            """,
            url,
            seconds,
            checked_at,
        )
        is not None
    )


async def extend(connection: Connection, url: str, seconds: float) -> None:
    """Keep the right to fetch an address, unless it was given back."""
    await connection.execute(
        """
        update pages set fetching_until = now() + make_interval(secs => $2)
        where url = $1 and fetching_until is not null
        """,
        url,
        seconds,
    )


async def release(connection: Connection, url: str) -> None:
    await connection.execute("update pages set fetching_until = null where url = $1", url)


async def save_page(
    connection: Connection, row: PageRow, *, snapshot: Snapshot | None = None, passing: Patience | None = None
) -> PageRow:
    """Record the outcome of looking at an address now, and give back the right to fetch it.

    ``snapshot`` is stored with it when the page is new or changed; ``passing`` says that the outcome is a fault
    that may pass. Returns the row as it stands.
    """
    passing_, patience = passing is not None, passing or Patience()
    saved = await connection.fetchrow(
        f"""
        with stored as (
            insert into snapshots
                (id, url, body_sha256, body, content_type, walk, text_sha256, content, fetched_at)
            select $11, $12, $13, $14, $15, $16, $17, $18, now() where $11::uuid is not null
            on conflict (id) do nothing
        )
        insert into pages
            (url, final_url, snapshot_id, reason, detail, etag, last_modified, checked_at,
             failures, failing_since, retry_at)
        values ($1, $2, $3, $4, $5, $6, $7, now(),
            case when $8 then 1 else 0 end,
            case when $8 then now() end,
            case when $8 then now() + make_interval(secs => greatest($9, $19::float8)) end)
        on conflict (url) do update set
            final_url = excluded.final_url, snapshot_id = excluded.snapshot_id, reason = excluded.reason,
            detail = excluded.detail, etag = excluded.etag, last_modified = excluded.last_modified,
            checked_at = excluded.checked_at, fetching_until = null,
            failures = case when $8 then pages.failures + 1 else 0 end,
            failing_since = case when $8 then coalesce(pages.failing_since, now()) end,
            retry_at = case when $8 then now() + make_interval(secs =>
                greatest(least($9 * 2 ^ least(pages.failures, 20), $10), $19)) end
        returning {_PAGE}, true as fresh
        """,  # noqa: S608
        row.url,
        row.final_url,
        row.snapshot_id,
        row.reason,
        row.detail,
        row.etag,
        row.last_modified,
        passing_,
        patience.first,
        patience.longest,
        *(_columns(snapshot) if snapshot is not None else (None,) * 8),
        min(patience.least, patience.longest),
    )
    assert saved is not None, "an insert that updates on conflict always returns its row"
    return PageRow(**saved)


async def save_snapshot(connection: Connection, snapshot: Snapshot) -> datetime:
    """Store a snapshot that is no address's latest; returns the time it bears."""
    kept_at: datetime = await connection.fetchval(
        """
        insert into snapshots (id, url, body_sha256, body, content_type, walk, text_sha256, content, fetched_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, now()) returning fetched_at
        """,
        *_columns(snapshot),
    )
    return kept_at


async def forget_of_address(connection: Connection, ids: Sequence[UUID], urls: Sequence[str]) -> list[UUID]:
    """Delete those of the snapshots that are of these addresses, with what cites them; their ids."""
    rows = await connection.fetch(
        "select id from snapshots where id = any($1::uuid[]) and url = any($2::text[])", list(ids), list(urls)
    )
    found = [row["id"] for row in rows]
    await connection.execute("delete from citations where snapshot_id = any($1::uuid[])", found)
    await connection.execute("delete from snapshots where id = any($1::uuid[])", found)
    return found


async def cited_by(connection: Connection, references: Sequence[UUID]) -> list[UUID]:
    rows = await connection.fetch(
        "select distinct snapshot_id from citations where reference = any($1::uuid[])", list(references)
    )
    return [row["snapshot_id"] for row in rows]


def _columns(snapshot: Snapshot) -> tuple[Any, ...]:
    return (
        snapshot.id,
        snapshot.url,
        snapshot.body_sha256,
        zlib.compress(snapshot.body, 6),
        snapshot.content_type,
        snapshot.content.walk,
        snapshot.content.text_sha256,
        zlib.compress(_encoder.encode(snapshot.content), 1),
    )


async def snapshots(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Address, content, hash and time of those that exist; bodies are left in the database."""
    rows = await connection.fetch(
        "select id, url, body_sha256, content, fetched_at from snapshots where id = any($1::uuid[])",
        list(ids),
    )
    return {
        row["id"]: {
            "url": row["url"],
            "body_sha256": row["body_sha256"],
            "fetched_at": row["fetched_at"],
            "content": _decoder.decode(zlib.decompress(row["content"])),
        }
        for row in rows
    }


async def snapshot_body(connection: Connection, snapshot_id: UUID) -> tuple[bytes, str] | None:
    """The page's bytes as they came, and their content type."""
    row = await connection.fetchrow("select body, content_type from snapshots where id = $1", snapshot_id)
    return (zlib.decompress(row["body"]), row["content_type"]) if row is not None else None


async def whole_snapshots(connection: Connection, ids: Sequence[UUID]) -> dict[str, StoredSnapshot]:
    """Those that exist, with their bytes."""
    rows = await connection.fetch(
        """
        select id, url, content_type, fetched_at, body_sha256, body, case when redacted_at is not null then content end as overwritten
        from snapshots where id = any($1::uuid[])
        """,
        list(ids),
    )
    return {
        str(row["id"]): StoredSnapshot(
            url=row["url"],
            content_type=row["content_type"],
            fetched_at=row["fetched_at"],
            body_sha256=row["body_sha256"],
            body=zlib.decompress(row["body"]),
            overwritten=_decoder.decode(zlib.decompress(row["overwritten"])) if row["overwritten"] else None,
        )
        for row in rows
    }


async def survey(
    connection: Connection, host: str, freshness: timedelta, not_before: datetime | None
) -> SiteSurvey | None:
    found = await connection.fetchval(
        f"select survey from site_surveys where host = $1 and {_FRESH.format('surveyed_at', '$2', '$3')}",  # noqa: S608
        host,
        freshness,
        not_before,
    )
    return msgspec.json.decode(found, type=SiteSurvey) if found is not None else None


async def save_survey(
    connection: Connection, host: str, site_survey: SiteSurvey, *, passing: Patience | None
) -> None:
    """``passing``: it notes a fault that may pass, so it is made anew before it is old."""
    passing_, patience = passing is not None, passing or Patience()
    await connection.execute(
        """
        insert into site_surveys (host, survey, surveyed_at, failures, retry_at)
        values ($1, $2, now(), case when $3 then 1 else 0 end,
            case when $3 then now() + make_interval(secs => $4) end)
        on conflict (host) do update set survey = excluded.survey, surveyed_at = excluded.surveyed_at,
            failures = case when $3 then site_surveys.failures + 1 else 0 end,
            retry_at = case when $3 then now() + make_interval(secs =>
                least($4 * 2 ^ least(site_surveys.failures, 20), $5)) end
        """,
        host,
        msgspec.json.encode(site_survey).decode(),
        passing_,
        patience.first,
        patience.longest,
    )


async def claim_site(connection: Connection, what: str, seconds: float) -> bool:
    """Take the right to ask a site for something; False while somebody else has it."""
    return (
        await connection.fetchval(
            """
            insert into site_claims (what, claimed_until) values ($1, now() + make_interval(secs => $2))
            on conflict (what) do update set claimed_until = excluded.claimed_until
            where site_claims.claimed_until < now()
            returning true
            """,
            what,
            seconds,
        )
        is not None
    )


async def extend_site(connection: Connection, what: str, seconds: float) -> None:
    await connection.execute(
        "update site_claims set claimed_until = now() + make_interval(secs => $2) where what = $1",
        what,
        seconds,
    )


async def release_site(connection: Connection, what: str) -> None:
    await connection.execute("delete from site_claims where what = $1", what)


async def robots(
    connection: Connection, origin: str, *, believed: float, kept: float
) -> tuple[RobotsSaid, float] | None:
    """What is kept of an origin's robots.txt and is not too old, and its age in seconds."""
    row = await connection.fetchrow(
        """
        select said, reason, detail, extract(epoch from now() - read_at)::float8 as age from robots_files
        where origin = $1 and read_at <= clock_timestamp()
          and read_at > now() - make_interval(secs => case when reason is null then $2::float8 else $3::float8 end)
        """,
        origin,
        kept,
        believed,
    )
    if row is None:
        return None
    failure = (Reason(row["reason"]), row["detail"]) if row["reason"] is not None else None
    return RobotsSaid(said=row["said"], failure=failure), row["age"]


async def save_robots(connection: Connection, origin: str, found: RobotsSaid) -> None:
    reason, detail = found.failure or (None, None)
    await connection.execute(
        """
        insert into robots_files (origin, said, reason, detail, read_at) values ($1, $2, $3, $4, now())
        on conflict (origin) do update
        set said = excluded.said, reason = excluded.reason, detail = excluded.detail, read_at = excluded.read_at
        """,
        origin,
        found.said,
        reason,
        detail,
    )


async def forget_pages(connection: Connection, older_than: timedelta) -> None:
    """Forget addresses, surveys and robots.txt that nobody looked at since then; snapshots are left."""
    await connection.execute("delete from site_surveys where surveyed_at < now() - $1::interval", older_than)
    await connection.execute("delete from robots_files where read_at < now() - $1::interval", older_than)
    await connection.execute("delete from site_claims where claimed_until < now()")
    await connection.execute(
        """
        delete from pages where checked_at < now() - $1::interval
          and (fetching_until is null or fetching_until < now())
        """,
        older_than,
    )


async def old_snapshots(
    connection: Connection, older_than: timedelta, after: UUID | None, limit: int
) -> list[UUID]:
    """Snapshots from before that which are no page's latest and are not cited, in the order of their ids."""
    rows = await connection.fetch(
        """
        select s.id from snapshots s
        where s.fetched_at < now() - $1::interval and ($2::uuid is null or s.id > $2)
          and not exists (select from pages p where p.snapshot_id = s.id)
          and not exists (select from citations c where c.snapshot_id = s.id)
        order by s.id limit $3
        """,
        older_than,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def forget_snapshots(connection: Connection, ids: Sequence[UUID]) -> int:
    tag = await connection.execute(
        """
        delete from snapshots s where id = any($1::uuid[])
          and not exists (select from pages p where p.snapshot_id = s.id)
          and not exists (select from citations c where c.snapshot_id = s.id)
        """,
        list(ids),
    )
    return int(tag.rpartition(" ")[2])


# ------------------------------------------------------------------ redaction


async def snapshots_of_hosts(connection: Connection, hosts: Sequence[str]) -> list[UUID]:
    """Every stored page of these sites, with and without www."""
    rows = await connection.fetch(
        """
        select id from snapshots where split_part(split_part(url, '://', 2), '/', 1) = any($1::text[]) order by id
        """,
        [*hosts, *(f"www.{host}" for host in hosts)],
    )
    return [row["id"] for row in rows]


async def overwrite(connection: Connection, snapshot_id: UUID, body: bytes, content: PageText) -> None:
    """Put other bytes and text in the place of a page's; its hashes stay."""
    await connection.execute(
        "update snapshots set body = $2, content = $3, redacted_at = coalesce(redacted_at, now()) where id = $1",
        snapshot_id,
        zlib.compress(body, 6),
        zlib.compress(_encoder.encode(content), 1),
    )


async def redacted(connection: Connection, snapshot_id: UUID) -> PageText | None:
    """The text of a page that was redacted; None for one that was not."""
    found = await connection.fetchval(
        "select content from snapshots where id = $1 and redacted_at is not null", snapshot_id
    )
    return _decoder.decode(zlib.decompress(found)) if found is not None else None


async def redact_from_now_on(connection: Connection, host: str, name_hash: bytes) -> None:
    await connection.execute(
        "insert into redacted_names (host, name_hash) values ($1, $2) on conflict do nothing", host, name_hash
    )


async def redacted_names(connection: Connection, host: str) -> set[bytes]:
    """The hashes of names that were erased from this site."""
    rows = await connection.fetch("select name_hash from redacted_names where host = $1", host)
    return {row["name_hash"] for row in rows}


# ------------------------------------------------------------------ citations


async def cite(connection: Connection, reference: UUID, snapshot_ids: Sequence[UUID]) -> None:
    await connection.execute(
        """
        insert into citations (reference, snapshot_id) select $1, unnest($2::uuid[]) on conflict do nothing
        """,
        reference,
        list(snapshot_ids),
    )


async def citing(connection: Connection, snapshot_id: UUID) -> list[UUID]:
    rows = await connection.fetch("select reference from citations where snapshot_id = $1", snapshot_id)
    return [row["reference"] for row in rows]


async def forget_citations(connection: Connection, references: Sequence[UUID]) -> None:
    await connection.execute("delete from citations where reference = any($1::uuid[])", list(references))
