"""What the walk makes of pages: words, blocks, regions, links, and what it refuses."""

from __future__ import annotations

import time
from datetime import date
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.research.documents.canonical import visible
from leadline.research.documents.walk import read_page
from leadline.research.errors import FetchError, Reason
from leadline.research.model import Block, BlockKind, PageText, Region

URL = "https://acme.test/pricing/"
SITES = Path(__file__).parents[3].parent / "shared" / "sites"


def read(html: str, content_type: str = "text/html; charset=utf-8") -> PageText:
    return read_page(html.encode(), content_type, URL)


def words(page: PageText, block: Block) -> str:
    return page.text[block.start : block.end]


def lines(page: PageText) -> list[tuple[str, str]]:
    return [(block.kind.value, words(page, block)) for block in page.blocks]


class VisibleText(HTMLParser):
    """The words of a page as a plain parser sees them: the yardstick for "stands literally on the page"."""

    BLOCKS = frozenset(
        """p div section article header footer main nav ul ol li dl dt dd table thead tbody tfoot tr td th h1
        h2 h3 h4 h5 h6 pre blockquote br hr figure figcaption details summary address title caption""".split()
    )
    SKIPPED = frozenset("script style head template noscript".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self.SKIPPED:
            self.skipping += 1
        elif tag in self.BLOCKS:
            self.out.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SKIPPED:
            self.skipping = max(0, self.skipping - 1)
        elif tag in self.BLOCKS:
            self.out.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.out.append(data)


def visible_text(html: str) -> str:
    parser = VisibleText()
    parser.feed(html)
    parser.close()
    return " ".join("".join(parser.out).split())


def assert_literal(html: str, page: PageText) -> None:
    seen = letters(visible_text(html))
    for block in page.blocks:
        assert letters(words(page, block)) in seen
    assert letters(page.text) == seen
    for link in page.links:
        if link.start >= 0:
            assert " ".join(page.text[link.start : link.end].split())[:300] == link.text
    for block in page.blocks:
        for cell in block.cells:
            assert block.start <= cell.start <= cell.end <= block.end


# ------------------------------------------------------------------ words


def test_inline_elements_join_without_a_space() -> None:
    page = read("<p>fo<b>o</b> <i>bar</i>\n  baz<span> qux</span></p>")
    assert page.text == "foo bar baz qux"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<span>3,000 credits</span><span>per month</span>", "3,000 credits per month"),
        ("<span>25</span><span>users</span>", "25 users"),
        ("<b>$19</b><a href='/x'>99 seats</a>", "$19 99 seats"),
        ("<span>Ines Maddow</span><span>Chief Executive</span>", "Ines Maddow Chief Executive"),
        ("<span>W</span><span>elcome</span>", "Welcome"),  # letters that are coloured or animated
        ("<span>a</span><span>n</span><span>v</span><span>il</span>", "anvil"),
        ("Lead<b>line</b> un<i>believ</i>able", "Leadline unbelievable"),
        ("<span>$</span><span>25</span><span>.50</span><span>,</span>", "$25.50,"),
        ("1,250<sup>2</sup> people", "1,250² people"),
        ("1,250<sup><a href='#n'>12</a></sup> people", "1,250¹² people"),
        ("the 21<sup>st</sup> of May, 20 m<sup>2</sup>", "the 21st of May, 20 m²"),
        ("ware&shy;houses 1&#8203;250 &#xfeff;w&#8205;e", "warehouses 1250 we"),
        ("\u200fנסגר\u200e ن\u200cم 👩\u200d🔧", "נסגר ن\u200cم 👩\u200d🔧"),
    ],
)
def test_figures_and_words_are_neither_joined_nor_cut_by_what_nobody_sees(markup: str, text: str) -> None:
    assert read(f"<p>{markup}</p>").text == text


def test_text_of_the_first_walk_can_still_be_made() -> None:
    page = """<title>A&shy;B</title><p><span>3,000 credits</span><span>per month</span>, 1,250<sup>2</sup> of 1&#8203;2
        <script type="application/ld+json">{&quot;name&quot;:1}</script>"""
    first = read_page(page.encode(), "text/html", URL, "walk-1")
    assert (first.walk, first.text) == ("walk-1", "3,000 creditsper month, 1,2502 of 1\u200b2")
    assert first.title == "A\u00adB"
    assert first.structured == ("{&quot;name&quot;:1}",)
    second = read(page)
    assert (second.walk, second.text) == ("walk-2", "3,000 credits per month, 1,250² of 12")
    assert second.title == "AB"
    assert second.structured == ('{"name":1}',)


