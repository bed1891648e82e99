"""How often a key may call: token buckets, shared by all API processes (contract section 4).

A process leases some of a bucket's tokens at once and hands them out to the requests to come, so that a busy key
costs one statement for many requests. What is not used soon is let go: it was taken out of the bucket, so a key
never gets more than its rate, and it is too little to be missed.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol
from uuid import UUID

from leadline.accounts.schemas import Lease
from leadline.wire.calls import Rate

LEASES_OF_A_BURST = 20
"""A lease is this part of what a bucket holds."""
LEASE_SECONDS = 2.0
_BUCKETS = 20_000


class Verdict(NamedTuple):
    """``reset`` is the Unix time at which the bucket is full again; ``retry_after`` is 0 unless refused."""

    limit: int
    remaining: int
    reset: int
    retry_after: int


class SharedBuckets(Protocol):
    """Where tokens are leased."""

    async def lease(self, key_id: UUID, bucket: str, rate: Rate, wanted: int) -> Lease: ...


class _Bucket:
    """What this process holds of a bucket, and what it knows of the rest. Moments are monotonic seconds."""

    __slots__ = ("held", "held_until", "leasing", "left", "rate", "refused_until", "seen")

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.held = 0
        self.held_until = 0.0
        self.left = 0.0  # in the shared bucket, at the moment ``seen``
        self.seen = 0.0
        self.refused_until = 0.0
        self.leasing = asyncio.Lock()

    def holds(self, moment: float) -> bool:
        """Whether a token is at hand."""
        return self.held > 0 and moment < self.held_until


class Limiter:
    """Takes tokens for requests. When the buckets become too many, all that is held of them is forgotten."""

    def __init__(
        self,
        shared: SharedBuckets,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._shared = shared
        self._monotonic = monotonic
        self._now = now
        self._buckets: dict[tuple[UUID, str], _Bucket] = {}

    def take_leased(self, key_id: UUID, name: str) -> Verdict | None:
        """Take one request out of a bucket, or refuse it, if that can be told here and now; else None."""
        bucket = self._buckets.get((key_id, name))
        return None if bucket is None else self._decide(bucket)

    async def take(self, key_id: UUID, name: str, rate: Rate) -> Verdict:
        """Take one request out of a bucket, or refuse it."""
        bucket = self._buckets.get((key_id, name))
        if bucket is None or bucket.rate != rate:
            if len(self._buckets) >= _BUCKETS:
                self._buckets.clear()
            bucket = self._buckets[key_id, name] = _Bucket(rate)
        while (verdict := self._decide(bucket)) is None:
            async with bucket.leasing:
                moment = self._monotonic()
                if moment >= bucket.refused_until and not bucket.holds(moment):  # nobody else leased
                    await self._lease(bucket, key_id, name)
        return verdict

    async def _lease(self, bucket: _Bucket, key_id: UUID, name: str) -> None:
        rate = bucket.rate
        wanted = max(1, rate.burst // LEASES_OF_A_BURST)
        lease = await self._shared.lease(key_id, name, rate, wanted)
        moment = self._monotonic()
        bucket.held, bucket.left, bucket.seen = lease.tokens, lease.left, moment
        bucket.held_until = moment + LEASE_SECONDS
        if not lease.tokens:
            bucket.refused_until = moment + (1 - lease.left) * 60 / rate.per_minute

    def _decide(self, bucket: _Bucket) -> Verdict | None:
        moment = self._monotonic()
        refused = moment < bucket.refused_until
        if not refused:
            if not bucket.holds(moment):
                return None
            bucket.held -= 1
        per_minute, burst = bucket.rate
        tokens = min(burst, bucket.held + bucket.left + (moment - bucket.seen) * per_minute / 60)
        full_at = math.ceil(self._now() + (burst - tokens) * 60 / per_minute)
        retry_after = max(1, math.ceil(bucket.refused_until - moment)) if refused else 0
        return Verdict(per_minute, 0 if refused else int(tokens), full_at, retry_after)
