"""Subscriptions: what is asked again, of whom and when.

A run is a row and a piece of work (see ``tasks``), made when its moment has come or when somebody asks for it. Any number
of schedulers share the moments by locks on rows. Moments that were missed while nothing ran make one run, not several.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from msgspec import UNSET, Raw
from msgspec.structs import replace

from leadline.credits.service import Ledger
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import FieldError, InvalidInput, NotFound, PaymentRequired
from leadline.foundation.ids import new_id
from leadline.signals.service import RunQuestion, RunService, SignalQuery
from leadline.subscriptions import repository, schedule
from leadline.subscriptions.repository import NewRun, Row, RunRow
from leadline.subscriptions.schemas import (
    MAX_NAME,
    CreateSignalSubscriptionRequest,
    SignalSubscription,
    SubscriptionRun,
    UpdateSignalSubscriptionRequest,
)
from leadline.templates import service as templates
from leadline.templates.schemas import CreateSignalTemplateRequest, UpdateSignalTemplateRequest
from leadline.wire.fields import wire_time
from leadline.work import service as work
from leadline.work.service import NewItem

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
RUN = "subscription_run"  # the kind of work
AT_ONCE = 500  # due subscriptions that a scheduler takes in one transaction


class Members(Protocol):
    """Whom a company list names."""

    async def domains(self, connection: Connection, organisation_id: UUID, list_id: UUID) -> list[str] | None:
        """The domains of the list's companies as they are now; None when this organisation has no such list."""
        ...


