"""Templates over HTTP (contract section 11)."""

from __future__ import annotations

from typing import Protocol

from leadline.foundation.database import Database
from leadline.templates import service
from leadline.templates.schemas import (
    CreateSignalTemplateRequest,
    LintQuestionRequest,
    LintQuestionResponse,
    ListTemplatesQuery,
    SignalTemplate,
    SignalTemplatesResponse,
    TemplatePath,
    UpdateSignalTemplateRequest,
)
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations

ALL = "/v1/companies/signals/templates"
ONE = ALL + "/{templateId}"


class Needs(Protocol):
    @property
    def database(self) -> Database: ...


class ListCall(Call):
    query: ListTemplatesQuery


class CreateCall(Call):
    body: CreateSignalTemplateRequest


class OneCall(Call):
    path: TemplatePath


class LintCall(Call):
    body: LintQuestionRequest


class UpdateCall(OneCall):
    body: UpdateSignalTemplateRequest


operations = Operations[Needs]("Signal Templates")


@operations.get(
    ALL,
    id="listSignalTemplates",
    summary="List templates, newest version of each",
    answers={200: Answer("Templates.", SignalTemplatesResponse)},
)
async def list_templates(needs: Needs, call: ListCall) -> SignalTemplatesResponse:
    query = call.query
    items, total = await service.page(
        needs.database.repeatable,
        call.caller.organisation_id,
        query.limit,
        query.offset,
        include_deleted=query.include_deleted,
    )
    return SignalTemplatesResponse.of(items, total, query.limit, query.offset)


@operations.post(
    ALL,
    id="createSignalTemplate",
    summary="Create a template",
    answers={201: Answer("Version 1.", SignalTemplate)},
    errors=(400,),
)
async def create_template(needs: Needs, call: CreateCall) -> SignalTemplate:
    async with needs.database.transaction() as connection:
        return await service.create(
            connection, call.caller.organisation_id, call.body, created_by=str(call.caller.key_id)
        )


@operations.get(
    ONE,
    id="getSignalTemplate",
    summary="Read a template",
    answers={200: Answer("Newest version.", SignalTemplate)},
    errors=(404,),
)
async def get_template(needs: Needs, call: OneCall) -> SignalTemplate:
    return await service.get(needs.database.repeatable, call.caller.organisation_id, call.path.template_id)


@operations.patch(
    ONE,
    id="updateSignalTemplate",
    summary="Change a template, making a new version",
    answers={200: Answer("The new version; same id.", SignalTemplate)},
    errors=(400, 404),
)
async def update_template(needs: Needs, call: UpdateCall) -> SignalTemplate:
    async with needs.database.transaction() as connection:
        return await service.update(
            connection,
            call.caller.organisation_id,
            call.path.template_id,
            call.body,
            created_by=str(call.caller.key_id),
        )


@operations.delete(
    ONE,
    id="deleteSignalTemplate",
    summary="Soft-delete a template",
    answers={204: Answer("Marked deleted.")},
    errors=(404,),
)
async def delete_template(needs: Needs, call: OneCall) -> None:
    await service.delete(needs.database.repeatable, call.caller.organisation_id, call.path.template_id)


@operations.post(
    "/v1/questions/lint",
    id="lintQuestion",
    summary="Look at a question before it is asked",
    answers={200: Answer("What to mend. Nothing is stored, and nothing is charged.", LintQuestionResponse)},
    errors=(400,),
)
async def lint_question(needs: Needs, call: LintCall) -> LintQuestionResponse:
    body = call.body
    return await service.lint(
        needs.database.repeatable, call.caller.organisation_id, body.question, body.answer_type or None
    )
