"""What the tests of the Unipile directory share: a directory that asks a simulator, without pauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from tests.simulators.unipile import UnipileSimulator

from leadline.connectors.people.unipile.account import Account, Pace
from leadline.connectors.people.unipile.accounts import UnipileAccounts
from leadline.connectors.people.unipile.directory import UnipileDirectory
from leadline.foundation.http import guarded_async_client
from leadline.foundation.network import NetworkPolicy
from leadline.research.people import DirectoryError

PATIENT = Pace(0, 0, 0, 0, timeout=60.0)
HURRIED = Pace(0, 0, 0, 0, timeout=0.3)  # for what never answers
REFERENCE = UUID(int=1)


class DayUsage:
    """Counts within one process."""

    def __init__(self) -> None:
        self.used: Counter[str] = Counter()

    async def take(self, what: str, count: int, most: int) -> bool:
        if self.used[what] + count > most:
            return False
        self.used[what] += count
        return True

    async def count(self, what: str, count: int) -> None:
        self.used[what] += count


class Asking:
    """A directory of a simulator's account, with what it counted, told and waited for."""

    def __init__(self, accounts: UnipileAccounts, account: Account) -> None:
        self.accounts, self.account = accounts, account
        self.usage = DayUsage()
        self.told: list[DirectoryError] = []
        self.directory: UnipileDirectory = accounts.directory(REFERENCE, account, self.usage, self.tell)
        self.slept: list[float] = []

    async def tell(self, error: DirectoryError) -> None:
        self.told.append(error)


@asynccontextmanager
async def asking(
    unipile: UnipileSimulator,
    *,
    pace: Pace = PATIENT,
    address: str | None = None,
    profiles: int = 100,
    results: int = 2500,
    networks: tuple[str, ...] = ("127.0.0.0/8",),
) -> AsyncIterator[Asking]:
    policy = NetworkPolicy(allow_networks=networks)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with guarded_async_client(policy, "Leadline/1.0 (+ops@example.org)") as http:
        account = Account(unipile.account, address or unipile.origin, unipile.token, profiles, results)
        made = Asking(UnipileAccounts(http, pace, sleep=sleep), account)
        made.slept = slept
        yield made
