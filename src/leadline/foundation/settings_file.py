"""Writes into the settings file, which people write too: what they wrote stays as it is."""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from leadline.foundation.errors import ConfigurationError


def remember(path: Path, changes: Mapping[str, str | int | None]) -> None:
    """Set these settings in the file, which is made when it is not there; None takes one out.

    Raises ConfigurationError, with the lines to write by hand, when the file cannot be changed without touching anything
    else. The file is replaced whole or not at all.
    """
    lines = "".join(f"{name} = {_toml(value)}\n" for name, value in changes.items() if value is not None)
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        wanted = {**tomllib.loads(before), **changes}
        named = re.compile(rf"^\s*(?:{'|'.join(map(re.escape, changes))})\s*=.*\n?", re.MULTILINE)
        after = lines + named.sub("", before)
        if tomllib.loads(after) != {name: value for name, value in wanted.items() if value is not None}:
            raise ValueError("its lines mean something else together")  # noqa: TRY301
        _replace(path, after)
    except (OSError, UnicodeDecodeError, ValueError) as error:  # TOMLDecodeError is a ValueError
        raise ConfigurationError(
            f"The settings file {path} was left as it is ({error}). Write into it yourself:\n{lines}"
        ) from None


def _toml(value: str | int) -> str:
    """A TOML value; a basic string is escaped as JSON's are (TOML 1.0, "String")."""
    return str(value) if isinstance(value, int) else msgspec.json.encode(value).decode()


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600  # it may hold keys
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
