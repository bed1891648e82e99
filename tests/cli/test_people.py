"""``leadline people``, as a process, against a real database."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from tests.cli.command import Command

ACME = "https://www.linkedin.com/company/acme"
ADA, BO = "https://www.linkedin.com/in/ada-quist", "https://www.linkedin.com/in/bo-lind"
TABLE = f"""Name;Wo;Title;Company;Company LinkedIn URL;LinkedIn URL;Email
Ada Quist;Oslo, Norway;VP Sales;Acme;{ACME};{ADA};ada@acme.com
Bo Lind;Kiel, Germany;CTO;Acme;{ACME};{BO};bo@acme.com
=Cid;;=cmd|'/c calc'!A1;Acme;{ACME};https://www.linkedin.com/in/cid;
Dee;too;few
;;;;;https://www.linkedin.com/in/nobody;
"""


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    return Command({"LEADLINE_DATABASE_URL": database_url, "LEADLINE_DATA_DIR": str(tmp_path)})


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "crm.csv"
    path.write_text(TABLE, encoding="utf-8-sig")
    return str(path)


async def test_people_are_brought_along_and_found(command: Command, file: str) -> None:
    brought = await command.run("people", "import", file, "--mapping", "Wo=location")
    assert brought.code == 0, brought
    assert "5 lines: 3 new, 0 known already or repeated, 2 left out" in brought.out
    assert "line 5: has 3 cells, and the header 7 (left out)" in brought.out
    assert "line 6: names nobody (left out)" in brought.out
    again = await command.run("people", "import", file, "--mapping", "Wo=location", "--json")
    told = json.loads(again.out)
    assert (told["made"], told["merged"], told["mapped"]["Wo"]) == (0, 3, "location")

    found = await command.run("people", "search", "--company", ACME, "--seniority", "CXO")
    assert found.code == 0, found
    assert found.out == f"Bo Lind: CTO, Acme, Kiel, Germany\nimport crm.csv {BO}\n1 of 1\n"
    page = await command.run("people", "search", "--company", ACME, "--limit", "2", "--offset", "1", "--json")
    shown = json.loads(page.out)
    assert ([one["fullName"] for one in shown["items"]], shown["total"]) == (["Bo Lind", "=Cid"], 3)
    unknown = await command.run("people", "search", "--department", "Engineerin")
    assert unknown.code == 2, unknown
    assert "did you mean 'Engineering'" in unknown.err


async def test_a_wrong_mapping_and_no_table_are_told(command: Command, file: str, tmp_path: Path) -> None:
    misspelt = await command.run("people", "import", file, "--mapping", "Wo=locatoin")
    assert misspelt.code == 2, misspelt
    assert "did you mean location" in misspelt.err
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    none = await command.run("people", "import", str(tmp_path / "notes.csv"))
    assert none.code == 2, none
    assert "holds no header" in none.err


async def test_a_list_is_made_shown_and_written(command: Command, file: str) -> None:
    await command.run("people", "import", file)
    made = await command.run(
        "people", "lists", "create", "Acme", "--company", ACME, "--keywords", "Acme", "--json"
    )
    assert made.code == 0, made
    (kept,) = json.loads(made.out)
    assert kept["contactCount"] == 3
    assert (await command.run("people", "lists", "list")).out == f"{kept['id']}  Acme (3 people)\n"
    written = await command.run("people", "lists", "export", kept["id"])
    header, *rows = list(csv.reader(io.StringIO(written.out)))
    names = [row[header.index("full name")] for row in rows]
    assert names == ["Ada Quist", "Bo Lind", "'=Cid"], "a cell that begins with = is text"


async def test_all_that_is_held_is_shown_and_erased_for_good(command: Command, file: str) -> None:
    await command.run("people", "import", file)
    shown = await command.run("people", "show", "ada@acme.com")
    assert shown.code == 0, shown
    assert "VP Sales at Acme" in shown.out
    assert "import crm.csv" in shown.out
    held = json.loads((await command.run("people", "export", "linkedin.com/in/Ada-Quist/?x=1")).out)
    assert held["profile"]["full_name"] == "Ada Quist"
    assert held["provenance"]["email"]["reference"] == "crm.csv"

    unsure = await command.run("people", "erase", ADA)
    assert unsure.code != 0, "nobody said yes"
    assert (await command.run("people", "show", ADA)).code == 0
    erased = await command.run("people", "erase", ADA, "--yes")
    assert erased.code == 0, erased
    gone = await command.run("people", "show", ADA)
    assert gone.code != 0
    assert "Nobody is known" in gone.err
    back = await command.run("people", "import", file)
    assert "0 new, 2 known already or repeated, 2 left out, 1 erased before" in back.out
    assert (await command.run("people", "search", "Ada")).out.endswith("0 of 0\n")


async def test_somebody_who_is_not_kept_is_erased_and_kept_out(command: Command, file: str) -> None:
    erased = await command.run("people", "erase", f"{ADA}/?x=1", "--yes", "--json")
    assert erased.code == 0, erased
    assert json.loads(erased.out)["people"] == 0
    assert "2 new" in (await command.run("people", "import", file)).out
    unknown = await command.run("people", "erase", "nobody@acme.com", "--yes")
    assert unknown.code != 0
    assert "Nobody is known" in unknown.err
