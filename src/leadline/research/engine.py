"""The engine: how a question becomes an answer.

    plan     which rungs of the ladder this question may climb
    collect  read the company's pages                              -> Evidence
    rank     its passages against the question                     -> numbered passages
    answer   a reader proposes a typed draft that cites numbers    -> Draft
    verify   do the cited words bear the draft out?                -> Verification
    settle   strict or lenient, confidence, sources, warnings      -> Outcome

What each step returns goes to the trace before the next one begins. The trace keeps at once what cost pages
or money, so a question whose process died resumes there, and pays for nothing twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from leadline.research.model import (
    Draft,
    Evidence,
    Outcome,
    Passage,
    Question,
    Unreadable,
    Value,
    Verification,
)
from leadline.research.ports import Library, Progress, Reader, Trace
from leadline.research.steps.collect import Site
from leadline.research.steps.rank import rank
from leadline.research.steps.settle import settle
from leadline.research.steps.verify import verify

T = TypeVar("T", bound=Value)


class Plan(Value, frozen=True, kw_only=True):
    """The rungs that may be climbed: 1 stored evidence, 2 the company's own site."""

    rungs: tuple[int, ...] = (1, 2)
    reader: str = ""


class Collected(Value, frozen=True, kw_only=True):
    rung: int
    snapshot_ids: tuple[str, ...]
    unreadable: tuple[Unreadable, ...] = ()
    fetched: int = 0
    unplanned: int = 0


class Ranked(Value, frozen=True, kw_only=True):
    rung: int
    passages: tuple[Passage, ...]


class Drafted(Value, frozen=True, kw_only=True):
    rung: int
    draft: Draft


class Checked(Value, frozen=True, kw_only=True):
    rung: int
    verification: Verification


