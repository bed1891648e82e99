"""Opening the database of the settings: which server, checked, with the schema that this code needs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg

from leadline.foundation import migrations
from leadline.foundation.database import (
    CONNECT_SECONDS,
    LOST,
    NAMED,
    REFUSED,
    Database,
    connect_to,
)
from leadline.foundation.embedded_postgres import EmbeddedServer
from leadline.foundation.embedded_postgres.binaries import MINIMUM_MAJOR
from leadline.foundation.errors import ConfigurationError, DatabaseUnavailable, LeadlineError
from leadline.foundation.settings import Settings


@contextlib.asynccontextmanager
async def open_database(
    settings: Settings, *, migrate: bool | None = None, reading: bool = False
) -> AsyncIterator[Database]:
    """The database of these settings, checked, with the schema this code needs; closed at the block's end.

    Without ``database_url`` the embedded server is attached to, and started if nobody has. ``migrate`` True
    applies missing migrations, False refuses a database that lacks some; None applies them to the embedded
    database and in development, and refuses otherwise. Whoever is only ``reading`` migrates nothing but an empty
    database: what an older version made is refused, with what to do.

    Raises ``ConfigurationError`` when the server is too old, refuses us or needs ``leadline migrate``,
    ``DatabaseUnavailable`` when it does not answer.
    """
    async with contextlib.AsyncExitStack() as stack:
        server: EmbeddedServer | None = None
        if settings.database_url is None:
            server = EmbeddedServer(settings.data_dir / "postgres", settings.pg_bin)
            stack.callback(server.release)
        address = _address_of(settings, server)
        direct = _address_of(settings, server, direct=True)
        reading = reading and migrate is None
        if migrate is None:
            migrate = server is not None or settings.env == "development"
        await _prepare(
            direct,
            migrate=migrate,
            reading=reading,
            straight=settings.database_direct_url is None,
        )

        limits = _limits(settings)
        pooled = settings.database_direct_url is not None

        async def connect(*_: Any, **options: Any) -> asyncpg.Connection[Any]:
            if not pooled:  # a pooler refuses what it does not know, and would mix up whose it is
                options["server_settings"] = NAMED | limits | _ONE_PROCESS
            return await connect_to(await address(), **options)

        pool = asyncpg.create_pool(
            min_size=0,
            max_size=settings.pool_size,
            connect=connect,
            reset=_no_reset,
            # Behind a pooler a prepared statement may live on another server session.
            **({"statement_cache_size": 0} if pooled else {}),
        )
        await pool
        stack.push_async_callback(_close_pool, pool)
        yield Database(pool, direct, limits=limits if pooled else None)


# Many short statements run beside each other here. Starting further processes for one of them takes longer than
# counting 200,000 rows alone, and takes their processors from the others.
_ONE_PROCESS = {"max_parallel_workers_per_gather": "0"}


def _limits(settings: Settings) -> dict[str, str]:
    """A process that is frozen inside a transaction must not hold its locks for ever, nor be waited for for ever."""
    seconds = f"{settings.transaction_seconds:g}s"
    return {"idle_in_transaction_session_timeout": seconds, "lock_timeout": seconds}


def _address_of(
    settings: Settings, server: EmbeddedServer | None, *, direct: bool = False
) -> Callable[[], Awaitable[str]]:
    async def address() -> str:
        if server is not None:
            # Also starts the server anew after its supervisor was killed; its address may have changed then.
            return await asyncio.to_thread(server.attach)
        url = settings.database_direct_url if direct else None
        return url or settings.database_url or ""

    return address


async def _prepare(
    address: Callable[[], Awaitable[str]], *, migrate: bool, reading: bool, straight: bool
) -> None:
    connection = await _first_connection(address)
    try:
        await _check_server(connection)
        # A pooler tells a process id of its own making. Whoever listens needs a session that stays the same.
        if straight and connection.get_server_pid() != await connection.fetchval("select pg_backend_pid()"):
            raise ConfigurationError(
                "LEADLINE_DATABASE_URL leads through a connection pooler. Set LEADLINE_DATABASE_DIRECT_URL to the address "
                "of PostgreSQL itself, which is used for migrations and for listening."
            )
        if migrate and not (reading and await migrations.applied_any(connection)):
            await migrations.apply(connection)
        else:
            await migrations.check(connection)
    finally:
        await connection.close(timeout=5)


async def _first_connection(address: Callable[[], Awaitable[str]]) -> asyncpg.Connection[Any]:
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            return await connect_to(await address())
        except LeadlineError:
            raise
        except REFUSED as error:
            raise ConfigurationError(f"The database refuses the connection: {error}") from error
        except ValueError as error:
            raise ConfigurationError(f"LEADLINE_DATABASE_URL cannot be used: {error}") from error
        except LOST as error:
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"The database does not answer ({error or type(error).__name__}). Is it running, and is "
                    "LEADLINE_DATABASE_URL right?"
                ) from error
        await asyncio.sleep(0.2)


async def _check_server(connection: asyncpg.Connection[Any]) -> None:
    number = int(await connection.fetchval("show server_version_num"))
    if number // 10000 < MINIMUM_MAJOR:
        version = await connection.fetchval("show server_version")
        raise ConfigurationError(
            f"The database server is PostgreSQL {version}; Leadline needs {MINIMUM_MAJOR} or newer. "
            "Upgrade the "
            "server, or leave LEADLINE_DATABASE_URL empty to use the embedded one."
        )
    encoding = await connection.fetchval("show server_encoding")
    if encoding != "UTF8":
        raise ConfigurationError(
            f"The database is encoded in {encoding}; Leadline needs UTF8: create database ... encoding "
            "'UTF8'."
        )


async def _no_reset(_: Any) -> None: ...


async def _close_pool(pool: asyncpg.Pool[Any]) -> None:
    try:
        await asyncio.wait_for(pool.close(), timeout=10)
    except TimeoutError:
        pool.terminate()
