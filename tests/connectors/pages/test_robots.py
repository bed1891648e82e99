"""robots.txt: whom a group is for, and files made to hurt."""

from __future__ import annotations

import time

import pytest

from leadline.connectors.pages.robots import MAX_BYTES, MAX_RULES, Rules, parse_rules
from leadline.research.errors import FetchError, Reason

PAGE = "https://acme.test/about"
FORBID = "Disallow: /"


def refused(rules: Rules, url: str = PAGE) -> Reason | None:
    try:
        rules.check(url)
    except FetchError as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("agent", "for_us"),
    [
        ("Leadline", True),
        ("LEADLINE", True),
        ("leadline/1.0", True),
        ("Leadline (any version)", True),
        ("*", True),
        ("* ", True),
        ("Lead", False),
        ("line", False),
        ("leadlinebot", False),
        ("leadline-checker", False),
        ("Mozilla/5.0 (compatible; Leadline)", False),  # the product token is what stands first
        ("*bot", False),
        ("", False),
    ],
)
def test_group_is_for_us_by_its_whole_product_token(agent: str, for_us: bool) -> None:
    assert (refused(parse_rules(f"User-agent: {agent}\n{FORBID}".encode())) is not None) is for_us


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffUser-agent: *\nDisallow: /",
        "\ufeff\ufeffUser-agent: *\nDisallow: /",
        "# first file\n\ufeffUser-agent: *\r\n\ufeffDisallow: /",
        "USER-AGENT : *\rdisallow:/",
        "User-agent: a\nUser-agent: *\nDisallow: /",
        "User-agent: *\nCrawl-delay: 2\nDisallow: /",
        "User-agent: a\nDisallow:\nUser-agent: *\nDisallow: / # all of it",
    ],
)
def test_odd_spellings_are_understood(text: str) -> None:
    assert refused(parse_rules(text.encode())) is Reason.DISALLOWED


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "latin-1", "gb18030"])
def test_encoding_does_not_hide_the_rules(encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    body = f"{mark}User-agent: *\nDisallow: /caf\u00e9\nDisallow: /about".encode(encoding)
    assert refused(parse_rules(body)) is Reason.DISALLOWED


def test_groups_that_name_us_count_alone_and_together() -> None:
    rules = parse_rules(
        b"User-agent: leadline\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n\nUser-agent: Leadline\nDisallow: /b"
    )
    assert [refused(rules, f"https://acme.test/{path}") is None for path in "abc"] == [False, False, True]


def test_sitemaps_are_found_wherever_they_stand() -> None:
    rules = parse_rules(b"Sitemap: https://a.test/1\nUser-agent: x\nDisallow: /\nSITEMAP: https://a.test/2")
    assert rules.sitemaps == ("https://a.test/1", "https://a.test/2")


HOSTILE = {
    "groups": "User-agent: a\nDisallow: /x\n\n" * 18_000,
    "groups for all": "User-agent: *\nDisallow: /x\n\n" * 18_000,
    "agents": "User-agent: *\n" * 36_000 + FORBID,
    "rules": "User-agent: *\n" + "".join(f"Disallow: /{n}/\n" for n in range(MAX_RULES)),
    "wildcards": "User-agent: *\n" + "".join(f"Disallow: /*{n}*b*c*d\n" for n in range(MAX_RULES)),
    "many stars": "User-agent: *\n" + ("Disallow: /" + "*a" * 1000 + "$\n") * 250,
    "one line": "User-agent: *\nDisallow: /" + "*a" * 250_000,
    "sitemaps": "Sitemap: https://a.test/x\n" * 19_000,
    "delay": "User-agent: *\nCrawl-delay: " + "9" * 400_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_file_costs_little_to_read_and_to_ask(text: str) -> None:
    started = time.process_time()
    rules = parse_rules(text.encode()[:MAX_BYTES])
    assert time.process_time() - started < 2
    started = time.process_time()
    for _ in range(10):
        refused(rules, "https://acme.test/" + "ab/" * 600)
    assert time.process_time() - started < 2
    assert len(rules.sitemaps) <= 100
    assert rules.crawl_delay >= 0


def test_more_rules_than_are_read_forbid_reading() -> None:
    """The part that was not read may forbid what we want."""
    text = "User-agent: *\n" + "Disallow: /x\n" * (MAX_RULES + 1)
    assert refused(parse_rules(text.encode())) is Reason.ROBOTS_UNAVAILABLE
