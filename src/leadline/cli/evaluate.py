"""``leadline eval``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leadline.cli.running import EXIT_FAILED, run, settings_of_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.cli.terminal import Line
    from leadline.evaluation.recall import QuestionRecall
    from leadline.evaluation.repository import ResultFile
    from leadline.evaluation.schemas import EvalQuestion, EvalResult


@click.command("eval")
@click.argument("questions", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Result file; what it holds is kept.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Ask so many questions at most.")
@click.option(
    "--reader", type=click.Choice(["auto", "model", "extractive"]), default="auto", show_default=True
)
@click.option(
    "--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, help="Questions at once."
)
@click.option("--domain", help="Only questions about this domain.")
@click.option("--type", "answer_type", help="Only questions of this answer type.")
@click.option("--force-refresh", is_flag=True, help="Do not reuse earlier answers or stored pages.")
@click.option("--recall", is_flag=True, help="Also say how often the gold page was read and shown.")
def evaluate(
    questions: Path,
    out: Path,
    limit: int | None,
    reader: str,
    concurrency: int,
    domain: str | None,
    answer_type: str | None,
    force_refresh: bool,
    recall: bool,
) -> int:
    """Ask every question of the JSONL file QUESTIONS and write the results, a line each.

    A line of QUESTIONS has id, domain, question, answerType, and outputSchema for json_schema. Run it
    again to go on where it stopped.
    """
    from leadline.cli.terminal import write_lines
    from leadline.evaluation.repository import ResultFile
    from leadline.evaluation.schemas import read_questions
    from leadline.foundation.errors import InvalidInput

    chosen = [
        question
        for question in read_questions(questions)
        if domain in (None, question.domain) and answer_type in (None, question.answer_type)
    ][:limit]
    if not chosen:
        raise InvalidInput((questions.name, "no question has this --domain and --type"))
    with ResultFile(out) as results:
        rows = run(
            _evaluate(chosen, results, reader, concurrency, force_refresh, recall),
            when_interrupted=f"{len(results.ids)} results are in {out}: run the same command again to go on.",
        )
        ids = {question.id for question in chosen}
        finished = [result for result in results.results if result.id in ids]
    write_lines(summary_lines(finished))
    if recall:
        write_lines(recall_lines(rows))
    return EXIT_FAILED if all(result.failed for result in finished) else 0


async def _evaluate(
    questions: list[EvalQuestion],
    results: ResultFile,
    reader: str,
    concurrency: int,
    force_refresh: bool,
    recall: bool,
) -> list[QuestionRecall]:
    from leadline.bootstrap import open_leadline
    from leadline.evaluation.recall import measure_recall
    from leadline.evaluation.service import evaluate as evaluate_all

    async with open_leadline(settings_of_command()) as leadline:
        with _Bar(questions, results) as bar:
            await evaluate_all(
                leadline,
                questions,
                results,
                reader=reader,
                concurrency=concurrency,
                force_refresh=force_refresh,
                done=bar.done,
            )
        return await measure_recall(leadline, questions, results.results) if recall else []


class _Bar:
    """A progress bar on a terminal, a line a question in a pipe; both on standard error."""

    def __init__(self, questions: list[EvalQuestion], results: ResultFile) -> None:
        from leadline.cli.terminal import console, is_terminal

        self._total = len(questions)
        self._count = sum(question.id in results.ids for question in questions)
        self._progress = None
        if is_terminal(sys.stderr):
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}", markup=False),
                console=console(sys.stderr),
            )
            self._task = self._progress.add_task("", total=self._total, completed=self._count)

    def __enter__(self) -> _Bar:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def done(self, question: EvalQuestion, result: EvalResult) -> None:
        from leadline.cli.terminal import one_line, say

        self._count += 1
        what = "failed" if result.failed else "answered" if result.answer is not None else "no answer"
        code = f" {result.error_code}" if result.error_code else ""
        text = one_line(f"{question.id} {what}{code} ({result.seconds:.1f} s)")
        if self._progress is not None:
            self._progress.update(self._task, completed=self._count, description=text)
        else:
            say(f"[{self._count}/{self._total}] {text}")


def summary_lines(results: list[EvalResult]) -> Iterator[Line]:
    """What the result file holds, in figures."""
    from leadline.cli.rendering import counted, price_text
    from leadline.cli.terminal import Line
    from leadline.evaluation.schemas import summarise

    summary = summarise(results)
    yield Line(
        f"{counted(summary.questions, 'question')}: {summary.answered} answered, "
        f"{summary.no_answer} without an answer, "
        f"{summary.not_everywhere} where not everything could be read, {summary.failed} failed",
        "bold",
    )
    yield Line(
        f"{summary.seconds:.1f} s in all · {counted(summary.pages_fetched, 'page')} fetched · "
        f"{counted(summary.model_calls, 'model call')} · {summary.tokens:,} tokens · "
        f"{price_text(summary.price)}",
        "dim",
    )


def recall_lines(rows: list[QuestionRecall]) -> Iterator[Line]:
    """A table by site: gold page read, gold words among the first 5, 10, 20 passages."""
    from leadline.cli.terminal import Line, one_line
    from leadline.evaluation.recall import DEPTHS, by_site

    yield Line("")
    sites = by_site(rows)
    if not sites:
        yield Line("No recall: no question with evidence has a stored signal.", "yellow")
        return
    heads = "".join(f"{f'shown@{depth}':>10}" for depth in DEPTHS)
    yield Line(f"{'site':<28}{'questions':>10}{'page read':>11}{heads}{'of read':>9}", "bold")
    for site in sites:
        shares = "".join(f"{site.rank_recall(depth):>10.1%}" for depth in DEPTHS)
        of_read = site.shown_of_fetched(DEPTHS[-1])
        last = "-" if of_read is None else f"{of_read:.1%}"
        yield Line(
            f"{one_line(site.site):<28}{site.questions:>10}{site.fetch_recall():>11.1%}{shares}{last:>9}"
        )
