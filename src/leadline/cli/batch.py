"""``leadline batch``: many questions about many companies, from tables into a table."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import click

from leadline.cli.ask import host_of
from leadline.cli.lint import hint_lines
from leadline.cli.organisations import for_organisation, org_option

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline
    from leadline.signals.batches import Standing, Taken
    from leadline.signals.schemas import Signal, SignalRequest

FORMATS = ("csv", "jsonl", "parquet")
PARTS = ("value", "confidence", "quote", "address")
DOMAINS = ("domain", "website", "url", "company domain")
QUESTIONS = ("question",)
TYPES = ("type", "answertype", "answer type")
NAMES = ("name", "column")
CONCURRENCY = 20
LINE_SECONDS = 10.0  # between two lines where there is no terminal to show a bar
MOST_HOSTS = 2  # companies named beside the bar
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Asked(NamedTuple):
    """One column of questions: what it is called, and what is asked."""

    name: str
    question: str
    answer_type: str


@click.command()
@click.option(
    "--domains", "domains_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True
)
@click.option(
    "--questions",
    "questions_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Ends in .csv, .jsonl or .parquet.",
)
@click.option("--reader", default="auto", show_default=True, help="auto, model or extractive.")
@click.option("--yes", is_flag=True, help="Do not ask before credits are spent.")
@org_option
def batch(
    domains_file: Path, questions_file: Path, out: Path, reader: str, yes: bool, org: str | None
) -> int:
    """Ask every question about every company, and write one row a company.

    \b
    domains.csv     a column "domain" (or "website", "url"), or the first column
    questions.csv   a column "question" (or the first), and if wanted "type" and "name"

    \b
    leadline batch --domains domains.csv --questions questions.csv --out answers.csv

    A run that was stopped goes on when it is begun again: what was answered is not asked twice within the cache's
    time. Exit codes: 0 all rows written, 1 some questions failed, 2 bad usage.
    """
    kind = out.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise click.UsageError(f"{out.name} must end in {', '.join('.' + one for one in FORMATS)}.")
    if kind == "parquet":
        _pyarrow()
    domains = list(dict.fromkeys(host_of(row) for row in column(domains_file, DOMAINS)))
    asked = questions(questions_file)
    _say(f"{len(domains):,} companies x {len(asked)} questions = {len(domains) * len(asked):,} signals")

    for one in asked:
        for line in hint_lines(one.question, one.answer_type):
            _say(f"{one.question}: {line.text}")

    async def work(leadline: Leadline, organisation_id: UUID) -> int:
        price = leadline.signals.price * len(domains) * len(asked)
        balance = await leadline.ledger.balance(leadline.database.repeatable, organisation_id)
        _say(f"at most {price:,} of {balance:,} credits; what is fresh or running already costs nothing")
        if not yes and not click.confirm("Go on?", err=True):
            raise click.Abort
        return await _run(leadline, organisation_id, domains, asked, out, kind, reader)

    return for_organisation(
        org,
        work,
        when_interrupted=f"{out} was not written. What was accepted stays: give the same command again to go on.",
    )


# ------------------------------------------------------------------ reading


def table(file: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file, whatever its separator. Raises UsageError."""
    raw = file.read_bytes()
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        if encoding == "utf-16" and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    first = text.partition("\n")[0]
    separator = max(",;\t|", key=first.count) if any(one in first for one in ",;\t|") else ","
    rows = [
        row
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        if any(map(str.strip, row))
    ]
    if not rows:
        raise click.UsageError(f"{file.name} holds no rows.")
    return [cell.strip() for cell in rows[0]], rows[1:]


def column(file: Path, names: Sequence[str]) -> list[str]:
    """The cells of the first column that has one of these names; of the first column where none has."""
    header, rows = table(file)
    place = _place(header, names)
    if place is None:
        place = 0
        if "." in header[0] or len(header[0].split()) > 2:  # no header at all
            rows = [header, *rows]
    found = [row[place].strip() for row in rows if len(row) > place and row[place].strip()]
    if not found:
        raise click.UsageError(f"{file.name} has nothing in its column {header[place]!r}.")
    return found


def questions(file: Path) -> list[Asked]:
    """What is asked, with a name of its own for each column of answers. Raises UsageError."""
    header, rows = table(file)
    place, kind, name = (_place(header, names) for names in (QUESTIONS, TYPES, NAMES))
    if place is None:
        place = 0
        rows = [header, *rows] if len(header[0].split()) > 2 else rows
    found: dict[str, Asked] = {}
    for row in rows:
        text = row[place].strip() if len(row) > place else ""
        if not text:
            continue
        answer_type = row[kind].strip() if kind is not None and len(row) > kind else ""
        called = (row[name].strip() if name is not None and len(row) > name else "") or text
        while called in found and found[called].question != text:
            called += "'"
        found[called] = Asked(called, text, answer_type or "open_text")
    if not found:
        raise click.UsageError(f"{file.name} holds no questions.")
    return list(found.values())


def _place(header: Sequence[str], names: Sequence[str]) -> int | None:
    folded = [cell.lower().replace("_", " ") for cell in header]
    return next((folded.index(name) for name in names if name in folded), None)


# ------------------------------------------------------------------ doing


