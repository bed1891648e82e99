"""Contact research over HTTP (contract section 15)."""

from __future__ import annotations

from typing import Protocol

from leadline.contact_research.schemas import (
    ContactResearch,
    ContactResearchCreated,
    CreateContactResearchRequest,
    ExternalQuery,
    ResearchPath,
)
from leadline.contact_research.service import ContactResearchService
from leadline.wire.calls import Call
from leadline.wire.fields import wire_time
from leadline.wire.operations import Answer, Operations

ALL = "/v1/contacts/research"


class Needs(Protocol):
    @property
    def contact_research(self) -> ContactResearchService: ...


class CreateCall(Call):
    body: CreateContactResearchRequest


class ExternalCall(Call):
    query: ExternalQuery


class GetCall(Call):
    path: ResearchPath


operations = Operations[Needs]("Contact Research")


@operations.get(
    ALL,
    id="getContactResearchByExternalID",
    summary="Find a research job by external id",
    answers={200: Answer("The job.", ContactResearch)},
    errors=(400, 404, 422),
    flat=(400, 404, 422),
)
async def get_by_external_id(needs: Needs, call: ExternalCall) -> ContactResearch:
    query = call.query
    return await needs.contact_research.newest_of(
        call.caller.organisation_id, query.external_id, query.external_source
    )


@operations.post(
    ALL,
    id="createContactResearch",
    summary="Start a research job",
    answers={201: Answer("Queued.", ContactResearchCreated)},
    errors=(400, 402, 422),
    charge="One report's price, given back when it fails or when nothing was found and not all could be read; "
    "nothing for a joined one.",
    flat=(400, 422),
)
async def create(needs: Needs, call: CreateCall) -> ContactResearchCreated:
    caller = call.caller
    row, _ = await needs.contact_research.accept(
        caller.organisation_id, call.body, key_id=caller.key_id, spend_cap=caller.spend_cap
    )
    return ContactResearchCreated(id=row.public_id, status="processing", created_at=wire_time(row.created_at))


@operations.get(
    f"{ALL}/{{id}}",
    id="getContactResearch",
    summary="Read a research job",
    answers={200: Answer("The job.", ContactResearch)},
    errors=(404,),
    flat=(404,),
)
async def get(needs: Needs, call: GetCall) -> ContactResearch:
    return await needs.contact_research.get(call.caller.organisation_id, call.path.id)