class SubscriptionService:
    """Everything that can be done with subscriptions."""

    def __init__(
        self, database: Database, runs: RunService, members: Members, ledger: Ledger, poke: Callable[[], None]
    ) -> None:
        """``poke``: told of new work."""
        self._transactions = database
        self._database = database.repeatable
        self._runs = runs
        self._members = members
        self._ledger = ledger
        self._poke = poke

    # ------------------------------------------------------------------ keep

    async def create(
        self,
        organisation_id: UUID,
        request: CreateSignalSubscriptionRequest,
        *,
        created_by: str = "command line",
    ) -> SignalSubscription:
        """A new subscription, stopped. Raises InvalidInput naming every wrong field, NotFound for a list or template.

        What a template says is taken in place of what is sent; without one, what is sent becomes a template.
        ``created_by``: who says so, such as a key's id.
        """
        when = schedule.checked(request.frequency or None, request.cron_expression or None, request.timezone)
        subscription_id = new_id()
        list_id, domain = await self._whom(organisation_id, request, subscription_id)
        row = Row(
            id=subscription_id,
            organisation_id=organisation_id,
            template_id=None,
            template_version=None,
            name=_named(request.name or "") if not request.signal_template_id else "",
            description=_plain("description", request.description) if request.description else None,
            question=request.question or "",
            answer_type=request.answer_type,
            output_schema=request.output_schema or None,
            weight=request.weight,
            qualification_criteria=request.qualification_criteria or None,
            list_id=list_id,
            domain=domain,
            schedule=when,
            status="stopped",
            last_run_at=None,
            next_run_at=None,
            created_at=await repository.now(self._database),
        )
        if request.signal_template_id:
            kept = await templates.kept(self._database, organisation_id, request.signal_template_id)
            row = _by_template(row, kept)
        self._runs.check(_question(row), domain or "example.com")
        async with self._transactions.transaction() as connection:
            if row.template_id is None:
                asked = _asked(row)
                made = await templates.create(
                    connection,
                    organisation_id,
                    CreateSignalTemplateRequest(**{k: v for k, v in asked.items() if v is not None}),
                    created_by=created_by,
                )
                row = replace(row, template_id=made.id, template_version=made.version)
            return await self._shown(connection, await repository.add(connection, row))

    async def update(
        self,
        organisation_id: UUID,
        subscription_id: UUID,
        request: UpdateSignalSubscriptionRequest,
        *,
        created_by: str = "command line",
    ) -> SignalSubscription:
        """What is asked otherwise makes a new version of the template. Raises InvalidInput, NotFound."""
        when = schedule.checked(request.frequency or None, request.cron_expression or None, request.timezone)
        async with self._transactions.transaction() as connection:
            row = await self._get(connection, organisation_id, subscription_id, lock=True)
            row = await self.current(connection, row)
            schema = row.output_schema if request.output_schema is UNSET else request.output_schema
            changed = replace(
                row,
                name=_named(request.name),
                description=_plain("description", request.description or row.description or "") or None,
                question=request.question,
                answer_type=request.answer_type,
                output_schema=schema,
                weight=request.weight or row.weight,
                qualification_criteria=request.qualification_criteria or row.qualification_criteria,
                schedule=when,
            )
            self._runs.check(_question(changed), row.domain or "example.com")
            if row.status == "active" and when != row.schedule:
                moment = await repository.now(connection)
                changed = replace(changed, next_run_at=when.after(moment))
            if row.template_id is not None and _asked(changed) != _asked(row):
                asked = UpdateSignalTemplateRequest(**_asked(changed))
                kept = await templates.update(
                    connection, organisation_id, row.template_id, asked, created_by=created_by
                )
                changed = replace(changed, template_version=kept.version)
            return await self._shown(connection, await repository.update(connection, changed))

    async def start(self, organisation_id: UUID, subscription_id: UUID) -> SignalSubscription:
        """Turn the schedule on; one that is on stays as it is. Raises NotFound."""
        async with self._transactions.transaction() as connection:
            row = await self._get(connection, organisation_id, subscription_id, lock=True)
            if row.status != "active":
                next_run_at = row.schedule.after(await repository.now(connection))
                row = await repository.set_status(
                    connection, organisation_id, subscription_id, "active", next_run_at
                )
            return await self._shown(connection, row)

    async def stop(self, organisation_id: UUID, subscription_id: UUID) -> SignalSubscription:
        """Turn the schedule off; what is queued is still run. Raises NotFound."""
        async with self._transactions.transaction() as connection:
            await self._get(connection, organisation_id, subscription_id, lock=True)
            row = await repository.set_status(connection, organisation_id, subscription_id, "stopped", None)
            return await self._shown(connection, row)

    async def trigger(
        self,
        organisation_id: UUID,
        subscription_id: UUID,
        *,
        key_id: UUID | None = None,
        spend_cap: int | None = None,
    ) -> SignalSubscription:
        """Run once now, whatever the schedule says; while a run is under way there is no second one.

        ``key_id`` and ``spend_cap`` are of the API key that asks. Raises NotFound, PaymentRequired when the credits
        would not suffice.
        """
        async with self._transactions.transaction() as connection:
            row = await self._get(connection, organisation_id, subscription_id, lock=True)
            under_way = await self.under_way(connection, row)
            if not under_way:
                needed = self._runs.price * len(await self.asked(connection, row))
                left = await self._ledger.balance(connection, organisation_id)
                if key_id is not None:
                    left = await self._ledger.spendable(
                        connection, organisation_id, key_id=key_id, spend_cap=spend_cap
                    )
                if needed > left:
                    raise PaymentRequired(f"The run costs {needed} credits, and {left} can be spent.")
            run = NewRun(
                id=new_id(),
                subscription_id=row.id,
                organisation_id=organisation_id,
                origin="trigger",
                due_at=await repository.now(connection),
            )
            if under_way:
                return await self._shown(connection, row)
            await repository.begin(connection, [run])
            await work.add(connection, [NewItem(run.id, RUN, organisation_id, RUN)])
            shown = await self._shown(
                connection, await self._get(connection, organisation_id, subscription_id)
            )
        self._poke()
        return shown

    # ------------------------------------------------------------------ look

    async def get(self, organisation_id: UUID, subscription_id: UUID) -> SignalSubscription:
        """Raises NotFound."""
        row = await self._get(self._database, organisation_id, subscription_id)
        return await self._shown(self._database, row)

    async def page(
        self, organisation_id: UUID, limit: int, offset: int
    ) -> tuple[list[SignalSubscription], int]:
        rows, total = await repository.page(self._database, organisation_id, limit, offset)
        return [await self._shown(self._database, row) for row in rows], total

    async def logs(self, organisation_id: UUID, query: SignalQuery) -> Raw:
        """The signals of a subscription. Raises NotFound."""
        assert query.subscription_id is not None
        await self._get(self._database, organisation_id, query.subscription_id)
        return Raw(await self._runs.read_page(organisation_id, query))

    async def runs(
        self, organisation_id: UUID, subscription_id: UUID, limit: int, offset: int
    ) -> tuple[list[SubscriptionRun], int]:
        """The runs of a subscription, with those that were skipped. Raises NotFound."""
        await self._get(self._database, organisation_id, subscription_id)
        rows, total = await repository.runs(self._database, organisation_id, subscription_id, limit, offset)
        return [_run(row) for row in rows], total

    # ------------------------------------------------------------------ the schedule

    async def tick(self) -> int:
        """Make the runs whose moment has come; returns how many. Safe to be called by any number of processes."""
        made = 0
        while True:
            async with self._transactions.transaction() as connection:
                moment = await repository.now(connection)
                rows = await repository.due(connection, moment, AT_ONCE)
                if rows:
                    await self._begin(connection, rows, moment)
            made += len(rows)
            if rows:
                self._poke()
            if len(rows) < AT_ONCE:
                return made

    async def _begin(self, connection: Connection, rows: Sequence[Row], moment: datetime) -> None:
        runs = [
            NewRun(
                id=new_id(),
                subscription_id=row.id,
                organisation_id=row.organisation_id,
                origin="schedule",
                due_at=row.next_run_at or moment,
                next_run_at=row.schedule.after(moment),
            )
            for row in rows
        ]
        await repository.begin(connection, runs)
        await work.add(connection, [NewItem(run.id, RUN, run.organisation_id, RUN) for run in runs])

    # ------------------------------------------------------------------ for runs

    async def current(self, connection: Connection, row: Row) -> Row:
        """The subscription by the newest version of its template; as it was, once that is deleted."""
        if row.template_id is None:
            return row
        try:
            return _by_template(row, await templates.kept(connection, row.organisation_id, row.template_id))
        except NotFound:
            return row

    async def question(self, connection: Connection, row: Row) -> RunQuestion:
        """What a run asks now."""
        return _question(await self.current(connection, row))

    async def asked(self, connection: Connection, row: Row) -> list[str]:
        """The domains that a run asks now; empty also when the list was deleted."""
        if row.domain is not None:
            return [row.domain]
        return await self._members.domains(connection, row.organisation_id, row.list_id) or []

    async def under_way(self, connection: Connection, row: Row, *, besides: UUID | None = None) -> bool:
        """Whether a run other than ``besides`` is queued or being answered."""
        return await repository.queued(
            connection, row.organisation_id, row.id, besides=besides
        ) or await self._runs.under_way(connection, row.organisation_id, row.id)

    # ------------------------------------------------------------------ how

    async def _get(
        self, connection: Connection, organisation_id: UUID, subscription_id: UUID, *, lock: bool = False
    ) -> Row:
        row = await repository.get(connection, organisation_id, subscription_id, lock=lock)
        if row is None:
            raise NotFound("Subscription not found or access denied")
        return row

    async def _whom(
        self, organisation_id: UUID, request: CreateSignalSubscriptionRequest, subscription_id: UUID
    ) -> tuple[UUID, str | None]:
        """The list, or the one company with the subscription's own id in its place."""
        if (request.list_id is UNSET) == (request.domain is UNSET):
            raise InvalidInput(FieldError("listId", "send listId, or domain for one company: one of them"))
        if request.domain is not UNSET:
            return subscription_id, request.domain.lower()
        try:
            list_id = UUID(request.list_id or "")
        except ValueError:
            raise NotFound("Company list not found or access denied") from None
        if await self._members.domains(self._database, organisation_id, list_id) is None:
            raise NotFound("Company list not found or access denied")
        return list_id, None

    async def _shown(self, connection: Connection, row: Row) -> SignalSubscription:
        row = await self.current(connection, row)
        companies = len(await self.asked(connection, row))
        monthly = row.schedule.runs_a_month(row.created_at.year) * companies * self._runs.price
        return SignalSubscription(
            id=row.id,
            signal_template_id=row.template_id or UNSET,
            version=row.template_version or UNSET,
            name=row.name,
            description=row.description,
            question=row.question,
            answer_type=row.answer_type,
            output_schema=row.output_schema,
            weight=row.weight,  # type: ignore[arg-type]
            qualification_criteria=row.qualification_criteria,
            frequency=row.schedule.frequency,  # type: ignore[arg-type]
            cron_expression=None if row.schedule.frequency else row.schedule.cron,
            timezone=row.schedule.timezone,
            status=row.status,  # type: ignore[arg-type]
            list_id=row.list_id,
            domain=row.domain or UNSET,
            last_run_at=wire_time(row.last_run_at) if row.last_run_at else None,
            next_run_at=wire_time(row.next_run_at) if row.next_run_at else None,
            expected_credits_per_month=math.ceil(monthly - 1e-9),
            source="api",
            created_at=wire_time(row.created_at),
        )


