"""Templates: questions that are kept. Signals keep the version they were asked by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET

from leadline.foundation.database import Connection
from leadline.foundation.errors import FieldError, InvalidInput, NotFound
from leadline.foundation.ids import new_id
from leadline.research import linting
from leadline.templates import repository
from leadline.templates.repository import Row
from leadline.templates.schemas import (
    CreateSignalTemplateRequest,
    LintQuestionResponse,
    NearTemplate,
    QuestionHint,
    SignalTemplate,
    UpdateSignalTemplateRequest,
)
from leadline.wire.fields import wire_time
from leadline.wire.questions import folded, question_faults, schema_faults

NEAR = 0.5  # likeness from which a template is named
MOST_COMPARED = 500  # of an organisation's templates, the newest first
NEVER = datetime.min.replace(tzinfo=UTC)  # until the database says when


class Kept(NamedTuple):
    """What a signal takes from a template, and from which version of it."""

    id: UUID
    version: int
    name: str
    description: str | None
    question: str
    answer_type: str
    output_schema: dict[str, Any] | None
    weight: str
    qualification_criteria: dict[str, Any] | None


async def create(
    connection: Connection, organisation_id: UUID, request: CreateSignalTemplateRequest, *, created_by: str
) -> SignalTemplate:
    """Version 1 of a new template. ``created_by``: who says so, such as a key's id. Raises InvalidInput."""
    row = Row(
        id=new_id(),
        version=1,
        organisation_id=organisation_id,
        name=folded(request.name),
        description=request.description or None,
        question=folded(request.question),
        answer_type=request.answer_type,
        output_schema=request.output_schema or None,
        weight=request.weight,
        qualification_criteria=request.qualification_criteria or None,
        created_by=created_by,
        created_at=NEVER,
    )
    return await _keep(connection, row)


async def update(
    connection: Connection,
    organisation_id: UUID,
    template_id: UUID,
    request: UpdateSignalTemplateRequest,
    *,
    created_by: str,
) -> SignalTemplate:
    """A new version, with what was sent in place of what was. Call it in a transaction.

    Raises NotFound, also for a deleted one, and InvalidInput.
    """
    changes = {name: value for name, value in msgspec.structs.asdict(request).items() if value is not UNSET}
    if not changes:
        raise InvalidInput(("body", "says nothing to change; send at least one member"))
    before = await repository.newest(connection, organisation_id, template_id, locked=True)
    if before is None or before.deleted_at is not None:
        raise _not_found()
    for name in ("name", "question"):
        if name in changes:
            changes[name] = folded(changes[name])
    if changes.get("answer_type", before.answer_type) != "json_schema":
        changes.setdefault("output_schema", None)  # it belonged to the type that was
    after = msgspec.structs.replace(before, version=before.version + 1, created_by=created_by, **changes)
    return await _keep(connection, after)


async def get(connection: Connection, organisation_id: UUID, template_id: UUID) -> SignalTemplate:
    """The newest version, also of a deleted one. Raises NotFound."""
    row = await repository.newest(connection, organisation_id, template_id)
    if row is None:
        raise _not_found()
    return _shown(row)


async def page(
    connection: Connection, organisation_id: UUID, limit: int, offset: int, *, include_deleted: bool
) -> tuple[list[SignalTemplate], int]:
    """The newest versions, and how many there are in all."""
    rows, total = await repository.page(connection, organisation_id, limit, offset, deleted=include_deleted)
    return [_shown(row) for row in rows], total


async def delete(connection: Connection, organisation_id: UUID, template_id: UUID) -> None:
    """Nothing new can be made of it; what was made of it stays. Raises NotFound."""
    if not await repository.delete(connection, organisation_id, template_id):
        raise _not_found()


async def kept(connection: Connection, organisation_id: UUID, template_id: UUID) -> Kept:
    """What a new signal takes from the template. Raises NotFound, also for a deleted one."""
    row = await repository.newest(connection, organisation_id, template_id)
    if row is None or row.deleted_at is not None:
        raise _not_found()
    return Kept(*(getattr(row, name) for name in Kept._fields))


async def lint(
    connection: Connection, organisation_id: UUID, question: str, answer_type: str | None
) -> LintQuestionResponse:
    """Look at a question before it is asked; templates of the organisation that ask nearly the same are named."""
    text = folded(question)
    if wrong := question_faults(text):
        raise InvalidInput(*wrong)
    seen = linting.lint(text, answer_type)
    rows, _ = await repository.page(connection, organisation_id, MOST_COMPARED, 0, deleted=False)
    near = sorted(
        ((round(linting.likeness(text, row.question), 2), row) for row in rows), key=lambda one: -one[0]
    )
    return LintQuestionResponse(
        hints=[QuestionHint(hint.fault.value, hint.message, hint.probability) for hint in seen.hints],
        answer_type=seen.answer_type,
        profile_field=seen.field,
        templates=[
            NearTemplate(row.id, row.name, row.question, likeness)
            for likeness, row in near[:3]
            if likeness >= NEAR
        ],
    )


async def _keep(connection: Connection, row: Row) -> SignalTemplate:
    wrong: list[FieldError] = []
    if not row.name:
        wrong.append(FieldError("name", "must be text, not empty"))
    if not row.question:
        wrong.append(FieldError("question", "must be text, not empty"))
    wrong += question_faults(row.question)
    wrong += [FieldError("name", why) for _, why in question_faults(row.name)]
    wrong += [FieldError("description", why) for _, why in question_faults(folded(row.description or ""))]
    wrong += schema_faults(row.answer_type, row.output_schema)
    if wrong:
        raise InvalidInput(*wrong)
    created_at = await repository.add(connection, row)
    return _shown(msgspec.structs.replace(row, created_at=created_at))


def _shown(row: Row) -> SignalTemplate:
    return SignalTemplate(
        id=row.id,
        template_id=row.id,
        version=row.version,
        organization_id=str(row.organisation_id),
        name=row.name,
        description=row.description,
        question=row.question,
        answer_type=row.answer_type,
        output_schema=row.output_schema,
        weight=row.weight,  # type: ignore[arg-type]
        qualification_criteria=row.qualification_criteria,
        created_by_user_id=row.created_by,
        created_at=wire_time(row.created_at),
        deleted_at=wire_time(row.deleted_at) if row.deleted_at is not None else None,
        source="api",
    )


def _not_found() -> NotFound:
    return NotFound("Signal template not found or access denied")
