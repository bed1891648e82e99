"""Short texts, yes and no, lists and addresses, read off invented fragments of many industries."""

from __future__ import annotations

import pytest
from tests.research.readers.test_extractive import ask


@pytest.mark.parametrize(
    ("body", "text", "part"),
    [
        ("<p>Our stock control runs on Larder, which we adopted last spring.</p><p>We bake in stone ovens.</p>",
         "What software does Kornmann use for stock control?", "Larder"),
        ("<p>In 2024 our priority is opening a second mill.</p><p>We bake rye.</p>",
         "What did Kornmann concentrate on in 2024?", "second mill"),
        ("<p>Commercial register: Hull Court, HRB 4471</p><p>We bake rye.</p>",
         "Under which number is Kornmann entered in the register?", "HRB 4471"),
        ("<p>The recipe book is published under the MIT licence.</p><p>Other books stand under free licences.</p>",
         "Under which licence is the recipe book published?", "MIT"),
        ("<p>The financial year of the bakery runs from 1 May to 30 April.</p>",
         "When does the bakery's fiscal year end?", "1 May"),
    ],
)  # fmt: skip
def test_a_sentence_that_says_it_in_other_words_answers(body: str, text: str, part: str) -> None:
    value = ask(text, "open_text", body).value
    assert value is not None
    assert part in value


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>The flour catalogue lists flour.</p>", "Which flour catalogue does Kornmann use?"),
        ("<p>Recipes are published under free licences.</p>", "Under which licence are the recipes published?"),
        ("<p>Our stock control runs on Larder.</p>", "What software does Tidewell use for stock control?"),
        ("<p>We bake rye bread in Hull.</p>", "Which payroll software does Kornmann use?"),
    ],
)  # fmt: skip
def test_a_sentence_that_does_not_say_it_is_passed_over(body: str, text: str) -> None:
    assert ask(text, "open_text", body).value is None


@pytest.mark.parametrize(
    ("body", "text", "kind", "reasoning"),
    [
        ("<p>We run 64 shops in the north.</p>", "How many shops does Kornmann run?", "number",
         "Stated in a sentence on the page “kornmann.example”."),
        ("<dl><dt>VAT number</dt><dd>GB 123 4567 89</dd></dl>", "What is the VAT number?", "open_text",
         "Stated beside “VAT number” on the page “kornmann.example”."),
        ("<table><tr><th>Box</th><th>Weekday price</th></tr><tr><td>Rye box</td><td>$9</td></tr><tr><td>Wheat box</td><td>$15</td></tr></table>",
         "What does the wheat box cost?", "currency",
         "The table on the page “kornmann.example” gives it in the row “Wheat box” for “Weekday price”."),
        ("<p>We do not ship frozen dough.</p>", "Does Kornmann ship frozen dough?", "boolean",
         "A sentence on the page “kornmann.example” denies it."),
    ],
)  # fmt: skip
def test_the_reader_tells_where_the_answer_stands(body: str, text: str, kind: str, reasoning: str) -> None:
    assert ask(text, kind, body).reasoning == reasoning


@pytest.mark.parametrize(
    ("body", "text", "value"),
    [
        ("<h2>Team</h2><h3>Ann Lee</h3><p>Baker & Co-founder</p><h3>Max Orr</h3><p>Miller & Co-founder</p><h3>Ida Voss</h3><p>Driver</p>",
         "Who are the founders of Kornmann?", ["Ann Lee", "Max Orr"]),
        ("<h1>Dealers for our bread</h1><h2>France</h2><ul><li>Moulin Bleu</li><li>Pain Fin</li></ul><h2>Norway</h2><ul><li>Brod AS</li><li>Kjeks AS</li></ul>",
         "Which resellers sell Kornmann bread in France?", ["Moulin Bleu", "Pain Fin"]),
        ("<p>We have shops in Hull, Leeds and York.</p>", "In which towns does Kornmann have shops?", ["Hull", "Leeds", "York"]),
        ("<p>Managing directors: Ann Lee, Max Orr</p>", "Who are the managing directors of Kornmann GmbH?", ["Ann Lee", "Max Orr"]),
        ("<p>The board of the guild is elected by Baking, Milling and Delivery.</p>", "Who sits on Kornmann's board?", None),
        ("<p>Ann Lee, our co-founder and baker, opened shops in Hull and Leeds.</p>", "Who are the founders of Kornmann?", None),
    ],
)  # fmt: skip
def test_lists_are_read_in_other_words(body: str, text: str, value: list[str] | None) -> None:
    assert ask(text, "list", body).value == value


@pytest.mark.parametrize(
    ("body", "text", "value"),
    [
        ('<p><a href="https://store.kornmann.example/">Store</a> <a href="https://kornmann.example/jobs">Jobs</a></p>',
         "Where can I order bread online? Give the shop's address.", "https://store.kornmann.example/"),
        ('<h1>Ann Lee, head baker</h1><p>My personal site is <a href="https://annlee.example">annlee.example</a>.</p>',
         "What is the head baker's personal website?", "https://annlee.example"),
        ('<p><a href="https://kornmann.example/recipes">Recipes</a></p>', "Where can I find Kornmann's allergy leaflet?", None),
        ('<p>Our <a href="https://partner.example/terms">partner\'s terms</a> apply.</p>', "Where are the delivery terms of Kornmann?", None),
    ],
)  # fmt: skip
def test_addresses_are_found_by_what_is_said_of_them(body: str, text: str, value: str | None) -> None:
    assert ask(text, "url", body).value == value


@pytest.mark.parametrize(
    ("body", "text", "value"),
    [
        ("<p>I (Ann Lee) am the CEO of Kornmann.</p>", "Who is the CEO of Kornmann?", "Ann Lee"),
        ("<h1>Contact</h1><p>2nd floor<br>7 Mill Lane<br>Leeds<br>LS1 4AP United Kingdom</p><p>4 Quay Street<br>Hull<br>HU1 2AA United Kingdom</p>",
         "What is the Leeds office address of Kornmann?", "2nd floor, 7 Mill Lane, Leeds, LS1 4AP United Kingdom"),
        ("<h1>Contact</h1><p>4 Quay Street<br>Hull<br>HU1 2AA United Kingdom</p>", "What is the Leeds office address of Kornmann?", None),
    ],
)  # fmt: skip
def test_people_and_addresses_are_read(body: str, text: str, value: str | None) -> None:
    assert ask(text, "open_text", body).value == value
