"""A stored page for a person to look at: its words in its own structure, with those that were quoted marked.

Nothing of the page's markup is passed on. What is shown is written anew, as the walk reads it, from escaped text and a fixed set
of elements, with no attributes but the span of cells, so there is nothing in it that could run, load or lead somewhere.
The words are marked where the page's own words are those of the canonical text, in the same order; where they are not, or the
page is none of HTML, the canonical text itself is shown.
"""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from leadline.research.documents.canonical import visible
from leadline.research.documents.decoding import decode
from leadline.research.documents.dom import RAW, TOKEN, VOID, attributes_of, end_of_template
from leadline.research.documents.marking import script_markup, text_markup, with_mark, within
from leadline.research.documents.seams import SUPERSCRIPT
from leadline.research.documents.walk import MAX_CHARACTERS, bounded, is_html, read_page
from leadline.research.model import Marked, Shown

_KEPT = frozenset(
    "p div h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot tr th td blockquote pre code b strong i em "
    "u s small sub sup q cite figure figcaption section article header footer nav main aside address".split()
)
_INSTEAD = dict.fromkeys(
    "form fieldset legend details summary center select optgroup option hgroup".split(), "div"
)
_INSTEAD |= {"menu": "ul", "dir": "ul"}
_MOST_SPANNED = 1_000
# Of text whose words are compared: raised digits are digits again, and what shows nothing is left out (the last of it is U+FEFF).
_SQUEEZE: dict[int, int | None] = {raised: digit for digit, raised in SUPERSCRIPT.items()}
_SQUEEZE |= {code: None for code in (*range(0x3001), 0xFEFF) if not visible(chr(code)).strip()}
_SQUEEZE |= {0x200C: None, 0x200D: None}


class _Word(NamedTuple):
    """A piece of text between two tags, and where it was written into the markup."""

    text: str
    place: int


def show_page(body: bytes, content_type: str, url: str, walk: str, marked: Marked | None) -> Shown:
    """The page as ``walk`` read it. Raises FetchError like ``read_page``."""
    content = read_page(body, content_type, url, walk)
    above, mark = "", marked
    if marked is not None and marked.script >= 0:
        above, mark = script_markup(content.structured, marked), None
    mark = within(content.text, mark)
    if is_html(body, content_type):
        markup = _markup(decode(body, content_type, url)[:MAX_CHARACTERS], content.text, mark)
        if markup is not None:
            return Shown(markup=above + markup)
    return Shown(markup=above + text_markup(content.text, mark), as_text=True)


# ------------------------------------------------------------------ a page's own structure


def _markup(page: str, text: str, marked: Marked | None) -> str | None:
    """None where the marked words cannot be told apart from the same words elsewhere on the page."""
    tree = LexborHTMLParser(bounded(page), options=LexborDocumentOptions.WO_EVENTS, scripting=True)
    pieces, words = _rewritten(tree.html or "")
    if marked is None:
        where = (0, 0)
    elif (found := _found([word.text for word in words], text, marked)) is not None:
        where = found
    else:
        return None
    position, first = 0, True
    for word in words:
        length = len(word.text.translate(_SQUEEZE))
        start, end = max(where[0], position), min(where[1], position + length)
        inside = _unsqueezed(word.text, start - position, end - position) if start < end else (0, 0)
        pieces[word.place], first = with_mark(word.text, *inside, first=first)
        position += length
    return "".join(pieces)


def _rewritten(html: str) -> tuple[list[str], list[_Word]]:
    """The pieces of the markup that is shown, and those of them that are words; what is not visible is left out."""
    pieces: list[str] = []
    words: list[_Word] = []
    open_elements: list[str] = []
    position, in_body = 0, False
    match = TOKEN.search(html)
    while match is not None:
        if match.start() > position:
            words.append(_Word(unescape(html[position : match.start()]), len(pieces)))
            pieces.append("")
        position = match.end()
        name, attributes = match.groups()
        if name is not None and name[0] == "/":
            if open_elements and (opened := open_elements.pop()):
                pieces.append(f"</{opened}>")
        elif name in VOID:
            pieces.append(f"<{name}>" if name in ("br", "hr") else "")
        elif name is not None and (name in RAW or name == "template" or (name == "title" and not in_body)):
            position = _behind(html, name, position)
        elif name is not None:
            in_body = in_body or name == "body"
            shown = name if name in _KEPT else _INSTEAD.get(name, "")
            open_elements.append(shown)
            if shown:
                pieces.append(f"<{shown}{_attributes(shown, attributes)}>")
        match = TOKEN.search(html, position)
    pieces.extend(f"</{opened}>" for opened in reversed(open_elements) if opened)
    return pieces, words


def _behind(html: str, name: str, position: int) -> int:
    """Where an element ends whose words are not visible; as the walk passes over it."""
    if name == "template":
        return end_of_template(html, position)
    end = html.find(f"</{name}>", position)
    return len(html) if end < 0 else end + len(name) + 3


def _attributes(name: str, raw: str) -> str:
    if not raw:
        return ""
    found = attributes_of(raw)
    kept = f' dir="{found["dir"].lower()}"' if found.get("dir", "").lower() in ("ltr", "rtl", "auto") else ""
    for span in ("colspan", "rowspan") if name in ("td", "th") else ():
        count = found.get(span, "")
        if re.fullmatch(r"[0-9]{1,4}", count) and int(count) <= _MOST_SPANNED:
            kept += f' {span}="{int(count)}"'
    return kept


def _found(words: list[str], text: str, marked: Marked) -> tuple[int, int] | None:
    """Where the marked characters of the canonical text stand among the words, white space not counted."""
    shown, canonical = "".join(words).translate(_SQUEEZE), text.translate(_SQUEEZE)
    start = len(text[: marked.start].translate(_SQUEEZE))
    sought = text[marked.start : marked.end].translate(_SQUEEZE)
    if not sought:
        return None
    if shown.startswith(canonical):  # a long page's text is cut short
        return start, start + len(sought)
    there, here = _places(canonical, sought), _places(shown, sought)
    if len(there) != len(here):
        return None
    first = here[there.index(start)]
    return first, first + len(sought)


def _places(text: str, sought: str) -> list[int]:
    found, place = [], text.find(sought)
    while place >= 0:
        found.append(place)
        place = text.find(sought, place + 1)
    return found


def _unsqueezed(text: str, start: int, end: int) -> tuple[int, int]:
    """The characters of a text of which these are what is left without white space."""
    counted = [place for place, sign in enumerate(text) if sign.translate(_SQUEEZE)]
    return counted[start], counted[end - 1] + 1
