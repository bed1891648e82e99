"""Each page is fetched once inside its freshness time, kept and hashed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from leadline.connectors.pages.fake import FailingFetcher, HangingFetcher, MemoryFetcher
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.evidence import repository
from leadline.evidence.service import StoredLibrary
from leadline.foundation.clock import FixedClock
from leadline.foundation.database import Database
from leadline.research.errors import FetchError, Reason
from leadline.research.model import Company, Page, Proof, Unreadable

ACME = Company(host="acme.com", asked_host="acme.com")
HOME = "https://acme.com/"
ABOUT = "https://acme.com/about"
PAGES = {
    HOME: "<html><title>Acme</title><body><h1>Acme</h1><p>We make anvils in Leeds.</p></body></html>",
    ABOUT: "<html><title>About</title><body><p>Acme was founded in 1987.</p></body></html>",
}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 21, 12, tzinfo=UTC))


@pytest.fixture
def fetcher() -> MemoryFetcher:
    return MemoryFetcher(PAGES)


@pytest.fixture
def library(database: Database, fetcher: MemoryFetcher, clock: FixedClock) -> StoredLibrary:
    return StoredLibrary(database, fetcher, InlineSandbox(), freshness=timedelta(hours=24), clock=clock)


async def test_a_page_is_fetched_once_inside_its_freshness(
    library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    first = await library.page(ABOUT, ACME)
    second = await library.page(ABOUT, ACME)
    assert isinstance(first.page, Page)
    assert "founded in 1987" in first.page.content.text
    assert (first.fetched, second.fetched) == (True, False)
    assert second.page == first.page
    assert fetcher.fetched == [ABOUT]


async def test_callers_at_the_same_moment_share_one_fetch(
    library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    found = await asyncio.gather(*(library.page(ABOUT, ACME) for _ in range(5)))
    assert fetcher.fetched == [ABOUT]
    assert sum(result.fetched for result in found) == 1


async def test_two_processes_share_one_fetch(
    database: Database, fetcher: MemoryFetcher, clock: FixedClock
) -> None:
    libraries = [
        StoredLibrary(database, fetcher, InlineSandbox(), freshness=timedelta(hours=24), clock=clock)
        for _ in range(3)
    ]
    found = await asyncio.gather(*(library.page(ABOUT, ACME) for library in libraries))
    assert fetcher.fetched == [ABOUT]
    assert len({page.page for page in found}) == 1


async def test_an_unchanged_page_keeps_its_snapshot(
    library: StoredLibrary, fetcher: MemoryFetcher, clock: FixedClock
) -> None:
    first = (await library.page(ABOUT, ACME)).page
    clock.advance(25 * 3600)
    second = await library.page(ABOUT, ACME)
    assert second.fetched
    assert fetcher.fetched == [ABOUT, ABOUT]
    assert isinstance(first, Page)
    assert isinstance(second.page, Page)
    assert second.page.snapshot_id == first.snapshot_id


async def test_a_changed_page_gets_a_new_snapshot_and_keeps_the_old_one(
    library: StoredLibrary, fetcher: MemoryFetcher, clock: FixedClock
) -> None:
    first = (await library.page(ABOUT, ACME)).page
    fetcher.pages[ABOUT] = "<p>Acme was founded in 1988.</p>"
    clock.advance(25 * 3600)
    second = (await library.page(ABOUT, ACME)).page
    assert isinstance(first, Page)
    assert isinstance(second, Page)
    assert second.snapshot_id != first.snapshot_id
    (old,) = await library.load([first.snapshot_id])
    assert "1987" in old.content.text


async def test_not_before_asks_the_site_again(
    library: StoredLibrary, fetcher: MemoryFetcher, clock: FixedClock
) -> None:
    await library.page(ABOUT, ACME)
    clock.advance(1)
    asked_at = clock.now()
    assert (await library.page(ABOUT, ACME, not_before=asked_at)).fetched
    assert not (await library.page(ABOUT, ACME, not_before=asked_at)).fetched
    assert fetcher.fetched == [ABOUT, ABOUT]


async def test_a_missing_page_is_remembered(library: StoredLibrary, fetcher: MemoryFetcher) -> None:
    missing = "https://acme.com/nothing"
    for _ in range(2):
        found = (await library.page(missing, ACME)).page
        assert isinstance(found, Unreadable)
        assert found.reason is Reason.NOT_FOUND
    assert fetcher.fetched == [missing]


async def test_a_passing_fault_is_believed_for_minutes_only(
    library: StoredLibrary, fetcher: MemoryFetcher, clock: FixedClock
) -> None:
    fetcher.pages[ABOUT] = Reason.SERVER_ERROR
    assert isinstance((await library.page(ABOUT, ACME)).page, Unreadable)
    fetcher.pages[ABOUT] = PAGES[ABOUT]
    assert isinstance((await library.page(ABOUT, ACME)).page, Unreadable)
    clock.advance(11 * 60)
    assert isinstance((await library.page(ABOUT, ACME)).page, Page)


async def test_stored_returns_pages_and_what_could_not_be_read(
    library: StoredLibrary, fetcher: MemoryFetcher, clock: FixedClock
) -> None:
    fetcher.pages["https://acme.com/private"] = Reason.FORBIDDEN
    for url in (HOME, ABOUT, "https://acme.com/private"):
        await library.page(url, ACME)
    asked = [HOME, ABOUT, "https://acme.com/private", "https://acme.com/never-asked"]
    stored = await library.stored(asked)
    assert {url for url, p in stored.items() if isinstance(p, Page)} == {HOME, ABOUT}
    assert [p.reason for p in stored.values() if isinstance(p, Unreadable)] == [Reason.FORBIDDEN]
    clock.advance(25 * 3600)
    assert not await library.stored(asked)


async def test_a_page_is_shared_by_the_companies_whose_questions_led_to_it(
    library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    other = Company(host="other.com", asked_host="other.com")
    first = await library.page(ABOUT, ACME)
    again, nobodys = await library.page(ABOUT, other), await library.page(ABOUT, None)
    assert first.page == again.page == nobodys.page
    assert fetcher.fetched == [ABOUT]


async def test_a_survey_is_made_once_inside_its_freshness(
    library: StoredLibrary, fetcher: MemoryFetcher, clock: FixedClock
) -> None:
    assert await library.survey(ACME) == await library.survey(ACME)
    assert len(fetcher.surveyed) == 1
    clock.advance(25 * 3600)
    await library.survey(ACME)
    assert len(fetcher.surveyed) == 2


async def test_a_failed_survey_is_an_error_and_not_an_empty_site(database: Database) -> None:
    library = StoredLibrary(
        database, FailingFetcher(Reason.NOT_RESOLVED), InlineSandbox(), freshness=timedelta(hours=24)
    )
    with pytest.raises(FetchError) as caught:
        await library.survey(ACME)
    assert caught.value.reason is Reason.NOT_RESOLVED


async def test_a_cancelled_fetch_lets_others_try_at_once(database: Database, fetcher: MemoryFetcher) -> None:
    hanging = HangingFetcher()
    first = StoredLibrary(database, hanging, InlineSandbox(), freshness=timedelta(hours=24))
    waiting = asyncio.create_task(first.page(ABOUT, ACME))
    await hanging.waiting.wait()
    await first.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    second = StoredLibrary(database, fetcher, InlineSandbox(), freshness=timedelta(hours=24))
    async with asyncio.timeout(10):
        assert (await second.page(ABOUT, ACME)).fetched


async def test_a_quote_is_checked_from_the_stored_bytes_up(
    library: StoredLibrary, database: Database
) -> None:
    page = (await library.page(ABOUT, ACME)).page
    assert isinstance(page, Page)
    words = "founded in 1987"
    start = page.content.text.index(words)
    proof = Proof(
        snapshot_id=page.snapshot_id,
        body_sha256=page.body_sha256,
        text_sha256=page.content.text_sha256,
        walk=page.content.walk,
        start=start,
        end=start + len(words),
    )
    assert await library.check(proof, words) is None
    assert await library.check(proof, "founded in 1988") == "the words do not stand at the recorded place"
    stored = await repository.snapshot_body(database, UUID(page.snapshot_id))
    assert stored is not None
    await database.execute(
        "update snapshots set body = $1", b"\x78\x9c\x03\x00\x00\x00\x00\x01"
    )  # zlib of nothing
    assert await library.check(proof, words) == "the stored bytes are not those that were cited"
    await database.execute("update pages set snapshot_id = null")
    await database.execute("delete from snapshots")
    assert await library.check(proof, words) == "the snapshot is no longer stored"


async def test_a_page_that_was_looked_at_since_is_not_claimed(
    database: Database, library: StoredLibrary
) -> None:
    await library.page(ABOUT, ACME)
    known = (await repository.pages(database, [ABOUT]))[ABOUT].checked_at
    assert not await repository.claim(database, ABOUT, 10.0, checked_at=None)
    assert await repository.claim(database, ABOUT, 10.0, checked_at=known)
    assert not await repository.claim(database, ABOUT, 10.0, checked_at=known)
