"""What a question ends in when the company's site misbehaves: asked end to end, each fault caused on loopback.

A site that cannot be read is a failure with its cause, and a page that cannot be read beside others is told with
the answer. Neither is ever a "no", and neither costs a credit.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import HOST, command_for, small_site
from tests.web import (
    Bomb,
    Cut,
    Drip,
    Endless,
    Hang,
    Huge,
    InTurn,
    Raw,
    Redirect,
    Reply,
    WebServer,
    refusing_port,
)

from leadline.bootstrap import Leadline, open_leadline
from leadline.foundation.settings import Endpoint, Settings
from leadline.signals.schemas import Signal, SignalRequest

CERTIFIED = "Does Acme have a SOC 2 report?"
NO_ROBOTS = Reply("<h1>404</h1>", status=404)
SCRIPT_ONLY = Reply(
    "<html><head><title>Acme</title><script src='/app.js'></script></head><body><div id='root'></div>"
    "<noscript>You need to enable JavaScript to run this app.</noscript></body></html>"
)
FORBIDDING = Reply("User-agent: *\nDisallow: /\n", content_type="text/plain")


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


def settings_for(web: WebServer, database_url: str, folder: Path, **others: Any) -> Settings:
    """Every host name leads to ``web``, and what hangs is given up after half a second."""
    place = Endpoint("127.0.0.1", web.port)
    return Settings(
        **{
            "env": "development",
            "data_dir": folder,
            "database_url": database_url,
            "connect_to": {HOST: place, "*": place},
            "fetch_timeout": 0.5,
            **others,
        }
    )


async def ask(leadline: Leadline, domain: str = HOST) -> Signal:
    return await leadline.ask(SignalRequest(domain=domain, question=CERTIFIED, answer_type="boolean"))


async def credits_left(leadline: Leadline) -> int:
    """The ledger's sum: what the organisation has left."""
    return await leadline.database.fetchval("select coalesce(sum(change), 0)::bigint from credit_entries")


async def assert_failed(leadline: Leadline, code: str, domain: str = HOST) -> None:
    signal = await ask(leadline, domain)
    assert (signal.status, signal.answer, signal.error_code) == ("failed", None, code), signal
    assert signal.error
    assert signal.error_action
    assert signal.sources == ()
    assert await credits_left(leadline) == leadline.settings.monthly_credits


MISBEHAVIOURS: list[tuple[str, Callable[[], Any], str]] = [
    ("hangs", Hang, "SITE_TIMED_OUT"),
    ("drips", Drip, "SITE_TIMED_OUT"),
    ("status 500", lambda: Reply("<h1>Fault</h1>", status=500), "SITE_SERVER_ERROR"),
    ("status 429", lambda: Reply("slow down", status=429), "SITE_RATE_LIMITED"),
    ("status 403", lambda: Reply("go away", status=403), "SITE_FORBIDDEN"),
    ("40 MB", lambda: Huge(40_000_000), "PAGE_TOO_LARGE"),
    ("endless", Endless, "PAGE_TOO_LARGE"),
    ("100 MB in 100 KB", Bomb, "PAGE_TOO_LARGE"),
    ("binary", lambda: Reply(b"\x7fELF\x02\x01\x01\x00" * 40), "PAGE_NOT_TEXT"),
    ("picture", lambda: Reply(b"\x89PNG\r\n\x1a\n\x00", content_type="image/png"), "PAGE_NOT_TEXT"),
    ("broken gzip", lambda: Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), "PAGE_UNDECODABLE"),
    ("no HTTP", Raw, "SITE_UNREACHABLE"),
    ("cut off", Cut, "SITE_UNREACHABLE"),
    ("needs JavaScript", lambda: SCRIPT_ONLY, "PAGE_NEEDS_SCRIPT"),
    ("redirects to another company", lambda: Redirect("https://www.bigcorp.example/"), "SITE_MOVED"),
    ("redirects to metadata", lambda: Redirect("http://169.254.169.254/latest/"), "SITE_MOVED"),
    ("redirects to loopback", lambda: Redirect("http://127.0.0.1/"), "SITE_MOVED"),
]
each_misbehaviour = pytest.mark.parametrize(
    ("answer", "code"),
    [(make, code) for _, make, code in MISBEHAVIOURS],
    ids=[name for name, *_ in MISBEHAVIOURS],
)