def test_line_break_is_a_newline_inside_one_block() -> None:
    assert lines(read("<p>Acme GmbH<br>Main Street 1<br>\n24103 Kiel</p>")) == [
        ("paragraph", "Acme GmbH\nMain Street 1\n24103 Kiel")
    ]


def test_escaped_characters_and_no_break_spaces_are_read() -> None:
    assert read("<p>R&amp;D &lt;b&gt;&nbsp;10&nbsp;%&nbsp;</p>").text == "R&D <b> 10 %"


def test_scripts_styles_templates_and_comments_are_not_text() -> None:
    html = (
        "<p>a<script>var b='<p>'</script><style>c</style><!-- d -->"
        "<template><p>e</p><template>f</template></template>g</p>"
    )
    assert read(html).text == "ag"


def test_preformatted_text_keeps_its_lines() -> None:
    assert lines(read("<pre>\n  a = 1\n    b = 2\n</pre>")) == [("code", "a = 1\n    b = 2")]


# ------------------------------------------------------------------ headings


def test_heading_path_follows_levels() -> None:
    page = read("<h1>Plans</h1><p>a</p><h2>Team</h2><h3>Price</h3><p>b</p><h2>Business</h2><p>c</p>")
    paths = {words(page, b): b.headings for b in page.blocks if b.kind is BlockKind.PARAGRAPH}
    assert paths == {"a": ("Plans",), "b": ("Plans", "Team", "Price"), "c": ("Plans", "Business")}


def test_card_with_heading_beside_its_price_and_what_follows_the_cards() -> None:
    page = read(
        "<h1>Pricing</h1><div>"
        "<div><div><h3>Personal</h3></div><div>$9</div></div>"
        "<div><h3>Team</h3><div><div>$25</div></div></div>"
        "<div><h3>Business</h3><div>$39</div></div>"
        "</div><p>All prices without tax.</p>"
    )
    paths = {words(page, b): b.headings for b in page.blocks if b.kind is BlockKind.PARAGRAPH}
    assert paths == {
        "$9": ("Pricing", "Personal"),
        "$25": ("Pricing", "Team"),
        "$39": ("Pricing", "Business"),
        "All prices without tax.": ("Pricing",),
    }


def test_summary_heads_its_details_only() -> None:
    page = read("<h2>FAQ</h2><details><summary>Is it free?</summary><p>Yes.</p></details><p>More</p>")
    assert [(b.kind.value, b.headings) for b in page.blocks] == [
        ("heading", ()),
        ("heading", ("FAQ",)),
        ("paragraph", ("FAQ", "Is it free?")),
        ("paragraph", ("FAQ",)),
    ]


def test_role_heading_is_a_heading() -> None:
    page = read('<div role="heading" aria-level="3">Security</div><p>SOC 2</p>')
    assert (page.blocks[0].kind, page.blocks[0].level) == (BlockKind.HEADING, 3)
    assert page.blocks[1].headings == ("Security",)


# ------------------------------------------------------------------ lists, definitions


def test_nested_list_items_know_depth_group_and_introduction() -> None:
    page = read(
        "<p>We ship to:</p><ul><li>Europe<ul><li>France</li><li>Spain</li></ul></li><li>Asia</li></ul>"
    )
    items = [
        (words(page, b), b.level, b.group, b.intro) for b in page.blocks if b.kind is BlockKind.LIST_ITEM
    ]
    assert items == [("Europe", 1, 1, 0), ("France", 2, 2, 1), ("Spain", 2, 2, 1), ("Asia", 1, 1, 0)]


def test_list_item_of_several_blocks_is_one_item() -> None:
    assert lines(read("<ul><li><div>Team</div><div>$25</div> per month</li></ul>")) == [
        ("list_item", "Team\n$25\nper month")
    ]


def test_term_and_its_definitions_are_one_block() -> None:
    page = read(
        "<dl><div><dt>Founded</dt><dd>2012</dd></div><div><dt>Offices</dt><dd>Kiel</dd><dd>Oslo</dd></div></dl>"
    )
    assert lines(page) == [("definition", "Founded\n2012"), ("definition", "Offices\nKiel\nOslo")]
    cells = [(page.text[c.start : c.end], c.is_header) for c in page.blocks[1].cells]
    assert cells == [("Offices", True), ("Kiel", False), ("Oslo", False)]


