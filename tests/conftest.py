"""What every test may count on: a real PostgreSQL, a fresh database, and no network but loopback."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from leadline.foundation import migrations
from leadline.foundation.database import Database
from leadline.foundation.embedded_postgres import EmbeddedServer
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings

TEMPLATE = "leadline_template"


class NetworkRefusedError(RuntimeError):
    """A test tried to reach something that is not this machine."""


def _refuse(address: Any) -> None:
    if not isinstance(address, tuple):
        return  # a unix socket
    host = str(address[0]).partition("%")[0]
    if host == "localhost":
        return
    try:
        if ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise NetworkRefusedError(f"this test tried to connect to {host}; tests reach nothing but loopback")


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, real: Any = real) -> Any:
            _refuse(address)
            return real(self, address)

        patch.setattr(socket.socket, name, guarded)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def databases_folder(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Iterator[Path]:
    """A folder for database files, one for the whole run: in memory where there is room.

    Servers under test sync their files as in production, which takes a second per database on a busy disk.
    """
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2_000_000_000:
        folder = memory / f"leadline-tests-{testrun_uid}"
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        folder = tmp_path_factory.mktemp("databases")
    yield folder
    with contextlib.suppress(OSError):  # another worker still has something in it
        folder.rmdir()


@pytest.fixture(scope="session")
def postgres_url(databases_folder: Path) -> Iterator[str]:
    """A real server for the whole session, shared by the workers of pytest-xdist; the last one stops it."""
    home = databases_folder / "postgres"
    with (databases_folder / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with EmbeddedServer(home) as server:
            yield server.attach()
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another worker still uses it, and tidies up
        with (home / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the supervisor has it until the server has stopped
        shutil.rmtree(home, ignore_errors=True)
        (databases_folder / "users").unlink()


@pytest.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """The address of a fresh, migrated database."""
    async with fresh_database(postgres_url) as url:
        yield url


@asynccontextmanager
async def fresh_database(postgres_url: str) -> AsyncIterator[str]:
    """A fresh, migrated database on that server, dropped at the end of the block."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(postgres_url)
    try:
        await _make_template(connection, postgres_url)
        await connection.execute(f"create database {name} template {TEMPLATE} strategy file_copy")
        yield postgres_url.replace("@/postgres?", f"@/{name}?")
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()


async def _make_template(connection: asyncpg.Connection[Any], url: str) -> None:
    """Make the migrated database that the others are copied from, once per server."""
    if await connection.fetchval("select datistemplate from pg_database where datname = $1", TEMPLATE):
        return
    await connection.execute("select pg_advisory_lock(1)")
    try:
        if await connection.fetchval("select datistemplate from pg_database where datname = $1", TEMPLATE):
            return
        await connection.execute(f"create database {TEMPLATE}")
        inside = await asyncpg.connect(url.replace("@/postgres?", f"@/{TEMPLATE}?"))
        try:
            await migrations.apply(inside)
        finally:
            await inside.close()
        await connection.execute(f"alter database {TEMPLATE} is_template true")
    finally:
        await connection.execute("select pg_advisory_unlock(1)")


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh, migrated database."""
    async with open_database(Settings(data_dir=tmp_path, database_url=database_url)) as opened:
        yield opened
