"""Delivering: what a worker does for a webhook's call."""

from __future__ import annotations

import asyncio
import contextlib
import random
from datetime import datetime
from urllib.parse import urlsplit

import httpx2
import msgspec
from standardwebhooks.webhooks import Webhook

from leadline.events import service as events
from leadline.events.schemas import Event
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import ConfigurationError
from leadline.foundation.http import Fault, fault_of, retry_after
from leadline.foundation.log import get_logger
from leadline.webhooks import repository
from leadline.webhooks.schemas import Delivery
from leadline.webhooks.service import WEBHOOK, WebhookService, lane
from leadline.work.service import Again, Done, GivenUp, Kind, WorkItem

log = get_logger(__name__)

TRY_SECONDS = 10.0  # for one call, from connecting to the status of the answer
LONGEST_RUN = 60.0  # seconds for all around a call, too; beyond that it hangs
# Seconds after the first, second, ... failed try; then it is given up, about three days after the first.
PAUSES = (5.0, 60.0, 600.0, 3600.0, 3 * 3600.0, 6 * 3600.0, 12 * 3600.0, 24 * 3600.0, 24 * 3600.0)
LONGEST_PAUSE = 24 * 3600.0  # seconds; a Retry-After of so much is not waited for: absurd ones are cut to it
PER_RECEIVER = 6  # calls of one receiver at once, over all workers
PROBE_SECONDS = 0.3  # that calls wait for the first one of a receiver that is not known to answer
PUT_OFF = (5.0, 15.0)  # seconds, from and to; for calls of a receiver that does not answer the first
SHARE = 10.0  # calls at once, in parts of a worker's concurrency: they mostly wait
GIVEN_UP = "webhook.given_up"  # the event
GONE = 410  # the receiver asks never to be called again


class _Refused(Exception):
    """The receiver's address may not be called; the message is for its owner."""


class Receivers:
    """Which receivers answer, as this process has seen it.

    A receiver that is not known to answer is called once at a time; its other calls wait a moment for that one, and are
    put off when it does not end well. So many receivers that hang cannot take all places of a worker.
    """

    def __init__(self) -> None:
        self._answering: set[str] = set()
        self._probes: dict[str, asyncio.Future[bool]] = {}

    async def may_be_called(self, receiver: str) -> bool:
        """Whether to call it now; False to come back later. Every True is followed by ``ended``."""
        probe = self._probes.get(receiver)
        if receiver in self._answering:
            return True
        if probe is None:
            self._probes[receiver] = asyncio.get_running_loop().create_future()
            return True
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(probe), PROBE_SECONDS)
        return False

    def ended(self, receiver: str, *, answered: bool) -> None:
        """A call of it ended; ``answered``, with whatever status."""
        if answered:
            self._answering.add(receiver)
        else:
            self._answering.discard(receiver)
        probe = self._probes.pop(receiver, None)
        if probe is not None and not probe.done():
            probe.set_result(answered)


