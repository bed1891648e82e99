"""Comparing: what an answer of a subscription tells against the one before.

The thought is ``research.change``; here are the pages that it needs, the second look, and the model that is asked where
rules cannot tell whether two texts say the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Connection, Database, storable_json
from leadline.research.change import Cause, ChangeType, Judgement, Look, confirmed, first, goes_back, judge
from leadline.research.engine import Collected
from leadline.research.errors import ModelError
from leadline.research.model import Company, Outcome, Page, Source, Unreadable
from leadline.research.ports import LanguageModel
from leadline.research.prompts.same_fact import same_fact_request, told_same
from leadline.signals import repository
from leadline.signals.repository import Row
from leadline.signals.schemas import wire_numbers
from leadline.signals.trust import stated

RECENT = 6  # looks back within which a value that was there counts as coming back
_SOURCES = msgspec.json.Decoder(tuple[Source, ...])


class Compared(NamedTuple):
    """``context`` is the contract's changeContext, as JSON; ``baseline``: later answers are compared with this one."""

    context: str
    judgement: Judgement
    baseline: bool

    @property
    def changed(self) -> bool:
        return self.judgement.change_type is ChangeType.CHANGED

    @property
    def facts(self) -> dict[str, str]:
        """Members of the signal's metadata: the contract's changeContext has no place for the cause."""
        why = {"changeReason": self.judgement.why} if self.judgement.why else {}
        return {"changeCause": self.judgement.cause.value, **why}


