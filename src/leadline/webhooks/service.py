"""Tell of events: a delivery for every listener, signed, made as work until the receiver takes it.

Wire: contract section 20, signed as Standard Webhooks 1.0 does (``webhook-id``, ``webhook-timestamp``,
``webhook-signature``); the event's number and type stand in headers beside them, unsigned. What a subscription's action
calls carries no signature (contract section 14). Delivery is at least once;
``webhook-id`` and the body stay the same over all tries.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from secrets import token_bytes
from urllib.parse import urlsplit
from uuid import UUID

from leadline.events.schemas import Event
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import ConfigurationError, NotFound
from leadline.foundation.ids import new_id
from leadline.foundation.network import AddressRefused, NetworkPolicy, Origin, literal
from leadline.foundation.secrets import Vault
from leadline.webhooks import repository
from leadline.webhooks.schemas import DeliveriesQuery, DeliveryStatus, Failing
from leadline.work import service as work
from leadline.work.service import NewItem

WEBHOOK = "webhook"  # the kind of work
OVERLAP_HOURS = 24.0  # how long both secrets sign after a rotation
SECRET_BYTES = 32
MAX_URL = 2048  # characters


class WebhookService:
    """The organisations' webhooks. ``policy`` says which addresses may be called."""

    def __init__(self, database: Database, vault: Vault, policy: NetworkPolicy) -> None:
        self._database = database.repeatable
        self._vault = vault
        self._policy = policy

    # ------------------------------------------------------------------ listeners

    def refusal(self, url: str) -> str | None:
        """Why ``url`` cannot be a webhook's address, as far as its spelling tells; None when it may be."""
        must = f"must be an http or https address of at most {MAX_URL} characters"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return must
        if (
            len(url) > MAX_URL
            or parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.username is not None
            or port == 0
            or not all(33 <= ord(character) < 127 for character in url)
        ):
            return must
        try:
            address = literal(parts.hostname)
            if address is None:
                return None
            why = self._policy.refusal(address, Origin.of(f"{parts.scheme}://{parts.netloc}").port)
        except (AddressRefused, ValueError) as error:
            why = str(error)
        return f"must be a public address; LEADLINE_ALLOW_NETWORKS permits others ({why})" if why else None

    async def listen(self, connection: Connection, reference: UUID, url: str) -> None:
        """Have ``url`` called when something happens to ``reference``; every distinct address is called once.

        The caller makes sure, in this transaction, that it has not happened yet.
        """
        await repository.listen(connection, reference, url)

    async def keep_listening(self, connection: Connection, reference: UUID, urls: Collection[str]) -> None:
        """Have exactly these called about everything that happens to ``reference``, unsigned (contract section 14).

        One that answers 410 is not called any more, until it is taken away and comes back.
        """
        await repository.keep_listening(connection, reference, sorted(set(urls)))

    async def gone(self, connection: Connection, references: Sequence[UUID]) -> set[tuple[UUID, str]]:
        """References and addresses of those that answered 410."""
        return await repository.gone(connection, references)

    async def on_events(self, connection: Connection, events: Sequence[Event]) -> None:
        """Make the deliveries of these events: one for every listener (see ``events.schemas.Listener``)."""
        found = await repository.listeners(connection, list({event.reference for event in events}))
        if not found:
            return
        by_reference: dict[UUID, list[tuple[str, bool]]] = {}
        for reference, url, signed in found:
            by_reference.setdefault(reference, []).append((url, signed))
        wanted = [
            (new_id(), event.organisation_id, event.id, event.reference, url, signed)
            for event in events
            for url, signed in by_reference.get(event.reference, ())
        ]
        added = await repository.add(connection, wanted)
        await work.add(
            connection,
            [
                NewItem(delivery_id, WEBHOOK, organisation_id, lane(url))
                for delivery_id, organisation_id, _, _, url, _ in wanted
                if delivery_id in added
            ],
        )
        await repository.forget_listeners(connection, list(by_reference))

    # ------------------------------------------------------------------ the log

    async def deliveries(self, organisation_id: UUID, reference: UUID) -> list[DeliveryStatus]:
        """How the calls made of what happened to ``reference`` stand."""
        return await repository.of_reference(self._database, organisation_id, reference)

    async def page(self, organisation_id: UUID, query: DeliveriesQuery) -> tuple[list[DeliveryStatus], int]:
        """Some of the calls, newest first, and how many there are."""
        return await repository.page(self._database, organisation_id, query)

    async def failing(self, organisation_id: UUID) -> list[Failing]:
        """Receivers that have not taken their last calls."""
        return await repository.failing(self._database, organisation_id)

    async def redeliver(
        self, connection: Connection, organisation_id: UUID, delivery_id: UUID
    ) -> DeliveryStatus:
        """Make a call again, with its old id and body and all its tries. Raises NotFound."""
        found = await repository.reopen(connection, organisation_id, delivery_id)
        if found is None:
            raise NotFound("Delivery not found or access denied")
        await self._again(connection, organisation_id, [(delivery_id, found.url)])
        return found

    async def replay(
        self,
        connection: Connection,
        organisation_id: UUID,
        since: datetime,
        until: datetime,
        *,
        failed_only: bool = False,
    ) -> int:
        """Make the calls of what happened in that time again; returns how many."""
        found = await repository.reopen_between(
            connection, organisation_id, since, until, failed_only=failed_only
        )
        await self._again(connection, organisation_id, found)
        return len(found)

    async def _again(
        self, connection: Connection, organisation_id: UUID, found: Sequence[tuple[UUID, str]]
    ) -> None:
        await work.drop(connection, [delivery_id for delivery_id, _ in found])
        await work.add(connection, [NewItem(one, WEBHOOK, organisation_id, lane(url)) for one, url in found])

    async def with_deliveries(self, event_ids: Sequence[UUID]) -> set[UUID]:
        """Those of the events of which the log of calls still tells."""
        return await repository.with_deliveries(self._database, event_ids)

    async def prune(self, older_than: timedelta) -> int:
        """Delete the log of calls from before that which are over; returns how many."""
        return await repository.prune(self._database, older_than)

    # ------------------------------------------------------------------ secrets

    async def secret(self, organisation_id: UUID) -> str:
        """What the organisation's receivers check signatures with (``whsec_``...); made on first use."""
        return _shown((await self.secrets(organisation_id))[0])

    async def rotate_secret(self, organisation_id: UUID) -> str:
        """A new secret; calls are signed with the old one too for a day."""
        fresh = token_bytes(SECRET_BYTES)
        sealed = self._vault.seal(fresh)
        await repository.rotate_secret(self._database, organisation_id, sealed, OVERLAP_HOURS)
        return _shown(fresh)

    async def reseal(self, connection: Connection) -> int:
        """Encrypt every secret with the vault's first key; how many. Raises ConfigurationError."""
        found = await repository.sealed(connection)
        for organisation_id, *sealed in found:
            newest, previous = (self._vault.reseal(one) if one is not None else None for one in sealed)
            await repository.reseal(connection, organisation_id, newest, previous)
        return len(found)

    async def secrets(self, organisation_id: UUID) -> list[bytes]:
        """The secrets that calls are signed with now, the newest first."""
        sealed = await repository.secrets(self._database, organisation_id)
        if not sealed:
            fresh = self._vault.seal(token_bytes(SECRET_BYTES))
            await repository.add_secret(self._database, organisation_id, fresh)
            sealed = await repository.secrets(self._database, organisation_id)
        newest, *previous = sealed
        opened = [self._vault.open(newest)]
        for one in previous:
            # After the vault's key was changed the secret before cannot be read, and need not be.
            with contextlib.suppress(ConfigurationError):
                opened.append(self._vault.open(one))
        return opened


def lane(url: str) -> str:
    """What the calls of one receiver share: its host and port."""
    return urlsplit(url).netloc.lower()


def _shown(secret: bytes) -> str:
    return "whsec_" + base64.b64encode(secret).decode()
