"""``leadline label``, ``calibrate`` and ``threshold``: say which answers were right, and let that count."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leadline.cli.organisations import for_organisation, json_option, org_option
from leadline.cli.running import EXIT_ANSWERED, EXIT_FAILED, NOTHING_CHANGED, REPEATABLE

if TYPE_CHECKING:
    from uuid import UUID

    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.foundation.database import Connection
    from leadline.labels.schemas import Label
    from leadline.labels.service import Calibration
    from leadline.research.calibration import Reliability

VERDICTS = ("right", "wrong")
READ_AT_ONCE = 50  # labels of one list


@click.command()
@click.argument("signal_id", required=False)
@click.argument("verdict", required=False, type=click.Choice(VERDICTS))
@click.option("--expected", metavar="VALUE", help="The right value: JSON, or else text.")
@click.option("--note", metavar="TEXT", help="Why.")
@click.option("--remove", is_flag=True, help="Take the label of SIGNAL_ID back.")
@click.option("--list", "listed", is_flag=True, help="Show all labels, the newest first.")
@click.option(
    "--import",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Labels from a CSV or JSON Lines file with signal_id, verdict and, if wanted, expected and note.",
)
@org_option
@json_option
def label(
    signal_id: str | None,
    verdict: str | None,
    expected: str | None,
    note: str | None,
    remove: bool,
    listed: bool,
    file: Path | None,
    org: str | None,
    as_json: bool,
) -> int:
    """Say whether the answer of a signal is right. A later label takes the place of the one before.

    \b
    leadline label 01a200ae-71c3-7462-b580-a99c3811544d wrong --expected 120 --note "counts contractors"
    leadline label --import labels.csv
    """
    if sum((remove, listed, file is not None, verdict is not None)) != 1:
        raise click.UsageError("Name a signal and right or wrong, or one of --remove, --list, --import.")
    if (signal_id is None) != (listed or file is not None):
        raise click.UsageError(
            "A signal's id is needed." if signal_id is None else "No signal is named here."
        )
    if file is not None:
        return _import(file, org)

    async def work(leadline: Leadline, organisation_id: UUID) -> list[Label]:
        from leadline.labels import service
        from leadline.labels.schemas import LabelRequest

        async with leadline.database.transaction() as connection:
            if listed:
                return [one async for one in _all(connection, organisation_id)]
            assert signal_id is not None
            if verdict is None:
                await service.remove(connection, organisation_id, signal_id)
                return []
            request = _checked({"verdict": verdict, "expected": _value(expected), "note": note}, LabelRequest)
            return [await service.label(connection, organisation_id, signal_id, request)]

    return _show(
        for_organisation(org, work, when_interrupted=NOTHING_CHANGED if listed else REPEATABLE), as_json
    )


@click.command()
@click.option(
    "--reader", help="Only this one, such as extractive or model:openai:gpt-5-mini.  [default: all]"
)
@click.option("--dry-run", is_flag=True, help="Show what would be; change nothing.")
@click.option("--reset", is_flag=True, help="Let the readers' own confidence hold again.")
@org_option
@json_option
def calibrate(reader: str | None, dry_run: bool, reset: bool, org: str | None, as_json: bool) -> int:
    """Fit each reader's confidence to your labels, so that 0.9 means "right nine times of ten" for you.

    Holds for signals whose work begins from then on. Labels that are too few, or all say the same, change nothing: exit code 1.
    """
    if reset:
        if dry_run:
            raise click.UsageError("Either --reset or --dry-run.")
        return _reset(reader, org)

    async def work(leadline: Leadline, organisation_id: UUID) -> list[Calibration]:
        from leadline.labels import service

        return await service.calibrate(leadline.database, organisation_id, reader, keep=not dry_run)

    found = for_organisation(org, work, when_interrupted=NOTHING_CHANGED if dry_run else REPEATABLE)
    from leadline.cli.terminal import Line, write_json, write_lines

    if as_json:
        import msgspec

        write_json(msgspec.to_builtins([one._asdict() for one in found]))
    elif not found:
        write_lines([Line("There are no labels of answers yet: leadline label SIGNAL_ID right|wrong.")])
    else:
        for one in found:
            write_lines(_calibration_lines(one, kept=not dry_run))
    fitted = any(one.curve is not None for one in found)
    return EXIT_ANSWERED if fitted else EXIT_FAILED


@click.command()
@click.argument("least", required=False, type=click.FloatRange(0, 1, min_open=True))
@click.option("--template", metavar="ID", type=click.UUID, help="Only of this template's signals.")
@click.option("--remove", is_flag=True, help="Give answers however sure they are.")
@org_option
def threshold(least: float | None, template: UUID | None, remove: bool, org: str | None) -> None:
    """Hold back answers with a confidence below LEAST, such as 0.8. Without LEAST, show what is in force.

    An answer that is held back is stored, and shown as null with that reason. Holds for signals
    whose work begins from then on; what was asked before is not served from the cache.
    """
    if remove and least is not None:
        raise click.UsageError("Either LEAST or --remove.")

    async def work(leadline: Leadline, organisation_id: UUID) -> list[tuple[str, float]]:
        from leadline.labels import service
        from leadline.signals.service import trust

        async with leadline.database.transaction() as connection:
            if remove or least is not None:
                await service.set_threshold(connection, organisation_id, template, least)
            found = await trust.thresholds(connection, organisation_id)
        return [
            (f"template {one.template_id}" if one.template_id else "all signals", one.least) for one in found
        ]

    from leadline.cli.terminal import Line, write_lines

    rows = for_organisation(
        org, work, when_interrupted=NOTHING_CHANGED if least is None and not remove else REPEATABLE
    )
    write_lines(Line(f"{what}: at least {least:g}") for what, least in rows)
    if not rows:
        write_lines([Line("Answers are given however sure they are.")])


# ------------------------------------------------------------------ how


async def _all(connection: Connection, organisation_id: UUID) -> AsyncIterator[Label]:
    from leadline.labels import service

    offset, total = 0, 1
    while offset < total:
        found, total = await service.page(connection, organisation_id, None, READ_AT_ONCE, offset)
        for one in found:
            yield one
        offset += READ_AT_ONCE


def _reset(reader: str | None, org: str | None) -> int:
    from leadline.cli.terminal import Line, one_line, write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> list[str]:
        from leadline.labels import service

        return await service.forget_curves(leadline.database, organisation_id, reader)

    dropped = for_organisation(org, work, when_interrupted=REPEATABLE)
    write_lines(Line(one_line(f"{one}: its own confidence holds again.")) for one in dropped)
    if not dropped:
        write_lines([Line("No labels changed the confidence of any reader.")])
    return EXIT_ANSWERED


def _import(file: Path, org: str | None) -> int:
    """Each line by itself: what is wrong with one does not keep the others out."""
    from leadline.cli.terminal import say

    async def work(leadline: Leadline, organisation_id: UUID) -> tuple[int, int, int]:
        from leadline.foundation.errors import LeadlineError
        from leadline.labels import service
        from leadline.labels.schemas import LabelRequest

        taken = replaced = refused = 0
        for number, entry in _entries(file):
            try:
                if not isinstance(entry, dict) or not entry.get("signal_id"):
                    entry = {"signal_id": ""}
                said = {
                    name: entry[name]
                    for name in ("verdict", "expected", "note")
                    if entry.get(name) not in (None, "")
                }
                if isinstance(said.get("expected"), str):
                    said["expected"] = _value(said["expected"])
                request = _checked(said, LabelRequest)
                async with leadline.database.transaction() as connection:
                    made = await service.label(connection, organisation_id, str(entry["signal_id"]), request)
                taken += 1
                replaced += bool(made.previous_verdict)
            except (LeadlineError, click.UsageError) as error:
                refused += 1
                say(f"line {number}: {error}")
        return taken, replaced, refused

    taken, replaced, refused = for_organisation(
        org, work, when_interrupted="What was taken stays; import the file again to go on."
    )
    instead = f", {replaced:,} of them in place of an earlier one" if replaced else ""
    say(f"{taken:,} labels taken{instead}, {refused:,} lines refused")
    return EXIT_FAILED if refused else EXIT_ANSWERED


def _entries(file: Path) -> Iterator[tuple[int, Any]]:
    """Line numbers and entries. A line of JSON that is none gives None. Raises UsageError."""
    if file.suffix.lower() in (".jsonl", ".ndjson"):
        for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
            if line.strip():
                try:
                    entry = json.loads(line)
                except ValueError:
                    entry = None
                yield (
                    number,
                    {_name(key): value for key, value in entry.items()} if isinstance(entry, dict) else None,
                )
        return
    from leadline.cli.batch import table

    header, rows = table(file)
    names = [_name(cell) for cell in header]
    if "signal_id" not in names or "verdict" not in names:
        raise click.UsageError(f"{file.name} needs the columns signal_id and verdict.")
    for number, row in enumerate(rows, 2):
        yield number, dict(zip(names, row, strict=False))


def _name(column: str) -> str:
    return {"signalid": "signal_id", "signal id": "signal_id"}.get(
        column.strip().lower(), column.strip().lower()
    )


def _value(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _checked(said: dict[str, Any], kind: Any) -> Any:
    """Raises InvalidInput."""
    from leadline.foundation.errors import InvalidInput
    from leadline.wire import reading

    read, wrong = reading.read(kind, {name: value for name, value in said.items() if value is not None})
    if wrong:
        raise InvalidInput(*wrong)
    return read


def _show(labels: list[Label], as_json: bool) -> int:
    from leadline.cli.terminal import Line, one_line, write_json, write_lines

    if as_json:
        import msgspec

        write_json(msgspec.to_builtins(labels))
        return EXIT_ANSWERED
    for one in labels:
        expected = (
            f", expected {json.dumps(one.expected, ensure_ascii=False)}" if one.expected is not None else ""
        )
        sure = f" at {one.confidence:.2f}" if one.confidence is not None else ""
        answer = json.dumps(one.answer, ensure_ascii=False)
        note = f" ({one.note})" if one.note else ""
        before = f", in place of {one.previous_verdict}" if one.previous_verdict else ""
        told = f"{one.verdict}{before}: {one.domain or one.contact_profile_url}: {one.question} {answer}{sure}{expected}{note}"
        write_lines([Line(one_line(told), "green" if one.verdict == "right" else "red", 2)])
    if not labels:
        write_lines([Line("No label.")])
    return EXIT_ANSWERED


def _calibration_lines(one: Calibration, *, kept: bool) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    yield Line(one_line(one.reader), "bold")
    for some in one.contradictions:
        yield Line(
            one_line(
                f"  left out, since labels of the same answer contradict each other: {some.subject}: {some.question} "
                f"({', '.join(some.signal_ids)})"
            ),
            "yellow",
            4,
        )
    yield from _table(f"as the reader states it, {one.before.count} labels", one.before)
    if one.refused is not None or one.after is None:
        yield Line(f"  No curve: {one.refused}. What held before goes on.", "yellow", 2)
        return
    yield from _table("by a curve fitted on the other four fifths", one.after)
    yield Line("  It holds from now on." if kept else "  Nothing was changed.", "bold")


def _table(title: str, table: Reliability) -> Iterator[Line]:
    from leadline.cli.compare import bin_lines
    from leadline.cli.terminal import Line

    yield Line(f"  {title}", "dim")
    yield from bin_lines(table)
    if table.brier is not None and table.ece is not None:
        yield Line(f"  Brier score {table.brier:.3f}, calibration error {table.ece:.3f}")
    found = table.coverage
    yield Line(
        "  At no confidence are 95 % right."
        if found is None
        else f"  95 % right from {found.threshold:.2f} on: {found.count} of {table.count} answers ({found.share:.0%})."
    )
