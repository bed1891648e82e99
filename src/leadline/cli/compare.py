"""``leadline compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.cli.terminal import Line
    from leadline.evaluation.scoring import Difference, Report
    from leadline.research.calibration import Reliability

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("questions", metavar="QUESTIONS.jsonl", type=_FILE)
@click.argument("results", metavar="RESULTS.jsonl...", nargs=-1, required=True, type=_FILE)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a report with plots: one page that loads nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, every question of every run too.")
def compare(questions: Path, results: tuple[Path, ...], html: Path | None, as_json: bool) -> int:
    """Score result files of `leadline eval`, and lay every two of them side by side.

    QUESTIONS says what is right: expected, accept and answerable of each line. Nothing is asked.
    """
    import msgspec

    from leadline.cli.running import EXIT_ANSWERED
    from leadline.cli.terminal import say, write_json, write_lines
    from leadline.evaluation.report import html_report
    from leadline.evaluation.repository import read_results
    from leadline.evaluation.schemas import read_questions
    from leadline.evaluation.scoring import compare as compare_all

    runs = [(name, read_results(path)) for name, path in zip(_names(results), results, strict=True)]
    report = compare_all(read_questions(questions), runs)
    if html is not None:
        html.write_text(html_report(report), encoding="utf-8")
        say(f"The report is in {html}.")
    if as_json:
        write_json(msgspec.to_builtins(report))
    else:
        write_lines(report_lines(report))
    return EXIT_ANSWERED


def _names(paths: tuple[Path, ...]) -> list[str]:
    """What runs are called: the file's name, or the whole path where two files have the same."""
    stems = [path.stem for path in paths]
    return [path.stem if stems.count(path.stem) == 1 else str(path) for path in paths]


def report_lines(report: Report) -> Iterator[Line]:
    """The figures of every run, how sure each was, and what differs between two."""
    from leadline.cli.terminal import Line, one_line
    from leadline.evaluation.report import FIGURES

    for run in report.runs:
        yield Line(one_line(run.name), "bold")
        for label, shown in FIGURES:
            yield Line(f"  {label:<28}{shown(run)}", "", 30)
        yield from bin_lines(run.reliability)
        yield Line("")
    for one in report.differences:
        yield from _difference_lines(one)


def bin_lines(table: Reliability) -> Iterator[Line]:
    from leadline.cli.terminal import Line

    if table.bins:
        yield Line(f"  {'confidence':<14}{'answers':>8}{'stated':>8}{'right':>8}   95 % interval", "dim")
    for one in table.bins:
        yield Line(
            f"  {f'{one.low:.1f} to {one.low + 0.1:.1f}':<14}{one.count:>8}{one.confidence:>8.2f}"
            f"{one.share:>8.2f}   {one.least:.2f} to {one.most:.2f}"
        )


def _difference_lines(one: Difference) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line
    from leadline.evaluation.report import moves, said

    yield Line(one_line(f"{one.before} → {one.after}: {one.both} questions asked of both"), "bold")
    if one.only_before or one.only_after:
        yield Line(f"asked of one alone: {one.only_before} and {one.only_after}", "dim")
    for move, group in moves(one).items():
        yield Line(f"{move}: {len(group)}", "yellow")
        for changed in group:
            told = f"{changed.before.id} {changed.before.question}: {said(changed.before)} → {said(changed.after)}"
            yield Line(f"  {one_line(told)}", "", 4)
    if not one.changed:
        yield Line("nothing changed", "dim")
