"""A pool of child processes for work that may take too long or too much memory.

Each job states the processor's time that it may take. A child that passes it, or its memory, is ended by the kernel
and replaced; whoever waits for the job is told so, and the event loop is never kept waiting. Errors:

    JobOverran     the job's time or memory was used up, or it took its process along
    JobFailed      the job raised an exception

Jobs come in lanes (one for each site, say), and the lane that has had least of the pool lately is served first. A job
that is not done within ``QUICK_SECONDS`` is begun anew as a slow one, if it may take longer, and slow jobs never take the
last child; further jobs of its lane are slow from the beginning. A lane that overran gets less time for its next jobs.
So a site that is made to hurt delays itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from signal import SIGPROF
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from leadline.foundation.child_processes.messages import (
    LENGTH,
    MOST_OF_ORDER,
    Death,
    Ended,
    Job,
    Order,
    Reply,
)
from leadline.foundation.log import get_logger

log = get_logger(__name__)

MEMORY = 1_000_000_000  # bytes that a child may grow by
MOST_OF_REPLY = 64_000_000  # bytes
KEPT = 64_000_000  # bytes of values that a child keeps for later jobs, as they were sent
START_SECONDS = 120.0  # until the fork server has loaded what it is to load
QUICK_SECONDS = 0.5
REMEMBERED = 600.0  # seconds for which it is held against a lane that it was slow, or overran
LEAST_SECONDS = 0.5  # that a job of such a lane gets, however often it overran
_FADE = 60.0  # seconds in which half of what a lane has used is forgotten
_WALL_FACTOR, _WALL_MORE = 10.0, 20.0  # the clock's time for a processor's time, on a machine that is busy

_encode = msgspec.msgpack.Encoder().encode
_replies = msgspec.msgpack.Decoder(Reply)
_deaths = msgspec.msgpack.Decoder(Death)


class Limit(StrEnum):
    """What a job used up."""

    TIME = "time"
    MEMORY = "memory"
    PROCESS = "process"  # it crashed, or was killed from outside


class JobOverran(Exception):
    """A job was ended because it used up what it was given."""

    def __init__(self, limit: Limit, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        said = {
            Limit.TIME: f"it took more than {seconds:g} s of the processor's time",
            Limit.MEMORY: "it took more memory than it is given",
            Limit.PROCESS: "its process died",
        }
        super().__init__(said[limit])


class JobFailed(Exception):
    """A job raised an exception; the message is the exception's type and text."""


class Kept(NamedTuple):
    """A value that a child decodes once and keeps. ``decode`` is the name of the function ("module:name")."""

    key: str
    decode: str
    encode: Callable[[], bytes]


class _Child:
    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.reader = reader
        self.writer = writer
        self.kept: OrderedDict[str, int] = OrderedDict()  # key to bytes sent

    def close(self) -> None:
        """Let it go: it ends when it finds nobody here."""
        self.writer.close()


class _Waiting(NamedTuple):
    lane: str
    slow: bool
    keys: frozenset[str]
    place: asyncio.Future[_Child | None]  # a child that is free, or None: make one


