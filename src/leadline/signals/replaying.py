"""Replaying: a signal answered again on what was read for it, by another reader, model or prompt, to be compared.

No site is asked, nothing is kept and nothing is charged. What is no longer stored could not be looked at, which is said like any
other page that could not be read: it makes no "no".
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput, NotFound
from leadline.foundation.http import requests_allowed
from leadline.models.service import BudgetedModel
from leadline.research.engine import Checked, Collected, Engine
from leadline.research.errors import ModelError, Reason
from leadline.research.model import (
    Evidence,
    Provenance,
    Question,
    Source,
    Unreadable,
    Usage,
    Verdict,
    Verification,
)
from leadline.research.ports import Reader, Sandbox
from leadline.research.sources.stored import StoredEvidence
from leadline.signals import repository
from leadline.signals.contacts import CONTACT, PEOPLE, Contact, People
from leadline.signals.failures import model_failure
from leadline.signals.repository import Row
from leadline.signals.schemas import Answered, Replay, SourceView
from leadline.signals.tasks import Answering, Readers
from leadline.signals.trust import Weighed, rules, weigh

T = TypeVar("T")


class Replaying:
    """Answers signals of an organisation again."""

    def __init__(
        self,
        database: Database,
        library: StoredLibrary,
        sandbox: Sandbox,
        readers: Readers,
        answering: Answering,
    ) -> None:
        self._database = database.repeatable
        self._library = library
        self._sandbox = sandbox
        self._readers = readers
        self._answering = answering

    async def replay(
        self, organisation_id: UUID, signal_id: str, *, reader: str = "same", wording: str | None = None
    ) -> Replay:
        """The answer that the signal has, and the one that it gets now, by the curve and under the threshold in force. ``reader``: same (as the signal was answered by),
        auto, model or extractive; ``wording``: what a model is told (see ``research.prompts.reading``).

        Raises NotFound, also for another organisation's signal and where it is no longer known whom it was about;
        InvalidInput for a signal that is not finished and a reader that is not there.
        """
        row = None
        with contextlib.suppress(ValueError):
            row = await repository.get(self._database, organisation_id, UUID(signal_id))
        if row is None:
            raise NotFound("Signal not found or access denied")
        if row.signal.status == "processing":
            raise InvalidInput(("SIGNAL", "is still being answered"))
        steps = await repository.saved_steps(self._database, UUID(row.signal.id))
        contact = _step(steps, CONTACT, Contact)
        if row.signal.contact_profile_url is not None and contact is None:
            raise NotFound("What was known of the person is no longer stored: ask the question anew.")
        evidence = await self._evidence(organisation_id, row, steps)
        question = self._answering.question(row, contact)
        question = replace(question, budget=replace(question.budget, max_pages=max(1, len(evidence.pages))))
        reads, named, model = self._reader(row, reader, wording, question)
        started, trace = time.monotonic(), _Kept()
        engine = Engine(self._library, [StoredEvidence(evidence)], self._sandbox)
        try:
            with requests_allowed(0):
                outcome = await engine.answer(question, reads, trace, _told)
        except ModelError as error:
            outcome = model_failure(error)
        looked = _step(steps, PEOPLE, People) or contact
        if looked is not None:
            outcome = looked.told(outcome)
        weighed = weigh(await rules(self._database, organisation_id, named, row.template_id), outcome)
        spent = model.spent if model is not None else Usage()
        checked = _step(steps, "verify", Checked)
        now = await trace.load("verify", Checked)
        return Replay(
            signal=row.signal,
            before=_before(row, checked.verification if checked is not None else None),
            after=_after(
                weighed, named, spent, now.verification if now else None, time.monotonic() - started
            ),
            pages=len(evidence.pages),
            missing=tuple(one.url for one in evidence.unreadable if one.reason is Reason.NOT_STORED),
        )

    async def _evidence(self, organisation_id: UUID, row: Row, steps: dict[str, str]) -> Evidence:
        """What was read for the signal, as far as it is stored; without its trace, the pages that it cites."""
        stored = await repository.sources(self._database, organisation_id, UUID(row.signal.id)) or "[]"
        sources = msgspec.json.decode(stored, type=list[Source])
        addresses = {source.proof.snapshot_id: source.url for source in sources}
        collected = _step(steps, "collect", Collected)
        if collected is None:
            provenance = {one.proof.snapshot_id: one.provenance for one in sources if one.provenance}
            collected = Collected(
                source="", snapshot_ids=tuple(addresses), provenance=provenance, unreadable=(_rest(row),)
            )
        pages = await self._library.load(collected.snapshot_ids)
        there = {page.snapshot_id for page in pages}
        missing = [
            Unreadable(url=addresses.get(one, f"urn:uuid:{one}"), reason=Reason.NOT_STORED)
            for one in collected.snapshot_ids
            if one not in there
        ]
        return Evidence(
            pages=tuple(
                replace(page, provenance=collected.provenance.get(page.snapshot_id, Provenance.OWN))
                for page in pages
            ),
            unreadable=(*collected.unreadable, *missing),
            unplanned=collected.unplanned,
        )

    def _reader(
        self, row: Row, wanted: str, wording: str | None, question: Question
    ) -> tuple[Reader, str, BudgetedModel | None]:
        """Who answers, under which name, and the model that is paid for it."""
        if wanted == "same":
            wanted = "extractive" if row.reader == "extractive" else "model"
        named = self._readers.name(wanted)
        if named == "extractive":
            if wording is not None:
                raise InvalidInput(("prompt", "is for a model; rules are told nothing"))
            return self._readers.extractive(), named, None
        assert self._readers.model is not None, "a model that has a name is there"
        assert self._readers.model_reader is not None, "where there is a model, something asks it"
        model = BudgetedModel(self._readers.model, question.budget)
        told = {} if wording is None else {"wording": wording}
        return self._readers.model_reader(model, **told), named, model


class _Kept:
    """``research.ports.Trace`` that is gone with the replay."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    async def load(self, step: str, of: type[T]) -> T | None:
        found = self._values.get(step)
        return found if isinstance(found, of) else None

    async def save(self, step: str, value: msgspec.Struct, *, seconds: float) -> None:
        self._values[step] = value


