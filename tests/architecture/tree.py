"""The repository's files, for the tests of this folder."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "leadline"

_NOT_OURS = {
    ".git",
    ".venv",
    ".local",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".import_linter_cache",
    ".hypothesis",
    ".schemathesis",
    "__pycache__",
    "build",
    "dist",
}


def files(*suffixes: str, under: Path = ROOT) -> Iterator[Path]:
    """Files of the repository, optionally only those whose names end in one of ``suffixes``."""
    for folder, folders, names in os.walk(under):
        folders[:] = sorted(
            name for name in folders if name not in _NOT_OURS and not name.endswith(".egg-info")
        )
        for name in sorted(names):
            if name not in (".env", ".git") and (not suffixes or name.endswith(suffixes)):
                yield Path(folder, name)


def texts() -> Iterator[tuple[str, str]]:
    """Relative name and content of every text file."""
    for path in files():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def script(name: str) -> ModuleType:
    """A program of ``scripts/``, loaded as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
