"""Connector states over HTTP (contract section 19)."""

from __future__ import annotations

import pytest
from tests.api.service import Account, Api
from tests.simulators.unipile import UnipileSimulator

from leadline.connections.schemas import NewConnection

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/connectors"


async def status(account: Account) -> str:
    answer = await account.get(PATH)
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["connectors"]  # hubspotApp is left out while it is not connected
    assert one["source"] == "salesNavigator"
    found: str = one["status"]
    return found


async def test_status_is_that_of_the_account_which_the_key_uses(api: Api, acme: Account) -> None:
    assert await status(acme) == "disconnected"
    async with UnipileSimulator() as unipile:
        connections = api.leadline.connections
        new = NewConnection("unipile", unipile.account, "https://unipile.example.com", unipile.token)
        made = await connections.add(acme.organisation_id, new)
    assert await status(acme) == "ready-to-connect"
    assert await status(await api.account()) == "disconnected"  # another organisation's
    await connections.remove(acme.organisation_id, made.id)
    assert await status(acme) == "disconnected"
