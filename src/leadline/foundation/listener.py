"""Listening to the database's notifications, over a connection of its own that is opened again when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg

from leadline.foundation.errors import LeadlineError
from leadline.foundation.log import get_logger

_RECONNECT_SECONDS = 0.2
_RECONNECT_MOST = 5.0

log = get_logger(__name__)
Connect = Callable[[], AbstractAsyncContextManager["asyncpg.Connection[Any]"]]
"""Opens a connection of its own that no pooler stands in front of: ``Database.dedicated``."""


async def listen(
    connect: Connect, channel: str, notified: Callable[[str], None], opened: Callable[[], None]
) -> None:
    """Call ``notified`` with the text of every notification on ``channel``, until cancelled.

    ``opened`` is called whenever listening begins (again): what was sent while nobody listened is gone.
    """
    delay = _RECONNECT_SECONDS
    while True:
        try:
            async with connect() as connection:
                lost = asyncio.Event()
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                await connection.add_listener(channel, lambda _c, _pid, _channel, text: notified(text))
                delay = _RECONNECT_SECONDS
                opened()
                await lost.wait()
            log.warning("listener lost", channel=channel)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, LeadlineError) as error:
            log.warning("listener lost", channel=channel, reason=str(error) or type(error).__name__)
        await asyncio.sleep(delay)
        delay = min(delay * 2, _RECONNECT_MOST)
