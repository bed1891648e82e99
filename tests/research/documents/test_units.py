"""Sentences, citable units and passages."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.research.documents.pages import evidence, page

from leadline.research.documents.units import page_units, passages, split_sentences
from leadline.research.model import BlockKind


def sentences(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["We raised $13.5 m. in 2021.", "It was led by J. R. Smith of Acme Inc. and others."]),
        ("en", ["Is it free?", "Yes!", 'He said "no."', "Then (see below.)", "End"]),
        ("en", ["See https://acme.com/a.html for more.", "Use e.g. Python 3.11 or v2.0."]),
        ("en", ["We are Acme Inc.", "Our office is in the U.S. and open from 9 a.m. to 5 p.m. daily."]),
        ("en", ["One.", "2 plans exist.", "(Three of them...) more"]),
        ("en", ["Dr. Who lives at No. 5 St. James St. in London.", "Fin."]),
        (
            "de",
            ["Die GmbH wurde am 3. Mai 2012 gegründet.", "Das sind ca. 1.299,00 Euro, d.h. viel, z.B. mehr."],
        ),
        ("fr", ["M. Dupont est là.", "Il y a env. 30 personnes."]),
        ("ja", ["これは文です。", "これも文です。"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(language: str, expected: list[str]) -> None:
    text = ("" if language == "ja" else " ").join(expected)
    assert sentences(text, language) == expected


def test_newline_always_ends_a_sentence() -> None:
    assert sentences("Acme GmbH\nMain Street 1\n24103 Kiel") == ["Acme GmbH", "Main Street 1", "24103 Kiel"]


@given(st.text(max_size=200))
def test_sentences_cover_all_words_in_order(text: str) -> None:
    spans = split_sentences(text)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(a < b for a, b in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_units_are_the_words_of_the_page_at_their_offsets() -> None:
    read = page(
        "<h1>Plans</h1><p>One. Two.</p><ul><li>Item one. Still.</li></ul>"
        "<table><tr><td>a</td><td>b</td></tr></table>"
        "<dl><dt>Term</dt><dd>Meaning.</dd></dl>"
    )
    units = page_units(0, read, 1)
    assert [u.text for u in units] == ["Plans", "One.", "Two.", "Item one. Still.", "a b", "Term\nMeaning."]
    assert [u.number for u in units] == [1, 2, 3, 4, 5, 6]
    assert all(read.words(u.start, u.end) == u.text for u in units)


def test_long_list_item_is_cited_by_the_sentence() -> None:
    read = page(f"<ul><li>{'A sentence of some seven words stands here. ' * 12}</li></ul>")
    assert len(page_units(0, read, 1)) == 12


def test_card_is_one_passage_with_its_heading() -> None:
    found = passages(
        evidence(pricing="<h1>Pricing</h1><div><h2>Pro</h2><div>$25</div><div>Per User/Month</div></div>")
    )
    assert [[u.text for u in p.units] for p in found] == [["Pricing", "Pro", "$25", "Per User/Month"]]


def test_sections_of_some_length_are_passages_of_their_own() -> None:
    text = " ".join(["word"] * 50)
    found = passages(evidence(a=f"<h1>T</h1><h2>A</h2><p>{text}</p><h2>B</h2><p>{text}</p>"))
    assert [p.headings for p in found] == [("T", "A"), ("T", "B")]


def test_long_text_is_cut_into_passages_of_bounded_length() -> None:
    paragraphs = "".join(f"<p>{' '.join(['word'] * 45)}.</p>" for _ in range(10))
    found = passages(evidence(a=f"<h1>T</h1>{paragraphs}"))
    assert len(found) > 3
    assert all(sum(u.text.count(" ") + 1 for u in p.units) <= 140 for p in found)


def test_list_and_table_bring_what_introduces_and_heads_them() -> None:
    rows = "".join(
        f"<tr><td>Plan {n}</td><td>{n} $ and some further words about this plan</td></tr>" for n in range(30)
    )
    found = passages(
        evidence(a=f"<p>Prices by plan:</p><table><tr><th>Plan</th><th>Price</th></tr>{rows}</table>")
    )
    last = found[-1]
    assert last.kind is BlockKind.TABLE_ROW
    assert last.context == "Prices by plan:\nPlan | Price"


def test_words_repeated_on_every_page_are_read_once() -> None:
    foot = "<footer><p>Acme GmbH, Main Street 1, Kiel</p></footer>"
    found = passages(evidence(**{f"page{n}": f"<h1>Page {n}</h1><p>Text {n}</p>{foot}" for n in range(6)}))
    assert [p.page for p in found if "Kiel" in p.units[0].text] == [0]


def test_numbers_run_through_all_passages() -> None:
    found = passages(evidence(a="<p>One. Two.</p>", b="<p>Three.</p>"))
    assert [u.number for p in found for u in p.units] == [1, 2, 3]
