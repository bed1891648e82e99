"""How sure an answer is, by what its organisation has labelled, and whether that suffices to give it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection
from leadline.research.model import UNCALIBRATED, Nearest, Outcome
from leadline.signals import repository as signals
from leadline.signals.people import pattern_of as pattern_of
from leadline.signals.schemas import HeldBack
from leadline.signals.trust_repository import Rules as Rules
from leadline.signals.trust_repository import Threshold as Threshold
from leadline.signals.trust_repository import drop_curves as drop_curves
from leadline.signals.trust_repository import rules as rules
from leadline.signals.trust_repository import set_curve as set_curve
from leadline.signals.trust_repository import set_threshold as set_threshold
from leadline.signals.trust_repository import thresholds as thresholds

RAW = "rawConfidence"
"""Member of a signal's metadata: what the reader stated, where a curve made another figure of it."""
RAW_BASIS = "rawConfidenceBasis"


class Weighed(NamedTuple):
    """``facts``: members of the signal's metadata. ``held_back``: the answer that the outcome does not give."""

    outcome: Outcome
    facts: dict[str, Any]
    held_back: HeldBack | None = None


def weigh(rules: Rules, outcome: Outcome) -> Weighed:
    """The outcome with the confidence of the organisation's curve, or without its answer.

    ``outcome`` states the reader's own figure, which is ``calibrated`` where it says what it was measured on.
    """
    raw = outcome.confidence
    if outcome.failed or outcome.answer is None or raw is None:
        return Weighed(outcome, {})
    facts: dict[str, Any] = {"calibrated": measured(outcome.confidence_basis)}
    if rules.curve is not None:
        curve = rules.curve
        facts = {"calibrated": True, RAW: raw, RAW_BASIS: outcome.confidence_basis}
        outcome = msgspec.structs.replace(
            outcome,
            confidence=round(curve.at(raw), 2),
            confidence_basis=f"{curve.count} answers of this reader that you labelled, {curve.right} of them right",
        )
    confidence = outcome.confidence or 0.0
    if rules.least is None or confidence >= rules.least:
        return Weighed(outcome, facts)
    held = HeldBack(outcome.answer, confidence, rules.least, outcome.sources)
    shown = msgspec.structs.replace(
        outcome,
        answer=None,
        confidence=None,
        confidence_basis="",
        reasoning=f"An answer was found and is held back: its confidence of {confidence:.2f} is below the "
        f"threshold of {rules.least:g}.",
        sources=(),
        nearest=tuple(Nearest(url=s.url, title=s.title, snippet=s.snippet) for s in outcome.sources),
    )
    return Weighed(shown, facts | {"heldBack": {"confidence": confidence, "threshold": rules.least}}, held)


def stated(confidence: float | None, basis: str | None, metadata: dict[str, Any]) -> tuple[float | None, str]:
    """What the reader itself stated of a stored answer, and on what it rests."""
    if RAW in metadata:
        return metadata[RAW], metadata.get(RAW_BASIS, "")
    return confidence, basis or ""


def measured(basis: str) -> bool:
    """Whether the reader's own figure was measured on a labelled set."""
    return basis not in ("", UNCALIBRATED)


class Labelled(NamedTuple):
    """An answer as users judge it, also one that is held back. ``confidence``: the reader's own; None without an answer."""

    signal_id: UUID
    status: str
    company_id: UUID | None
    domain: str | None
    contact_profile_url: str | None
    question: str
    answer: Any
    reader: str
    confidence: float | None


async def labelled(
    connection: Connection, organisation_id: UUID, signal_ids: Sequence[UUID]
) -> dict[UUID, Labelled]:
    """Those of the signals that the organisation has."""
    found = {}
    for row in await signals.some(connection, organisation_id, signal_ids):
        signal, held = row.signal, row.held_back
        given = held if held is not None else signal
        confidence, _ = stated(given.confidence, "", signal.metadata)
        found[UUID(signal.id)] = Labelled(
            UUID(signal.id),
            signal.status,
            row.company_id,
            signal.domain or None,
            signal.contact_profile_url,
            signal.question,
            given.answer,
            row.reader,
            confidence if given.answer is not None else None,
        )
    return found
