"""A stored page in a real browser: the quote is seen, no script of the page runs, and no request leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.browser import look, pixels_of
from tests.signals.test_service import ASK, make_service
from tests.web import Reply, WebServer

from leadline.accounts.service import default_organisation
from leadline.api.mounting import _FOREIGN
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.foundation.database import Database
from leadline.signals.snapshots import Snapshots

MARK = (0xFF, 0xE2, 0x6B)
RAN = "attack-ran"


def hostile(origin: str) -> str:
    """A page that would run scripts, load from ``origin`` and lead there, with the quote far down in a table."""
    run = f"document.body.append('{RAN}');new Image().src='{origin}/script'"
    filler = "".join(f"<p>Line {n} of what Acme makes for small workshops.</p>" for n in range(120))
    return f"""<!doctype html><html><head><title>About Acme</title>
    <link rel="stylesheet" href="{origin}/style.css"><style>@import "{origin}/import.css";</style>
    <script>addEventListener("load", () => {{ {run} }})</script></head>
    <body onload="{run}"><h1>About</h1>
    <img src="{origin}/picture.png" onerror="{run}"><iframe src="{origin}/frame"></iframe>
    <p style="background: url({origin}/background.png)">Styled</p>
    <svg onload="{run}"><image href="{origin}/svg.png"></image></svg>
    <object data="{origin}/object"></object><video src="{origin}/video" poster="{origin}/poster"></video>
    <input autofocus onfocus="{run}">
    {filler}<table><tr><th>Founded</th><td>Acme was founded in <b>1987</b></td><td>by Wile Coyote.</td></tr></table>
    {filler}<meta http-equiv="refresh" content="1;url={origin}/refresh"></body></html>"""


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def page(database: Database, web: WebServer) -> str:
    """What is written for a browser of the hostile page."""
    org = await default_organisation(database.repeatable)
    pages = {
        "https://acme.com/": "<p>We make anvils in Leeds.</p><a href='/about'>About us</a>",
        "https://acme.com/about": hostile(f"http://{web.address}"),
    }
    service = make_service(database, fetcher=MemoryFetcher(pages))
    signal = await service.ask(org, ASK)
    assert signal.answer == 1987
    return (await Snapshots(database, service._library).at_quote(org, str(UUID(signal.id)), 1)).html


def asked(web: WebServer) -> set[str]:
    """The paths that were asked for, but for the page itself and the icon that browsers ask for unbidden."""
    return {request.path for request in web.requests} - {"/page", "/favicon.ico"}


async def test_the_page_as_it_came_would_have_done_all_that(web: WebServer, tmp_path: Path) -> None:
    web.page("*", "/page", hostile(f"http://{web.address}").replace("1;url", "99;url"))
    seen = await look(f"http://{web.address}/page", tmp_path / "raw.png")
    assert RAN in seen.document.partition("</script>")[2].replace(f"'{RAN}'", "")
    assert {"/script", "/style.css", "/picture.png", "/frame", "/background.png"} <= asked(web)


@pytest.mark.parametrize("place", ["file", "served"])
async def test_the_quote_is_seen_and_nothing_runs_or_loads(
    page: str, web: WebServer, tmp_path: Path, place: str
) -> None:
    if place == "file":
        file = tmp_path / "page.html"
        file.write_text(page, encoding="utf-8")
        address = file.as_uri()
    else:  # as the API answers, which wants a header that no browser can be made to send
        headers = {name.replace("_", "-"): value for name, value in _FOREIGN.items()}
        web.route("*", "/page", Reply(page, headers=headers))
        address = f"http://{web.address}/page"
    seen = await look(f"{address}#quote", tmp_path / "quote.png")
    assert "Stored copy of https://acme.com/about" in seen.document
    assert RAN not in seen.document
    assert pixels_of(seen.picture, MARK) > 500
    top = await look(address, tmp_path / "top.png")
    assert pixels_of(top.picture, MARK) == 0
    assert {one.partition("#")[0] for one in [*seen.requests, *top.requests]} <= {
        address, f"http://{web.address}/favicon.ico"
    }  # fmt: skip
    assert asked(web) == set()
