"""The demo, run as a user runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNANSWERABLE = ("revenue did Quillfen make", "chief financial officer of Quillfen")


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def printed(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ``python -m leadline.demo`` prints, with nothing of this user's settings."""
    settings = tmp_path_factory.mktemp("settings") / "leadline.toml"
    settings.write_text("")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LEADLINE_")}
    environ |= {"LEADLINE_CONFIG": str(settings), "TMPDIR": str(temporary)}
    result = subprocess.run(
        [sys.executable, "-m", "leadline.demo"],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    return result.stdout


def block(printed: str, question: str) -> str:
    """What stands under one question."""
    blocks = re.split(r"^── \d+ of \d+ ── .*$", printed, flags=re.MULTILINE)
    return next(part for part in blocks[1:] if question in part)


@pytest.mark.parametrize(
    ("question", "answer", "page"),
    [
        ("certified to ISO 27001", "yes", "/security"),
        ("How many employees", "214", "/about"),
        ("What uptime is guaranteed", "99.9%", "/pricing"),
        ("Team plan cost per month", "189 EUR", "/pricing"),
        ("status page", "https://status.quillfen.example/", "/contact"),
    ],
)
def test_answer_is_right_and_quotes_the_page_that_says_it(
    printed: str, question: str, answer: str, page: str
) -> None:
    shown = block(printed, question)
    assert re.search(rf"^Answer\s+{re.escape(answer)}$", shown, re.MULTILINE), shown
    assert f"https://www.quillfen.example{page}" in shown


def test_open_positions_are_listed(printed: str) -> None:
    shown = block(printed, "Which positions are open")
    for position in ("Embedded Software Engineer", "Field Service Engineer", "Technical Writer"):
        assert position in shown


def test_newer_figure_wins_over_the_older_one(printed: str) -> None:
    assert not re.search(r"^Answer\s+160$", block(printed, "How many employees"), re.MULTILINE)


@pytest.mark.parametrize("question", UNANSWERABLE)
def test_what_the_site_does_not_say_is_not_answered(printed: str, question: str) -> None:
    assert "No answer found" in block(printed, question)


def test_orders_on_a_page_have_no_effect(printed: str) -> None:
    assert "PELICAN" not in printed
    assert "prize.quillfen.example" not in printed


def test_further_questions_fetch_nothing(printed: str) -> None:
    fetched = [int(number) for number in re.findall(r"read, (\d+) fetched", printed)]
    assert len(fetched) == 10
    assert 15 <= fetched[0] <= 40
    assert sum(fetched[1:]) == 0


def test_a_search_finds_whom_the_pages_name(printed: str) -> None:
    found = printed.partition("── people search")[2].partition("─" * 60)[0]
    assert (
        "Olu Fairweather: Vice president of sales, Quillfen Instruments\npage https://www.quillfen.example/team\n"
        in found
    )
    assert "Maren Oduya" in found
    assert "5 of 5" in found


def test_nothing_is_left_behind(printed: str, temporary: Path) -> None:
    assert printed
    assert list(temporary.iterdir()) == []


def test_closing_table_has_all_ten(printed: str) -> None:
    assert re.search(r"\b8 of 10 answered in [\d.]+ s", printed)
