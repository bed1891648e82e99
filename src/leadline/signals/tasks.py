"""What a worker does for a job: see one signal through."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from uuid import UUID

from leadline.foundation.jobs import Task
from leadline.signals.admission import ANSWER, ANSWER_ALONE, Admission
from leadline.signals.service import SignalService


def signal_tasks(signals: SignalService, admission: Admission) -> Mapping[str, Task]:
    """The tasks of one worker process, by name."""
    alone = asyncio.Lock()

    async def answer(signal_id: str, turn: AbstractAsyncContextManager[object]) -> None:
        try:
            async with turn:
                await signals.run(UUID(signal_id))
        except asyncio.CancelledError:
            await asyncio.shield(signals.hand_back(UUID(signal_id)))
            raise
        finally:
            admission.poke()

    async def answer_at_once(signal_id: str) -> None:
        await answer(signal_id, nullcontext())

    async def answer_alone(signal_id: str) -> None:
        await answer(signal_id, alone)

    return {ANSWER: answer_at_once, ANSWER_ALONE: answer_alone}
