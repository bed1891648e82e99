"""Sites that misbehave, and addresses that must not be reached: each fault caused for real on loopback.

Whatever happens, the reader of the site is told why it could not be read; a page that could not be read never
looks like a page that says nothing.
"""

from __future__ import annotations

import pytest
from tests.connectors.pages.site import ACME, HURRIED, PATIENT, reading, survey
from tests.web import (
    Bomb,
    Cut,
    Drip,
    Endless,
    Hang,
    Huge,
    Raw,
    Redirect,
    Reply,
    WebServer,
    refusing_port,
)

from leadline.connectors.pages.direct import DirectPageFetcher
from leadline.foundation.http import GuardedClient
from leadline.foundation.network import NetworkPolicy
from leadline.research.errors import FetchError, Reason
from leadline.research.model import Company

PAGE = "https://acme.test/page"


async def failure(fetcher: DirectPageFetcher, url: str = PAGE) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(url, ACME)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Endless(), Reason.TOO_LARGE),
        (Huge(40_000_000), Reason.TOO_LARGE),
        (Bomb(), Reason.TOO_LARGE),
        (Cut(), Reason.CONNECTION_FAILED),
        (Raw(), Reason.CONNECTION_FAILED),
        (Reply(b"\x89PNG\r\n\x1a\n\x00", content_type="image/png"), Reason.NOT_TEXT),
        (Reply(b"\x7fELF\x02\x01\x01\x00", content_type="text/html"), Reason.NOT_TEXT),
        (Reply(b"not gzip", headers={"Content-Encoding": "gzip"}), Reason.UNDECODABLE),
        (Reply(""), Reason.EMPTY),
        (Reply(status=500), Reason.SERVER_ERROR),
        (Reply(status=429), Reason.RATE_LIMITED),
        (Reply(status=403), Reason.FORBIDDEN),
        (Redirect("/page"), Reason.TOO_MANY_REDIRECTS),
        (Redirect("https://www.bigcorp.example/"), Reason.LEFT_SITE),
        (Redirect("ftp://acme.test/"), Reason.HTTP_ERROR),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else type(value).__name__,
)
async def test_broken_page_is_told_with_its_reason(answer: object, reason: Reason) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/page", answer)
        web.page("acme.test", "/fine", "hello")
        assert (await failure(fetcher)).reason is reason
        assert (await fetcher.fetch("https://acme.test/fine", ACME)).body == b"hello"


@pytest.mark.parametrize("answer", [Hang(), Drip()], ids=["hangs", "drips"])
async def test_page_that_never_ends_is_given_up(answer: object) -> None:
    async with WebServer() as web, reading(web, limits=HURRIED) as fetcher:
        web.route("acme.test", "/page", answer)
        assert (await failure(fetcher)).reason is Reason.TIMED_OUT
    assert web.count(path="/page") == 1  # what hung once is not waited for again


async def test_site_that_refuses_connections() -> None:
    async with (
        WebServer() as web,
        refusing_port() as port,
        reading(web, connect_to={"*": ("127.0.0.1", port)}) as fetcher,
    ):
        assert (await failure(fetcher)).reason is Reason.CONNECTION_FAILED
        with pytest.raises(FetchError) as caught:
            await survey(fetcher)
    assert caught.value.reason is Reason.CONNECTION_FAILED


async def test_site_that_hangs_from_the_first_request() -> None:
    async with WebServer() as web, reading(web, limits=HURRIED) as fetcher:
        web.route("*", "*", Hang())
        with pytest.raises(FetchError) as caught:
            await survey(fetcher)
    assert caught.value.reason is Reason.ROBOTS_UNAVAILABLE
    assert "timeout" in caught.value.detail


async def test_site_whose_robots_forbid_everything() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("*", "/robots.txt", Reply("User-agent: *\nDisallow: /", content_type="text/plain"))
        assert (await failure(fetcher)).reason is Reason.DISALLOWED
        found = await survey(fetcher)
    assert [note.reason for note in found.notes] == [Reason.DISALLOWED]
    assert web.count() == web.count(path="/robots.txt")


