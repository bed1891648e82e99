"""Templates as they come in and go out (contract section 11)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.wire.fields import Time
from leadline.wire.pages import ItemsPage, Offset, PageSize100
from leadline.wire.questions import MAX_QUESTION, AnswerTypeName, RepeatedAnswerTypeName, Weight

MAX_NAME = 200
MAX_DESCRIPTION = 1000

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Description = Annotated[str, Meta(max_length=MAX_DESCRIPTION, extra={"blank": True})]
Asked = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_QUESTION,
        extra={"must": f"must be text, not empty, of at most {MAX_QUESTION} characters"},
    ),
]
Schema = Annotated[
    dict[str, Any],
    Meta(description="JSON Schema of the wanted object; needed when answerType is json_schema."),
]
Criteria = Annotated[dict[str, Any], Meta(description="Maps answer values to a qualification.")]
Importance = Annotated[Weight, Meta(description="How much the signal matters.")]


class SignalTemplate(Struct, rename="camel", kw_only=True):
    """The newest version of a question that is kept."""

    id: Annotated[UUID, Meta(description="Stable over versions.")]
    template_id: Annotated[UUID, Meta(description="Same value as id.")] | UnsetType = UNSET
    version: Annotated[int, Meta(ge=1, description="Starts at 1, grows with each update.")]
    organization_id: str
    name: str
    description: str | UnsetType | None = UNSET
    question: str
    answer_type: AnswerTypeName
    output_schema: dict[str, Any] | UnsetType | None = UNSET
    weight: Importance | UnsetType = UNSET
    qualification_criteria: dict[str, Any] | UnsetType | None = UNSET
    created_by_user_id: str
    created_at: Annotated[Time, Meta(description="Of this version.")]
    deleted_at: Annotated[Time, Meta(description="Set once soft-deleted.")] | UnsetType | None = UNSET
    source: Annotated[str, Meta(description="Where it was made.", examples=["api"])]


class SignalTemplatesResponse(ItemsPage[SignalTemplate]):
    """One page of templates."""


class CreateSignalTemplateRequest(Struct, rename="camel", kw_only=True):
    """A question to keep."""

    example: ClassVar[dict[str, Any]] = {
        "name": "SOC 2",
        "question": "Do they have a SOC 2 certificate?",
        "answerType": "boolean",
    }

    name: Name
    description: Description | UnsetType = UNSET
    question: Asked
    answer_type: AnswerTypeName = "open_text"
    output_schema: Schema | UnsetType = UNSET
    weight: Importance = "important"
    qualification_criteria: Criteria | UnsetType = UNSET


class UpdateSignalTemplateRequest(Struct, rename="camel", kw_only=True):
    """Only the members sent change; each call makes a new version."""

    example: ClassVar[dict[str, Any]] = {"question": "Do they have a SOC 2 Type II report?"}

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    question: Asked | UnsetType = UNSET
    answer_type: RepeatedAnswerTypeName | UnsetType = UNSET
    output_schema: Schema | UnsetType = UNSET
    weight: Importance | UnsetType = UNSET
    qualification_criteria: Criteria | UnsetType = UNSET


class ListTemplatesQuery(Struct, rename="camel", kw_only=True):
    limit: PageSize100 = 20
    offset: Offset = 0
    include_deleted: Annotated[bool, Meta(description="Show deleted ones too.")] = False


class TemplatePath(Struct, rename="camel"):
    template_id: UUID


class LintQuestionRequest(Struct, rename="camel", kw_only=True):
    """A question to look at before it is asked."""

    example: ClassVar[dict[str, Any]] = {"question": "Which plan includes SSO, and what does it cost?"}

    question: Asked
    answer_type: AnswerTypeName | UnsetType = UNSET


class QuestionHint(Struct, rename="camel"):
    """One thing to mend."""

    fault: Literal["vague", "double", "unanswerable", "untyped", "wrong_type"]
    message: str
    probability: Annotated[float, Meta(ge=0, le=1)]


class NearTemplate(Struct, rename="camel"):
    """A template that asks nearly the same."""

    id: UUID
    name: str
    question: str
    likeness: Annotated[float, Meta(ge=0, le=1, description="Of the words; 1 is the same question.")]


class LintQuestionResponse(Struct, rename="camel"):
    """What can be said of a question. A question with hints can be asked all the same."""

    hints: list[QuestionHint]
    answer_type: Annotated[str | None, Meta(description="What it asks for; null where that cannot be told.")]
    profile_field: Annotated[
        str | None, Meta(description="Field of the company profile that answers it, where there is one.")
    ]
    templates: Annotated[list[NearTemplate], Meta(description="The nearest first, three at most.")]
