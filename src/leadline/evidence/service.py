"""The library: each page of a company is fetched once inside its freshness time, kept and hashed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from msgspec.structs import replace

from leadline.evidence import redaction, repository
from leadline.evidence.repository import PageRow, Patience, Snapshot, StoredSnapshot
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import DatabaseUnavailable, NotFound
from leadline.foundation.ids import new_id
from leadline.research.documents.canonical import READABLE_WALKS, WALK
from leadline.research.documents.hosts import without_www
from leadline.research.documents.marking import show_text
from leadline.research.errors import FetchError, Reason
from leadline.research.model import Company, Marked, Page, PageText, Proof, Shown, SiteSurvey, Unreadable
from leadline.research.ports import Download, FetchedPage, PageFetcher, RobotsSaid, Sandbox, Validators

FETCH_CLAIM = 10.0  # seconds; a dead process's page is fetched by another after this
FETCH_HEARTBEAT = 3.0  # seconds between two extensions of the claim
MOVED = "the words do not stand at the recorded place"
NAMED = "redacted: it named somebody who was erased since"
MARK = redaction.MARK  # what stands in place of each letter of a name that was erased
KEPT_CHARACTERS = 20_000_000  # of decoded pages kept in memory, so that a further question costs no decoding

_PASSING_REASONS = frozenset({
    Reason.NOT_RESOLVED, Reason.CONNECTION_FAILED, Reason.TLS_FAILED, Reason.TIMED_OUT,
    Reason.RATE_LIMITED, Reason.SERVER_ERROR, Reason.ROBOTS_UNAVAILABLE,
})  # fmt: skip


K = TypeVar("K")
T = TypeVar("T")


class StoredRobots:
    """``research.ports.SharedRobots`` in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database.repeatable

    async def of(
        self, origin: str, read: Callable[[], Awaitable[RobotsSaid]], *, believed: float, kept: float
    ) -> tuple[RobotsSaid, float]:
        async def known() -> tuple[RobotsSaid, float] | None:
            return await repository.robots(self._database, origin, believed=believed, kept=kept)

        async def asked() -> tuple[RobotsSaid, float]:
            found = await read()
            await repository.save_robots(self._database, origin, found)
            return found, 0.0

        return await _once(self._database, f"robots:{origin}", known, asked)