@each_misbehaviour
async def test_a_site_of_which_nothing_can_be_read_is_a_failure_with_its_cause(
    web: WebServer, database_url: str, tmp_path: Path, answer: Callable[[], Any], code: str
) -> None:
    web.route("*", "*", answer())
    web.route("*", "/robots.txt", NO_ROBOTS)
    web.route("*", "/sitemap.xml", NO_ROBOTS)
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        await assert_failed(leadline, code)


@each_misbehaviour
async def test_a_page_that_cannot_be_read_never_makes_a_no(
    web: WebServer, database_url: str, tmp_path: Path, answer: Callable[[], Any], code: str
) -> None:
    web.route("*", "/robots.txt", NO_ROBOTS)
    web.page(HOST, "/", "<h1>Acme</h1><p>We make anvils.</p><a href='/security'>Security</a>")
    web.route(HOST, "/security", answer())
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        signal = await ask(leadline)
        assert (signal.status, signal.answer, signal.error_code) == ("completed", None, code), signal
        assert "not a no" in (signal.reasoning or "")
        assert await credits_left(leadline) == leadline.settings.monthly_credits, "it is not paid for"
    assert web.count(HOST, "/security") >= 1


async def test_a_page_that_redirects_in_a_circle(web: WebServer, database_url: str, tmp_path: Path) -> None:
    web.route("*", "/robots.txt", NO_ROBOTS)
    web.route("*", "/", Redirect("/a"))
    web.route("*", "/a", Redirect("/b"))
    web.route("*", "/b", Redirect("/a"))
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        await assert_failed(leadline, "SITE_REDIRECT_LOOP")


