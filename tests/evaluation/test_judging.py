"""What counts as right, by answer type; and the same by the scorer that comes with a folder of labelled sites."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leadline.evaluation.judging import Verdict, judge
from leadline.evaluation.schemas import EvalQuestion, read_questions
from leadline.foundation.errors import InvalidInput

ROOT = Path(__file__).parents[2]
SITES = ROOT.parent / "shared" / "sites"
RIGHT, WRONG, ABSTAINED = Verdict.RIGHT, Verdict.WRONG, Verdict.ABSTAINED


def question(kind: str, expected: Any, **accept: Any) -> EvalQuestion:
    return msgspec.convert(
        {
            "id": "q", "domain": "www.acme.example", "question": "?", "answerType": kind, "expected": expected,
            "accept": accept,
        },
        EvalQuestion,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "answer", "verdict"),
    [
        (question("number", 400_000), "400,000+ developers", RIGHT),
        (question("number", 13_000_000), "13 million", RIGHT),
        (question("number", 100, tolerance=0.01), 102, WRONG),
        (question("number", 100, values=[102]), 102, RIGHT),
        (question("number", 1), True, WRONG),
        (question("percentage", 40), "40%", RIGHT),
        (question("percentage", 40), 0.4, WRONG),
        (question("currency", {"amount": 25, "currency": "USD"}), {"amount": 25.2, "currency": "USD"}, RIGHT),
        (question("currency", {"amount": 25, "currency": "USD"}), {"amount": 25, "currency": "EUR"}, WRONG),
        (question("currency", {"amount": 25, "currency": "USD"}), "US$25", RIGHT),
        (question("boolean", False), False, RIGHT),
        (question("boolean", False), "no", RIGHT),
        (question("boolean", True), 1, WRONG),
        (question("list", ["EFF", "Cisco"], aliases={"EFF": ["Electronic Frontier Foundation"]}),
         ["Cisco Systems", "electronic frontier foundation"], RIGHT),
        (question("list", ["Go", "Rust"]), ["Go", "C"], WRONG),
        (question("list", ["Go", "Rust"], min_f1=0.5), ["Go", "C"], RIGHT),
        (question("url", "https://acme.example/x/"), "/x", RIGHT),
        (question("url", "https://acme.example/x"), "http://www.acme.example/X?from=y", RIGHT),
        (question("url", "https://acme.example/x"), "https://other.example/x", WRONG),
        (question("url", "https://acme.example/x"), "https://[broken", WRONG),
        (question("url", "https://acme.example/x", accept_urls=["https://o.example/"]), "o.example", RIGHT),
        (question("open_text", "z", keys=[["AGPL", "Affero"], ["2020"]]), "GNU AGPLv3, since 2020", RIGHT),
        (question("open_text", "z", keys=[["Go"]]), "Google Cloud", WRONG),
        (question("open_text", "z", keys=[["Köhnlein"]]), "jan kohnlein", RIGHT),
        (question("open_text", "Kiel"), "Kiel " + "and more " * 100, WRONG),
        (question("json_schema", {"a": 1, "b": "Go"}), {"a": "1", "b": "Go (Golang)"}, RIGHT),
        (question("json_schema", {"a": 1, "b": "Go"}), {"a": 1}, WRONG),
        (question("json_schema", {"a": {"b": ["x1", "y1"]}}), {"a": {"b": ["y1", "x1"]}}, RIGHT),
        (question("json_schema", {"a": "x"}, field_keys={"a": ["ix"]}), {"a": "IX"}, RIGHT),
        (question("json_schema", {"a": "x"}), {"a": None}, ABSTAINED),
        (question("number", 0), 0, RIGHT),
        (question("number", None), 0, WRONG),
        (question("boolean", None), False, WRONG),
        (question("list", ["a"]), [], ABSTAINED),
        (question("open_text", "a"), "", ABSTAINED),
        (question("number", None), None, ABSTAINED),
    ],
)  # fmt: skip
def test_an_answer_is_judged_by_the_rules_of_its_type(
    asked: EvalQuestion, answer: Any, verdict: Verdict
) -> None:
    assert judge(asked, answer) is verdict


def test_a_question_that_does_not_say_what_is_right_is_refused() -> None:
    asked = EvalQuestion(id="q1", domain="acme.example", question="?")
    with pytest.raises(InvalidInput) as refused:
        judge(asked, "x")
    assert refused.value.fields[0][0] == "q1"


@pytest.mark.skipif(not (SITES / "score.py").is_file(), reason="the sites of ../shared are not here")
@pytest.mark.parametrize(
    "file", [SITES / "questions.jsonl", SITES / "reworded.jsonl", ROOT / "labels/everyday.jsonl"], ids=str
)
def test_the_scorer_of_the_sites_says_the_same(file: Path) -> None:
    """Every gold answer, and for every question the gold answers of all others."""
    spec = importlib.util.spec_from_file_location("score", SITES / "score.py")
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    answers = [None, *(entry["expected"] for entry in entries)]
    counts = {RIGHT: 0, WRONG: 0, ABSTAINED: 0}
    for entry, asked in zip(entries, read_questions(file), strict=True):
        if asked.answerable:
            assert judge(asked, asked.expected) is RIGHT, asked.id
        for answer in answers:
            if scorer.abstains(answer):
                said = ABSTAINED
            else:
                said = RIGHT if entry["answerable"] and scorer.judge(entry, answer)[0] else WRONG
            assert judge(asked, answer) is said, (asked.id, answer)
            counts[said] += 1
    assert all(counts.values())
