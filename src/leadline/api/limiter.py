"""How often a key may call: token buckets, one for reads and one for writes of each key (contract section 4).

The buckets are this process's own. Behind several API processes a key gets its limit from each of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from leadline.wire.calls import Rate

_BUCKETS = 20_000


class Verdict(NamedTuple):
    """``reset`` is the Unix time at which the bucket is full again; ``retry_after`` is 0 unless refused."""

    limit: int
    remaining: int
    reset: int
    retry_after: int


class _Bucket:
    """``tokens`` at the moment ``since``."""

    __slots__ = ("since", "tokens")

    def __init__(self, tokens: float, since: float) -> None:
        self.tokens = tokens
        self.since = since


class Limiter:
    """Buckets by key and kind. When they become too many all are forgotten, which fills them."""

    def __init__(
        self, *, monotonic: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        self._monotonic = monotonic
        self._now = now
        self._buckets: dict[tuple[UUID, str], _Bucket] = {}

    def take(self, key_id: UUID, kind: str, rate: Rate) -> Verdict:
        """Take one request out of a bucket."""
        per_minute, burst = rate
        moment = self._monotonic()
        bucket = self._buckets.get((key_id, kind))
        if bucket is None:
            if len(self._buckets) >= _BUCKETS:
                self._buckets.clear()
            bucket = self._buckets[key_id, kind] = _Bucket(burst, moment)
        tokens = min(burst, bucket.tokens + (moment - bucket.since) * per_minute / 60)
        refused = tokens < 1
        if not refused:
            tokens -= 1
        bucket.tokens, bucket.since = tokens, moment
        full_at = math.ceil(self._now() + (burst - tokens) * 60 / per_minute)
        retry_after = max(1, math.ceil((1 - tokens) * 60 / per_minute)) if refused else 0
        return Verdict(per_minute, int(tokens), full_at, retry_after)
