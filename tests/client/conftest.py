"""The real API on loopback, one for a module; each test has an organisation of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tests.api.service import Account, Api, fresh_database, open_api
from tests.conftest import _make_template
from tests.web import WebServer

from leadline.client import AsyncClient, Retry

QUICK = Retry(tries=3, first=0.001, longest=0.002, budget=2.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    name, url = await fresh_database(postgres_url, _make_template)
    async with open_api(url, tmp_path_factory.mktemp("api"), path_prefix="/public") as running:
        yield running
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@pytest_asyncio.fixture(loop_scope="module")
async def acme(api: Api) -> Account:
    return await api.account()


@pytest_asyncio.fixture(loop_scope="module")
async def client(api: Api, acme: Account) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(f"{api.address.url}/public", acme.key, retry=QUICK) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def web() -> AsyncIterator[WebServer]:
    """A server that can misbehave."""
    async with WebServer() as server:
        yield server