class Delivering:
    """Makes calls: the kind of work ``webhook``. ``http`` is a guarded client that does not follow redirects."""

    def __init__(self, database: Database, http: httpx2.AsyncClient, webhooks: WebhookService) -> None:
        self._database = database.repeatable
        self._http = http
        self._webhooks = webhooks
        self._receivers = Receivers()

    def kind(self) -> Kind:
        """Calls as work; their lane is the receiver."""
        return Kind(WEBHOOK, self.run, self.gave_up, share=SHARE, lane_cap=PER_RECEIVER, longest=LONGEST_RUN)

    async def run(self, item: WorkItem) -> Done | Again:
        """Make one try."""
        delivery = await repository.pending(self._database, item.id)
        event = await events.get(self._database, delivery.event_id) if delivery is not None else None
        if delivery is None:
            return Done(_nothing)
        if event is None:
            return self._given_up(delivery, None, None, "what happened is no longer on record")
        try:
            headers = await self._headers(delivery, event)
        except ConfigurationError as fault:
            return self._missed(delivery, event, None, str(fault))
        receiver = lane(delivery.url)
        if not await self._receivers.may_be_called(receiver):
            return Again(random.uniform(*PUT_OFF), _nothing)  # noqa: S311 - spreads calls, no secret
        answered = False
        try:
            status, error, asked_pause = await self._call(delivery, event, headers)
            answered = status is not None
        except _Refused as refused:
            return self._given_up(delivery, event, None, str(refused))
        finally:
            self._receivers.ended(receiver, answered=answered)
        if not error:
            return Done(lambda connection: repository.delivered(connection, delivery.id, status or 0))
        return self._missed(delivery, event, status, error, asked_pause)

    def _missed(
        self,
        delivery: Delivery,
        event: Event,
        status: int | None,
        error: str,
        asked_pause: float | None = None,
    ) -> Done | Again:
        """Call again later, or give up."""
        again_in = _pause(delivery.attempts + 1, asked_pause) if status != GONE else None
        if again_in is None:
            return self._given_up(delivery, event, status, error)
        self._log(delivery, error, again_in)
        return Again(
            again_in,
            lambda connection: repository.missed(connection, delivery.id, status, error, again_in),
        )

    async def _call(
        self, delivery: Delivery, event: Event, headers: dict[str, str]
    ) -> tuple[int | None, str, float | None]:
        """The status if there was an answer, what was wrong if anything, and the pause that was asked for.

        Raises _Refused for an address that may not be called.
        """
        status: int | None = None
        asked_pause: float | None = None
        try:
            async with (
                asyncio.timeout(TRY_SECONDS),
                # The status tells; what else a receiver answers, however long, is not waited for.
                self._http.stream("POST", delivery.url, content=event.body, headers=headers) as answer,
            ):
                status = answer.status_code
                if answer.is_success:
                    return status, "", None
                error = f"the receiver answered {status}"
                asked_pause = retry_after({name.lower(): value for name, value in answer.headers.items()})
        except TimeoutError:
            error = f"no answer in {TRY_SECONDS:g} s"
        except httpx2.TransportError as fault:
            error = str(fault) or type(fault).__name__
            if fault_of(fault)[0] is Fault.ADDRESS_REFUSED:
                raise _Refused(f"{error}; LEADLINE_ALLOW_NETWORKS permits others") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as fault:
            error = str(fault) or type(fault).__name__
        return status, error, asked_pause

    async def gave_up(self, connection: Connection, item: WorkItem, why: GivenUp) -> None:
        """The call has failed, visibly; it can be made again by hand."""
        await repository.missed(connection, item.id, None, why.detail or f"given up: {why.reason}", None)

    def _given_up(self, delivery: Delivery, event: Event | None, status: int | None, error: str) -> Done:
        """The receiver is reported as an event, for who reads those; one that answered 410 is called no more."""
        self._log(delivery, error, None)

        async def close(connection: Connection) -> None:
            await repository.missed(connection, delivery.id, status, error, None)
            if status == GONE:
                await repository.is_gone(connection, delivery.reference, delivery.url)
            report = {
                "deliveryId": str(delivery.id),
                "url": delivery.url,
                "sequence": event.sequence if event is not None else None,
                "error": error,
                "disabled": status == GONE,
            }
            body = msgspec.json.encode(report)
            await events.record(connection, delivery.organisation_id, GIVEN_UP, delivery.id, body)

        return Done(close)

    def _log(self, delivery: Delivery, error: str, again_in: float | None) -> None:
        log.info(
            "webhook not delivered", host=urlsplit(delivery.url).hostname, attempt=delivery.attempts + 1, reason=error,
            again_in=again_in,
        )  # fmt: skip

    async def _headers(self, delivery: Delivery, event: Event) -> dict[str, str]:
        message, text = str(delivery.id), event.body.decode()
        unsigned = {
            "Content-Type": "application/json",
            "webhook-id": message,
            "leadline-event": event.type,
            "leadline-sequence": str(event.sequence),
        }
        if not delivery.signed:
            return unsigned
        # The database's clock: a worker's own may be a day off, and receivers refuse old and future calls.
        moment: datetime = await self._database.fetchval("select date_trunc('second', now())")
        signatures = [
            Webhook(secret).sign(message, moment, text)
            for secret in await self._webhooks.secrets(delivery.organisation_id)
        ]
        return unsigned | {
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def _pause(attempts: int, asked: float | None) -> float | None:
    """Seconds until the next try after this many; None when there is none."""
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, no secret
    return max(pause, asked) if asked is not None and asked < LONGEST_PAUSE else pause


async def _nothing(_: Connection) -> None:
    """Nothing is left to write."""