class Comparing:
    """Compares the signals of subscriptions with those before."""

    def __init__(self, database: Database, library: StoredLibrary) -> None:
        self._database = database.repeatable
        self._library = library

    async def still_stands(self, row: Row, company: Company) -> tuple[Outcome, Compared] | None:
        """The answer of before, where every page that it cites has the very bytes it had; else None.

        Costs a look at those pages and no reader. Not for an answer that cites nothing.
        """
        before = await self._before(row)
        if before is None or before.signal.answer is None or before.reader != row.reader:
            return None
        sources = await self._quotes(before)
        cited = {source.url: source.proof.body_sha256 for source in sources}
        pages = [await self._look_again(url, company, row) for url in cited]
        if not pages or any(
            not isinstance(page, Page) or page.body_sha256 != digest
            for page, digest in zip(pages, cited.values(), strict=True)
        ):
            return None
        signal = before.signal
        confidence, basis = stated(signal.confidence, signal.confidence_basis, signal.metadata)
        outcome = Outcome(
            answer=signal.answer,
            confidence=confidence,
            confidence_basis=basis,
            reasoning=signal.reasoning or "",
            sources=sources,
            pages_read=len(pages),
            inference=bool(signal.metadata.get("inference")),
        )
        same = Judgement(
            change_type=ChangeType.UNCHANGED,
            cause=Cause.NOTHING_CHANGED,
            why="the pages that it cites are the same to the byte",
        )
        # What was read in all stays with the one before, which stays what later answers are compared with.
        return outcome, Compared(_context(same, before), same, baseline=False)

    async def compare(
        self, row: Row, company: Company, outcome: Outcome, model: Callable[[], LanguageModel | None]
    ) -> Compared | None:
        """None when there is nothing to tell: it failed, or the first run could not look."""
        if outcome.failed:
            return None
        now = await self._now(row, outcome)
        before = await self._before(row)
        if before is None:
            judgement = first(now)
        else:
            judgement = await self._judge(row, company, before, now, model)
        if judgement is None:
            return None
        return Compared(_context(judgement, before), judgement, baseline=judgement.settles)

    async def held_back(self, row: Row) -> Compared | None:
        """What an answer tells that is not given: nothing. None where there was none before."""
        before = await self._before(row)
        if before is None:
            return None
        judgement = Judgement(
            change_type=ChangeType.NOT_JUDGED,
            cause=Cause.HELD_BACK,
            why="the answer of now is held back: it is not sure enough",
        )
        return Compared(_context(judgement, before), judgement, baseline=False)

    async def become_baseline(self, connection: Connection, row: Row) -> None:
        """Later answers are compared with this one; in the transaction that finishes it."""
        assert row.subscription_id is not None
        await repository.become_baseline(connection, row.subscription_id, row.of_company, UUID(row.signal.id))

    # ------------------------------------------------------------------ how

    async def _judge(
        self,
        row: Row,
        company: Company,
        before: Row,
        now: Look,
        model: Callable[[], LanguageModel | None],
    ) -> Judgement:
        asked, then = row.signal, await self._then(before)
        judgement = await asyncio.to_thread(judge, asked.answer_type, asked.question, then, now)
        if judgement.undecided and (judging := model()) is not None:
            request = same_fact_request(asked.question, then.answer, now.answer)
            try:
                same = told_same((await judging.complete(request)).output)
            except ModelError as error:
                return msgspec.structs.replace(judgement, why=f"the judge could not be asked: {error}")
            if same is None:
                return msgspec.structs.replace(judgement, why="the judge gave no usable reply")
            judgement = await asyncio.to_thread(
                judge, asked.answer_type, asked.question, then, now, same_fact=same
            )
        if judgement.change_type is not ChangeType.CHANGED:
            return judgement
        recent = await self._recent(row)
        if (flapping := goes_back(asked.answer_type, asked.question, now, recent)) is not None:
            return flapping
        urls = dict.fromkeys(quote.url for quote in now.quotes)
        if (judgement.delta or {}).get("removed"):
            still = {page.url for page in now.pages}
            urls |= dict.fromkeys(quote.url for quote in then.quotes if quote.url in still)
        again = [await self._look_again(url, company, row, anew=True) for url in urls]
        return await asyncio.to_thread(confirmed, judgement, then, now, again)

    async def _look_again(
        self, url: str, company: Company, row: Row, *, anew: bool = False
    ) -> Page | Unreadable:
        """The page as it is at this moment (``anew``), or at any moment since the signal was made."""
        since = row.signal.created_at
        if anew:  # by the clock that dates pages
            since = await self._database.fetchval("select clock_timestamp()")
        return (await self._library.page(url, company, not_before=since)).page

    async def _recent(self, row: Row) -> list[Any]:
        """The answers of the looks before, to the same question, the newest first."""
        assert row.subscription_id is not None
        rows = await repository.recent_of(
            self._database, row.subscription_id, row.of_company, UUID(row.signal.id), RECENT
        )
        return [one.signal.answer for one in rows if _asked(one) == _asked(row)]

    async def _before(self, row: Row) -> Row | None:
        """What to compare with: None when there is nothing, or when something else is asked now."""
        assert row.subscription_id is not None
        found = await repository.baseline(self._database, row.subscription_id, row.of_company)
        return found if found is not None and _asked(found) == _asked(row) else None

    async def _now(self, row: Row, outcome: Outcome) -> Look:
        pages, unreadable = await self._read_for(UUID(row.signal.id))
        return Look(
            outcome.answer,
            outcome.sources,
            pages,
            (*unreadable, *outcome.unreadable),
            blind=outcome.error_code is not None,
        )

    async def _then(self, before: Row) -> Look:
        quotes = await self._quotes(before)
        pages, unreadable = await self._read_for(UUID(before.signal.id))
        if not pages:  # its trace is gone: what it cites is kept
            pages = tuple(await self._library.load(list({q.proof.snapshot_id: None for q in quotes})))
        return Look(before.signal.answer, quotes, await self._library.as_read_now(pages), unreadable)

    async def _quotes(self, row: Row) -> tuple[Source, ...]:
        organisation_id = UUID(row.signal.organisation_id)
        stored = await repository.sources(self._database, organisation_id, UUID(row.signal.id))
        return _SOURCES.decode(stored or "[]")

    async def _read_for(self, signal_id: UUID) -> tuple[tuple[Page, ...], tuple[Unreadable, ...]]:
        steps: Mapping[str, str] = await repository.saved_steps(self._database, signal_id)
        if "collect" not in steps:
            return (), ()
        collected = msgspec.json.decode(steps["collect"], type=Collected)
        return tuple(await self._library.load(collected.snapshot_ids)), collected.unreadable


def _asked(row: Row) -> tuple[Any, ...]:
    signal = row.signal
    return (signal.question, signal.answer_type, signal.output_schema, signal.verification_mode)


def _context(judgement: Judgement, before: Row | None) -> str:
    """Contract section 12."""
    context: dict[str, Any] = {"changeType": judgement.change_type.value}
    if judgement.delta is not None:
        context["changeDelta"] = wire_numbers(judgement.delta)
    if before is not None:
        context["previousSignalId"] = before.signal.id
    if judgement.fields is not None:
        fields = judgement.fields
        context |= {
            "changedFields": fields.changed,
            "addedFields": fields.added,
            "updatedFields": fields.updated,
            "removedFields": fields.removed,
        }
    return storable_json(context)
