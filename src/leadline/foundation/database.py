"""PostgreSQL through asyncpg: a pool that survives a restart of the server.

Values: ``json`` and ``jsonb`` come and go as JSON text (``str``), which ``msgspec`` decodes;
``timestamptz`` as aware ``datetime``; ``uuid`` as ``uuid.UUID``; ``numeric`` as ``Decimal``.

Connections go back to the pool without a reset (it costs a round trip per use): never leave session state
behind (``SET``, ``LISTEN``, session-level advisory locks). Take ``Database.dedicated`` for those.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

import asyncpg
import msgspec

from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.log import get_logger

CONNECT_SECONDS = 10.0

log = get_logger(__name__)
T = TypeVar("T")

# The statement was certainly not executed: the server ended the session before or while running it (57P01
# aborts the transaction), or does not take sessions yet.
_NOT_EXECUTED = (
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleSessionTimeoutError,
)
_ENDED_BY_SERVER = (*_NOT_EXECUTED, asyncpg.CrashShutdownError)
LOST = (*_ENDED_BY_SERVER, asyncpg.PostgresConnectionError, OSError)
LOST_OR_MISUSED = (*LOST, asyncpg.InterfaceError)  # the latter: "connection is closed", before sending
# What asyncpg says, before sending, on a connection whose end it has read but not yet digested.
_STILL_ENDING = "cannot switch to state"
# The server takes no writes: its disk is full, or it has no memory left. The statement had no effect.
_EXHAUSTED = (asyncpg.DiskFullError, asyncpg.OutOfMemoryError)
# Somebody kept a lock for longer than is waited, or two waited for each other and one had to give way.
_HELD = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
NotUnique = asyncpg.UniqueViolationError
REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ClientConfigurationError,
)


# An even number of backslashes before it are written backslashes, and do not belong to the escape.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def storable_json(value: Any) -> str:
    """JSON that PostgreSQL stores: its jsonb has no NUL character, which a garbled page or reply may hold."""
    text = msgspec.json.encode(value).decode()
    return _NUL.sub(r"\1", text) if "\\u0000" in text else text


class Connection(Protocol):
    """What runs statements: a ``Database``, or the connection that ``Database.transaction`` gives."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    async def execute(self, query: str, *args: Any) -> str: ...
    async def executemany(self, query: str, args: Sequence[Sequence[Any]]) -> None: ...


class _Joined:
    """A transaction that everything in its context is part of, until it ends."""

    __slots__ = ("connection", "database", "done", "open")

    def __init__(self, database: Database, connection: Any) -> None:
        self.database = database
        self.connection = connection
        self.done: list[Callable[[], None]] = []
        self.open = True


_JOINED: ContextVar[_Joined | None] = ContextVar("joined", default=None)


