"""A page's bytes to canonical text, blocks and links (version ``walk-2``).

Canonical text holds every visible word of the page in document order: runs of white space of any kind are one
space, ``<br>`` and block elements inside one list item, cell or definition are a newline, the cells of a table row are
one space apart, and one newline stands between blocks. Inline elements join without inventing a space, but that two
of them side by side keep their words and figures apart; characters that nobody sees are left out, and digits of
``<sup>`` are written raised.
Words that a style sheet may hide are kept and marked; nothing is dropped as boilerplate. Change what the text
is, and WALK must change too, because the offsets in stored proofs point into it; what it was before must still be
made of the same bytes when it is named (``READABLE_WALKS``).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from leadline.research.documents.canonical import READABLE_WALKS, WALK, Canonical, visible
from leadline.research.documents.decoding import decode
from leadline.research.documents.dom import Walk
from leadline.research.documents.pdf import read_pdf
from leadline.research.documents.structured import facts
from leadline.research.documents.walls import wall
from leadline.research.errors import FetchError, Reason
from leadline.research.model import BlockKind, PageText, Region

__all__ = ["READABLE_WALKS", "WALK", "read_html", "read_page", "read_plain"]

MAX_CHARACTERS: Final = 12_000_000  # of markup; the rest of a longer page is not read
_MAX_DEPTH = 512  # elements inside each other; the parser's time grows with the square of the depth
_MAX_FORMATTING = 24  # unclosed <b>, <font>...: the parser opens all of them again in every paragraph
_SHALLOW_TAGS = 4_000  # with fewer tags depth cannot hurt
_MAX_ATTRIBUTES = 100  # of one element; the parser's time grows with the square of their number
_NEARLY_NOTHING = 200  # visible characters below which a page may be waiting for its scripts

_PLAIN_TYPES = ("text/plain", "text/markdown", "text/x-markdown", "text/csv", "application/json")
_SIGNATURES = (
    b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"OggS", b"ID3",
    b"\x7fELF", b"MZ\x90", b"wOFF", b"wOF2", b"\xd0\xcf\x11\xe0",
)  # fmt: skip


def read_page(body: bytes, content_type: str, url: str, walk: str = WALK) -> PageText:
    """Canonical text of a page as it came: HTML, plain text or PDF. ``content_type`` is the header as sent.

    ``walk`` is one of ``READABLE_WALKS``; an earlier one is named to check what was cited from its text.

    Raises FetchError with the reason NOT_TEXT (an image, an archive, a programme), UNDECODABLE (mostly bytes
    that are no characters), NEEDS_SCRIPT (nothing to read until JavaScript has run), EMPTY, and FORBIDDEN or NOT_FOUND
    for what came as a page and is a wall, or says that there is none.
    """
    media = content_type.split(";", 1)[0].strip().lower()
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"%PDF-") or media == "application/pdf":
        return read_pdf(body, url, walk)
    if not start and not body.strip():
        raise FetchError(url, Reason.EMPTY, "the page has no content")
    if not _may_be_text(media, start):
        raise FetchError(url, Reason.NOT_TEXT, media or "an unknown kind of file")
    text = decode(body, content_type, url)[:MAX_CHARACTERS]
    return read_html(text, url, walk) if is_html(body, content_type) else read_plain(text, url, walk)


def is_html(body: bytes, content_type: str) -> bool:
    """Whether a page is read as HTML, as far as it is read at all: else as plain text or PDF."""
    media = content_type.split(";", 1)[0].strip().lower()
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"%PDF-") or media == "application/pdf":
        return False
    return media not in _PLAIN_TYPES or start[:14].lower().startswith((b"<!doctype html", b"<html"))


def _may_be_text(media: str, start: bytes) -> bool:
    if start.startswith(_SIGNATURES) or start[4:8] == b"ftyp":
        return False
    if media.startswith("text/") or media.endswith(("xml", "json")):
        return True
    return media in ("", "application/octet-stream") and b"\x00" not in start


def read_plain(text: str, url: str, walk: str = WALK) -> PageText:
    """Plain text: a block for each run of lines between empty lines. Raises FetchError(EMPTY)."""
    out = Canonical()
    text = text if walk == "walk-1" else visible(text)
    for piece in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = [" ".join(line.split()) for line in piece.split("\n")]
        if words := "\n".join(line for line in lines if line):
            out.add(BlockKind.PARAGRAPH, words)
    if not out.blocks:
        raise FetchError(url, Reason.EMPTY, "the page has no text")
    return out.page(walk=walk)


def read_html(markup: str, url: str, walk: str = WALK) -> PageText:
    """Canonical text of an HTML page.

    Raises FetchError: NEEDS_SCRIPT, EMPTY, and what ``walls`` tells of pages that are none.
    """
    tree = LexborHTMLParser(bounded(markup), options=LexborDocumentOptions.WO_EVENTS, scripting=True)
    html = tree.html or ""
    found = Walk(html, url, walk)
    found.run()
    visible_characters = sum(
        block.end - block.start for block in found.out.blocks if block.region is not Region.HIDDEN
    )
    if visible_characters < _NEARLY_NOTHING and _waits_for_script(html, found, visible_characters):
        raise FetchError(url, Reason.NEEDS_SCRIPT, "the page shows nothing until its scripts have run")
    if not found.out.blocks:
        raise FetchError(url, Reason.EMPTY, "the page has no text")
    meta = found.meta
    page = found.out.page(
        title=found.title or meta.get("og:title", ""),
        description=meta.get("description") or meta.get("og:description", ""),
        language=found.language or meta.get("og:locale", ""),
        links=tuple(found.links),
        published_on=_published(found),
        structured=tuple(found.structured),
        canonical_url=found.canonical_url,
        site_name=meta.get("og:site_name", ""),
        walk=walk,
    )
    # What was cited under an earlier walk was taken for a page then.
    if walk == WALK and (refused := wall(page, found, html, url)) is not None:
        raise FetchError(url, *refused)
    return page


# ------------------------------------------------------------------ pages that only scripts fill

_APP_ROOT = re.compile(
    r'<(?:div|main|section)\s[^>]*id="(?:root|app|app-root|__next|__nuxt|___gatsby|main-app|react-root|svelte)"[^>]*>'
    r"\s*(?:<div[^>]*>\s*</div>\s*)?</(?:div|main|section)>|<(?:app-root|[a-z]+-app)(?:\s[^>]*)?>\s*</",
    re.IGNORECASE,
)
_ENABLE_SCRIPT = re.compile(
    r"\b(?:enable|enabled|requires?|turn on|need|activate|without)\W+(?:\w+\W+){0,4}javascript"
    r"|javascript\W+(?:\w+\W+){0,3}(?:enabled|required|disabled|aktivier|activé)",
    re.IGNORECASE,
)


def _waits_for_script(html: str, walk: Walk, visible: int) -> bool:
    if not walk.scripts:
        return False
    if not visible or _APP_ROOT.search(html):
        return True
    return bool(_ENABLE_SCRIPT.search("\n".join([*walk.without_script, *walk.out.pieces])))


# ------------------------------------------------------------------ dates

_ISO_DATE = re.compile(r"\s*(\d{4})-(\d{2})-(\d{2})")
_DATE_NAMES = (
    "article:published_time", "datepublished", "date", "pubdate", "publish-date", "publish_date", "dc.date",
    "dc.date.issued", "dcterms.created", "parsely-pub-date",
)  # fmt: skip


def _published(walk: Walk) -> date | None:
    stamps = _json_dates(walk.structured)
    stamps += [walk.meta[name] for name in _DATE_NAMES if name in walk.meta]
    if len(set(walk.times)) == 1:  # several near the top date the entries of a list, not the page
        stamps += walk.times
    return next((found for stamp in stamps if (found := iso_date(stamp))), None)


def iso_date(stamp: str) -> date | None:
    """The day of an ISO 8601 date or time, or None when it is none."""
    match = _ISO_DATE.match(stamp)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:  # 2024-13-45: a typing error of the page's, and no date
        return None


def _json_dates(scripts: list[str]) -> list[str]:
    return [
        fact.value
        for script in scripts
        for fact in facts(script)
        if fact.key == "datePublished" and isinstance(fact.value, str)
    ]


# ------------------------------------------------------------------ bounds

_NAME = r"[a-zA-Z][^\s/>]*+"
_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+|))?+"""
# Everything up to the first element with too many attributes, in one pass.
_UNCROWDED = re.compile(
    rf"(?:[^<]++|<script(?:[^<]++|<(?!/script))*+|<(?![a-zA-Z])"
    rf"|<{_NAME}(?:{_ATTRIBUTE}){{0,{_MAX_ATTRIBUTES}}}+[\s/]*+(?:>|\Z))*+",
    re.IGNORECASE,
)
_MOST_ATTRIBUTES = re.compile(rf"<{_NAME}(?:{_ATTRIBUTE}){{0,{_MAX_ATTRIBUTES}}}+")
_FURTHER_ATTRIBUTES = re.compile(rf"(?:{_ATTRIBUTE})*+")


