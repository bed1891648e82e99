"""Summaries: what the completed signals of a company say, in data points that cite the signals they rest on.

A language model writes them where one is configured, and each of its points must name the answers it rests on and no
figure that these do not hold. Without a model, or when it fails, they are the strongest answers as they stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import UNSET

from leadline.companies import service as companies
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import Conflict
from leadline.foundation.ids import new_id
from leadline.foundation.log import get_logger
from leadline.models.service import PaidModel
from leadline.research.errors import ModelError
from leadline.research.model import Budget
from leadline.research.ports import LanguageModel
from leadline.research.prompts.summary import MOST_POINTS, Point, points_of, summary_request
from leadline.signals.schemas import Source
from leadline.signals.service import answers
from leadline.summaries import repository
from leadline.summaries.repository import Row, Wish
from leadline.summaries.schemas import SummaryDataPoint, SummaryRecord
from leadline.wire.fields import wire_time
from leadline.work import service as work
from leadline.work.service import NewItem

log = get_logger(__name__)

MOST_ANSWERS = 60  # that a model is shown
LONGEST = timedelta(minutes=5)  # for making one; beyond that its process is taken for dead
SUMMARY = "summary"  # the kind of work
NO_CRITERIA = "neutral"  # of a point that nothing qualifies


class SummaryService:
    """Everything that can be done with summaries. ``model`` is None when no language model is configured."""

    def __init__(
        self,
        database: Database,
        model: LanguageModel | None,
        budget: Budget,
        reserved_hosts: Collection[str] = (),
    ) -> None:
        self._transactions = database
        self._database = database.repeatable
        self._model = model
        self._budget = budget
        self._reserved_hosts = reserved_hosts

    async def generate(self, organisation_id: UUID, domain: str) -> list[SummaryDataPoint] | None:
        """The summary of what is known now: the last one when nothing is new, None when nothing is known.

        Raises InvalidInput for what is no domain, Conflict while one is being made.
        """
        begun = await self.begin(organisation_id, domain)
        return await self.write(organisation_id, begun, domain) if isinstance(begun, UUID) else begun

    async def begin(self, organisation_id: UUID, domain: str) -> UUID | list[SummaryDataPoint] | None:
        """The id of a summary that is to be written now, or what ``generate`` gives where none is needed.

        Raises as it does.
        """
        company = companies.parse(domain, reserved_hosts=self._reserved_hosts)
        company_id = await companies.find(self._database, company.host)
        if company_id is None or not await answers.completed(self._database, organisation_id, company_id):
            return None
        found = await answers.of_company(self._database, organisation_id, company_id)
        made_of = self._made_of(found)
        last = await repository.newest(self._database, organisation_id, company_id)
        if last is not None and last.made_of == made_of:
            return last.summary
        summary_id = new_id()
        async with self._transactions.transaction() as connection:
            begun = await repository.begin(
                connection, summary_id, organisation_id, company_id, len(found), made_of, LONGEST
            )
        if not begun:
            raise Conflict("A summary of this domain is being made; ask again in a moment.")
        return summary_id

    async def write(self, organisation_id: UUID, summary_id: UUID, domain: str) -> list[SummaryDataPoint]:
        """Write what was begun."""
        company = companies.parse(domain, reserved_hosts=self._reserved_hosts)
        company_id = await companies.find(self._database, company.host)
        summary, status = [], "failed"
        try:
            assert company_id is not None  # or it could not have been begun
            found = await answers.of_company(self._database, organisation_id, company_id)
            summary = await self._points(summary_id, found)
            status = "completed"
        finally:
            await repository.end(self._database, organisation_id, summary_id, status, summary)
        return summary

    async def written(self, organisation_id: UUID, summary_id: UUID) -> list[SummaryDataPoint] | None:
        """A summary that was completed."""
        row = await repository.get(self._database, organisation_id, summary_id)
        return row.summary if row is not None and row.status == "completed" else None

    async def when_done(self, organisation_id: UUID, signals: Mapping[str, Sequence[UUID]]) -> None:
        """Have each of these domains summed up, once its signals are finished."""
        wishes = [
            Wish(id=new_id(), organisation_id=organisation_id, domain=domain, signal_ids=list(ids))
            for domain, ids in signals.items()
            if ids
        ]

        async def add(connection: Connection) -> None:
            await repository.add_wishes(connection, wishes)
            await work.add(connection, [NewItem(one.id, SUMMARY, organisation_id, SUMMARY) for one in wishes])

        await work.in_transaction(self._transactions, add)

    async def page(
        self, organisation_id: UUID, domain: str, limit: int, offset: int
    ) -> tuple[list[SummaryRecord], int]:
        """Newest first, and how many there are in all."""
        company_id = await companies.find(self._database, domain)
        if company_id is None:
            return [], 0
        rows, total = await repository.page(self._database, organisation_id, company_id, limit, offset)
        return [_record(row) for row in rows], total

    # ------------------------------------------------------------------ how

    async def _points(self, summary_id: UUID, found: Sequence[answers.Answered]) -> list[SummaryDataPoint]:
        points: list[Point] = []
        if self._model is not None and found:
            shown = [(one.question, one.text) for one in found[:MOST_ANSWERS]]
            paid = PaidModel(self._model, self._transactions, summary_id, self._budget)
            try:
                reply = await paid.complete(summary_request(shown))
                points = points_of(reply.output, shown)
            except ModelError as error:
                log.warning("a summary is compiled without the model", reason=str(error))
        return [_data_point(point, found) for point in points or _compiled(found)]

    def _made_of(self, found: Sequence[answers.Answered]) -> bytes:
        """Two summaries with the same would say the same."""
        writer = self._model.name if self._model is not None else ""
        ids = sorted(one.signal_id.bytes for one in found)
        return hashlib.sha256(writer.encode() + b"\0" + b"".join(ids)).digest()


def _compiled(found: Sequence[answers.Answered]) -> list[Point]:
    """The strongest answers, one a point."""
    return [Point(f"{one.question} {one.text}", (place,)) for place, one in enumerate(found[:MOST_POINTS])]


def _data_point(point: Point, found: Sequence[answers.Answered]) -> SummaryDataPoint:
    cited = [found[place] for place in point.rests_on]
    sources = {
        (s.url, s.snippet): Source(s.url, s.title, s.snippet or UNSET) for one in cited for s in one.sources
    }
    return SummaryDataPoint(
        description=point.description,
        reference_questions=list(dict.fromkeys(one.question for one in cited)),
        qualification=NO_CRITERIA,
        sources=list(sources.values()),
        signal_ids=[one.signal_id for one in cited],
    )


def _record(row: Row) -> SummaryRecord:
    return SummaryRecord(
        id=row.id,
        summary=row.summary,
        status=row.status,
        signals_count=row.signals_count,
        created_at=wire_time(row.created_at),
        updated_at=wire_time(row.updated_at),
    )
