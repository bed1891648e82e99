"""What the tests of the pool let a child do."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Sequence
from typing import Any


def echo(argument: bytes, _kept: Sequence[Any]) -> bytes:
    return argument


def process_id(_argument: bytes, _kept: Sequence[Any]) -> bytes:
    return str(os.getpid()).encode()


def environment(_argument: bytes, _kept: Sequence[Any]) -> bytes:
    return "\n".join(sorted(os.environ)).encode()


def decode(value: bytes) -> list[str]:
    """A value to keep; counts how often it was decoded."""
    return [value.decode(), str(time.monotonic())]


def kept(_argument: bytes, values: Sequence[Any]) -> bytes:
    return "|".join(" ".join(value) for value in values).encode()


def spin(_argument: bytes, _kept: Sequence[Any]) -> bytes:
    while True:
        pass


def backtrack(_argument: bytes, _kept: Sequence[Any]) -> bytes:
    """Holds the interpreter's lock for ever: no signal handler of Python would ever run."""
    re.match(r"(a+)+$", "a" * 64 + "b")
    return b""


def spin_for(argument: bytes, _kept: Sequence[Any]) -> bytes:
    """So many seconds of the processor's time."""
    end = time.process_time() + float(argument)
    while time.process_time() < end:
        pass
    return b"done"


def sleep(argument: bytes, _kept: Sequence[Any]) -> bytes:
    time.sleep(float(argument))
    return b"slept"


def fill(argument: bytes, _kept: Sequence[Any]) -> bytes:
    return str(len(bytearray(int(argument)))).encode()


_LEAK: list[bytearray] = []


def leak(argument: bytes, _kept: Sequence[Any]) -> bytes:
    _LEAK.append(bytearray(int(argument)))
    return str(os.getpid()).encode()


def large(argument: bytes, _kept: Sequence[Any]) -> bytes:
    return b"x" * int(argument)


def fail(_argument: bytes, _kept: Sequence[Any]) -> bytes:
    raise ValueError("this job fails")


def crash(_argument: bytes, _kept: Sequence[Any]) -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def crash_if_old(argument: bytes, _kept: Sequence[Any]) -> bytes:
    """Dies in the child that leaked before, answers in a fresh one."""
    if _LEAK:
        os.kill(os.getpid(), signal.SIGSEGV)
    return argument


def many_files(_argument: bytes, _kept: Sequence[Any]) -> bytes:
    opened = []
    try:
        while True:
            opened.append(socket.socket())
    except OSError:
        return str(len(opened)).encode()


def prepared() -> None:
    os.environ["PREPARED"] = "yes"
