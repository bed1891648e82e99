"""What the documents say is there, is there."""

from __future__ import annotations

import re
import tomllib

import pytest
from tests.architecture.tree import ROOT, files, script

DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in files(".md"))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_make_commands_in_documents_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    code = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^(?: {4}|\$ )(.+)$", text, re.MULTILINE)
    code += [
        line for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()
    ]
    asked = {
        match.group(1) for line in code if (match := re.match(r"(?:\$ )?make(?: \w+=\S+)* ([a-z]+)", line))
    }
    assert asked <= targets()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_documents_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    linked = [
        link
        for link in re.findall(r"\]\(([^)\s]+)\)", text)
        if "://" not in link and not link.startswith("#")
    ]
    missing = [link for link in linked if not ((ROOT / name).parent / link.partition("#")[0]).exists()]
    assert missing == []


def test_readme_names_every_target_a_user_types() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in ("demo", "serve", "test", "lint", "bench", "eval"):
        assert target in targets()
        assert f"make {target}" in readme


def test_changelog_knows_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changelog
    assert f"{version}" in changelog


def test_decisions_are_numbered_and_tell_their_state() -> None:
    records = sorted(path for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert records
    numbers = [int(path.name[:4]) for path in records]
    assert numbers == list(range(min(numbers), min(numbers) + len(numbers)))
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert re.match(rf"# {int(path.name[:4])}\. ", text), path.name
        assert re.search(
            r"^- Status: (proposed|accepted|rejected|superseded by \d{4})$", text, re.MULTILINE
        ), path.name


def test_every_setting_is_in_the_reference() -> None:
    writer = script("write_settings")
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == writer.reference(), "run: .venv/bin/python scripts/write_settings.py"
