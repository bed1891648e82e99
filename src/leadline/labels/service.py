"""Labels: say whether an answer was right, and let what was said make confidence mean something.

A label is of the answer as it stood; the confidence kept with it is the reader's own, so that a curve fitted on
labels is never fitted on a curve.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET

from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import Conflict, NotFound
from leadline.labels import repository
from leadline.labels.repository import New, Row
from leadline.labels.schemas import Label, LabelRequest, Verdict
from leadline.research.calibration import Curve, Given, Reliability, fitted, left_out, reliability, too_few
from leadline.signals.service import trust
from leadline.templates import service as templates
from leadline.wire.fields import wire_time


class Contradiction(NamedTuple):
    """The same answer to the same question, called right and wrong."""

    question: str
    subject: str
    signal_ids: tuple[str, ...]


class Calibration(NamedTuple):
    """What the labels of one reader make of its confidence. ``refused``: why no curve was fitted, and ``after`` and
    ``curve`` are None then. ``after`` is of answers that the curve had not seen (``left_out``).
    """

    reader: str
    before: Reliability
    after: Reliability | None
    curve: Curve | None
    refused: str | None
    contradictions: tuple[Contradiction, ...]


async def label(
    connection: Connection,
    organisation_id: UUID,
    signal_id: str,
    said: LabelRequest,
    *,
    contact: bool | None = None,
) -> Label:
    """Say of the answer of a signal whether it is right. ``contact``: only of a signal about a person, or a company.

    Raises NotFound, and Conflict while it is still being answered or when it failed.
    """
    found = await _of(connection, organisation_id, signal_id, contact)
    new = New(
        found.signal_id,
        said.verdict,
        None if said.expected is UNSET else said.expected,
        None if said.note is UNSET else said.note,
        found.reader,
        found.confidence,
    )
    return _label(await repository.put(connection, organisation_id, new), found)


async def remove(
    connection: Connection, organisation_id: UUID, signal_id: str, *, contact: bool | None = None
) -> None:
    """Take a label back. Raises NotFound."""
    found = await _of(connection, organisation_id, signal_id, contact)
    if not await repository.remove(connection, organisation_id, found.signal_id):
        raise NotFound("This signal has no label")


async def page(
    connection: Connection, organisation_id: UUID, verdict: Verdict | None, limit: int, offset: int
) -> tuple[list[Label], int]:
    """The newest first, and how many there are in all."""
    rows, total = await repository.page(connection, organisation_id, verdict, limit, offset)
    answers = await trust.labelled(connection, organisation_id, [row.signal_id for row in rows])
    return [_label(row, answers[row.signal_id]) for row in rows if row.signal_id in answers], total


async def calibrate(
    database: Database, organisation_id: UUID, reader: str | None = None, *, keep: bool = True
) -> list[Calibration]:
    """Fit a curve for each reader (or this one) on the organisation's labels; with ``keep`` it holds from now on.

    Labels that contradict each other are left out. Where they suffice for no curve, what held before goes on.
    """
    async with database.transaction() as connection:
        rows = await repository.of_given(connection, organisation_id, reader)
        answers = await trust.labelled(connection, organisation_id, [row.signal_id for row in rows])
        found = []
        for name in sorted({row.reader for row in rows}):
            of_reader = [(row, answers[row.signal_id]) for row in rows if row.reader == name]
            one = _calibration(name, of_reader)
            if keep and one.curve is not None:
                await trust.set_curve(connection, organisation_id, name, one.curve)
            found.append(one)
        return found


async def forget_curves(database: Database, organisation_id: UUID, reader: str | None = None) -> list[str]:
    """The own confidence of each reader (or of this one) holds again; returns whose. Raises NotFound for one that has no curve."""
    async with database.transaction() as connection:
        dropped = await trust.drop_curves(connection, organisation_id, reader)
    if reader is not None and not dropped:
        raise NotFound(f"No labels changed the confidence of {reader!r}.")
    return dropped


async def set_threshold(
    connection: Connection, organisation_id: UUID, template_id: UUID | None, least: float | None
) -> None:
    """The least confidence with which an answer is given from now on; None takes it back.

    Raises NotFound for a template that is not there.
    """
    template = (
        None if template_id is None else (await templates.get(connection, organisation_id, template_id)).id
    )
    await trust.set_threshold(connection, organisation_id, template, least)


# ------------------------------------------------------------------ how


async def _of(
    connection: Connection, organisation_id: UUID, signal_id: str, contact: bool | None
) -> trust.Labelled:
    try:
        wanted = UUID(signal_id)
    except ValueError:
        raise NotFound("Signal not found or access denied") from None
    found = (await trust.labelled(connection, organisation_id, [wanted])).get(wanted)
    if found is None or (contact is not None and contact is not (found.contact_profile_url is not None)):
        raise NotFound("Signal not found or access denied")
    if found.status != "completed":
        raise Conflict(
            "This signal is still being answered; label it when it is finished."
            if found.status == "processing"
            else "This signal failed: there is no answer to label."
        )
    return found


def _label(row: Row, of: trust.Labelled) -> Label:
    return Label(
        signal_id=str(row.signal_id),
        verdict=row.verdict,
        expected=row.expected,
        note=row.note,
        domain=of.domain,
        contact_profile_url=of.contact_profile_url,
        question=of.question,
        answer=of.answer,
        reader=row.reader,
        confidence=row.confidence,
        labelled_at=wire_time(row.labelled_at),
        previous_verdict=UNSET if row.previous is None else row.previous,
    )


def _calibration(reader: str, labelled: Sequence[tuple[Row, trust.Labelled]]) -> Calibration:
    sides: dict[bytes, list[tuple[Row, trust.Labelled]]] = {}
    for row, of in labelled:
        same = (of.company_id and str(of.company_id), of.contact_profile_url, of.question, of.answer)
        sides.setdefault(msgspec.json.encode(same, order="deterministic"), []).append((row, of))
    contradicted = [some for some in sides.values() if len({row.verdict for row, _ in some}) > 1]
    # What was answered alike, as by a subscription, counts once: with the newest label's confidence.
    once = [some[-1] for some in sides.values() if some not in contradicted]
    given = [Given(row.confidence or 0.0, row.verdict == "right") for row, _ in once]
    subjects = [str(of.company_id or of.contact_profile_url) for _, of in once]
    refused = too_few(given)
    return Calibration(
        reader,
        reliability(given),
        reliability(left_out(given, subjects)) if refused is None else None,
        fitted(given) if refused is None else None,
        refused,
        tuple(_contradictions(contradicted)),
    )


def _contradictions(contradicted: Iterable[Sequence[tuple[Row, trust.Labelled]]]) -> Iterable[Contradiction]:
    for some in contradicted:
        of = some[0][1]
        subject = of.contact_profile_url or of.domain or ""
        yield Contradiction(of.question, subject, tuple(str(row.signal_id) for row, _ in some))


class LabelledPeople:
    """What labels say of people in their own words. Labels of signals about a person go with these signals."""

    name = "labels"

    async def export(self, connection: Any, organisation_id: UUID, person_id: UUID, person: Any) -> list[Any]:
        pattern = trust.pattern_of(person.full_name)
        rows = await repository.naming(connection, organisation_id, pattern) if pattern else []
        return [{"signalId": str(r.signal_id), "expected": r.expected, "note": r.note} for r in rows]

    async def erase(self, connection: Any, organisation_id: UUID, person_id: UUID, person: Any) -> int:
        pattern = trust.pattern_of(person.full_name)
        return await repository.overwrite(connection, organisation_id, pattern) if pattern else 0
