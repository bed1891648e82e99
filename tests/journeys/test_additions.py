"""What it takes to add an answer type or a source: done in a copy of the program, and asked as a user would.

An answer type is one file and its line; a source is one file, its line, and its setting. Nothing else is touched, and
everything (the document, the model's reply form, verification, the command line) takes it from there.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cli.command import HOST, SRC, Command, command_for, small_site
from tests.model_server import Asked, ModelServer
from tests.web import WebServer

OTHER = "news.example"
DATE = '''
"""A day, ISO 8601."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from leadline.research.answer_types.base import AnswerType, InvalidValue, Support
from leadline.research.model import Question
from leadline.research.values.dates import find_dates


class Date(AnswerType):
    name = "date"
    key = "date"
    wire = str

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        return {"type": "string", "format": "date", "description": "the day as YYYY-MM-DD"}

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> str:
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            raise InvalidValue("a day such as 2026-11-21 is wanted") from None

    def equal(self, a: Any, b: Any) -> bool:
        return bool(a == b)

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        held = [found.iso for text in words for found in find_dates(text)]
        return Support(value in held, "the day stands in the cited words" if value in held else "it does not")
'''

SEARCH = '''
"""Pages that a search service found for anything asked."""

from __future__ import annotations

from msgspec.structs import replace

from leadline.research.documents.hosts import host_of, same_site
from leadline.research.model import Evidence, Page, Provenance, Question, Unreadable
from leadline.research.ports import Library, Progress
from leadline.research.sources.reading import read


class Search:
    name = "search"
    needs = 5

    def __init__(self, library: Library, address: str | None) -> None:
        self._library = library
        self._address = address

    def suits(self, question: Question) -> bool:
        return self._address is not None

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        urls = [str(self._address)][:pages]
        found = await read(
            self._library, urls, None, not_before=None, deadline=deadline, arrived=lambda url: None
        )
        return Evidence(
            pages=tuple(_of(question, one.page) for one in found.values() if isinstance(one.page, Page)),
            unreadable=tuple(one.page for one in found.values() if isinstance(one.page, Unreadable)),
            fetched=sum(one.fetched for one in found.values()),
        )


def _of(question: Question, page: Page) -> Page:
    own = same_site(host_of(page.url), question.company.asked_host)
    return replace(page, provenance=Provenance.OWN if own else Provenance.THIRD_PARTY)
'''


class Copy:
    """A copy of the program to which things are added. ``touched`` are the files that were written or changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.touched: list[str] = []
        shutil.copytree(SRC / "leadline", folder / "leadline", ignore=shutil.ignore_patterns("__pycache__"))

    def add(self, name: str, text: str) -> None:
        path = self.folder / "leadline" / name
        assert not path.exists()
        path.write_text(text.lstrip(), encoding="utf-8")
        self.touched.append(name)

    def line(self, name: str, before: str, imported: str, line: str) -> None:
        """Put ``line`` before the only place where ``before`` stands, and the import it needs beside the others."""
        path = self.folder / "leadline" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, before
        text = text.replace(before, line + before)
        if imported:
            text = text.replace("\nfrom leadline.", f"\n{imported}\nfrom leadline.", 1)
        path.write_text(text, encoding="utf-8")
        self.touched.append(name)

    def command(self, web: WebServer, database_url: str, **variables: str) -> Command:
        hosts = ",".join(f"{host}={web.address}" for host in (HOST, OTHER))
        mapped = {"LEADLINE_CONNECT_TO": hosts, "PYTHONPATH": str(self.folder)}
        return command_for(web, database_url, **mapped, **variables)


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        small_site(server)
        yield server


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "copy")


# ------------------------------------------------------------------ an answer type


def add_date(copy: Copy) -> None:
    copy.add("research/answer_types/date.py", DATE)
    copy.line(
        "research/answer_types/__init__.py",
        "    JsonSchema(),\n",
        "from leadline.research.answer_types.date import Date",
        "    Date(),\n",
    )


async def test_an_answer_type_is_one_file_and_its_line(copy: Copy, web: WebServer, database_url: str) -> None:
    web.page(HOST, "/", "<h1>Acme</h1><p>Acme makes anvils.</p><p>The contract ends on 31 May 2027.</p>")
    add_date(copy)

    def reply(asked: Asked) -> object:
        (number,) = re.findall(r"^\[(\d+)\].*31 May 2027", asked.prompt, re.MULTILINE)
        return {
            "citations": [int(number)],
            "value": "2027-05-31",
            "basis": "stated",
            "answered": True,
            "reasoning": "It says so.",
        }

    async with ModelServer(reply) as models:
        model = {"LEADLINE_MODEL": "vllm:m", "LEADLINE_MODEL_BASE_URL": models.openai}
        command = copy.command(web, database_url, **model)
        shown = await command.run("ask", HOST, "When does the contract end?", "--type", "date", "--json")
        assert shown.code == 0, shown
        quiet = await command.run("ask", HOST, "When does the contract end?", "--type", "date", "--quiet")
    wire = json.loads(shown.out)
    assert wire["answer"] == {"type": "date", "date": {"value": "2027-05-31"}}
    assert wire["sources"][0]["snippet"] == "The contract ends on 31 May 2027."
    assert quiet.out == "2027-05-31\n"
    assert len(copy.touched) == 2


async def test_the_document_offers_an_answer_type_that_was_added(copy: Copy, web: WebServer) -> None:
    add_date(copy)
    program = (
        "import json; from leadline.api.app import OPERATIONS; from leadline.api.document import openapi; "
        "print(json.dumps(openapi(OPERATIONS, '1')['components']['schemas']))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env=copy.command(web, "").environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    schemas = json.loads(out)
    assert "date" in schemas["CreateCompanySignalRequest"]["properties"]["answerType"]["enum"]
    assert schemas["DateAnswer"]["required"] == ["type", "date"]


# ------------------------------------------------------------------ a source


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Acme won the national award for anvils in 2011.", 2011),
        ("It won the national award for anvils in 2011.", None),  # whose award?
    ],
)
async def test_a_source_is_one_file_its_line_and_its_setting(
    copy: Copy, web: WebServer, database_url: str, words: str, answer: int | None
) -> None:
    web.page(OTHER, "/award", f"<title>Awards</title><h1>Awards</h1><p>{words}</p>")
    copy.add("research/sources/search.py", SEARCH)
    copy.line(
        "bootstrap.py",
        "                ],\n                sandbox,\n",
        "from leadline.research.sources.search import Search",
        "                    Search(library, settings.search_address),\n",
    )
    copy.line(
        "foundation/settings.py",
        "    data_dir: Path = _setting(\n",
        "",
        '    search_address: str | None = _setting("what the search finds", _url("https"))\n',
    )
    command = copy.command(web, database_url, LEADLINE_SEARCH_ADDRESS=f"https://{OTHER}/award")
    question = "In which year did Acme win the national award for anvils?"
    ended = await command.run("ask", HOST, question, "--type", "number", "--json")
    assert ended.code in (0, 3), ended
    wire = json.loads(ended.out)
    found = wire["answer"]["number"]["value"] if wire["answer"] else None
    assert found == answer, wire
    assert web.count(OTHER, "/award") == 1
    if answer is None:
        assert "somebody else's and does not name the subject" in wire["reasoning"]
    else:
        assert wire["sources"][0]["url"] == f"https://{OTHER}/award"
        assert wire["confidence"] <= 0.6
    assert len(copy.touched) == 3
