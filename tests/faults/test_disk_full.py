"""A database whose disk is full refuses with a clear error, loses nothing, and goes on when there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.embedded_users import wait_until_stopped
from tests.signals.test_service import make_service

from leadline.accounts.service import default_organisation
from leadline.credits.service import Ledger
from leadline.foundation.errors import DatabaseUnavailable
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings
from leadline.signals.schemas import SignalRequest


@pytest.fixture
def small_disk(tmp_path: Path, initialised: Path) -> Iterator[Path]:
    """A data directory with a database, on a file system of its own that is small."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        (folder / "postgres").mkdir()
        subprocess.run(["cp", "-a", str(initialised / "data"), str(folder / "postgres")], check=True)
        yield folder
        wait_until_stopped(folder / "postgres")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that is left."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        except OSError:
            pass
    return ballast


async def test_a_full_disk_is_a_clear_error_and_passes(small_disk: Path) -> None:
    async with open_database(Settings(data_dir=small_disk)) as database:
        org = await default_organisation(database.repeatable)
        service = make_service(database)
        async with database.transaction() as connection:
            await Ledger(monthly_credits=100).grant(connection, org, 1_000_000)

        async def accept_some(start: int, count: int = 40) -> None:
            for number in range(start, start + count):
                batch = [
                    SignalRequest(domain="acme.com", question=f"Do they sell {number}-{n}? " + "x" * 400)
                    for n in range(2)
                ]
                await service.accept_many(org, batch)

        await accept_some(0)
        before = await database.fetchval("select count(*) from signals")
        ballast = fill(small_disk)
        with pytest.raises(DatabaseUnavailable, match=r"room|answer|lost"):
            await accept_some(1000, 100_000)
        ballast.unlink()
        await service.accept_many(org, [SignalRequest(domain="acme.com", question="Is there room again?")])
        assert await database.fetchval("select count(*) from signals") > before
        unpaid = """
            select count(*) from signals s
            where not exists (select from credit_entries e where e.reference = s.id)
        """
        assert await database.fetchval(unpaid) == 0
