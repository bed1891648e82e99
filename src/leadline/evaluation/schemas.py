"""The lines of a question file and of a result file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from leadline.foundation.errors import InvalidInput


class GoldEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Where the answer stands: a path on the asked site, and words that stand on that page."""

    path: str
    quote: str


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What else counts as right. ``tolerance`` is relative to the expected figure."""

    tolerance: float | None = None
    values: tuple[float, ...] = ()
    aliases: dict[str, tuple[str, ...]] = {}
    min_f1: float = 0.8
    keys: tuple[tuple[str, ...], ...] = ()
    field_keys: dict[str, tuple[str, ...]] = {}
    accept_urls: tuple[str, ...] = ()


class EvalQuestion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One question to ask. ``expected`` is unset where the file does not say what is right."""

    id: str
    domain: str
    question: str
    answer_type: str = "open_text"
    output_schema: dict[str, Any] | None = None
    verification_mode: str = "strict"
    evidence: tuple[GoldEvidence, ...] = ()
    expected: Any = msgspec.UNSET
    accept: Accepted = Accepted()
    answerable: bool | msgspec.UnsetType = msgspec.UNSET


class CitedSource(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    snippet: str


class EvalResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of one question. ``answer`` is None where none was given.

    The first four members are what scorers read: there a currency is ``{"amount", "currency"}`` and every
    other answer the canonical value of its type. ``seconds`` is wall clock; ``price`` is in US dollars,
    None when the price of the model is not known. ``quotes_stand`` says how many of the quotes were found again in
    the stored pages, None where that was not looked at.
    """

    id: str
    answer: Any = None
    confidence: float | None = None
    sources: tuple[CitedSource, ...] = ()
    failed: bool = False
    error_code: str | None = None
    error: str | None = None
    reasoning: str | None = None
    seconds: float = 0.0
    pages_read: int = 0
    pages_fetched: int = 0
    model_calls: int = 0
    tokens: int = 0
    price: Decimal | None = Decimal(0)
    signal_id: str | None = None
    quotes_stand: int | None = None


class EvalSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A result file in figures. ``price`` is None when that of some call is not known."""

    questions: int = 0
    answered: int = 0
    no_answer: int = 0  # everything was read, no answer found
    not_everywhere: int = 0  # no answer found, and something could not be read
    failed: int = 0
    seconds: float = 0.0  # of all questions together, not wall clock
    pages_fetched: int = 0
    model_calls: int = 0
    tokens: int = 0
    price: Decimal | None = Decimal(0)


def summarise(results: list[EvalResult]) -> EvalSummary:
    answered = sum(r.answer is not None for r in results)
    failed = sum(r.failed for r in results)
    not_everywhere = sum(r.answer is None and not r.failed and r.error_code is not None for r in results)
    prices = [r.price for r in results]
    return EvalSummary(
        questions=len(results),
        answered=answered,
        no_answer=len(results) - answered - failed - not_everywhere,
        not_everywhere=not_everywhere,
        failed=failed,
        seconds=sum(r.seconds for r in results),
        pages_fetched=sum(r.pages_fetched for r in results),
        model_calls=sum(r.model_calls for r in results),
        tokens=sum(r.tokens for r in results),
        price=None if None in prices else sum((p for p in prices if p is not None), Decimal(0)),
    )


def read_questions(path: Path) -> list[EvalQuestion]:
    """The questions of a JSONL file, in their order.

    Raises InvalidInput, whose fields name every bad line and what is wrong with it.
    """
    questions: list[EvalQuestion] = []
    faults: list[tuple[str, str]] = []
    first_line: dict[str, int] = {}
    for number, raw in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if not raw.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            question = msgspec.json.decode(raw, type=EvalQuestion)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            faults.append((where, f"{error}; give one JSON object with id, domain, question and answerType"))
            continue
        if question.id in first_line:
            earlier = first_line[question.id]
            faults.append((where, f"the id {question.id!r} stands on line {earlier} too; ids must differ"))
        first_line.setdefault(question.id, number)
        questions.append(question)
    if faults:
        raise InvalidInput(*faults)
    if not questions:
        raise InvalidInput((path.name, "the file holds no question; give a JSON object on each line"))
    return questions
