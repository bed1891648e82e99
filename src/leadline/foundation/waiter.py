"""Waking a request that waits for a signal, over one LISTEN connection per process.

Whoever finishes a signal sends its id on ``CHANNEL`` in the same transaction, if somebody waits. A
notification is only a hint to look: the row is what counts. So a waiter subscribes before it looks, everybody
looks again when the connection was lost and came back, and in any case every ``SAFETY_SECONDS``; a
notification that never came delays an answer, it cannot lose one.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

from leadline.foundation.listener import Connect, listen

CHANNEL = "signal_finished"
SAFETY_SECONDS = 5.0

T = TypeVar("T")


class Waiter:
    """Who waits for which id. ``running`` keeps the LISTEN connection open."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self.waiting = 0
        """How many wait now."""
        self._closing = False
        self.most: int | None = None
        """How many may wait at once; None: any number. Beyond that ``wait`` looks once and gives up."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens inside the block. At its end everybody who waits is let go."""
        listening = asyncio.create_task(listen(self._connect, CHANNEL, self._notified, self._wake_all))
        try:
            yield
        finally:
            self.let_go()
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening

    async def wait(self, key: str, look: Callable[[], Awaitable[T | None]], seconds: float) -> T | None:
        """What ``look`` finds for ``key``, as soon as it finds something; None when time is up or we stop.

        ``look`` is called at once, after every notification for ``key``, after a reconnect and now and then.
        """
        if self.full:
            return await look()
        with self.place():
            return await self.look(key, look, seconds)

    @property
    def full(self) -> bool:
        """Whether as many wait as may."""
        return self.most is not None and self.waiting >= self.most

    @property
    def closing(self) -> bool:
        """Whether nobody is to wait any more."""
        return self._closing

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """One more waits inside the block, again and again perhaps."""
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    async def look(self, key: str, look: Callable[[], Awaitable[T | None]], seconds: float) -> T | None:
        """``wait`` for who has a place."""
        deadline = time.monotonic() + seconds
        woken = asyncio.Event()
        self._waiting.setdefault(key, set()).add(woken)
        try:
            while True:
                woken.clear()
                found = await look()
                left = deadline - time.monotonic()
                if found is not None or left <= 0 or self._closing:
                    return found
                # Spread, so that many who began together do not look together.
                pause = min(left, SAFETY_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), pause)
        finally:
            those = self._waiting[key]
            those.discard(woken)
            if not those:
                del self._waiting[key]

    def let_go(self) -> None:
        """End every wait now: the process is about to stop."""
        self._closing = True
        self._wake_all()

    def _notified(self, key: str) -> None:
        for woken in self._waiting.get(key, ()):
            woken.set()

    def _wake_all(self) -> None:
        for those in self._waiting.values():
            for woken in those:
                woken.set()
