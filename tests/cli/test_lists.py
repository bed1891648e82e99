"""``leadline lists``, as a process, against a real database."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from tests.cli.command import Command


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    return Command({"LEADLINE_DATABASE_URL": database_url, "LEADLINE_DATA_DIR": str(tmp_path)})


async def test_a_file_becomes_a_list_and_a_list_a_file(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "prospects.csv"
    file.write_text(
        "Firma;Website\nMill;https://www.mill.com/about\nOdd;no domain\nKiel;kiel.de\nMill again;mill.com\n"
    )
    made = await command.run("lists", "import", str(file), "--json")
    assert made.code == 0, made
    assert "left out: no domain: " in made.err
    assert "3 companies, 1 left out" in made.err
    (kept,) = json.loads(made.out)
    assert (kept["name"], kept["filter"]["domains"]) == ("prospects", ["mill.com", "kiel.de"])
    listed = await command.run("lists", "list")
    assert listed.out == f"{kept['id']}  prospects (2 companies)\n"
    exported = await command.run("lists", "export", kept["id"], "--field", "industry")
    rows = list(csv.reader(io.StringIO(exported.out)))
    assert rows == [
        ["name", "website", "industry"],
        ["kiel.de", "https://kiel.de/", ""],
        ["mill.com", "https://mill.com/", ""],
    ]
    wrong = await command.run("lists", "export", kept["id"], "--field", "shoes")
    assert wrong.code != 0
    assert "industry" in wrong.err


async def test_a_file_without_companies_is_refused(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "empty.csv"
    file.write_text("domain\n")
    ended = await command.run("lists", "import", str(file))
    assert ended.code == 2, ended