class ChildPool:
    """Runs jobs in at most ``size`` children. An async context manager; nothing is started before the first job.

    ``prepare`` are functions ("module:name") that load what jobs need; ``environment`` is what children see of this
    process's. ``memory`` is in bytes.
    """

    def __init__(
        self,
        *,
        size: int,
        prepare: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        memory: int = MEMORY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size = size
        self._prepare = prepare
        self._environment = dict(environment or {})
        self._memory = memory
        self._clock = clock
        self._server: _ForkServer | None = None
        self._starting = asyncio.Lock()
        self._idle: list[_Child] = []
        self._busy: dict[asyncio.Future[_Child | None], bool] = {}  # is the job a slow one?
        self._waiting: list[_Waiting] = []
        self._running: set[asyncio.Task[bytes]] = set()
        self._used: dict[str, tuple[float, float]] = {}  # lane to seconds, and when they were counted
        self._overran: dict[str, tuple[int, float]] = {}  # slow lane to how often, and until when that counts
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End all children, whatever they do."""
        self._closed = True
        for waiting in self._waiting:
            waiting.place.cancel()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for child in self._idle:
            child.close()
        if self._server is not None:
            await self._server.aclose()

    async def start(self) -> None:
        """Load now what children need, so that the first job does not wait for it."""
        await self._fork_server()

    async def run(
        self, function: str, argument: bytes, *, seconds: float, lane: str = "", kept: Sequence[Kept] = ()
    ) -> bytes:
        """What ``function`` ("module:name") makes of ``argument`` and the kept values.

        ``seconds`` of the processor's time. Raises JobOverran, JobFailed. When the caller is cancelled, a job that
        has begun is seen through all the same, and its child is free after that.
        """
        slow = False
        again = (
            True  # what earlier jobs left behind in a child may have been too much, and no fault of this one
        )
        while True:
            keys = frozenset(one.key for one in kept)
            waiting = _Waiting(lane, slow, keys, asyncio.get_running_loop().create_future())
            child = await self._place(waiting)
            slow = self._busy[waiting.place]
            times = self._times_overrun(lane)
            most = max(seconds / 2**times, min(seconds, LEAST_SECONDS))
            given = most if slow else min(most, QUICK_SECONDS)
            task = asyncio.create_task(self._do(waiting, child, function, argument, given, kept))
            self._running.add(task)
            task.add_done_callback(self._ended)
            try:
                return await asyncio.shield(task)
            except JobOverran as overran:
                if overran.limit is Limit.TIME and given < most:
                    slow = True
                    self._hold_against(lane, times)
                elif overran.limit is not Limit.TIME and again:
                    again = False
                else:
                    self._hold_against(lane, times + 1)
                    raise

    def _ended(self, task: asyncio.Task[bytes]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may be gone

    # ------------------------------------------------------------------ whose turn it is

    async def _place(self, waiting: _Waiting) -> _Child | None:
        self._waiting.append(waiting)
        self._assign()
        try:
            return await waiting.place
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            elif not waiting.place.cancelled():
                self._leave(waiting, waiting.place.result())
            raise

    def _assign(self) -> None:
        """Give free places to who is next."""
        while self._waiting and len(self._busy) < self._size and not self._closed:
            slow_allowed = sum(self._busy.values()) < max(1, self._size - 1)
            allowed = [waiting for waiting in self._waiting if slow_allowed or not self._is_slow(waiting)]
            if not allowed:
                return
            chosen = min(allowed, key=lambda waiting: self._seconds_used(waiting.lane))
            self._waiting.remove(chosen)
            if chosen.place.done():  # cancelled meanwhile
                continue
            child: _Child | None = None
            if self._idle:
                child = max(self._idle, key=lambda one: len(chosen.keys & one.kept.keys()))
                self._idle.remove(child)
            self._busy[chosen.place] = self._is_slow(chosen)
            chosen.place.set_result(child)

    def _leave(self, waiting: _Waiting, child: _Child | None) -> None:
        """Give the place back, with its child if that can be used again."""
        del self._busy[waiting.place]
        if child is not None:
            self._idle.append(child)
        self._assign()

    def _is_slow(self, waiting: _Waiting) -> bool:
        self._times_overrun(waiting.lane)
        return waiting.slow or waiting.lane in self._overran

    def _times_overrun(self, lane: str) -> int:
        """How often a lane overran lately; it stays in ``_overran`` only as long as that is held against it."""
        times, until = self._overran.get(lane, (0, 0.0))
        if until < self._clock():
            self._overran.pop(lane, None)
            return 0
        return times

    def _hold_against(self, lane: str, times: int) -> None:
        self._overran[lane] = (max(times, self._times_overrun(lane)), self._clock() + REMEMBERED)
        while len(self._overran) > 4_096:
            del self._overran[next(iter(self._overran))]

    def _seconds_used(self, lane: str) -> float:
        seconds, then = self._used.get(lane, (0.0, 0.0))
        return seconds * float(0.5 ** ((self._clock() - then) / _FADE))

    def _count(self, lane: str, seconds: float) -> None:
        self._used[lane] = (self._seconds_used(lane) + seconds, self._clock())
        if len(self._used) > 4_096:
            self._used = {one: used for one, used in self._used.items() if self._seconds_used(one) > 0.01}

    # ------------------------------------------------------------------ one job

    async def _do(
        self,
        waiting: _Waiting,
        child: _Child | None,
        function: str,
        argument: bytes,
        seconds: float,
        kept: Sequence[Kept],
    ) -> bytes:
        began = self._clock()
        usable: _Child | None = None
        try:
            child = child or await self._forked()
            began = self._clock()
            reply = await self._asked(child, function, argument, seconds, kept)
            if reply.ended is Ended.DONE and reply.grown < self._memory // 2:
                usable = child
        except BaseException:
            if child is not None and self._server is not None:
                self._server.kill(child.pid)
            raise
        finally:
            if child is not None and usable is None:
                child.close()
            self._count(waiting.lane, self._clock() - began)
            self._leave(waiting, usable)
        if reply.ended is Ended.OUT_OF_MEMORY:
            raise JobOverran(Limit.MEMORY, seconds)
        if reply.ended is Ended.RAISED:
            raise JobFailed(reply.value.decode())
        return reply.value

    async def _asked(
        self, child: _Child, function: str, argument: bytes, seconds: float, kept: Sequence[Kept]
    ) -> Reply:
        keys = tuple(one.key for one in kept)
        added = tuple((one.key, one.decode, one.encode()) for one in kept if one.key not in child.kept)
        child.kept.update((key, len(value)) for key, _, value in added)
        for key in keys:
            child.kept.move_to_end(key)
        dropped = []
        while sum(child.kept.values()) > KEPT and (oldest := next(iter(child.kept))) not in keys:
            dropped.append(oldest)
            del child.kept[oldest]
        job = _encode(Job(function, argument, seconds, keys, added, tuple(dropped)))
        try:
            async with asyncio.timeout(_WALL_FACTOR * seconds + _WALL_MORE):
                child.writer.write(LENGTH.pack(len(job)))
                child.writer.write(job)
                await child.writer.drain()
                (size,) = LENGTH.unpack(await child.reader.readexactly(LENGTH.size))
                if size > MOST_OF_REPLY:
                    raise JobOverran(Limit.MEMORY, seconds)
                return _replies.decode(await child.reader.readexactly(size))
        except TimeoutError:
            raise JobOverran(Limit.TIME, seconds) from None
        except (OSError, asyncio.IncompleteReadError):
            server = self._server
            ended_by = await server.ended_by(child.pid) if server is not None else 0
            limit = Limit.TIME if ended_by == SIGPROF else Limit.PROCESS
            log.warning("child process ended", job=function, limit=limit.value, signal=ended_by)
            raise JobOverran(limit, seconds) from None

    async def _forked(self) -> _Child:
        """A new child. When its fork server is found dead, one from a new one."""
        for attempt in (1, 2):
            server = await self._fork_server()
            try:
                return await server.fork()
            except (OSError, EOFError, TimeoutError) as error:
                log.warning("fork server lost", reason=f"{type(error).__name__}: {error}", attempt=attempt)
                if self._server is server:
                    self._server = None
                await server.aclose()
        raise JobOverran(Limit.PROCESS, 0.0)

    async def _fork_server(self) -> _ForkServer:
        async with self._starting:
            if self._server is None:
                self._server = _ForkServer(self._prepare, self._environment, self._memory)
            return self._server


class _ForkServer:
    """This process's end of a fork server."""

    def __init__(self, prepare: Sequence[str], environment: Mapping[str, str], memory: int) -> None:
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; "
            "from leadline.foundation.child_processes.fork_server import main; main(sys.argv[1:])"
        )
        with other:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-I", "-c", code, str(other.fileno()), str(memory), *prepare],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C is for us, who end it in order
            )
        self._deaths: dict[int, asyncio.Future[int]] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._control, self._heard)

    async def fork(self) -> _Child:
        """Raises OSError, EOFError or TimeoutError when the server is gone."""
        ours, other = socket.socketpair()
        try:
            with other:
                socket.send_fds(self._control, [_encode(Order())], [other.fileno()])
        except OSError:
            ours.close()
            raise
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        try:
            async with asyncio.timeout(START_SECONDS):
                pid = int.from_bytes(await reader.readexactly(8))
        except BaseException:
            writer.close()
            raise
        self._deaths[pid] = self._loop.create_future()
        return _Child(pid, reader, writer)

    def kill(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            self._control.send(_encode(Order(kill=pid)))

    async def ended_by(self, pid: int) -> int:
        """The signal that ended a child; 0 when it is not known."""
        death = self._deaths.get(pid)
        if death is None:
            return 0
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(death), 5.0)
        return 0

    def _heard(self) -> None:
        try:
            packet = self._control.recv(MOST_OF_ORDER)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._loop.remove_reader(self._control)
            for waited in self._deaths.values():
                if not waited.done():
                    waited.set_result(0)
            return
        death = _deaths.decode(packet)
        future = self._deaths.get(death.pid)
        if future is not None and not future.done():
            future.set_result(death.signal)
            self._loop.call_later(10.0, self._deaths.pop, death.pid, None)

    async def aclose(self) -> None:
        """It ends when it finds nobody here; one that does not is killed."""
        self._loop.remove_reader(self._control)
        self._control.close()
        try:
            await asyncio.to_thread(self._process.wait, 5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
