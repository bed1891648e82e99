"""Running: what a worker does for a run of a subscription, and the clock that makes runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.log import get_logger
from leadline.signals.service import Prepared, RunService
from leadline.subscriptions import repository
from leadline.subscriptions.repository import Row, RunRow
from leadline.subscriptions.service import RUN, SubscriptionService
from leadline.work.service import Done, GivenUp, Kind, WorkItem, no_trace

log = get_logger(__name__)

EVERY = 5.0  # seconds between two looks at what is due
LONGEST = 300.0  # seconds for making the signals of a run; beyond that it hangs

OVERLAPS = "the run before is still being answered"
NO_CREDITS = "the credits do not suffice"
NOBODY = "there is no company to ask"


class Running:
    """Makes the signals of runs: the kind of work ``subscription_run``."""

    def __init__(self, database: Database, subscriptions: SubscriptionService, runs: RunService) -> None:
        self._database = database.repeatable
        self._subscriptions = subscriptions
        self._runs = runs

    def kind(self) -> Kind:
        return Kind(RUN, self.run, self.gave_up, longest=LONGEST)

    async def run(self, item: WorkItem) -> Done:
        """Make the run's signals, all or none; why there are none stands in the run's row."""
        run = await repository.run_of_work(self._database, item.id)
        if run is None:
            return Done(no_trace)
        row = await repository.get(self._database, run.organisation_id, run.subscription_id)
        assert row is not None  # subscriptions are never deleted
        question = await self._subscriptions.question(self._database, row)
        domains = await self._subscriptions.asked(self._database, row)
        prepared = await self._runs.prepare(row.id, question, domains)

        async def close(connection: Connection) -> None:
            await self._begin(connection, run, row, prepared)

        return Done(close)

    async def gave_up(self, connection: Connection, item: WorkItem, why: GivenUp) -> None:
        """The run has failed, visibly."""
        await repository.end_run(connection, item.id, "failed", why.detail or f"given up: {why.reason.value}")

    async def _begin(self, connection: Connection, run: RunRow, row: Row, prepared: Prepared) -> None:
        await repository.get(
            connection, row.organisation_id, row.id, lock=True
        )  # one run at a time looks and makes
        refused = len(prepared.refused)
        if await self._runs.under_way(connection, row.organisation_id, row.id):
            await repository.end_run(connection, run.id, "skipped", OVERLAPS, refused=refused)
            return
        if not prepared.wanted:
            await repository.end_run(connection, run.id, "skipped", NOBODY, refused=refused)
            return
        needed, left = await self._runs.price_of(connection, row.organisation_id, prepared)
        if needed > left:
            reason = f"{NO_CREDITS}: the run costs {needed}, and {left} are left"
            await repository.end_run(connection, run.id, "skipped", reason, refused=refused)
            return
        # Credits that somebody else took in this moment fail the transaction, and the next try says so.
        made = await self._runs.add(connection, row.organisation_id, row.id, run.id, prepared)
        await repository.end_run(connection, run.id, "started", signals=made, refused=refused)


class Scheduler:
    """Looks for what is due, again and again. Any number of processes may run one: they share the work."""

    def __init__(self, subscriptions: SubscriptionService) -> None:
        self._subscriptions = subscriptions

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Schedules inside the block."""
        ticking = asyncio.create_task(self._keep_ticking())
        try:
            yield
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking

    async def _keep_ticking(self) -> None:
        while True:
            try:
                await self._subscriptions.tick()
            except DatabaseUnavailable as error:
                log.warning("the scheduler waits for the database", reason=error.message)
            except Exception:
                log.exception("scheduling failed")  # nothing was changed; the next look tries again
            await asyncio.sleep(EVERY)
