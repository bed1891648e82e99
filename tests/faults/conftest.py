"""Databases that tests may break."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.embedded_users import wait_until_stopped

from leadline.foundation.database import open_database
from leadline.foundation.settings import Settings


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped, migrated database, to be copied by the tests that need an existing one."""
    data_dir = tmp_path_factory.mktemp("initialised")

    async def migrate() -> None:
        async with open_database(Settings(data_dir=data_dir)):
            pass

    asyncio.run(migrate())
    wait_until_stopped(data_dir / "postgres")
    return data_dir / "postgres"


@pytest.fixture
def home(tmp_path: Path, initialised: Path) -> Iterator[Path]:
    """The folder ``postgres`` of a data directory, with an existing database that nobody uses yet."""
    copy = tmp_path / "postgres"
    copy.mkdir()
    # cp keeps the owner, which shutil does not.
    subprocess.run(["cp", "-a", str(initialised / "data"), str(copy)], check=True)
    yield copy
    shutil.rmtree(copy, ignore_errors=True)
