"""Companies over HTTP. The profile is Leadline's own; the contract has no such operation."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from leadline.companies import service
from leadline.companies.schemas import ProfilePath, ProfileResponse
from leadline.foundation.database import Database
from leadline.foundation.errors import NotFound
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations


class Needs(Protocol):
    @property
    def database(self) -> Database: ...
    @property
    def reserved_hosts(self) -> Collection[str]: ...


class ProfileCall(Call):
    path: ProfilePath


operations = Operations[Needs]("Companies")


@operations.get(
    "/v1/companies/{domain}/profile",
    id="getCompanyProfile",
    summary="Get the profile of a company with its quotes",
    answers={200: Answer("What the company's own pages tell, as far as they were read.", ProfileResponse)},
    errors=(400, 404),
)
async def get_profile(needs: Needs, call: ProfileCall) -> ProfileResponse:
    company = service.parse(call.path.domain, reserved_hosts=needs.reserved_hosts)
    known = await service.stored(needs.database.repeatable, company.host)
    if known is None:
        raise NotFound("No profile of this company: its site is read with the first question about it.")
    return service.response(company, known)
