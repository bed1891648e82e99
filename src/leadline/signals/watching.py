"""Watching a signal: what it tells while it runs, in any process, and its end.

What was told while nobody watched is made from its trace, in fewer words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from leadline.foundation.database import Connection
from leadline.foundation.waiter import Waiter
from leadline.signals import progress_repository, repository, views
from leadline.signals.schemas import TraceStep
from leadline.signals.views import View

WATCH_SECONDS = 30.0  # a signal is watched for so long after whoever watches was last seen


class Step(NamedTuple):
    """What a signal told. ``id`` is where to go on after it."""

    id: str
    step: str
    detail: str
    facts: dict[str, Any]
    at: datetime


class End(NamedTuple):
    """The finished signal, as the wire has it."""

    body: bytes


class _News(NamedTuple):
    told: list[progress_repository.Told]
    view: View


async def watch(
    connection: Connection, waiter: Waiter, organisation_id: UUID, signal_id: UUID, after: str = ""
) -> AsyncIterator[Step | End]:
    """What the signal tells after the step with that id, until it is finished or this process stops."""
    told_before, last = False, int(after) if after.isdigit() else 0
    with waiter.place():
        while not waiter.closing:
            await progress_repository.watch(connection, signal_id, WATCH_SECONDS)
            await repository.await_(connection, signal_id)

            async def look(last: int = last) -> _News | None:
                view = await views.read(connection, organisation_id, signal_id)
                if view is None:  # deleted meanwhile
                    return _News([], View(b"", finished=True))
                told = await progress_repository.told_after(connection, signal_id, last)
                return _News(told, view) if told or view.finished else None

            news = await waiter.look(str(signal_id), look, WATCH_SECONDS / 2)
            if news is None:
                continue
            for one in news.told:
                yield Step(str(one.id), one.step, one.detail, one.facts, one.at)
                told_before, last = True, one.id
            if news.view.finished:
                if not told_before and not last:
                    for step in steps_of(await repository.steps(connection, signal_id), after):
                        yield step
                if news.view.body:
                    yield End(news.view.body)
                return


def steps_of(trace: tuple[TraceStep, ...], after: str = "") -> Iterator[Step]:
    """What a trace tells after the step with that id."""
    number = 0
    for step in trace:
        for detail, facts in _told(step):
            number += 1
            if not after.startswith("trace-") or number > int(after.removeprefix("trace-")):
                yield Step(f"trace-{number}", step.step, detail, facts, step.saved_at)


def _told(step: TraceStep) -> Iterator[tuple[str, dict[str, Any]]]:
    value = step.value
    match step.step:
        case "collect":
            pages, unreadable = len(value.get("snapshot_ids", ())), len(value.get("unreadable", ()))
            yield f"{pages} pages read", {"pages": pages, "unreadable": unreadable}
        case "rank":
            yield f"{len(value.get('passages', ()))} passages", {}
        case "answer":
            draft = value.get("draft", {})
            yield draft.get("reasoning") or "the passages do not say", {"reader": draft.get("reader")}
        case "verify":
            for claim in value.get("verification", {}).get("claims", ()):
                yield f"{claim.get('verdict')}: {claim.get('why')}", {}
        case "settle":
            answered = value.get("answer") is not None
            yield "answered" if answered else "no answer", {"confidence": value.get("confidence")}
