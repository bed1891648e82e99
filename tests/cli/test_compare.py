"""``leadline compare``: the real command on files."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import Command

QUESTION = {"id": "a", "domain": "acme.example", "question": "How many?", "answerType": "number",
            "expected": 3, "answerable": True, "evidence": [{"path": "/", "quote": "three"}]}  # fmt: skip


def written(path: Path, *lines: object) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


async def test_files_are_scored_compared_and_reported(tmp_path: Path) -> None:
    questions = written(tmp_path / "q.jsonl", QUESTION)
    one = written(tmp_path / "one.jsonl", {"id": "a", "answer": 3, "confidence": 0.9})
    two = written(tmp_path / "two.jsonl", {"id": "a", "answer": 4, "confidence": 0.6})
    page = tmp_path / "report.html"
    ended = await Command().run("compare", questions, one, two, "--html", str(page))
    assert ended.code == 0, ended
    assert "from right to wrong: 1" in ended.out
    assert "a How many?: 3 (0.90) → 4 (0.60)" in ended.out
    assert "from right to wrong" in page.read_text()
    shown = json.loads((await Command().run("compare", questions, one, two, "--json")).out)
    assert [run["right"] for run in shown["runs"]] == [1, 0]
    assert shown["differences"][0]["changed"][0]["after"]["verdict"] == "wrong"


async def test_a_question_file_that_does_not_say_what_is_right_is_refused(tmp_path: Path) -> None:
    bare = {name: value for name, value in QUESTION.items() if name not in ("expected", "answerable")}
    questions = written(tmp_path / "q.jsonl", bare)
    one = written(tmp_path / "one.jsonl", {"id": "a", "answer": 3})
    ended = await Command().run("compare", questions, one)
    assert ended.code == 2
    assert "does not say what is expected" in ended.err
