"""Whatever cannot be asked is refused with the field's name and what to do, and nothing is started for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadline.cli import main

PRICE = "What does the Team plan cost?"
DEEP = '{"type": "object", "properties": {"a": ' * 200 + "{}" + "}}" * 200
RECURSIVE = {
    "type": "object",
    "properties": {"child": {"$ref": "#/$defs/node"}},
    "$defs": {"node": {"type": "object", "properties": {"child": {"$ref": "#/$defs/node"}}}},
}
HUGE = {"type": "object", "properties": {f"member_{n}": {"type": "string"} for n in range(20_000)}}


@pytest.fixture
def settings(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One database for all of these: what is refused leaves nothing in it."""
    monkeypatch.setenv("LEADLINE_DATABASE_URL", postgres_url)
    monkeypatch.setenv("LEADLINE_ENV", "development")  # it makes the schema by itself


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command says of arguments that it must refuse."""
    assert main(["ask", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("domain", "advice"),
    [
        ("acme.com:8080", "port"),
        ("my_shop.com", "underscore"),
        ("acme .com", "space"),
        ("192.0.2.7", "address"),
        ("[2001:db8::1]", "address"),
        ("localhost", "domain"),
        ("acme.notasuffix", "notasuffix"),
        ("acme.example", "example"),
        ("acme", "acme"),
        ("", "domain"),
        ("a." * 200 + "com", "long"),
        ("acme\x1b[31m.com", "control characters"),
    ],
)
def test_a_bad_domain_is_named_with_what_to_do(
    capsys: pytest.CaptureFixture[str], domain: str, advice: str
) -> None:
    said = refusal(capsys, domain, PRICE)
    assert said.startswith("Error: DOMAIN (domain): ")
    assert advice in said
    assert "\x1b" not in said


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("question", "advice"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("x" * 501, "500"),
        ("bell \x07", "control characters"),
    ],
)
def test_a_bad_question_is_named_with_what_to_do(
    capsys: pytest.CaptureFixture[str], question: str, advice: str
) -> None:
    said = refusal(capsys, "acme.com", question)
    assert said.startswith("Error: QUESTION (question): ")
    assert advice in said


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("arguments", "field", "advice"),
    [
        (["--type", "colour"], "--type (answerType)", "open_text, boolean, number"),
        (["--type", "json_schema"], "--schema (outputSchema)", "JSON Schema"),
        (["--type", "json_schema", "--schema", "{"], "--schema (outputSchema)", "not JSON"),
        (["--type", "json_schema", "--schema", "[]"], "--schema (outputSchema)", "object"),
        (["--type", "json_schema", "--schema", '{"type": "banana"}'], "--schema (outputSchema)", "type"),
        (["--type", "json_schema", "--schema", json.dumps(RECURSIVE)], "--schema (outputSchema)", "recursi"),
        (["--type", "json_schema", "--schema", DEEP], "--schema (outputSchema)", "deep"),
        (["--type", "json_schema", "--schema", "@nowhere.json"], "--schema (outputSchema)", "nowhere.json"),
        (["--schema", '{"type": "object"}'], "--schema (outputSchema)", "json_schema"),
        (["--mode", "loose"], "--mode (verificationMode)", "strict or lenient"),
        (["--max-pages", "0"], "--max-pages (maxPages)", "1"),
        (["--max-pages", "100000"], "--max-pages (maxPages)", "500"),
        (["--reader", "model"], "reader", "LEADLINE_MODEL"),
    ],
)
def test_a_bad_option_is_named_with_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: list[str], field: str, advice: str
) -> None:
    said = refusal(capsys, "acme.com", PRICE, *arguments)
    assert said.startswith(f"Error: {field}: ")
    assert advice in said


@pytest.mark.usefixtures("settings")
def test_a_huge_schema_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "huge.json").write_text(json.dumps(HUGE))
    said = refusal(
        capsys, "acme.com", PRICE, "--type", "json_schema", "--schema", f"@{tmp_path / 'huge.json'}"
    )
    assert said.startswith("Error: --schema (outputSchema): ")


@pytest.mark.usefixtures("settings")
def test_everything_that_is_wrong_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, "localhost", "", "--type", "colour", "--mode", "loose")
    assert [line.split(" (")[1].split(")")[0] for line in said.splitlines()] == [
        "domain",
        "question",
        "answerType",
        "verificationMode",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ask", "acme.com"], "QUESTION"),
        (["ask", "acme.com", PRICE, "--max-pages", "many"], "--max-pages"),
        (["ask", "acme.com", PRICE, "--reader", "oracle"], "extractive"),
        (["ask", "acme.com", PRICE, "--colour"], "--colour"),
        (["answer"], "answer"),
        (["eval", "nowhere.jsonl", "--out", "x"], "nowhere.jsonl"),
        (["eval"], "QUESTIONS"),
        (["trace"], "SIGNAL_ID"),
    ],
)
def test_what_the_command_line_itself_refuses_names_the_argument(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Error: ")
    assert words in said.err


def test_a_wrong_setting_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADLINE_MAX_PAGES", "many")
    assert main(["ask", "acme.com", PRICE]) == 2
    assert "LEADLINE_MAX_PAGES must be a whole number" in capsys.readouterr().err


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("signal_id", ["01990000-0000-7000-8000-000000000001", "nonsense"])
@pytest.mark.parametrize("command", ["trace", "verify"])
def test_an_unknown_signal_is_said_to_be_unknown(
    capsys: pytest.CaptureFixture[str], command: str, signal_id: str
) -> None:
    assert main([command, signal_id]) == 1
    assert "Signal not found" in capsys.readouterr().err


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("acme.com",), "Missing argument 'QUESTION'"),
        ((), "Missing argument 'DOMAIN'"),
        (("acme.com", "What", "is it?"), "quotation marks"),
        (("--profile", "https://www.linkedin.com/in/jo", "acme.com", PRICE), "the question alone"),
        (("--profile", "https://acme.com/jo", PRICE), "--profile (contactProfileUrl): "),
        (
            ("--profile", "https://www.linkedin.com/company/acme", PRICE),
            "https://www.linkedin.com/in/jane-doe",
        ),
    ],
)
def test_what_is_asked_about_is_a_domain_or_a_profile(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], advice: str
) -> None:
    assert advice in refusal(capsys, *arguments)
