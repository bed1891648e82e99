"""The engine: how a question becomes an answer.

    plan     which sources can say anything to this question, in which order
    for each source, until an answer is supported:
      collect  gather its evidence                                   -> Evidence
      rank     all passages against the question                     -> numbered passages
      answer   a reader proposes a typed draft that cites numbers    -> Draft
      verify   do the cited words bear the draft out?                -> Verification
    settle   strict or lenient, confidence, sources, warnings      -> Outcome

What each step returns goes to the trace before the next one begins. The trace keeps at once what cost pages
or money, so a question whose process died resumes there, and pays for nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from leadline.research.errors import Reason, StepError, StepOverran
from leadline.research.model import (
    Draft,
    Evidence,
    Outcome,
    Page,
    Passage,
    Provenance,
    Question,
    Unreadable,
    Usage,
    Value,
    Verification,
)
from leadline.research.ports import Library, Progress, Reader, Sandbox, SecondLook, Source, Trace
from leadline.research.steps.nearest import nearest
from leadline.research.steps.plan import Plan, Planned, plan
from leadline.research.steps.settle import overran, settle

T = TypeVar("T", bound=Value)


class Collected(Value, frozen=True, kw_only=True):
    """What was gathered up to and with ``source``. ``provenance``: of the snapshots that are not the company's own."""

    source: str
    snapshot_ids: tuple[str, ...]
    provenance: dict[str, Provenance] = msgspec.field(default_factory=dict)
    unreadable: tuple[Unreadable, ...] = ()
    fetched: int = 0
    unplanned: int = 0


class Ranked(Value, frozen=True, kw_only=True):
    source: str
    passages: tuple[Passage, ...]


class Drafted(Value, frozen=True, kw_only=True):
    source: str
    draft: Draft


class Checked(Value, frozen=True, kw_only=True):
    source: str
    verification: Verification
    usage: Usage = Usage()  # of the second look


class Judged(NamedTuple):
    ranked: Ranked
    draft: Draft
    verification: Verification


