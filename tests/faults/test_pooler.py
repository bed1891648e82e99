"""Behind a transaction pooler it works, or says at the start what must be set."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from tests.signals.test_service import ASK, make_service

from leadline.accounts.service import default_organisation
from leadline.foundation.errors import ConfigurationError
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings
from leadline.foundation.waiter import CHANNEL, Waiter

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")

pytestmark = [
    pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed"),
    pytest.mark.skipif(os.getuid() == 0 and shutil.which("setpriv") is None, reason="pgbouncer refuses root"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def pooled_url(database_url: str) -> AsyncIterator[str]:
    """The test's database through pgbouncer, in transaction mode, with one connection for all."""
    parts = urlsplit(database_url)
    options = parse_qs(parts.query)
    host = options.get("host", [parts.hostname or "127.0.0.1"])[0]
    direct_port = options.get("port", [str(parts.port or 5432)])[0]
    name, user = parts.path.lstrip("/"), parts.username or "postgres"
    port = free_port()
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "pgbouncer.ini").write_text(
        f"""
[databases]
{name} = host={host} port={direct_port} dbname={name} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""
    )
    # It refuses root, and must reach the server's socket: so it is run as whoever that belongs to.
    owner = Path(host).stat().st_uid if host.startswith("/") else 65534
    as_owner = (
        ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups"] if os.getuid() == 0 else []
    )
    process = await asyncio.create_subprocess_exec(
        *as_owner,
        str(PGBOUNCER),
        str(folder / "pgbouncer.ini"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"postgresql://{user}@127.0.0.1:{port}/{name}"
    try:
        for _ in range(100):
            try:
                await (await asyncpg.connect(url, statement_cache_size=0)).close()
                break
            except (OSError, asyncpg.PostgresError):
                assert process.returncode is None, "pgbouncer did not start"
                await asyncio.sleep(0.1)
        else:
            pytest.fail("pgbouncer does not answer")
        yield url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        shutil.rmtree(folder)


async def test_without_a_direct_address_the_start_says_what_to_set(pooled_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=pooled_url)
    with pytest.raises(ConfigurationError, match="LEADLINE_DATABASE_DIRECT_URL"):
        async with open_database(settings):
            pass


async def test_with_a_direct_address_everything_works(
    pooled_url: str, database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=pooled_url, database_direct_url=database_url)
    async with open_database(settings) as database:
        org = await default_organisation(database)
        answers = await asyncio.gather(*(make_service(database).ask(org, ASK) for _ in range(5)))
        assert {answer.answer for answer in answers} == {1987}
        waiter = Waiter(database.dedicated)
        seen = False

        async def look() -> bool | None:
            return seen or None

        async with waiter.running():
            waiting = asyncio.create_task(waiter.wait("key", look, 20))
            await asyncio.sleep(0.5)
            seen = True
            async with database.transaction() as connection:
                assert await connection.fetchval("show lock_timeout") == "30s"
                await connection.execute("select pg_notify($1, 'key')", CHANNEL)
            assert await waiting is True
