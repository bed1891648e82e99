"""Runs are scored, compared question by question, and reported on a page that holds nothing of others' markup."""

from __future__ import annotations

from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from leadline.evaluation.report import html_report, moves
from leadline.evaluation.schemas import CitedSource, EvalQuestion, EvalResult, GoldEvidence
from leadline.evaluation.scoring import compare
from leadline.foundation.errors import InvalidInput

HOSTILE = "<script>alert(1)</script><img src=//evil.example onerror=x>\"'&"


def number(id_: str, expected: int | None) -> EvalQuestion:
    evidence = (GoldEvidence(path="/about", quote="x"),) if expected is not None else ()
    return EvalQuestion(
        id=id_, domain="www.acme.example", question=f"How many {id_}?", answer_type="number",
        expected=expected, answerable=expected is not None, evidence=evidence,
    )  # fmt: skip


def result(id_: str, answer: Any, confidence: float | None = None, **members: Any) -> EvalResult:
    return EvalResult(id=id_, answer=answer, confidence=confidence, **members)


QUESTIONS = [number("a", 1), number("b", 2), number("c", 3), number("d", None)]
CITED = (CitedSource(url="https://acme.example/about/", snippet="one"),)
ONE = [
    result("a", 1, 0.9, sources=CITED, quotes_stand=1, seconds=1.0, model_calls=1, tokens=100, price=Decimal("0.1")),
    result("b", 5, 0.8, sources=CITED, quotes_stand=0, seconds=2.0, price=Decimal("0.1")),
    result("c", None, seconds=6.0),
    result("d", None, failed=True, seconds=1.0),
]  # fmt: skip
OTHER = [result("a", 7, 0.4), result("b", 6, 0.4), result("c", 3, None), result("d", 4, 0.99, price=None)]


def test_a_run_in_figures() -> None:
    (run,) = compare(QUESTIONS, [("one", ONE)]).runs
    assert (run.questions, run.answerable, run.right, run.wrong, run.abstained, run.failed) == (
        4,
        3,
        1,
        1,
        2,
        1,
    )
    assert (run.wrong_of_answerable, run.abstained_of_answerable) == (1, 1)
    assert (run.quotes_stand, run.quotes, run.evidence_hit, run.evidence_asked) == (1, 2, 2, 2)
    assert (run.calls, run.tokens, run.price) == (1, 100, Decimal("0.2"))
    assert (run.seconds_mean, run.seconds_median) == (2.5, 1.5)
    assert run.reliability.brier == pytest.approx((0.1**2 + 0.8**2) / 2)
    assert run.reliability.ece == pytest.approx((0.1 + 0.8) / 2)
    assert run.reliability.coverage is not None
    assert (run.reliability.coverage.threshold, run.reliability.coverage.share) == (0.9, 0.5)


def test_two_runs_question_by_question() -> None:
    report = compare(QUESTIONS, [("one", ONE), ("other", OTHER)])
    (difference,) = report.differences
    assert {move: [changed.before.id for changed in group] for move, group in moves(difference).items()} == {
        "from right to wrong": ["a"],
        "from left open to right": ["c"],
        "from left open to wrong": ["d"],
        "wrong in another way": ["b"],
    }
    assert report.runs[1].price is None
    assert report.runs[1].without_confidence == 1
    assert compare(QUESTIONS, [("one", ONE), ("again", ONE)]).differences[0].changed == ()


def test_only_what_both_were_asked_is_compared() -> None:
    (difference,) = compare(QUESTIONS, [("one", ONE), ("less", OTHER[:1])]).differences
    assert (difference.both, difference.only_before, difference.only_after) == (1, 3, 0)


def test_results_of_other_questions_are_refused() -> None:
    with pytest.raises(InvalidInput, match="one"):
        compare([number("z", 1)], [("one", ONE)])


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_report_loads_and_runs_nothing_whatever_answers_hold() -> None:
    asked = EvalQuestion(
        id=HOSTILE,
        domain=HOSTILE,
        question=HOSTILE,
        answer_type="open_text",
        expected="Kiel",
        answerable=True,
    )
    report = compare(
        [asked], [(HOSTILE, [result(HOSTILE, HOSTILE, 0.7)]), ("b", [result(HOSTILE, "Kiel", 0.9)])]
    )
    page = Elements()
    page.feed(html_report(report))
    assert HOSTILE in page.texts, "it is shown as it is"
    assert {tag for tag, _ in page.seen}.isdisjoint({"script", "img", "link", "iframe", "object", "a"})
    loading = {"src", "href", "srcset", "onerror", "onload"}
    assert not any(loading & set(attributes) for _, attributes in page.seen)
    assert [tag for tag, _ in page.seen].count("circle") == 2
