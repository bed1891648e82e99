"""``leadline batch``, as a process: tables in, a table out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click
import pytest
from tests.cli.command import HOST, command_for, small_site
from tests.web import WebServer

from leadline.cli.batch import DOMAINS, Asked, column, questions, write

FOUNDED = "In which year was Acme founded?"
OTHER = "other.com"


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        small_site(server)
        server.page(HOST, "/", "<title>Acme</title><h1>Acme</h1><p>Acme was founded in 1987 in Kiel.</p>")
        server.page(OTHER, "/", "<title>Other</title><p>=HYPERLINK is what we sell.</p>")
        yield server


async def test_tables_in_and_a_row_a_company_out(
    web: WebServer, database_url: str, tmp_path: Path, database: Any
) -> None:
    (tmp_path / "domains.csv").write_bytes(
        f"\ufeffName;Website\r\nAcme;https://{HOST}/about\r\n;{OTHER}\r\nAcme again;{HOST}\r\nOdd;no domain\r\n".encode()
    )
    (tmp_path / "questions.csv").write_text(f"question,type,name\n{FOUNDED},number,founded\n")
    hosts = f"{HOST}={web.address},{OTHER}={web.address}"
    command = command_for(web, database_url, LEADLINE_CONNECT_TO=hosts)
    arguments = [
        "batch",
        "--domains",
        str(tmp_path / "domains.csv"),
        "--questions",
        str(tmp_path / "questions.csv"),
    ]
    out = tmp_path / "answers.csv"
    ended = await command.run(*arguments, "--out", str(out), "--yes")
    assert ended.code == 1, ended  # one domain means no company
    assert "3 companies x 1 questions = 3 signals" in ended.err
    assert "not asked: no domain: " in ended.err
    assert "2 of 2: 0 failed, 2 pages read, 2 fetched" in ended.err
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert [row["domain"] for row in rows] == [HOST, OTHER, "no domain"]
    assert rows[0]["founded value"] == "1987"
    assert "founded in 1987" in rows[0]["founded quote"]
    assert rows[0]["founded address"] == f"https://{HOST}/"
    assert (rows[1]["founded value"], rows[2]["founded note"]) == ("", "not asked")
    again = await command.run(*arguments, "--out", str(tmp_path / "answers.jsonl"), "--yes")
    assert "1 answered" in again.err
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert lines[0]["founded"]["value"] == 1987
    assert await database.fetchval("select count(*) from signals") == 2, "nothing was asked twice"


async def test_credits_are_not_spent_without_a_yes(
    web: WebServer, database_url: str, tmp_path: Path, database: Any
) -> None:
    (tmp_path / "domains.csv").write_text(f"{HOST}\n")
    (tmp_path / "questions.csv").write_text(f"{FOUNDED}\n")
    ended = await command_for(web, database_url).run(
        "batch", "--domains", str(tmp_path / "domains.csv"), "--questions", str(tmp_path / "questions.csv"),
        "--out", str(tmp_path / "answers.csv"),
    )  # fmt: skip
    assert ended.code == 130, ended
    assert await database.fetchval("select count(*) from signals") == 0
    refused = await command_for(web, database_url).run(
        "batch", "--domains", str(tmp_path / "domains.csv"), "--questions", str(tmp_path / "questions.csv"),
        "--out", str(tmp_path / "answers.xls"), "--yes",
    )  # fmt: skip
    assert (refused.code, ".csv, .jsonl, .parquet" in refused.err) == (2, True)


def test_columns_are_found_by_their_names_or_taken_as_they_come(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes("Firma\tCompany Domain\nÄ\tacme.com\n".encode("utf-16"))
    assert column(file, ("domain", "company domain")) == ["acme.com"]
    file.write_text("acme.com\nother.com\n")
    assert column(file, ("domain",)) == ["acme.com", "other.com"]
    file.write_text("How many people work there?\nIs it open, and to whom?\n")
    assert [one.question for one in questions(file)] == ["How many people work there?", "Is it open"]
    file.write_text('question,type\n"Is it open, and to whom?",boolean\nWho?,\n')
    assert questions(file) == [
        Asked("Is it open, and to whom?", "Is it open, and to whom?", "boolean"),
        Asked("Who?", "Who?", "open_text"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfDomain,Note\r\na.com,x\r\nb.com,y\r\n",
        b"Note;Domain\nx;a.com\ny;b.com\n",
        "Domain\tNote\na.com\tx\nb.com\ty\n".encode("utf-16"),
        b"Website|Note\na.com|x\n\n ,\nb.com|caf\xe9\n",
    ],
    ids=["byte order mark", "semicolons", "utf-16 and tabs", "bars, blank rows, latin-1"],
)
def test_tables_of_any_spreadsheet_are_read(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "domains.csv"
    file.write_bytes(content)
    assert [one for one in column(file, DOMAINS) if "." in one] == ["a.com", "b.com"]


def test_wrong_columns_and_empty_files_say_so(tmp_path: Path) -> None:
    file = tmp_path / "domains.csv"
    for content in ("", "\n\n", "Domain,Note\n,x\n"):
        file.write_text(content)
        with pytest.raises(click.UsageError, match=r"domains\.csv"):
            column(file, DOMAINS)
        with pytest.raises(click.UsageError, match=r"domains\.csv"):
            questions(file)


def test_a_hundred_thousand_rows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "domains.csv"
    file.write_text("domain;name\n" + "".join(f"company-{n}.com;N {n}\n" for n in range(100_000)))
    assert len(column(file, DOMAINS)) == 100_000


def test_formulas_stay_text_and_negative_numbers_numbers(tmp_path: Path) -> None:
    found = {"value": "=1+1", "confidence": 0.5, "quote": "+49 30", "address": None, "note": None}
    out = tmp_path / "t.csv"
    write(out, "csv", [{"domain": "-2", "a": found}], [Asked("a", "a?", "open_text")])
    assert list(csv.reader(io.StringIO(out.read_text(encoding="utf-8-sig"))))[1] == [
        "-2", "'=1+1", "0.5", "'+49 30", "", "",
    ]  # fmt: skip
