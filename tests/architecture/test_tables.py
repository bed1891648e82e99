"""Each table is named in SQL by one room, in its repository: import contracts cannot see who reads whose rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.architecture.tree import SOURCE

# Modules that hold a room's SQL besides ``repository``.
_ALSO_SQL = {
    "signals/views.py",
    "signals/progress_repository.py",
    "signals/batch_repository.py",
    "signals/trust_repository.py",
    "foundation/migrations.py",
}
_TABLE = re.compile(r"\bcreate (?:unlogged )?table (?:if not exists )?(\w+)", re.IGNORECASE)
_RENAMED = re.compile(r"\balter table (\w+) rename to (\w+)", re.IGNORECASE)
_DROPPED = re.compile(r"\bdrop table (\w+)", re.IGNORECASE)
_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|(?P<quoted>"(?:[^"]|"")*")|(?P<word>[a-z_]\w*)|\S""",
    re.IGNORECASE | re.DOTALL,
)
# A list of tables follows one of these, and ends at any other word of a clause.
_OPENING = frozenset({"from", "join", "into", "update", "table", "truncate", "using"})
_CLOSING = frozenset(
    "where on set select values group order having limit offset returning union except intersect window for with when"
    " insert delete cascade".split()
)
_PASSED = frozenset({"only", "if", "exists", "lateral", "not"})


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


def mentioned(sql: str) -> Iterator[str]:
    """The names that stand where SQL wants a table: first in a list of them, or behind its commas, or in a schema."""
    before: list[bool] = []  # for each open bracket: was a table expected around it?
    expected = listing = False
    for match in _TOKEN.finditer(sql):
        token = match[0]
        if match["word"] and token.lower() in _OPENING:
            expected = listing = True
        elif match["word"] and token.lower() in _CLOSING:
            expected = listing = False
        elif match["word"] or match["quoted"]:
            if expected and token.lower() not in _PASSED:
                yield token.strip('"').lower()
                expected = False
        elif token == "(":
            before.append(listing)
            # What stands in brackets is a list of tables again, or the columns of an insert.
            listing = expected
        elif token == ")":
            listing = before.pop() if before else False
            expected = False
        elif token == ".":
            expected = listing  # what went before was a schema
        elif token == ",":
            expected = listing


def named() -> dict[str, set[str]]:
    """Table to the modules whose SQL names it."""
    known = tables()
    found: dict[str, set[str]] = {table: set() for table in known}
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        for text in texts(path):
            if not re.search(r"\b(?:select|insert|update|delete|truncate|create)\b", text, re.IGNORECASE):
                continue
            for table in set(mentioned(text)) & known:
                found[table].add(name)
    return found


@pytest.mark.parametrize(
    ("sql", "tables_of"),
    [
        (
            'select a, b from one, two t, "Three" where x in (select y from four)',
            {"one", "two", "three", "four"},
        ),
        ("select one.a from public.one one join only two using (a)", {"public", "one", "two", "a"}),
        (
            "insert into one (two, three) select a, b from four on conflict do update set two = 3",
            {"one", "four"},
        ),
        ("delete from one using two, three where one.a = 'from four'  -- from five", {"one", "two", "three"}),
        (
            "with w as (select 1 from (one join two on true)) update three set a = 1 from w",
            {"one", "two", "three", "w"},
        ),
    ],
)
def test_names_of_tables_are_found_wherever_sql_lets_them_stand(sql: str, tables_of: set[str]) -> None:
    assert set(mentioned(sql)) == tables_of


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
