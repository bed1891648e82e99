"""Each table is named in SQL by one room, in its repository: import contracts cannot see who reads whose rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import SOURCE

# Modules that hold a room's SQL besides ``repository``.
_ALSO_SQL = {"signals/views.py", "foundation/migrations.py"}
_TABLE = re.compile(r"\bcreate table (?:if not exists )?(\w+)", re.IGNORECASE)
_RENAMED = re.compile(r"\balter table (\w+) rename to (\w+)", re.IGNORECASE)
_DROPPED = re.compile(r"\bdrop table (\w+)", re.IGNORECASE)
# What names a table: a word behind one of these, or behind a comma in the same clause.
_NAMED = re.compile(
    r"\b(?:from|join|into|update|table|truncate|using)\s+(?:only\s+|if\s+exists\s+)?([a-z_]\w*)",
    re.IGNORECASE,
)


def tables() -> set[str]:
    """The tables that the migrations leave."""
    found: set[str] = set()
    for path in sorted((SOURCE / "migrations").glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        found |= set(_TABLE.findall(sql))
        for old, new in _RENAMED.findall(sql):
            found = (found - {old}) | {new}
        found -= set(_DROPPED.findall(sql))
    return found | {"schema_migrations"}


def texts(path: Path) -> Iterator[str]:
    """The string constants of a module, f-strings with a blank for what is filled in; docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else " " for p in node.values)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings | inside
        ):
            yield node.value


def named() -> dict[str, set[str]]:
    """Table to the modules whose SQL names it."""
    known = tables()
    found: dict[str, set[str]] = {table: set() for table in known}
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        for text in texts(path):
            if not re.search(r"\b(?:select|insert|update|delete|truncate|create)\b", text, re.IGNORECASE):
                continue
            for table in set(_NAMED.findall(text)) & known:
                found[table].add(name)
    return found


def test_each_table_is_named_by_one_room() -> None:
    shared = {
        table: sorted(modules)
        for table, modules in named().items()
        if len({module.partition("/")[0] for module in modules}) > 1
    }
    assert shared == {}


def test_tables_are_named_in_repositories_only() -> None:
    elsewhere = {
        table: sorted(m for m in modules if not m.endswith("/repository.py") and m not in _ALSO_SQL)
        for table, modules in named().items()
    }
    assert {table: modules for table, modules in elsewhere.items() if modules} == {}


def test_every_table_is_somebodys() -> None:
    assert [table for table, modules in named().items() if not modules] == []
