"""Everyday questions: which field they mean, and what the profile answers, verified."""

from __future__ import annotations

from typing import Any

import pytest
from tests.research.profile.test_profile import COMPANY, page

from leadline.research.model import Evidence, Outcome, Question, Subject
from leadline.research.profile.mapper import guess
from leadline.research.profile.meaning import meant
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.steps.rank import rank
from leadline.research.steps.settle import settle
from leadline.research.steps.verify import verify

PAGES = (
    page("/", "<p>Norrwerk makes drills for deep wells in hard rock.</p><footer><a href='/privacy'>Privacy</a> <a href='/blog'>Blog</a></footer>"),
    page("/about", "<h1>About</h1><p>Norrwerk was founded in 1998.</p><p>We are a team of 73 employees.</p>"),
    page("/team", "<h1>Team</h1><h2>Ada Quist</h2><p>Managing Director</p><h2>Per Holm</h2><p>CTO</p>"
         "<h2>Ida Roth</h2><p>Finance Director</p><h2>Jon Beck</h2><p>Technical Director</p>"),
    page("/careers", '<h1>Jobs</h1><p>We have 3 open positions.</p><a href="https://jobs.lever.co/norrwerk">See all</a>'),
    page("/pricing", "<h1>Pricing</h1><h2>Team</h2><p>€12 per month</p><h2>Crew</h2><p>€40 per month</p>"),
)  # fmt: skip


def ask(text: str, kind: str) -> Outcome:
    evidence, reader = Evidence(pages=PAGES), ExtractiveReader()
    question = Question(subject=Subject(company=COMPANY), text=text, answer_type=kind)
    passages = rank(question, evidence, reader.passage_limit)
    draft = reader.answer(question, passages, evidence)
    return settle(question, evidence, passages, draft, verify(question, draft, passages, evidence))


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("headcount", "number", 73),
        ("Mitarbeiterzahl", "number", 73),
        ("total number of workers", "number", 73),
        ("in what year did the business begin", "number", 1998),
        ("year founded", "number", 1998),
        ("who is the boss", "open_text", "Ada Quist"),
        ("Geschäftsführer", "list", ["Ada Quist"]),
        ("cto", "open_text", "Per Holm"),
        ("cfo", "open_text", "Ida Roth"),  # nobody is called so
        ("are they hiring", "boolean", True),
        ("which ats", "open_text", "Lever"),
        ("cheapest plan", "currency", {"value": 12, "currency": "EUR"}),
        ("pricing page", "url", "https://norrwerk.com/pricing"),
        ("link to their privacy policy", "url", "https://norrwerk.com/privacy"),
        ("do they have a blog", "boolean", True),
    ],
)
def test_an_everyday_question_is_answered_from_the_profile(text: str, kind: str, expected: Any) -> None:
    outcome = ask(text, kind)
    assert outcome.answer == expected
    assert outcome.sources
    assert 0.6 < (outcome.confidence or 0) <= 0.9


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("How many employees does Norrwerk have?", "employee_count"),
        ("Who is the CEO of Norrwerk?", "ceo"),
        ("When was Norrwerk founded?", "founded"),
        ("Where is Norrwerk headquartered?", "headquarters"),
        ("Does Norrwerk offer a free trial?", "trial"),
        ("Does Norrwerk have a free plan?", "free_plan"),
        ("Is Norrwerk SOC 2 certified?", "soc2"),
        ("Which plans does Norrwerk offer?", "plans"),
        ("How much funding has Norrwerk raised?", "funding_total"),
        ("How big was the most recent round of Norrwerk?", "funding"),
        ("Wie viele Mitarbeiter hat Norrwerk?", "employee_count"),
        ("How many employees does Norrwerk's biggest customer have?", None),
        ("How many employees does Norrwerk have in Berlin?", None),
        ("Who was the CEO of Norrwerk before?", None),
        ("Who is the CEO of Bergpump?", None),
        ("In what year did Norrwerk open its London office?", None),
    ],
)
def test_whole_questions_name_the_company(text: str, field: str | None) -> None:
    found = meant(Question(subject=Subject(company=COMPANY), text=text, answer_type="open_text"))
    assert (found and found.field) == field


@pytest.mark.parametrize(
    "text",
    [
        "who designed the logo",
        "what does the Crew plan cost",
        "how many customers in Peru",
        "is the drill waterproof",
        "wie lange ist die Lieferzeit",
        "iso 9001 certified",  # a standard of another number
        "soc 3 report",
        "headcount in 2019",
        "What is the phone number of the company and where is its head office?",
        "x" * 400,
        "",
    ],
)
def test_a_question_that_means_no_field_is_left_to_the_rules(text: str) -> None:
    assert guess(text) is None


def test_a_page_on_something_is_not_the_thing() -> None:
    linked = page(
        "/", "<p>Norrwerk</p><footer><a href='/security'>Security</a><a href='/privacy'>Privacy</a></footer>"
    )
    evidence = Evidence(pages=(linked,))

    def said(text: str, kind: str) -> object:
        question = Question(subject=Subject(company=COMPANY), text=text, answer_type=kind)
        return ExtractiveReader().answer(question, rank(question, evidence, 40), evidence).value

    assert said("security page", "url") == "https://norrwerk.com/security"
    assert said("do they have a trust center", "boolean") is None
    assert said("do they have a privacy policy", "boolean") is True


def test_a_no_is_what_the_pages_say() -> None:
    denied = page("/pricing", "<h1>Pricing</h1><p>There is no free plan at Norrwerk.</p>")
    question = Question(subject=Subject(company=COMPANY), text="free plan?", answer_type="boolean")
    evidence, reader = Evidence(pages=(denied,)), ExtractiveReader()
    passages = rank(question, evidence, reader.passage_limit)
    draft = reader.answer(question, passages, evidence)
    assert draft.rule == "profile:free_plan"
    outcome = settle(question, evidence, passages, draft, verify(question, draft, passages, evidence))
    assert (outcome.answer, [s.snippet for s in outcome.sources]) == (
        False,
        ["There is no free plan at Norrwerk."],
    )


def test_what_the_profile_does_not_hold_is_not_answered_no() -> None:
    assert ask("soc2?", "boolean").answer is None
    assert ask("free trial", "boolean").answer is None
