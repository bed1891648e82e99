"""Nothing that a page says may be obeyed by a terminal."""

from __future__ import annotations

import io
import json

import pytest

from leadline.cli.terminal import Line, StageLines, harmless, json_text, one_line, wrapped, write_lines

ATTACKS = [
    "\x1b[2J\x1b[31mgone",  # clear the screen, red
    "\x1b]0;title\x07",  # set the window title
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",  # hyperlink
    "\x9b31mred",  # CSI as a C1 character
    "safe\rForged line",
    "price \u202e005 $",  # turns the direction
    "a\u2066b\u2069c",
    "bell\a back\b",
    "line\u2028break",
    "tag\U000e0041",
    "half \ud800",
    "nul\x00del\x7f",
]


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and the size of which is fixed."""

    def isatty(self) -> bool:
        return True


def obeyed(text: str, allowed: str = "\n") -> list[str]:
    """The characters of ``text`` that a terminal would obey."""
    directions = "\u202e\u2066\u2069\u2028\ud800\U000e0041"
    return [c for c in text if c not in allowed and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in directions)]


@pytest.mark.parametrize("attack", ATTACKS)
def test_page_text_cannot_control_the_terminal(attack: str) -> None:
    assert obeyed(harmless(attack)) == []
    assert obeyed(one_line(attack), allowed="") == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_json_holds_no_control_character_and_decodes_to_the_same_value(attack: str) -> None:
    text = json_text({"answer": attack, attack: [attack]})
    assert obeyed(text) == []
    assert json.loads(text) == {"answer": attack, attack: [attack]}


def test_ordinary_text_of_any_language_is_left_alone() -> None:
    text = "Ünïcode 価格 1.299,00 € — “quoted” 👩‍💻 עברית"
    assert harmless(text) == text
    assert json.loads(json_text(text)) == text


def test_page_text_cannot_forge_a_line_of_ours() -> None:
    assert one_line("real words\nConfidence  1.00\r\nAnswer  yes") == "real words Confidence 1.00 Answer yes"


def test_a_pipe_gets_plain_unwrapped_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # set by many build servers; a pipe is still a pipe
    out = io.StringIO()
    write_lines([Line("word " * 100, "bold red", 4), Line("[bold]no markup[/bold] :smile:", "green")], out)
    assert out.getvalue() == "word " * 100 + "\n" + "[bold]no markup[/bold] :smile:\n"


def test_a_terminal_gets_styles_and_no_colour_takes_them_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()
    write_lines([Line("[red]text[/red]", "green")], coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    write_lines([Line("[red]text[/red]", "green")], plain)
    assert "\x1b[32m" in coloured.getvalue()
    assert "[red]text[/red]" in coloured.getvalue()
    assert plain.getvalue() == "[red]text[/red]\n"


def test_wrapped_lines_keep_their_words_and_their_indent() -> None:
    assert wrapped("Reasoning   one two three four five six", 34, 12) == [
        "Reasoning   one two three four",
        "            five six",
    ]
    assert wrapped("", 80, 4) == [""]


def test_each_stage_gets_one_line_with_its_last_detail() -> None:
    out = io.StringIO()
    with StageLines(out) as progress:
        progress("plan", "own site")
        progress("collect", "https://acme.example/", pages=1, unreadable=0)
        progress("collect", "https://acme.example/about", pages=12, unreadable=2)
        progress("rank", "20 passages \x1b[31m")
    lines = [line.rsplit("  (", 1)[0] for line in out.getvalue().splitlines()]
    assert lines == [
        "plan     own site",
        "collect  12 pages, 2 unreadable",
        "rank     20 passages \\x1b[31m",
    ]


def test_a_stage_that_fails_still_gets_its_line() -> None:
    out = io.StringIO()

    def fail() -> None:
        with StageLines(out) as progress:
            progress("collect", "3 pages read")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert out.getvalue().startswith("collect  3 pages read  (")
