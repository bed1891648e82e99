"""Every linked account's client and directory, kept between calls: they know where searches go on and what ids are."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx2

from leadline.connectors.people.unipile import health
from leadline.connectors.people.unipile.account import Account, Pace, Usage
from leadline.connectors.people.unipile.client import Noticed, UnipileClient
from leadline.connectors.people.unipile.directory import UnipileDirectory
from leadline.research.people import DirectoryError

_KEPT = 500


class _Nothing:
    """Usage of what does not count: looking how an account stands."""

    async def take(self, what: str, count: int, most: int) -> bool:
        return True

    async def count(self, what: str, count: int) -> None:
        return None


class UnipileAccounts:
    """Makes directories of accounts. ``http`` is guarded and follows no redirects."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        pace: Pace | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._pace = pace or Pace()
        self._sleep = sleep
        self._kept: OrderedDict[tuple[UUID, Account], UnipileDirectory] = OrderedDict()

    def directory(
        self, reference: UUID, account: Account, usage: Usage, noticed: Noticed
    ) -> UnipileDirectory:
        """The directory of an account, the same one for the same ``reference`` until its account changes."""
        kept = self._kept.get((reference, account))
        if kept is None:
            kept = UnipileDirectory(self._client(account, usage, noticed))
            self._kept[reference, account] = kept
        self._kept.move_to_end((reference, account))
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return kept

    async def check(self, account: Account) -> health.Seen:
        """How the account stands."""
        return await health.check(self._client(account, _Nothing(), _ignored))

    def _client(self, account: Account, usage: Usage, noticed: Noticed) -> UnipileClient:
        return UnipileClient(self._http, account, usage, self._pace, noticed, sleep=self._sleep)


async def _ignored(error: DirectoryError) -> None:
    """The one who checks is told by what comes back."""
