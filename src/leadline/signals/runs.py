"""Runs: one question of a subscription, asked of many companies at one moment."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from leadline.companies import service as companies
from leadline.credits.schemas import Charge
from leadline.credits.service import Ledger
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import InvalidInput
from leadline.signals import repository, views
from leadline.signals.checking import Checker, Wanted
from leadline.signals.schemas import SignalRequest
from leadline.signals.tasks import SIGNAL, Readers
from leadline.signals.views import SignalQuery
from leadline.work import service as work
from leadline.work.service import NewItem


class RunQuestion(NamedTuple):
    """What a subscription asks of each company."""

    question: str
    answer_type: str
    output_schema: dict[str, Any] | None = None
    verification_mode: str = "strict"
    template_id: UUID | None = None
    template_version: int | None = None


class Prepared(NamedTuple):
    """The signals of a run, checked, with their companies; ``refused``: domains that mean no company."""

    wanted: tuple[Wanted, ...]
    company_ids: dict[str, UUID]
    refused: tuple[str, ...]


class RunService:
    """Makes the signals of runs. They are never served from the cache, and never shared with other questions."""

    def __init__(
        self,
        database: Database,
        checker: Checker,
        readers: Readers,
        ledger: Ledger,
        *,
        default_pages: int,
        price: int,
    ) -> None:
        self._database = database.repeatable
        self._checker = checker
        self._readers = readers
        self._ledger = ledger
        self._default_pages = default_pages
        self.price = price
        """Credits of one signal."""

    def check(self, question: RunQuestion, domain: str) -> None:
        """Raises InvalidInput naming every invalid field."""
        self._checker.check(_request(question, domain), self._readers.name("auto"))

    async def prepare(self, subscription_id: UUID, question: RunQuestion, domains: Sequence[str]) -> Prepared:
        """Check the question for each domain. To be called outside of a transaction."""
        wanted, refused = await asyncio.to_thread(self._checked, subscription_id, question, domains)
        company_ids = await companies.resolve_many(self._database, [one.company for one in wanted])
        return Prepared(tuple(wanted), company_ids, tuple(refused))

    def _checked(
        self, subscription_id: UUID, question: RunQuestion, domains: Sequence[str]
    ) -> tuple[list[Wanted], list[str]]:
        """In a thread: a list may have many thousand companies. One is asked once, however it is spelled."""
        reader = self._readers.name("auto")
        known = self._checker.companies(set(domains))
        wanted: dict[str, Wanted] = {}
        refused = []
        for domain in domains:
            try:
                one = self._checker.check(_request(question, domain), reader, known.get(domain))
            except InvalidInput:
                refused.append(domain)
                continue
            key = hashlib.sha256(subscription_id.bytes + one.key).digest()
            wanted.setdefault(one.company.host, one._replace(key=key))
        return list(wanted.values()), refused

    async def price_of(
        self, connection: Connection, organisation_id: UUID, prepared: Prepared
    ) -> tuple[int, int]:
        """What the run costs, and what is left."""
        left = await self._ledger.balance(connection, organisation_id)
        return self.price * len(prepared.wanted), left

    async def add(
        self,
        connection: Connection,
        organisation_id: UUID,
        subscription_id: UUID,
        run_id: UUID,
        prepared: Prepared,
    ) -> int:
        """The run's signals, their work and their credits, all or none; returns how many were made.

        Raises PaymentRequired when the credits do not suffice for all of them.
        """
        if not prepared.wanted:
            return 0
        reader = self._readers.name("auto")
        added = await repository.add_run(
            connection, organisation_id, subscription_id, run_id, prepared.wanted, prepared.company_ids,
            reader=reader, default_pages=self._default_pages,
        )  # fmt: skip
        await work.add(connection, [NewItem(one, SIGNAL, organisation_id, reader) for one in added])
        await self._ledger.reserve(connection, organisation_id, [Charge(one, self.price) for one in added])
        return len(added)

    async def read_page(self, organisation_id: UUID, query: SignalQuery) -> bytes:
        """One page of signals, on the wire."""
        return await views.read_page(self._database, organisation_id, query)

    async def under_way(self, connection: Connection, organisation_id: UUID, subscription_id: UUID) -> bool:
        """Whether signals of an earlier run are still being answered."""
        return await repository.open_of_subscription(connection, organisation_id, subscription_id)


def _request(question: RunQuestion, domain: str) -> SignalRequest:
    return SignalRequest(domain=domain, force_refresh=True, **question._asdict())


__all__ = ["Prepared", "RunQuestion", "RunService"]