class StoredLibrary:
    """``research.ports.Library`` over the database and a page fetcher; one for a whole process."""

    def __init__(
        self,
        database: Database,
        fetcher: PageFetcher,
        sandbox: Sandbox,
        *,
        freshness: timedelta,
    ) -> None:
        self._database = database.repeatable
        self._fetcher = fetcher
        self._sandbox = sandbox
        self._freshness = freshness
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._kept = 0  # characters of text in them
        self._surveying: dict[str, asyncio.Task[SiteSurvey]] = {}
        self._fetching: dict[str, asyncio.Task[FetchedPage]] = {}

    async def survey(self, company: Company, *, not_before: datetime | None = None) -> SiteSurvey:
        """What the site says of itself; asked for anew when it is no longer fresh. Raises FetchError."""
        host = company.asked_host

        async def known() -> SiteSurvey | None:
            return await repository.survey(self._database, host, self._freshness, not_before)

        async def made() -> SiteSurvey:
            what = f"survey:{host}"
            return await _once(self._database, what, known, lambda: self._survey(company, not_before))

        if (found := await known()) is not None:
            return found
        joined = host in self._surveying
        found = await _shared(self._surveying, host, made)
        return replace(found, fetched=0) if joined else found

    async def stored(
        self, urls: Sequence[str], *, not_before: datetime | None = None
    ) -> Mapping[str, Page | Unreadable]:
        """What is stored and fresh of these addresses; those that would have to be fetched are left out."""
        known = await repository.pages(self._database, urls, self._freshness, not_before)
        rows = {url: row for url, row in known.items() if row.fresh}
        pages = await self._load([row.snapshot_id for row in rows.values() if row.snapshot_id])
        found: dict[str, Page | Unreadable] = {}
        for url, row in rows.items():
            if row.snapshot_id is None:
                found[url] = _unreadable(row)
            elif row.snapshot_id in pages:
                found[url] = pages[row.snapshot_id]
        return found

    async def page(
        self, url: str, company: Company | None, *, not_before: datetime | None = None
    ) -> FetchedPage:
        while True:
            joined = url in self._fetching
            found = await _shared(self._fetching, url, lambda: self._page(url, company, not_before))
            if not joined:
                return found
            if not (isinstance(found.page, Unreadable) and found.page.reason is Reason.OVER_BUDGET):
                return FetchedPage(found.page, fetched=False)

    async def load(self, snapshot_ids: Sequence[str]) -> Sequence[Page]:
        """The very snapshots, in the order asked for."""
        ids = [UUID(snapshot_id) for snapshot_id in snapshot_ids]
        pages = await self._load(ids)
        return [pages[snapshot_id] for snapshot_id in ids if snapshot_id in pages]

    async def as_read_now(self, pages: Sequence[Page]) -> list[Page]:
        """The same pages; the text of those that an earlier walk laid is laid anew, so that texts can be compared."""
        found = []
        for page in pages:
            stored = None
            if page.content.walk != WALK:
                stored = await repository.snapshot_body(self._database, UUID(page.snapshot_id))
            if stored is not None:
                with contextlib.suppress(
                    FetchError
                ):  # it can no longer be read: the old text is all there is
                    content = await self._sandbox.read_page(*stored, page.url)
                    page = replace(page, content=content)
            found.append(page)
        return found

    async def check(self, quotes: Sequence[tuple[Proof, str]]) -> list[str | None]:
        """Re-check quotes (proof and words) offline, from the stored bytes up. None for one that holds, else what does not.

        However many quotes cite a page, it is read once.
        """
        faults: dict[int, str | None] = {}
        for snapshot_id, cited in by_snapshot([proof for proof, _ in quotes]).items():
            stored = await repository.snapshot_body(self._database, UUID(snapshot_id))
            overwritten = await repository.redacted(self._database, UUID(snapshot_id))
            page = CitedPage(self._sandbox, *stored) if stored is not None else None
            for place in cited:
                proof, words = quotes[place]
                if page is None:
                    faults[place] = "the snapshot is no longer stored"
                elif overwritten is not None:
                    # The bytes are no longer those that were hashed; what was not overwritten stands where it stood.
                    stands = words_at(proof, overwritten.text, overwritten.structured) == words
                    faults[place] = None if stands else NAMED
                else:
                    faults[place] = await page.fault(proof, words)
        return [faults[place] for place in range(len(quotes))]

    async def exported(self, snapshot_ids: Sequence[str]) -> dict[str, StoredSnapshot]:
        """Each snapshot that is stored, as it came or as it was redacted."""
        return await repository.whole_snapshots(self._database, [UUID(one) for one in snapshot_ids])

    async def shown(self, snapshot_id: str, *, walk: str | None, marked: Marked | None) -> ShownSnapshot:
        """A stored page to look at, with these words marked; ``walk`` made the text of their offsets (None: the newest
        that was made of it). Raises NotFound.
        """
        found = (await self.exported([snapshot_id])).get(snapshot_id)
        if found is None:
            raise NotFound("The page is no longer stored.")
        left = found.overwritten
        if left is not None:
            shown = show_text(left.text, left.structured, marked)
        else:
            if walk is None:
                walk = (await self.load([snapshot_id]))[0].content.walk
            try:
                shown = await self._sandbox.show_page(
                    found.body, found.content_type, found.url, walk=walk, marked=marked
                )
            except FetchError as error:
                raise NotFound(f"The stored page can no longer be read: {error.reason.value}.") from error
        return ShownSnapshot(found.url, found.fetched_at, found.body_sha256, shown, redacted=left is not None)

    async def cited_by(self, snapshot_id: str) -> list[UUID]:
        """What cites a snapshot: the ids of signals and of reports."""
        return await repository.citing(self._database, UUID(snapshot_id))

    async def aclose(self) -> None:
        """End what is being fetched, and let other processes fetch it."""
        running: list[asyncio.Task[Any]] = [*self._surveying.values(), *self._fetching.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # ------------------------------------------------------------------ how

    async def _age(self, not_before: datetime | None) -> float | None:
        return None if not_before is None else await repository.age(self._database, not_before)

    async def _survey(self, company: Company, not_before: datetime | None) -> SiteSurvey:
        fetched = 0

        async def read(url: str) -> str | Unreadable:
            nonlocal fetched
            found = await self.page(url, company, not_before=not_before)
            if isinstance(found.page, Unreadable):
                return found.page
            fetched += found.fetched
            return found.page.url

        survey = await self._fetcher.survey(company, read, max_age=await self._age(not_before))
        passing = any(note.reason in _PASSING_REASONS for note in survey.notes)
        await repository.save_survey(
            self._database, company.asked_host, survey, passing=Patience() if passing else None
        )
        return replace(survey, fetched=fetched)

    async def _page(self, url: str, company: Company | None, not_before: datetime | None) -> FetchedPage:
        while True:
            row = (await repository.pages(self._database, [url], self._freshness, not_before)).get(url)
            if row is not None and row.fresh:
                return FetchedPage(await self._stored_page(row), fetched=False)
            checked_at = row.checked_at if row is not None else None
            if await repository.claim(self._database, url, FETCH_CLAIM, checked_at=checked_at):
                break
            await asyncio.sleep(0.1)  # another process fetches it: its result will do
        keeping = asyncio.create_task(self._keep_claim(url))
        try:
            return FetchedPage(await self._fetch(url, company, row, not_before), fetched=True)
        except asyncio.CancelledError:
            await asyncio.shield(repository.release(self._database, url))
            raise
        finally:
            keeping.cancel()

    async def _keep_claim(self, url: str) -> None:
        while True:
            await asyncio.sleep(FETCH_HEARTBEAT)
            # Without a database the claim lapses: at worst another process fetches the page too.
            with contextlib.suppress(DatabaseUnavailable):
                await repository.extend(self._database, url, FETCH_CLAIM)

    async def _fetch(
        self, url: str, company: Company | None, before: PageRow | None, not_before: datetime | None
    ) -> Page | Unreadable:
        known = before if before is not None and before.snapshot_id is not None else None
        validators = None
        if known is not None and known.snapshot_id is not None:
            earlier = (await self._load([known.snapshot_id]))[known.snapshot_id]
            if earlier.content.walk == WALK:  # else its bytes are wanted, to be read anew
                validators = Validators(etag=known.etag, last_modified=known.last_modified)
        try:
            download = await self._fetcher.fetch(
                url, company, validators=validators, max_age=await self._age(not_before)
            )
            return await self._keep(url, download, known)
        except FetchError as error:
            if error.reason is Reason.OVER_BUDGET:  # tells of the question, and nothing of the page
                await repository.release(self._database, url)
            else:
                row = PageRow(url=url, reason=error.reason.value, detail=error.detail[:500])
                passing = error.reason in _PASSING_REASONS
                patience = Patience(least=error.retry_after or 0.0) if passing else None
                await repository.save_page(self._database, row, passing=patience)
            return Unreadable(url=url, reason=error.reason, detail=error.detail[:500])

    async def _keep(self, url: str, download: Download, known: PageRow | None) -> Page:
        """Store the page's bytes and canonical text, unless the very same bytes are stored for it already."""
        if known is not None and known.snapshot_id is not None:
            earlier = (await self._load([known.snapshot_id]))[known.snapshot_id]
            if download.body is None:
                await self._save(url, known)
                return earlier
            if (
                earlier.content.walk == WALK
                and earlier.body_sha256 == hashlib.sha256(download.body).hexdigest()
            ):
                await self._save(url, _row(url, download, known.snapshot_id))
                return earlier
        body = download.body or b""
        fetched = Snapshot(
            id=new_id(),
            url=download.url,
            body_sha256=hashlib.sha256(body).hexdigest(),
            body=body,
            content_type=download.content_type,
            content=await self._sandbox.read_page(body, download.content_type, download.url),
        )
        snapshot = await self._without_erased(fetched)
        saved = await self._save(url, _row(url, download, snapshot.id), snapshot)
        if snapshot is not fetched:
            await repository.overwrite(self._database, snapshot.id, snapshot.body, snapshot.content)
        assert saved.checked_at is not None, "a page that was looked at has its time"
        page = Page(
            snapshot_id=str(snapshot.id),
            url=snapshot.url,
            fetched_at=saved.checked_at,
            body_sha256=snapshot.body_sha256,
            content=snapshot.content,
        )
        self._remember(page)
        return page

    async def _save(self, url: str, row: PageRow, snapshot: Snapshot | None = None) -> PageRow:
        """Record the look at a page under its address and under the one to which it led."""
        saved = await repository.save_page(self._database, row, snapshot=snapshot)
        if row.final_url is not None and row.final_url != url:
            await repository.save_page(self._database, replace(row, url=row.final_url))
        return saved

    async def keep(self, url: str, body: bytes, content_type: str) -> Page:
        """Implements ``research.ports.Shelf``."""
        snapshot = Snapshot(
            id=new_id(),
            url=url,
            body_sha256=hashlib.sha256(body).hexdigest(),
            body=body,
            content_type=content_type,
            content=await self._sandbox.read_page(body, content_type, url),
        )
        kept_at = await repository.save_snapshot(self._database, snapshot)
        page = Page(
            snapshot_id=str(snapshot.id), url=url, fetched_at=kept_at, body_sha256=snapshot.body_sha256,
            content=snapshot.content,
        )  # fmt: skip
        self._remember(page)
        return page

    async def _without_erased(self, snapshot: Snapshot) -> Snapshot:
        """The page without the names of people who were erased from its site."""
        host = without_www((urlsplit(snapshot.url).hostname or "").lower())
        known = await repository.redacted_names(self._database, host)
        content, body = snapshot.content, snapshot.body
        texts = "\n".join((content.text, content.title, content.description, *content.structured))
        for name in redaction.names_in(texts, known, host) if known else ():
            if (pattern := redaction.pattern(name)) is not None:
                content = redaction.redacted(content, pattern)
                body = redaction.redacted_body(body, snapshot.content_type, name)
        return replace(snapshot, content=content, body=body) if content is not snapshot.content else snapshot

    async def _stored_page(self, row: PageRow) -> Page | Unreadable:
        if row.snapshot_id is None:
            return _unreadable(row)
        pages = await self._load([row.snapshot_id])
        return pages[row.snapshot_id]

    async def _load(self, wanted: Sequence[UUID]) -> dict[UUID, Page]:
        found: dict[UUID, Page] = {}
        missing: list[UUID] = []
        for snapshot_id in wanted:
            page = self._pages.get(str(snapshot_id))
            if page is None:
                missing.append(snapshot_id)
            else:
                self._pages.move_to_end(str(snapshot_id))
                found[snapshot_id] = page
        if missing:
            for snapshot_id, stored in (await repository.snapshots(self._database, missing)).items():
                page = found[snapshot_id] = Page(snapshot_id=str(snapshot_id), **stored)
                self._remember(page)
        return found

    def forget(self, snapshot_ids: Sequence[UUID]) -> None:
        """Keep these no longer in the memory of this process."""
        for snapshot_id in snapshot_ids:
            page = self._pages.pop(str(snapshot_id), None)
            if page is not None:
                self._kept -= len(page.content.text)

    def _remember(self, page: Page) -> None:
        if page.snapshot_id not in self._pages:
            self._pages[page.snapshot_id] = page
            self._kept += len(page.content.text)
        while self._kept > KEPT_CHARACTERS and self._pages:
            _, oldest = self._pages.popitem(last=False)
            self._kept -= len(oldest.content.text)


async def _once(
    database: Connection,
    what: str,
    known: Callable[[], Awaitable[T | None]],
    make: Callable[[], Awaitable[T]],
) -> T:
    """What is known, or what ``make`` makes: one process at a time, and those that waited find it known."""
    while True:
        if (found := await known()) is not None:
            return found
        if await repository.claim_site(database, what, FETCH_CLAIM):
            break
        await asyncio.sleep(0.1)

    async def keep() -> None:
        while True:
            await asyncio.sleep(FETCH_HEARTBEAT)
            with contextlib.suppress(DatabaseUnavailable):  # the claim lapses: at worst another asks too
                await repository.extend_site(database, what, FETCH_CLAIM)

    keeping = asyncio.create_task(keep())
    try:
        found = await known()  # since the look before the claim, it may have been made
        return await make() if found is None else found
    finally:
        keeping.cancel()
        with contextlib.suppress(DatabaseUnavailable):
            await asyncio.shield(repository.release_site(database, what))


async def _shared(
    running: dict[K, asyncio.Task[T]], key: K, start: Callable[[], Coroutine[Any, Any, T]]
) -> T:
    """Join the task of this key, or start it. It goes on when the caller that began it goes away."""
    task = running.get(key)
    if task is None:
        task = running[key] = asyncio.create_task(start())

        def finished(done: asyncio.Task[T]) -> None:
            running.pop(key, None)
            if not done.cancelled():
                done.exception()  # it may have no caller left to hear of it

        task.add_done_callback(finished)
    return await asyncio.shield(task)


def _row(url: str, download: Download, snapshot_id: UUID) -> PageRow:
    return PageRow(
        url=url,
        final_url=download.url,
        snapshot_id=snapshot_id,
        etag=download.validators.etag,
        last_modified=download.validators.last_modified,
    )


def _unreadable(row: PageRow) -> Unreadable:
    """Why a stored address cannot be read; of a passing fault also, when it was met and how long it is believed."""
    return Unreadable(
        url=row.url,
        reason=Reason(row.reason or Reason.EMPTY),
        detail=row.detail or "",
        asked_at=row.checked_at if row.retry_at is not None else None,
        failing_since=row.failing_since,
    )


async def redact(connection: Connection, hosts: Sequence[str], name: str) -> int:
    """Overwrite a name in the stored pages of these sites, and in those fetched from now on; returns in how many.

    A name of one word is left: many things are called so.
    """
    pattern = redaction.pattern(name)
    if pattern is None:
        return 0
    for host in hosts:
        await repository.redact_from_now_on(
            connection, host, redaction.hashed(host, redaction.words_of(name))
        )
    changed = 0
    for snapshot_id in await repository.snapshots_of_hosts(connection, hosts):
        content = (await repository.snapshots(connection, [snapshot_id]))[snapshot_id]["content"]
        stored = await repository.snapshot_body(connection, snapshot_id)
        assert stored is not None, "a snapshot has a body"
        body, content_type = stored
        clean = redaction.redacted(content, pattern)
        if clean != content:
            changed += 1
            await repository.overwrite(
                connection, snapshot_id, redaction.redacted_body(body, content_type, name), clean
            )
    return changed


class ShownSnapshot(NamedTuple):
    """A page to look at. ``redacted``: a name was overwritten in it, and the hash is that of what came before."""

    url: str
    fetched_at: datetime
    body_sha256: str
    shown: Shown
    redacted: bool


class CitedPage:
    """A page that quotes cite, from its bytes up: hashed once, and walked once for each version of the walk."""

    def __init__(self, sandbox: Sandbox, body: bytes, content_type: str) -> None:
        self._sandbox = sandbox
        self._body = body
        self._content_type = content_type
        self._sha256 = hashlib.sha256(body).hexdigest()
        self._walked: dict[str, PageText | FetchError] = {}

    async def fault(self, proof: Proof, words: str) -> str | None:
        """None when the words stand as they were cited, else what does not."""
        if self._sha256 != proof.body_sha256:
            return "the stored bytes are not those that were cited"
        if proof.walk not in READABLE_WALKS:
            return f"the text was made by {proof.walk}, which this version cannot make"
        content = await self._text(proof.walk)
        if isinstance(content, FetchError):
            return f"the stored bytes can no longer be read: {content.reason.value} {content.detail}".strip()
        if content.text_sha256 != proof.text_sha256:
            return "the canonical text differs from the one that was cited"
        if words_at(proof, content.text, content.structured) != words:
            return MOVED
        return None

    async def _text(self, walk: str) -> PageText | FetchError:
        if walk not in self._walked:
            try:
                self._walked[walk] = await self._sandbox.read_page(
                    self._body, self._content_type, "", walk=walk
                )
            except FetchError as error:
                self._walked[walk] = error
        return self._walked[walk]


def words_at(proof: Proof, text: str, structured: Sequence[str]) -> str | None:
    """The words at a proof's offsets in a page's text, or in its JSON-LD scripts; None where there is no such place."""
    if proof.kind != "text":
        if not 0 <= proof.script < len(structured):
            return None
        text = structured[proof.script]
    return text[proof.start : proof.end] if 0 <= proof.start < proof.end <= len(text) else None


def by_snapshot(proofs: Sequence[Proof]) -> dict[str, list[int]]:
    """The places of the proofs in their list, by the snapshot that they cite."""
    places: dict[str, list[int]] = {}
    for place, proof in enumerate(proofs):
        places.setdefault(proof.snapshot_id, []).append(place)
    return places


async def cite(connection: Connection, reference: UUID, snapshot_ids: Collection[str]) -> None:
    """What ``reference`` (a signal, a report) cites: these snapshots stay as long as it does."""
    if snapshot_ids:
        await repository.cite(connection, reference, sorted(UUID(one) for one in snapshot_ids))


async def erase_entries(
    connection: Connection, references: Sequence[UUID], snapshot_ids: Sequence[UUID], addresses: Sequence[str]
) -> list[UUID]:
    """Delete the snapshots of these addresses that ``references`` cite or that are among ``snapshot_ids``; returns which.

    What else the references cite, they cite no more.
    """
    cited = await repository.cited_by(connection, references)
    erased = await repository.forget_of_address(connection, [*cited, *snapshot_ids], addresses)
    await repository.forget_citations(connection, references)
    return erased


async def forget_citations(connection: Connection, references: Sequence[UUID]) -> None:
    """What is gone cites nothing any more."""
    await repository.forget_citations(connection, references)


async def forget_snapshots(connection: Connection, snapshot_ids: Collection[UUID]) -> int:
    """Delete these, unless something cites them or they are a page's latest; returns how many."""
    return await repository.forget_snapshots(connection, sorted(snapshot_ids)) if snapshot_ids else 0


async def prune_snapshots(
    connection: Connection,
    older_than: timedelta,
    in_use: Callable[[Sequence[UUID]], Awaitable[set[UUID]]],
    *,
    batch: int = 500,
) -> int:
    """Delete stored pages from before that which nothing cites and ``in_use`` does not name; returns how many.

    A page that was found unchanged since then counts as young.
    """
    await repository.forget_pages(connection, older_than)
    deleted, last = 0, None
    while ids := await repository.old_snapshots(connection, older_than, last, batch):
        kept = await in_use(ids)
        deleted += await repository.forget_snapshots(connection, [one for one in ids if one not in kept])
        last = ids[-1]
    return deleted
