"""The clock that has connections checked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from leadline.connections.service import ConnectionService
from leadline.foundation.errors import ConfigurationError, DatabaseUnavailable
from leadline.foundation.log import get_logger

log = get_logger(__name__)

EVERY = 60.0  # seconds between two looks at what is due


class HealthChecks:
    """Looks for connections that are to be checked. Any number of processes may run one: they share the work."""

    def __init__(self, connections: ConnectionService, *, every: float = EVERY) -> None:
        self._connections = connections
        self._every = every

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Checks inside the block."""
        checking = asyncio.create_task(self._keep_checking())
        try:
            yield
        finally:
            checking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await checking

    async def _keep_checking(self) -> None:
        while True:
            try:
                await self._connections.check_due()
            except DatabaseUnavailable as error:
                log.warning("checks of connections wait for the database", reason=error.message)
            except ConfigurationError as error:
                log.warning("connections are not checked", reason=error.message)
            except Exception:
                log.exception("checking connections failed")
            await asyncio.sleep(self._every)
