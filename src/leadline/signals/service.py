"""Signals: accept a question, see it answered, look at it.

A signal that was accepted is finished or visibly failed, whatever process dies: it is open work until then, its
trace says how far it came, and whoever holds the work goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from leadline.companies import service as companies
from leadline.credits.schemas import Charge
from leadline.credits.service import Ledger
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import NotFound
from leadline.models import service as models
from leadline.research.model import Source
from leadline.research.ports import Progress
from leadline.signals import answers, batch_repository, batches, progress_repository, repository, trust
from leadline.signals.batches import Checked, Taken
from leadline.signals.checking import Checker, Wanted, WantedContact
from leadline.signals.latest import newest_by_template as newest_by_template
from leadline.signals.repository import NewRow, Row
from leadline.signals.runs import Prepared, RunQuestion, RunService
from leadline.signals.schemas import QuoteCheck, Signal, SignalRequest, SignalTrace, TracedPage
from leadline.signals.tasks import SIGNAL, Answering, Readers
from leadline.signals.views import SignalQuery
from leadline.webhooks.service import WebhookService
from leadline.work import service as work
from leadline.work.service import LEASE, NewItem, WorkService

PROGRESS_KEPT = timedelta(hours=6)  # after that the trace tells the same in fewer words


class SignalService:
    """Everything that can be done with signals."""

    def __init__(
        self,
        database: Database,
        library: StoredLibrary,
        readers: Readers,
        webhooks: WebhookService,
        ledger: Ledger,
        answering: Answering,
        works: WorkService,
        checker: Checker,
        *,
        default_pages: int,
        cache: timedelta,
        price: int,
    ) -> None:
        """``default_pages``: read for a question that states no number; ``cache``: how long an answer is fresh;
        ``price``: credits of one signal.
        """
        self._transactions = database
        self._database = database.repeatable
        self._library = library
        self._readers = readers
        self._webhooks = webhooks
        self._ledger = ledger
        self._answering = answering
        self._work = works
        self._checker = checker
        self._default_pages = default_pages
        self._cache = cache
        self.price = price

    # ------------------------------------------------------------------ accept

    async def accept(
        self,
        organisation_id: UUID,
        request: SignalRequest,
        *,
        reader: str = "auto",
        key_id: UUID | None = None,
        spend_cap: int | None = None,
        awaited: bool = False,
        inline: bool = False,
    ) -> tuple[Row, str]:
        """Take a question in. Returns its signal and how it came about: "new", "joined" or "cached".

        A new signal, its company and the credits set aside for it are committed together. ``key_id`` and
        ``spend_cap`` are of the API key that asks; ``awaited`` has the end told to who listens;
        ``inline`` says that the caller runs the signal itself.

        Raises InvalidInput naming every invalid field, PaymentRequired.
        """
        reader_name = self._readers.name(reader)
        wanted = self._checker.check_subject(request, reader_name)
        while True:
            if not request.force_refresh:
                cached = await repository.fresh(self._database, organisation_id, wanted.key, self._cache)
                if cached is not None:
                    return cached, "cached"
            if (joined := await repository.running(self._database, organisation_id, wanted.key)) is not None:
                if awaited:
                    await repository.await_(self._database, UUID(joined.signal.id))
                if request.webhook_url is not None and not await self._listen(joined, request.webhook_url):
                    continue  # it was finished in this moment: look again
                return joined, "joined"
            row = await work.in_transaction(
                self._transactions,
                lambda connection: self._add(
                    connection,
                    organisation_id,
                    wanted,
                    reader=reader_name,
                    key_id=key_id,
                    spend_cap=spend_cap,
                    awaited=awaited,
                    inline=inline,
                ),
            )
            if row is not None:
                if not inline:
                    self._work.poke()
                return row, "new"
            # Somebody began the same question in this moment: look again, and join.

    async def accept_many(
        self,
        organisation_id: UUID,
        requests: Sequence[SignalRequest],
        *,
        reader: str = "auto",
        key_id: UUID | None = None,
        spend_cap: int | None = None,
    ) -> list[Taken]:
        """Take many questions in; returns what became of each, in their order.

        What is wrong with one does not keep the others out. The new ones are committed with their credits,
        all of them or none.

        Raises InvalidInput for a reader that is not there, PaymentRequired when the credits do not suffice
        for all.
        """
        reader_name = self._readers.name(reader)
        checked = Checked(self._checker, requests, reader_name)
        about = await checked.companies()
        company_ids = await self._transactions.apart(lambda own: companies.resolve_many(own, about))

        accept = partial(
            batches.accept, organisation_id=organisation_id, checked=checked, company_ids=company_ids,
            ledger=self._ledger, price=self.price, cache=self._cache, reader=reader_name,
            default_pages=self._default_pages, key_id=key_id, spend_cap=spend_cap, listen=self._webhooks.listen,
        )  # fmt: skip
        try:
            taken = await work.in_transaction(self._transactions, partial(accept, none_runs=True))
        except repository.RunsAlready:
            taken = await work.in_transaction(self._transactions, partial(accept, none_runs=False))
        if any(one.how == "new" for one in taken):
            self._work.poke()
        return taken

    async def _add(
        self,
        connection: Connection,
        organisation_id: UUID,
        wanted: Wanted | WantedContact,
        *,
        spend_cap: int | None,
        inline: bool,
        **settled: Any,
    ) -> Row | None:
        """Company, signal, work and credits in one transaction; None when an identical question began meanwhile."""
        about = wanted.company if isinstance(wanted, Wanted) else None
        company_id = await companies.resolve(connection, about) if about is not None else None
        new = NewRow.of(organisation_id, company_id, wanted, self._default_pages, **settled)
        signal_id = await repository.add(connection, new)
        if signal_id is None:
            return None
        await work.add(
            connection, [NewItem(signal_id, SIGNAL, organisation_id, new.reader, LEASE if inline else 0)]
        )
        row = await repository.get(connection, organisation_id, signal_id)
        if wanted.request.webhook_url is not None:
            await self._webhooks.listen(connection, signal_id, wanted.request.webhook_url)
        await self._ledger.reserve(
            connection,
            organisation_id,
            [Charge(signal_id, self.price)],
            key_id=new.key_id,
            spend_cap=spend_cap,
        )
        return row

    async def _listen(self, joined: Row, url: str) -> bool:
        """Have ``url`` called at the end of a running signal; False when it is finished already."""
        signal_id = UUID(joined.signal.id)

        async def listen(connection: Connection) -> bool:
            if not await repository.hold(connection, signal_id):
                return False
            await self._webhooks.listen(connection, signal_id, url)
            return True

        return await work.in_transaction(self._transactions, listen)

    # ------------------------------------------------------------------ see through

    async def ask(
        self,
        organisation_id: UUID,
        request: SignalRequest,
        *,
        reader: str = "auto",
        progress: Progress | None = None,
    ) -> Signal:
        """Accept a question and see it through in this process, going on where a dead one stopped."""
        row, how = await self.accept(organisation_id, request, reader=reader, inline=True)
        if how == "cached":
            if progress is not None:
                progress("cache", "answered earlier", signal=row.signal.id)
            return row.signal
        if how == "joined" and progress is not None:
            progress("resume", "the same question is already open", signal=row.signal.id)
        signal_id, early = UUID(row.signal.id), how == "new"
        while row.signal.status == "processing":
            run = partial(self._answering.run, progress=progress)
            begun, early = await self._work.run(signal_id, run=run, early=early), False
            if not begun:
                await asyncio.sleep(0.2)  # another process works on it, or it waits after a failure
            found = await repository.get(self._database, organisation_id, signal_id)
            if found is None:
                raise NotFound("The signal was deleted while it was being answered.")
            row = found
        return row.signal

    # ------------------------------------------------------------------ prune

    async def read_now(self, snapshot_ids: Sequence[UUID]) -> set[UUID]:
        """Those of the snapshots that a running signal has read: they must stay until it is finished."""
        return await repository.read_now(self._database, snapshot_ids)

    async def prune_traces(self, older_than: timedelta) -> int:
        """Delete how signals came to their answers that were finished before that; returns how many steps."""
        return await repository.prune_traces(self._database, older_than)

    async def prune_progress(self, batches_older_than: timedelta | None) -> None:
        """Forget what signals told while they ran, soon, and the numbers of batches from before that."""
        await progress_repository.prune(self._database, PROGRESS_KEPT)
        if batches_older_than is not None:
            await batch_repository.prune(self._database, batches_older_than)

    # ------------------------------------------------------------------ look

    async def get(self, organisation_id: UUID, signal_id: str) -> Signal:
        """Raises NotFound, also for another organisation's signal and for what is no id."""
        return (await self._get(organisation_id, signal_id)).signal

    async def trace(self, organisation_id: UUID, signal_id: str) -> SignalTrace:
        """How a signal came to its answer; of one that is held back, up to what was read. Raises NotFound."""
        row = await self._get(organisation_id, signal_id)
        steps = await repository.steps(self._database, UUID(row.signal.id))
        unsaid = await repository.unsaid(self._database, UUID(row.signal.id))
        read = next((s.value.get("snapshot_ids", ()) for s in steps if s.step == "collect"), ())
        return SignalTrace(
            signal=row.signal,
            steps=steps,
            model_calls=await models.calls(self._database, UUID(row.signal.id)) if not unsaid else (),
            pages=tuple(TracedPage.of(page) for page in await self._library.load(read)),
        )

    async def verify(self, organisation_id: UUID, signal_id: str) -> tuple[QuoteCheck, ...]:
        """Re-check every quote of a signal offline, against the stored snapshots. Raises NotFound."""
        signal_id = (await self._get(organisation_id, signal_id)).signal.id
        stored = await repository.sources(self._database, organisation_id, UUID(signal_id)) or "[]"
        sources = msgspec.json.decode(stored, type=list[Source])
        faults = await self._library.check([(source.proof, source.snippet) for source in sources])
        return tuple(
            QuoteCheck(source.url, source.snippet, fault, source.proof)
            for source, fault in zip(sources, faults, strict=True)
        )

    async def _get(self, organisation_id: UUID, signal_id: str) -> Row:
        try:
            found = await repository.get(self._database, organisation_id, UUID(signal_id))
        except ValueError:
            found = None
        if found is None:
            raise NotFound("Signal not found or access denied")
        return found


__all__ = ["Prepared", "RunQuestion", "RunService", "SignalQuery", "SignalService", "answers", "trust"]