def bounded(markup: str) -> str:
    """The markup without what the parser would take more than linear time for."""
    return bounded_depth(bounded_attributes(markup))


def bounded_attributes(markup: str) -> str:
    """The markup, with elements of too many attributes left the first of them."""
    out: list[str] = []
    position = 0
    while (end := _end_of(_UNCROWDED, markup, position)) < len(markup):
        cut = _end_of(_MOST_ATTRIBUTES, markup, end)
        out.append(markup[position:cut])
        position = _end_of(_FURTHER_ATTRIBUTES, markup, cut)
    return "".join([*out, markup[position:]]) if out else markup


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


# Elements whose end tag is often left out are closed by their next sibling and do not nest by themselves.
_SELF_CLOSING = frozenset(
    "p dt dd option optgroup tr td th thead tbody tfoot rt rp colgroup html head body caption area base "
    "br col embed hr img input link meta param source track wbr".split()
)
_BREAKING = frozenset(
    "div section article aside header footer main nav ul ol li dl blockquote details center fieldset "
    "figure form "
    "table menu pre address".split()
)
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_ANY_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)[^>]*+>")


def bounded_depth(markup: str) -> str:
    """The markup, with elements nested too deep replaced by what keeps their words apart."""
    if markup.count("<") < _SHALLOW_TAGS:
        return markup
    out: list[str] = []
    depth = formatting = position = 0
    for match in _ANY_TAG.finditer(markup, 0, markup.rfind(">") + 1):  # behind the last no tag ends
        tag = match[2].lower()
        if tag in _SELF_CLOSING:
            continue
        if tag == "li":  # nests only with its list
            if depth <= _MAX_DEPTH:
                continue
        elif tag in _FORMATTING:
            formatting = max(0, formatting - 1) if match[1] else formatting + 1
            if formatting < _MAX_FORMATTING + (not match[1]):
                continue
        elif match[1]:
            depth = max(0, depth - 1)
            if depth < _MAX_DEPTH:
                continue
        else:
            depth += 1
            if depth <= _MAX_DEPTH:
                continue
        out.append(markup[position : match.start()])
        if tag in _BREAKING:
            out.append("<hr>")
        position = match.end()
    if not out:
        return markup
    out.append(markup[position:])
    return "".join(out)
