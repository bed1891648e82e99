"""Sitemaps of all kinds, hostile ones among them: what can be read is read, in bounded time and memory."""

from __future__ import annotations

import gzip
import resource
import time

import pytest

from leadline.connectors.pages.sitemaps import MAX_DEPTH, Sitemap, parse_sitemap

LISTED = "<url><loc>https://acme.cn/公司</loc></url>"


def parsed(body: bytes | str, content_type: str = "") -> Sitemap:
    body = body if isinstance(body, bytes) else body.encode()
    return parse_sitemap(body, max_bytes=10_000_000, max_urls=20_000, content_type=content_type)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "gb2312", "gbk", "gb18030", "big5", "shift_jis", "euc-jp", "iso-2022-jp", "utf-16"]
)
def test_sitemap_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><urlset>{LISTED}</urlset>'
    found = parsed(text.encode(encoding))
    assert found == Sitemap(pages=("https://acme.cn/公司",))


@pytest.mark.parametrize("encoding", ["klingon", "utf-7", "punycode", "base64", "undefined", "x" * 3000])
def test_encoding_that_is_none_costs_nothing(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><urlset>{LISTED}</urlset>'
    assert parsed(text).pages == ("https://acme.cn/公司",)


def test_charset_of_the_answer_counts() -> None:
    body = f"<urlset>{LISTED}</urlset>".encode("gb18030")
    assert parsed(body, "application/xml; charset=gb2312").pages == ("https://acme.cn/公司",)


def test_broken_end_loses_nothing_before_it() -> None:
    found = parsed(f"<urlset>{LISTED}<url><loc>https://acme.cn/b")
    assert found.pages == ("https://acme.cn/公司",)
    assert "not well-formed" in found.problem


def test_extensions_with_addresses_of_their_own_are_passed_over() -> None:
    image = "<image:image><image:loc>https://acme.cn/a.png</image:loc></image:image>"
    text = f'<urlset xmlns:image="urn:i"><url><loc>https://acme.cn/a</loc>{image}</url></urlset>'
    assert parsed(text).pages == ("https://acme.cn/a",)


def test_entities_of_its_own_are_refused() -> None:
    text = '<!DOCTYPE u [<!ENTITY a "https://acme.cn/a">]><urlset><url><loc>&a;</loc></url></urlset>'
    assert parsed(text) == Sitemap(problem="an XML document with a type definition of its own")


HOSTILE = {
    "nested": b"<a>" * 3_300_000,
    "nested addresses": b"<url><loc>" * 1_000_000,
    "elements": b"<urlset>" + b"<a/>" * 2_400_000,
    "one address again and again": b"<urlset>" + b"<url><loc>https://a.com/x</loc></url>" * 270_000,
    "attributes": b"<urlset><a " + b" ".join(b"a%d='1'" % n for n in range(900_000)) + b"/>",
    "definitions": b"<!DOCTYPE a [" + b"<!ATTLIST a b CDATA 'x'>" * 400_000 + b"]><urlset>",
    "one long address": b"<urlset><url><loc>https://a.com/" + b"a" * 9_900_000,
    "one long tag": b"<" + b"a" * 9_900_000,
    "comment": b"<urlset><!-- " + b"- " * 4_900_000,
    "lines": b"https://a.com/" + b"x\n" * 4_900_000,
    "gzip": gzip.compress(b"<a>" * 40_000_000),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_sitemap_is_given_up_soon_and_in_little_memory(body: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    found = parsed(body)
    assert time.process_time() - started < 4
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes
    assert found.problem or found.pages


def test_nesting_of_real_sitemaps_is_allowed() -> None:
    inside = "<x>" * (MAX_DEPTH - 4) + "</x>" * (MAX_DEPTH - 4)
    assert parsed(f"<urlset><url>{inside}<loc>https://a.com/x</loc></url></urlset>").pages
