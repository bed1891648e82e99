"""Kinds of work for tests."""

from __future__ import annotations

import asyncio
from uuid import UUID

from leadline.foundation.database import Connection
from leadline.work.model import Again, Done, GivenUp, Kind, WorkItem


class Quick:
    """Is done at once, and remembers of what."""

    def __init__(self) -> None:
        self.begun_items: list[WorkItem] = []
        self.ended: list[UUID] = []
        self.given_up: list[tuple[UUID, GivenUp]] = []

    async def run(self, item: WorkItem) -> Done | Again:
        self.begun_items.append(item)
        return self.done(item)

    def done(self, item: WorkItem) -> Done:
        async def close(_: Connection) -> None:
            self.ended.append(item.id)

        return Done(close)

    async def gave_up(self, _: Connection, item: WorkItem, why: GivenUp) -> None:
        self.given_up.append((item.id, why))


class Blocking(Quick):
    """Waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def run(self, item: WorkItem) -> Done | Again:
        self.begun.set()
        await self.go.wait()
        return await super().run(item)


def kind_of(name: str, does: Quick | None = None) -> Kind:
    does = does or Quick()
    return Kind(name, does.run, does.gave_up)
