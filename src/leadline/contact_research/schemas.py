"""Contact research on the wire (contract section 15; the shape of ``result`` is ours)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.wire.fields import DOMAIN_PATTERN, Time, WebhookUrl, must

REFUSED = "Invalid request body"
MISSING = "Query parameters externalId and externalSource are required"
Uri = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
ProfileUrl = Annotated[str, Meta(max_length=500, extra_json_schema={"format": "uri"})]
Status = Literal["processing", "completed", "failed"]


class CreateContactResearchRequest(Struct, rename="camel", kw_only=True):
    refusal: ClassVar[str] = REFUSED
    example: ClassVar[dict[str, Any]] = {
        "firstName": "John",
        "lastName": "Doe",
        "companyName": "Acme Corp",
        "companyDomain": "acme.com",
        "jobTitle": "VP of Sales",
    }

    first_name: Annotated[str, Meta(min_length=1, max_length=100)]
    last_name: Annotated[str, Meta(min_length=1, max_length=100)]
    company_name: Annotated[str, Meta(min_length=1, max_length=200)]
    company_domain: Annotated[
        str, must("must be a valid hostname", pattern=DOMAIN_PATTERN, min_length=1, max_length=253)
    ]
    contact_profile_url: ProfileUrl | UnsetType = UNSET
    linked_in_sales_navigator_url: ProfileUrl | UnsetType = UNSET
    job_title: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    webhook_url: WebhookUrl | UnsetType = UNSET
    external_id: (
        Annotated[str, Meta(min_length=1, max_length=100, description="Its id in another system.")]
        | UnsetType
    ) = UNSET
    external_source: (
        Annotated[str, Meta(min_length=1, max_length=50, description="That system; goes with externalId.")]
        | UnsetType
    ) = UNSET


class ExternalQuery(Struct, rename="camel", kw_only=True):
    refusal: ClassVar[str] = MISSING

    external_id: Annotated[str, Meta(min_length=1, max_length=100, description="Id in the other system.")]
    external_source: Annotated[
        str, Meta(min_length=1, max_length=50, description="Name of the other system.")
    ]


class ResearchPath(Struct):
    id: Annotated[str, Meta(description="Like cr_abc123def456.")]


class ContactResearchCreated(Struct, rename="camel", kw_only=True):
    id: Annotated[str, Meta(examples=["cr_abc123def456"])]
    status: Status
    created_at: Time


# ------------------------------------------------------------------ the report


class ReportProof(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Where the quote stands: the snapshot, its hashes, the walk that made its text, and two offsets."""

    snapshot_id: str
    body_sha256: str
    text_sha256: str
    walk: str
    start: int
    end: int
    script: Annotated[int, Meta(description="Of structured data: which script.")] | UnsetType = UNSET


class ReportStatement(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """One thing that is stated, in the words of its source."""

    number: Annotated[int, Meta(description="By which openers refer to it.")]
    quote: str
    url: Uri
    title: str
    basis: Annotated[
        str,
        Meta(
            examples=["page"],
            description="page, directory, or jobPost: the company's description of a position with this title, not of "
            "the person.",
        ),
    ]
    proof: ReportProof
    date: str | UnsetType = UNSET
    kind: Annotated[str, Meta(description="Of a contact point: email, phone or profile.")] | UnsetType = UNSET
    value: Annotated[str, Meta(description="Of a contact point: the address or number.")] | UnsetType = UNSET


class ReportSection(Struct, omit_defaults=True):
    statements: list[ReportStatement]
    note: Annotated[str, Meta(description="Why there is nothing.")] | UnsetType = UNSET


class ReportOpener(Struct, rename="camel"):
    text: str
    rests_on: Annotated[list[int], Meta(description="Numbers of statements.")]


class ReportRejected(Struct):
    """Words with the person's name that were not taken."""

    quote: str
    url: Uri
    why: str


class ReportUnread(Struct):
    url: Annotated[str, Meta(description="An address, or the name of a directory.")]
    reason: str


class ContactReport(Struct, rename="camel", kw_only=True):
    current_role: ReportSection
    career: ReportSection
    team: ReportSection
    likely_responsibilities: ReportSection
    public_statements: ReportSection
    recent_activity: ReportSection
    contact_points: ReportSection
    openers: list[ReportOpener]
    openers_by: Annotated[str, Meta(description="rules, or the model that phrased them.")]
    rejected: Annotated[list[ReportRejected], Meta(description="A few, with the reason.")]
    could_not_read: list[ReportUnread]
    pages_read: int
    pages_naming: Annotated[int, Meta(description="Of these, pages that hold the person's name.")]


class ContactResearch(Struct, rename="camel", kw_only=True, omit_defaults=True):
    id: Annotated[str, Meta(examples=["cr_abc123def456"])]
    status: Status
    first_name: str
    last_name: str
    company_name: str
    company_domain: str
    created_at: Time
    contact_profile_url: Uri | UnsetType | None = UNSET
    linked_in_sales_navigator_url: Uri | UnsetType | None = UNSET
    job_title: str | UnsetType | None = UNSET
    external_id: str | UnsetType | None = UNSET
    external_source: str | UnsetType | None = UNSET
    completed_at: Time | UnsetType | None = UNSET
    result: ContactReport | UnsetType | None = UNSET
    error: str | UnsetType | None = UNSET
    error_code: str | UnsetType = UNSET
    error_action: Annotated[str, Meta(description="What to do about it.")] | UnsetType = UNSET