def _step(steps: dict[str, str], name: str, of: type[T]) -> T | None:
    return msgspec.json.decode(steps[name], type=of) if name in steps else None


def _rest(row: Row) -> Unreadable:
    """Whatever else was read for a signal whose trace is gone."""
    about = f"https://{row.signal.domain}/" if row.signal.domain else row.signal.contact_profile_url or ""
    return Unreadable(url=about, reason=Reason.NOT_STORED, detail="which other pages were read is not known")


def _told(step: str, detail: str, /, **facts: object) -> None:
    """Nobody watches."""


def _before(row: Row, verification: Verification | None) -> Answered:
    signal, facts = row.signal, row.signal.metadata
    return Answered(
        reader=row.reader,
        failed=signal.status == "failed",
        answer=signal.answer,
        confidence=signal.confidence,
        quotes=signal.sources,
        verdict=_verdict(verification) if row.held_back is None else "",
        reasoning=signal.reasoning or "",
        error_code=signal.error_code,
        model_calls=facts.get("modelCalls", 0),
        input_tokens=facts.get("inputTokens", 0),
        output_tokens=facts.get("outputTokens", 0),
        price_usd=facts.get("priceUsd"),
        seconds=facts.get("processingTimeMs", 0) / 1000,
        held_back=row.held_back is not None,
    )


def _after(
    weighed: Weighed, named: str, spent: Usage, verification: Verification | None, seconds: float
) -> Answered:
    outcome = weighed.outcome
    return Answered(
        reader=named,
        failed=outcome.failed,
        answer=outcome.answer,
        confidence=outcome.confidence,
        quotes=tuple(SourceView(one.url, one.title, one.snippet) for one in outcome.sources),
        verdict=_verdict(verification) if weighed.held_back is None else "",
        reasoning=outcome.error or outcome.reasoning,
        error_code=outcome.error_code,
        model_calls=spent.model_calls,
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        price_usd=float(spent.price) if spent.price is not None else None,
        seconds=seconds,
        held_back=weighed.held_back is not None,
    )


def _verdict(verification: Verification | None) -> str:
    """What verification said of the draft; "" where nothing was drafted, or it is not known."""
    if verification is None or not verification.claims:
        return ""
    open_claims = [one for one in verification.claims if one.verdict is not Verdict.SUPPORTED]
    if not open_claims:
        return Verdict.SUPPORTED.value
    return f"{open_claims[0].verdict.value}: {open_claims[0].why}"
