"""Actions: who is called when an answer of a subscription changed.

Each address of the enabled actions listens to the subscription; two actions with one address make one call.
"""

from __future__ import annotations

from uuid import UUID

from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import Conflict, InvalidInput, NotFound
from leadline.foundation.ids import new_id
from leadline.subscriptions import repository
from leadline.subscriptions.repository import ActionRow
from leadline.subscriptions.schemas import SubscriptionAction, WebhookActionConfig
from leadline.webhooks.service import WebhookService
from leadline.wire.fields import wire_time

MOST = 10  # of one subscription


class ActionService:
    """Everything that can be done with actions. Raises NotFound for what is not the organisation's."""

    def __init__(self, database: Database, webhooks: WebhookService) -> None:
        self._transactions = database
        self._database = database.repeatable
        self._webhooks = webhooks

    async def create(
        self, organisation_id: UUID, subscription_id: UUID, webhook: WebhookActionConfig | None
    ) -> SubscriptionAction:
        """Raises InvalidInput, and Conflict for one too many."""
        async with self._transactions.transaction() as connection:
            await self._hold(connection, organisation_id, subscription_id)
            url = self._checked(webhook)
            if len(await repository.actions(connection, organisation_id, subscription_id)) >= MOST:
                raise Conflict(f"A subscription has at most {MOST} actions; delete one first.")
            row = await repository.add_action(connection, organisation_id, subscription_id, new_id(), url)
            return await self._told(connection, organisation_id, row)

    async def page(
        self, organisation_id: UUID, subscription_id: UUID, limit: int, offset: int
    ) -> tuple[list[SubscriptionAction], int]:
        await self._hold(self._database, organisation_id, subscription_id, lock=False)
        rows = await repository.actions(self._database, organisation_id, subscription_id)
        gone = await self._webhooks.gone(self._database, [subscription_id])
        return [_shown(row, gone) for row in rows[offset : offset + limit]], len(rows)

    async def get(self, organisation_id: UUID, subscription_id: UUID, action_id: UUID) -> SubscriptionAction:
        await self._hold(self._database, organisation_id, subscription_id, lock=False)
        rows = await repository.actions(self._database, organisation_id, subscription_id)
        row = next((row for row in rows if row.id == action_id), None)
        if row is None:
            raise _no_action()
        return _shown(row, await self._webhooks.gone(self._database, [subscription_id]))

    async def update(
        self,
        organisation_id: UUID,
        subscription_id: UUID,
        action_id: UUID,
        webhook: WebhookActionConfig | None,
    ) -> SubscriptionAction:
        """Raises InvalidInput."""
        url = self._checked(webhook) if webhook is not None else None
        return await self._change(organisation_id, subscription_id, action_id, url=url)

    async def enable(
        self, organisation_id: UUID, subscription_id: UUID, action_id: UUID, *, enabled: bool
    ) -> SubscriptionAction:
        """Pause it, or have it called again, also when its receiver was gone."""
        if enabled:  # taken away and brought back: it is asked again
            await self._change(organisation_id, subscription_id, action_id, enabled=False)
        return await self._change(organisation_id, subscription_id, action_id, enabled=enabled)

    async def delete(self, organisation_id: UUID, subscription_id: UUID, action_id: UUID) -> None:
        async with self._transactions.transaction() as connection:
            await self._hold(connection, organisation_id, subscription_id)
            if not await repository.delete_action(connection, organisation_id, subscription_id, action_id):
                raise _no_action()
            await self._listen(connection, organisation_id, subscription_id)

    # ------------------------------------------------------------------ how

    async def _change(
        self,
        organisation_id: UUID,
        subscription_id: UUID,
        action_id: UUID,
        *,
        url: str | None = None,
        enabled: bool | None = None,
    ) -> SubscriptionAction:
        async with self._transactions.transaction() as connection:
            await self._hold(connection, organisation_id, subscription_id)
            row = await repository.change_action(
                connection, organisation_id, subscription_id, action_id, url=url, enabled=enabled
            )
            if row is None:
                raise _no_action()
            return await self._told(connection, organisation_id, row)

    async def _told(
        self, connection: Connection, organisation_id: UUID, row: ActionRow
    ) -> SubscriptionAction:
        await self._listen(connection, organisation_id, row.subscription_id)
        return _shown(row, await self._webhooks.gone(connection, [row.subscription_id]))

    async def _listen(self, connection: Connection, organisation_id: UUID, subscription_id: UUID) -> None:
        rows = await repository.actions(connection, organisation_id, subscription_id)
        urls = {row.url for row in rows if row.enabled}
        await self._webhooks.keep_listening(connection, subscription_id, urls)

    async def _hold(
        self, connection: Connection, organisation_id: UUID, subscription_id: UUID, *, lock: bool = True
    ) -> None:
        if await repository.get(connection, organisation_id, subscription_id, lock=lock) is None:
            raise NotFound("Subscription not found or access denied")

    def _checked(self, webhook: WebhookActionConfig | None) -> str:
        if webhook is None:
            raise InvalidInput(("webhook", "is required with type webhook: send its destination"))
        if why := self._webhooks.refusal(webhook.destination):
            raise InvalidInput(("webhook.destination", why))
        return webhook.destination


def _shown(row: ActionRow, gone: set[tuple[UUID, str]]) -> SubscriptionAction:
    return SubscriptionAction(
        id=row.id,
        subscription_id=row.subscription_id,
        type="webhook",
        webhook=WebhookActionConfig(row.url),
        enabled=row.enabled and (row.subscription_id, row.url) not in gone,
        created_at=wire_time(row.created_at),
        updated_at=wire_time(row.updated_at),
    )


def _no_action() -> NotFound:
    return NotFound("Action not found or access denied")
