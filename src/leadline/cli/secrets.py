"""``leadline secrets``: the key that stored secrets are encrypted with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leadline.cli.running import REPEATABLE, run, settings_of_command

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline


@click.group()
def secrets() -> None:
    """Change the key that stored secrets are encrypted with."""


@secrets.command()
def reseal() -> None:
    """Encrypt every stored secret anew with the first key of LEADLINE_SECRET_KEY (or of the file secret.key).

    \b
    1. Put a new key in front of the old one, everywhere: LEADLINE_SECRET_KEY=NEW,OLD; restart.
    2. leadline secrets reseal
    3. A day later, when answers kept for repeated requests are gone: take the old key away; restart.
    """
    from leadline.cli.rendering import counted
    from leadline.cli.terminal import Line, write_lines

    async def work() -> int:
        from leadline.bootstrap import open_leadline

        async with open_leadline(settings_of_command()) as leadline:
            return await _resealed(leadline)

    count = run(work(), when_interrupted=REPEATABLE)
    write_lines(
        [
            Line(f"{counted(count, 'secret is', 'secrets are')} encrypted with the first key."),
            Line(
                "Take the older keys away in a day: answers kept for repeated requests need them until then."
            ),
        ]
    )


async def _resealed(leadline: Leadline) -> int:
    async with leadline.database.transaction() as connection:
        return await leadline.connections.reseal(connection) + await leadline.webhooks.reseal(connection)
