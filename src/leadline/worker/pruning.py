"""Deletes what has outlived its use. What a kept answer cites is never deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from leadline.events import service as events
from leadline.evidence import service as evidence
from leadline.foundation.log import get_logger
from leadline.idempotency import service as idempotency
from leadline.models import service as models

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline

log = get_logger(__name__)


async def prune(leadline: Leadline) -> None:
    """Delete old snapshots and traces as the settings say."""
    settings, database = leadline.settings, leadline.database.repeatable
    snapshots = traces = 0
    batches: timedelta | None = None
    if settings.snapshot_retention_days is not None:
        age = timedelta(days=settings.snapshot_retention_days)
        snapshots = await evidence.prune_snapshots(database, age, leadline.signals.read_now)
    if settings.trace_retention_days is not None:
        age = timedelta(days=settings.trace_retention_days)
        traces = await leadline.signals.prune_traces(age)
        batches = age
        await models.prune(database, age)
    if settings.event_retention_days is not None:
        age = timedelta(days=settings.event_retention_days)
        await leadline.webhooks.prune(age)
        await events.prune(database, age, leadline.webhooks.with_deliveries)
    if settings.people_retention_days is not None:
        people = await leadline.privacy.sweep(timedelta(days=settings.people_retention_days))
        if people:
            log.info("people forgotten", people=people)
    await leadline.signals.prune_progress(batches)
    await idempotency.prune(database)
    if snapshots or traces:
        log.info("pruned", snapshots=snapshots, steps=traces)
