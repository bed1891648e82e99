"""One running API for all tests of a module; each test makes its own organisation."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tests.api.service import Account, Api, fresh_database, open_api
from tests.conftest import _make_template


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api_database_url(postgres_url: str) -> AsyncIterator[str]:
    name, url = await fresh_database(postgres_url, _make_template)
    yield url
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(api_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with open_api(api_database_url, tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def acme(api: Api) -> Account:
    return await api.account()
