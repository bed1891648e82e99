"""What signals hold of a person, for export and erasure (Regulation (EU) 2016/679, articles 15 and 17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from leadline.credits.service import Ledger
from leadline.events import service as events
from leadline.evidence import service as evidence
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Connection
from leadline.models import service as models
from leadline.research.people import Profile
from leadline.signals import repository, views
from leadline.signals.contacts import address_of
from leadline.work import service as work

ERASED = b'{"erased":true}'  # what is left of an event


class AskedPeople:
    """The signals about a person, and those whose answer names the person."""

    name = "signals"

    def __init__(self, library: StoredLibrary, ledger: Ledger) -> None:
        self._library = library
        self._ledger = ledger

    async def export(
        self, connection: Connection, organisation_id: UUID, person_id: UUID, person: Profile
    ) -> list[Any]:
        """The signals, as the API shows them."""
        found = []
        for signal_id, _ in await repository.of_person(connection, organisation_id, _addresses(person)):
            view = await views.read(connection, organisation_id, signal_id)
            assert view is not None
            found.append(msgspec.json.decode(view.body))
        return found

    async def erase(
        self, connection: Connection, organisation_id: UUID, person_id: UUID, person: Profile
    ) -> int:
        """Delete the signals with their traces, paid replies and the directories' entries; returns how many.

        Events keep their numbers and lose their words. The ledger keeps what was paid; what was set aside for
        signals that run is given back.
        """
        addresses = _addresses(person)
        found = await repository.of_person(connection, organisation_id, addresses)
        ids = [signal_id for signal_id, _ in found]
        if not ids:
            return 0
        snapshots = await repository.read_for(connection, ids)
        await work.drop(connection, ids)
        running = [signal_id for signal_id, runs in found if runs]
        if running:
            await self._ledger.release(connection, organisation_id, running)
        await repository.forget(connection, ids)
        await models.forget(connection, ids)
        await events.overwrite(connection, organisation_id, ids, ERASED)
        self._library.forget(await evidence.erase_entries(connection, ids, snapshots, addresses))
        return len(ids)


def _addresses(person: Profile) -> Sequence[str]:
    known = (person.profile_url, person.sales_navigator_url, address_of(person))
    return tuple(dict.fromkeys(one for one in known if one))


__all__ = ["AskedPeople"]
