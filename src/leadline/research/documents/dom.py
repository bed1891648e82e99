"""The walk itself: one pass over a document, from its serialised tree to blocks and links.

The tree is lexbor's (HTML Living Standard, 13.2), read from its serialisation: there attributes and text
are escaped and every element is closed, so a start tag and an end tag are the two visits of a depth-first
walk, no recursion is needed however deep a page is, and reading takes a third of the time of asking for
nodes one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

from msgspec.structs import replace

from leadline.research.documents.canonical import WALK, Canonical, fold, visible
from leadline.research.documents.hosts import joined
from leadline.research.documents.seams import PHRASE_ENDS, PHRASES, SUPERSCRIPT, are_apart
from leadline.research.documents.tables import MAX_COLUMNS, CellSpan, Row, column_headers
from leadline.research.model import BlockKind, Cell, Link, Region

MAX_BLOCKS = 20_000  # of one page; more is a data dump, and the rest of it is not read
MAX_TEXT = 2_000_000  # characters of one page, likewise
MAX_LINKS = 5_000
MAX_ADDRESS = 2_048  # characters; what is longer is no link that anybody follows
MAX_PARTS = 64  # terms and definitions of one block
_LONG_CAPTION = 300  # characters; it is repeated in each row of its table
_TOP_OF_PAGE = 3_000  # characters within which a <time> can date the page
_LONG_CELL = 2_000  # characters from which a cell is layout, not data
_LINK_DENSE = 0.9

TOKEN = re.compile(r'<(/?[a-zA-Z][^\s/>]*)((?:[^">]++|"[^"]*+")*+)>|<!--.*?-->|<![^>]*+>', re.DOTALL)
_ATTRIBUTE = re.compile(r'\s([^\s=>"]+)(?:="([^"]*)")?')
_HREF = re.compile(r'\shref="([^"]*)"')
TEMPLATE = re.compile(r"<(/?)template\b[^>]*>")
_AREA = (
    r"(?:(?:site|page|global|main|top|primary|secondary)[-_]?)?"
    r"(?:header|footer|nav|navbar|navigation|menu|sidebar|breadcrumbs?)"
)
_SPECIAL = re.compile(
    r'\s(?:hidden\b|role="|aria-hidden="true"|style="[^"]*(?:display:\s*none|visibility:\s*hidden)'
    rf'|(?:id|class)="(?:[^"]*\s)?{_AREA}(?:\s[^"]*)?")',
    re.IGNORECASE,
)
_HIDING_STYLE = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_AREA_NAME = re.compile(rf"(?:^|\s){_AREA}(?=\s|$)", re.IGNORECASE)
_ROLE_REGION = {
    "navigation": Region.NAVIGATION,
    "menubar": Region.NAVIGATION,
    "menu": Region.NAVIGATION,
    "banner": Region.HEADER,
    "contentinfo": Region.FOOTER,
    "complementary": Region.ASIDE,
    "main": Region.MAIN,
}
_TAG_REGION = {
    "nav": Region.NAVIGATION,
    "header": Region.HEADER,
    "footer": Region.FOOTER,
    "aside": Region.ASIDE,
    "main": Region.MAIN,
}
VOID = frozenset(
    """area base basefont bgsound br col embed frame hr img input keygen link meta param source track
    wbr""".split()
)
# Written raw by the serialiser, and not visible: passed over as a whole.
RAW = frozenset("script style noscript iframe noembed noframes xmp".split())

# What the words of an element become. In the last four, block elements inside only separate words.
_FLOW, _ITEM, _DEFINITION, _CELL, _HEADING, _PRE = range(6)
_FIRST_CLOSED = _CELL  # modes from here on are never interrupted by another block

# Whether an element of words inside a line has just closed, or one has opened right after another closed.
_NONE, _CLOSED, _OPENED = range(3)

Headings = tuple[tuple[int, str], ...]
Frame = tuple[Callable[[Any], None], Any] | None  # what the end tag has to do


def attributes_of(raw: str) -> dict[str, str]:
    return {name.lower(): unescape(value) for name, value in _ATTRIBUTE.findall(raw)}


def end_of_template(html: str, position: int) -> int:
    """Where a template ends that begins before ``position``; templates stand in templates."""
    depth = 1
    for match in TEMPLATE.finditer(html, position):
        depth += -1 if match[1] else 1
        if not depth:
            return match.end()
    return len(html)


class _Container:
    """An open ``div`` or ``section``, and the heading level that the last of its children began with."""

    __slots__ = ("card_level", "headings", "parent")

    def __init__(self, headings: Headings, parent: _Container | None) -> None:
        self.headings = headings
        self.parent = parent
        self.card_level = 0


class _Table:
    __slots__ = ("caption", "group", "in_head", "intro", "layout", "row", "rows")

    def __init__(self, group: int, intro: int, *, layout: bool) -> None:
        self.group = group
        self.intro = intro
        self.layout = layout
        self.in_head = False
        self.caption = ""
        self.row: list[CellSpan] | None = None
        self.rows: list[Row] = []


class Walk:
    """One pass over one document. After ``run`` its attributes hold what was found."""

    def __init__(self, html: str, url: str, version: str = WALK) -> None:
        """``version``: "walk-1" lays the text as the first release did, for the proofs that point into it."""
        self.html = html
        self._first = version == "walk-1"
        self._set_base(url)
        self.out = Canonical()
        self.title = ""
        self.language = ""
        self.meta: dict[str, str] = {}
        self.canonical_url = ""
        self.structured: list[str] = []
        self.links: list[Link] = []
        self.times: list[str] = []
        self.scripts = 0
        self.without_script: list[str] = []

        self._stack: list[Frame] = []
        self._buffer: list[str] = []  # the block that is being written
        self._length = 0
        self._pending = ""  # white space owed before its next word
        self._mode = _FLOW
        self._region = Region.MAIN
        self._content_depth = 0  # inside how many <main> and <article>
        self._quote = False
        self._headings: Headings = ()
        self._path: tuple[str, ...] = ()
        self._heading_level = 0
        self._after_heading = True  # has anything but headings come since the last heading?
        self._container: _Container | None = None
        self._groups = 0
        self._group = 0
        self._intro = -1
        self._item_depth = 0
        self._link_characters = 0
        self._defining = False
        self._parts: list[tuple[int, int, bool]] = []  # of the open definition: start, end, is it a term?
        self._part_from = -1  # where in the buffer the open cell or part of a definition began
        self._part_is_term = False
        self._table: _Table | None = None
        self._in_body = False
        self._raised = 0  # inside how many <sup>
        self.passwords = 0  # fields to type one into

    # ------------------------------------------------------------ the pass

    def run(self) -> None:
        html, stack, starts, out = self.html, self._stack, _STARTS, self.out
        blocks = out.blocks
        position = 0
        seam = _NONE
        scan: Iterator[re.Match[str]] | None = TOKEN.finditer(html)
        while scan is not None:
            following, scan = scan, None
            for match in following:
                begin, end = match.span()
                if begin > position:
                    raw = html[position:begin]
                    if not raw.isspace() or self._mode == _PRE:
                        met = seam is _OPENED and self._buffer and not self._pending and not self._first
                        if met and are_apart(self._buffer[-1], raw):
                            self._pending = " "
                        self._text(raw)
                    elif not self._pending:
                        self._pending = " "
                    seam = _NONE
                position = end
                name, attributes = match.groups()
                if name is None:  # a comment or the document type
                    continue
                if name[0] == "/":
                    seam = _CLOSED if name in PHRASE_ENDS else _NONE
                    if stack and (frame := stack.pop()) is not None:
                        frame[0](frame[1])
                    continue
                seam = _OPENED if seam is not _NONE and name in PHRASES else _NONE
                if (start := starts.get(name)) is not None:
                    stack.append(start(self, name, attributes))
                elif name in VOID:
                    self._void(name, attributes)
                elif name in RAW or name == "template" or (name == "title" and not self._in_body):
                    position = self._pass_over(name, attributes, position)
                    if len(blocks) < MAX_BLOCKS and out.next_start + self._length < MAX_TEXT:
                        scan = TOKEN.finditer(html, position)
                    break
                elif attributes and _SPECIAL.search(attributes):
                    stack.append(self._special_inline(attributes))
                else:
                    stack.append(None)
                if len(blocks) >= MAX_BLOCKS or out.next_start + self._length >= MAX_TEXT:
                    break
        self._flush()
        while stack:
            if (frame := stack.pop()) is not None:
                frame[0](frame[1])

    def _text(self, raw: str) -> None:
        if "&" in raw:
            raw = unescape(raw)
        if not self._first:
            if not raw.isascii():
                raw = visible(raw)
                if not raw:
                    return
            if self._raised:
                raw = raw.translate(SUPERSCRIPT)
        if self._mode == _PRE:
            text = raw if self._length else raw.lstrip()
        else:
            words = raw.split()
            if not words:
                self._pending = self._pending or " "
                return
            text = " ".join(words)
            if self._length:
                if self._pending:
                    text = self._pending + text
                elif raw[0].isspace():
                    text = " " + text
            self._pending = " " if raw[-1].isspace() else ""
        if text:
            self._buffer.append(text)
            self._length += len(text)

    def _pass_over(self, name: str, attributes: str, position: int) -> int:
        """Leave out an element whose words are not visible; returns where to go on."""
        html = self.html
        if name == "template":
            return end_of_template(html, position)
        end = html.find(f"</{name}>", position)
        if end < 0:
            return len(html)
        if name == "title":
            self.title = self.title or self._fold(unescape(html[position:end]))
        elif name == "script":
            kind = attributes_of(attributes).get("type", "").lower()
            if kind.startswith("application/ld+json"):
                self.structured.append(self._script(html[position:end]))
            elif kind in ("", "module", "text/javascript", "application/javascript"):
                self.scripts += 1
        elif name == "noscript":
            self.without_script.append(html[position:end])
        elif name != "style" and self._mode < _FIRST_CLOSED:
            self._flush()
        return end + len(name) + 3

    def _void(self, name: str, attributes: str) -> None:
        if name == "br":
            if self._mode == _PRE:
                self._text("\n")
            else:
                self._pending = " " if self._mode == _HEADING else "\n"
        elif name == "hr":
            self._break()
        elif name == "meta":
            found = attributes_of(attributes)
            key = (found.get("property") or found.get("name") or found.get("itemprop") or "").lower()
            if key and key not in self.meta:
                self.meta[key] = self._fold(found.get("content", ""))
        elif name == "link":
            found = attributes_of(attributes)
            if not self.canonical_url and "canonical" in found.get("rel", "").lower().split():
                self.canonical_url = self._absolute(found.get("href", ""))
        elif name == "input":
            self.passwords += attributes_of(attributes).get("type", "").lower() == "password"
        elif name == "base" and not self._in_body:
            self._set_base(self._absolute(attributes_of(attributes).get("href", "")) or self.base)

    def _fold(self, text: str) -> str:
        return fold(text if self._first else visible(text))

    def _script(self, text: str) -> str:
        """A JSON-LD script as it stands, or, where even its quotes are written as entities, as it is meant."""
        return text if self._first or '"' in text or "&" not in text else unescape(text)

    def _absolute(self, href: str) -> str:
        if href[:1] == "/" and href[1:2] not in ("/", "\\") and "/." not in href:
            return self.origin + href.partition("#")[0].rstrip()
        return joined(self.base, href)

    def _set_base(self, url: str) -> None:
        self.base = url
        scheme, _, rest = url.partition("://")
        self.origin = f"{scheme}://{rest.partition('/')[0]}"

    # ------------------------------------------------------------ blocks

    def _break(self) -> None:
        """A block element begins or ends here."""
        mode = self._mode
        if mode == _FLOW:
            if self._buffer:
                self._flush()
            else:
                self._pending = ""
        elif mode == _HEADING:
            self._pending = " "
        elif mode == _CELL:
            if len(self._buffer) > self._part_from:
                self._pending = "\n"
        elif mode != _PRE:
            self._pending = "\n"

    def _interrupt(self) -> bool:
        """Make room for a structure of its own; False inside a heading, a cell or preformatted text."""
        if self._mode >= _FIRST_CLOSED:
            self._break()
            return False
        if self._buffer:
            self._flush()
        else:
            self._pending = ""
        return True

    def _flush(self) -> None:
        """End the block that is being written, whatever it is."""
        self._pending = ""
        if not self._buffer:
            return
        mode = self._mode
        level, group, intro = 0, 0, -1
        cells: tuple[Cell, ...] = ()
        kind = BlockKind.QUOTE if self._quote else BlockKind.PARAGRAPH
        if mode == _ITEM:
            kind, level, group, intro = BlockKind.LIST_ITEM, self._item_depth, self._group, self._intro
        elif mode == _HEADING:
            kind, level = BlockKind.HEADING, self._heading_level
        elif mode == _DEFINITION:
            kind, group, intro = BlockKind.DEFINITION, self._group, self._intro
            if self._part_from >= 0:
                self._end_part()
                self._part_from = 0
            base = self.out.next_start
            cells = tuple(Cell(start=base + a, end=base + b, is_header=term) for a, b, term in self._parts)
            self._parts = []
        elif mode == _PRE:
            kind = BlockKind.CODE
        text = "".join(self._buffer).rstrip()
        self._buffer.clear()
        self._length = 0
        self._after_heading = mode != _HEADING
        if text:
            self.out.add(kind, text, self._region, self._path, level, group, intro, cells)

    def _span(self, start: int) -> tuple[int, int]:
        """Where the words written since the buffer held ``start`` pieces stand in the block."""
        words = "".join(self._buffer[start:]).lstrip()
        return self._length - len(words), self._length

    def _set_headings(self, headings: Headings) -> None:
        self._headings = headings
        self._path = tuple(text for _, text in headings)

    # ------------------------------------------------------------ plain containers

    def start_block(self, _name: str, attributes: str) -> Frame:
        if attributes and self._mode < _FIRST_CLOSED and _SPECIAL.search(attributes):
            return self._special_block(attributes, self._plain_block)
        return self._plain_block()

    def _plain_block(self) -> Frame:
        self._break()
        return self._end_block, None

    def _end_block(self, _: None) -> None:
        self._break()

    def start_loose_block(self, name: str, attributes: str) -> Frame:
        """Block elements between whose words no space may be invented where they cannot be blocks."""
        if self._mode >= _FIRST_CLOSED or self._mode != _FLOW:
            return None
        return self.start_block(name, attributes)

    def start_container(self, _name: str, attributes: str) -> Frame:
        if attributes and self._mode < _FIRST_CLOSED and _SPECIAL.search(attributes):
            return self._special_block(attributes, self._plain_container)
        return self._plain_container()

    def _plain_container(self) -> Frame:
        self._break()
        self._container = container = _Container(self._headings, self._container)
        return self._end_container, container

    def _end_container(self, container: _Container) -> None:
        self._break()
        parent = self._container = container.parent
        if self._headings is container.headings or parent is None:
            return
        level = _first_new_level(container.headings, self._headings)
        if not level:
            return
        # The second and later of equal neighbours ("cards") keep their heading to themselves: what follows
        # the last card is not about it. A container of nothing but a heading gives it to what follows.
        if parent.card_level == level and self._after_heading:
            self._set_headings(tuple(h for h in self._headings if h[0] < level))
        parent.card_level = level

    def _special_block(self, raw: str, plain: Callable[[], Frame]) -> Frame:
        """A block element that says by role, name or style what it is."""
        found = attributes_of(raw)
        role = found.get("role", "").lower()
        if role == "heading" and self._mode in (_FLOW, _ITEM):
            level = found.get("aria-level", "2")
            return self._heading(int(level) if level in "123456" and len(level) == 1 else 6)
        if role == "list":
            return self.start_list("ul", "")
        if role == "listitem":
            return self.start_item("li", "")
        region = self._region
        if _is_hidden(found) or found.get("aria-hidden") == "true":
            region = Region.HIDDEN
        elif region is not Region.HIDDEN:
            if role in _ROLE_REGION:
                region = _ROLE_REGION[role]
            elif not self._content_depth and region is Region.MAIN:
                name = f"{found.get('id', '')} {found.get('class', '')}"
                if match := _AREA_NAME.search(name):
                    region = _named_region(match[0].lower())
        if region is self._region:
            return plain()
        self._flush()
        outer, headings = self._region, self._headings
        self._region = region
        return self._end_special, (plain(), outer, headings)

    def _end_special(self, saved: tuple[Frame, Region, Headings]) -> None:
        frame, region, headings = saved
        if frame is not None:
            frame[0](frame[1])
        self._flush()
        if self._region in (Region.NAVIGATION, Region.FOOTER, Region.ASIDE, Region.HIDDEN):
            self._set_headings(headings)
        self._region = region

    def _special_inline(self, raw: str) -> Frame:
        if self._mode > _ITEM:
            return None
        found = attributes_of(raw)
        if found.get("role") == "heading":
            level = found.get("aria-level", "2")
            return self._heading(int(level) if level in "123456" and len(level) == 1 else 6)
        if self._region is Region.HIDDEN or not _is_hidden(found):
            return None
        self._flush()
        outer = self._region
        self._region = Region.HIDDEN
        return self._end_special, (None, outer, self._headings)

    def start_region(self, name: str, attributes: str) -> Frame:
        region = _TAG_REGION[name]
        hidden = bool(attributes) and _SPECIAL.search(attributes) and _is_hidden(attributes_of(attributes))
        if hidden or self._region is Region.HIDDEN:
            region = Region.HIDDEN
        elif name in ("header", "footer") and (self._content_depth or self._region is not Region.MAIN):
            region = self._region  # the head of an article, not of the page
        elif name == "nav" and self._region is Region.FOOTER:
            region = Region.FOOTER
        elif name == "main" and self._region is not Region.MAIN:
            region = self._region
        if self._mode >= _FIRST_CLOSED or (self._mode == _ITEM and region is self._region):
            return self._plain_block()
        self._flush()
        self._content_depth += name == "main"
        saved = (name, self._region, self._headings, self._mode)
        self._region = region
        return self._end_region, saved

    def _end_region(self, saved: tuple[str, Region, Headings, int]) -> None:
        self._flush()
        name, self._region, headings, self._mode = saved
        self._content_depth -= name == "main"
        if name in ("nav", "aside", "footer"):
            self._set_headings(headings)

    def start_article(self, _name: str, attributes: str) -> Frame:
        """``article`` and ``details``: their headings end with them."""
        if attributes and self._mode < _FIRST_CLOSED and _SPECIAL.search(attributes):
            return self._special_block(attributes, self._plain_article)
        return self._plain_article()

    def _plain_article(self) -> Frame:
        self._break()
        self._content_depth += 1
        return self._end_article, (self._headings, self._content_depth)

    def _end_article(self, saved: tuple[Headings, int]) -> None:
        self._break()
        headings, depth = saved
        self._content_depth = depth - 1
        if self._headings is not headings and self._mode < _FIRST_CLOSED:
            self._set_headings(headings)

    # ------------------------------------------------------------ headings

    def start_heading(self, name: str, _attributes: str) -> Frame:
        return self._heading(int(name[1]))

    def start_summary(self, _name: str, _attributes: str) -> Frame:
        return self._heading(min(6, self._headings[-1][0] + 1 if self._headings else 2))

    def _heading(self, level: int) -> Frame:
        if self._mode not in (_FLOW, _ITEM):
            return self._plain_block()
        self._flush()
        saved = (self._mode, self._headings, self._heading_level)
        self._mode, self._heading_level = _HEADING, level
        self._set_headings(tuple(h for h in self._headings if h[0] < level))
        return self._end_heading, saved

    def _end_heading(self, saved: tuple[int, Headings, int]) -> None:
        words = "".join(self._buffer)
        level = self._heading_level
        self._flush()
        self._mode, headings, self._heading_level = saved
        self._set_headings((*self._headings, (level, words[:200])) if words else headings)

    # ------------------------------------------------------------ lists

    def _introduction(self) -> int:
        """The block whose words lead up to the list or table that begins here, or -1."""
        if not self.out.blocks:
            return -1
        last = self.out.blocks[-1]
        if last.region is not self._region:
            return -1
        if last.kind is BlockKind.PARAGRAPH or last.kind is BlockKind.QUOTE:
            return len(self.out.blocks) - 1
        nested = last.kind in (BlockKind.LIST_ITEM, BlockKind.DEFINITION) and last.group == self._group
        return len(self.out.blocks) - 1 if nested and self._mode in (_ITEM, _DEFINITION) else -1

    def start_list(self, name: str, attributes: str) -> Frame:
        if self._mode < _FIRST_CLOSED and attributes and _SPECIAL.search(attributes):
            return self._special_block(attributes, lambda: self.start_list(name, ""))
        if not self._interrupt():
            return (self._end_block, None) if name != "select" else None
        intro = self._introduction()
        saved = (
            self._group, self._item_depth, self._intro, self._mode, self._defining,
            self._part_from, len(self.out.blocks), self._link_characters,
        )  # fmt: skip
        self._groups += 1
        self._group, self._intro, self._mode, self._part_from = self._groups, intro, _FLOW, -1
        self._defining = name == "dl"
        if not self._defining:
            self._item_depth += 1
        return self._end_list, saved

    def _end_list(self, saved: tuple[int, int, int, int, bool, int, int, int]) -> None:
        self._flush()
        (
            self._group, self._item_depth, self._intro, self._mode, self._defining,
            self._part_from, first, links,
        ) = saved  # fmt: skip
        if self._part_from > 0:
            self._part_from = 0
        top_of_page = not self._headings and not self._content_depth and self._region is Region.MAIN
        if top_of_page and not self._item_depth:
            blocks = self.out.blocks
            length = sum(block.end - block.start for block in blocks[first:])
            if len(blocks) - first >= 3 and self._link_characters - links >= _LINK_DENSE * length:
                blocks[first:] = [replace(block, region=Region.NAVIGATION) for block in blocks[first:]]

    def start_item(self, name: str, attributes: str) -> Frame:
        if self._mode < _FIRST_CLOSED and attributes and _SPECIAL.search(attributes):
            return self._special_block(attributes, lambda: self.start_item(name, ""))
        if not self._interrupt():
            return (self._end_block, None) if name == "li" else None
        saved = (self._mode, self._headings, self._item_depth)
        self._mode = _ITEM
        self._item_depth = max(1, self._item_depth)
        return self._end_item, saved

    def _end_item(self, saved: tuple[int, Headings, int]) -> None:
        self._flush()
        self._mode, headings, self._item_depth = saved
        if self._headings is not headings:
            self._set_headings(headings)

    def start_part(self, name: str, _attributes: str) -> Frame:
        """``dt`` or ``dd``: a term with what it means is one block."""
        if not self._defining or self._mode >= _FIRST_CLOSED:
            return self._plain_block()
        term = name == "dt"
        meant = bool(self._parts) and not self._parts[-1][2]
        if self._mode != _DEFINITION or (term and meant) or len(self._parts) >= MAX_PARTS:
            self._flush()
        self._mode = _DEFINITION
        self._pending = "\n"
        self._part_from, self._part_is_term = len(self._buffer), term
        return self._close_part, None

    def _close_part(self, _: None) -> None:
        self._end_part()
        self._part_from = -1
        self._pending = "\n"

    def _end_part(self) -> None:
        if self._part_from >= 0:
            start, end = self._span(self._part_from)
            if end > start:
                self._parts.append((start, end, self._part_is_term))

    # ------------------------------------------------------------ tables

    def start_table(self, _name: str, attributes: str) -> Frame:
        outer = self._table
        if self._mode == _CELL and outer is not None:
            self._make_layout(outer)  # a table inside a cell: the outer one only arranges
        elif self._mode >= _FIRST_CLOSED:
            return self._plain_block()
        self._flush()
        intro = self._introduction()
        self._groups += 1
        found = attributes_of(attributes) if attributes else {}
        layout = found.get("role") in ("presentation", "none")
        saved = (outer, self._mode, self._region, self._part_from)
        if _is_hidden(found):
            self._region = Region.HIDDEN
        self._table = _Table(self._groups, intro, layout=layout)
        self._mode = _FLOW
        return self._end_table, saved

    def _make_layout(self, table: _Table) -> None:
        table.layout = True
        table.row = None
        self._mode = _FLOW
        self._flush()

    def _end_table(self, saved: tuple[_Table | None, int, Region, int]) -> None:
        self._flush()
        table = self._table
        self._table, self._mode, self._region, part = saved
        self._part_from = min(part, 0)
        if table is None or not table.rows:
            return
        blocks = self.out.blocks
        for row, headers in zip(table.rows, column_headers(table.rows), strict=True):
            if row.block < 0:
                continue
            block = blocks[row.block]
            cells = tuple(
                Cell(
                    start=block.start + span.start,
                    end=block.start + span.end,
                    header=header,
                    is_header=span.is_header,
                )
                for span, header in zip(row.cells, headers, strict=True)
            )
            blocks[row.block] = replace(block, cells=cells, caption=table.caption)

    def start_row_group(self, name: str, _attributes: str) -> Frame:
        table = self._table
        if table is None or self._mode >= _FIRST_CLOSED:
            return self._plain_block()
        table.in_head = name == "thead"
        return self._end_row_group, table

    def _end_row_group(self, table: _Table) -> None:
        table.in_head = False

    def start_row(self, _name: str, _attributes: str) -> Frame:
        table = self._table
        if table is None or table.layout or self._mode >= _FIRST_CLOSED:
            return self._plain_block()
        self._flush()
        table.row = []
        return self._end_row, table

    def _end_row(self, table: _Table) -> None:
        row, table.row = table.row, None
        if row is None or table.layout:
            self._flush()
            return
        text = "".join(self._buffer)
        self._buffer.clear()
        self._length, self._pending = 0, ""
        block = -1
        if text:
            block = len(self.out.blocks)
            self._after_heading = True
            self.out.add(BlockKind.TABLE_ROW, text, self._region, self._path, 0, table.group, table.intro)
        table.rows.append(Row(block, table.in_head, row))

    def start_cell(self, name: str, attributes: str) -> Frame:
        table = self._table
        if table is None or table.row is None or self._mode >= _FIRST_CLOSED:
            return self._plain_block()
        found = attributes_of(attributes) if attributes else {}
        is_header = name == "th" or found.get("role") in ("columnheader", "rowheader")
        saved = (
            table,
            is_header,
            _count(found.get("colspan")),
            _count(found.get("rowspan")),
            self._part_from,
        )
        self._mode = _CELL
        self._pending = " "
        self._part_from = len(self._buffer)
        return self._end_cell, saved

    def _end_cell(self, saved: tuple[_Table, bool, int, int, int]) -> None:
        table, is_header, columns, rows, part = saved
        if table.row is None:  # found to be layout meanwhile
            self._flush()
            self._mode = _FLOW
            return
        start, end = self._span(self._part_from)
        words = "".join(self._buffer[self._part_from :]).lstrip()
        if len(table.row) < MAX_COLUMNS:
            table.row.append(CellSpan(start, end, fold(words), is_header, columns, rows))
        self._mode, self._part_from = _FLOW, part
        self._pending = " "
        if end - start > _LONG_CELL:
            self._make_layout(table)

    def start_caption(self, _name: str, _attributes: str) -> Frame:
        if self._table is None or not self._interrupt():
            return self._plain_block()
        self._mode = _HEADING
        return self._end_caption, self._table

    def _end_caption(self, table: _Table) -> None:
        table.caption = "".join(self._buffer)[:_LONG_CAPTION]
        self._mode = _FLOW
        self._flush()

    # ------------------------------------------------------------ the rest

    def start_quote(self, _name: str, _attributes: str) -> Frame:
        if not self._interrupt():
            return self._end_block, None
        saved = (self._mode, self._quote, self._part_from)
        self._mode, self._quote, self._part_from = _FLOW, True, -1
        return self._end_quote, saved

    def _end_quote(self, saved: tuple[int, bool, int]) -> None:
        self._flush()
        self._mode, self._quote, part = saved
        self._part_from = min(part, 0)

    def start_pre(self, _name: str, _attributes: str) -> Frame:
        if not self._interrupt():
            return self._end_block, None
        saved = (self._mode, self._quote, self._part_from)
        self._mode = _PRE
        return self._end_quote, saved

    def start_link(self, _name: str, attributes: str) -> Frame:
        match = _HREF.search(attributes)
        if match is None:
            return None
        start = self.out.next_start + self._length + (1 if self._pending and self._length else 0)
        return self._end_link, (match[1], len(self.out.pieces), len(self._buffer), start)

    def _end_link(self, saved: tuple[str, int, int, int]) -> None:
        href, pieces, parts, start = saved
        if len(self.out.pieces) == pieces:
            # Only what the link wrote is put together: a block may hold as many links as words.
            words = "".join(self._buffer[parts:]).lstrip()
            start = self.out.next_start + self._length - len(words)
            text = words.rstrip()
        else:  # the link is around whole blocks
            text = "\n".join([*self.out.pieces[pieces:], *(["".join(self._buffer)] if self._buffer else [])])
            base = self.out.blocks[pieces].start
            start = min(max(start, base), base + len(text))
            text = text[start - base :].rstrip()
        end = start + len(text)
        self._link_characters += len(text)
        if len(self.links) >= MAX_LINKS or href.startswith(("#", "javascript:", "data:")):
            return
        if len(href) > MAX_ADDRESS:
            return
        url = self._absolute(unescape(href) if "&" in href else href)
        if url:
            if not text:
                start = end = -1
            self.links.append(Link(url=url, text=fold(text)[:300], region=self._region, start=start, end=end))

    def start_title(self, _name: str, _attributes: str) -> Frame:
        """The title of a picture inside the page."""
        if not self._in_body:
            return None
        self._end_title(None)
        return self._end_title, None

    def _end_title(self, _: None) -> None:
        if self._mode != _PRE:
            self._pending = self._pending or " "

    def start_raised(self, _name: str, attributes: str) -> Frame:
        """``sup``: its digits stay raised, so that a mark of a note or a power does not lengthen a figure."""
        if self._first:
            return self._special_inline(attributes) if attributes and _SPECIAL.search(attributes) else None
        self._raised += 1
        return self._end_raised, None

    def _end_raised(self, _: None) -> None:
        self._raised -= 1

    def start_time(self, _name: str, attributes: str) -> Frame:
        if self.out.next_start < _TOP_OF_PAGE and (stamp := attributes_of(attributes).get("datetime")):
            self.times.append(stamp)
        return None

    def start_html(self, _name: str, attributes: str) -> Frame:
        found = attributes_of(attributes)
        self.language = found.get("lang") or found.get("xml:lang") or ""
        return None

    def start_body(self, _name: str, _attributes: str) -> Frame:
        self._in_body = True
        self._flush()
        return self._end_block, None


def _first_new_level(before: Headings, after: Headings) -> int:
    """The level of the outermost heading that ``after`` has and ``before`` has not, or 0."""
    for index, heading in enumerate(after):
        if index >= len(before) or before[index] is not heading:
            return heading[0]
    return 0


def _is_hidden(found: dict[str, str]) -> bool:
    return "hidden" in found or bool(_HIDING_STYLE.search(found.get("style", "")))


def _named_region(name: str) -> Region:
    if "footer" in name:
        return Region.FOOTER
    if "sidebar" in name:
        return Region.ASIDE
    return Region.HEADER if "header" in name else Region.NAVIGATION


def _count(span: str | None) -> int:
    """``colspan`` or ``rowspan``, within the limits that matter for a page of text."""
    if not span or not re.fullmatch(r"[0-9]{1,9}", span):
        return 1
    return min(max(int(span), 1), 100)


_Start = Callable[[Walk, str, str], Frame]
_STARTS: dict[str, _Start] = {
    **dict.fromkeys("p address figure figcaption".split(), Walk.start_block),
    **dict.fromkeys("fieldset form legend center hgroup search dialog optgroup".split(),
    Walk.start_loose_block), **dict.fromkeys("div section".split(), Walk.start_container),
    **dict.fromkeys(_TAG_REGION, Walk.start_region),
    **dict.fromkeys("article details".split(), Walk.start_article),
    **dict.fromkeys("h1 h2 h3 h4 h5 h6".split(), Walk.start_heading),
    "summary": Walk.start_summary,
    **dict.fromkeys("ul ol menu dl select".split(), Walk.start_list),
    **dict.fromkeys("li option".split(), Walk.start_item),
    **dict.fromkeys("dt dd".split(), Walk.start_part),
    "table": Walk.start_table,
    "caption": Walk.start_caption,
    **dict.fromkeys("thead tbody tfoot".split(), Walk.start_row_group),
    "tr": Walk.start_row,
    **dict.fromkeys("td th".split(), Walk.start_cell),
    "blockquote": Walk.start_quote,
    **dict.fromkeys("pre textarea listing".split(), Walk.start_pre),
    "a": Walk.start_link,
    "time": Walk.start_time,
    "sup": Walk.start_raised,
    "html": Walk.start_html,
    "body": Walk.start_body,
}  # fmt: skip
