"""``leadline postgres``: PostgreSQL's own programs on the embedded database, for backups and a closer look."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import click

from leadline.cli.running import settings_of_command

if TYPE_CHECKING:
    from pathlib import Path

# Those that work on one database and take --dbname.
PROGRAMS = ("pg_dump", "pg_restore", "psql", "vacuumdb", "reindexdb")


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("program", type=click.Choice(PROGRAMS))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def postgres(program: str, arguments: tuple[str, ...]) -> int:
    """Run pg_dump, pg_restore, psql, vacuumdb or reindexdb on the embedded database.

    \b
    The database is started for it if it does not run. Everything behind PROGRAM is passed on:
      leadline postgres pg_dump --format=custom --file=leadline.dump
      leadline postgres psql --help                                    is psql's own
    """
    from leadline.foundation.embedded_postgres import EmbeddedServer
    from leadline.foundation.errors import ConfigurationError

    settings = settings_of_command()
    if settings.database_url:
        raise ConfigurationError(
            f"LEADLINE_DATABASE_URL is set: run your own {program} on that server. This command is for the "
            "embedded database."
        )
    home = settings.data_dir / "postgres"
    with EmbeddedServer(home, settings.pg_bin) as server:
        address = server.attach()
        command = [str(_programs(home, settings.pg_bin) / program), f"--dbname={address}", *arguments]
        return subprocess.run(command, check=False).returncode  # noqa: S603 - PostgreSQL's own, found by us


def _programs(home: Path, pg_bin: Path | None) -> Path:
    """The folder of the programs whose version made the database."""
    from leadline.foundation.embedded_postgres import find_installations

    major = int((home / "data" / "PG_VERSION").read_text(encoding="ascii"))
    return next(found.bin for found in find_installations(pg_bin) if found.major == major)
