"""The house rules that a program can check."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.architecture.tree import ROOT, SOURCE, files, texts

MODULES = list(files(".py", under=SOURCE))
MOST_LINES = 900


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "common", "helpers", "helper", "misc"}
    found = [named(path) for path in MODULES if drawers & {path.stem, *path.relative_to(SOURCE).parts}]
    assert found == []


def test_no_class_is_named_for_doing_everything() -> None:
    vague = re.compile(r"(Manager|Helper|Handler)$")
    found = [
        f"{named(path)}: {node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and vague.search(node.name)
    ]
    assert found == []


def test_no_file_outgrows_reading() -> None:
    sizes = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files(".py")}
    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES} == {}


def test_only_settings_read_the_environment() -> None:
    allowed = {"src/leadline/foundation/settings.py"}
    reading = re.compile(r"\bos\.(environ|getenv)\b|\bfrom os import [^\n]*\b(environ|getenv)\b")
    found = {named(path) for path in MODULES if reading.search(path.read_text(encoding="utf-8"))}
    assert found <= allowed


def test_rooms_enter_each_other_through_service_and_schemas() -> None:
    rooms = {path.parent.name for path in SOURCE.glob("*/service.py")}
    assert {"signals", "evidence", "companies"} <= rooms
    found = []
    for path in MODULES:
        room = path.relative_to(SOURCE).parts[0]
        if room not in rooms:
            continue
        for target in imported(path):
            parts = target.split(".")
            other_room = parts[0] == "leadline" and len(parts) > 1 and parts[1] in rooms - {room}
            if other_room and (len(parts) < 3 or parts[2] not in {"service", "schemas"}):
                found.append(f"{named(path)} imports {target}")
    assert found == []


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a module imports: ``a.b.c`` for ``from a.b import c``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_file_names_a_machine_or_a_registry() -> None:
    places = [
        r"/(?:work|tmp/boot)/[\w.]",
        r"/root/\.",
        r"/opt/(?:pypi|wheels)",
        r"\bpypi" + r"\.org",
        r"python" + r"hosted",
        r"registry\.npm" + r"js",
        r"deb\.debian" + r"\.org",
        r"\bcrates" + r"\.io",
        r"--(?:extra-)?index-url\b(?<!emit-index-url)|--find-links",
    ]
    pattern = re.compile("|".join(places))
    here = named(Path(__file__))
    found = {
        name: match.group() for name, text in texts() if name != here and (match := pattern.search(text))
    }
    assert found == {}


def test_migrations_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (SOURCE / "migrations").glob("*.sql"))
    assert names
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name) for name in names)
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_public_names_are_exactly_these() -> None:
    leadline = importlib.import_module("leadline")
    assert sorted(leadline.__all__) == ["InvalidInput", "LeadlineError", "Signal", "ask", "ask_async"]
    for name in leadline.__all__:
        assert getattr(leadline, name) is not None


def test_every_answer_type_has_its_file_and_its_test() -> None:
    from leadline.research.answer_types import ANSWER_TYPES

    folder = SOURCE / "research" / "answer_types"
    tests = "".join(path.read_text() for path in files(".py", under=ROOT / "tests/research/answer_types"))
    for name in ANSWER_TYPES:
        assert (folder / f"{name}.py").is_file(), name
        assert name in tests, f"no test names {name}"


def test_types_are_shipped() -> None:
    assert (SOURCE / "py.typed").is_file()


# ---------------------------------------------------------------- the locks


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    pinned = r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9, -]+\])?==(\S+)"
    return dict(re.findall(pinned, text, re.MULTILINE))


@pytest.mark.parametrize("name", ["runtime", "dev", "build", "uv"])
def test_lock_pins_everything_by_hash_and_tells_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9][a-z0-9._-]*(?:\[[a-z0-9, -]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["runtime", "build"])
def test_locks_agree(name: str) -> None:
    dev = pins("dev")
    assert {package: version for package, version in pins(name).items() if dev.get(package) != version} == {}


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = project["project"]["dependencies"]
    names = [re.split(r"[\[<>=!~; ]", line)[0].lower() for line in declared]
    locked = pins("runtime")
    assert [name for name in names if name not in locked] == []
