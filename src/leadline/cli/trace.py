"""``leadline trace``: how an answer came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leadline.cli.organisations import for_organisation, org_option
from leadline.cli.running import NOTHING_CHANGED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.signals.schemas import SignalTrace, TraceStep


@click.command()
@click.argument("signal_id")
@org_option
@click.option("--json", "as_json", is_flag=True, help="Print everything that is stored, as JSON.")
def trace(signal_id: str, org: str | None, as_json: bool) -> None:
    """Show the steps of SIGNAL_ID: pages read, passages given, draft, verification, model calls.

    Of an answer that is held back by a threshold, only what was read.
    """
    from leadline.cli.terminal import write_json, write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> SignalTrace:
        return await leadline.signals.trace(organisation_id, signal_id)

    found = for_organisation(org, work, when_interrupted=NOTHING_CHANGED, reading=True)
    if as_json:
        write_json(trace_wire(found))
    else:
        write_lines(trace_lines(found))


def trace_wire(found: SignalTrace) -> dict[str, Any]:
    """The trace as JSON: the signal as the API gives it, steps as stored."""
    import json

    from leadline.signals.views import written
    from leadline.wire.fields import wire_time

    return {
        "signal": json.loads(written(found.signal)),
        "steps": [
            {"step": s.step, "seconds": s.seconds, "savedAt": wire_time(s.saved_at), "value": s.value}
            for s in found.steps
        ],
        "pages": [
            {
                "snapshotId": p.snapshot_id,
                "url": p.url,
                "title": p.title,
                "fetchedAt": wire_time(p.fetched_at),
            }
            for p in found.pages
        ],
        "modelCalls": [
            {
                "model": call.model,
                "inputTokens": call.input_tokens,
                "outputTokens": call.output_tokens,
                "priceUsd": float(call.price) if call.price is not None else None,
                "seconds": call.seconds,
                "createdAt": wire_time(call.created_at),
                "reply": call.reply,
            }
            for call in found.model_calls
        ],
    }


def trace_lines(found: SignalTrace) -> Iterator[Line]:
    from leadline.cli.rendering import cost_text, counted, signal_lines
    from leadline.cli.terminal import Line, one_line

    signal = found.signal
    yield Line(f"{one_line(signal.subject)}: {one_line(signal.question)}", "bold", 2)
    yield Line(
        f"{signal.answer_type}, {signal.verification_mode}, {signal.status}, signal {signal.id}", "dim", 2
    )
    for step in found.steps:
        yield Line("")
        yield Line(f"{one_line(step.step):<8} {step.seconds:.2f} s   {_summary(step, found)}", "bold", 9)
        yield from _details(step, found)
    if found.model_calls:
        yield Line("")
        yield Line(f"{counted(len(found.model_calls), 'model call')}", "bold")
        for call in found.model_calls:
            cost = cost_text(1, call.input_tokens, call.output_tokens, call.price)
            yield Line(f"  {one_line(call.model)}: {cost} · {call.seconds:.1f} s", "", 4)
    if signal.status != "processing":
        yield Line("")
        yield from signal_lines(signal)


def _summary(step: TraceStep, found: SignalTrace) -> str:
    from leadline.cli.rendering import counted
    from leadline.cli.terminal import one_line

    value = step.value
    match step.step:
        case "plan":
            sources = ", ".join(one.get("source", "") for one in value.get("sources", ()))
            return one_line(f"{sources or 'no source'}; reader {value.get('reader', '')}")
        case "collect":
            source = f"{value['source']}: " if value.get("source") else ""
            return one_line(source) + ", ".join(
                [
                    counted(len(value.get("snapshot_ids", ())), "page"),
                    f"{value.get('fetched', 0):,} fetched",
                    f"{len(value.get('unreadable', ())):,} unreadable",
                    f"{value.get('unplanned', 0):,} left out",
                ]
            )
        case "rank":
            return counted(len(value.get("passages", ())), "passage")
        case "answer":
            draft = value.get("draft", {})
            return one_line(f"{draft.get('reader', '')} {draft.get('rule', '')}")
        case "verify":
            return counted(len(value.get("verification", {}).get("claims", ())), "claim")
    return ""


def _details(step: TraceStep, found: SignalTrace) -> Iterator[Line]:
    value = step.value
    match step.step:
        case "collect":
            yield from _collected(value, found)
        case "rank":
            for place, passage in enumerate(value.get("passages", ()), 1):
                yield from _passage(place, passage)
        case "answer":
            yield from _draft(value.get("draft", {}))
        case "verify":
            verification = value.get("verification", {})
            for label in ("claims", "conflicts"):
                for checked in verification.get(label, ()):
                    yield _checked("conflicting " if label == "conflicts" else "", checked)


def _collected(value: dict[str, Any], found: SignalTrace) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    for page in found.pages:
        yield Line(f"  {one_line(page.url)}  {one_line(page.title)}", "", 6)
        yield Line(f"    snapshot {page.snapshot_id}, SHA-256 {page.body_sha256}", "dim", 6)
    for unreadable in value.get("unreadable", ()):
        why = " ".join(part for part in (unreadable.get("reason", ""), unreadable.get("detail", "")) if part)
        yield Line(f"  unreadable: {one_line(unreadable.get('url', ''))}: {one_line(why)}", "yellow", 6)


def _passage(place: int, passage: dict[str, Any]) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    path = " > ".join(passage.get("headings", ()))
    yield Line(
        f"  {place:>2}. {passage.get('score', 0.0):.2f}  {one_line(passage['url'])}  {one_line(path)}",
        "cyan",
        6,
    )
    if passage.get("context"):
        yield Line(f"      {one_line(passage['context'])}", "dim", 6)
    for unit in passage.get("units", ()):
        yield Line(f"      [{unit['number']}] {one_line(unit['text'])}", "", 10)


def _draft(draft: dict[str, Any]) -> Iterator[Line]:
    from leadline.cli.terminal import Line, json_text, one_line

    yield Line(f"  value: {one_line(json_text(draft.get('value')))}", "", 4)
    if draft.get("reasoning"):
        yield Line(f"  reasoning: {one_line(draft['reasoning'])}", "", 4)
    for label in ("claims", "conflicts"):
        for claim in draft.get(label, ()):
            cited = ", ".join(f"[{number}]" for number in claim.get("citations", ()))
            at = f" at {claim['path']}" if claim.get("path") else ""
            value, how = json_text(claim.get("value")), claim.get("derivation", "stated")
            text = one_line(f"{value}{at}, {how} by {cited or 'nothing'}")
            yield Line(f"  {'claims' if label == 'claims' else 'against it'}: {text}", "", 4)


def _checked(prefix: str, checked: dict[str, Any]) -> Line:
    from leadline.cli.terminal import Line, json_text, one_line

    claim = checked.get("claim", {})
    verdict = str(checked.get("verdict", "")).replace("_", " ")
    style = {"supported": "green", "contradicted": "red"}.get(verdict, "yellow")
    value, why = one_line(json_text(claim.get("value"))), one_line(checked.get("why", ""))
    return Line(f"  {prefix}{one_line(verdict)}: {value} ({why})", style, 4)
