"""Result files in figures: what a run got right and how sure it was, and where two runs differ."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations
from statistics import median
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from leadline.evaluation.judging import Verdict, is_answerable, judge
from leadline.evaluation.schemas import EvalQuestion, EvalResult
from leadline.foundation.errors import InvalidInput
from leadline.research.calibration import Given, Reliability, reliability


class Judged(msgspec.Struct, frozen=True, rename="camel"):
    """A question and what a run said to it."""

    id: str
    domain: str
    question: str
    answerable: bool
    expected: Any
    answer: Any
    verdict: Verdict
    confidence: float | None
    evidence_hit: bool | None  # a page with the gold words is cited; None where nothing could be cited


class RunScore(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One run. ``price`` in US dollars, None when that of some call is not known; ``seconds`` of one question each.

    ``quotes`` of answers whose quotes were looked up again, ``quotes_stand`` of them found.
    """

    name: str
    questions: int
    answerable: int
    right: int
    wrong: int
    wrong_of_answerable: int
    abstained: int
    abstained_of_answerable: int
    failed: int
    quotes: int
    quotes_stand: int
    evidence_hit: int
    evidence_asked: int  # right or wrong answers to questions that have evidence
    reliability: Reliability
    without_confidence: int
    calls: int
    tokens: int
    price: Decimal | None
    seconds_mean: float
    seconds_median: float
    judged: tuple[Judged, ...]


class Changed(msgspec.Struct, frozen=True, rename="camel"):
    """A question on which two runs have different verdicts, or give different answers that are both wrong."""

    before: Judged
    after: Judged


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """Two runs, question by question, over the questions that both were asked. ``only_*``: asked in one alone."""

    before: str
    after: str
    both: int
    only_before: int
    only_after: int
    changed: tuple[Changed, ...]


class Report(msgspec.Struct, frozen=True, rename="camel"):
    runs: tuple[RunScore, ...]
    differences: tuple[Difference, ...]


def compare(questions: Sequence[EvalQuestion], runs: Sequence[tuple[str, Sequence[EvalResult]]]) -> Report:
    """Every run scored, and every two of them laid side by side. A question that a run was not asked is left out there.

    Raises InvalidInput where a question does not say what is right, or a run answers none of the questions.
    """
    scores = tuple(score(name, questions, results) for name, results in runs)
    return Report(scores, tuple(difference(one, other) for one, other in combinations(scores, 2)))


def score(name: str, questions: Sequence[EvalQuestion], results: Sequence[EvalResult]) -> RunScore:
    """One run, over the questions that it was asked."""
    by_id = {result.id: result for result in results}
    asked = [(question, by_id[question.id]) for question in questions if question.id in by_id]
    if not asked:
        raise InvalidInput(
            (name, "it holds no result of these questions: give the question file that was asked")
        )
    judged = [_judged(question, result) for question, result in asked]
    given = [one for one in judged if one.verdict is not Verdict.ABSTAINED]
    checked = [result for _, result in asked if result.quotes_stand is not None and result.answer is not None]
    prices = [result.price for _, result in asked]
    seconds = [result.seconds for _, result in asked]
    return RunScore(
        name=name,
        questions=len(judged),
        answerable=sum(one.answerable for one in judged),
        right=sum(one.verdict is Verdict.RIGHT for one in judged),
        wrong=sum(one.verdict is Verdict.WRONG for one in judged),
        wrong_of_answerable=sum(one.verdict is Verdict.WRONG and one.answerable for one in judged),
        abstained=sum(one.verdict is Verdict.ABSTAINED for one in judged),
        abstained_of_answerable=sum(one.verdict is Verdict.ABSTAINED and one.answerable for one in judged),
        failed=sum(result.failed for _, result in asked),
        quotes=sum(len(result.sources) for result in checked),
        quotes_stand=sum(result.quotes_stand or 0 for result in checked),
        evidence_hit=sum(one.evidence_hit is True for one in judged),
        evidence_asked=sum(one.evidence_hit is not None for one in judged),
        reliability=reliability(
            Given(one.confidence, one.verdict is Verdict.RIGHT) for one in given if one.confidence is not None
        ),
        without_confidence=sum(one.confidence is None for one in given),
        calls=sum(result.model_calls for _, result in asked),
        tokens=sum(result.tokens for _, result in asked),
        price=None if None in prices else sum((one for one in prices if one is not None), Decimal(0)),
        seconds_mean=sum(seconds) / len(seconds),
        seconds_median=median(seconds),
        judged=tuple(judged),
    )


def difference(before: RunScore, after: RunScore) -> Difference:
    """What changed between two runs."""
    one = {judged.id: judged for judged in before.judged}
    other = {judged.id: judged for judged in after.judged}
    both = [(one[id_], other[id_]) for id_ in one if id_ in other]
    return Difference(
        before=before.name,
        after=after.name,
        both=len(both),
        only_before=len(one) - len(both),
        only_after=len(other) - len(both),
        changed=tuple(
            Changed(first, second)
            for first, second in both
            if first.verdict is not second.verdict
            or (first.verdict is Verdict.WRONG and first.answer != second.answer)
        ),
    )


def _judged(question: EvalQuestion, result: EvalResult) -> Judged:
    verdict = judge(question, result.answer)
    hit: bool | None = None
    if verdict is not Verdict.ABSTAINED and question.evidence:
        gold = {_place(question.domain, evidence.path) for evidence in question.evidence}
        hit = any(_place(question.domain, source.url) in gold for source in result.sources)
    return Judged(
        id=question.id,
        domain=question.domain,
        question=question.question,
        answerable=is_answerable(question),
        expected=None if question.expected is msgspec.UNSET else question.expected,
        answer=result.answer,
        verdict=verdict,
        confidence=result.confidence,
        evidence_hit=hit,
    )


def _place(domain: str, url: str) -> tuple[str, str]:
    """Host and path of a cited address; a path alone is on the asked site."""
    parts = urlsplit(url)
    path = unquote(parts.path).removesuffix("index.html").rstrip("/") or "/"
    return (parts.hostname or domain).removeprefix("www."), path
