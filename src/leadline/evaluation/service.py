"""Runs a question file through the real path: the same ``ask`` that the command line and the service use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from leadline.evaluation.repository import ResultFile
from leadline.evaluation.schemas import CitedSource, EvalQuestion, EvalResult
from leadline.foundation.errors import InvalidInput
from leadline.research import answer_types
from leadline.research.ports import Progress
from leadline.signals.schemas import QuoteCheck, Signal, SignalRequest, wire_numbers


class Asker(Protocol):
    """Who answers: the wired service."""

    async def ask(
        self, request: SignalRequest, *, reader: str = "auto", progress: Progress | None = None
    ) -> Signal: ...

    async def verify(self, signal_id: str) -> tuple[QuoteCheck, ...]: ...


async def evaluate(
    asker: Asker,
    questions: Sequence[EvalQuestion],
    results: ResultFile,
    *,
    reader: str = "auto",
    concurrency: int = 1,
    force_refresh: bool = False,
    done: Callable[[EvalQuestion, EvalResult], None] = lambda question, result: None,
) -> None:
    """Ask what ``results`` lacks, at most ``concurrency`` at once, and write each result as it comes.

    A question that is itself invalid gets a failed result; anything that would fail every question (a
    wrong setting, no database) is raised, and the results so far stay.
    """
    answered = results.ids
    waiting = iter([question for question in questions if question.id not in answered])

    async def ask_on() -> None:
        for question in waiting:
            result = await _ask(asker, question, reader, force_refresh)
            results.append(result)
            done(question, result)

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(concurrency):
                tasks.create_task(ask_on())
    except ExceptionGroup as group:
        raise group.exceptions[0] from group


async def _ask(asker: Asker, question: EvalQuestion, reader: str, force_refresh: bool) -> EvalResult:
    started = time.monotonic()
    request = SignalRequest(
        domain=question.domain,
        question=question.question,
        answer_type=question.answer_type,
        output_schema=question.output_schema,
        verification_mode=question.verification_mode,
        force_refresh=force_refresh,
    )
    try:
        signal = await asker.ask(request, reader=reader)
    except InvalidInput as error:
        faults = "; ".join(f"{field.field}: {field.message}" for field in error.fields)
        return EvalResult(id=question.id, failed=True, error_code=error.code, error=faults or error.message)
    seconds = time.monotonic() - started
    checks = await asker.verify(signal.id) if signal.answer is not None else ()
    return result_of(question, signal, seconds, sum(check.fault is None for check in checks))


def result_of(
    question: EvalQuestion, signal: Signal, seconds: float, quotes_stand: int | None = None
) -> EvalResult:
    """The result line of an answered signal."""
    facts = signal.metadata
    price = facts.get("priceUsd", 0)
    return EvalResult(
        id=question.id,
        answer=scored_form(signal.answer_type, signal.answer),
        confidence=signal.confidence,
        sources=tuple(CitedSource(url=s.url, snippet=s.snippet) for s in signal.sources),
        failed=signal.status == "failed",
        error_code=signal.error_code,
        error=signal.error,
        reasoning=signal.reasoning,
        seconds=round(seconds, 3),
        pages_read=facts.get("pagesRead", 0),
        pages_fetched=facts.get("pagesFetched", 0),
        model_calls=facts.get("modelCalls", 0),
        tokens=facts.get("inputTokens", 0) + facts.get("outputTokens", 0),
        price=None if price is None else Decimal(str(price)),
        signal_id=signal.id,
        quotes_stand=quotes_stand,
    )


def scored_form(answer_type: str, value: Any) -> Any:
    """A canonical value as scorers read it."""
    return wire_numbers(answer_types.answer_type(answer_type).scored(value) if value is not None else None)
