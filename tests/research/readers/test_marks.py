"""Tables of features with ticks and crosses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leadline.research.documents.walk import read_page
from leadline.research.model import Company, Evidence, Page, Question, Subject
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.steps.rank import rank
from leadline.research.steps.settle import settle
from leadline.research.steps.verify import verify

TABLE = """<title>Compare | Norrwerk</title><main><h1>Compare plans</h1><table>
<tr><th>Feature</th><th>Basic</th><th>Workshop</th><th>Workshop Plus</th></tr>
<tr><td>Audit trail</td><td>✗</td><td>✔️</td><td>✓</td></tr>
<tr><td>Night shifts</td><td>—</td><td>—</td><td>Yes</td></tr>
<tr><td>Drills</td><td>5</td><td>25</td><td>–</td></tr>
<tr><td>Export to ledgers</td><td>soon</td><td>✓</td><td>✓</td></tr>
</table></main>"""
GERMAN = """<html lang=de><title>Tarife | Norrwerk</title><main><h1>Tarife</h1><table>
<tr><th></th><th>Basis</th><th>Werkstatt</th></tr><tr><td>Nachtschicht</td><td>Nein</td><td>Ja</td></tr></table></main>"""


def answer(markup: str, text: str, kind: str = "boolean") -> object:
    url = "https://norrwerk.com/compare"
    page = Page(
        url=url,
        snapshot_id=url,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        body_sha256="",
        content=read_page(markup.encode(), "text/html; charset=utf-8", url),
    )
    evidence = Evidence(pages=(page,))
    company = Company(host="norrwerk.com", asked_host="norrwerk.com")
    question = Question(subject=Subject(company=company), text=text, answer_type=kind)
    passages = rank(question, evidence, 20)
    draft = ExtractiveReader().answer(question, passages, evidence)
    return settle(question, evidence, passages, draft, verify(question, draft, passages, evidence)).answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Does the Basic plan include an audit trail?", False),
        ("Is the audit trail part of Norrwerk's Basic plan?", False),
        ("Does Basic have the audit trail?", False),
        ("Are night shifts supported in the Basic edition?", False),  # a dash beside a yes
        ("Does the Workshop Plus plan offer night shifts?", None),  # "Workshop" is named too: two columns
        ("Does the Basic plan include drills?", None),  # a figure is no mark
        ("Does the Basic plan include the export to ledgers?", None),  # neither yes nor no
        (
            "Does the Basic plan include an audit trail for customers in Japan?",
            None,
        ),  # more than the labels say
        ("Does the Team plan include an audit trail?", None),  # no such column
    ],
)
def test_a_mark_answers_where_row_and_column_are_named_and_nothing_else(
    text: str, expected: bool | None
) -> None:
    assert answer(TABLE, text) is expected


def test_marks_may_be_words_of_other_languages() -> None:
    assert answer(GERMAN, "Ist die Nachtschicht im Tarif Basis enthalten?") is False
    assert answer(GERMAN, "Enthält der Tarif Werkstatt die Nachtschicht?") is True


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Which plans include an audit trail?", "list", ["Workshop", "Workshop Plus"]),
        ("Which plan includes night shifts?", "open_text", "Workshop Plus"),
        ("Which plans include the export to ledgers?", "list", None),  # "soon" is neither yes nor no
        ("Which plans include drills?", "list", None),
        ("Which plans include an audit trail for Japan?", "list", None),
        ("Who needs an audit trail?", "open_text", None),
    ],
)
def test_ticks_tell_which_columns_have_it(text: str, kind: str, expected: object) -> None:
    assert answer(TABLE, text, kind) == expected


UNDECIDED = """<title>Compare | Norrwerk</title><main><h1>Compare plans</h1><table>
<tr><th>Feature</th><th>Basic</th><th>Workshop</th></tr>
<tr><td>Shift planner</td><td>–</td><td>–</td></tr>
<tr><td>Gauge import</td><td>–</td><td><svg></svg></td></tr>
<tr><td>Spare parts</td><td>✗</td><td>—</td></tr>
<tr><td>Tool locker</td><td>10 – 20</td><td>✓</td></tr>
</table></main>"""


@pytest.mark.parametrize("feature", ["the shift planner", "gauge import", "the tool locker"])
def test_a_dash_is_no_answer_without_a_tick_beside_it_nor_within_a_range(feature: str) -> None:
    assert answer(UNDECIDED, f"Does the Basic plan include {feature}?") is None


def test_a_dash_beside_a_cross_is_no_answer_and_the_cross_is_one() -> None:
    assert answer(UNDECIDED, "Does the Workshop plan include spare parts?") is None
    assert answer(UNDECIDED, "Does the Basic plan include spare parts?") is False


PRICES = """<title>Prices | Norrwerk</title><main><h1>Workshop plan</h1><p>{}</p></main>"""


@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [
        ("The Workshop plan costs $24 per user per month, billed annually.", "per year", None),
        (
            "The Workshop plan costs $1.200 per year.",
            "per year",
            None,
        ),  # thousands, or three places: nothing says which
        ("The Workshop plan runs on version 3.500.", "per year", None),
    ],
)
def test_a_price_of_another_period_or_spelling_is_no_answer(line: str, text: str, expected: object) -> None:
    assert answer(PRICES.format(line), f"What does the Workshop plan cost {text}?", "currency") == expected


def test_a_price_of_the_asked_period_is_one() -> None:
    line = "The Workshop plan costs $288 per year."
    found = answer(PRICES.format(line), "What does the Workshop plan cost per year?", "currency")
    assert isinstance(found, dict)
    assert (found["value"], found["currency"]) == (288, "USD")
