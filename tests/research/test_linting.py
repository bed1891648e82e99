"""Questions are looked at before they are asked."""

from __future__ import annotations

import pytest

from leadline.research.linting import Fault, likeness, lint

# None of these stands in the files that the weights were learned from.
FAULTY = [
    ("give me the scoop on this firm", Fault.VAGUE),
    ("are they a good company", Fault.VAGUE),
    ("will they be bought by somebody next year", Fault.UNANSWERABLE),
    ("how much do they pay their CRM supplier", Fault.UNANSWERABLE),
    ("who is the CTO and when did they join", Fault.DOUBLE),
    ("What is the price of the Pro plan and how many users does it include?", Fault.DOUBLE),
    ("Wo ist der Firmensitz und wer leitet die Firma?", Fault.DOUBLE),
]
CLEAR = [
    "Do they offer phone and chat support?",
    "What is the notice period for the Business plan?",
    "Which countries can orders be shipped to?",
    "hq?",
    "Welche Zahlungsarten werden angenommen?",
]


TYPED = [
    ("How many warehouses do they run?", "number"),
    ("Do they sell to schools?", "boolean"),
    ("Is there a loyalty programme?", "boolean"),
    ("How much does the Pro plan cost per month?", "currency"),
    ("What percentage of staff works remotely?", "percentage"),
    ("What is the URL of the careers page?", "url"),
    ("List the countries they ship to", "list"),
]


def test_most_faults_are_named_and_none_for_another() -> None:
    named = [(lint(question, "open_text").hints[:1], fault) for question, fault in FAULTY]
    assert all(hints[0].fault is fault and hints[0].message for hints, fault in named if hints)
    assert sum(bool(hints) for hints, _ in named) >= len(FAULTY) - 1


@pytest.mark.parametrize("question", CLEAR)
def test_clear_question_has_no_fault(question: str) -> None:
    assert not {hint.fault for hint in lint(question).hints} & {Fault.VAGUE, Fault.DOUBLE, Fault.UNANSWERABLE}


def test_types_are_guessed_rightly_or_not_at_all() -> None:
    guesses = [(lint(question).answer_type, kind) for question, kind in TYPED]
    assert all(guess in (None, kind) for guess, kind in guesses)
    assert sum(guess is not None for guess, _ in guesses) >= len(TYPED) // 2


def test_type_that_does_not_fit_is_doubted_and_a_missing_one_named() -> None:
    question = "How many warehouses do they run?"
    assert [hint.fault for hint in lint(question).hints] == [Fault.UNTYPED]
    assert [hint.fault for hint in lint(question, "url").hints] == [Fault.WRONG_TYPE]
    assert lint(question, "number").hints == ()


def test_schema_is_never_doubted() -> None:
    assert lint("How many warehouses do they run?", "json_schema").hints == ()


def test_field_of_the_profile_is_named() -> None:
    assert lint("wie viele Mitarbeiter haben sie").field == "employee_count"


def test_likeness_is_that_of_the_words() -> None:
    assert likeness("Do they have SOC 2?", "do they have SOC-2") == pytest.approx(1)
    assert likeness("Do they have SOC 2?", "cheapest plan") < 0.1
