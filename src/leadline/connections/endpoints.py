"""Connectors over HTTP (contract section 19). Connections are made on the command line."""

from __future__ import annotations

from typing import Protocol

from leadline.connections.schemas import ConnectorsResponse
from leadline.connections.service import ConnectionService
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations


class Needs(Protocol):
    @property
    def connections(self) -> ConnectionService: ...


operations = Operations[Needs]("Account")


@operations.get(
    "/v1/connectors",
    id="listConnectors",
    summary="Connector states",
    answers={200: Answer("Connectors.", ConnectorsResponse)},
)
async def list_connectors(needs: Needs, call: Call) -> ConnectorsResponse:
    caller = call.caller
    return ConnectorsResponse(await needs.connections.connectors(caller.organisation_id, caller.key_id))
