"""Question files are run once each, whatever happens in between, and every result line is kept."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from leadline.evaluation.recall import by_site, question_recall
from leadline.evaluation.repository import ResultFile
from leadline.evaluation.schemas import EvalQuestion, EvalResult, GoldEvidence, read_questions, summarise
from leadline.evaluation.service import evaluate, scored_form
from leadline.foundation.errors import DatabaseUnavailable, InvalidInput
from leadline.research.model import Proof
from leadline.research.ports import Progress
from leadline.signals.schemas import (
    QuoteCheck,
    Signal,
    SignalRequest,
    SignalTrace,
    SourceView,
    TracedPage,
    TraceStep,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PROOF = Proof(snapshot_id="s", body_sha256="b", text_sha256="t", walk="w", start=0, end=1)


def signal(request: SignalRequest, **members: Any) -> Signal:
    return Signal(
        id=f"id of {request.question}",
        organisation_id="o",
        status="completed",
        domain=request.domain,
        question=request.question,
        answer_type=request.answer_type,
        output_schema=request.output_schema,
        verification_mode=request.verification_mode,
        created_at=NOW,
        **members,
    )


class Answering:
    """Answers at once, fails where told to, and counts how many questions are open together."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.faults: list[str | None] = [None]
        self.asked: list[SignalRequest] = []
        self.readers: set[str] = set()
        self.open = 0
        self.most_open = 0

    async def ask(
        self, request: SignalRequest, *, reader: str = "auto", progress: Progress | None = None
    ) -> Signal:
        self.asked.append(request)
        self.readers.add(reader)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        answer = self.answers.get(request.question)
        if isinstance(answer, BaseException):
            raise answer
        return answer(request) if callable(answer) else signal(request, answer=answer)

    async def verify(self, signal_id: str) -> tuple[QuoteCheck, ...]:
        return tuple(QuoteCheck("https://acme.example/p", "x", fault, PROOF) for fault in self.faults)


def questions(*ids: str, **members: Any) -> list[EvalQuestion]:
    return [EvalQuestion(id=i, domain="acme.example", question=f"{i}?", **members) for i in ids]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_results_have_the_form_that_scorers_read(tmp_path: Path) -> None:
    asker = Answering(
        {
            "a?": lambda request: signal(
                request,
                answer={"value": 25.0, "currency": "USD"},
                confidence=0.8,
                reasoning="It says so.",
                sources=(SourceView("https://acme.example/p", "Prices", "Team $25"),),
                metadata={
                    "pagesRead": 4, "pagesFetched": 2, "modelCalls": 1, "inputTokens": 9, "outputTokens": 1,
                    "priceUsd": 0.002,
                },
            )
        }
    )  # fmt: skip
    with ResultFile(tmp_path / "out.jsonl") as results:
        await evaluate(asker, questions("a", answer_type="currency"), results, reader="extractive")
    (line,) = lines(tmp_path / "out.jsonl")
    assert line.pop("seconds") >= 0
    assert line == {
        "id": "a",
        "answer": {"amount": 25, "currency": "USD"},
        "confidence": 0.8,
        "sources": [{"url": "https://acme.example/p", "snippet": "Team $25"}],
        "failed": False,
        "errorCode": None,
        "error": None,
        "reasoning": "It says so.",
        "pagesRead": 4,
        "pagesFetched": 2,
        "modelCalls": 1,
        "tokens": 10,
        "price": 0.002,
        "signalId": "id of a?",
        "quotesStand": 1,
    }
    assert asker.readers == {"extractive"}


async def test_what_the_result_file_holds_is_not_asked_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    asker = Answering({"a?": "x", "b?": "y"})
    with ResultFile(out) as results:
        await evaluate(asker, questions("a"), results)
    with ResultFile(out) as results:
        await evaluate(asker, questions("a", "b"), results)
        assert [r.id for r in results.results] == ["a", "b"]
    assert [request.question for request in asker.asked] == ["a?", "b?"]
    assert [line["id"] for line in lines(out)] == ["a", "b"]


async def test_a_torn_last_line_is_asked_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with ResultFile(out) as results:
        await evaluate(Answering({}), questions("a", "b"), results)
    whole = out.read_bytes()
    out.write_bytes(whole[:-9])
    with ResultFile(out) as results:
        assert results.ids == {"a"}
        await evaluate(Answering({}), questions("a", "b"), results)
    assert [line["id"] for line in lines(out)] == ["a", "b"]