async def test_site_whose_robots_cannot_be_read() -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("*", "/robots.txt", Reply(status=503))
        with pytest.raises(FetchError) as caught:
            await survey(fetcher)
    assert caught.value.reason is Reason.ROBOTS_UNAVAILABLE
    assert web.count() == web.count(path="/robots.txt")


async def test_one_hanging_sitemap_does_not_take_the_survey_with_it() -> None:
    async with WebServer() as web, reading(web, limits=HURRIED) as fetcher:
        web.page("acme.test", "/", "hello")
        web.route("acme.test", "/sitemap.xml", Hang())
        found = await survey(fetcher)
    assert found.entry_url == "https://acme.test/"
    assert [note.reason for note in found.notes] == [Reason.TIMED_OUT]


# ------------------------------------------------------------------ addresses


def answering(*addresses: str):
    async def resolve(host: str, port: int) -> list[str]:
        if not addresses:
            raise OSError("no such name")
        return list(addresses)

    return resolve


async def survey_failure(policy: NetworkPolicy, host: str = "acme.test") -> FetchError:
    async with GuardedClient(policy, "Leadline/1", limits=PATIENT) as client:
        with pytest.raises(FetchError) as caught:
            await survey(DirectPageFetcher(client), Company(host=host, asked_host=host))
    return caught.value


async def test_name_that_does_not_resolve() -> None:
    assert (await survey_failure(NetworkPolicy(resolver=answering()))).reason is Reason.NOT_RESOLVED


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *(
            "::1",
            "fe80::1",
            "fe80::1%1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "ff02::1",
        ),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"),
    ],
)
async def test_company_whose_name_leads_inside_is_refused(address: str) -> None:
    error = await survey_failure(NetworkPolicy(resolver=answering(address)))
    assert error.reason is Reason.ADDRESS_REFUSED


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://127.0.0.1/", Reason.LEFT_SITE),
        ("http://2130706433/", Reason.LEFT_SITE),
        ("http://0x7f.1/", Reason.LEFT_SITE),
        ("http://0177.0.0.1/", Reason.HTTP_ERROR),  # no URL at all, says the parser
        ("http://[::1]/", Reason.LEFT_SITE),
        ("http://[::ffff:169.254.169.254]/", Reason.LEFT_SITE),
        ("http://[fd00:ec2::254]/", Reason.LEFT_SITE),
        ("http://169.254.169.254/latest/meta-data/iam/", Reason.LEFT_SITE),
        ("http://10.0.0.1:8080/", Reason.LEFT_SITE),
    ],
)
async def test_redirect_inside_is_never_followed(target: str, reason: Reason) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.route("acme.test", "/page", Redirect(target))
        assert (await failure(fetcher)).reason is reason
    assert {r.host for r in web.requests} == {"acme.test"}


async def test_redirect_to_a_name_of_the_site_that_leads_inside_is_refused() -> None:
    """Same registrable domain, so only the address can give it away."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.5"] if host == "intranet.acme.test" else ["127.0.0.1"]

    async with WebServer() as web:
        web.route("acme.test", "/page", Redirect(f"http://intranet.acme.test:{web.port}/"))
        policy = NetworkPolicy(allow_networks=["127.0.0.1/32"], resolver=resolve)
        async with GuardedClient(policy, "Leadline/1", limits=PATIENT) as client:
            error = await failure(DirectPageFetcher(client), f"http://acme.test:{web.port}/page")
    assert error.reason is Reason.ADDRESS_REFUSED
    assert web.count("intranet.acme.test") == 0


async def test_name_that_answers_differently_the_second_time_is_asked_once() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with WebServer() as web:
        web.page("acme.test", "*", "hello")
        web.route("acme.test", "/robots.txt", Reply("", status=404))
        policy = NetworkPolicy(allow_networks=["127.0.0.1/32"], resolver=rebinding)
        async with GuardedClient(policy, "Leadline/1", limits=PATIENT) as client:
            page = await DirectPageFetcher(client).fetch(f"http://acme.test:{web.port}/page", ACME)
    assert page.body == b"hello"
    assert asked == ["acme.test"]
