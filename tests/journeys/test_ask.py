"""``leadline ask`` from the shell and from Python: real processes, a real site, a real database."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import HOST, Command, command_for, small_site
from tests.web import Held, Reply, WebServer, refusing_port

import leadline
from leadline.foundation.settings import Endpoint, Settings

PRICE = "What does the Team plan cost per month?"
UNKNOWN = "How many submarines does the fleet own?"
HOSTILE = "&#27;]0;owned&#7;&#27;[2J\u009b31m\u202e"


@pytest.fixture
async def web() -> Any:
    async with WebServer() as server:
        small_site(server)
        yield server


async def test_an_answer_comes_with_its_evidence(web: WebServer, database_url: str) -> None:
    ended = await command_for(web, database_url).run("ask", HOST, PRICE, "--type", "currency")
    assert ended.code == 0, ended
    assert "Answer      25 USD" in ended.out
    assert "Confidence  0." in ended.out
    assert f"https://{HOST}/pricing" in ended.out
    assert "$25" in ended.out
    assert "no model call" in ended.out
    stages = [line.split()[0] for line in ended.err.splitlines()]
    assert [s for s in stages if s in ("collect", "rank", "answer", "settle")] == [
        "collect",
        "rank",
        "answer",
        "settle",
    ]
    assert "\x1b" not in ended.out + ended.err


async def test_json_is_the_wire_object_and_nothing_else(web: WebServer, database_url: str) -> None:
    ended = await command_for(web, database_url).run("ask", HOST, PRICE, "--type", "currency", "--json")
    assert ended.code == 0, ended
    wire = json.loads(ended.out)
    assert wire["status"] == "completed"
    assert wire["answer"] == {"type": "currency", "currency": {"value": 25, "currency": "USD"}}
    assert wire["createdAt"].endswith("Z")
    assert wire["sources"][0]["url"] == f"https://{HOST}/pricing"
    assert type(wire["metadata"]["pagesFetched"]) is int


async def test_quiet_prints_the_answer_only(web: WebServer, database_url: str) -> None:
    ended = await command_for(web, database_url).run("ask", HOST, PRICE, "--type", "currency", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "25 USD\n", "")


async def test_asking_again_fetches_nothing(web: WebServer, database_url: str) -> None:
    command = command_for(web, database_url)
    first = await command.run("ask", HOST, PRICE, "--type", "currency", "--json")
    fetched = web.count()
    second = await command.run("ask", HOST, PRICE, "--type", "currency", "--json")
    other = await command.run("ask", HOST, "In which year was Acme founded?", "--type", "number", "--json")
    assert json.loads(second.out) == json.loads(first.out), "an identical question is served from the cache"
    assert other.code in (0, 3), other
    assert web.count() == fetched, "another question about the same company reads the stored pages"


async def test_no_answer_is_told_by_exit_code_3(web: WebServer, database_url: str) -> None:
    ended = await command_for(web, database_url).run("ask", HOST, UNKNOWN, "--type", "number")
    assert ended.code == 3, ended
    assert ended.out.startswith("No answer found on the pages that were read.")


async def test_not_having_looked_everywhere_is_told_by_exit_code_4(web: WebServer, database_url: str) -> None:
    web.route(HOST, "/about", Reply("<h1>Fault</h1>", status=500))
    ended = await command_for(web, database_url).run("ask", HOST, UNKNOWN, "--type", "number", "--json")
    assert ended.code == 4, ended
    wire = json.loads(ended.out)
    assert (wire["answer"], wire["errorCode"]) == (None, "SITE_SERVER_ERROR")


async def test_an_answer_beside_an_unreadable_page_is_an_answer_with_a_warning(
    web: WebServer, database_url: str
) -> None:
    web.route(HOST, "/about", Reply("<h1>Fault</h1>", status=500))
    ended = await command_for(web, database_url).run("ask", HOST, PRICE, "--type", "currency")
    assert ended.code == 0, ended
    assert "Answer      25 USD" in ended.out
    assert "Warning: SITE_SERVER_ERROR" in ended.out
    assert f"https://{HOST}/about: server_error" in ended.out


async def test_a_site_that_cannot_be_reached_is_a_failure(web: WebServer, database_url: str) -> None:
    async with refusing_port() as port:
        command = command_for(web, database_url, LEADLINE_CONNECT_TO=f"{HOST}=127.0.0.1:{port}")
        ended = await command.run("ask", HOST, PRICE)
        quiet = await command.run("ask", HOST, PRICE, "--quiet")
    assert ended.code == 1, ended
    assert "Failed: SITE_UNREACHABLE" in ended.out
    assert (quiet.code, quiet.out) == (1, "")
    assert "SITE_UNREACHABLE" in quiet.err


async def test_an_unreachable_database_is_a_failure_that_says_so(web: WebServer) -> None:
    command = command_for(web, "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    ended = await command.run("ask", HOST, PRICE)
    assert ended.code in (1, 2), ended
    assert "database" in ended.err
    assert "Traceback" not in ended.err


async def test_an_internationalised_domain_is_asked_as_punycode(web: WebServer, database_url: str) -> None:
    punycode = "xn--bcher-kva.example"
    web.page(punycode, "/", "<h1>Bücher</h1><p>Bücher was founded in 1999.</p>")
    command = command_for(web, database_url, LEADLINE_CONNECT_TO=f"{punycode}={web.address}")
    ended = await command.run("ask", "bücher.example", "In which year was it founded?", "--json")
    assert ended.code in (0, 3), ended
    assert json.loads(ended.out)["domain"] == punycode
    assert web.count(punycode, "/") == 1


# ------------------------------------------------------------------ terminals and pipes


async def on_a_terminal(command: Command, *arguments: str) -> tuple[int, str]:
    """Run with standard output and error on a pseudo-terminal; returns the code and what it would show."""
    ours, theirs = pty.openpty()
    shown = bytearray()
    ended = asyncio.Event()

    def read() -> None:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux: the other side is closed
            part = b""
        shown.extend(part)
        if not part:
            asyncio.get_running_loop().remove_reader(ours)
            ended.set()

    asyncio.get_running_loop().add_reader(ours, read)
    try:
        async with command.start(*arguments, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            await process.wait()
        await ended.wait()
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
    assert process.returncode is not None
    return process.returncode, shown.decode()


def hostile_site(web: WebServer) -> None:
    web.page(
        HOST,
        "/pricing",
        f"<title>Prices {HOSTILE}</title><h1>Prices</h1>{'<p>Anvils are made to order.</p>' * 50}"
        f"<p>The Team plan {HOSTILE} costs $25 per month.</p>",
    )


async def test_page_text_cannot_send_escapes_to_the_terminal(web: WebServer, database_url: str) -> None:
    hostile_site(web)
    command = command_for(web, database_url, TERM="xterm-256color")
    code, shown = await on_a_terminal(command, "ask", HOST, PRICE)
    assert code in (0, 3), shown
    assert "\x1b[" in shown, "it is a terminal: there are colours"
    for attack in ("\x1b]0;", "\x1b[2J", "\x9b", "\u202e", "\x07"):
        assert attack not in shown
    (signal_id,) = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown)
    code, shown = await on_a_terminal(command, "trace", signal_id)
    assert code == 0, shown
    assert "$25" in shown
    for attack in ("\x1b]0;", "\x1b[2J", "\x9b", "\u202e", "\x07"):
        assert attack not in shown


async def test_no_color_is_respected_on_a_terminal(web: WebServer, database_url: str) -> None:
    command = command_for(web, database_url, TERM="xterm-256color", NO_COLOR="1")
    code, shown = await on_a_terminal(command, "ask", HOST, PRICE, "--type", "currency")
    assert code == 0, shown
    assert not any(f"\x1b[{n}m" in shown or f"\x1b[1;{n}m" in shown for n in range(30, 38)), "no colours"


async def test_pipes_get_no_control_characters_even_when_colours_are_forced(
    web: WebServer, database_url: str
) -> None:
    hostile_site(web)
    command = command_for(web, database_url, FORCE_COLOR="1", TERM="xterm-256color")
    plain = await command.run("ask", HOST, PRICE)
    as_json = await command.run("ask", HOST, PRICE, "--json")
    for text in (plain.out, plain.err, as_json.out):
        assert [
            c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"
        ] == []


async def test_a_reader_that_leaves_the_pipe_is_no_error(web: WebServer, database_url: str) -> None:
    ours, theirs = os.pipe()
    async with command_for(web, database_url).start(
        "ask", HOST, PRICE, "--type", "currency", "--quiet", stdout=theirs
    ) as process:
        os.close(theirs)
        os.close(ours)
        _, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_an_interrupted_question_says_that_it_resumes(
    web: WebServer, database_url: str, sent: signal.Signals, code: int
) -> None:
    held = Held(Reply("<h1>Prices</h1><p>The Team plan costs $25 per month.</p>"))
    web.route(HOST, "/pricing", held)
    command = command_for(web, database_url)
    async with command.start("ask", HOST, PRICE, "--type", "currency") as process:
        await command.seen(process, web, lambda: web.count(HOST, "/pricing") == 1)
        process.send_signal(sent)
        out, err = await process.communicate()
    assert (process.returncode, out) == (code, b"")
    assert "ask the same question again and it resumes" in err.decode()
    assert "Traceback" not in err.decode()
    held.release()
    again = await command.run("ask", HOST, PRICE, "--type", "currency", "--quiet")
    assert (again.code, again.out) == (0, "25 USD\n"), again
    assert web.count(HOST, "/") == 1, "what was read before the interruption is not read again"


# ------------------------------------------------------------------ the other commands


async def test_trace_and_verify_show_how_an_answer_came_about(web: WebServer, database_url: str) -> None:
    command = command_for(web, database_url)
    asked = json.loads((await command.run("ask", HOST, PRICE, "--type", "currency", "--json")).out)
    trace = await command.run("trace", asked["id"])
    assert trace.code == 0, trace
    for words in ("collect", f"https://{HOST}/about", "rank", "supported", "25"):
        assert words in trace.out
    wire = json.loads((await command.run("trace", asked["id"], "--json")).out)
    assert {step["step"] for step in wire["steps"]} >= {
        "plan",
        "collect",
        "rank",
        "answer",
        "verify",
        "settle",
    }
    assert {page["url"] for page in wire["pages"]} == {
        f"https://{HOST}{path}" for path in ("/", "/pricing", "/about")
    }
    verified = await command.run("verify", asked["id"])
    assert verified.code == 0, verified
    assert f"stands: https://{HOST}/pricing" in verified.out


async def test_a_changed_snapshot_does_not_verify(web: WebServer, database_url: str, database: Any) -> None:
    command = command_for(web, database_url)
    asked = json.loads((await command.run("ask", HOST, PRICE, "--type", "currency", "--json")).out)
    await database.execute("update snapshots set body = (select body from snapshots order by id limit 1)")
    verified = await command.run("verify", asked["id"])
    assert verified.code == 1, verified
    assert "0 of" in verified.out


async def test_a_question_file_is_run_and_resumed(web: WebServer, database_url: str, tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    lines = [
        {
            "id": "price",
            "domain": HOST,
            "question": PRICE,
            "answerType": "currency",
            "expected": {"amount": 25, "currency": "USD"},
            "evidence": [{"path": "/pricing", "quote": "Team plan costs $25"}],
        },
        {"id": "fleet", "domain": HOST, "question": UNKNOWN, "answerType": "number", "expected": None},
        {"id": "bad", "domain": "localhost", "question": PRICE, "answerType": "currency", "expected": None},
    ]
    questions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "results.jsonl"
    command = command_for(web, database_url)
    first = await command.run(
        "eval", str(questions), "--out", str(out), "--limit", "1", "--reader", "extractive"
    )
    assert first.code == 0, first
    assert "1 question: 1 answered" in first.out
    (price,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert price["answer"] == {"amount": 25, "currency": "USD"}
    assert price["sources"][0]["url"] == f"https://{HOST}/pricing"
    second = await command.run("eval", str(questions), "--out", str(out), "--recall")
    assert second.code == 0, second
    assert "3 questions: 1 answered, 1 without an answer" in second.out
    assert "1 failed" in second.out
    assert "[3/3]" in second.err
    assert "price answered" not in second.err, "what the file holds is not asked again"
    (recall,) = [line.split() for line in second.out.splitlines() if line.startswith(HOST)]
    assert recall[:4] == [HOST, "1", "100.0%", "100.0%"]


async def test_the_installation_is_examined(web: WebServer, database_url: str) -> None:
    command = command_for(web, database_url, LEADLINE_MODEL_API_KEY="sk-very-secret")
    doctor = await command.run("doctor")
    assert doctor.code == 0, doctor
    assert "ok    database   PostgreSQL" in doctor.out
    assert "ok    model      none" in doctor.out
    shown = await command.run("config", "--explain")
    assert shown.code == 0, shown
    assert "very-secret" not in shown.out
    assert database_url not in shown.out
    (line,) = [line for line in shown.out.splitlines() if line.startswith("LEADLINE_MODEL_API_KEY")]
    assert line.endswith("********  (environment)")


async def test_the_examination_names_what_is_left_to_set(web: WebServer, database_url: str) -> None:
    command = command_for(web, database_url)
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", 'ulimit -n 512 && exec "$0" -m leadline doctor', sys.executable),
        env=command.environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    out = (await process.communicate())[0].decode()
    assert process.returncode == 0, out
    assert "warn  contact" in out
    assert "LEADLINE_CONTACT" in out
    assert "warn  files" in out
    assert "at most 512 open files" in out
    named = await command_for(web, database_url, LEADLINE_CONTACT="https://acme.example/bot").run("doctor")
    assert "ok    contact" in named.out


async def test_a_database_that_does_not_answer_fails_the_examination(web: WebServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = Command(
        {
            "LEADLINE_ENV": "development",
            "LEADLINE_CONNECT_TO": f"{HOST}={web.address}",
            "LEADLINE_DATA_DIR": str(tmp_path / "file"),
        }
    )
    ended = await command.run("doctor")
    assert ended.code == 1, ended
    assert "fail  data" in ended.out
    assert "LEADLINE_DATA_DIR" in ended.out
    assert "fail  database" in ended.out


async def test_migrate_can_be_repeated(database_url: str) -> None:
    command = Command({"LEADLINE_DATABASE_URL": database_url})
    for _ in range(2):
        ended = await command.run("migrate")
        assert ended.code == 0, ended
        assert "schema of this version, up to 0" in ended.out


async def test_help_loads_nothing_heavy() -> None:
    listing = "import sys, leadline.cli; print(*sorted(m for m in sys.modules if '.' not in m))"
    environment = Command().environment()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", listing, env=environment, stdout=asyncio.subprocess.PIPE
    )
    loaded = set((await process.communicate())[0].decode().split())
    assert "click" in loaded
    assert loaded.isdisjoint(
        {"asyncio", "asyncpg", "httpx2", "msgspec", "numpy", "pydantic", "rich", "structlog"}
    )


# ------------------------------------------------------------------ the library


def settings_for(web: WebServer, database_url: str) -> Settings:
    return Settings(
        env="development", database_url=database_url, connect_to={HOST: Endpoint("127.0.0.1", web.port)}
    )


async def test_the_library_answers_in_a_running_loop(web: WebServer, database_url: str) -> None:
    settings = settings_for(web, database_url)
    signal = await leadline.ask_async(HOST, PRICE, answer_type="currency", settings=settings)
    assert isinstance(signal, leadline.Signal)
    assert signal.answer == {"value": 25, "currency": "USD"}
    assert signal.sources


async def test_the_library_answers_without_a_loop(web: WebServer, database_url: str) -> None:
    settings = settings_for(web, database_url)
    signal = await asyncio.to_thread(leadline.ask, HOST, PRICE, answer_type="currency", settings=settings)
    assert signal.answer == {"value": 25, "currency": "USD"}


async def test_the_blocking_call_inside_a_loop_names_the_other_one() -> None:
    with pytest.raises(RuntimeError, match="ask_async"):
        leadline.ask(HOST, PRICE)


async def test_the_library_names_each_wrong_field(web: WebServer, database_url: str) -> None:
    with pytest.raises(leadline.InvalidInput) as raised:
        await leadline.ask_async("localhost", "", settings=settings_for(web, database_url))
    assert [field.field for field in raised.value.fields] == ["domain", "question"]


def test_the_library_exports_exactly_this() -> None:
    assert (
        sorted(leadline.__all__)
        == leadline.__all__
        == ["InvalidInput", "LeadlineError", "Signal", "ask", "ask_async"]
    )
    for name in leadline.__all__:
        assert getattr(leadline, name).__name__ == name
    with pytest.raises(AttributeError):
        leadline.nothing_of_the_kind  # noqa: B018
