"""Questions that name a place, a plan, a department or a product: answered of just this one, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from tests.research.profile.test_profile import COMPANY, page

from leadline.research.model import Evidence, Question, Subject
from leadline.research.profile.answering import answer
from leadline.research.profile.meaning import meant

CONTACT = (
    "<h1>Contact</h1><p>Brussels: Rue du Marteau 91, 1000 Brussels, telephone +32 2 555 01 66.</p><h2>Lund</h2><p>Storgatan 4, 22100 Lund</p><p>+46 46 555 0101</p>"
    "<h2>Norrwerk Ltd</h2><p>Floor 5<br>3 Quay Street<br>Bristol<br>BS1 9ZZ</p><p>Phone number: +44 117 555 0190</p>"
    "<h2>Leipzig</h2><p>Spinnereistraße 7, 04179 Leipzig</p><p>0341 5550 122</p>"
)
PRICES = "<h1>Pricing</h1><h2>Crew</h2><p>€12 per month</p><h2>Fleet</h2><p>€40 per month</p><p>For Bergpump's drills too.</p>"
TEAM = (
    "<h1>Team</h1><ul><li>Ada Quist – Head of Marketing and Communications</li><li>Per Holm, Leiter Vertrieb</li>"
    "<li>Ida Roth, Head of Sales until 2020</li></ul>"
)
PAGES = (
    page("/", "<p>Norrwerk makes drills for deep wells.</p><p>We use the Lunaboard.</p>"),
    page("/contact", CONTACT),
    page("/pricing", PRICES),
    page("/team", TEAM),
    page("/about", "<h1>About</h1><p>We are a team of 73 employees.</p>"),
)


def told(text: str, kind: str = "open_text") -> Any:
    question = Question(subject=Subject(company=COMPANY), text=text, answer_type=kind)
    found = answer(question, Evidence(pages=PAGES))
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("phone Leipzig", "0341 5550 122"),
        ("telefon lund", "+46 46 555 0101"),
        ("How do I call the Brussels office?", "+32 2 555 01 66"),
        ("address of the Leipzig office", "Spinnereistraße 7, 04179 Leipzig"),
        ("Brussels office address", "Rue du Marteau 91, 1000 Brussels"),
        ("phone of the Bristol office", "+44 117 555 0190"),
        ("Bristol office address", "Floor 5, 3 Quay Street, Bristol, BS1 9ZZ"),
        ("phone Hamburg", None),  # a place of which no page tells
        ("address of the Toronto office", None),
        ("head of marketing", "Ada Quist"),
        ("wer leitet den vertrieb", "Per Holm"),
        ("head of finance", None),
    ],
)
def test_places_and_departments(text: str, expected: str | None) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How much is the Fleet plan per month?", 40),
        ("price of Crew", 12),
        ("was kostet der Fleet Tarif im Monat", 40),
        ("How much is the Fleet plan per year?", None),
        ("What does the Fleet plan of Lunaboard cost?", None),  # a product of which the prices do not tell
    ],
)
def test_what_a_named_plan_costs(text: str, expected: int | None) -> None:
    found = told(text, "currency")
    assert (found and found["value"]) == expected


def test_the_price_of_a_product_with_a_page_of_its_own_stands_there() -> None:
    pages = (*PAGES, page("/deep-well", "<h1>Deep Well</h1><p>Ask us for the price of Crew.</p>"))
    asked = "What does the Crew plan of Norrwerk Deep Well cost per month?"
    question = Question(subject=Subject(company=COMPANY), text=asked, answer_type="currency")
    assert answer(question, Evidence(pages=pages)) is None


def test_how_much_more_one_plan_costs_than_another_is_no_plans_price() -> None:
    assert told("How much more does the Fleet plan cost than Crew per month?", "currency") is None


def test_a_field_is_not_told_of_something_that_its_words_do_not_name() -> None:
    assert told("how many employees", "number") == 73
    assert told("how many employees at lunaboard", "number") is None


def test_a_title_asks_for_who_has_just_this_one() -> None:
    question = Question(
        subject=Subject(company=COMPANY), text="Who is the chief technology officer?", answer_type="open_text"
    )
    found = meant(question)
    assert found is not None
    assert found.field == "cto"


@pytest.mark.parametrize("text", ["legal name", "support mail"])
def test_the_name_of_a_department_asks_for_no_head(text: str) -> None:
    found = meant(Question(subject=Subject(company=COMPANY), text=text, answer_type="open_text"))
    assert found is not None
    assert not found.field.startswith("head_of_")
