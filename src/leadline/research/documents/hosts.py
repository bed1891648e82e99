"""Hosts and addresses: whose site is it, and are two addresses the same page?

Registrable domains follow the Public Suffix List (publicsuffix.org) as bundled with tldextract, its private
section included: ``a.github.io`` and ``b.github.io`` are two companies' sites. Nothing here asks the network.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote, urldefrag, urlencode, urljoin, urlsplit, urlunsplit

import idna
import tldextract
from w3lib.url import canonicalize_url

from leadline.research.errors import InvalidQuestion
from leadline.research.model import Company

RESERVED_SUFFIXES: Final = frozenset(
    "example test invalid localhost local onion internal alt home.arpa arpa".split()
)  # RFC 2606, 6761, 6762, 7686, 8375, 9476; .internal by ICANN

# Labels that IDNA leaves as they are: plain letters and digits with single hyphens inside, none of them encoded.
_UNCHANGED = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*", re.IGNORECASE | re.ASCII)
_MAX_HOST = 253  # RFC 1035, 3.1
_MAX_LABEL = 63
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)$")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$")
_TRACKERS = re.compile(
    r"(?:utm_.*|pk_.*|mtm_.*|hsa_.*|_hs.*|mc_[ce]id|ga_.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|"
    r"twclid|ttclid|igshid|li_fat_id|mkt_tok|trk|_ga|_gl|ref|ref_src|referrer|source|sessionid|phpsessid|jsessionid)$",
    re.IGNORECASE,
)

_extract = lru_cache(maxsize=8192)(
    tldextract.TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)
)


# Joined to whatever base, these stay as they are.
_PLAIN_ADDRESS = re.compile(
    r"https?://[A-Za-z0-9.-]+(?:/[A-Za-z0-9/._~%+@!$&()*,:=-]*+)?(?:\?[A-Za-z0-9/._~%+@!$&()*,:=-]++)?"
)


def joined(base: str, href: str) -> str:
    """The address that a link on a page leads to, without its fragment; "" when it is none, such as ``http://[``."""
    try:
        if _PLAIN_ADDRESS.fullmatch(href) and urlsplit(base):
            return href
        return urldefrag(urljoin(base, href.strip())).url
    except ValueError:
        return ""


def parse_company(domain: str, *, reserved_hosts: Collection[str] = ()) -> Company:
    """The company whose site ``domain`` is, such as ``acme.com``, ``www.Acme.com.`` or ``münchen.de``.

    ``reserved_hosts`` are hosts under reserved suffixes that may be asked about all the same (a development
    mapping). Raises InvalidQuestion("domain", ...) which says what to write instead.
    """
    asked = _plain_host(domain)
    reserved = asked in reserved_hosts or without_www(asked) in reserved_hosts
    last = asked.rsplit(".", 1)[-1]
    if "." not in asked:
        raise _invalid(f"'{asked}' is not a public domain: write it with its ending, such as acme.com")
    if not reserved:
        if last in RESERVED_SUFFIXES or asked.endswith(".home.arpa"):
            raise _invalid(
                f"'.{last}' is reserved and never a public website: write the company's public domain"
            )
        found = _extract(asked)
        if not found.suffix:
            raise _invalid(f"'.{last}' is not a registered ending: check the spelling of the domain")
        if not registrable(asked):
            raise _invalid(
                f"'{asked}' is an ending under which companies register: write the company's own domain"
            )
    return Company(host=without_www(asked), asked_host=asked)


def _invalid(message: str) -> InvalidQuestion:
    return InvalidQuestion("domain", message)


def _plain_host(domain: str) -> str:
    text = domain.strip()
    if not text:
        raise _invalid("write the company's domain, such as acme.com")
    if _SCHEME.match(text) or text.startswith("//"):
        raise _invalid("write the domain alone, without 'https://'")
    if "@" in text:
        raise _invalid("write the domain alone, such as acme.com, not a mail address")
    if text.startswith("[") or text.count(":") > 1:
        raise _invalid("an IP address names no company: write a domain such as acme.com")
    if "/" in text or "?" in text or "#" in text or "\\" in text:
        raise _invalid("write the domain alone, without a path")
    if ":" in text:
        raise _invalid("write the domain alone, without a port")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise _invalid("a domain has no spaces or control characters")
    if "_" in text:
        raise _invalid("a website's domain has no underscore: check the spelling")
    host = text.removesuffix(".")
    if not _UNCHANGED.fullmatch(host):  # of thousands at once, nearly all need no mapping
        try:
            host = punycode(host)
        except (idna.IDNAError, UnicodeError) as error:
            raise _invalid(_spelling(text)) from error
    host = host.lower()
    labels = host.split(".")
    if _NUMBER.match(labels[-1]):  # WHATWG URL, "ends in a number": 127.0.0.1, 2130706433, 0x7f.1, 127.1
        raise _invalid("an IP address names no company: write a domain such as acme.com")
    if len(host) > _MAX_HOST or not all(len(label) <= _MAX_LABEL and _LABEL.match(label) for label in labels):
        raise _invalid(_spelling(text))
    if host == "localhost" or host.endswith(".localhost"):
        raise _invalid("'localhost' is this machine, not a company: write a domain such as acme.com")
    return host


