"""Organisations are made once, however many ask at the same time."""

from __future__ import annotations

import asyncio

from leadline.accounts.service import default_organisation, organisation
from leadline.foundation.database import Database


async def test_default_organisation_is_made_once(database: Database) -> None:
    found = await asyncio.gather(*(default_organisation(database) for _ in range(10)))
    assert len(set(found)) == 1
    assert await database.fetchval("select name from organisations") == "default"


async def test_each_name_is_its_own_organisation(database: Database) -> None:
    assert await organisation(database, "a") != await organisation(database, "b")
