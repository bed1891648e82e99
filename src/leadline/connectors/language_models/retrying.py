"""When a call to a model's service is tried again, and when it is not tried at all.

429 waits as long as the service asks. A service that does not answer (refused, timed out, 5xx) is tried
again after growing, random waits. Nothing else is repeated. A retry budget keeps the share of repeated
calls small when a service is in trouble, and a circuit lets calls to a dead one fail at once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from leadline.research.errors import ModelRateLimited, ModelUnavailable

T = TypeVar("T")
Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class RetryPolicy:
    """Limits of one call with its repetitions. Seconds."""

    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 20.0
    total: float = 120.0  # tries and waits together; a Retry-After that does not fit is not waited for


@dataclass
class RetryBudget:
    """At most one repetition for ``1 / share`` calls, after an allowance to begin with."""

    share: float = 0.2
    allowance: float = 10.0
    _left: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.allowance

    def call(self) -> None:
        self._left = min(self.allowance, self._left + self.share)

    def take(self) -> bool:
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass
class Circuit:
    """Opens after ``failures`` in a row; after ``pause`` seconds lets one call through to see."""

    failures: int = 5
    pause: float = 30.0
    clock: Clock = time.monotonic
    _in_a_row: int = 0
    _open_until: float = 0.0

    def check(self) -> None:
        """Raises ModelUnavailable while the circuit is open."""
        if self._in_a_row < self.failures:
            return
        left = self._open_until - self.clock()
        if left > 0:
            raise ModelUnavailable(
                f"the model's service failed {self._in_a_row} times in a row; next try in {left:.0f} s"
            )
        self._open_until = self.clock() + self.pause  # one call tries; the others keep failing at once

    def succeeded(self) -> None:
        self._in_a_row = 0

    def failed(self) -> None:
        self._in_a_row += 1
        if self._in_a_row >= self.failures:
            self._open_until = self.clock() + self.pause


@dataclass
class Retrying:
    """Calls a service with patience. One object a service: budget and circuit are about it."""

    policy: RetryPolicy = field(default_factory=RetryPolicy)
    budget: RetryBudget = field(default_factory=RetryBudget)
    circuit: Circuit = field(default_factory=Circuit)
    clock: Clock = time.monotonic
    sleep: Sleep = asyncio.sleep
    chance: Callable[[], float] = random.random

    async def __call__(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of ``call``. Raises what its last try raised."""
        deadline = self.clock() + self.policy.total
        self.budget.call()
        attempt = 0
        while True:
            attempt += 1
            self.circuit.check()
            try:
                result = await call()
            except ModelRateLimited as limited:
                self.circuit.succeeded()  # it answers, only not now
                wait = limited.retry_after if limited.retry_after is not None else self._wait(attempt)
                if not self._again(attempt, wait, deadline):
                    raise
            except ModelUnavailable:
                self.circuit.failed()
                wait = self._wait(attempt)
                if not self._again(attempt, wait, deadline):
                    raise
            else:
                self.circuit.succeeded()
                return result
            await self.sleep(wait)

    def _wait(self, attempt: int) -> float:
        """Exponential with full jitter, so that callers who failed together do not come back together."""
        return self.chance() * min(self.policy.longest_wait, self.policy.first_wait * 2.0 ** (attempt - 1))

    def _again(self, attempt: int, wait: float, deadline: float) -> bool:
        return attempt < self.policy.attempts and self.clock() + wait < deadline and self.budget.take()
