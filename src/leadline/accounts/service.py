"""Organisations: whose signals, keys and credits are whose."""

from __future__ import annotations

from uuid import UUID

from leadline.accounts import repository
from leadline.foundation.database import Connection

DEFAULT_ORGANISATION = "default"


async def default_organisation(database: Connection) -> UUID:
    """The organisation that commands without a key work for; made when it is first needed."""
    return await organisation(database, DEFAULT_ORGANISATION)


async def organisation(database: Connection, name: str) -> UUID:
    """The organisation of that name; made when there is none."""
    while True:
        found = await repository.organisation_by_name(database, name)
        found = found or await repository.add_organisation(database, name)
        if found is not None:
            return found
        # Somebody made it in this moment: look again.
