"""Facts that a page states for machines are read, cited as they stand in the script, and checked."""

from __future__ import annotations

from typing import Any

import pytest
from tests.research.library import ACME, NOW, page

from leadline.research.model import Evidence, Question, Subject, Verdict
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.steps.rank import rank
from leadline.research.steps.settle import settle
from leadline.research.steps.verify import verify

BAKERY = """<title>Brot</title><h1>Welcome</h1><p>Fresh bread every morning in Kassel.</p>
<script type="application/ld+json">
{"@context": "https://schema.org", "@graph": [
 {"@type": "Bakery", "name": "other"},
 {"@type": "Organization", "legalName": "Brot und Rosen GmbH", "foundingDate": "1987-04-01",
  "numberOfEmployees": {"@type": "QuantitativeValue", "value": 148},
  "founder": [{"@type": "Person", "name": "Ada Korn"}, {"@type": "Person", "name": "Ole Mehl"}],
  "sameAs": ["https://www.linkedin.com/company/brot-rosen", "https://github.com/brotrosen"]},
 {"@type": "Product", "name": "Box", "offers": [
  {"@type": "Offer", "name": "Breakfast", "price": "19.90", "priceCurrency": "eur"},
  {"@type": "Offer", "name": "Family", "price": "34", "priceCurrency": "EUR"}]},
 {"@type": "Person", "name": "Ada Korn", "telephone": "+49 1"}
]}</script>"""
EVIDENCE = Evidence(pages=(page("https://acme.com/", BAKERY),))


def ask(text: str, answer_type: str) -> Any:
    question = Question(subject=Subject(company=ACME), text=text, answer_type=answer_type, asked_at=NOW)
    passages = rank(question, EVIDENCE, 40)
    draft = ExtractiveReader().answer(question, passages, EVIDENCE)
    verification = verify(question, draft, passages, EVIDENCE)
    assert all(c.verdict is Verdict.SUPPORTED for c in verification.claims)
    return settle(question, EVIDENCE, passages, draft, verification)


@pytest.mark.parametrize(
    ("text", "answer_type", "answer", "words"),
    [
        ("In which year was the bakery founded?", "number", 1987, '"foundingDate": "1987-04-01"'),
        ("How many employees do they have?", "number", 148, '"value": 148'),
        ("What is the company's legal name?", "open_text", "Brot und Rosen GmbH", '"legalName"'),
        ("Who founded the company?", "list", ["Ada Korn", "Ole Mehl"], '"name": "Ada Korn"'),
        ("What is their LinkedIn page?", "url", "https://www.linkedin.com/company/brot-rosen", "linkedin"),
        ("What does the Family box cost?", "currency", {"value": 34, "currency": "EUR"}, '"price": "34"'),
    ],
)
def test_a_stated_fact_is_answered_with_its_member(
    text: str, answer_type: str, answer: object, words: str
) -> None:
    outcome = ask(text, answer_type)
    assert outcome.answer == answer
    assert any(words in source.snippet for source in outcome.sources)
    for source in outcome.sources:
        assert source.proof.kind == "structured"
        script = EVIDENCE.pages[0].content.structured[source.proof.script]
        assert script[source.proof.start : source.proof.end] == source.snippet


@pytest.mark.parametrize(
    ("text", "answer_type"),
    [
        ("What is their telephone number?", "open_text"),  # a person's, not the company's
        ("What does the Office box cost?", "currency"),
        ("What is their GitLab page?", "url"),
        ("How many ovens do they have?", "number"),
    ],
)
def test_what_is_not_stated_of_the_company_is_not_answered(text: str, answer_type: str) -> None:
    assert ask(text, answer_type).answer is None


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("https://www.linkedin.com/shareArticle?mini=true&url=https%3A%2F%2Facme.com%2F", False),
        ("https://www.linkedin.com/company/acme", True),
    ],
)
def test_a_link_that_hands_an_address_over_is_no_profile(address: str, given: bool) -> None:
    evidence = Evidence(
        pages=(page("https://acme.com/", f"<title>Acme</title><p><a href='{address}'>LinkedIn</a></p>"),)
    )
    question = Question(
        subject=Subject(company=ACME), text="What is the LinkedIn page of Acme?", answer_type="url"
    )
    draft = ExtractiveReader().answer(question, rank(question, evidence, 40), evidence)
    assert draft.value == (address if given else None)


def test_an_organisation_of_another_name_beside_the_company_is_not_it() -> None:
    graph = (
        '<script type="application/ld+json">{"@context": "https://schema.org", "@graph": ['
        '{"@type": "Organization", "@id": "#guild", "name": "Guild of Smiths", "foundingDate": "1902", "numberOfEmployees": 12},'
        '{"@type": "Organization", "@id": "#org", "name": "Acme"}]}</script>'
    )
    evidence = Evidence(
        pages=(page("https://acme.com/", f"<title>Acme</title>{graph}<p>Acme makes locks.</p>"),)
    )
    for text in ("In which year was Acme founded?", "How many employees does Acme have?"):
        question = Question(subject=Subject(company=ACME), text=text, answer_type="number")
        assert ExtractiveReader().answer(question, rank(question, evidence, 40), evidence).value is None


@pytest.mark.parametrize(
    ("body", "text", "kind", "value"),
    [
        ("<p>Acme owns two dozen boats.</p>", "How many boats does Acme own?", "number", 24),
        (
            "<h1>Pricing</h1><p>All prices are in Canadian dollars.</p><h2>Family plan</h2><p>$49 per month</p>",
            "What does the Family plan cost per month?",
            "currency",
            {"value": 49, "currency": "CAD"},
        ),
        (
            "<p>The travel lock, with two keys: RRP €45.00, here €30.00.</p>",
            "What does the travel lock cost?",
            "currency",
            {"value": 30, "currency": "EUR"},
        ),
        (
            "<p>The travel lock costs €30 instead of €45.</p>",
            "What does the travel lock cost?",
            "currency",
            {"value": 30, "currency": "EUR"},
        ),
        ("<p>The beach hut costs up to €950.</p>", "What does the beach hut cost?", "currency", None),
        (
            "<p>In 2015 Acme was acquired by Nordhall Group, which was founded in 1961.</p>",
            "In which year was Acme founded?",
            "number",
            None,
        ),
    ],
)
def test_what_words_around_a_figure_make_of_it(body: str, text: str, kind: str, value: object) -> None:
    evidence = Evidence(pages=(page("https://acme.com/", f"<title>Acme</title><main>{body}</main>"),))
    question = Question(subject=Subject(company=ACME), text=text, answer_type=kind)
    assert ExtractiveReader().answer(question, rank(question, evidence, 40), evidence).value == value
