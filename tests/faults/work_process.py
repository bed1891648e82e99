"""A process that works, and comes to grief as it is told: run by ``test_work_processes.py``.

``python work_process.py URL FOLDER ITEM HOW`` does all work of the kind ``thing``, by writing down what it did;
at ITEM it goes wrong: HOW is ``kill`` (the process is killed while it does it), ``run`` or ``close`` (the process
is frozen, while it does it or inside the transaction that ends it).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from leadline.foundation.database import Connection, Database
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings
from leadline.work.service import Done, GivenUp, Kind, WorkItem, WorkService

LEASE = 3.0  # seconds
TRANSACTION = 1.0  # seconds that a frozen process may keep its locks


class Writing:
    """Writes down what was done and what was given up, in the transaction that ends it."""

    def __init__(self, bad: str = "", how: str = "") -> None:
        self._bad = bad
        self._how = how

    def kind(self) -> Kind:
        return Kind("thing", self.run, self.gave_up)

    async def run(self, item: WorkItem) -> Done:
        bad = str(item.id) == self._bad
        if bad and self._how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if bad and self._how == "run":
            freeze()

        async def close(connection: Connection) -> None:
            await connection.execute("insert into done values ($1)", item.id)
            if bad and self._how == "close":
                freeze()

        return Done(close)

    async def gave_up(self, connection: Connection, item: WorkItem, why: GivenUp) -> None:
        await connection.execute("insert into given_up values ($1, $2)", item.id, why.reason)


def freeze() -> None:
    print("frozen", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
    print("thawed", flush=True)


async def working(database: Database, does: Writing, stop: asyncio.Event) -> None:
    service = WorkService(database, [does.kind()], lease=LEASE, heartbeat=LEASE / 4)
    await service.work(stop, concurrency=4, grace=5)


async def main(url: str, folder: str, bad: str, how: str) -> None:
    settings = Settings(data_dir=Path(folder), database_url=url, transaction_seconds=TRANSACTION)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_database(settings) as database:
        await working(database, Writing(bad, how), stop)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
