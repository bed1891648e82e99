"""``leadline lint``: is a question worth asking as it stands?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leadline.cli.running import EXIT_ANSWERED, EXIT_FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.cli.terminal import Line


@click.command()
@click.argument("question")
@click.option("--type", "answer_type", help="The answer type that would be asked for.")
def lint(question: str, answer_type: str | None) -> int:
    """Look at QUESTION before it costs anything: is it vague, double, of another type, or not for a page to answer?

    Exit code 1 when there is something to mend.
    """
    from leadline.cli.terminal import Line, write_lines
    from leadline.research.linting import lint as linted

    seen = linted(" ".join(question.split()), answer_type)
    lines = list(hint_lines(question, answer_type))
    if seen.answer_type is not None:
        lines.append(Line(f"asks for     {seen.answer_type}"))
    if seen.field is not None:
        lines.append(Line(f"profile      {seen.field} (leadline profile DOMAIN)"))
    write_lines(lines if seen.hints else [*lines, Line("nothing to mend", "green")])
    return EXIT_FAILED if seen.hints else EXIT_ANSWERED


def hint_lines(question: str, answer_type: str | None) -> Iterator[Line]:
    """What to mend in a question, a line each."""
    from leadline.cli.terminal import Line
    from leadline.research.linting import lint as linted

    for hint in linted(" ".join(question.split()), answer_type).hints:
        yield Line(f"{hint.fault.value:<12} {hint.message}", "yellow", 13)
