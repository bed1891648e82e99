"""The API on a port, by uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple, cast

import uvicorn

from leadline.api.app import Opened, create_app
from leadline.api.connections import Acceptor, Protocol, Room
from leadline.foundation.errors import ConfigurationError
from leadline.foundation.files import raise_open_files
from leadline.foundation.log import get_logger

_KEEP_ALIVE_SECONDS = 75  # longer than proxies keep theirs, so that they close first
_BACKLOG = 2048

log = get_logger(__name__)


class Address(NamedTuple):
    """Where the server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@contextlib.asynccontextmanager
async def serving(
    leadline: Opened, host: str | None = None, port: int | None = None
) -> AsyncIterator[Address]:
    """The API answers inside the block; ``port`` 0 takes a free one. Default: the settings' host and port.

    At the end of the block it takes no further requests, lets those that wait for a signal go with what there
    is (the signals go on), and gives the others ``shutdown_grace`` seconds.

    Raises ConfigurationError when the address cannot be listened on.
    """
    settings = leadline.settings
    room = Room.within(raise_open_files(), settings.pool_size)
    leadline.waiter.most = room.waiting
    listening = _listen(settings.host if host is None else host, settings.port if port is None else port)
    server = _Server(
        uvicorn.Config(
            cast("Any", create_app(leadline)),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, round(settings.shutdown_grace)),
        )
    )
    acceptor = Acceptor(
        listening,
        lambda: Protocol(server.config, server.server_state, room, settings.read_timeout),
        server.server_state.connections,
        room,
    )
    running = asyncio.create_task(server.serve(sockets=[]))  # it accepts nothing itself
    accepting: asyncio.Task[None] | None = None
    try:
        while not server.started:
            if running.done():
                running.result()
                raise ConfigurationError("The server stopped while it was starting.")
            await asyncio.sleep(0.005)
        accepting = asyncio.create_task(acceptor.run())
        # What was loaded by now stays; looking through it again and again would slow every request.
        gc.collect()
        gc.freeze()
        found = listening.getsockname()
        yield Address(found[0], found[1])
    finally:
        gc.unfreeze()
        leadline.waiter.let_go()
        if accepting is not None:
            accepting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await accepting
        listening.close()
        server.should_exit = True
        await running


class _Server(uvicorn.Server):
    """Leaves signals to the process, which has more to stop than a web server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigurationError(f"Cannot listen on {host}: {error}.") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"Cannot listen on {host} port {port}: {error.strerror}. Another program may use it; "
            "choose another with --port or LEADLINE_PORT."
        ) from error
    return listening
