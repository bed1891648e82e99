"""``leadline migrate``."""

from __future__ import annotations

import click

from leadline.cli.running import run, settings_of_command


@click.command()
def migrate() -> None:
    """Bring the database to the schema of this version. Safe to run again, and by several at once."""
    from leadline.cli.terminal import Line, write_lines

    names = run(_migrate(), when_interrupted="Each migration is applied wholly or not at all: run it again.")
    write_lines([Line(f"The database has the schema of this version, up to {names[-1]}.")])


async def _migrate() -> list[str]:
    from leadline.foundation.migrations import applied
    from leadline.foundation.opening import open_database

    async with open_database(settings_of_command(), migrate=True) as database:
        return await applied(database)