def test_another_file_is_not_appended_to(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text('{"id": "a"}\nsome notes of mine\n')
    with pytest.raises(InvalidInput) as raised, ResultFile(out):
        pass
    assert raised.value.fields[0].field == "out.jsonl, line 2"
    assert "--out" in raised.value.fields[0].message
    assert out.read_text() == '{"id": "a"}\nsome notes of mine\n'


def test_two_runs_cannot_write_the_same_file(tmp_path: Path) -> None:
    with (
        ResultFile(tmp_path / "out.jsonl"),
        pytest.raises(InvalidInput, match="another run"),
        ResultFile(tmp_path / "out.jsonl"),
    ):
        pass
    with ResultFile(tmp_path / "out.jsonl") as again:
        assert again.ids == frozenset()


async def test_an_invalid_question_is_a_failed_result_and_the_rest_goes_on(tmp_path: Path) -> None:
    asker = Answering({"a?": InvalidInput(("domain", "'acme' is no domain")), "b?": True})
    with ResultFile(tmp_path / "out.jsonl") as results:
        await evaluate(asker, questions("a", "b"), results)
        bad, good = results.results
    assert (bad.failed, bad.error_code, good.answer) == (True, "VALIDATION_ERROR", True)
    assert "domain: 'acme' is no domain" in str(bad.error)


async def test_what_would_fail_every_question_ends_the_run_and_keeps_the_results(tmp_path: Path) -> None:
    asker = Answering({"a?": "x", "b?": DatabaseUnavailable()})
    with ResultFile(tmp_path / "out.jsonl") as results:
        with pytest.raises(DatabaseUnavailable):
            await evaluate(asker, questions("a", "b", "c"), results)
        assert [r.id for r in results.results] == ["a"]


async def test_so_many_questions_are_open_at_once_and_no_more(tmp_path: Path) -> None:
    asker = Answering({})
    with ResultFile(tmp_path / "out.jsonl") as results:
        await evaluate(asker, questions(*map(str, range(20))), results, concurrency=3)
    assert asker.most_open == 3
    assert sorted(request.question for request in asker.asked) == sorted(f"{n}?" for n in range(20))


def test_a_question_file_is_read_in_order_and_unknown_members_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id": "b", "domain": "a.example", "question": "Q?", "answerType": "list", "x": 1,'
        b' "evidence": [{"path": "/p", "quote": "w"}]}\r\n\n'
        b'{"id": "a", "domain": "a.example", "question": "R"}'
    )
    first, second = read_questions(path)
    words = GoldEvidence(path="/p", quote="w")
    assert (first.id, first.answer_type, first.evidence) == ("b", "list", (words,))
    assert (second.id, second.answer_type) == ("a", "open_text")


@pytest.mark.parametrize(
    ("content", "field", "advice"),
    [
        ('{"id": "a", "domain": "d", "question": "q"}\n{"id": "b"', "q.jsonl, line 2", "one JSON object"),
        ('{"id": "a", "question": "q"}', "q.jsonl, line 1", "domain"),
        ('{"id": 7, "domain": "d", "question": "q"}', "q.jsonl, line 1", "$.id"),
        ('{"id": "a", "domain": "d", "question": "q"}\n' * 2, "q.jsonl, line 2", "line 1 too"),
        ("[1]", "q.jsonl, line 1", "object"),
        ("\xff", "q.jsonl, line 1", "one JSON object"),
        ("\n\n", "q.jsonl", "no question"),
    ],
)
def test_a_fault_in_a_question_file_names_its_line(
    tmp_path: Path, content: str, field: str, advice: str
) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InvalidInput) as raised:
        read_questions(path)
    assert raised.value.fields[0].field == field
    assert advice in raised.value.fields[0].message


@pytest.mark.parametrize(
    ("answer_type", "value", "expected"),
    [
        ("currency", {"value": 5.0, "currency": "EUR"}, {"amount": 5, "currency": "EUR"}),
        ("currency", None, None),
        ("percentage", 40.0, 40),
        ("boolean", False, False),
        ("json_schema", {"value": 1.0, "currency": "x"}, {"value": 1, "currency": "x"}),
    ],
)
def test_answers_are_turned_into_the_scored_form(answer_type: str, value: Any, expected: Any) -> None:
    assert scored_form(answer_type, value) == expected
    assert type(scored_form(answer_type, value)) is type(expected)


def test_an_unknown_price_makes_the_sum_unknown() -> None:
    known = EvalResult(id="a", price=Decimal("0.5"))
    assert summarise([known, known]).price == Decimal("1.0")
    assert summarise([known, EvalResult(id="b", price=None)]).price is None


# ------------------------------------------------------------------ recall


def traced(read: list[str], passages: list[tuple[str, list[str]]]) -> SignalTrace:
    given = [
        {"url": url, "headings": ["Plans"], "units": [{"number": 1, "text": text} for text in texts]}
        for url, texts in passages
    ]
    return SignalTrace(
        signal(SignalRequest(domain="acme.example", question="q")),
        (
            TraceStep(
                "rank",
                0.0,
                NOW,
                {"passages": given},
            ),
        ),
        (),
        tuple(TracedPage(snapshot_id=url, url=url, title="", fetched_at=NOW) for url in read),
    )


GOLD = EvalQuestion(
    id="a",
    domain="acme.example",
    question="q",
    evidence=(GoldEvidence(path="/pricing/", quote="Team  costs $25"),),
)
PRICING = "https://acme.example/pricing"


@pytest.mark.parametrize(
    ("trace", "fetched", "rank"),
    [
        (traced([], []), False, None),
        (traced([PRICING], []), True, None),
        (traced([PRICING], [("https://acme.example/", ["Team costs $25"])]), True, None),
        (
            traced([PRICING], [(PRICING, ["Enterprise"]), (PRICING, ["Our team costs", "$25 a month."])]),
            True,
            2,
        ),
        (traced([PRICING + "/index.html"], [(PRICING, ["The TEAM costs: $25."])]), True, 1),
        (traced([PRICING], [(PRICING, ["Team costs $250"])]), True, None),
    ],
)
def test_fetching_and_ranking_are_measured_apart(trace: SignalTrace, fetched: bool, rank: int | None) -> None:
    row = question_recall(GOLD, trace)
    assert (row.fetched, row.rank) == (fetched, rank)


def test_recall_is_given_by_site_and_depth() -> None:
    shown = traced([PRICING], [(PRICING, ["x"])] * 7 + [(PRICING, ["Team costs $25"])])
    rows = [question_recall(GOLD, shown), question_recall(GOLD, traced([], []))]
    site, total = by_site(rows)
    assert (site.site, total.site) == ("acme.example", "all")
    assert site.shown == {5: 0, 10: 1, 20: 1}
    assert site.fetch_recall() == 0.5
    assert site.rank_recall(10) == 0.5
    assert site.shown_of_fetched(10) == 1.0
    assert by_site([]) == []