class Database:
    """A pool of connections; made by ``open_database``.

    A statement outside a transaction that found no live server is repeated for up to ``patience`` seconds.
    One whose connection was cut while it ran is repeated only when the caller says that it is
    ``idempotent``, because it may have been executed; otherwise, and when the patience is used up,
    ``DatabaseUnavailable`` is raised.
    """

    def __init__(
        self,
        pool: asyncpg.Pool[Any],
        address: Callable[[], Awaitable[str]],
        *,
        patience: float = 30.0,
        limits: Mapping[str, str] | None = None,
    ) -> None:
        """``limits``: server settings that each transaction begins by setting, where connections cannot bear them."""
        self.pool = pool
        self._address = address
        self._patience = patience
        self._limits = limits or {}

    async def fetch(self, query: str, *args: Any, idempotent: bool = False) -> list[Any]:
        """All rows."""
        return await self._run(lambda c: c.fetch(query, *args), idempotent)

    async def fetchrow(self, query: str, *args: Any, idempotent: bool = False) -> Any:
        """The first row, or None."""
        return await self._run(lambda c: c.fetchrow(query, *args), idempotent)

    async def fetchval(self, query: str, *args: Any, idempotent: bool = False) -> Any:
        """The first column of the first row, or None."""
        return await self._run(lambda c: c.fetchval(query, *args), idempotent)

    async def execute(self, query: str, *args: Any, idempotent: bool = False) -> str:
        """Run a statement; returns its command tag, such as ``UPDATE 1``."""
        return await self._run(lambda c: c.execute(query, *args), idempotent)

    async def executemany(
        self, query: str, args: Sequence[Sequence[Any]], *, idempotent: bool = False
    ) -> None:
        """Run a statement for each row of arguments, all of them or none."""
        await self._run(lambda c: c.executemany(query, args), idempotent)

    @property
    def repeatable(self) -> Repeatable:
        """This database for statements that may run twice without harm: they outlive a cut connection."""
        return Repeatable(self)

    @contextlib.asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy[Any]]:
        """A connection in a transaction: committed at the end of the block, rolled back by an exception.

        Raises ``DatabaseUnavailable`` when the connection is lost inside the block (nothing was changed) or
        while committing (then the message says that it may have been committed). ``options`` are asyncpg's,
        such as ``isolation="repeatable_read"``. Inside ``joining`` it is a part of the transaction around it.
        """
        deadline = time.monotonic() + self._patience
        async with contextlib.AsyncExitStack() as stack:
            if (around := self._around()) is not None:
                connection = around.connection
                transaction = connection.transaction()
                await transaction.start()
            else:
                connection, transaction = await self._begin(options, deadline)
                stack.push_async_callback(self.pool.release, connection)
            try:
                yield connection
            except BaseException as error:
                # A rollback on a dead connection has nothing left to do.
                with contextlib.suppress(*LOST_OR_MISUSED, asyncpg.InternalClientError):
                    await transaction.rollback()
                if _is_loss(error, connection):
                    raise DatabaseUnavailable(
                        "The connection to the database was lost inside a transaction; nothing was "
                        f"changed ({error})."
                    ) from error
                if isinstance(error, _EXHAUSTED):
                    raise _exhausted(error) from error
                if isinstance(error, _HELD):
                    raise _held(error) from error
                raise
            try:
                await transaction.commit()
            except (*LOST_OR_MISUSED, asyncpg.InternalClientError) as error:
                if not _is_loss(error, connection):
                    raise
                raise DatabaseUnavailable(
                    "The connection to the database was lost while committing; it may have been "
                    f"committed ({error})."
                ) from error

    @contextlib.contextmanager
    def joining(self, connection: Any) -> Iterator[list[Callable[[], None]]]:
        """Whatever the block does with this database, statements and transactions, is part of the transaction of
        ``connection``, one after the other. Gives what is to be called once that is committed (``on_commit``).
        """
        joined = _Joined(self, connection)
        token = _JOINED.set(joined)
        try:
            yield joined.done
        finally:
            joined.open = False  # tasks that were begun inside and go on have their own connections from here
            _JOINED.reset(token)

    @property
    def joined(self) -> bool:
        """Whether there is a transaction around us that began elsewhere: only whoever began it can begin it anew."""
        return self._around() is not None

    def on_commit(self, call: Callable[[], None]) -> None:
        """Call this once what is done here is committed: at once, unless there is a transaction around us."""
        around = self._around()
        if around is None:
            call()
        else:
            around.done.append(call)

    async def apart(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run statements on a connection outside the pool, beside the transaction around us: what they write stays, and
        others need not wait for it. They may be run again. Raises DatabaseUnavailable.
        """
        try:
            async with self.dedicated() as connection:
                return await work(connection)
        except LOST_OR_MISUSED as error:
            raise _unanswered(error) from error

    def _around(self) -> _Joined | None:
        joined = _JOINED.get()
        return joined if joined is not None and joined.open and joined.database is self else None

    @contextlib.asynccontextmanager
    async def dedicated(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A connection outside the pool and past any pooler: for LISTEN and session-level locks."""
        connection = await connect_to(await self._address())
        try:
            yield connection
        finally:
            await connection.close(timeout=5)

    async def _begin(self, options: dict[str, Any], deadline: float) -> tuple[Any, Any]:
        while True:
            connection = await self._acquire(deadline)
            transaction = connection.transaction(**options)
            try:
                await transaction.start()
            except BaseException as error:
                lost = _is_loss(error, connection)
                await self.pool.release(connection)
                if not lost:
                    raise
                if time.monotonic() > deadline:
                    raise _unanswered(error) from error
            else:
                for name, value in self._limits.items():
                    await connection.execute(f"set local {name} = '{value}'")
                return connection, transaction

    async def _run(self, statement: Callable[[Any], Awaitable[T]], idempotent: bool) -> T:
        if (around := self._around()) is not None:
            return await statement(around.connection)  # what goes wrong is told where the transaction began
        deadline = time.monotonic() + self._patience
        while True:
            connection = await self._acquire(deadline)
            try:
                return await statement(connection)
            except _EXHAUSTED as error:
                raise _exhausted(error) from error
            except _HELD as error:
                raise _held(error) from error
            except (*LOST_OR_MISUSED, asyncpg.InternalClientError) as error:
                if not _is_loss(error, connection):
                    raise
                if not (idempotent or _was_not_executed(error)):
                    raise DatabaseUnavailable(
                        "The connection to the database was lost; the statement may have been executed "
                        f"({error})."
                    ) from error
                if time.monotonic() > deadline:
                    raise _unanswered(error) from error
                log.warning("statement repeated", reason=str(error))
            finally:
                await self.pool.release(connection)

    async def _acquire(self, deadline: float) -> Any:
        """A live connection; waits for a server that is restarting, not beyond the deadline."""
        delay = 0.05
        while True:
            try:
                return await self.pool.acquire()
            except REFUSED:
                raise
            except LOST as error:
                if time.monotonic() + delay > deadline:
                    raise _unanswered(error) from error
                log.info("waiting for the database", reason=str(error) or type(error).__name__)
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnects, no secret
            delay = min(delay * 2, 1.0)


def _exhausted(error: BaseException) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The database server has no room left; nothing was changed ({error}). Free some disk space on it."
    )


