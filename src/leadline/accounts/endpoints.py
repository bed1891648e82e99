"""The account over HTTP: the organisation and its connectors (contract sections 19 and 26)."""

from __future__ import annotations

from typing import Protocol

from leadline.accounts import service
from leadline.accounts.schemas import (
    Connector,
    ConnectorsResponse,
    Organisation,
    UpdateOrganisationRequest,
)
from leadline.foundation.database import Database
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations

# Nobody can link a Sales Navigator account yet; the contract has it listed all the same.
_CONNECTORS = ConnectorsResponse([Connector("salesNavigator", "disconnected")])


class Needs(Protocol):
    @property
    def database(self) -> Database: ...


class UpdateCall(Call):
    body: UpdateOrganisationRequest


operations = Operations[Needs]("Account")


@operations.get(
    "/v1/organisation",
    id="getOrganisation",
    summary="Organisation profile",
    answers={200: Answer("Profile.", Organisation)},
)
async def get_organisation(needs: Needs, call: Call) -> Organisation:
    return await service.profile(needs.database.repeatable, call.caller.organisation_id)


@operations.put(
    "/v1/organisation",
    id="updateOrganisation",
    summary="Change the organisation profile",
    answers={200: Answer("Profile.", Organisation)},
    errors=(400,),
)
async def update_organisation(needs: Needs, call: UpdateCall) -> Organisation:
    return await service.update_profile(needs.database.repeatable, call.caller.organisation_id, call.body)


@operations.get(
    "/v1/connectors",
    id="listConnectors",
    summary="Connector states",
    answers={200: Answer("Connectors.", ConnectorsResponse)},
)
async def list_connectors(needs: Needs, call: Call) -> ConnectorsResponse:
    return _CONNECTORS
