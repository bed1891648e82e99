"""What a user is told when an environment cannot be made."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.architecture.tree import ROOT


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout without environments, and a PATH that has the shell's own tools and no Python, no uv."""
    for folder in ("scripts", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / "a checkout" / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "a checkout")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "cat", "cksum", "dirname", "mkdir", "rm"):
        found = shutil.which(name)
        assert found, name
        (tools / name).symlink_to(found)
    return tmp_path


def bootstrap(bare: Path, kind: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [bare / "a checkout" / "scripts" / "bootstrap", kind],
        env={"PATH": str(bare / "bin"), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_old_python_named_by_the_user_is_refused(bare: Path) -> None:
    program(bare / "bin" / "oldpython", "exit 1")
    result = bootstrap(bare, "runtime", PYTHON="oldpython")
    assert result.returncode == 1
    assert "PYTHON=oldpython is not a Python of version 3.11 or newer" in result.stderr


def test_no_python_at_all_is_said(bare: Path) -> None:
    result = bootstrap(bare, "runtime")
    assert result.returncode == 1
    assert "no Python of version 3.11 or newer was found" in result.stderr


def test_broken_index_does_not_leave_an_environment_that_looks_whole(bare: Path) -> None:
    program(bare / "bin" / "uv", 'case "$1 $2" in "venv "*) mkdir -p .venv/bin;; *) exit 9;; esac')
    program(bare / "bin" / "python3", "echo /usr/bin/python3")
    for _ in range(2):
        result = bootstrap(bare, "runtime")
        assert result.returncode == 9
        assert "installing what requirements/runtime.txt lists" in result.stderr
    assert not list((bare / "a checkout" / ".venv").glob(".leadline-*"))
