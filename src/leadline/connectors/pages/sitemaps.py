"""Sitemaps (sitemaps.org): XML, text, gzip, and indexes of them."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse


@dataclass(frozen=True)
class Sitemap:
    """What one file lists. ``problem`` says why it could not be read to its end."""

    pages: tuple[str, ...] = ()
    children: tuple[str, ...] = ()  # further sitemaps, when the file is an index
    problem: str = ""


def parse_sitemap(body: bytes, *, max_bytes: int, max_urls: int) -> Sitemap:
    """Read what can be read of a sitemap; a broken end loses nothing that stands before it."""
    problem = ""
    if body.startswith(b"\x1f\x8b"):
        body, problem = _unzipped(body, max_bytes)
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = body.decode("utf-8-sig", errors="replace").splitlines()[:max_urls]
        found = tuple(line.strip() for line in lines if _is_web_address(line.strip()))
        return Sitemap(pages=found, problem=problem or ("" if found else "not a sitemap"))
    return _parse_xml(body, max_urls, problem)


def _parse_xml(body: bytes, max_urls: int, problem: str) -> Sitemap:
    pages: list[str] = []
    children: list[str] = []
    try:
        path: list[str] = []
        for event, element in iterparse(io.BytesIO(body), events=("start", "end")):
            name = element.tag.rpartition("}")[2]
            if event == "start":
                path.append(name)
                continue
            path.pop()
            # The parent tells pages from sitemaps; <image:loc> and the like have another.
            if name == "loc" and path and path[-1] in ("url", "sitemap"):
                address = (element.text or "").strip()
                if _is_web_address(address):
                    (pages if path[-1] == "url" else children).append(address)
                if len(pages) + len(children) >= max_urls:
                    break
            if name in ("url", "sitemap"):
                element.clear()
    except ParseError as error:
        problem = problem or f"not well-formed XML: {error}"
    except DefusedXmlException:
        problem = "an XML document with entities of its own"
    return Sitemap(tuple(dict.fromkeys(pages)), tuple(dict.fromkeys(children)), problem)


def _unzipped(body: bytes, max_bytes: int) -> tuple[bytes, str]:
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = unzip.decompress(body, max_bytes)
    except zlib.error as error:
        return b"", f"broken gzip: {error}"
    return text, "" if unzip.eof or unzip.unconsumed_tail else "the gzip file is cut off"


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
