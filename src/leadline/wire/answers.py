"""What an endpoint returns when it is not simply a struct with the operation's first status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from msgspec import Raw, Struct


class Reply(Struct, frozen=True):
    """An answer with a status of its own. ``value`` None: no body."""

    status: int
    value: Any = None


class Accepted(Struct, frozen=True):
    """The work is accepted; its answer is waited for outside the transaction by the operation's ``then``.

    Under an idempotency key the ``reference`` is kept in place of an answer, and each replay waits by it; ``final`` says
    that the answer which then comes is kept as well.
    """

    reference: str
    final: bool = False


class Text(Struct, frozen=True):
    """Text of the media type that the operation declares, whole."""

    body: bytes


class ForeignPage(Struct, frozen=True):
    """A page of words from elsewhere, for a browser, which is told to run and load nothing of it."""

    body: bytes


class Csv(Struct, frozen=True):
    """A file of comma-separated values, sent as it is made; each chunk is whole lines.

    An error in the middle cuts the connection, so that a client does not take a part for the whole.
    """

    filename: str
    chunks: AsyncIterator[bytes]


class Event(Struct, frozen=True):
    """One server-sent event. ``id`` is what a client sends back as ``Last-Event-ID`` to go on from there."""

    type: str
    value: Any
    id: str | None = None


class EventStream(Struct, frozen=True):
    """Server-sent events until there are no more or the client hangs up."""

    events: AsyncIterator[Event]


Returned = Struct | list[Any] | Raw | None
"""What an endpoint may return: one of the above, a wire type, a bare list of them, JSON that is written
already, or None for an answer without a body."""
