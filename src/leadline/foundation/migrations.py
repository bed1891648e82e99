"""Numbered SQL files that bring a database to the schema of this code.

``leadline/migrations/NNNN_name.sql`` are applied in order, each in one transaction under an advisory lock,
and recorded in ``schema_migrations`` with the hash of their text. They only go forward.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple, Protocol

import asyncpg

from leadline.foundation.errors import ConfigurationError
from leadline.foundation.log import get_logger

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK = 0x6C65_6164_6C69_6E65  # "leadline"; one advisory lock per database
_TABLE = """
    create table if not exists schema_migrations (
        number      integer primary key,
        name        text not null,
        sha256      text not null,
        applied_at  timestamptz not null default now()
    )
"""

log = get_logger(__name__)


class Fetching(Protocol):
    """What runs a statement that only looks."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...


class Migration(NamedTuple):
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Traversable | None = None) -> list[Migration]:
    """The migrations of this code, in order. Raises ``ConfigurationError`` for a gap or a strange name."""
    folder = folder or files("leadline") / "migrations"
    found = []
    for entry in folder.iterdir():
        if not entry.name.endswith(".sql"):
            continue
        match = _NAME.fullmatch(entry.name)
        if match is None:
            raise ConfigurationError(f"The migration {entry.name} is not named like 0001_what_it_does.sql.")
        sql = entry.read_text(encoding="utf-8").replace("\r\n", "\n")
        found.append(Migration(int(match.group(1)), entry.name.removesuffix(".sql"), sql))
    found.sort()
    for expected, migration in enumerate(found, 1):
        if migration.number != expected:
            raise ConfigurationError(
                f"The migrations are not numbered 1, 2, 3 ...: {migration.name} stands at {expected}."
            )
    return found


async def apply(
    connection: asyncpg.Connection[Any], known: Sequence[Migration] | None = None
) -> list[Migration]:
    """Apply what is missing, and return it. Several processes may do this at once: one works, others wait.

    Without ``known`` it is all that this code needs.

    Raises ``ConfigurationError`` when the database is newer than this code or was made by other migrations.
    """
    known = read_migrations() if known is None else known
    applied: list[Migration] = []
    if await _missing(connection, known) == []:
        return applied
    while True:
        # The lock ends with its transaction, so this also works through a connection pooler.
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
            await connection.execute(_TABLE)
            missing = await _missing(connection, known)
            if not missing:
                return applied
            migration = missing[0]
            try:
                await connection.execute(migration.sql)
            except asyncpg.PostgresError as error:
                raise ConfigurationError(
                    f"The migration {migration.name} failed and was rolled back: {error}"
                ) from error
            await connection.execute(
                "insert into schema_migrations (number, name, sha256) values ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.sha256,
            )
        applied.append(migration)
        log.info("migration applied", migration=migration.name)


async def applied_any(connection: asyncpg.Connection[Any]) -> bool:
    """Whether some version made this database already."""
    return await connection.fetchval("select to_regclass('schema_migrations')") is not None


async def applied(connection: Fetching) -> list[str]:
    """The names of the migrations that the database has, in order."""
    rows = await connection.fetch("select name from schema_migrations order by number")
    return [row["name"] for row in rows]


async def check(connection: asyncpg.Connection[Any], known: Sequence[Migration] | None = None) -> None:
    """Raise ``ConfigurationError`` unless the database has exactly the schema of this code."""
    missing = await _missing(connection, read_migrations() if known is None else known)
    if missing:
        names = ", ".join(m.name for m in missing)
        raise ConfigurationError(
            f"The database lacks {names}. Run `leadline migrate` with this version first."
        )


async def _missing(connection: asyncpg.Connection[Any], known: Sequence[Migration]) -> list[Migration]:
    if await connection.fetchval("select to_regclass('schema_migrations')") is None:
        return list(known)
    rows = await connection.fetch("select number, name, sha256 from schema_migrations order by number")
    by_number = {m.number: m for m in known}
    for row in rows:
        mine = by_number.get(row["number"])
        if mine is None:
            raise ConfigurationError(
                f"The database has migration {row['name']}, which this version of Leadline does not know: "
                "it was used "
                "by a newer version. Install that version (or a newer one), or restore a backup from before."
            )
        if mine.sha256 != row["sha256"]:
            raise ConfigurationError(
                f"Migration {row['name']} of this database is not the {mine.name} of this version: one of "
                "them was "
                "edited after it was applied. Install the version that made the database; what changes "
                "afterwards "
                "belongs into a new migration."
            )
    done = {row["number"] for row in rows}
    return [m for m in known if m.number not in done]
