"""What a pool, its fork server and its children say to each other, as MessagePack.

A child reads what strangers wrote, so nothing that comes from one is executed: its replies are plain bytes.
"""

from __future__ import annotations

import struct
from enum import StrEnum

import msgspec

LENGTH = struct.Struct("!I")  # stands before each message between a pool and a child
MOST_OF_ORDER = 4096  # bytes; orders and deaths are packets


class Job(msgspec.Struct, array_like=True, frozen=True):
    """Call ``function`` ("module:name") with ``argument`` and the kept values of these keys.

    ``added`` are values to keep from now on: key, the function that decodes it, and its bytes. ``seconds`` is the
    processor time that the call may take.
    """

    function: str
    argument: bytes
    seconds: float
    keys: tuple[str, ...] = ()
    added: tuple[tuple[str, str, bytes], ...] = ()
    dropped: tuple[str, ...] = ()


class Ended(StrEnum):
    DONE = "done"
    RAISED = "raised"  # ``value`` says what, as text
    OUT_OF_MEMORY = "out_of_memory"  # and the child is gone


class Reply(msgspec.Struct, array_like=True, frozen=True):
    """``grown``: bytes by which the child is larger than when it was forked."""

    ended: Ended
    value: bytes
    grown: int


class Order(msgspec.Struct, array_like=True, frozen=True):
    """To the fork server: kill this child; 0: make one, whose socket comes with the packet."""

    kill: int = 0


class Death(msgspec.Struct, array_like=True, frozen=True):
    """From the fork server: this child is gone, by this signal (0: by itself)."""

    pid: int
    signal: int
