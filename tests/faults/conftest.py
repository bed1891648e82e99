"""Databases that tests may break."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.embedded_users import wait_until_stopped

from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings


@pytest.fixture(scope="session")
def initialised(databases_folder: Path, worker_id: str) -> Iterator[Path]:
    """A stopped, migrated database, to be copied by the tests that need an existing one."""
    data_dir = databases_folder / f"initialised-{worker_id}"

    async def migrate() -> None:
        async with open_database(Settings(data_dir=data_dir)):
            pass

    asyncio.run(migrate())
    wait_until_stopped(data_dir / "postgres")
    yield data_dir / "postgres"
    shutil.rmtree(data_dir, ignore_errors=True)


@pytest.fixture
def data_dir(databases_folder: Path) -> Iterator[Path]:
    """An empty folder for a new database."""
    folder = Path(tempfile.mkdtemp(dir=databases_folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(data_dir: Path, initialised: Path) -> Path:
    """The folder ``postgres`` of a data directory, with an existing database that nobody uses yet."""
    copy = data_dir / "postgres"
    copy.mkdir()
    # cp keeps the owner, which shutil does not.
    subprocess.run(["cp", "-a", str(initialised / "data"), str(copy)], check=True)
    return copy
