"""The process that children are forked from, and what a child does.

It loads once what all children need, so that a new child costs milliseconds and shares that memory. It has one thread
and no event loop, which makes forking safe, and does nothing but fork, kill and reap. It ends, and its children with
it, when its pool's process is gone, however that came.

A child limits itself: its memory when it begins, and for each job the processor's time, after which the kernel ends
it, even inside a regular expression.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import resource
import select
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

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

NICE = 2  # children give way to the event loop that keeps the leases
MOST_FILES = 64
_PR_SET_PDEATHSIG = 1

_encode = msgspec.msgpack.Encoder().encode
_orders = msgspec.msgpack.Decoder(Order)
_jobs = msgspec.msgpack.Decoder(Job)


def main(arguments: Sequence[str]) -> None:
    """``arguments``: the number of the control socket, a child's bytes of memory, functions to call before forking."""
    # A whole group or unit may be told to stop; the pool's process decides when its jobs are over.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    control = socket.socket(fileno=int(arguments[0]))
    memory = int(arguments[1])
    for prepare in arguments[2:]:
        _function(prepare)()
    gc.collect()
    gc.freeze()
    children: set[int] = set()
    with contextlib.suppress(OSError), _deaths_heard() as heard:
        while _obeyed(control, heard, memory, children):
            pass
    for pid in children:
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def _deaths_heard() -> Any:
    """A socket that can be read whenever a child has died."""
    heard, told = socket.socketpair()
    heard.setblocking(False)
    told.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # only a signal that is handled is told of
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    with heard, told:
        try:
            yield heard
        finally:
            signal.set_wakeup_fd(-1)  # children still die while this ends


def _obeyed(control: socket.socket, heard: socket.socket, memory: int, children: set[int]) -> bool:
    """Wait for one order or death and see to it; False when the pool's process is gone."""
    ready, _, _ = select.select([control, heard], [], [])
    if heard in ready:
        heard.recv(4096)
        for pid in tuple(children):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                children.remove(pid)
                ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
                control.send(_encode(Death(pid, ended_by)))
    if control not in ready:
        return True
    packet, files, _, _ = socket.recv_fds(control, MOST_OF_ORDER, 1)
    if not packet:
        return False
    order = _orders.decode(packet)
    if order.kill in children:  # not reaped, so the number is still this child's
        os.kill(order.kill, signal.SIGKILL)
    if files:
        pid = os.fork()
        if not pid:
            control.close()
            heard.close()
            _serve(socket.socket(fileno=files[0]), memory)
        children.add(pid)
        os.close(files[0])
    return True


# ------------------------------------------------------------------ in a child


def _serve(jobs: socket.socket, memory: int) -> NoReturn:
    """Do jobs until nobody is at the other end."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    born = _size()
    _die_with_parent()
    _limit(born + memory)
    kept: dict[str, Any] = {}
    status = 0
    try:
        jobs.sendall(os.getpid().to_bytes(8))
        while (message := _received(jobs)) is not None:
            ended, value = _done(_jobs.decode(message), kept)
            if ended is Ended.OUT_OF_MEMORY:
                kept.clear()
            reply = _encode(Reply(ended, value, _size() - born))
            jobs.sendall(LENGTH.pack(len(reply)) + reply)
            if ended is Ended.OUT_OF_MEMORY:
                break
    except BaseException:  # noqa: BLE001 - whatever it is, nothing of the fork server's may run in a child
        status = 1
    os._exit(status)


def _die_with_parent() -> None:
    """Without the fork server nobody could end a child that computes for ever (Linux, prctl)."""
    server = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)


def _limit(size: int) -> None:
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    with contextlib.suppress(OSError):  # let the machine that is out of memory take this one first
        Path("/proc/self/oom_score_adj").write_text("800")


def _done(job: Job, kept: dict[str, Any]) -> tuple[Ended, bytes]:
    signal.setitimer(signal.ITIMER_PROF, job.seconds)
    try:
        for key in job.dropped:
            kept.pop(key, None)
        for key, decode, value in job.added:
            kept[key] = _function(decode)(value)
        return Ended.DONE, _function(job.function)(job.argument, [kept[key] for key in job.keys])
    except MemoryError:
        return Ended.OUT_OF_MEMORY, b""
    except Exception as error:  # noqa: BLE001 - the edge of a process: it is raised again on the other side
        return Ended.RAISED, f"{type(error).__name__}: {error}"[:2_000].encode(errors="replace")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _received(jobs: socket.socket) -> bytes | None:
    """The next message; None at the end."""
    head = _exactly(jobs, LENGTH.size)
    return _exactly(jobs, LENGTH.unpack(head)[0]) if head is not None else None


def _exactly(source: socket.socket, size: int) -> bytes | None:
    buffer = bytearray(size)
    view, filled = memoryview(buffer), 0
    while filled < size:
        count = source.recv_into(view[filled:])
        if not count:
            return None
        filled += count
    return bytes(buffer)


def _size() -> int:
    """Bytes of this process's address space."""
    pages = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * resource.getpagesize()


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return function
