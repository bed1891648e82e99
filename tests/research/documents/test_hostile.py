"""Pages made to keep a reader busy are read, ranked and answered from in bounded time.

What is measured is the processor's time of this process, so that a busy machine does not fail the test; the
bounds are several times what the slowest shape takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
import pytest
from tests.research.documents.hostile import MARKUP, SHAPES, WORDS, filled, page

from leadline.research.documents.hosts import parse_company
from leadline.research.documents.units import MOST_CHARACTERS, MOST_OF_PASSAGE, MOST_UNITS, passages
from leadline.research.documents.walk import bounded_attributes, read_page
from leadline.research.errors import FetchError
from leadline.research.model import Evidence, Page, Question, SiteSurvey, Subject
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.steps.choose import choose_pages
from leadline.research.steps.rank import PassageIndex
from leadline.research.steps.verify import verify

QUESTIONS = [
    ("In which year was Acme founded?", "number"),
    ("How many employees does Acme have?", "number"),
    ("How much does the Pro plan cost per month?", "currency"),
    ("Who is the CEO of Acme?", "open_text"),
    ("Does Acme have ISO 27001?", "boolean"),
    ("Which customers does Acme have?", "list"),
    ("What is the LinkedIn page of Acme?", "url"),
    ("What is the uptime of Acme?", "percentage"),
]


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """At most so much of the processor's time."""
    started = time.process_time()
    yield
    spent = time.process_time() - started
    assert spent < seconds, f"{spent:.1f} s"


def read(markup: str) -> Evidence | None:
    url = "https://acme.com/about"
    try:
        content = read_page(markup.encode(), "text/html; charset=utf-8", url)
    except FetchError:
        return None  # refused by name
    when = datetime(2026, 1, 2, tzinfo=UTC)
    found = Page(url=url, snapshot_id=url, fetched_at=when, body_sha256="", content=content)
    return Evidence(pages=(found,))


def asked(text: str, answer_type: str) -> Question:
    return Question(subject=Subject(company=parse_company("acme.com")), text=text, answer_type=answer_type)


@pytest.mark.parametrize("name", SHAPES)
def test_shape_is_read_and_ranked_in_bounded_time(name: str) -> None:
    with within(8):
        evidence = read(SHAPES[name])
    if evidence is None:
        return
    question = asked(*QUESTIONS[0])
    with within(6):
        PassageIndex.build(evidence).rank(question, 40)
    with within(2):
        choose_pages(question, SiteSurvey(entry_url="https://acme.com/"), evidence.pages, 40)
    assert len(msgspec.msgpack.encode(evidence)) < 16_000_000


@pytest.mark.parametrize(("text", "answer_type"), QUESTIONS, ids=[kind for _, kind in QUESTIONS])
@pytest.mark.parametrize("piece", [*WORDS[::6], "founded in 1987 ", "A", "a.", "1."], ids=ascii)
def test_rules_answer_from_one_endless_sentence_in_bounded_time(
    piece: str, text: str, answer_type: str
) -> None:
    evidence = read(page(f"<p>Acme was {filled(piece, 40_000)}</p>"))
    assert evidence is not None
    question = asked(text, answer_type)
    ranked = PassageIndex.build(evidence).rank(question, 40)
    with within(8):
        draft = ExtractiveReader().answer(question, ranked, evidence)
        verify(question, draft, ranked, evidence)


@pytest.mark.parametrize("name", [*list(MARKUP)[::4], "rows", "people", "profiles"])
def test_rules_answer_from_hostile_markup_in_bounded_time(name: str) -> None:
    if (evidence := read(MARKUP[name])) is None:
        return
    index = PassageIndex.build(evidence)
    for text, answer_type in QUESTIONS:
        question = asked(text, answer_type)
        with within(8):
            ranked = index.rank(question, 40)
            verify(question, ExtractiveReader().answer(question, ranked, evidence), ranked, evidence)


@pytest.mark.parametrize("piece", ["word ", "word", "A. ", "\u3002", "Acme was founded in 1987. "])
def test_units_and_passages_have_a_greatest_length_and_stand_where_they_say(piece: str) -> None:
    evidence = read(page(f"<p>{filled(piece)}</p><ul><li>{filled('word')}</li></ul>"))
    assert evidence is not None
    made = passages(evidence)
    assert made
    for passage in made:
        assert len(passage.units) <= MOST_UNITS
        assert sum(len(unit.text) for unit in passage.units) <= MOST_OF_PASSAGE + MOST_CHARACTERS
        for unit in passage.units:
            assert 0 < len(unit.text) <= MOST_CHARACTERS
            assert evidence.pages[0].stands(unit)


def test_nothing_of_a_long_sentence_is_lost() -> None:
    evidence = read(page(f"<p>{' '.join(str(number) for number in range(2_000))}</p>"))
    assert evidence is not None
    words = [word for passage in passages(evidence) for unit in passage.units for word in unit.text.split()]
    assert [word for word in words if word.isdigit()] == [str(number) for number in range(2_000)]


def test_elements_with_many_attributes_keep_the_first_of_them_and_their_words() -> None:
    crowded = "<a href='/x>y' " + " ".join(f"b{n}='>'" for n in range(300)) + ">Pricing</a>"
    markup = f"<p>Before</p>{crowded}<p class=x>After</p>"
    assert bounded_attributes("<p>Before</p><p class=x>After</p>") == "<p>Before</p><p class=x>After</p>"
    evidence = read(page(markup))
    assert evidence is not None
    content = evidence.pages[0].content
    assert content.text.splitlines() == ["Acme", "Before", "Pricing", "After"]
    assert [(link.text, link.url) for link in content.links] == [("Pricing", "https://acme.com/x>y")]


def test_scripts_are_not_taken_for_elements() -> None:
    code = "for (i=0;i<n ;i++) { " + "x = y ; " * 300 + " }"
    assert bounded_attributes(f"<script>{code}</script><p>a</p>") == f"<script>{code}</script><p>a</p>"
