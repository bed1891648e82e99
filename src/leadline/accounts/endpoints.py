"""The account over HTTP: the organisation (contract section 26)."""

from __future__ import annotations

from typing import Protocol

from leadline.accounts import service
from leadline.accounts.schemas import Organisation, UpdateOrganisationRequest
from leadline.foundation.database import Database
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations


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
