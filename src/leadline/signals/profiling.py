"""Profiling: what the pages read for a question tell of the company's profile. Costs no fetch of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from leadline.companies import service as companies
from leadline.companies.schemas import CompanyProfile
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Connection, Database
from leadline.foundation.log import get_logger
from leadline.research.engine import Collected
from leadline.research.errors import StepError
from leadline.research.model import Company, Page
from leadline.research.ports import Trace
from leadline.research.profile.model import Finding

log = get_logger(__name__)


class Profiler(Protocol):
    """Reads pages for a profile, within bounds of time. Raises StepError."""

    async def profile(self, company: Company, pages: Sequence[Page]) -> Sequence[Finding]: ...


class News(NamedTuple):
    """What pages told that the profile did not rest on: address to snapshot, and the findings."""

    snapshots: dict[str, str]
    findings: Sequence[Finding]


class Profiling:
    """Keeps profiles up to what was read."""

    def __init__(self, database: Database, library: StoredLibrary, profiler: Profiler) -> None:
        self._database = database.repeatable
        self._library = library
        self._profiler = profiler

    async def read(self, company: Company, trace: Trace) -> News | None:
        """What the pages of this question tell anew; None when they tell nothing that was not known.

        The profile waits for another time when a page keeps the rules busy for longer than it may: the question
        has its answer.
        """
        collected = await trace.load("collect", Collected)
        if collected is None:
            return None
        own = [one for one in collected.snapshot_ids if one not in collected.provenance]
        unread = await companies.unread(self._database, company.host, own)
        if not unread:
            return None
        pages = await self._library.load(unread)
        try:
            found = await self._profiler.profile(company, pages)
        except StepError as error:
            log.warning("the profile was not read", company=company.host, error=str(error))
            return None
        return News({page.url: page.snapshot_id for page in pages}, found)


async def take_in(
    connection: Connection, company_id: UUID, company: Company, news: News | None
) -> CompanyProfile | None:
    """Store what is new; the company's record as it is known after that."""
    if news is not None:
        await companies.remember(connection, company_id, company, news.snapshots, news.findings)
    known = await companies.stored(connection, company.host)
    return None if known is None else companies.record(company_id, company, known.name, known.profile)
