"""Finding an address on the wire (contract section 27); snake case, unlike every other body."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.wire.fields import shown


class FindEmailRequest(Struct, kw_only=True):
    example: ClassVar[dict[str, Any]] = {"full_name": "Jane Doe", "domain": "acme.com"}

    full_name: Annotated[str, Meta(min_length=1, max_length=200, description="2 to 4 words.")]
    domain: Annotated[str, shown("The company's domain; no address of a page or mailbox.")]


class Verification(Struct):
    """``deliverable`` only where the mail server has accepted this very address and refuses invented ones."""

    state: Literal["deliverable", "risky"]
    score: Annotated[int, Meta(ge=0, le=100)]
    accept_all: Annotated[bool, Meta(description="The domain accepts any address.")]


class EmailEvidence(Struct, omit_defaults=True):
    """What the address rests on."""

    kind: Annotated[
        Literal["published", "pattern"], Meta(description="It stands on a page, or was made by a pattern.")
    ]
    pattern: str | UnsetType = UNSET
    seen: Annotated[int, Meta(description="Published addresses that show the pattern.")] | UnsetType = UNSET
    verified: Annotated[int, Meta(description="Addresses of it that were accepted.")] | UnsetType = UNSET
    url: Annotated[str, Meta(extra_json_schema={"format": "uri"})] | UnsetType = UNSET
    snapshot_id: str | UnsetType = UNSET


class FindEmailResponse(Struct, omit_defaults=True):
    """Both null when nothing is known."""

    email: Annotated[str, Meta(extra_json_schema={"format": "email"})] | None
    verification: Verification | None
    evidence: EmailEvidence | UnsetType = UNSET
    note: Annotated[str, Meta(description="Why there is none.")] | UnsetType = UNSET
    could_not_look: (
        Annotated[list[str], Meta(description="What was to be looked at and could not be.")] | UnsetType
    ) = UNSET
