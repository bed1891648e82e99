"""Each page is fetched once inside its freshness time, kept and hashed."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from tests.clocks import set_clock_wrong
from tests.connectors.pages.site import ACME as ACME_TEST
from tests.connectors.pages.site import reading
from tests.research.library import MemoryTrace, ignore
from tests.web import Redirect, Reply, WebServer

from leadline.connectors.pages.fake import FailingFetcher, HangingFetcher, MemoryFetcher
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.evidence import repository
from leadline.evidence.service import StoredLibrary, StoredRobots
from leadline.foundation.database import Database
from leadline.research.engine import Engine
from leadline.research.errors import FetchError, Reason
from leadline.research.model import Company, Page, PageText, Proof, Question, Subject, Unreadable
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.sources.own_site import OwnSite

ACME = Company(host="acme.com", asked_host="acme.com")
HOME = "https://acme.com/"
ABOUT = "https://acme.com/about"
PAGES = {
    HOME: "<html><title>Acme</title><body><h1>Acme</h1><p>We make anvils in Leeds.</p></body></html>",
    ABOUT: "<html><title>About</title><body><p>Acme was founded in 1987.</p></body></html>",
}


@pytest.fixture
def fetcher() -> MemoryFetcher:
    return MemoryFetcher(PAGES)


@pytest.fixture
def library(database: Database, fetcher: MemoryFetcher) -> StoredLibrary:
    return StoredLibrary(database, fetcher, InlineSandbox(), freshness=timedelta(hours=24))


async def pass_time(database: Database, seconds: float) -> None:
    """What is stored looks as it will look then."""
    ago = timedelta(seconds=seconds)
    await database.execute(
        """
        update pages set checked_at = checked_at - $1::interval, failing_since = failing_since - $1::interval,
            retry_at = retry_at - $1::interval
        """,
        ago,
    )
    await database.execute(
        "update site_surveys set surveyed_at = surveyed_at - $1::interval, retry_at = retry_at - $1::interval",
        ago,
    )


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


async def test_two_processes_share_one_fetch(database: Database, fetcher: MemoryFetcher) -> None:
    libraries = [
        StoredLibrary(database, fetcher, InlineSandbox(), freshness=timedelta(hours=24)) for _ in range(3)
    ]
    found = await asyncio.gather(*(library.page(ABOUT, ACME) for library in libraries))
    assert fetcher.fetched == [ABOUT]
    assert len({page.page for page in found}) == 1


async def test_a_page_stored_since_the_transaction_began_is_fresh(
    database: Database, library: StoredLibrary
) -> None:
    """A statement sees what was committed after the moment that its transaction takes for now."""
    async with database.transaction() as connection:
        await connection.execute("select now()")
        await asyncio.sleep(0.01)
        await library.page(ABOUT, ACME)
        await library.survey(ACME)
        day = timedelta(hours=24)
        assert (await repository.pages(connection, [ABOUT], day, None))[ABOUT].fresh
        assert await repository.survey(connection, ACME.asked_host, day, None) is not None


async def test_an_unchanged_page_keeps_its_snapshot(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    first = (await library.page(ABOUT, ACME)).page
    await pass_time(database, 25 * 3600)
    second = await library.page(ABOUT, ACME)
    assert second.fetched
    assert fetcher.fetched == [ABOUT, ABOUT]
    assert isinstance(first, Page)
    assert isinstance(second.page, Page)
    assert second.page.snapshot_id == first.snapshot_id


async def test_a_changed_page_gets_a_new_snapshot_and_keeps_the_old_one(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    first = (await library.page(ABOUT, ACME)).page
    fetcher.pages[ABOUT] = "<p>Acme was founded in 1988.</p>"
    await pass_time(database, 25 * 3600)
    second = (await library.page(ABOUT, ACME)).page
    assert isinstance(first, Page)
    assert isinstance(second, Page)
    assert second.snapshot_id != first.snapshot_id
    (old,) = await library.load([first.snapshot_id])
    assert "1987" in old.content.text


async def test_not_before_asks_the_site_again(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    await library.page(ABOUT, ACME)
    await pass_time(database, 1)
    asked_at = await database.fetchval("select now()")
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


async def test_a_passing_fault_is_believed_for_seconds_and_longer_while_it_stays(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    fetcher.pages[ABOUT] = Reason.SERVER_ERROR
    asked_after = []
    for seconds in range(0, 15 * 60, 5):
        if (await library.page(ABOUT, ACME)).fetched:
            asked_after.append(seconds)
        await pass_time(database, 5)
    waits = [after - before for before, after in pairwise(asked_after)]
    assert waits == [15, 30, 60, 120, 240, 240]
    fetcher.pages[ABOUT] = PAGES[ABOUT]
    await pass_time(database, 240)
    assert isinstance((await library.page(ABOUT, ACME)).page, Page)


async def test_a_fault_that_is_not_asked_for_again_says_since_when(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    fetcher.pages[ABOUT] = Reason.TIMED_OUT
    first = (await library.page(ABOUT, ACME)).page
    assert isinstance(first, Unreadable)
    assert first.asked_at is None  # it was asked for this very question
    await pass_time(database, 20)
    await library.page(ABOUT, ACME)
    again = (await library.page(ABOUT, ACME)).page
    assert isinstance(again, Unreadable)
    assert again.asked_at is not None
    assert again.failing_since is not None
    assert (again.asked_at - again.failing_since).total_seconds() >= 20
    fetcher.pages[ABOUT] = Reason.FORBIDDEN  # no passing fault: it is stored as pages are
    await pass_time(database, 60)
    for _ in range(2):
        refused = (await library.page(ABOUT, ACME)).page
        assert isinstance(refused, Unreadable)
        assert (refused.reason, refused.asked_at) == (Reason.FORBIDDEN, None)


async def test_the_next_question_says_what_was_not_asked_again_and_a_forced_one_asks(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    fetcher.pages[ABOUT] = Reason.SERVER_ERROR
    engine = Engine(library, [OwnSite(library, InlineSandbox())], InlineSandbox())

    async def reasoning(**options: Any) -> str:
        asked_at = await database.fetchval("select now()")
        question = Question(
            subject=Subject(company=ACME),
            text="When was Acme founded?",
            answer_type="number",
            asked_at=asked_at,
            **options,
        )
        outcome = await engine.answer(question, ExtractiveReader(), MemoryTrace(), ignore)
        assert outcome.answer is None
        assert "so this is not a no" in outcome.reasoning
        return outcome.reasoning

    assert "Not asked again" not in await reasoning()
    assert "Not asked again for this question: /about, which last failed at" in await reasoning()
    before = fetcher.fetched.count(ABOUT)
    assert "Not asked again" not in await reasoning(force_refresh=True)
    assert fetcher.fetched.count(ABOUT) == before + 1


async def test_a_forced_refresh_looks_past_a_remembered_fault(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    fetcher.pages[ABOUT] = Reason.SERVER_ERROR
    await library.page(ABOUT, ACME)
    fetcher.pages[ABOUT] = PAGES[ABOUT]
    asked_at = await database.fetchval("select now()")
    assert isinstance((await library.page(ABOUT, ACME, not_before=asked_at)).page, Page)


async def test_stored_pages_do_not_depend_on_the_clock_of_the_worker(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock_wrong(monkeypatch, timedelta(days=1))
    page = (await library.page(ABOUT, ACME)).page
    await library.survey(ACME)
    monkeypatch.undo()
    now = await database.fetchval("select now()")
    assert isinstance(page, Page)
    assert abs(now - page.fetched_at) < timedelta(minutes=5)
    row = await database.fetchrow(
        "select checked_at, fetched_at from pages join snapshots on id = snapshot_id where pages.url = $1",
        ABOUT,
    )
    assert row is not None
    assert row["checked_at"] == row["fetched_at"] == page.fetched_at
    assert await database.fetchval("select surveyed_at <= now() from site_surveys")


async def test_a_page_dated_tomorrow_is_looked_at_again(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    await library.page(ABOUT, ACME)
    await pass_time(database, -86_400)
    assert (await library.page(ABOUT, ACME)).fetched
    assert not (await library.page(ABOUT, ACME)).fetched


async def test_stored_returns_pages_and_what_could_not_be_read(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    fetcher.pages["https://acme.com/private"] = Reason.FORBIDDEN
    for url in (HOME, ABOUT, "https://acme.com/private"):
        await library.page(url, ACME)
    asked = [HOME, ABOUT, "https://acme.com/private", "https://acme.com/never-asked"]
    stored = await library.stored(asked)
    assert {url for url, p in stored.items() if isinstance(p, Page)} == {HOME, ABOUT}
    assert [p.reason for p in stored.values() if isinstance(p, Unreadable)] == [Reason.FORBIDDEN]
    await pass_time(database, 25 * 3600)
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
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    first, again = await library.survey(ACME), await library.survey(ACME)
    assert replace(first, fetched=0) == again
    assert (first.fetched, again.fetched) == (1, 0), "the home page was requested for the first alone"
    assert len(fetcher.surveyed) == 1
    await pass_time(database, 25 * 3600)
    await library.survey(ACME)
    assert len(fetcher.surveyed) == 2


@pytest.mark.parametrize("home", ["/", "https://www.acme.test/en/"])
async def test_processes_that_survey_one_site_at_once_ask_it_for_everything_once(
    database: Database, home: str
) -> None:
    """Its home page, which the survey reads, is the page that the questions then find; wherever it stands."""
    async with WebServer() as web, AsyncExitStack() as stack:
        listed = "<urlset><url><loc>https://acme.test/about</loc></url></urlset>"
        for host in ("acme.test", "www.acme.test"):
            web.route(host, "/robots.txt", Reply("User-agent: *\nDisallow: /no", content_type="text/plain"))
            web.route(host, "/sitemap.xml", Reply(listed, content_type="text/xml"))
        if home != "/":
            web.route("acme.test", "/", Redirect(home))
        web.page(
            "acme.test" if home == "/" else "www.acme.test", "/" if home == "/" else "/en/", "<p>Acme</p>"
        )
        web.page("acme.test", "/about", "<p>Founded in 1987.</p>")
        libraries = []
        for _ in range(3):
            shared = StoredRobots(database)
            process = await stack.enter_async_context(reading(web, shared_robots=shared))
            libraries.append(StoredLibrary(database, process, InlineSandbox(), freshness=timedelta(hours=24)))

        async def ask(library: StoredLibrary) -> list[bool]:
            survey = await library.survey(ACME_TEST)
            urls = (survey.entry_url, *survey.sitemap_urls, "https://acme.test/no")
            return [isinstance((await library.page(url, ACME_TEST)).page, Page) for url in urls]

        assert await asyncio.gather(*map(ask, libraries)) == [[True, True, False]] * 3
        counted = Counter((request.host, request.path) for request in web.requests)
    assert set(counted.values()) == {1}
    assert counted["acme.test", "/about"] == 1


async def test_a_host_that_is_silent_is_asked_by_one_process_for_all(database: Database) -> None:
    async with WebServer() as web, AsyncExitStack() as stack:
        web.route("*", "*", Reply(status=404))
        web.route("acme.test", "/robots.txt", Reply(status=503))
        for _ in range(2):
            process = await stack.enter_async_context(reading(web, shared_robots=StoredRobots(database)))
            library = StoredLibrary(database, process, InlineSandbox(), freshness=timedelta(hours=24))
            found = (await library.page("https://acme.test/about", ACME_TEST)).page
            assert isinstance(found, Unreadable)
            assert found.reason is Reason.ROBOTS_UNAVAILABLE
            await database.execute("delete from pages")
        assert web.count(path="/robots.txt") == 2  # the one look and its retry
        await database.execute("update robots_files set read_at = read_at - interval '20 seconds'")
        web.route("acme.test", "/robots.txt", Reply(status=404))
        web.page("acme.test", "/about", "<p>Founded in 1987.</p>")
        process = await stack.enter_async_context(reading(web, shared_robots=StoredRobots(database)))
        library = StoredLibrary(database, process, InlineSandbox(), freshness=timedelta(hours=24))
        assert isinstance((await library.page("https://acme.test/about", ACME_TEST)).page, Page)


async def test_a_claim_on_a_site_whose_process_died_passes_to_another(
    database: Database, library: StoredLibrary
) -> None:
    assert await repository.claim_site(database, "survey:acme.com", 0.3)
    assert not await repository.claim_site(database, "survey:acme.com", 10)
    assert (await library.survey(ACME)).entry_url == HOME


async def test_a_survey_is_of_the_host_that_is_asked(library: StoredLibrary, fetcher: MemoryFetcher) -> None:
    with_www = Company(host="acme.com", asked_host="www.acme.com")
    assert (await library.survey(ACME)).entry_url == HOME
    assert (await library.survey(with_www)).entry_url == "https://www.acme.com/"
    assert (await library.survey(ACME)).entry_url == HOME
    assert fetcher.surveyed == [ACME, with_www]


async def test_a_survey_that_met_a_passing_fault_is_made_again_soon(
    database: Database, library: StoredLibrary, fetcher: MemoryFetcher
) -> None:
    fetcher.pages[HOME] = Reason.SERVER_ERROR
    assert (await library.survey(ACME)).notes
    assert (await library.survey(ACME)).notes
    fetcher.pages[HOME] = PAGES[HOME]
    await pass_time(database, 16)
    assert not (await library.survey(ACME)).notes
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


async def fault_of(library: StoredLibrary, proof: Proof, words: str) -> str | None:
    return (await library.check([(proof, words)]))[0]


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
    assert await fault_of(library, proof, words) is None
    assert await fault_of(library, proof, "founded in 1988") == "the words do not stand at the recorded place"
    stored = await repository.snapshot_body(database, UUID(page.snapshot_id))
    assert stored is not None
    await database.execute(
        "update snapshots set body = $1", b"\x78\x9c\x03\x00\x00\x00\x00\x01"
    )  # zlib of nothing
    assert await fault_of(library, proof, words) == "the stored bytes are not those that were cited"
    await database.execute("update pages set snapshot_id = null")
    await database.execute("delete from snapshots")
    assert await fault_of(library, proof, words) == "the snapshot is no longer stored"


class EarlierSandbox(InlineSandbox):
    """Reads pages as the first release did."""

    async def read_page(self, body: bytes, content_type: str, url: str, *, walk: str = "walk-1") -> PageText:
        return await super().read_page(body, content_type, url, walk=walk)


async def test_a_quote_from_the_text_of_an_earlier_walk_still_holds_and_the_page_is_read_anew(
    database: Database, fetcher: MemoryFetcher, library: StoredLibrary
) -> None:
    fetcher.pages[ABOUT] = "<p><span>3,000 credits</span><span>per month</span></p>"
    earlier = StoredLibrary(database, fetcher, EarlierSandbox(), freshness=timedelta(hours=24))
    old = (await earlier.page(ABOUT, ACME)).page
    assert isinstance(old, Page)
    words = "creditsper"
    start = old.content.text.index(words)
    proof = Proof(
        snapshot_id=old.snapshot_id,
        body_sha256=old.body_sha256,
        text_sha256=old.content.text_sha256,
        walk="walk-1",
        start=start,
        end=start + len(words),
    )
    assert await fault_of(library, proof, words) is None
    unknown = await fault_of(library, replace(proof, walk="walk-99"), words)
    assert unknown == "the text was made by walk-99, which this version cannot make"
    await pass_time(database, 25 * 3600)
    new = (await library.page(ABOUT, ACME)).page  # the very same bytes, with the ETag that they had
    assert isinstance(new, Page)
    assert new.content.text == "3,000 credits per month"
    assert await fault_of(library, proof, words) is None


async def test_a_page_that_was_looked_at_since_is_not_claimed(
    database: Database, library: StoredLibrary
) -> None:
    await library.page(ABOUT, ACME)
    known = (await repository.pages(database, [ABOUT], timedelta(hours=24), None))[ABOUT].checked_at
    assert not await repository.claim(database, ABOUT, 10.0, checked_at=None)
    assert await repository.claim(database, ABOUT, 10.0, checked_at=known)
    assert not await repository.claim(database, ABOUT, 10.0, checked_at=known)


async def test_the_text_of_an_earlier_walk_is_laid_anew_for_comparing(library: StoredLibrary) -> None:
    page = (await library.page(ABOUT, ACME)).page
    assert isinstance(page, Page)
    earlier = replace(page, content=replace(page.content, walk="walk-1", text="12502 creditsper month"))
    gone = replace(earlier, snapshot_id="01a20000-0000-7000-8000-000000000000")
    assert await library.as_read_now([page, earlier, gone]) == [page, page, gone]
