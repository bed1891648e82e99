"""Making the summaries that a batch asked for: the kind of work ``summary``."""

from __future__ import annotations

from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import Conflict
from leadline.foundation.log import get_logger
from leadline.signals.service import answers
from leadline.summaries import repository
from leadline.summaries.service import LONGEST, SUMMARY, SummaryService
from leadline.work.service import Again, Done, GivenUp, Kind, WorkItem, no_trace

log = get_logger(__name__)

LOOK_AGAIN = 5.0  # seconds, while signals are being answered


class Summarising:
    """Waits for the signals of a domain, and sums them up."""

    def __init__(self, database: Database, summaries: SummaryService) -> None:
        self._database = database.repeatable
        self._summaries = summaries

    def kind(self) -> Kind:
        return Kind(SUMMARY, self.run, self.gave_up, longest=LONGEST.total_seconds())

    async def run(self, item: WorkItem) -> Done | Again:
        wish = await repository.wish(self._database, item.id)
        if wish is None:
            return Done(no_trace)
        if await answers.unfinished(self._database, wish.organisation_id, wish.signal_ids):
            return Again(LOOK_AGAIN, no_trace)
        try:
            await self._summaries.generate(wish.organisation_id, wish.domain)
        except Conflict:  # another is being made, perhaps of less than there is now
            return Again(LOOK_AGAIN, no_trace)
        return Done(lambda connection: repository.forget_wish(connection, item.id))

    async def gave_up(self, connection: Connection, item: WorkItem, why: GivenUp) -> None:
        """It can still be asked for by hand."""
        log.error("a summary was given up", item=str(item.id), reason=why.detail or why.reason.value)
        await repository.forget_wish(connection, item.id)
