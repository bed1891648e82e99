"""Do the cited words bear a claimed value out?"""

from __future__ import annotations

from typing import Any

import pytest
from tests.research.library import ACME, NOW, page

from leadline.research.documents.units import passages
from leadline.research.model import Claim, Derivation, Draft, Evidence, Question, Subject, Verification
from leadline.research.steps.verify import verify


def checked(
    html: str, quote: str, text: str, answer_type: str, value: Any, *, basis: Derivation = Derivation.STATED
) -> Verification:
    """``value`` as the answer to ``text``, citing every line that holds a part of ``quote`` (parts by "|")."""
    evidence = Evidence(pages=(page("https://acme.com/a", html),))
    shown = passages(evidence)
    numbers = tuple(
        u.number for p in shown for u in p.units if any(part in u.text for part in quote.split("|"))
    )
    assert numbers
    question = Question(subject=Subject(company=ACME), text=text, answer_type=answer_type, asked_at=NOW)
    claim = Claim(path="", value=value, citations=numbers, derivation=basis)
    return verify(question, Draft(reader="test", value=value, claims=(claim,)), shown, evidence)


CERTIFIED = "<h2>We are ISO 9001 certified</h2><p>The audit ends in 2027.</p>"


@pytest.mark.parametrize("quote", ["ISO 9001", "The audit"])
def test_a_heading_states_nothing(quote: str) -> None:
    verification = checked(CERTIFIED, quote, "Is Acme ISO 9001 certified?", "boolean", True)
    assert not verification.supported
    assert verification.open


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("Single sign-on is disabled.", "Does Acme have single sign-on?"),
        ("Only resellers offer phone support.", "Does Acme offer phone support?"),
        ("Phone support is planned.", "Does Acme offer phone support?"),
        ("We do not offer phone support.", "Does Acme offer phone support?"),
    ],
)
def test_what_is_limited_or_denied_is_no_yes(line: str, asked: str) -> None:
    verification = checked(f"<p>{line}</p>", line, asked, "boolean", True)
    assert not verification.supported
    assert verification.open


def test_a_plain_yes_needs_no_second_look() -> None:
    line = "We offer phone support to everybody."
    assert checked(f"<p>{line}</p>", line, "Does Acme offer phone support?", "boolean", True).supported


def test_words_of_the_question_need_not_stand_in_the_line() -> None:
    line = "Signed up by card at our counter."
    text = "How do customers of Acme pay?"
    assert checked(f"<p>{line}</p>", line, text, "open_text", "customers pay by card").supported
    assert not checked(f"<p>{line}</p>", line, text, "open_text", "customers pay by invoice").supported


def test_a_denial_counts_in_a_text() -> None:
    line = "We do not use Salesforce."
    verification = checked(f"<p>{line}</p>", line, "Which CRM does Acme use?", "open_text", "Salesforce")
    assert not verification.supported
    assert verification.open


SITES = "<p>Berlin: 40 people.</p><p>Leeds: 10 people.</p><p>Founded in 2006.</p>"


@pytest.mark.parametrize(
    ("quote", "value", "bears_out"),
    [
        ("Berlin|Leeds", 50, True),
        ("Berlin|Leeds", 30, True),
        ("Berlin|Leeds", 4, True),
        ("Berlin|Leeds", 400, True),  # per cent
        ("Founded", 20, True),
        ("Berlin|Leeds", 51, False),
        ("Founded", 21, False),
    ],
)
def test_a_computed_figure_is_computed_from_the_cited_ones(quote: str, value: int, bears_out: bool) -> None:
    verification = checked(SITES, quote, "What is it?", "number", value, basis=Derivation.DERIVED)
    assert verification.supported is bears_out


def test_a_stated_figure_is_not_computed() -> None:
    assert not checked(SITES, "Berlin|Leeds", "What is it?", "number", 30).supported


@pytest.mark.parametrize(
    ("line", "asked", "kind", "value", "is_open"),
    [
        (
            "The plan for teams.",
            "What does the plan cost?",
            "currency",
            {"value": 9, "currency": "EUR"},
            False,
        ),
        ("Most orders ship on time.", "Which share ships on time?", "percentage", 97, False),
        ("Cold storage in Kiel.", "What year did they open?", "number", 1999, False),
        ("Kiel, Leeds and Rouen", "How many depots have they?", "number", 3, True),  # may be counted
        ("The plan costs 9.", "What does the plan cost?", "currency", {"value": 9, "currency": "EUR"}, True),
        ("Le forfait coûte ٩ دينار", "What does it cost?", "currency", {"value": 9, "currency": "JOD"}, True),
        (
            "The plan costs nine crowns.",
            "What does it cost?",
            "currency",
            {"value": 9, "currency": "SEK"},
            True,
        ),
    ],
)
def test_words_without_any_figure_need_no_second_look(
    line: str, asked: str, kind: str, value: Any, is_open: bool
) -> None:
    """A model that says yes would be wrong, and each look is a call more."""
    verification = checked(f"<p>{line}</p>", line, asked, kind, value)
    assert not verification.supported
    assert verification.open is is_open


def test_a_member_of_an_object_without_any_figure_needs_none_either() -> None:
    html = "<p>The plan for teams.</p><p>The plan costs 8 euros.</p>"
    evidence = Evidence(pages=(page("https://acme.com/a", html),))
    shown = passages(evidence)
    lines = {u.text: u.number for p in shown for u in p.units}
    question = Question(
        subject=Subject(company=ACME),
        text="What do the plans cost?",
        answer_type="json_schema",
        output_schema={"type": "object", "properties": {"teams": {"type": "number"}}},
    )

    def of_line(words: str) -> Verification:
        claim = Claim(path="/teams", value=9, citations=(lines[words],))
        return verify(question, Draft(reader="test", value={"teams": 9}, claims=(claim,)), shown, evidence)

    assert not of_line("The plan for teams.").open
    assert of_line("The plan costs 8 euros.").open  # may be another member's, and the line cited for both


def test_invented_citations_have_no_second_look() -> None:
    evidence = Evidence(pages=(page("https://acme.com/a", "<p>We are 5.</p>"),))
    question = Question(subject=Subject(company=ACME), text="How many?", answer_type="number")
    claim = Claim(path="", value=5, citations=(99,))
    verification = verify(
        question, Draft(reader="test", value=5, claims=(claim,)), passages(evidence), evidence
    )
    assert not verification.supported
    assert not verification.open
