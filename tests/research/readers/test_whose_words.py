"""Whose words a figure or a yes stands in: the company's own and of now, or somebody else's and of before."""

from __future__ import annotations

from typing import Any

import pytest
from tests.research.library import ACME, NOW, page

from leadline.research.model import Evidence, Question, Subject
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import take_apart
from leadline.research.readers.extractive.assertions import polarity
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.steps.rank import rank
from leadline.research.values.money import find_money
from leadline.research.values.polarity import denials


def question(text: str, answer_type: str = "boolean") -> Question:
    return Question(subject=Subject(company=ACME), text=text, answer_type=answer_type, asked_at=NOW)


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("Our flour comes from Stoneford Mill, which is certified organic.", True),
        ("Pensions are run by Nestwell, trusted by 11,000 employers.", True),
        ("Our supplier Tankbau employs 900 people.", True),
        ("Unser Hoster Nordrack ist zertifiziert.", True),
        ("Our team employs 900 people.", False),
        ("Acme, which employs 900 people, makes drills.", False),
    ],
)
def test_words_on_somebody_else_are_known_as_such(words: str, *, others: bool) -> None:
    asking = take_apart(question("How many people do they employ?", "number"))
    assert gates.of_another(asking, words, len(words)) is others


def test_what_stands_in_a_quotation_somebody_says_of_himself() -> None:
    words = "A pharmacist told us: “Our old system cost £140 a month and nobody used it.” We were moved."
    assert gates.quoted(words, words.index("140"))
    assert not gates.quoted(words, words.index("moved"))


@pytest.mark.parametrize(
    ("asked", "words", "expected"),
    [
        (
            "Do they offer EV certificates?",
            "We do not offer EV certificates because we cannot automate them.",
            False,
        ),
        (
            "Can it run without internet, in an air-gapped network?",
            "It can run in air-gapped networks.",
            True,
        ),
        ("Can it be used without an account?", "It can be used with an account.", None),
        ("Do they offer invoices?", "Coming soon: invoices", None),
        (
            "Y a-t-il un bureau à Turin ?",
            "À Turin, un revendeur répond ; nous n'y avons pas de bureau.",
            False,
        ),
    ],
)
def test_what_a_sentence_says_of_a_question(asked: str, words: str, expected: bool | None) -> None:
    assert polarity(take_apart(question(asked)), words) is expected


def test_french_denials_and_amounts() -> None:
    assert denials("Nous n'y avons pas de bureau.")
    assert denials("Elle n’est pas certifiée.")
    assert [(m.value, m.currency) for m in find_money("27 millions d'euros", "fr")] == [(27_000_000, "EUR")]


def read(body: str, text: str, answer_type: str) -> Any:
    evidence = Evidence(pages=(page("https://acme.com/about", body),))
    asked = question(text, answer_type)
    return ExtractiveReader().answer(asked, rank(asked, evidence, 40), evidence)


def test_a_figure_that_others_have_too_is_not_given_by_its_words_alone() -> None:
    draft = read(
        "<h1>About</h1><p>Some 450 customers came to the seminar in spring.</p>",
        "number of customers",
        "number",
    )
    assert draft.value is None
    assert "not plainly of the company itself" in draft.reasoning


def test_what_a_question_names_must_be_spoken_of() -> None:
    body = "<h1>Prices</h1><h2>Stream</h2><p>Stream costs $40 a month.</p><p>Ask us about River.</p>"
    draft = read(body, "What does Stream cost per month?", "currency")
    assert draft.value == {"value": 40, "currency": "USD"}
    draft = read(body, "What does River cost per month?", "currency")
    assert draft.value is None


def test_the_year_of_rights_is_no_year_of_anything_else() -> None:
    body = (
        "<h1>Acme makes locks</h1><p>For doors and gates, founded in trust.</p><footer>© 2026 Acme.</footer>"
    )
    assert read(body, "In which year was Acme founded?", "number").value is None
