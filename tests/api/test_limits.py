"""How often a key may call, over all API processes that share a database."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.api.service import Account, Api, open_api

from leadline.accounts.schemas import KeyOptions, Lease
from leadline.accounts.service import Buckets
from leadline.api.limiter import LEASE_SECONDS, Limiter
from leadline.wire.calls import Rate

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Counted(Buckets):
    """The real buckets, with the leases counted."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.leases = 0

    async def lease(self, key_id: UUID, bucket: str, rate: Rate, wanted: int) -> Lease:
        self.leases += 1
        return await super().lease(key_id, bucket, rate, wanted)


async def pass_time(api: Api, seconds: float) -> None:
    """As the database sees it."""
    await api.database.execute(
        "update rate_buckets set filled_at = filled_at - $1 * interval '1 second'", seconds
    )


async def test_a_bucket_fills_at_its_rate(api: Api, acme: Account) -> None:
    clock = [0.0]
    limiter = Limiter(
        Buckets(api.database.repeatable), monotonic=lambda: clock[0], now=lambda: 1_000.0 + clock[0]
    )
    rate = Rate(per_minute=60, burst=3)

    async def take() -> tuple[int, int, int]:
        verdict = await limiter.take(acme.key_id, "reads", rate)
        assert verdict.limit == 60
        return verdict.remaining, verdict.reset, verdict.retry_after

    assert [await take() for _ in range(4)] == [(2, 1001, 0), (1, 1002, 0), (0, 1003, 0), (0, 1003, 1)]
    clock[0] = 1.5
    await pass_time(api, 1.5)
    assert (await take())[::2] == (0, 0)
    clock[0] = 100.0
    await pass_time(api, 100)
    assert (await take())[::2] == (2, 0)
    assert (await limiter.take(acme.key_id, "writes", rate)).remaining == 2
    assert (await limiter.take((await api.account()).key_id, "reads", rate)).remaining == 2


async def test_a_slow_rate_says_how_long_to_wait(api: Api, acme: Account) -> None:
    limiter = Limiter(Buckets(api.database.repeatable))
    rate = Rate(per_minute=2, burst=1)
    await limiter.take(acme.key_id, "reads", rate)
    assert (await limiter.take(acme.key_id, "reads", rate)).retry_after in (29, 30)


async def test_a_busy_key_costs_one_statement_for_many_requests(api: Api, acme: Account) -> None:
    buckets = Counted(api.database.repeatable)
    limiter = Limiter(buckets)
    rate = Rate(per_minute=100_000, burst=10_000)
    verdicts = await asyncio.gather(*(limiter.take(acme.key_id, "reads", rate) for _ in range(2_000)))
    assert not any(verdict.retry_after for verdict in verdicts)
    assert buckets.leases <= 6


async def test_a_refused_key_costs_no_statements(api: Api, acme: Account) -> None:
    buckets = Counted(api.database.repeatable)
    limiter = Limiter(buckets)
    rate = Rate(per_minute=1, burst=2)
    verdicts = await asyncio.gather(*(limiter.take(acme.key_id, "reads", rate) for _ in range(500)))
    assert sum(not verdict.retry_after for verdict in verdicts) == 2
    assert buckets.leases == 3


async def test_tokens_that_were_leased_long_ago_are_not_spent(api: Api, acme: Account) -> None:
    clock = [0.0]
    buckets = Counted(api.database.repeatable)
    limiter = Limiter(buckets, monotonic=lambda: clock[0])
    rate = Rate(per_minute=60, burst=100)
    await limiter.take(acme.key_id, "reads", rate)
    clock[0] = LEASE_SECONDS
    assert limiter.take_leased(acme.key_id, "reads") is None
    await limiter.take(acme.key_id, "reads", rate)
    assert buckets.leases == 2


async def test_two_processes_share_a_limit(api: Api, api_database_url: str, tmp_path: Path) -> None:
    burst = 40
    async with open_api(api_database_url, tmp_path) as other:
        acme = await api.account(options=KeyOptions(reads_per_minute=1, reads_burst=burst))
        headers = {"Authorization": f"Bearer {acme.key}"}

        async def get(client: Any) -> int:
            return int((await client.get("/v1/credits", headers=headers)).status_code)

        answers = Counter(
            await asyncio.gather(*(get(one.client) for _ in range(burst) for one in (api, other)))
        )
    # What one process leased and did not need is not lent to the other: a lease is a twentieth of the burst.
    assert set(answers) == {200, 429}
    assert burst - 2 <= answers[200] <= burst