async def _run(
    leadline: Leadline,
    organisation_id: UUID,
    domains: Sequence[str],
    asked: Sequence[Asked],
    out: Path,
    kind: str,
    reader: str,
) -> int:
    from leadline.foundation.memory import collect_rarely
    from leadline.signals.schemas import SignalRequest

    collect_rarely()
    requests = [
        SignalRequest(domain=domain, question=one.question, answer_type=one.answer_type)
        for domain in domains
        for one in asked
    ]
    taken = await leadline.signals.accept_many(organisation_id, requests, reader=reader)
    _refusals(requests, taken)
    await _see_through(leadline, {one.signal_id for one in taken if one.signal_id is not None})
    signals: list[Signal | None] = [
        await leadline.signals.get(organisation_id, str(one.signal_id)) if one.signal_id is not None else None
        for one in taken
    ]
    width = len(asked)
    rows = (
        _row(domain, asked, signals[number * width : (number + 1) * width])
        for number, domain in enumerate(domains)
    )
    write(out, kind, list(rows), asked)
    failed = sum(one is None or one.status == "failed" for one in signals)
    answered = sum(one is not None and one.answer is not None for one in signals)
    _say(
        f"{answered:,} answered, {len(signals) - answered - failed:,} without an answer, {failed:,} failed: {out}"
    )
    return 1 if failed else 0


def _refusals(requests: Sequence[SignalRequest], taken: Sequence[Taken]) -> None:
    """Say once for each company, or question, why it cannot be asked."""
    said: dict[str, None] = {}
    for request, one in zip(requests, taken, strict=True):
        for field, why in getattr(one.error, "fields", ()):
            value = request.domain if field == "domain" else request.question
            said[f"not asked: {value}: {why}"] = None
    for line in said:
        _say(line)


async def _see_through(leadline: Leadline, ids: set[UUID]) -> None:
    """Work until all these signals are finished, whoever finishes them; tells how far they are as it goes."""
    import asyncio
    import time

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from leadline.cli.terminal import console
    from leadline.signals import batches

    await leadline.prepare()
    stop = asyncio.Event()
    async with leadline.work.telling():
        working = asyncio.create_task(leadline.work.work(stop, concurrency=CONCURRENCY, grace=30))
        try:
            with Progress(
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}"),
                console=console(sys.stderr),
                disable=not sys.stderr.isatty(),
            ) as progress:
                bar, said = progress.add_task("", total=len(ids)), time.monotonic()
                while (now := await batches.standing(leadline.database.repeatable, ids)).processing:
                    progress.update(bar, completed=now.completed + now.failed, description=_now(now))
                    if progress.disable and time.monotonic() - said > LINE_SECONDS:
                        _say(f"{now.completed + now.failed:,} of {len(ids):,}: {_now(now)}")
                        said = time.monotonic()
                    if working.done():
                        working.result()
                    await asyncio.sleep(0.2)
                progress.update(bar, completed=len(ids), description=_now(now))
            if progress.disable:
                _say(f"{len(ids):,} of {len(ids):,}: {_now(now)}")
        finally:
            stop.set()
            await working


def _now(now: Standing) -> str:
    """What stands beside the bar."""
    from leadline.cli.terminal import one_line

    hosts = ", ".join(now.hosts[:MOST_HOSTS]) + (
        f" and {more} more" if (more := len(now.hosts) - MOST_HOSTS) > 0 else ""
    )
    told = f"{now.failed:,} failed, {now.pages_read:,} pages read, {now.pages_fetched:,} fetched"
    return one_line(f"{told}; now {hosts}" if hosts else told)


# ------------------------------------------------------------------ writing


def _row(domain: str, asked: Sequence[Asked], signals: Sequence[Signal | None]) -> dict[str, Any]:
    row: dict[str, Any] = {"domain": domain}
    for one, signal in zip(asked, signals, strict=True):
        source = signal.sources[0] if signal is not None and signal.sources else None
        found = {
            "value": signal.answer if signal is not None else None,
            "confidence": signal.confidence if signal is not None else None,
            "quote": source.snippet if source is not None else None,
            "address": source.url if source is not None else None,
            "note": _note(signal),
        }
        row[one.name] = found
    return row


def _note(signal: Signal | None) -> str | None:
    """Why there is no value, where that is not "nothing was found"."""
    if signal is None:
        return "not asked"
    if signal.status == "failed" or (signal.answer is None and signal.error_code):
        return signal.error_code or signal.error
    return "held back: not sure enough" if "heldBack" in signal.metadata else None


def write(out: Path, kind: str, rows: Sequence[dict[str, Any]], asked: Sequence[Asked]) -> None:
    """One row a company and a group of columns a question; of JSON lines, an object a question."""
    if kind == "jsonl":
        with out.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
        return
    header = ["domain", *(f"{one.name} {part}" for one in asked for part in (*PARTS, "note"))]
    flat = [list(_flat(row, asked)) for row in rows]
    if kind == "parquet":
        arrow, parquet = _pyarrow()
        columns = {name: [_text(row[place]) for row in flat] for place, name in enumerate(header)}
        parquet.write_table(arrow.table(columns), out)
        return
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(_cell, header))
        writer.writerows([_cell(value) for value in row] for row in flat)


def _flat(row: dict[str, Any], asked: Iterable[Asked]) -> Iterator[Any]:
    from leadline.cli.rendering import answer_text

    yield row["domain"]
    for one in asked:
        found = row[one.name]
        value = found["value"]
        yield answer_text(one.answer_type, value) if value is not None else None
        yield from (found[part] for part in ("confidence", "quote", "address", "note"))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _cell(value: Any) -> str:
    """The cell's text. A spreadsheet would take what begins like a formula for one: an apostrophe keeps it text."""
    text = "" if value is None else " ".join(str(value).split("\r"))
    number = text[1:].replace(".", "", 1).isdigit() and text[0] == "-"
    return f"'{text}" if text.startswith(_FORMULA) and not number else text


def _pyarrow() -> tuple[Any, Any]:
    from importlib import import_module

    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise click.UsageError(
            "Parquet files need pyarrow: pip install 'leadline[parquet]', or write .csv or .jsonl."
        ) from error


def _say(text: str) -> None:
    from leadline.cli.terminal import one_line, say

    say(one_line(text))
