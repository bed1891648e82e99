"""A sitemap or robots.txt may name addresses that are none: what is right in it is read all the same."""

from __future__ import annotations

import pytest
from tests.connectors.pages.site import reading, survey
from tests.web import Reply, WebServer

NO_ADDRESSES = [
    "http://acme.test:99999/",
    "http://user:hush@acme.test/",
    "http://acme.test:port/",
    "http://acme.test/\x7f",
    "http://xn--.acme.test/",
]


@pytest.mark.parametrize("wrong", NO_ADDRESSES)
async def test_wrong_address_in_a_sitemap_does_not_cost_the_others(wrong: str) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.page("acme.test", "/", "hello")
        listed = "".join(f"<url><loc>{url}</loc></url>" for url in (wrong, "http://acme.test/about"))
        web.route("acme.test", "/sitemap.xml", Reply(f"<urlset>{listed}</urlset>", content_type="text/xml"))
        found = await survey(fetcher)
    assert "https://acme.test/about" in found.sitemap_urls
    assert "hush" not in str(found)


@pytest.mark.parametrize("wrong", NO_ADDRESSES)
async def test_wrong_address_of_a_sitemap_does_not_cost_the_site(wrong: str) -> None:
    async with WebServer() as web, reading(web) as fetcher:
        web.page("acme.test", "/", "hello")
        robots = f"Sitemap: {wrong}\nSitemap: https://acme.test/index.xml\n"
        web.route("acme.test", "/robots.txt", Reply(robots, content_type="text/plain"))
        children = (
            f"<sitemap><loc>{wrong}</loc></sitemap><sitemap><loc>http://acme.test/a.xml</loc></sitemap>"
        )
        web.route("acme.test", "/index.xml", Reply(f"<sitemapindex>{children}</sitemapindex>"))
        web.route(
            "acme.test", "/a.xml", Reply("<urlset><url><loc>http://acme.test/about</loc></url></urlset>")
        )
        found = await survey(fetcher)
    assert found.entry_url == "https://acme.test/"
    assert "https://acme.test/about" in found.sitemap_urls
    assert "hush" not in str(found)