class Engine:
    """Answers questions. Holds no state of any question; safe to share between tasks."""

    def __init__(self, library: Library, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._library = library
        self._clock = clock

    async def answer(self, question: Question, reader: Reader, trace: Trace, progress: Progress) -> Outcome:
        """Answer ``question``. Raises ModelError when the reader's model gives no usable reply."""
        return await _Run(self._library, self._clock, question, reader, trace, progress).answer()


class _Run:
    """One question on its way."""

    def __init__(
        self,
        library: Library,
        clock: Callable[[], float],
        question: Question,
        reader: Reader,
        trace: Trace,
        progress: Progress,
    ) -> None:
        self.library = library
        self.clock = clock
        self.question = question
        self.reader = reader
        self.trace = trace
        self.progress = progress
        self.deadline = clock() + question.budget.max_seconds
        self.site: Site | None = None

    async def answer(self) -> Outcome:
        if (settled := await self.trace.load("settle", Outcome)) is not None:
            self.progress("resume", "settled already")
            return settled
        await self._step("plan", Plan, self._plan)
        earlier = await self.trace.load("collect", Collected)
        if earlier is not None:
            self.progress("resume", f"{len(earlier.snapshot_ids)} pages read earlier", rung=earlier.rung)
            evidence = await self._recall(earlier)
            rung = earlier.rung
        else:
            evidence, rung = await self._collect()
        ranked, draft, verification = await self._read(evidence, rung)
        if rung == 1 and not verification.supported:
            # The stored pages do not answer it: read what the plan still lacks, then look again.
            evidence = await self._climb(evidence)
            again = await self._rank(evidence, 2)
            if _same_words(ranked, again):
                await self._save("collect", _collected(evidence, 2), 0.0)
            else:
                ranked, draft, verification = await self._judge(evidence, again, 2)
        outcome = await self._step(
            "settle", Outcome, lambda: self._settle(evidence, ranked, draft, verification)
        )
        self.progress(
            "settle", "no answer" if outcome.answer is None else "answered", confidence=outcome.confidence
        )
        return outcome

    # -------------------------------------------------------------- collect

    async def _plan(self) -> Plan:
        return Plan(reader=self.reader.name)

    async def _collect(self) -> tuple[Evidence, int]:
        started = self.clock()
        self.site = Site(self.question, self.library, self.progress)
        await self.site.open(self.deadline)
        rung = 1 if self.site.known_well_enough else 2
        if rung == 2:
            await self.site.read(self.deadline)
        evidence = self.site.evidence()
        await self._save("collect", _collected(evidence, rung), self.clock() - started)
        return evidence, rung

    async def _climb(self, before: Evidence) -> Evidence:
        started = self.clock()
        if self.site is None:
            self.site = Site(self.question, self.library, self.progress)
            await self.site.open(self.deadline)
        await self.site.read(self.deadline)
        evidence = _continued(before, self.site.evidence())
        if self.site.fetched:
            await self._save("collect", _collected(evidence, 2), self.clock() - started)
        return evidence

    async def _recall(self, collected: Collected) -> Evidence:
        return Evidence(
            pages=tuple(await self.library.load(collected.snapshot_ids)),
            unreadable=collected.unreadable,
            fetched=collected.fetched,
            unplanned=collected.unplanned,
        )

    # -------------------------------------------------------------- rank, answer, verify

    async def _read(self, evidence: Evidence, rung: int) -> tuple[Ranked, Draft, Verification]:
        return await self._judge(evidence, await self._rank(evidence, rung), rung)

    async def _rank(self, evidence: Evidence, rung: int) -> Ranked:
        async def run() -> Ranked:
            passages = await asyncio.to_thread(rank, self.question, evidence, self.reader.passage_limit)
            return Ranked(rung=rung, passages=tuple(passages))

        ranked = await self._step("rank", Ranked, run, valid=lambda stored: stored.rung == rung)
        self.progress(
            "rank",
            f"{len(ranked.passages)} passages of {len(evidence.pages)} pages",
            pages=len(evidence.pages),
        )
        return ranked

    async def _judge(
        self, evidence: Evidence, ranked: Ranked, rung: int
    ) -> tuple[Ranked, Draft, Verification]:
        async def read() -> Drafted:
            if not ranked.passages:
                return Drafted(rung=rung, draft=Draft(reader=self.reader.name))
            draft = await self.reader.read(self.question, ranked.passages, evidence)
            return Drafted(rung=rung, draft=draft)

        async def check() -> Checked:
            verification = await asyncio.to_thread(
                verify, self.question, drafted.draft, ranked.passages, evidence
            )
            return Checked(rung=rung, verification=verification)

        drafted = await self._step("answer", Drafted, read, valid=lambda stored: stored.rung == rung)
        self.progress(
            "answer", drafted.draft.reasoning or "the passages do not say", reader=drafted.draft.reader
        )
        checked = await self._step("verify", Checked, check, valid=lambda stored: stored.rung == rung)
        for claim in checked.verification.claims:
            self.progress("verify", f"{claim.verdict.value}: {claim.why}")
        return ranked, drafted.draft, checked.verification

    async def _settle(
        self, evidence: Evidence, ranked: Ranked, draft: Draft, verification: Verification
    ) -> Outcome:
        return settle(self.question, evidence, ranked.passages, draft, verification)

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


def _collected(evidence: Evidence, rung: int) -> Collected:
    return Collected(
        rung=rung,
        snapshot_ids=tuple(page.snapshot_id for page in evidence.pages),
        unreadable=evidence.unreadable,
        fetched=evidence.fetched,
        unplanned=evidence.unplanned,
    )


def _continued(before: Evidence, after: Evidence) -> Evidence:
    """``after`` with the pages of ``before`` in their old places: passages name their page by its place."""
    known = {page.snapshot_id for page in before.pages}
    return Evidence(
        pages=(*before.pages, *(page for page in after.pages if page.snapshot_id not in known)),
        unreadable=after.unreadable,
        fetched=after.fetched,
        unplanned=after.unplanned,
    )


def _same_words(before: Ranked, after: Ranked) -> bool:
    """True when a reader would see the very same words again, so asking it again is pointless."""

    def words(ranked: Ranked) -> set[str]:
        return {unit.text for passage in ranked.passages for unit in passage.units}

    return words(before) == words(after)
