"""The client for programs without an event loop: the asyncio client on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from leadline.client.asynchronous import AsyncClient, AsyncContactSignals, AsyncSignals
from leadline.client.schemas import Connector, Signal, Step
from leadline.client.transport import Retry

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", AsyncSignals, AsyncContactSignals)
W = TypeVar("W")


class _Loop:
    """An event loop on a thread of its own, so that it also works where the caller has one running."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="leadline-client", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result; an interruption of the caller (Ctrl-C) cancels the work."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    @property
    def closed(self) -> bool:
        return self._loop.is_closed()

    def close(self) -> None:
        self.run(self._loop.shutdown_asyncgens())  # of listings that nobody read to their end
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _blocking(
    method: Callable[Concatenate[W, P], Awaitable[T]],
) -> Callable[Concatenate[_Twin[Any], P], T]:
    """The blocking twin of a method of ``AsyncSignals`` or ``AsyncContactSignals``."""

    def call(self: _Twin[Any], /, *args: P.args, **kwargs: P.kwargs) -> T:
        async def work() -> T:
            return await method(self.wrapped, *args, **kwargs)

        return self.loop.run(work())

    call.__name__, call.__doc__ = method.__name__, method.__doc__
    return call


class _Twin(Generic[S]):
    def __init__(self, wrapped: S, loop: _Loop) -> None:
        self.wrapped: S = wrapped
        self.loop = loop

    def list(self, **filters: Any) -> Iterator[Signal]:
        """As the method of the same name for asyncio."""
        return self._each(self.wrapped.list(**filters))

    def watch(self, signal_id: str) -> Iterator[Step | Signal]:
        """As the method of the same name for asyncio."""
        return self._each(self.wrapped.watch(signal_id))

    def _each(self, found: AsyncIterator[T]) -> Iterator[T]:
        async def following() -> T | None:
            return await anext(found, None)

        while (one := self.loop.run(following())) is not None:
            yield one


class Signals(_Twin[AsyncSignals]):
    """Company signals; the methods are those of ``AsyncSignals``."""

    create = _blocking(AsyncSignals.create)
    create_sync = _blocking(AsyncSignals.create_sync)
    get = _blocking(AsyncSignals.get)
    wait = _blocking(AsyncSignals.wait)


class ContactSignals(_Twin[AsyncContactSignals]):
    """Signals about people; the methods are those of ``AsyncContactSignals``."""

    create = _blocking(AsyncContactSignals.create)
    create_sync = _blocking(AsyncContactSignals.create_sync)
    get = _blocking(AsyncContactSignals.get)
    wait = _blocking(AsyncContactSignals.wait)


class Client:
    """As ``AsyncClient``, blocking. May be used from several threads. Close it, or use it in ``with``."""

    def __init__(self, base_url: str, key: str, *, timeout: float = 30.0, retry: Retry | None = None) -> None:
        self._wrapped = AsyncClient(base_url, key, timeout=timeout, retry=retry)
        self._loop = _Loop()
        self.signals = Signals(self._wrapped.signals, self._loop)
        self.contact_signals = ContactSignals(self._wrapped.contact_signals, self._loop)

    @property
    def base_url(self) -> str:
        return self._wrapped.base_url

    def credits(self) -> int:
        """How many credits the organisation has left in this period."""
        return self._loop.run(self._wrapped.credits())

    def connectors(self) -> tuple[Connector, ...]:
        """The organisation's linked accounts."""
        return self._loop.run(self._wrapped.connectors())

    def close(self) -> None:
        if not self._loop.closed:
            self._loop.run(self._wrapped.aclose())
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"