# ------------------------------------------------------------------ tables


def rows(page: PageText) -> list[list[tuple[str, str]]]:
    return [
        [(cell.header, page.text[cell.start : cell.end]) for cell in block.cells]
        for block in page.blocks
        if block.kind is BlockKind.TABLE_ROW
    ]


def test_cells_know_the_header_of_their_column() -> None:
    page = read(
        "<table><caption>Plans</caption><thead><tr><th>Plan</th><th>Price</th></tr></thead>"
        "<tr><th>Team</th><td>$25</td></tr><tr><th>Business</th><td><p>$39</p></td></tr></table>"
    )
    assert words(page, page.blocks[2]) == "Team $25"
    assert page.blocks[2].caption == "Plans"
    assert rows(page)[1:] == [
        [("Plan", "Team"), ("Price", "$25")],
        [("Plan", "Business"), ("Price", "$39")],
    ]


def test_several_header_rows_are_joined_and_spans_expanded() -> None:
    page = read(
        '<table><tr><th rowspan="2">Region</th><th colspan="2">Price</th></tr>'
        "<tr><th>Month</th><th>Year</th></tr>"
        '<tr><td rowspan="2">EU</td><td>9</td><td>90</td></tr><tr><td>8</td><td>80</td></tr></table>'
    )
    assert rows(page)[2:] == [
        [("Region", "EU"), ("Price Month", "9"), ("Price Year", "90")],
        [("EU Price Month", "8"), ("EU Price Year", "80")],
    ]


def test_first_row_without_th_heads_a_table_of_figures() -> None:
    page = read(
        "<table><tr><td>Plan</td><td>Seats</td><td>Price</td></tr><tr><td>A</td><td>5</td><td>$9</td></tr>"
        "<tr><td>B</td><td>50</td><td>$19</td></tr></table>"
    )
    assert rows(page)[2] == [("Plan", "B"), ("Seats", "50"), ("Price", "$19")]


def test_table_of_labels_and_values_has_no_header_row() -> None:
    page = read("<table><tr><td>Name</td><td>Acme</td></tr><tr><td>Founded</td><td>2012</td></tr></table>")
    assert rows(page) == [[("", "Name"), ("", "Acme")], [("", "Founded"), ("", "2012")]]


def test_table_that_only_arranges_becomes_ordinary_blocks() -> None:
    page = read(
        "<table><tr><td><p>Left</p><table><tr><td>a</td><td>1</td></tr></table></td><td><p>Right</p></td></tr></table>"
    )
    assert lines(page) == [("paragraph", "Left"), ("table_row", "a 1"), ("paragraph", "Right")]


# ------------------------------------------------------------------ regions, links, metadata


def test_regions_by_tag_role_and_name() -> None:
    page = read(
        "<header><p>Logo</p><nav><a href=/a>A</a></nav></header><main><article><header><h1>T</h1></header>"
        "<p>text</p></article></main><div role=complementary>side</div><div id=site-footer>foot</div>"
        "<div hidden>gone</div><p style='display: none'>none</p><p>end</p>"
    )
    assert {words(page, b): b.region for b in page.blocks} == {
        "Logo": Region.HEADER, "A": Region.NAVIGATION, "T": Region.MAIN, "text": Region.MAIN,
        "side": Region.ASIDE, "foot": Region.FOOTER, "gone": Region.HIDDEN, "none": Region.HIDDEN,
        "end": Region.MAIN,
    }  # fmt: skip


def test_page_without_landmarks_is_main_but_for_its_menu() -> None:
    menu = "".join(f"<li><a href=/{n}>{n}</a></li>" for n in ("home", "prices", "about"))
    page = read(f"<ul>{menu}</ul><h1>Acme</h1><p>Text</p><ul>{menu}</ul>")
    assert [b.region for b in page.blocks] == [Region.NAVIGATION] * 3 + [Region.MAIN] * 5


def test_links_are_absolute_and_know_their_words() -> None:
    page = read(
        '<p>See <a href="../about#team">our <b>team</b></a>, <a href="mailto:a@acme.test">mail</a>, '
        '<a href="//cdn.test/x">x</a><a href="javascript:y()">y</a><a href="http://[">z</a></p>'
    )
    assert [(link.url, link.text) for link in page.links] == [
        ("https://acme.test/about", "our team"),
        ("mailto:a@acme.test", "mail"),
        ("https://cdn.test/x", "x"),
    ]
    assert page.text[page.links[0].start : page.links[0].end] == "our team"


