"""An open Leadline that reads every host from one loopback server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.web import WebServer

from leadline.bootstrap import Leadline, open_leadline
from leadline.foundation.settings import Endpoint, Settings


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


def settings_for(web: WebServer, database_url: str, tmp_path: Path, **more: object) -> Settings:
    address, _, port = web.address.rpartition(":")
    return Settings(
        env="development",
        data_dir=tmp_path,
        database_url=database_url,
        connect_to={"*": Endpoint(address, int(port))},
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
async def leadline(web: WebServer, database_url: str, tmp_path: Path) -> AsyncIterator[Leadline]:
    async with open_leadline(settings_for(web, database_url, tmp_path, shutdown_grace=0.2)) as opened:
        yield opened
