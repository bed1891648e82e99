"""A stored page is shown with its own words and nothing else of it, and the quoted ones are marked."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import quote

import pytest
from selectolax.lexbor import LexborHTMLParser
from tests.research.documents.hostile import MARKUP

from leadline.research.documents.canonical import READABLE_WALKS
from leadline.research.documents.marking import show_text
from leadline.research.documents.showing import show_page
from leadline.research.documents.walk import read_page
from leadline.research.errors import FetchError
from leadline.research.model import Marked, Shown

HTML = "text/html; charset=utf-8"
URL = "https://acme.com/"


def bare(text: str) -> str:
    """Without white space and without what shows nothing; raised digits are digits."""
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    return re.sub("[\\s\u00ad\u200b-\u200f\u2060\ufeff]", "", text).translate(raised)


def marked_in(shown: Shown) -> list[str]:
    return [mark.text(deep=True) for mark in LexborHTMLParser(shown.markup).css("mark")]


def shown_at(page: str, words: str, *, walk: str = "walk-2", nth: int = 0) -> Shown:
    text = read_page(page.encode(), HTML, URL, walk).text
    start = -1
    for _ in range(nth + 1):
        start = text.index(words, start + 1)
    return show_page(page.encode(), HTML, URL, walk, Marked(start=start, end=start + len(words)))


PAGE = """<!doctype html><html><head><title>Acme</title><style>p{color:red}</style></head><body>
<h1>Prices</h1><p>We   make <b>anvils</b> for <i>small</i> work&shy;shops &amp; others.</p>
<table><caption>Plans</caption><thead><tr><th>Plan<th>Price</thead><tr><td>Team<td colspan=2>$25</td></tr>
<tr><td>Firm<td>$99</table><ul><li>Team is small<li>Firm is large</ul>
<p>Founded in<sup>1</sup> 1987. Team costs $25.</p><pre>a  b
c</pre><p dir="rtl">שלום עולם</p></body></html>"""


@pytest.mark.parametrize("walk", READABLE_WALKS)
def test_every_run_of_blocks_is_marked_as_it_was_read(walk: str) -> None:
    content = read_page(PAGE.encode(), HTML, URL, walk)
    assert len(content.blocks) > 8
    for one, two in [*pairwise(content.blocks), *((block, block) for block in content.blocks)]:
        shown = show_page(PAGE.encode(), HTML, URL, walk, Marked(start=one.start, end=two.end))
        assert not shown.as_text
        assert bare("".join(marked_in(shown))) == bare(content.text[one.start : two.end])


def test_words_over_elements_and_cells_are_one_quote() -> None:
    shown = shown_at(PAGE, "make anvils for small workshops")
    assert [mark.strip() for mark in marked_in(shown)] == [
        "make",
        "anvils",
        "for",
        "small",
        "work\u00adshops",
    ]
    assert shown.markup.count('id="quote"') == 1
    assert shown.markup.index('id="quote"') == shown.markup.index("<mark") + len("<mark ")
    assert marked_in(shown_at(PAGE, "Team $25")) == ["Team", "$25"]
    assert '<td colspan="2"><mark>$25</mark></td>' in shown_at(PAGE, "Team $25").markup


def test_the_same_words_elsewhere_are_not_marked() -> None:
    for nth, before in enumerate(("<td>", "<li>", "1987. ")):
        markup = shown_at(PAGE, "Team", nth=nth).markup
        assert f'{before}<mark id="quote">Team</mark>' in markup


def test_words_in_the_order_of_the_page_are_all_there() -> None:
    shown = show_page(PAGE.encode(), HTML, URL, "walk-2", None)
    text = LexborHTMLParser(shown.markup).text(deep=True)
    assert bare(text) == bare(read_page(PAGE.encode(), HTML, URL).text)
    assert "color:red" not in shown.markup


ATTACKS = [
    "<script>attack()</script>",
    "<img src=x onerror=attack()>",
    "<svg onload=attack()><script>attack()</script><a xlink:href='javascript:attack()'>click</a></svg>",
    "<a href='javascript:attack()' ping='https://evil.example/'>click</a>",
    "<iframe srcdoc='<script>attack()</script>'></iframe><frame src=https://evil.example/>",
    "<object data=https://evil.example/><embed src=https://evil.example/></object>",
    "<form action=https://evil.example/><input autofocus onfocus=attack()><button formaction=javascript:attack()>Go</button></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'><base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/a.css><style>@import 'https://evil.example/b.css'</style>",
    "<p style=\"background:url('https://evil.example/c.png')\" onclick=attack()>styled</p>",
    "<video src=https://evil.example/v poster=https://evil.example/p><source src=https://evil.example/s></video>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=attack()&gt;'></table></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=attack()>'></noscript>",
    "<template><script>attack()</script></template><xmp><script>attack()</script></xmp>",
    "<mark id=quote>not the quote</mark><p id=quote>nor this</p>",
    "<td colspan='2\" onmouseover=\"attack()'>cell</td><p dir='rtl\" onclick=\"attack()'>turned</p>",
    "&lt;script&gt;attack()&lt;/script&gt;",
    "<plaintext><script>attack()</script>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_the_markup_is_passed_on(attack: str) -> None:
    words = "Acme was founded in 1987"
    page = f"<body><p>Anvils of every size and kind.</p><table><tr><td>{words} by Wile.</td></tr></table>{attack}"
    shown = shown_at(page, words)
    assert marked_in(shown) == [words]
    tree = LexborHTMLParser(f"<body>{shown.markup}")
    for node in tree.css("body *"):
        assert node.tag not in (
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "form",
            "input",
            "a",
            "img",
            "svg",
        )
        assert set(node.attributes) <= {"colspan", "rowspan", "dir", "id"}
        assert "id" not in node.attributes or (node.tag, node.attributes["id"]) == ("mark", "quote")
    assert len(tree.css("#quote")) == 1


def test_plain_text_and_scripts_with_data_are_shown_as_text() -> None:
    body = b"Acme was founded <b>in 1987</b>.\n\nIt makes anvils."
    text = read_page(body, "text/plain", URL).text
    start = text.index("founded")
    shown = show_page(body, "text/plain", URL, "walk-2", Marked(start=start, end=start + 7))
    assert shown.as_text
    assert '<p>Acme was <mark id="quote">founded</mark> &lt;b&gt;in 1987&lt;/b&gt;.</p>' in shown.markup
    page = '<script type="application/ld+json">{"name":"<i>Acme</i>"}</script><p>We make anvils of every size.</p>'
    script = read_page(page.encode(), HTML, URL).structured[0]
    start = script.index("Acme")
    shown = show_page(page.encode(), HTML, URL, "walk-2", Marked(start=start, end=start + 4, script=0))
    assert '&lt;i&gt;<mark id="quote">Acme</mark>&lt;/i&gt;' in shown.markup


def test_words_over_lines_of_plain_text_are_one_quote() -> None:
    shown = show_text("one two\nthree four\nfive", (), Marked(start=4, end=13))
    assert shown.markup == (
        '<p>one <mark id="quote">two</mark></p>\n<p><mark>three</mark> four</p>\n<p>five</p>'
    )


@pytest.mark.parametrize(("start", "end"), [(5, 5), (7, 5), (-3, 5), (0, 10_000), (10_000, 10_001)])
def test_words_that_there_are_not_are_not_marked(start: int, end: int) -> None:
    assert "<mark" not in show_page(PAGE.encode(), HTML, URL, "walk-2", Marked(start=start, end=end)).markup


def test_a_long_page_is_marked_within_what_was_read_of_it() -> None:
    page = "".join(f"<p>{quote('word')} number {n}</p>" for n in range(25_000))
    assert marked_in(shown_at(page, "word number 19999\n".strip())) == ["word number 19999"]


@pytest.mark.parametrize("name", MARKUP)
def test_pages_made_to_hurt_are_marked_no_less_exactly(name: str) -> None:
    page = MARKUP[name].encode()
    try:
        content = read_page(page, HTML, URL)
    except FetchError:
        return  # refused by name
    for block in (content.blocks[0], content.blocks[-1]):
        shown = show_page(page, HTML, URL, "walk-2", Marked(start=block.start, end=block.end))
        assert bare("".join(marked_in(shown))) == bare(content.text[block.start : block.end])