def test_link_around_blocks_covers_them() -> None:
    page = read('<a href="/case"><h3>Bank</h3><p>saves 20 %</p></a>')
    (link,) = page.links
    assert page.text[link.start : link.end] == "Bank\nsaves 20 %"


def test_metadata_of_the_page() -> None:
    page = read(
        '<html lang="en-GB"><head><title> Prices –\n Acme </title>'
        '<meta name="description" content="What it costs">'
        '<meta property="og:site_name" content="Acme"><link rel="canonical" href="/pricing">'
        '<noscript><img src="p.gif"></noscript>'
        '<script type="application/ld+json">{"@graph": [{"datePublished": '
        '"2024-03-05T10:00:00Z"}]}</script></head><body><p>Text</p></body></html>'
    )
    assert (page.title, page.description, page.site_name) == ("Prices – Acme", "What it costs", "Acme")
    assert (page.canonical_url, page.language) == ("https://acme.test/pricing", "en")
    assert page.published_on == date(2024, 3, 5)
    assert page.structured == ('{"@graph": [{"datePublished": "2024-03-05T10:00:00Z"}]}',)
    assert page.text == "Text"


def test_broken_structured_data_costs_nothing_but_itself() -> None:
    page = read(
        '<script type="application/ld+json">{oops</script><time datetime="2024-02-30">x</time><p>Text</p>'
    )
    assert (page.published_on, page.text) == (None, "x\nText")


def test_language_of_the_words_gainsays_the_template() -> None:
    german = (
        "Die Preise für das Paket sind nicht in der Tabelle und werden mit dem Kunden einzeln vereinbart. "
    )
    assert read(f'<html lang="en"><p>{german * 6}</p>').language == "de"
    assert read(f'<html lang="de-AT"><p>{german}</p>').language == "de"


# ------------------------------------------------------------------ encodings


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<p>Köln – 5 €</p>".encode(), "text/html; charset=utf-8"),
        ("<p>Köln – 5 €</p>".encode(), "text/html; charset=iso-8859-1"),
        ("<p>Köln – 5 €</p>".encode("cp1252"), "text/html"),
        ("<p>Köln – 5 €</p>".encode("cp1252"), "text/html; charset=windows-1252"),
        ('<meta charset="iso-8859-15"><p>Köln - 5 €</p>'.encode("iso-8859-15"), "text/html"),
        ("<p>Köln – 5 €</p>".encode("utf-16"), "text/html"),
        ("<p>Köln – 5 €</p>".encode(), "text/html; charset=no-such-thing"),
    ],
)
def test_encoding_is_found(body: bytes, content_type: str) -> None:
    assert read_page(body, content_type, URL).text.replace("–", "-") == "Köln - 5 €"


def test_a_few_broken_bytes_are_replaced() -> None:
    body = "<p>Köln, München, Düsseldorf</p>".encode() + b"<p>\xff\xfe broken</p>" + "<p>Füße</p>".encode()
    page = read_page(body, "text/html; charset=utf-8", URL)
    assert "Köln" in page.text
    assert "Füße" in page.text


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n....", "text/html", Reason.NOT_TEXT),
        (b"GIF89a", "image/gif", Reason.NOT_TEXT),
        (b"PK\x03\x04abc", "application/octet-stream", Reason.NOT_TEXT),
        (b"body {}", "application/zip", Reason.NOT_TEXT),
        (bytes(range(32)) * 50, "text/html", Reason.UNDECODABLE),
        (b"", "text/html", Reason.EMPTY),
        (b" \n ", "text/html", Reason.EMPTY),
        (b"<html><body><img src=x></body></html>", "text/html", Reason.EMPTY),
        (b"%PDF-1.7 broken", "application/pdf", Reason.UNDECODABLE),
        (b'<div id="root"></div><script src="/a.js"></script>', "text/html", Reason.NEEDS_SCRIPT),
        (
            b"<noscript>You need to enable JavaScript.</noscript><p>Loading</p><script>x</script>",
            "text/html",
            Reason.NEEDS_SCRIPT,
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    body: bytes, content_type: str, reason: Reason
) -> None:
    with pytest.raises(FetchError) as caught:
        read_page(body, content_type, URL)
    assert caught.value.reason is reason


def test_short_page_with_scripts_is_a_page() -> None:
    assert (
        read("<h1>Acme</h1><p>We make anvils.</p><script src=a.js></script>").text == "Acme\nWe make anvils."
    )


