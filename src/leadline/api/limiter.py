"""How often a key may call: token buckets, one for reads and one for writes of each key (contract section 4).

The buckets are this process's own. Behind several API processes a key gets its limit from each of them.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from leadline.accounts.schemas import Rate

_BUCKETS = 20_000


class Verdict(NamedTuple):
    """``reset`` is the Unix time at which the bucket is full again; ``retry_after`` is 0 unless refused."""

    limit: int
    remaining: int
    reset: int
    retry_after: int


class Limiter:
    """Buckets by key and kind. The ones not used for longest are forgotten, which fills them."""

    def __init__(
        self, *, monotonic: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        self._monotonic = monotonic
        self._now = now
        self._buckets: OrderedDict[tuple[UUID, str], tuple[float, float]] = OrderedDict()

    def take(self, key_id: UUID, kind: str, rate: Rate) -> Verdict:
        """Take one request out of a bucket."""
        moment = self._monotonic()
        place = (key_id, kind)
        tokens, since = self._buckets.get(place, (float(rate.burst), moment))
        tokens = min(float(rate.burst), tokens + (moment - since) * rate.per_minute / 60)
        refused = tokens < 1
        if not refused:
            tokens -= 1
        self._buckets[place] = (tokens, moment)
        self._buckets.move_to_end(place)
        if len(self._buckets) > _BUCKETS:
            self._buckets.popitem(last=False)
        full_in = (rate.burst - tokens) * 60 / rate.per_minute
        return Verdict(
            rate.per_minute,
            int(tokens),
            math.ceil(self._now() + full_in),
            max(1, math.ceil((1 - tokens) * 60 / rate.per_minute)) if refused else 0,
        )