class Engine:
    """Answers questions. Holds no state of any question; safe to share between tasks."""

    def __init__(
        self,
        library: Library,
        sources: Sequence[Source],
        sandbox: Sandbox,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``sources`` are asked in this order."""
        self._library = library
        self._sandbox = sandbox
        self._sources = sources
        self._clock = clock

    def beginning_with(self, source: Source) -> Engine:
        """An engine that asks this source before the others."""
        return Engine(self._library, (source, *self._sources), self._sandbox, clock=self._clock)

    async def answer(self, question: Question, reader: Reader, trace: Trace, progress: Progress) -> Outcome:
        """Answer ``question``. Raises ModelError when the reader's model gives no usable reply."""
        run = _Run(
            self._library, self._sources, self._sandbox, self._clock, question, reader, trace, progress
        )
        return await run.answer()


class _Run:
    """One question on its way."""

    def __init__(
        self,
        library: Library,
        sources: Sequence[Source],
        sandbox: Sandbox,
        clock: Callable[[], float],
        question: Question,
        reader: Reader,
        trace: Trace,
        progress: Progress,
    ) -> None:
        self.library = library
        self.sources = {source.name: source for source in sources}
        self.sandbox = sandbox
        self.clock = clock
        self.question = question
        self.reader = reader
        self.trace = trace
        self.progress = progress
        self.deadline = clock() + question.budget.max_seconds

    async def answer(self) -> Outcome:
        if (settled := await self.trace.load("settle", Outcome)) is not None:
            self.progress("resume", "settled already")
            return settled
        planned = (await self._step("plan", Plan, self._plan)).sources
        evidence = Evidence()
        collected = await self.trace.load("collect", Collected)
        if collected is not None:
            self.progress(
                "resume", f"{len(collected.snapshot_ids)} pages read earlier", source=collected.source
            )
            evidence = await self._recall(collected)
            gathered = [step.source for step in planned].index(collected.source)
            planned = planned[gathered:]
        judged: Judged | None = None
        for step in planned:
            if collected is None or collected.source != step.source:
                if step.source not in self.sources or step.pages <= len(evidence.pages):
                    continue  # planned by a process that had it, or nothing is left for it
                evidence = await self._gather(evidence, step)
            evidence, ranked = await self._rank(evidence, step.source)
            if judged is None or not _same_words(judged.ranked, ranked):
                try:
                    judged = await self._judge(evidence, ranked)
                except StepOverran as error:
                    return await self._overran(evidence, error)
            if judged.verification.supported:
                break
        if judged is None:
            judged = Judged(Ranked(source="", passages=()), Draft(reader=self.reader.name), Verification())
        outcome = await self._step("settle", Outcome, lambda: self._settle(evidence, judged))
        self.progress(
            "settle", "no answer" if outcome.answer is None else "answered", confidence=outcome.confidence
        )
        return outcome

    # -------------------------------------------------------------- collect

    async def _plan(self) -> Plan:
        return plan(self.question, tuple(self.sources.values()), self.reader.name)

    async def _gather(self, before: Evidence, step: Planned) -> Evidence:
        started = self.clock()
        source = self.sources[step.source]
        pages = step.pages - len(before.pages)
        evidence = before.plus(await source.gather(self.question, pages, self.deadline, self.progress))
        await self._save("collect", _collected(evidence, source.name), self.clock() - started)
        return evidence

    async def _recall(self, collected: Collected) -> Evidence:
        pages = await self.library.load(collected.snapshot_ids)
        return Evidence(
            pages=tuple(
                replace(page, provenance=collected.provenance.get(page.snapshot_id, Provenance.OWN))
                for page in pages
            ),
            unreadable=collected.unreadable,
            fetched=collected.fetched,
            unplanned=collected.unplanned,
        )

    # -------------------------------------------------------------- rank, answer, verify

    async def _rank(self, evidence: Evidence, source: str) -> tuple[Evidence, Ranked]:
        """The best passages, and the evidence without the pages that could not be ranked in time."""

        async def run() -> Ranked:
            passages = await self.sandbox.rank(self.question, evidence, self.reader.passage_limit)
            return Ranked(source=source, passages=tuple(passages))

        try:
            ranked = await self._step("rank", Ranked, run, valid=lambda stored: stored.source == source)
        except StepError as error:
            self.progress("rank", f"one page after the other, because {error}")
            evidence = await self._sifted(evidence)
            await self._save("collect", _collected(evidence, source), 0.0)
            ranked = await self._step("rank", Ranked, run, valid=lambda stored: stored.source == source)
        self.progress(
            "rank",
            f"{len(ranked.passages)} passages of {len(evidence.pages)} pages",
            pages=len(evidence.pages),
        )
        return evidence, ranked

    async def _sifted(self, evidence: Evidence) -> Evidence:
        """The evidence, with the pages that cannot be ranked even alone among what could not be read."""
        kept: list[Page] = []
        unreadable = list(evidence.unreadable)
        for page in evidence.pages:
            try:
                await self.sandbox.rank(self.question, Evidence(pages=(page,)), self.reader.passage_limit)
            except StepError as error:
                reason = Reason.TOO_COMPLEX if isinstance(error, StepOverran) else Reason.READER_FAILED
                unreadable.append(Unreadable(url=page.url, reason=reason, detail=str(error)))
            else:
                kept.append(page)
        return replace(evidence, pages=tuple(kept), unreadable=tuple(unreadable))

    async def _judge(self, evidence: Evidence, ranked: Ranked) -> Judged:
        source = ranked.source

        async def read() -> Drafted:
            if not ranked.passages:
                return Drafted(source=source, draft=Draft(reader=self.reader.name))
            draft = await self.reader.read(self.question, ranked.passages, evidence)
            return Drafted(source=source, draft=draft)

        async def check() -> Checked:
            verification = await self.sandbox.verify(self.question, drafted.draft, ranked.passages, evidence)
            if not isinstance(self.reader, SecondLook):
                return Checked(source=source, verification=verification)
            confirmed = await self.reader.confirm(self.question, verification, ranked.passages)
            return Checked(source=source, verification=confirmed.verification, usage=confirmed.usage)

        drafted = await self._step("answer", Drafted, read, valid=lambda stored: stored.source == source)
        self.progress(
            "answer", drafted.draft.reasoning or "the passages do not say", reader=drafted.draft.reader
        )
        checked = await self._step("verify", Checked, check, valid=lambda stored: stored.source == source)
        for claim in checked.verification.claims:
            self.progress("verify", f"{claim.verdict.value}: {claim.why}")
        draft = replace(drafted.draft, usage=drafted.draft.usage.plus(checked.usage))
        return Judged(ranked, draft, checked.verification)

    async def _settle(self, evidence: Evidence, judged: Judged) -> Outcome:
        passages = judged.ranked.passages
        outcome = settle(self.question, evidence, passages, judged.draft, judged.verification)
        if outcome.answer is None and not outcome.failed:
            outcome = replace(
                outcome, nearest=nearest(self.question, judged.verification, passages, evidence)
            )
        return outcome

    async def _overran(self, evidence: Evidence, error: StepOverran) -> Outcome:
        """The end of a question whose pages keep the reader busy for longer than it may be."""
        outcome = overran(self.question, evidence, error)
        await self._save("settle", outcome, 0.0)
        self.progress("settle", "given up", error_code=outcome.error_code)
        return outcome

    # -------------------------------------------------------------- the trace

    async def _step(
        self,
        name: str,
        of: type[T],
        run: Callable[[], Awaitable[T]],
        *,
        valid: Callable[[T], bool] = lambda _: True,
    ) -> T:
        """The stored result of a step, or its result now, stored."""
        stored = await self.trace.load(name, of)
        if stored is not None and valid(stored):
            return stored
        started = self.clock()
        value = await run()
        await self._save(name, value, self.clock() - started)
        return value

    async def _save(self, name: str, value: Value, seconds: float) -> None:
        await self.trace.save(name, value, seconds=seconds)


def _collected(evidence: Evidence, source: str) -> Collected:
    return Collected(
        source=source,
        snapshot_ids=tuple(page.snapshot_id for page in evidence.pages),
        provenance={
            page.snapshot_id: page.provenance
            for page in evidence.pages
            if page.provenance is not Provenance.OWN
        },
        unreadable=evidence.unreadable,
        fetched=evidence.fetched,
        unplanned=evidence.unplanned,
    )


def _same_words(before: Ranked, after: Ranked) -> bool:
    """True when a reader would see the very same words again, so asking it again is pointless."""

    def words(ranked: Ranked) -> set[str]:
        return {unit.text for passage in ranked.passages for unit in passage.units}

    return words(before) == words(after)
