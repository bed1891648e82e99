"""Pages that come with status 200 and are none, and pages that only look like them."""

from __future__ import annotations

import pytest

from leadline.research.documents.walk import read_page
from leadline.research.errors import FetchError, Reason

URL = "https://acme.test/about"
MENU = "<nav><a href=/a>Products</a> <a href=/b>Prices</a> <a href=/c>About</a> <a href=/d>Jobs</a></nav>"
WORDS = "<p>" + "Acme makes anvils of forged steel for workshops in the north of the country. " * 12 + "</p>"


def reason(html: str, walk: str = "walk-2") -> Reason | None:
    try:
        read_page(f"<!doctype html>{html}".encode(), "text/html; charset=utf-8", URL, walk)
    except FetchError as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<h1>Welcome back</h1><form><input name=u><input type=password name=p><button>Continue</button></form>",
            Reason.FORBIDDEN,
        ),
        (
            f"{MENU}<h1>Bonjour</h1><form><INPUT TYPE='PASSWORD'></form><p>Mot de passe perdu ?</p>",
            Reason.FORBIDDEN,
        ),
        ("<title>Blocked</title><h1>Your request was blocked</h1><p>Incident 7f3a.</p>", Reason.FORBIDDEN),
        ("<title>acme.test</title><h2>Checking your browser before you go on</h2>", Reason.FORBIDDEN),
        ("<title>Are you a human?</title><p>Please tick the box.</p>", Reason.FORBIDDEN),
        ("<h1>Zugriff verweigert</h1><p>Bitte wenden Sie sich an den Betreiber.</p>", Reason.FORBIDDEN),
        (
            "<title>Acme</title><p>We use cookies and ask for your consent to tracking by our partners.</p>"
            "<button>Accept all</button><button>Settings</button>",
            Reason.FORBIDDEN,
        ),
        (f"<title>404</title>{MENU}<h1>Nothing here</h1><p>Try the menu.</p>", Reason.NOT_FOUND),
        (
            f"{MENU}<h1>Sorry, this page could not be found</h1><p>Popular: anvils, 25 EUR</p>",
            Reason.NOT_FOUND,
        ),
        (f"{MENU}<h1>Seite nicht gefunden</h1>", Reason.NOT_FOUND),
        (
            "<header>Acme</header><div id=shop></div><footer>© Acme</footer><script src=a.js></script>",
            Reason.NEEDS_SCRIPT,
        ),
        ("<div id=x><p>Loading…</p></div><script src=a.js></script>", Reason.NEEDS_SCRIPT),
    ],
)
def test_what_is_no_page_is_refused_with_its_reason(html: str, expected: Reason) -> None:
    assert reason(html) is expected


@pytest.mark.parametrize(
    "html",
    [
        f"{MENU}<h1>Prices</h1><p>Anvils cost 25 EUR.</p><form><input type=email></form>",
        f"{MENU}<h1>Customer portal</h1>{WORDS}<form><input type=password></form>",
        f"{MENU}<h1>Why access was denied to 12 bidders</h1><p>The court blocked your request, we read.</p>",
        f"<h1>Cookies</h1><p>We bake cookies.</p>{WORDS}",
        f"{MENU}<h1>About</h1><p>The 404 we flew in 1987 was not found again.</p>",
        f"<title>Error 404 explained</title><h1>What a 404 is</h1>{WORDS * 2}",
        f"{MENU}<h1>Map</h1><p>We are here.</p><div id=map></div><script src=a.js></script>",
        "<p>Acme, Leeds</p><script src=a.js></script>",
    ],
)
def test_pages_that_only_resemble_them_are_read(html: str) -> None:
    assert reason(html) is None


def test_what_was_cited_as_a_page_by_an_earlier_walk_can_still_be_checked() -> None:
    assert reason("<title>Blocked</title><h1>Your request was blocked</h1>", "walk-1") is None
