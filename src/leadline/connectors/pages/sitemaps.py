"""Sitemaps (sitemaps.org): XML, text, gzip, and indexes of them.

Reading one takes time and memory in proportion to what is read of it, whatever stands in it: no tree is built,
nesting and the number of elements are bounded, and a type definition (with it, entities) ends the reading.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from leadline.research.documents.decoding import decode_text

MAX_DEPTH = 32  # elements inside each other; a sitemap with all its extensions has six
MAX_ELEMENTS = 300_000  # of one file
MAX_ELEMENT = 262_144  # characters of one tag or of the words between two: the parser keeps it whole
MAX_ADDRESS = 2_048  # characters of one address (sitemaps.org)
_CHUNK = 65_536


@dataclass(frozen=True)
class Sitemap:
    """What one file lists. ``problem`` says why it could not be read to its end."""

    pages: tuple[str, ...] = ()
    children: tuple[str, ...] = ()  # further sitemaps, when the file is an index
    problem: str = ""


def parse_sitemap(body: bytes, *, max_bytes: int, max_urls: int, content_type: str = "") -> Sitemap:
    """Read what can be read of a sitemap; a broken end loses nothing that stands before it.

    ``content_type`` is the header as sent. Never raises.
    """
    problem = ""
    if body.startswith(b"\x1f\x8b"):
        body, problem = _unzipped(body, max_bytes)
    text = decode_text(body, content_type).lstrip("\ufeff \t\r\n")
    if not text.startswith("<"):
        lines = (line.strip() for line in text.splitlines()[:max_urls])
        found = tuple(line for line in lines if _is_web_address(line))
        return Sitemap(pages=found, problem=problem or ("" if found else "not a sitemap"))
    return _parse_xml(text, max_urls, problem)


class _TooMuch(Exception):
    """The file goes beyond what is read of one."""


class _Enough(Exception):
    """As many addresses are found as are wanted."""


class _Addresses:
    """Told of each element as it comes; keeps the addresses and nothing else."""

    def __init__(self, max_urls: int) -> None:
        self.pages: dict[str, None] = {}
        self.children: dict[str, None] = {}
        self._max_urls = max_urls
        self._path: list[str] = []
        self._elements = 0
        self._words: list[str] | None = None  # of the <loc> that is open
        self._length = 0

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise _TooMuch(f"more than {MAX_ELEMENTS} elements")
        if len(self._path) >= MAX_DEPTH:
            raise _TooMuch(f"more than {MAX_DEPTH} elements inside each other")
        name = tag.rpartition("}")[2]
        # The parent tells pages from sitemaps; <image:loc> and the like have another.
        if name == "loc" and self._path and self._path[-1] in ("url", "sitemap"):
            self._words, self._length = [], 0
        self._path.append(name)

    def data(self, words: str) -> None:
        if self._words is not None and self._length <= MAX_ADDRESS:
            self._words.append(words)
            self._length += len(words)

    def end(self, _tag: str) -> None:
        if self._path.pop() != "loc" or self._words is None:
            return
        address, self._words = "".join(self._words).strip(), None
        if _is_web_address(address):
            (self.pages if self._path[-1] == "url" else self.children)[address] = None
            if len(self.pages) + len(self.children) >= self._max_urls:
                raise _Enough

    def close(self) -> None:
        """Nothing is owed at the end."""


def _parse_xml(text: str, max_urls: int, problem: str) -> Sitemap:
    if _has_long_element(text):
        return Sitemap(problem=problem or f"an element of more than {MAX_ELEMENT} characters")
    found = _Addresses(max_urls)
    # The text is decoded already: what the file declares its bytes to be no longer counts.
    parser = DefusedXMLParser(target=found, encoding="utf-8", forbid_dtd=True)
    try:
        for start in range(0, len(text), _CHUNK):
            parser.feed(text[start : start + _CHUNK].encode())
        parser.close()
    except _Enough:
        pass
    except _TooMuch as error:
        problem = problem or str(error)
    except ParseError as error:
        problem = problem or f"not well-formed XML: {error}"
    except DefusedXmlException:
        problem = "an XML document with a type definition of its own"
    return Sitemap(tuple(found.pages), tuple(found.children), problem)


def _has_long_element(text: str) -> bool:
    position = 0
    while position + MAX_ELEMENT < len(text):
        position = text.rfind(">", position, position + MAX_ELEMENT + 1) + 1
        if not position:
            return True
    return False


def _unzipped(body: bytes, max_bytes: int) -> tuple[bytes, str]:
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = unzip.decompress(body, max_bytes)
    except zlib.error as error:
        return b"", f"broken gzip: {error}"
    return text, "" if unzip.eof or unzip.unconsumed_tail else "the gzip file is cut off"


def _is_web_address(text: str) -> bool:
    if len(text) > MAX_ADDRESS:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
