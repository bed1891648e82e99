"""Labels as they come in and go out: ours, beside the contract."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.wire.fields import Id, Time
from leadline.wire.pages import ItemsPage, Offset, PageSize100

MAX_NOTE = 1000

Verdict = Literal["right", "wrong"]
Note = Annotated[str, Meta(max_length=MAX_NOTE)]
Confidence = Annotated[float, Meta(ge=0, le=1)]
Least = Annotated[float, Meta(gt=0, le=1, description="The least confidence with which an answer is given.")]


class LabelRequest(Struct, rename="camel", kw_only=True):
    """What is said of the answer of a signal. A later label takes the place of the one before."""

    example: ClassVar[dict[str, Any]] = {
        "verdict": "wrong",
        "expected": True,
        "note": "Their trust page says so.",
    }

    verdict: Verdict
    expected: Annotated[Any, Meta(description="The right value, if it is known.")] = UNSET
    note: Note | UnsetType = UNSET


class Label(Struct, rename="camel", kw_only=True, frozen=True):
    """A label with the answer that it judges."""

    signal_id: str
    verdict: Verdict
    expected: Any = None
    note: str | None = None
    domain: str | None = None
    contact_profile_url: str | None = None
    question: str
    answer: Any = None
    reader: str
    confidence: Annotated[
        Confidence | None,
        Meta(description="As the reader stated it, before labels; null where no answer was found."),
    ] = None
    labelled_at: Time
    previous_verdict: Annotated[
        Verdict | UnsetType,
        Meta(description="Of the label whose place this one took; left out where there was none."),
    ] = UNSET


class LabelsResponse(ItemsPage[Label]):
    """One page of labels."""


class LabelPath(Struct, rename="camel"):
    signal_id: Id


class LabelsQuery(Struct, rename="camel", kw_only=True):
    verdict: Verdict | UnsetType = UNSET
    limit: PageSize100 = 25
    offset: Offset = 0


class ThresholdView(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Answers that are less sure are held back: stored, and shown as null."""

    template_id: (
        Annotated[str, Meta(description="Left out: of all signals that have no other.")] | UnsetType
    ) = UNSET
    least: Least


class ThresholdsResponse(Struct):
    thresholds: list[ThresholdView]


class ThresholdRequest(Struct, rename="camel", kw_only=True):
    """Holds for signals that are finished from now on."""

    example: ClassVar[dict[str, Any]] = {"least": 0.8}

    template_id: (
        Annotated[UUID, Meta(description="Left out: of all signals that have no other.")] | UnsetType
    ) = UNSET
    least: Annotated[Least | None, Meta(description="null takes it back.")]