def _spelling(text: str) -> str:
    if len(text) > _MAX_HOST or any(len(label) > _MAX_LABEL for label in text.split(".")):
        return "the domain is too long: a part between dots has at most 63 characters, the whole 253"
    return "not a domain: parts of letters, digits and hyphens with dots between them, such as acme.com"


def punycode(host: str) -> str:
    """The host as it is asked for: IDNA 2008, and emoji as browsers map them (UTS 46), which some endings sell.

    Raises idna.IDNAError or UnicodeError for what is no host.
    """
    try:
        return idna.encode(host, uts46=True, transitional=False, std3_rules=True).decode("ascii")
    except idna.IDNAError:
        if host.isascii():  # given as it is asked for
            unicode = ".".join(_decoded(label) for label in host.lower().split("."))
            if unicode.isascii() or punycode(unicode) != host.lower():
                raise
            return host.lower()
        if not any(unicodedata.category(character) == "So" for character in host):
            raise
    mapped = idna.uts46_remap(host, std3_rules=True, transitional=False)
    return ".".join(_encoded(label) for label in mapped.split("."))


def _decoded(label: str) -> str:
    return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label


def _encoded(label: str) -> str:
    if all(unicodedata.category(character) != "So" for character in label):
        return idna.encode(label, uts46=True, transitional=False, std3_rules=True).decode("ascii")
    signs = "".join(character for character in label if unicodedata.category(character) != "So")
    if signs and not signs.isascii():
        idna.encode(signs, uts46=True, transitional=False)  # what is no emoji must still be allowed
    encoded = f"xn--{label.encode('punycode').decode('ascii')}"
    if len(encoded) > _MAX_LABEL:
        raise idna.IDNAError("the label is too long")
    return encoded


def without_www(host: str) -> str:
    """The bare spelling of a host in lower case; ``www.fr`` is a name of its own."""
    rest = host.removeprefix("www.")
    return rest if "." in rest else host


@lru_cache(maxsize=4096)
def registrable(host: str) -> str:
    """The registrable domain of a host: ``acme.co.uk`` for ``shop.acme.co.uk``; "" for a bare suffix.

    A host that is itself on the list's private section (``github.io``) is somebody's site too and belongs to
    the domain below the registry's suffix. A host under no listed suffix is taken by its last two labels.
    """
    host = host.lower().rstrip(".")
    found = _extract(host)
    if not found.suffix:
        labels = host.split(".")
        return ".".join(labels[-2:])
    if not found.domain and found.is_private:
        found = _extract(host, include_psl_private_domains=False)
    return found.top_domain_under_public_suffix


def same_site(a: str, b: str) -> bool:
    """True when two hosts are of one registrable domain."""
    a, b = a.lower().rstrip("."), b.lower().rstrip(".")
    return a == b or (registrable(a) == registrable(b) != "")


def host_of(url: str) -> str:
    """The host of an address in lower case, "" when it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # "http://[": not an address, so it has no host
        return ""


@lru_cache(maxsize=65536)
def canonical_address(url: str) -> str:
    """The key under which a page is stored: https, host in lower case, sorted query without trackers, no
    fragment.

    A path's last slash is kept, because servers may answer differently without it.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        return url.strip()
    if not host or parts.scheme.lower() not in ("http", "https"):
        return url.strip()
    if not host.isascii():
        try:
            host = punycode(host)
        except (idna.IDNAError, UnicodeError):
            return url.strip()
    netloc = host if port in (None, 80, 443) else f"{host}:{port}"
    query = parts.query
    if query:
        query = urlencode(
            [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if not _TRACKERS.match(k)]
        )
    address = urlunsplit(("https", netloc, parts.path or "/", query, ""))
    return canonicalize_url(address)


def path_key(url: str) -> str:
    """What two spellings of one page have in common: host without ``www.``, path without its last slash or
    index."""
    parts = urlsplit(canonical_address(url))
    path = re.sub(r"/index\.(?:html?|php|aspx?)$", "/", unquote(parts.path)).rstrip("/")
    return f"{without_www(parts.hostname or '')}{path}{'?' + parts.query if parts.query else ''}"
