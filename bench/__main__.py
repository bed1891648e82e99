"""``python -m bench [MODULE ...]``: run the benchmarks and print what was measured against its goal."""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
import sys
import textwrap
from collections.abc import Iterable, Sequence

import bench
from bench.rows import Row

WIDTHS = {"what": 46, "value": 18, "goal": 14, "": 4, "note": 66}


def modules() -> list[str]:
    """Names of the modules that measure something."""
    return [
        entry.name
        for entry in pkgutil.iter_modules(bench.__path__)
        if not entry.name.startswith("_") and hasattr(importlib.import_module(f"bench.{entry.name}"), "rows")
    ]


def printed(cells: Sequence[str]) -> str:
    """The cells side by side, each wrapped to its column's width."""
    columns = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS.values(), strict=True)]
    height = max(len(column) for column in columns)
    lines = []
    for index in range(height):
        parts = [
            (column[index] if index < len(column) else "").ljust(width)
            for column, width in zip(columns, WIDTHS.values(), strict=True)
        ]
        lines.append(" | ".join(parts).rstrip(" |"))
    return "\n".join(lines)


def measured(name: str) -> Iterable[Row]:
    for row in importlib.import_module(f"bench.{name}").rows():
        yield Row(*row)


def main(arguments: Sequence[str]) -> int:
    known = modules()
    if {"-h", "--help"} & set(arguments):
        print(
            f"usage: python -m bench [NAME ...]\n\nMeasures, and prints a table against the goals. NAME: {', '.join(known)}."
        )
        return 0
    if unknown := [name for name in arguments if name not in known]:
        sys.stderr.write(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(known)}\n")
        return 2
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    print(printed(list(WIDTHS)), flush=True)
    print("-+-".join("-" * width for width in WIDTHS.values()), flush=True)
    missed = 0
    for name in arguments or known:
        for row in measured(name):
            mark = {True: "yes", False: "NO", None: ""}[row.met]
            missed += row.met is False
            print(printed([row.what, row.value, row.goal, mark, row.note]), flush=True)
    print(f"{missed} below goal" if missed else "every goal reached", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