def _held(error: BaseException) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"Another process held what this needs (for LEADLINE_TRANSACTION_SECONDS at most); nothing was changed ({error})."
    )


def _unanswered(error: BaseException) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The database does not answer; nothing was changed ({error or type(error).__name__})."
    )


class Repeatable:
    """A ``Database`` each of whose statements is declared idempotent; what repositories are given."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        return await self._database.fetch(query, *args, idempotent=True)

    async def fetchrow(self, query: str, *args: Any) -> Any:
        return await self._database.fetchrow(query, *args, idempotent=True)

    async def fetchval(self, query: str, *args: Any) -> Any:
        return await self._database.fetchval(query, *args, idempotent=True)

    async def execute(self, query: str, *args: Any) -> str:
        return await self._database.execute(query, *args, idempotent=True)

    async def executemany(self, query: str, args: Sequence[Sequence[Any]]) -> None:
        await self._database.executemany(query, args, idempotent=True)


def _is_loss(error: BaseException, connection: Any) -> bool:
    """Whether this error means that the connection is gone, and not that something else went wrong on it."""
    if isinstance(error, _ENDED_BY_SERVER):
        return True
    if isinstance(error, asyncpg.InternalClientError) and _STILL_ENDING in str(error):
        connection.terminate()
        return True
    if not isinstance(error, LOST_OR_MISUSED):
        return False
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it away already, which it does when a connection dies
        return True


def _was_not_executed(error: BaseException) -> bool:
    """Whether a lost statement certainly had no effect."""
    return (
        isinstance(error, (*_NOT_EXECUTED, asyncpg.InterfaceError, asyncpg.InternalClientError))
        # asyncpg reports the cut connection, and as its cause what the server said before it cut it, or that
        # the statement could not even be sent
        or isinstance(error.__cause__, (*_NOT_EXECUTED, BrokenPipeError))
    )


NAMED = {"application_name": "leadline"}


async def connect_to(dsn: str, **options: Any) -> asyncpg.Connection[Any]:
    """A connection outside any pool, that says whose it is."""
    options.setdefault("timeout", CONNECT_SECONDS)
    options.setdefault("server_settings", NAMED)
    return await asyncpg.connect(dsn, **options)
