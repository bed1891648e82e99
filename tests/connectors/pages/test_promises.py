"""What every ``PageFetcher`` promises, asked of the fake and of the real one against its simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from tests.connectors.pages.site import ACME, reading, survey
from tests.web import Reply, Versioned, WebServer

from leadline.connectors.pages.fake import FailingFetcher, MemoryFetcher
from leadline.research.errors import FetchError, Reason
from leadline.research.ports import PageFetcher, Validators

HOME = "https://acme.test/"
PRICES = "https://acme.test/prices"
PAGES = {HOME: "<h1>Acme</h1>", PRICES: "<h1>Prices</h1>", "https://acme.test/blank": "  \n"}


@asynccontextmanager
async def memory(pages: Mapping[str, str]) -> AsyncIterator[PageFetcher]:
    yield MemoryFetcher(pages)


@asynccontextmanager
async def direct(pages: Mapping[str, str]) -> AsyncIterator[PageFetcher]:
    async with WebServer() as web:
        listed = "".join(f"<url><loc>{url}</loc></url>" for url in pages)
        web.route("acme.test", "/sitemap.xml", Reply(f"<urlset>{listed}</urlset>", content_type="text/xml"))
        for number, (url, html) in enumerate(pages.items()):
            web.route("acme.test", urlsplit(url).path, Versioned(html, etag=f'"{number}"'))
        async with reading(web) as fetcher:
            yield fetcher


both = pytest.mark.parametrize("made", [memory, direct])


@both
async def test_page_is_its_bytes_with_its_address(made) -> None:
    async with made(PAGES) as fetcher:
        page = await fetcher.fetch(PRICES, ACME)
    assert (page.url, page.body) == (PRICES, b"<h1>Prices</h1>")
    assert page.content_type == "text/html; charset=utf-8"


@both
async def test_known_version_is_not_sent_again(made) -> None:
    async with made(PAGES) as fetcher:
        first = await fetcher.fetch(PRICES, ACME)
        again = await fetcher.fetch(PRICES, ACME, validators=first.validators)
        other = await fetcher.fetch(PRICES, ACME, validators=Validators(etag='"older"'))
    assert again.body is None
    assert again.validators == first.validators
    assert other.body == first.body


@both
async def test_missing_page_is_not_found(made) -> None:
    async with made(PAGES) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch("https://acme.test/none", ACME)
    assert caught.value.reason is Reason.NOT_FOUND
    assert caught.value.url == "https://acme.test/none"


@both
async def test_blank_page_is_empty(made) -> None:
    async with made(PAGES) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch("https://acme.test/blank", ACME)
    assert caught.value.reason is Reason.EMPTY


@both
async def test_survey_names_the_entry_and_the_listed_pages(made) -> None:
    async with made(PAGES) as fetcher:
        found = await survey(fetcher)
    assert found.entry_url == HOME
    assert found.sitemap_urls == tuple(PAGES)
    assert found.notes == ()


@both
async def test_unreadable_entry_is_noted_by_the_survey(made) -> None:
    async with made({PRICES: "<h1>Prices</h1>"}) as fetcher:
        found = await survey(fetcher)
    assert [(note.url, note.reason) for note in found.notes] == [(HOME, Reason.NOT_FOUND)]
    assert found.sitemap_urls == (PRICES,)


async def test_failing_fetcher_fails_for_its_reason() -> None:
    fetcher: PageFetcher = FailingFetcher(Reason.TIMED_OUT)
    for call in (survey(fetcher), fetcher.fetch(HOME, ACME)):
        with pytest.raises(FetchError) as caught:
            await call
        assert caught.value.reason is Reason.TIMED_OUT
