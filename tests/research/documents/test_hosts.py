"""Domains that name a company, those that do not, and addresses that are one page."""

from __future__ import annotations

import pytest

from leadline.research.documents.hosts import (
    canonical_address,
    parse_company,
    path_key,
    registrable,
    same_site,
)
from leadline.research.errors import InvalidQuestion


@pytest.mark.parametrize(
    ("domain", "host", "asked"),
    [
        ("acme.com", "acme.com", "acme.com"),
        (" WWW.Acme.COM. ", "acme.com", "www.acme.com"),
        ("handbook.acme.co.uk", "handbook.acme.co.uk", "handbook.acme.co.uk"),
        ("münchen.de", "xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("BÜCHER.de", "xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("straße.de", "xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("acme.github.io", "acme.github.io", "acme.github.io"),
        ("github.io", "github.io", "github.io"),
        ("例え.jp", "xn--r8jz45g.jp", "xn--r8jz45g.jp"),
        ("i❤️.ws", "xn--i-7iq.ws", "xn--i-7iq.ws"),
        ("www.xn--i-7iq.ws", "xn--i-7iq.ws", "www.xn--i-7iq.ws"),
    ],
)
def test_domain_becomes_a_company(domain: str, host: str, asked: str) -> None:
    company = parse_company(domain)
    assert (company.host, company.asked_host) == (host, asked)


@pytest.mark.parametrize(
    ("domain", "hint"),
    [
        ("", "such as"),
        ("https://acme.com", "without 'https://'"),
        ("//acme.com", "without 'https://'"),
        ("acme.com/pricing", "without a path"),
        ("acme.com?x=1", "without a path"),
        ("acme.com:8080", "without a port"),
        ("ac me.com", "spaces"),
        ("acme\x00.com", "control"),
        ("ac_me.com", "underscore"),
        ("sales@acme.com", "mail address"),
        ("127.0.0.1", "IP address"),
        ("127.1", "IP address"),
        ("2130706433", "IP address"),
        ("0x7f000001", "IP address"),
        ("0x7f.0.0.1", "IP address"),
        ("0177.0.0.1", "IP address"),
        ("１２７.０.０.１", "IP address"),
        ("[::1]", "IP address"),
        ("::ffff:127.0.0.1", "IP address"),
        ("localhost", "localhost"),
        ("acme.localhost", "localhost"),
        ("acme", "ending"),
        ("acme.notregistered", "registered ending"),
        ("co.uk", "own domain"),
        ("com", "ending"),
        ("acme.example", "reserved"),
        ("acme.test", "reserved"),
        ("acme.invalid", "reserved"),
        ("acme.local", "reserved"),
        ("acme.onion", "reserved"),
        ("db.internal", "reserved"),
        ("a" * 64 + ".com", "too long"),
        (".".join(["abcdefgh"] * 40) + ".com", "too long"),
        ("-acme.com", "not a domain"),
        ("acme..com", "not a domain"),
        ("acme\\.com", "without a path"),
    ],
)
def test_what_is_no_domain_is_refused_with_what_to_do(domain: str, hint: str) -> None:
    with pytest.raises(InvalidQuestion) as caught:
        parse_company(domain)
    assert caught.value.field == "domain"
    assert hint in caught.value.message


def test_reserved_ending_is_accepted_for_mapped_hosts_only() -> None:
    assert parse_company("www.acme.example", reserved_hosts={"acme.example"}).host == "acme.example"
    with pytest.raises(InvalidQuestion):
        parse_company("other.example", reserved_hosts={"acme.example"})


def test_registrable_domain_follows_the_public_suffix_list() -> None:
    assert registrable("shop.acme.co.uk") == "acme.co.uk"
    assert registrable("a.github.io") == "a.github.io"
    assert registrable("github.io") == "github.io"
    assert registrable("docs.acme.example") == "acme.example"


def test_same_site_is_the_same_registrable_domain() -> None:
    assert same_site("docs.acme.com", "WWW.acme.com")
    assert not same_site("acme.com", "acme.org")
    assert not same_site("a.github.io", "b.github.io")
    assert not same_site("co.uk", "com")


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://Acme.com", "https://acme.com/"),
        ("https://acme.com:443/a/?utm_source=x&b=2&a=1&gclid=3#team", "https://acme.com/a/?a=1&b=2"),
        ("https://☕bar.com/🥐", "https://xn--bar-to5a.com/%F0%9F%A5%90"),
        ("https://bücher.de/ü", "https://xn--bcher-kva.de/%C3%BC"),
        ("https://acme.com:8443/x", "https://acme.com:8443/x"),
    ],
)
def test_one_page_has_one_address(url: str, key: str) -> None:
    assert canonical_address(url) == key
    assert canonical_address(key) == key


def test_spellings_of_one_page_share_a_key() -> None:
    assert path_key("https://www.acme.com/about/") == path_key("http://acme.com/about/index.html")
    assert path_key("https://acme.com/about?p=1") != path_key("https://acme.com/about")