def test_plain_text_is_read_by_paragraph() -> None:
    page = read_page(b"One\ntwo <b>\n\n\nThree", "text/plain", URL)
    assert lines(page) == [("paragraph", "One\ntwo <b>"), ("paragraph", "Three")]


# ------------------------------------------------------------------ hostile pages


@pytest.mark.parametrize(
    "unit", ["<div>", "<ul><li>", "<b>", "<table><tr><td>", "<section><p>", "<span>", "<dl><dd>"]
)
def test_bottomless_nesting_is_read_in_bounded_time(unit: str) -> None:
    started = time.process_time()
    page = read(f"<h1>Top</h1>{unit * 100_000}bottom")
    assert page.text.startswith("Top")
    assert "bottom" in page.text
    assert time.process_time() - started < 20


def test_unclosed_formatting_does_not_multiply() -> None:
    started = time.process_time()
    page = read("".join(f"<p><b id=x{n}>word {n}" for n in range(20_000)))
    assert page.text.count("word") == 20_000
    assert time.process_time() - started < 20


def test_ten_megabytes_are_read() -> None:
    html = "<h1>List</h1><ul>" + "<li>One <b>item</b> of many, with some words</li>" * 200_000 + "</ul>"
    page = read(html)
    assert 1000 < len(page.blocks) <= 50_001


# ------------------------------------------------------------------ the promise: every quote is on the page

inline_words = st.text(alphabet="ab1$ \n\té<&\u00a0", min_size=0, max_size=8).map(escape)
inline = st.recursive(
    inline_words,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["b", "i", "span", "code"]), inner).map(
            lambda t: f"<{t[0]}>{t[1]}</{t[0]}>"
        ),
        inner.map(lambda x: f'<a href="/x">{x}</a>' if "<a" not in x else x),
        st.lists(inner, min_size=2, max_size=3).map("<br>".join),
    ),
    max_leaves=4,
)


def wrap(tag: str) -> st.SearchStrategy[str]:
    return inline.map(lambda x: f"<{tag}>{x}</{tag}>")


row = st.lists(st.sampled_from(["td", "th"]).flatmap(wrap), min_size=1, max_size=3).map(
    lambda c: f"<tr>{''.join(c)}</tr>"
)
leaf = st.one_of(
    st.sampled_from(["p", "h1", "h2", "h3", "pre", "address"]).flatmap(wrap),
    inline,
    st.lists(row, min_size=1, max_size=3).map(lambda r: f"<table><tbody>{''.join(r)}</tbody></table>"),
    st.lists(st.sampled_from(["dt", "dd"]).flatmap(wrap), max_size=4).map(lambda d: f"<dl>{''.join(d)}</dl>"),
    st.just("<script>var a = '<p>'</script>"),
)
html_tree = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from(
                ["div", "section", "main", "nav", "footer", "aside", "blockquote", "article", "div hidden"]
            ),
            st.lists(inner, max_size=3),
        ).map(lambda t: f"<{t[0]}>{''.join(t[1])}</{t[0].split()[0]}>"),
        st.lists(inner, max_size=3).map(
            lambda items: "<ul>" + "".join(f"<li>{x}</li>" for x in items) + "</ul>"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None)
@given(st.lists(html_tree, min_size=1, max_size=4).map("".join))
def test_every_block_stands_literally_on_the_page(body: str) -> None:
    html = f"<!DOCTYPE html><html><head><title>t</title></head><body><p>x</p>{body}</body></html>"
    assert_literal(html, read(html))


@settings(max_examples=120, deadline=None)
@given(st.text(alphabet='<>/"=&; abdivpult!-', max_size=60))
def test_any_markup_is_read_or_refused(markup: str) -> None:
    try:
        page = read(markup)
    except FetchError:
        return
    assert all(0 <= b.start < b.end <= len(page.text) for b in page.blocks)


def letters(text: str) -> str:
    """What is seen of a text, whatever stands between its words and however high its digits."""
    return "".join(visible(text).split()).translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))


@pytest.mark.skipif(not SITES.is_dir(), reason="the sites of ../shared are not here")
def test_every_block_of_real_pages_stands_on_them() -> None:
    blocks = 0
    for file in sorted(SITES.rglob("*.html")):
        html = file.read_text(encoding="utf-8")
        page = read(html)
        seen = letters(visible_text(html))
        for block in page.blocks:
            assert letters(words(page, block)) in seen, file
            blocks += 1
    assert blocks > 10_000
