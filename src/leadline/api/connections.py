"""Connections of clients: accepted up to a bound, read within a time, refused politely.

What a server can hold is bounded by the files that its process may have open. Beyond that a new connection is
told 503 and closed; close to it, connections are not kept open between requests.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from leadline.foundation.errors import BadRequest, LeadlineError, PayloadTooLarge, ReadTimedOut, Unavailable
from leadline.foundation.ids import new_id_text
from leadline.foundation.log import get_logger
from leadline.wire.envelope import rendered

MOST_CONNECTIONS = 10_000
RESERVED_FILES = 128
"""Besides connections of clients and of the database: logs, listeners, refusals on their way out."""
MAX_HEAD = 64 * 1024
"""Bytes of a request's line and headers."""

_AT_ONCE = 256  # connections accepted before others get their turn
_LINGERING = 64  # refused connections that wait for their client to read the refusal
LINGER_SECONDS = 1.0
_SHORT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PAUSE = 0.2  # seconds without accepting when the system has no room

log = get_logger(__name__)


class Room(NamedTuple):
    """How many connections there may be, and how many of them may wait for something."""

    connections: int
    waiting: int

    @property
    def crowded(self) -> int:
        """From here on connections are closed after each answer."""
        return (self.connections + self.waiting) // 2

    @classmethod
    def within(cls, open_files: int, database_connections: int) -> Room:
        """The room that a limit of open files leaves. Some is kept for requests that do not wait."""
        left = max(16, open_files - database_connections - RESERVED_FILES)
        connections = min(left, MOST_CONNECTIONS)
        return cls(connections, connections - max(8, connections // 8))


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with bounds on what a client may leave unfinished."""

    def __init__(self, config: Config, state: ServerState, room: Room, read_timeout: float) -> None:
        """``read_timeout``: seconds in which the head of a request must have come, and then its body."""
        super().__init__(config, state, {})
        self._room = room
        self._read_timeout = read_timeout
        self._timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._reading = "nothing yet"  # then "head" and "body" in turns, "" between requests
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        before = self._reading
        if before != "body":
            self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            self._stop_timer()
        elif self._reading != before:
            self._stop_timer()
            if self._reading:
                self._start_timer()
        if self._reading == "head" and self._head_bytes > MAX_HEAD and not self.transport.is_closing():
            self._refuse(PayloadTooLarge("The headers are too large."))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading = "head"

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._reading = "body"
        self._head_bytes = 0
        if len(self.connections) > self._room.crowded:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._reading = ""

    def send_400_response(self, msg: str) -> None:
        self._refuse(BadRequest("This is not HTTP as we understand it."))

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._read_timeout, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._reading == "head" and self.cycle is not None and not self.cycle.response_complete:
            self._start_timer()  # the one before it is still being answered
        elif self._reading == "nothing yet":
            self.transport.close()
        else:
            self._refuse(ReadTimedOut())

    def _refuse(self, error: LeadlineError) -> None:
        """Answer in place of the application, if it has not begun to, and close the connection."""
        if self.transport.is_closing() or self._refused:
            return
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.close()
            return
        self._refused = True
        self.transport.write(refusal(error))
        self.transport.write_eof()
        # Closed at once, what the client still sends would reset the connection before it has read this.
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)


class Acceptor:
    """Accepts connections on a listening socket until it is cancelled."""

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        connections: Collection[Any],
        room: Room,
    ) -> None:
        """``connections``: those that are open now, kept by the protocol."""
        self._listening = listening
        self._protocol = protocol
        self._connections = connections
        self._room = room
        self._starting: set[asyncio.Task[Any]] = set()
        self._lingering: set[socket.socket] = set()
        self._refused = 0
        self._told = 0.0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    accepted, _ = await loop.sock_accept(self._listening)
                except OSError as error:
                    await self._not_accepted(error)
                    continue
                self._take(accepted)
                for _ in range(_AT_ONCE):  # more of them often wait already
                    try:
                        accepted, _ = self._listening.accept()
                    except OSError:
                        break
                    self._take(accepted)
        finally:
            for one in self._lingering:
                one.close()

    def _take(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        if len(self._connections) + len(self._starting) >= self._room.connections:
            self._refuse(accepted)
            return
        loop = asyncio.get_running_loop()
        starting = loop.create_task(self._start(accepted))
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)

    async def _start(self, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, accepted)
        except OSError:  # the client has gone again
            accepted.close()

    def _refuse(self, accepted: socket.socket) -> None:
        """Say that there is no room. The client gets a moment to read it: closing at once may cut it off."""
        self._tell("no room for more connections")
        try:
            accepted.send(refusal(Unavailable("The server has as many connections as it can hold.")))
            accepted.shutdown(socket.SHUT_WR)
        except OSError:
            accepted.close()
            return
        if len(self._lingering) >= _LINGERING:
            accepted.close()
            return
        self._lingering.add(accepted)
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._close, accepted)

    def _close(self, accepted: socket.socket) -> None:
        self._lingering.discard(accepted)
        accepted.close()

    async def _not_accepted(self, error: OSError) -> None:
        if error.errno in _SHORT_OF_FILES:
            self._tell(f"connections cannot be accepted: {error.strerror}")
            await asyncio.sleep(_PAUSE)

    def _tell(self, what: str) -> None:
        """Log it, at most once a second."""
        self._refused += 1
        now = time.monotonic()
        if now - self._told >= 1:
            log.warning(what, times=self._refused, room=self._room.connections)
            self._told, self._refused = now, 0


def refusal(error: LeadlineError) -> bytes:
    """A whole answer that ends the connection."""
    request_id = new_id_text()
    told = rendered(error, request_id)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(told.body)),
        (b"x-request-id", request_id.encode()),
        (b"connection", b"close"),
        *told.headers,
    ]
    head = STATUS_LINE[told.status] + b"".join(b"%s: %s\r\n" % pair for pair in headers)
    return head + b"\r\n" + told.body
