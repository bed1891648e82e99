"""The licence check finds what it is there to find."""

from __future__ import annotations

from email.message import Message
from types import ModuleType

import pytest
from tests.architecture.tree import ROOT, script


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    return script("check_licences")


@pytest.mark.parametrize(
    "stated",
    [
        "GPL-3.0-only",
        "AGPL-3.0-or-later",
        "GNU General Public License v3 (GPLv3)",
        "MIT AND GPL-2.0-only",
        "GPLv2+",
    ],
)
def test_copyleft_is_refused(checker: ModuleType, stated: str) -> None:
    assert checker.objection("anything", stated) == f"anything: {stated}"


@pytest.mark.parametrize("stated", ["MIT", "Apache-2.0 OR BSD-3-Clause", "LGPL-2.1-or-later", "MPL-2.0"])
def test_permissive_and_weak_copyleft_pass(checker: ModuleType, stated: str) -> None:
    assert checker.objection("anything", stated) is None


def test_choice_of_licences_passes_only_when_ours_is_named(checker: ModuleType) -> None:
    offered = "MPL-1.1 OR GPL-2.0-only OR LGPL-2.1-or-later"
    assert checker.objection("tld", offered) is None
    assert checker.objection("unnamed", offered) == f"unnamed: {offered}"
    assert "was chosen" in checker.objection("tld", "GPL-2.0-only")


def test_no_licence_told_is_refused(checker: ModuleType) -> None:
    assert checker.objection("silent", checker.licence(Message())) == "silent: tells no licence"


def test_what_we_run_on_is_allowed(checker: ModuleType) -> None:
    names = checker.pinned((ROOT / "requirements" / "runtime.txt").read_text())
    count, objections = checker.check(names)
    assert objections == []
    assert count >= 50
