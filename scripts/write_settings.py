"""Writes docs/settings.md from what the settings say of themselves."""

from __future__ import annotations

import sys
from pathlib import Path

from leadline.foundation.settings import Settings, describe, setting_fields, variable

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "settings.md"

HEAD = """# Settings

<!-- Written by scripts/write_settings.py; a test compares it with the code. -->

A setting comes from the environment, else from one TOML file (the variable's name without `LEADLINE_`,
in lower case: `max_pages = 20`), else from its default. The file is the one that `LEADLINE_CONFIG` names,
or `leadline/leadline.toml` in your configuration folder. `leadline config` shows every setting, its value
and where it came from. A misspelt setting stops the start.

| variable | default | meaning |
|---|---|---|
"""


def reference() -> str:
    """The document."""
    defaults = _defaults()
    rows = []
    for field in setting_fields():
        default = defaults[field.name]
        shown = f"`{default}`" if default else ""
        meaning = field.metadata["doc"].replace("|", "\\|")
        rows.append(f"| `{variable(field.name)}` | {shown} | {meaning} |\n")
    return HEAD + "".join(rows)


def _defaults() -> dict[str, str]:
    """As shown to users; the folder differs from machine to machine."""
    described = {one.name: one.value for one in describe(Settings(data_dir=Path("/")))}
    return {**described, "data_dir": ""}


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET.name}\n")
