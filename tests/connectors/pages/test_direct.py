"""Reading a company's site directly, against a simulator on loopback."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest
from tests.connectors.pages.site import ACME, HURRIED, Time, reading, survey
from tests.web import (
    Gzipped,
    Hang,
    Held,
    InTurn,
    Redirect,
    Reply,
    Request,
    Versioned,
    WebServer,
    refusing_port,
)

from leadline.connectors.pages.direct import LONGEST_HOLD, DirectPageFetcher, SitemapLimits
from leadline.foundation.http import GuardedClient
from leadline.foundation.network import NetworkPolicy
from leadline.research.errors import FetchError, Reason
from leadline.research.model import Company
from leadline.research.ports import Validators

HOME = "https://acme.test/"


def robots(text: str) -> Reply:
    return Reply(text, content_type="text/plain")


def sitemap(*urls: str, index: bool = False) -> Reply:
    outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    items = "".join(f"<{inner}><loc>{url}</loc></{inner}>" for url in urls)
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return Reply(
        f'<?xml version="1.0"?><{outer} xmlns="{namespace}">{items}</{outer}>', content_type="application/xml"
    )


async def reason_of(fetcher, url: str) -> Reason:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(url, ACME)
    return caught.value.reason


# ------------------------------------------------------------------ validators


@pytest.mark.parametrize(
    "raw", ['"\u00e9\u00e8"', "\u00ff\u00fe", '"' + "x" * 5_000 + '"', '"\ud83d"'], ids=ascii
)
async def test_validator_that_cannot_be_sent_is_not_kept_and_never_sent(raw: str) -> None:
    """Servers put raw bytes into an ETag; one stored by an earlier version is passed over too."""
    async with WebServer() as web, reading(web) as fetcher:
        sent = raw.encode("latin-1", "replace").decode("latin-1")
        web.route("acme.test", "/", Reply("hello", headers={"ETag": sent, "Last-Modified": "D\u00e9c"}))
        assert (await fetcher.fetch(HOME, ACME)).validators.last_modified is None
        stored = Validators(etag=raw, last_modified=raw)
        assert (await fetcher.fetch(HOME, ACME, validators=stored)).body == b"hello"
    assert not any({"if-none-match", "if-modified-since"} & set(request.headers) for request in web.requests)


# ------------------------------------------------------------------ robots.txt


async def test_disallowed_page_is_not_requested() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", robots("User-agent: *\nDisallow: /private"))
        web.page("acme.test", "*", "hello")
        assert await reason_of(fetcher, HOME + "private/x") is Reason.DISALLOWED
        assert (await fetcher.fetch(HOME + "public", ACME)).body == b"hello"
    assert web.count(path="/private/x") == 0


async def test_group_that_names_leadline_is_the_one_that_counts() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        text = "User-agent: *\nDisallow: /\n\nUser-agent: leadline\nDisallow: /only-this"
        web.route("acme.test", "/robots.txt", robots(text))
        web.page("acme.test", "*", "hello")
        assert (await fetcher.fetch(HOME, ACME)).body == b"hello"
        assert await reason_of(fetcher, HOME + "only-this") is Reason.DISALLOWED


async def test_robots_is_read_once_for_many_pages_at_once() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.page("acme.test", "*", "hello")
        web.route("acme.test", "/robots.txt", robots(""))
        await asyncio.gather(*(fetcher.fetch(f"{HOME}{n}", ACME) for n in range(12)))
    assert web.count(path="/robots.txt") == 1


async def test_robots_is_read_again_when_it_is_old() -> None:
    time = Time()
    async with WebServer() as web, reading(web, time=time, robots_seconds=10**9) as fetcher:
        web.page("acme.test", "*", "hello")
        web.route("acme.test", "/robots.txt", InTurn(robots(""), robots("User-agent: *\nDisallow: /")))
        await fetcher.fetch(HOME, ACME)
        time.now += 86_401  # a day is the most that RFC 9309 allows, whatever the setting
        assert await reason_of(fetcher, HOME) is Reason.DISALLOWED


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_robots_that_is_not_there_allows_everything(status: int) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", Reply("User-agent: *\nDisallow: /", status=status))
        web.page("acme.test", "/", "hello")
        assert (await fetcher.fetch(HOME, ACME)).body == b"hello"


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_robots_that_cannot_be_read_forbids_everything(status: int) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", Reply(status=status))
        web.page("acme.test", "/", "hello")
        assert await reason_of(fetcher, HOME) is Reason.ROBOTS_UNAVAILABLE
    assert web.count(path="/") == 0


async def test_failed_robots_is_asked_for_again_a_minute_later() -> None:
    time = Time()
    async with WebServer() as web, reading(web, time=time) as fetcher:
        web.route("acme.test", "/robots.txt", InTurn(Reply(status=500), Reply(status=500), robots("")))
        web.page("acme.test", "/", "hello")
        assert await reason_of(fetcher, HOME) is Reason.ROBOTS_UNAVAILABLE
        assert await reason_of(fetcher, HOME) is Reason.ROBOTS_UNAVAILABLE
        time.now += 61
        assert (await fetcher.fetch(HOME, ACME)).body == b"hello"
    assert web.count(path="/robots.txt") == 3


async def test_robots_is_followed_through_five_redirects() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", Redirect("/r1"))
        for hop in range(1, 5):
            web.route("acme.test", f"/r{hop}", Redirect(f"/r{hop + 1}"))
        web.route("acme.test", "/r5", robots("User-agent: *\nDisallow: /"))
        web.page("acme.test", "/", "hello")
        assert await reason_of(fetcher, HOME) is Reason.DISALLOWED


async def test_rule_near_the_end_of_a_robots_of_500_kib_counts() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        filler = "# nothing to see\n" * (499 * 1024 // 17)
        web.route("acme.test", "/robots.txt", robots(f"User-agent: *\n{filler}Disallow: /late\n" + filler))
        web.page("acme.test", "*", "hello")
        assert await reason_of(fetcher, HOME + "late") is Reason.DISALLOWED
        assert (await fetcher.fetch(HOME, ACME)).body == b"hello"


async def test_redirect_to_a_disallowed_page_is_not_followed() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", robots("User-agent: *\nDisallow: /private"))
        web.route("acme.test", "/a", Redirect("/private"))
        assert await reason_of(fetcher, HOME + "a") is Reason.DISALLOWED
    assert web.count(path="/private") == 0


# ------------------------------------------------------------------ politeness


async def test_no_more_than_the_stated_number_of_requests_run_at_once() -> None:
    held = Held(Reply("hello"))
    async with WebServer() as web, reading(web, host_concurrency=2) as fetcher:
        web.route("acme.test", "*", held)
        web.route("acme.test", "/robots.txt", robots(""))
        web.page("other.test", "/", "other")
        pages = [asyncio.create_task(fetcher.fetch(f"{HOME}{n}", ACME)) for n in range(6)]
        await web.wait_for(lambda: web.in_flight["acme.test"] == 2)
        # Another site is not held up, and its answer shows that the six had time to start.
        await fetcher.fetch("https://other.test/", Company(host="other.test", asked_host="other.test"))
        assert web.in_flight["acme.test"] == 2
        held.release()
        await asyncio.gather(*pages)
    assert web.most_in_flight["acme.test"] == 2


@pytest.mark.parametrize(("stated", "pause"), [("2", 2.0), ("600", 5.0)])
async def test_crawl_delay_is_a_floor_with_a_cap(stated: str, pause: float) -> None:
    time = Time()
    async with WebServer() as web, reading(web, time=time, max_crawl_delay=5.0) as fetcher:
        web.route("acme.test", "/robots.txt", robots(f"User-agent: *\nCrawl-delay: {stated}"))
        web.page("acme.test", "*", "hello")
        for path in ("a", "b", "c"):
            await fetcher.fetch(HOME + path, ACME)
    assert time.slept == [pause, pause]


async def test_retry_after_is_waited_for_once() -> None:
    time = Time()
    async with WebServer() as web, reading(web, time=time) as fetcher:
        web.route("acme.test", "/", InTurn(Reply(status=429, headers={"Retry-After": "4"}), Reply("hello")))
        assert (await fetcher.fetch(HOME, ACME)).body == b"hello"
    assert time.slept == [4.0]


@pytest.mark.parametrize("asked", ["3600", "999999999999"])
async def test_host_that_asks_for_hours_is_left_alone_for_minutes(asked: str) -> None:
    time = Time()
    async with WebServer() as web, reading(web, time=time, patience=15) as fetcher:
        web.route("acme.test", "/a", Reply(status=503, headers={"Retry-After": asked}))
        web.page("acme.test", "/b", "hello")
        assert await reason_of(fetcher, HOME + "a") is Reason.SERVER_ERROR
        time.now += 30
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(HOME + "b", ACME)
        assert (caught.value.reason, caught.value.retry_after) == (Reason.RATE_LIMITED, LONGEST_HOLD - 30)
        assert "30 s ago" in caught.value.detail
        assert web.count(path="/b") == 0
        time.now += LONGEST_HOLD - 30
        assert (await fetcher.fetch(HOME + "b", ACME)).body == b"hello"


async def test_one_host_does_not_silence_its_neighbours() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("shop.acme.test", "/a", Reply(status=429, headers={"Retry-After": "100"}))
        web.page("acme.test", "/b", "hello")
        assert await reason_of(fetcher, "https://shop.acme.test/a") is Reason.RATE_LIMITED
        assert (await fetcher.fetch(HOME + "b", ACME)).body == b"hello"
        assert await reason_of(fetcher, "https://shop.acme.test/b") is Reason.RATE_LIMITED


async def test_forced_refresh_looks_once_at_a_host_that_asked_for_silence_earlier() -> None:
    time = Time()
    async with WebServer() as web, reading(web, time=time) as fetcher:
        web.route("acme.test", "/robots.txt", Reply(status=404))
        web.route("acme.test", "*", Reply(status=429, headers={"Retry-After": "100"}))
        await reason_of(fetcher, HOME + "a")
        time.now += 10
        for path in ("b", "c"):
            with pytest.raises(FetchError):
                await fetcher.fetch(HOME + path, ACME, max_age=5.0)
    assert (web.count(path="/b"), web.count(path="/c")) == (1, 0)


async def test_fault_of_robots_is_kept_longer_each_time_says_so_and_is_looked_past_when_forced() -> None:
    time = Time()
    async with WebServer() as web, reading(web, time=time) as fetcher:
        web.page("acme.test", "*", "hello")
        web.route("acme.test", "/robots.txt", Reply(status=500))
        asked = []
        for _ in range(60):
            before = web.count(path="/robots.txt")
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(HOME + "a", ACME)
            if web.count(path="/robots.txt") > before:
                asked.append(time.now)
            else:
                assert f"met {time.now - asked[-1]:.0f} s ago and not asked again" in caught.value.detail
            time.now += 5
        waits = [after - before for before, after in pairwise(asked)]
        # Each look takes a moment too, for its retry.
        assert all(want <= wait < want + 8 for want, wait in zip((15, 30, 60, 120), waits, strict=False))
        assert len(waits) >= 4
        web.route("acme.test", "/robots.txt", Reply(status=404))
        assert await reason_of(fetcher, HOME + "a") is Reason.ROBOTS_UNAVAILABLE
        assert (await survey(fetcher, max_age=1.0)).notes == ()
        assert (await fetcher.fetch(HOME + "a", ACME)).body == b"hello"


@pytest.mark.parametrize("asked", ["acme.test", "www.acme.test"])
async def test_missing_page_of_another_spelling_does_not_hide_that_the_asked_host_hangs(asked: str) -> None:
    other = "www.acme.test" if asked == "acme.test" else "acme.test"
    company = Company(host="acme.test", asked_host=asked)
    async with WebServer() as web, reading(web, limits=HURRIED) as fetcher:
        web.route(asked, "/robots.txt", Reply(status=404))
        web.route(asked, "/", Hang())
        web.route(other, "*", Reply(status=404))
        with pytest.raises(FetchError) as caught:
            await survey(fetcher, company)
    assert (caught.value.reason, caught.value.url) == (Reason.TIMED_OUT, f"https://{asked}/")


async def test_fetcher_names_itself_and_keeps_no_cookies() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "*", Reply("hello", headers={"Set-Cookie": "a=b"}))
        await fetcher.fetch(HOME + "a", ACME)
        await fetcher.fetch(HOME + "b", ACME)
    assert {r.headers["user-agent"] for r in web.requests} == {"Leadline/1.0 (+ops@example.org)"}
    assert not any("cookie" in r.headers for r in web.requests)


# ------------------------------------------------------------------ pages


async def test_redirect_inside_the_site_is_followed_and_the_final_address_told() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/a", Redirect("https://docs.acme.test/b", status=301))
        web.page("docs.acme.test", "/b", "hello")
        assert (await fetcher.fetch(HOME + "a", ACME)).url == "https://docs.acme.test/b"


def refresh(to: str, seconds: str = "0") -> str:
    return f'<head><meta http-equiv="refresh" content="{seconds}; url={to}"></head><p>Moving on</p>'


async def test_meta_refresh_is_followed_like_a_redirect() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/", Versioned(refresh("/start"), etag='"1"'))
        web.page("acme.test", "/start", refresh("https://www.acme.test/en/", "3"))
        web.page("www.acme.test", "/en/", "<p>hello</p>")
        page = await fetcher.fetch(HOME, ACME)
        assert (page.url, page.body) == ("https://www.acme.test/en/", b"<p>hello</p>")
        assert (await survey(fetcher)).entry_url == "https://www.acme.test/en/"
    assert page.validators == Validators()


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        (refresh("/a"), None),  # itself
        (refresh("/b", "300"), None),  # a page that is kept up to date
        (f"<!-- {refresh('/b')} --><noscript>{refresh('/b')}</noscript>", None),
        (refresh("http://["), None),
        (refresh("https://other.test/"), Reason.LEFT_SITE),
        (refresh("/private"), Reason.DISALLOWED),
        (refresh("/c"), Reason.TOO_MANY_REDIRECTS),
    ],
)
async def test_meta_refresh_keeps_to_the_site_its_rules_and_a_few_hops(
    markup: str, reason: Reason | None
) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", robots("User-agent: *\nDisallow: /private"))
        web.page("acme.test", "/a", markup)
        web.page("acme.test", "/c", refresh("/d"))
        web.page("acme.test", "/d", refresh("/c"))
        if reason is None:
            assert (await fetcher.fetch(HOME + "a", ACME)).url == HOME + "a"
            assert web.count(path="/b") == 0
        else:
            assert await reason_of(fetcher, HOME + "a") is reason
    assert web.count("other.test") == web.count(path="/private") == 0
    assert len(web.requests) <= 7


async def test_plain_address_of_a_mapped_host_is_recorded_as_https() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.page("acme.test", "/a", "hello")
        assert (await fetcher.fetch("http://acme.test/a?q=1#top", ACME)).url == "https://acme.test/a?q=1"
    assert web.count(path="/robots.txt") == 1


async def test_international_host_is_one_site_in_either_spelling() -> None:
    company = Company(host="xn--mnchen-3ya.test", asked_host="xn--mnchen-3ya.test")
    async with WebServer() as web, reading(web) as fetcher:
        web.route("xn--mnchen-3ya.test", "/a", Redirect("https://www.münchen.test/b"))
        web.page("www.xn--mnchen-3ya.test", "/b", "Grüß Gott")
        page = await fetcher.fetch("https://münchen.test/a", company)
    assert page.url == "https://www.xn--mnchen-3ya.test/b"


@pytest.mark.parametrize(
    "url", ["ftp://acme.test/", "mailto:a@acme.test", "/relative", "http://[", "https://"]
)
async def test_other_than_web_addresses_are_not_read(url: str) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        assert await reason_of(fetcher, url) is Reason.HTTP_ERROR
    assert web.connections == 0


async def test_date_of_the_last_change_is_sent_back() -> None:
    def answer(request: Request) -> Reply:
        known = request.headers.get("if-modified-since") == "Thu, 01 Jan 2026 00:00:00 GMT"
        headers = {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
        return Reply("" if known else "hello", status=304 if known else 200, headers=headers)

    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/", answer)
        first = await fetcher.fetch(HOME, ACME)
        again = await fetcher.fetch(HOME, ACME, validators=first.validators)
    assert again.body is None
    assert again.validators == Validators(last_modified="Thu, 01 Jan 2026 00:00:00 GMT")


async def test_not_modified_that_nobody_asked_for_is_an_error() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/", Reply(status=304))
        assert await reason_of(fetcher, HOME) is Reason.HTTP_ERROR


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (202, Reason.HTTP_ERROR),
        (204, Reason.EMPTY),
        (401, Reason.FORBIDDEN),
        (403, Reason.FORBIDDEN),
        (404, Reason.NOT_FOUND),
        (410, Reason.NOT_FOUND),
        (418, Reason.HTTP_ERROR),
        (429, Reason.RATE_LIMITED),
        (451, Reason.FORBIDDEN),
        (500, Reason.SERVER_ERROR),
        (503, Reason.SERVER_ERROR),
    ],
)
async def test_status_tells_the_reason(status: int, reason: Reason) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/", Reply("" if status == 204 else "words", status=status))
        assert await reason_of(fetcher, HOME) is reason


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<p>x</p>"),
        ("application/xhtml+xml; charset=utf-8", b"<p>x</p>"),
        ("text/plain", b"x"),
        ("application/xml", b"<a/>"),
        ("application/json", b"{}"),
        ("application/pdf", b"%PDF-1.7\n\x00\x01\x02"),
        ("", b"<p>x</p>"),
        ("TEXT/HTML;charset=latin-1", "<p>é</p>".encode("latin-1")),
        ("text/html; charset=utf-16-le", "<p>x</p>".encode("utf-16-le")),
        ("text/html", "<p>x</p>".encode("utf-16")),
        ("text/html", b"\x1b$B%F%9%H\x1b(B"),  # ISO-2022-JP escapes
    ],
)
async def test_readable_content_is_read(content_type: str, body: bytes) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/", Reply(body, content_type=content_type))
        assert (await fetcher.fetch(HOME, ACME)).body == body


async def test_pdf_is_known_by_its_bytes() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/", Reply(b"%PDF-1.4 \x00", content_type="application/octet-stream"))
        assert (await fetcher.fetch(HOME, ACME)).content_type == "application/pdf"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n\x00"),
        ("application/zip", b"PK\x03\x04"),
        ("video/mp4", b"words"),
        ("application/javascript", b"let x"),
        ("text/html", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
        ("text/plain", bytes(range(256))),
        ("", b"\x00\x01\x02\x03"),
        ("application/pdf", b"<html>not a pdf</html>"),
    ],
)
async def test_binary_content_is_not_text(content_type: str, body: bytes) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/", Reply(body, content_type=content_type))
        assert await reason_of(fetcher, HOME) is Reason.NOT_TEXT


# ------------------------------------------------------------------ the entry


async def test_entry_is_where_the_asked_host_leads() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/", Redirect("https://www.acme.test/en/"))
        web.page("www.acme.test", "/en/", "hello")
        web.route("www.acme.test", "/robots.txt", robots("Sitemap: https://www.acme.test/map.xml"))
        web.route("www.acme.test", "/map.xml", sitemap("https://www.acme.test/a"))
        found = await survey(fetcher)
    assert found.entry_url == "https://www.acme.test/en/"
    assert found.sitemap_urls == ("https://www.acme.test/a",)


@pytest.mark.parametrize("asked", ["acme.test", "www.acme.test"])
async def test_other_spelling_of_the_host_is_tried(asked: str) -> None:
    other = "www.acme.test" if asked == "acme.test" else "acme.test"
    async with WebServer() as web, refusing_port() as port:
        web.page(other, "/", "hello")
        async with reading(web, connect_to={asked: ("127.0.0.1", port)}) as fetcher:
            found = await survey(fetcher, Company(host="acme.test", asked_host=asked))
    assert found.entry_url == f"https://{other}/"
    assert found.notes == ()


async def test_plain_http_is_tried_when_https_is_refused() -> None:
    """Needs port 80 of a loopback address of its own, which not every user may bind."""

    async def loopback(host: str, port: int) -> list[str]:
        return ["127.8.7.6"]

    policy = NetworkPolicy(allow_networks=["127.0.0.0/8"], resolver=loopback)
    async with AsyncExitStack() as stack:
        try:
            web = await stack.enter_async_context(WebServer(bind=("127.8.7.6", 80)))
        except PermissionError:
            pytest.skip("this user may not bind port 80")
        http = await stack.enter_async_context(GuardedClient(policy, "x"))
        web.page("acme.test", "/", "hello")
        assert (await survey(DirectPageFetcher(http), ACME)).entry_url == "http://acme.test/"


async def test_other_spelling_is_tried_when_the_asked_one_has_no_page() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.page("www.acme.test", "/", "hello")
        assert (await survey(fetcher)).entry_url == "https://www.acme.test/"


async def test_entry_that_cannot_be_read_is_a_note_and_the_sitemap_still_counts() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("*", "/", Reply(status=500))
        web.route("acme.test", "/sitemap.xml", sitemap(HOME + "a"))
        found = await survey(fetcher)
    assert found.sitemap_urls == (HOME + "a",)
    assert [(n.url, n.reason) for n in found.notes] == [(HOME, Reason.SERVER_ERROR)]


async def test_host_that_leads_to_another_company_is_told_with_its_name() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/", Redirect("https://www.bigcorp.example/acme"))
        with pytest.raises(FetchError, match=r"bigcorp\.example") as caught:
            await survey(fetcher)
    assert caught.value.reason is Reason.LEFT_SITE
    assert web.count("www.bigcorp.example") == 0


# ------------------------------------------------------------------ sitemaps


async def test_sitemaps_named_by_robots_are_read_with_their_indexes() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        text = "Sitemap: https://acme.test/index.xml\nSitemap: https://acme.test/plain.txt"
        web.route("acme.test", "/robots.txt", robots(text))
        children = ("https://acme.test/one.xml.gz", "https://docs.acme.test/two.xml")
        web.route("acme.test", "/index.xml", sitemap(*children, index=True))
        packed = gzip.compress(sitemap(HOME + "a", HOME + "b").body.encode())
        web.route("acme.test", "/one.xml.gz", Reply(packed, content_type="application/gzip"))
        two = sitemap("https://docs.acme.test/c", HOME + "a").body
        web.route("docs.acme.test", "/two.xml", Gzipped(two, "text/xml"))
        web.route("acme.test", "/plain.txt", Reply(f"{HOME}d\n{HOME}e\n", content_type="text/plain"))
        web.page("acme.test", "/", "hello")
        found = await survey(fetcher)
    assert set(found.sitemap_urls) == {HOME + p for p in "abde"} | {"https://docs.acme.test/c"}
    assert found.notes == ()
    assert web.count(path="/sitemap.xml") == 0


async def test_addresses_and_sitemaps_of_other_sites_are_left_out() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", robots("Sitemap: https://evil.test/s.xml\nSitemap: /s.xml"))
        web.route("acme.test", "/sitemap.xml", sitemap("https://evil.test/x", "javascript:x", HOME + "a"))
        web.page("acme.test", "/", "hello")
        assert (await survey(fetcher)).sitemap_urls == (HOME + "a",)
    assert web.count("evil.test") == 0


@pytest.mark.parametrize("answer", [Reply(status=404), Reply(status=403), Reply("<html><p>Oops"), Reply("")])
async def test_site_without_a_sitemap_is_nothing_to_note(answer: Reply) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.page("acme.test", "/", "hello")
        web.route("acme.test", "/sitemap.xml", answer)
        found = await survey(fetcher)
    assert (found.sitemap_urls, found.notes) == ((), ())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Reply(status=404), Reason.NOT_FOUND),
        (Reply(status=500), Reason.SERVER_ERROR),
        (Reply("<urlset><url><loc>https://acme.test/a</loc></url><url>"), Reason.UNDECODABLE),
        (
            Reply(
                '<!DOCTYPE x [<!ENTITY a "b">]><urlset><url><loc>https://acme.test/&a;</loc></url></urlset>'
            ),
            Reason.UNDECODABLE,
        ),
        (Reply(b"\x1f\x8b\x08broken"), Reason.UNDECODABLE),
    ],
)
async def test_announced_sitemap_that_cannot_be_read_is_noted(answer: Reply, reason: Reason) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", robots("Sitemap: https://acme.test/map.xml"))
        web.route("acme.test", "/map.xml", answer)
        web.page("acme.test", "/", "hello")
        found = await survey(fetcher)
    assert [(n.url, n.reason) for n in found.notes] == [(HOME + "map.xml", reason)]


async def test_sitemap_cut_in_the_middle_keeps_what_stands_before() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", robots("Sitemap: https://acme.test/map.xml"))
        web.route("acme.test", "/map.xml", Reply(f"<urlset><url><loc>{HOME}a</loc></url><url><loc>{HOME}b"))
        web.page("acme.test", "/", "hello")
        assert (await survey(fetcher)).sitemap_urls == (HOME + "a",)


async def test_sitemaps_that_name_each_other_end() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/sitemap.xml", sitemap(HOME + "b.xml", index=True))
        web.route("acme.test", "/b.xml", sitemap(HOME + "sitemap.xml", HOME + "b.xml", index=True))
        web.page("acme.test", "/", "hello")
        await survey(fetcher)
    assert (web.count(path="/sitemap.xml"), web.count(path="/b.xml")) == (1, 1)


async def test_number_of_sitemaps_and_addresses_is_limited() -> None:
    limits = SitemapLimits(files=3, urls=4)
    async with WebServer() as web, reading(web, sitemap_limits=limits) as fetcher:
        web.route("acme.test", "/sitemap.xml", sitemap(*(f"{HOME}{n}.xml" for n in range(4)), index=True))
        for n in range(4):
            web.route("acme.test", f"/{n}.xml", sitemap(*(f"{HOME}{n}/{page}" for page in range(3))))
        web.page("acme.test", "/", "hello")
        found = await survey(fetcher)
    assert len(found.sitemap_urls) == 4
    assert sum(web.count(path=f"/{n}.xml") for n in range(4)) == 2


async def test_depth_of_sitemaps_is_limited() -> None:
    async with WebServer() as web, reading(web, sitemap_limits=SitemapLimits(depth=2)) as fetcher:
        web.route("acme.test", "/sitemap.xml", sitemap(HOME + "1.xml", index=True))
        web.route("acme.test", "/1.xml", sitemap(HOME + "2.xml", index=True))
        web.route("acme.test", "/2.xml", sitemap(HOME + "a"))
        web.page("acme.test", "/", "hello")
        assert (await survey(fetcher)).sitemap_urls == ()
    assert web.count(path="/2.xml") == 0


async def test_disallowed_sitemap_is_not_requested() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/robots.txt", robots("User-agent: *\nDisallow: /sitemap.xml"))
        web.page("acme.test", "/", "hello")
        assert (await survey(fetcher)).notes == ()
    assert web.count(path="/sitemap.xml") == 0