async def test_robots_that_forbid_everything_are_obeyed(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    small_site(web)
    web.route("*", "/robots.txt", FORBIDDING)
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        await assert_failed(leadline, "ROBOTS_DISALLOWED")
    assert web.count() == web.count(path="/robots.txt")


@pytest.mark.parametrize(
    "robots", [Reply("", status=500), Reply("", status=503), Hang()], ids=["500", "503", "hangs"]
)
async def test_robots_that_cannot_be_read_forbid_reading(
    web: WebServer, database_url: str, tmp_path: Path, robots: Any
) -> None:
    small_site(web)
    web.route("*", "/robots.txt", robots)
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        await assert_failed(leadline, "ROBOTS_UNAVAILABLE")
    assert web.count() == web.count(path="/robots.txt")


async def test_a_site_that_refuses_connections(web: WebServer, database_url: str, tmp_path: Path) -> None:
    async with refusing_port() as port:
        place = Endpoint("127.0.0.1", port)
        settings = settings_for(web, database_url, tmp_path, connect_to={HOST: place, "*": place})
        async with open_leadline(settings) as leadline:
            await assert_failed(leadline, "SITE_UNREACHABLE")


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        ((), "SITE_NOT_FOUND"),
        (("127.0.0.1",), "SITE_ADDRESS_REFUSED"),
        (("10.0.0.1",), "SITE_ADDRESS_REFUSED"),
        (("169.254.169.254",), "SITE_ADDRESS_REFUSED"),
        (("::1",), "SITE_ADDRESS_REFUSED"),
        (("::ffff:10.0.0.1",), "SITE_ADDRESS_REFUSED"),
        (("64:ff9b::a00:1",), "SITE_ADDRESS_REFUSED"),
    ],
    ids=lambda value: str(value[0] if value else "no address") if isinstance(value, tuple) else value,
)
async def test_a_domain_whose_name_leads_nowhere_or_inside(
    web: WebServer,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    addresses: tuple[str, ...],
    code: str,
) -> None:
    real = socket.getaddrinfo

    def name_server(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        """What the machine's resolver would say of this one domain."""
        if not str(host).endswith("leadline-inside.com"):
            return real(host, port, *rest, **options)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", name_server)
    settings = settings_for(web, database_url, tmp_path, connect_to={}, env="development")
    async with open_leadline(settings) as leadline:
        await assert_failed(leadline, code, "leadline-inside.com")
    assert web.count() == 0


async def test_wrongly_stated_encodings_do_not_cost_the_answer(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    web.route("*", "/robots.txt", NO_ROBOTS)
    words = "<h1>Sécurité</h1><p>Très bien: Acme has a SOC 2 Type II report, reviewed in Malmö.</p>"
    web.route(HOST, "/", Reply(words.encode("cp1252"), content_type="text/html; charset=utf-8"))
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        signal = await ask(leadline)
    assert (signal.status, signal.answer, signal.error_code) == ("completed", True, None), signal
    assert "SOC 2" in signal.sources[0].snippet


async def test_a_fault_that_passes_is_looked_at_again(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    """What could not be read is not served from the cache when it is asked for once more."""
    web.route("*", "/robots.txt", NO_ROBOTS)
    web.page(HOST, "/", "<h1>Acme</h1><p>We make anvils.</p><a href='/security'>Security</a>")
    web.route(
        HOST, "/security", InTurn(Hang(), Reply("<h1>Security</h1><p>We have a SOC 2 Type II report.</p>"))
    )
    async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
        first = await ask(leadline)
        again = await leadline.ask(
            SignalRequest(domain=HOST, question=CERTIFIED, answer_type="boolean", force_refresh=True)
        )
    assert (first.answer, first.error_code) == (None, "SITE_TIMED_OUT")
    assert (again.answer, again.error_code) == (True, None)


@pytest.mark.parametrize(
    ("fault", "code", "exit_code"),
    [
        (FORBIDDING, "ROBOTS_DISALLOWED", 1),
        (Reply("", status=500), "ROBOTS_UNAVAILABLE", 1),
    ],
    ids=["robots forbid", "robots cannot be read"],
)
async def test_the_exit_code_tells_a_site_that_may_not_be_read_from_a_no(
    web: WebServer, database_url: str, fault: Any, code: str, exit_code: int
) -> None:
    small_site(web)
    web.route("*", "/robots.txt", fault)
    ended = await command_for(
        web, database_url, LEADLINE_CONNECT_TO=f"{HOST}={web.address},*={web.address}"
    ).run("ask", HOST, CERTIFIED, "--type", "boolean")
    assert ended.code == exit_code, ended
    assert code in ended.out


@pytest.mark.parametrize(
    "make", [Hang, lambda: SCRIPT_ONLY, lambda: Huge(40_000_000)], ids=["hangs", "script", "40 MB"]
)
async def test_the_exit_code_of_a_page_that_could_not_be_read_is_4(
    web: WebServer, database_url: str, make: Callable[[], Any]
) -> None:
    web.route("*", "/robots.txt", NO_ROBOTS)
    web.page(HOST, "/", "<h1>Acme</h1><p>We make anvils.</p><a href='/security'>Security</a>")
    web.route(HOST, "/security", make())
    command = command_for(web, database_url, LEADLINE_FETCH_TIMEOUT="0.5")
    ended = await command.run("ask", HOST, CERTIFIED, "--type", "boolean")
    assert ended.code == 4, ended
    assert not ended.out.startswith("Answer")


@pytest.mark.timeout(60)
async def test_a_page_of_nothing_but_links_takes_seconds(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    """Time grows with the page and not with its square; the square of this one is many minutes."""
    web.route("*", "/robots.txt", NO_ROBOTS)
    web.page(HOST, "/", "<p>Acme has a SOC 2 Type II report.</p><p>" + "<a href='/'>y</a> " * 200_000)
    settings = settings_for(web, database_url, tmp_path, fetch_timeout=20.0)
    async with open_leadline(settings) as leadline:
        signal = await ask(leadline)
    assert signal.status == "completed", signal


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "body",
    [
        "<p>" + "The Team plan costs $5 " * 60_000,
        f"<table><tr>{'<th>Team plan costs</th>' * 5000}</tr><tr>{'<td>$5</td>' * 5000}</tr></table>",
    ],
    ids=["one line", "one row"],
)
async def test_a_page_of_nothing_but_figures_takes_seconds(
    web: WebServer, database_url: str, tmp_path: Path, body: str
) -> None:
    web.route("*", "/robots.txt", NO_ROBOTS)
    web.page(HOST, "/", body)
    async with open_leadline(settings_for(web, database_url, tmp_path, fetch_timeout=20.0)) as leadline:
        signal = await leadline.ask(
            SignalRequest(domain=HOST, question="What does the Team plan cost?", answer_type="currency")
        )
    assert signal.status == "completed", signal
