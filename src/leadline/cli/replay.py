"""``leadline replay``: answers made again on the stored pages, beside those that were given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leadline.cli.organisations import for_organisation, json_option, org_option
from leadline.cli.running import EXIT_ANSWERED, EXIT_FAILED, NOTHING_CHANGED, settings_of_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.foundation.settings import Settings
    from leadline.signals.schemas import Answered, Replay

_SAYS = {
    "same": ("the same answer", "green"),
    "other": ("another answer", "bold red"),
    "found": ("an answer where there was none", "yellow"),
    "lost": ("no answer where there was one", "yellow"),
    "not looked": ("could not look at everything", "yellow"),
    "held back": ("not compared: an answer is held back", "yellow"),
}
_LABEL, _SIDE = 12, 46  # columns


@click.command()
@click.argument("what", metavar="SIGNAL|RESULTS.jsonl", required=False)
@click.option(
    "--model", metavar="SPEC", help="Ask this model, such as openai:gpt-5-mini.  [default: LEADLINE_MODEL]"
)
@click.option(
    "--reader",
    type=click.Choice(["same", "auto", "model", "extractive"]),
    help="Who answers.  [default: same as before; model with --model or --prompt]",
)
@click.option(
    "--prompt", metavar="NAME|FILE", help="What the model is told: standard, or the text in a file."
)
@click.option(
    "--print-prompt",
    is_flag=True,
    help="Print the standard prompt, to begin a file with, and do nothing else.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Signals of a file at once.",
)
@org_option
@json_option
def replay(
    what: str | None,
    model: str | None,
    reader: str | None,
    prompt: str | None,
    print_prompt: bool,
    concurrency: int,
    org: str | None,
    as_json: bool,
) -> int:
    """Answer SIGNAL, or every signal of a result file of `leadline eval`, again on the stored pages.

    No site is asked, nothing is kept or charged; a model is paid. Differences are shown side by side.

    \b
    leadline replay SIGNAL_ID --model openai:gpt-5-mini
    leadline replay results.jsonl --reader extractive --json
    """
    from leadline.cli.terminal import write_json, write_lines

    if print_prompt:
        from leadline.research.prompts.reading import INSTRUCTIONS

        click.echo(INSTRUCTIONS)
        return EXIT_ANSWERED
    if what is None:
        raise click.UsageError("Name a signal, or a result file of leadline eval.")
    settings = settings_of_command()
    if model is not None:
        settings = replace(settings, model=model)
    reader = reader or ("model" if model or prompt else "same")
    wording = _wording(prompt)
    path = Path(what)
    if not path.is_file() and path.suffix != ".jsonl":
        one = _replay(settings, org, what, reader, wording)
        write_json(replay_wire(one)) if as_json else write_lines(replay_lines(one))
        return EXIT_FAILED if one.after.failed else EXIT_ANSWERED
    ids, unknown = _ids(path)
    found = _replay_all(settings, org, ids, reader, wording, concurrency)
    replays = [one for one in found if not isinstance(one, str)]
    unknown += [one for one in found if isinstance(one, str)]
    if as_json:
        write_json({"replays": [replay_wire(one) for one in replays], "notReplayed": unknown})
    else:
        for one in replays:
            write_lines(replay_lines(one))
        write_lines(summary_lines(replays, unknown))
    return EXIT_FAILED if replays and all(one.after.failed for one in replays) else EXIT_ANSWERED


def _ids(path: Path) -> tuple[list[str], list[str]]:
    """The signals to replay, and why other results are not."""
    from leadline.evaluation.repository import read_results
    from leadline.foundation.errors import InvalidInput

    if not path.is_file():
        raise InvalidInput((path.name, "there is no such file"))
    results = read_results(path)
    if not results:
        raise InvalidInput((path.name, "the file holds no result"))
    without = [f"{one.id}: no signal is named" for one in results if not one.signal_id]
    return [one.signal_id for one in results if one.signal_id], without


def _wording(prompt: str | None) -> str | None:
    from leadline.foundation.errors import InvalidInput
    from leadline.research.prompts.reading import WORDINGS, wording_faults

    if prompt is None:
        return None
    if prompt in WORDINGS:
        return WORDINGS[prompt]
    try:
        wording = Path(prompt).read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        named = ", ".join(WORDINGS)
        raise InvalidInput(
            ("prompt", f"{prompt} is neither a prompt ({named}) nor a text file: {error}")
        ) from error
    if faults := wording_faults(wording):
        raise InvalidInput(*[("prompt", f"{prompt}: {fault}") for fault in faults])
    return wording


def _replay(settings: Settings, org: str | None, signal_id: str, reader: str, wording: str | None) -> Replay:
    async def work(leadline: Leadline, owner: UUID) -> Replay:
        return await leadline.replaying.replay(owner, signal_id, reader=reader, wording=wording)

    return for_organisation(org, work, when_interrupted=NOTHING_CHANGED, reading=True, settings=settings)


def _replay_all(
    settings: Settings,
    org: str | None,
    ids: Sequence[str],
    reader: str,
    wording: str | None,
    concurrency: int,
) -> list[Replay | str]:
    """The replays in their order; in place of one that cannot be made, why not."""
    import asyncio

    from leadline.cli.terminal import one_line, say
    from leadline.foundation.errors import NotFound

    async def work(leadline: Leadline, owner: UUID) -> list[Replay | str]:
        turn, done = asyncio.Semaphore(concurrency), 0

        async def one(signal_id: str) -> Replay | str:
            nonlocal done
            found: Replay | str
            async with turn:
                try:
                    found = await leadline.replaying.replay(owner, signal_id, reader=reader, wording=wording)
                except NotFound as error:
                    found = f"{signal_id}: {error.message}"
            done += 1
            told = found if isinstance(found, str) else f"{signal_id}: {_SAYS[found.difference][0]}"
            say(one_line(f"[{done}/{len(ids)}] {told}"))
            return found

        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(one(signal_id)) for signal_id in ids]
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        return [task.result() for task in running]

    return for_organisation(org, work, when_interrupted=NOTHING_CHANGED, reading=True, settings=settings)


def replay_wire(found: Replay) -> dict[str, Any]:
    """A replay as JSON."""
    signal = found.signal
    return {
        "signalId": signal.id,
        "subject": signal.subject,
        "question": signal.question,
        "answerType": signal.answer_type,
        "difference": found.difference,
        "before": _answered_wire(signal.answer_type, found.before),
        "after": _answered_wire(signal.answer_type, found.after),
        "pages": found.pages,
        "missing": list(found.missing),
    }


def _answered_wire(kind: str, one: Answered) -> dict[str, Any]:
    import msgspec

    from leadline.research.answer_types import answer_type
    from leadline.signals.schemas import wire_numbers

    answer = None if one.answer is None else wire_numbers(answer_type(kind).to_wire(one.answer))
    return {
        "reader": one.reader,
        "failed": one.failed,
        "heldBack": one.held_back,
        "answer": msgspec.to_builtins(answer),
        "confidence": one.confidence,
        "quotes": [{"url": quote.url, "words": quote.snippet} for quote in one.quotes],
        "verdict": one.verdict,
        "reasoning": one.reasoning,
        "errorCode": one.error_code,
        "modelCalls": one.model_calls,
        "inputTokens": one.input_tokens,
        "outputTokens": one.output_tokens,
        "priceUsd": one.price_usd,
        "seconds": round(one.seconds, 3),
    }


def replay_lines(found: Replay) -> Iterator[Line]:
    """The two answers beside each other."""
    from leadline.cli.rendering import counted
    from leadline.cli.terminal import Line, one_line

    signal = found.signal
    yield Line(f"{one_line(signal.subject)}: {one_line(signal.question)}", "bold", 2)
    says, style = _SAYS[found.difference]
    stored = f"{counted(found.pages, 'stored page')}, {len(found.missing):,} no longer stored"
    yield Line(f"{says} · {stored} · signal {signal.id}", style, 2)
    rows = zip(_rows(signal.answer_type, found.before), _rows(signal.answer_type, found.after), strict=True)
    for (label, before), (_, after) in [(("", "before"), ("", "after")), *rows]:
        yield from _beside(label, before, after)
    for address in found.missing:
        yield Line(f"could not look: {one_line(address)} is no longer stored", "yellow", 2)
    yield Line("")


def _rows(kind: str, one: Answered) -> list[tuple[str, str]]:
    from leadline.cli.rendering import answer_text, cost_text

    if one.answer is not None:
        answer = answer_text(kind, one.answer) or "(an empty list)"
    elif one.held_back:
        answer = "held back: not sure enough to be given"
    elif one.failed:
        answer = f"failed: {one.reasoning}"
    else:
        answer = "no answer"
    quotes = "\n".join(f"“{quote.snippet}” {quote.url}" for quote in one.quotes)
    return [
        ("Reader", one.reader),
        ("Answer", answer),
        ("Confidence", "" if one.confidence is None else f"{one.confidence:.2f}"),
        ("Quotes", quotes),
        ("Verdict", one.verdict.replace("_", " ")),
        ("Warning", one.error_code or ""),
        ("Cost", cost_text(one.model_calls, one.input_tokens, one.output_tokens, one.price_usd)),
    ]


def _beside(label: str, before: str, after: str) -> Iterator[Line]:
    """Two texts in columns, marked where they differ."""
    from itertools import zip_longest

    from leadline.cli.terminal import Line

    left, right = _wrapped(before), _wrapped(after)
    if not (before or after):
        return
    style = "dim" if not label or before == after else ""
    sign = " " if not label or before == after else "≠"
    for place, (one, two) in enumerate(zip_longest(left, right, fillvalue="")):
        head = label if not place else ""
        yield Line(
            f"{head:<{_LABEL}}{one:<{_SIDE}}{sign if not place else ' '} {two}".rstrip(), style, _LABEL
        )


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    from leadline.cli.terminal import harmless

    lines = harmless(text).split("\n")
    return [part for line in lines for part in wrap(line, _SIDE - 2, break_on_hyphens=False) or [""]]


def summary_lines(replays: Sequence[Replay], unknown: Sequence[str]) -> Iterator[Line]:
    """How many answers differ, and what both cost."""
    from leadline.cli.rendering import cost_text, counted
    from leadline.cli.terminal import Line, one_line

    counts = {name: sum(one.difference == name for one in replays) for name in _SAYS}
    told = ", ".join(f"{_SAYS[name][0]} {count}" for name, count in counts.items() if count)
    yield Line(f"{counted(len(replays), 'signal')}: {told or 'nothing to compare'}", "bold")
    for label, sides in (
        ("before", [one.before for one in replays]),
        ("after", [one.after for one in replays]),
    ):
        prices = [side.price_usd for side in sides]
        price = None if None in prices else sum(one for one in prices if one is not None)
        calls, given, written = (
            sum(getattr(side, name) for side in sides)
            for name in ("model_calls", "input_tokens", "output_tokens")
        )
        yield Line(f"{label}: {cost_text(calls, given, written, price)}", "dim")
    if unknown:
        yield from (Line(f"not replayed: {one_line(one)}", "yellow", 2) for one in unknown)
