"""Signals as a person, a script and the wire see them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from leadline.cli.ask import exit_code
from leadline.cli.evaluate import recall_lines, summary_lines
from leadline.cli.rendering import answer_text, signal_lines
from leadline.cli.trace import trace_lines, trace_wire
from leadline.cli.verify import verify_lines
from leadline.evaluation.schemas import EvalResult
from leadline.research.model import Proof
from leadline.signals.schemas import (
    ModelCall,
    QuoteCheck,
    Signal,
    SignalTrace,
    SourceView,
    TracedPage,
    TraceStep,
)
from leadline.signals.views import written

ANSWERED = Signal(
    id="01990000-0000-7000-8000-000000000001",
    organisation_id="01990000-0000-7000-8000-000000000002",
    status="completed",
    domain="acme.example",
    question="What does the Team plan cost?",
    answer_type="currency",
    output_schema=None,
    verification_mode="strict",
    created_at=datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC),
    completed_at=datetime(2026, 1, 2, 3, 4, 9, tzinfo=UTC),
    answer={"value": 25.0, "currency": "USD"},
    confidence=0.8,
    confidence_basis="uncalibrated: by rule",
    reasoning="The price table says so.",
    sources=(SourceView("https://acme.example/pricing", "Prices", "Team\n$25 a month"),),
    metadata={
        "processingTimeMs": 3400,
        "pagesRead": 12,
        "pagesFetched": 3,
        "modelCalls": 1,
        "inputTokens": 1650,
        "outputTokens": 80,
        "priceUsd": 0.00123,
        "unreadable": [],
    },
)


def changed(**members: Any) -> Signal:
    return msgspec.structs.replace(ANSWERED, **members)


NO_ANSWER = changed(answer=None, confidence=None, confidence_basis=None, sources=())
NOT_EVERYWHERE = msgspec.structs.replace(
    NO_ANSWER,
    error_code="SITE_TIMED_OUT",
    error_action="Ask again later.",
    metadata={"unreadable": [{"url": f"https://acme.example/{n}", "reason": "timed_out"} for n in range(7)]},
)
FAILED = msgspec.structs.replace(
    NO_ANSWER,
    status="failed",
    error="Nothing was read.",
    error_code="SITE_NOT_FOUND",
    error_action="Check it.",
)


def shown(signal: Signal) -> str:
    return "\n".join(line.text for line in signal_lines(signal))


def test_an_answer_is_shown_with_its_evidence_and_its_cost() -> None:
    assert shown(ANSWERED).splitlines() == [
        "Answer      25 USD",
        "Confidence  0.80 (uncalibrated: by rule)",
        "Reasoning   The price table says so.",
        "",
        "Evidence",
        "  [1] https://acme.example/pricing  Prices",
        "      “Team $25 a month”",
        "",
        "3.4 s · 12 pages read, 3 fetched · 1 model call · 1,650 + 80 tokens · $0.0012 · "
        "signal 01990000-0000-7000-8000-000000000001",
    ]


def test_a_confidence_without_a_basis_is_said_to_be_uncalibrated() -> None:
    assert "0.80 (not calibrated" in shown(changed(confidence_basis=None))


def test_a_warning_stands_beside_the_answer() -> None:
    text = shown(changed(error_code="SITE_TIMED_OUT", error_action="Ask again later."))
    assert "Answer      25 USD" in text
    assert "Warning: SITE_TIMED_OUT\n  Ask again later." in text


def test_no_answer_is_told_apart_from_not_having_looked_everywhere() -> None:
    assert shown(NO_ANSWER).startswith("No answer found on the pages that were read.")
    text = shown(NOT_EVERYWHERE)
    assert text.startswith("No answer found, but not everything could be read.")
    assert "https://acme.example/4: timed_out" in text
    assert "https://acme.example/5" not in text
    assert "and 2 more; leadline trace shows them all" in text


def test_a_failure_says_what_to_do() -> None:
    assert "Failed: SITE_NOT_FOUND: Nothing was read.\n  Check it." in shown(FAILED)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"modelCalls": 0}, "no model call"),
        ({"modelCalls": 2, "inputTokens": 10, "outputTokens": 2, "priceUsd": None}, "price unknown"),
        ({"pagesRead": 1}, "1 page read, 0 fetched"),
    ],
)
def test_costs_are_said_plainly(metadata: dict[str, Any], words: str) -> None:
    assert words in shown(changed(metadata=metadata))


@pytest.mark.parametrize(
    ("answer_type", "value", "text"),
    [
        ("open_text", "plain words", "plain words"),
        ("boolean", True, "yes"),
        ("boolean", False, "no"),
        ("number", 14491.0, "14491"),
        ("number", 0, "0"),
        ("number", 2.50, "2.5"),
        ("number", 1e21, "1000000000000000000000"),
        ("percentage", 42, "42%"),
        ("currency", {"value": 1299.5, "currency": "EUR"}, "1299.5 EUR"),
        ("list", ["a", "b\nc"], "a\nb c"),
        ("list", [], ""),
        ("url", "https://acme.example/x", "https://acme.example/x"),
        ("json_schema", {"plan": "Team"}, '{\n  "plan": "Team"\n}'),
        ("open_text", "\x1b[31mred", "\\x1b[31mred"),
    ],
)
def test_each_answer_type_has_a_plain_text_form(answer_type: str, value: Any, text: str) -> None:
    assert answer_text(answer_type, value) == text


def test_an_empty_list_is_an_answer() -> None:
    empty = changed(answer_type="list", answer=[])
    assert "Answer      (an empty list)" in shown(empty)
    assert exit_code(empty) == 0


@pytest.mark.parametrize(
    ("signal", "code"),
    [
        (ANSWERED, 0),
        (changed(answer_type="boolean", answer=False), 0),
        (changed(error_code="SITE_TIMED_OUT"), 0),
        (NO_ANSWER, 3),
        (NOT_EVERYWHERE, 4),
        (FAILED, 1),
    ],
)
def test_exit_codes_tell_outcomes_apart(signal: Signal, code: int) -> None:
    assert exit_code(signal) == code


def test_the_wire_object_follows_the_contract() -> None:
    wire = json.loads(written(ANSWERED))
    assert wire["createdAt"] == "2026-01-02T03:04:05.600Z"
    assert wire["completedAt"] == "2026-01-02T03:04:09.000Z"
    assert wire["answer"] == {"type": "currency", "currency": {"value": 25, "currency": "USD"}}
    assert '"value": 25,' in json.dumps(wire["answer"]), "whole numbers are JSON integers"
    assert wire["metadata"]["confidenceBasis"] == "uncalibrated: by rule"
    assert wire["sources"] == [
        {"url": "https://acme.example/pricing", "title": "Prices", "snippet": "Team\n$25 a month"}
    ]
    assert json.loads(written(NO_ANSWER))["answer"] is None


def test_a_running_signal_shows_its_question_only() -> None:
    assert set(json.loads(written(changed(status="processing")))) == {
        "id", "status", "signalType", "domain", "question", "answerType", "createdAt",
    }  # fmt: skip


TRACE = SignalTrace(
    ANSWERED,
    (
        TraceStep("plan", 0.0, ANSWERED.created_at, {"reader": "extractive"}),
        TraceStep(
            "collect",
            1.5,
            ANSWERED.created_at,
            {
                "rung": 2,
                "snapshot_ids": ["1"],
                "fetched": 1,
                "unreadable": [{"url": "https://acme.example/x\x1b[1m", "reason": "timed_out"}],
            },
        ),
        TraceStep(
            "rank",
            0.1,
            ANSWERED.created_at,
            {
                "passages": [
                    {
                        "url": "https://acme.example/pricing",
                        "headings": ["Plans"],
                        "score": 7.25,
                        "units": [{"number": 3, "text": "Team $25"}],
                    }
                ]
            },
        ),
        TraceStep(
            "answer",
            0.2,
            ANSWERED.created_at,
            {
                "draft": {
                    "reader": "extractive",
                    "rule": "table",
                    "value": 25,
                    "claims": [{"path": "", "value": 25, "citations": [3]}],
                    "conflicts": [{"path": "", "value": 20, "citations": []}],
                }
            },
        ),
        TraceStep(
            "verify",
            0.0,
            ANSWERED.created_at,
            {"verification": {"claims": [{"claim": {"value": 25}, "verdict": "supported", "why": "there"}]}},
        ),
    ),
    (ModelCall("small", 100, 10, "0.001", 0.5, ANSWERED.created_at, {"value": 25}),),
    (
        TracedPage(
            snapshot_id="1",
            url="https://acme.example/pricing",
            title="Prices\x07",
            fetched_at=ANSWERED.created_at,
        ),
    ),
)


def test_a_trace_shows_every_step() -> None:
    text = "\n".join(line.text for line in trace_lines(TRACE))
    for words in (
        "collect  1.50 s   1 page, 1 fetched, 1 unreadable, 0 left out",
        "https://acme.example/pricing  Prices\\x07",
        "unreadable: https://acme.example/x\\x1b[1m: timed_out",
        "1. 7.25  https://acme.example/pricing  Plans",
        "[3] Team $25",
        "claims: 25, stated by [3]",
        "against it: 20, stated by nothing",
        "supported: 25 (there)",
        "small: 1 model call · 100 + 10 tokens · $0.0010 · 0.5 s",
    ):
        assert words in text


def test_a_trace_as_json_has_everything_that_is_stored() -> None:
    wire = trace_wire(TRACE)
    assert [step["step"] for step in wire["steps"]] == ["plan", "collect", "rank", "answer", "verify"]
    assert wire["modelCalls"][0]["priceUsd"] == 0.001
    assert wire["pages"][0]["url"] == "https://acme.example/pricing"
    assert wire["signal"]["id"] == ANSWERED.id


PROOF = Proof(snapshot_id="s-1", body_sha256="aa", text_sha256="bb", walk="walk-9", start=10, end=15)


def test_a_quote_that_no_longer_stands_is_named() -> None:
    checks = [
        QuoteCheck("https://a.example/", "words", None, PROOF),
        QuoteCheck("https://a.example/b", "gone", "moved", PROOF),
    ]
    assert [line.text for line in verify_lines(checks)] == [
        "stands: https://a.example/",
        "  “words”",
        "  snapshot s-1, characters 10-15 of its text (walk-9)",
        "  SHA-256 of the page aa, of the text bb",
        "moved: https://a.example/b",
        "  “gone”",
        "  snapshot s-1, characters 10-15 of its text (walk-9)",
        "  SHA-256 of the page aa, of the text bb",
        "1 of 2 quotes stand as cited",
    ]


def test_the_summary_tells_the_outcomes_apart() -> None:
    results = [
        EvalResult(id="a", answer=False, tokens=10, model_calls=1, price=None),
        EvalResult(id="b"),
        EvalResult(id="c", error_code="SITE_TIMED_OUT"),
        EvalResult(id="d", failed=True, error_code="SITE_NOT_FOUND"),
    ]
    text = "\n".join(line.text for line in summary_lines(results))
    assert "4 questions: 1 answered, 1 without an answer, 1 where not everything could be" in text
    assert "1 failed" in text
    assert "price unknown" in text


def test_recall_without_traces_says_so() -> None:
    assert "No recall" in "\n".join(line.text for line in recall_lines([]))


def test_a_null_shows_where_one_would_look_on() -> None:
    near = {"url": "https://acme.example/jobs", "title": "Jobs\x1b[1m", "snippet": "We are\nhiring."}
    text = shown(msgspec.structs.replace(NO_ANSWER, metadata=NO_ANSWER.metadata | {"nearest": [near]}))
    assert "Nearest on the pages" in text
    assert "“We are hiring.”" in text
    assert "\x1b" not in text
    assert "Nearest" not in shown(NO_ANSWER)
