"""Tell of finished signals: queued with the work they tell of, signed, retried from the database.

Wire: contract section 20, signed as Standard Webhooks 1.0 does (``webhook-id``, ``webhook-timestamp``,
``webhook-signature``). Delivery is at least once; ``webhook-id`` stays the same over all tries.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
from datetime import UTC, datetime
from secrets import token_bytes
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
from standardwebhooks.webhooks import Webhook

from leadline.foundation.clock import Clock, SystemClock
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import ConfigurationError
from leadline.foundation.http import retry_after
from leadline.foundation.log import get_logger
from leadline.foundation.secrets import Vault
from leadline.webhooks import repository
from leadline.webhooks.schemas import Delivery, DeliveryStatus

log = get_logger(__name__)

TRY_SECONDS = 10.0  # for one call, from connecting to the end of the answer
PAUSES = (5.0, 60.0, 600.0, 3600.0)  # seconds after the first, second, ... failed try; then it is given up
CLAIM_SECONDS = 60.0  # after which a delivery whose process died is due again
LONGEST_PAUSE = 24 * 3600.0  # seconds; a longer Retry-After is not waited for
AT_ONCE = 20
OVERLAP_HOURS = 24.0  # how long both secrets sign after a rotation
SECRET_BYTES = 32
GONE = 410  # the receiver asks never to be called again


class WebhookService:
    """The organisations' webhooks. ``http`` is a guarded client that does not follow redirects."""

    def __init__(
        self, database: Database, http: httpx2.AsyncClient, vault: Vault, *, clock: Clock | None = None
    ) -> None:
        self._database = database.repeatable
        self._http = http
        self._vault = vault
        self._clock = clock or SystemClock()

    async def attach(self, connection: Connection, signal_id: UUID, url: str) -> bool:
        """Have ``url`` called when the running signal is finished; every distinct address is called once.

        False when the signal is finished already: nobody will be called then.
        """
        return await repository.attach(connection, signal_id, url)

    async def tell(self, connection: Connection, organisation_id: UUID, signal_id: UUID, body: bytes) -> None:
        """Queue the calls of a signal that is being finished, in the transaction that finishes it."""
        await repository.queue(connection, organisation_id, signal_id, body)

    async def deliver_due(self) -> int:
        """Make the calls that are due; returns how many were tried."""
        due = await repository.claim(self._database, AT_ONCE, CLAIM_SECONDS)
        async with asyncio.TaskGroup() as group:
            for delivery in due:
                group.create_task(self._deliver(delivery))
        return len(due)

    async def deliveries(self, organisation_id: UUID, signal_id: UUID) -> list[DeliveryStatus]:
        """How the calls of a signal stand."""
        return await repository.of_signal(self._database, organisation_id, signal_id)

    async def secret(self, organisation_id: UUID) -> str:
        """What the organisation's receivers check signatures with (``whsec_``...); made on first use."""
        return _shown((await self._secrets(organisation_id))[0])

    async def rotate_secret(self, organisation_id: UUID) -> str:
        """A new secret; calls are signed with the old one too for a day."""
        fresh = token_bytes(SECRET_BYTES)
        sealed = self._vault.seal(fresh)
        await repository.rotate_secret(self._database, organisation_id, sealed, OVERLAP_HOURS)
        return _shown(fresh)

    # ------------------------------------------------------------------ how

    async def _deliver(self, delivery: Delivery) -> None:
        status: int | None = None
        wanted_pause: float | None = None
        try:
            headers = await self._headers(delivery)
            async with asyncio.timeout(TRY_SECONDS):
                answer = await self._http.post(delivery.url, content=delivery.body, headers=headers)
            status = answer.status_code
            if answer.is_success:
                await repository.delivered(self._database, delivery.id, status)
                return
            error = f"the receiver answered {status}"
            wanted_pause = retry_after({name.lower(): value for name, value in answer.headers.items()})
        except TimeoutError:
            error = f"no whole answer in {TRY_SECONDS:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL, ConfigurationError) as fault:
            error = str(fault) or type(fault).__name__
        again_in = _pause(delivery.attempts, wanted_pause) if status != GONE else None
        await repository.missed(self._database, delivery.id, status, error, again_in)
        log.info(
            "webhook not delivered", host=urlsplit(delivery.url).hostname, attempt=delivery.attempts, reason=error,
            again_in=again_in,
        )  # fmt: skip

    async def _headers(self, delivery: Delivery) -> dict[str, str]:
        message, moment = str(delivery.id), self._clock.now().astimezone(UTC).replace(microsecond=0)
        text = delivery.body.decode()
        signatures = [
            Webhook(secret).sign(message, moment, text)
            for secret in await self._secrets(delivery.organisation_id)
        ]
        return {
            "Content-Type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(int(datetime.timestamp(moment))),
            "webhook-signature": " ".join(signatures),
        }

    async def _secrets(self, organisation_id: UUID) -> list[bytes]:
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


def _shown(secret: bytes) -> str:
    return "whsec_" + base64.b64encode(secret).decode()


def _pause(attempts: int, wanted: float | None) -> float | None:
    """Seconds until the next try after this many; None when there is none."""
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, no secret
    return max(pause, wanted) if wanted is not None and wanted <= LONGEST_PAUSE else pause