def _named(name: str) -> str:
    folded = " ".join(_plain("name", name).split())
    if not 0 < len(folded) <= MAX_NAME:
        raise InvalidInput(("name", f"must be text, not empty, of at most {MAX_NAME} characters"))
    return folded


def _plain(field: str, text: str) -> str:
    """Raises InvalidInput for what cannot be stored or shown."""
    if _CONTROL.search(text):
        raise InvalidInput((field, "must be plain text; remove the control characters and broken characters"))
    return text


def _question(row: Row) -> RunQuestion:
    return RunQuestion(
        row.question,
        row.answer_type,
        row.output_schema,
        template_id=row.template_id,
        template_version=row.template_version,
    )


def _asked(row: Row) -> dict[str, Any]:
    """What a template keeps."""
    return {
        "name": row.name,
        "description": row.description,
        "question": row.question,
        "answer_type": row.answer_type,
        "output_schema": row.output_schema,
        "weight": row.weight,
        "qualification_criteria": row.qualification_criteria,
    }


def _by_template(row: Row, kept: templates.Kept) -> Row:
    return replace(
        row,
        template_id=kept.id,
        template_version=kept.version,
        name=kept.name,
        description=kept.description,
        question=kept.question,
        answer_type=kept.answer_type,
        output_schema=kept.output_schema,
        weight=kept.weight,
        qualification_criteria=kept.qualification_criteria,
    )


def _run(row: RunRow) -> SubscriptionRun:
    return SubscriptionRun(
        id=row.id,
        subscription_id=row.subscription_id,
        origin=row.origin,  # type: ignore[arg-type]
        status=row.status,  # type: ignore[arg-type]
        reason=row.reason,
        signals=row.signals,
        refused=row.refused,
        due_at=wire_time(row.due_at),
        created_at=wire_time(row.created_at),
    )
