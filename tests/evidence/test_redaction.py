"""A name is overwritten in stored pages, and in those that are fetched later."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from tests.evidence.test_library import ACME, fault_of, pass_time

from leadline.connectors.pages.fake import MemoryFetcher
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.evidence import redaction, repository
from leadline.evidence.service import StoredLibrary, redact
from leadline.foundation.database import Database
from leadline.research.model import Page, Proof

TEAM = "https://acme.com/team"
HTML = (
    '<html><title>Zoë Quist and team</title><script type="application/ld+json">{"@type":"Person","name":"Zoë Quist"}'
    "</script><body><p>Zo&euml; <b>Quist</b> leads us.</p><p>Acme was founded in 1987 by ZOË QUIST.</p></body></html>"
)


def proof(page: Page, words: str) -> Proof:
    start = page.content.text.index(words)
    return Proof(
        snapshot_id=page.snapshot_id,
        body_sha256=page.body_sha256,
        text_sha256=page.content.text_sha256,
        walk=page.content.walk,
        start=start,
        end=start + len(words),
    )


def reading(database: Database, fetcher: MemoryFetcher) -> StoredLibrary:
    return StoredLibrary(database, fetcher, InlineSandbox(), freshness=timedelta(hours=24))


async def test_a_name_is_overwritten_and_what_quoted_it_says_so(database: Database) -> None:
    fetcher = MemoryFetcher({TEAM: HTML})
    page = (await reading(database, fetcher).page(TEAM, ACME)).page
    assert isinstance(page, Page)
    named, other = proof(page, "Zoë Quist leads"), proof(page, "Acme was founded in 1987")
    assert await fault_of(reading(database, fetcher), named, "Zoë Quist leads") is None
    async with database.transaction() as connection:
        assert await redact(connection, ["acme.com"], "Zoë Quist") == 1
        assert await redact(connection, ["acme.com"], "Zoë Quist") == 0
    after = reading(database, fetcher)
    (stored,) = await after.load([page.snapshot_id])
    assert stored.body_sha256 == page.body_sha256
    assert "quist" not in str(stored).lower()
    assert len(stored.content.text) == len(page.content.text)
    body, _ = await repository.snapshot_body(database, UUID(page.snapshot_id)) or (b"", "")
    assert b"quist" not in body.lower()
    assert b"founded in 1987" in body
    assert (await fault_of(after, named, "Zoë Quist leads") or "").startswith("redacted")
    assert await fault_of(after, other, "Acme was founded in 1987") is None


@pytest.mark.parametrize("changed", [False, True])
async def test_a_page_that_is_fetched_anew_does_not_bring_the_name_back(
    database: Database, changed: bool
) -> None:
    fetcher = MemoryFetcher({TEAM: HTML})
    await reading(database, fetcher).page(TEAM, ACME)
    async with database.transaction() as connection:
        await redact(connection, ["acme.com"], "Zoë Quist")
    if changed:
        fetcher.pages[TEAM] = HTML.replace("1987", "1988")
    await pass_time(database, 25 * 3600)
    page = (await reading(database, fetcher).page(TEAM, ACME)).page
    assert isinstance(page, Page)
    assert ("1988" in page.content.text) is changed
    assert "quist" not in str(page).lower()
    stored = await reading(database, fetcher).load([page.snapshot_id])
    assert "quist" not in str(stored).lower()
    left = await database.fetchval("select string_agg(redacted_names::text, ' ') from redacted_names")
    assert "quist" not in left.lower()


async def test_others_of_the_same_first_or_last_name_stay(database: Database) -> None:
    fetcher = MemoryFetcher({TEAM: "<p>Zoë Quist, Ada Quist and Zoë Quistgaard met.</p>"})
    await reading(database, fetcher).page(TEAM, ACME)
    async with database.transaction() as connection:
        await redact(connection, ["acme.com"], "Zoë Quist")
    page = (await reading(database, fetcher).page(TEAM, ACME)).page
    assert isinstance(page, Page)
    assert page.content.text == "███ █████, Ada Quist and Zoë Quistgaard met."


def test_a_single_word_is_no_name_to_overwrite() -> None:
    assert redaction.pattern("Cher") is None
    assert redaction.pattern("Ada Quist") is not None
