"""What may be written to a terminal or into a pipe, and how.

Page text is other people's: it reaches the screen only through ``harmless`` or ``one_line``, so that it can
neither send terminal escapes, nor turn the direction of text, nor pretend to be a line of ours.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
import time
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.status import Status

# C0 without tab and newline, DEL and C1, separators that terminals take for a line end, marks that change the
# direction of text (Unicode TR 36, "bidirectional text spoofing"), tag characters, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def harmless(text: str) -> str:
    """``text`` with every character that a terminal might obey written out, such as ``\\x1b``."""
    return _UNSAFE.sub(_visible, text)


def one_line(text: str) -> str:
    """``harmless`` text on a single line: runs of white space become one space."""
    return harmless(" ".join(text.split()))


def json_text(value: Any) -> str:
    """JSON that decodes to the same value and holds no character that a terminal might obey."""

    def plain(item: object) -> float | str:
        return float(item) if isinstance(item, Decimal) else str(item)

    def escaped(match: re.Match[str]) -> str:
        return json.dumps(match.group())[1:-1]

    # Unsafe characters can only stand inside strings; newlines of the layout are not among them.
    return _UNSAFE.sub(escaped, json.dumps(value, ensure_ascii=False, indent=2, default=plain))


class Line(NamedTuple):
    """One line of output. ``hang`` is how far its continuation lines are indented, in columns."""

    text: str
    style: str = ""
    hang: int = 0


def console(stream: IO[str]) -> Console:
    """A console that decorates terminals only, whatever FORCE_COLOR says; NO_COLOR takes the colours away."""
    from rich.console import Console

    return Console(
        file=stream,
        force_terminal=is_terminal(stream),
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=True,
    )


def is_terminal(stream: IO[str]) -> bool:
    return bool(stream.isatty())


def write_lines(lines: Iterable[Line], stream: IO[str] | None = None) -> None:
    """Write lines, wrapped to the width of a terminal and left alone in a pipe."""
    out = stream or sys.stdout
    if not is_terminal(out):
        for line in lines:
            out.write(harmless(line.text) + "\n")
        return
    from rich.text import Text

    screen = console(out)
    for line in lines:
        for part in wrapped(harmless(line.text), screen.width, line.hang):
            screen.print(Text(part, style=line.style))


def wrapped(text: str, width: int, hang: int) -> list[str]:
    lines: list[str] = []
    for piece in text.split("\n"):
        lines += textwrap.wrap(
            piece,
            max(width, hang + 20),
            subsequent_indent=" " * hang,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
        ) or [""]
    return lines


def write_json(value: Any, stream: IO[str] | None = None) -> None:
    (stream or sys.stdout).write(json_text(value) + "\n")


def say(message: str, stream: IO[str] | None = None) -> None:
    """One message to standard error."""
    (stream or sys.stderr).write(harmless(message) + "\n")


class StageLines:
    """Shows the stages of a question: a line as each one ends, and on a terminal what goes on meanwhile.

    It is a ``research.ports.Progress``. Use as a context manager, so that the last stage gets its line and
    the cursor comes back whatever happens.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._step = ""
        self._detail = ""  # what the line says once the stage has ended
        self._since = 0.0
        self._screen: Console | None = None
        self._status: Status | None = None

    def __enter__(self) -> StageLines:
        if is_terminal(self._stream):
            self._screen = console(self._stream)
        return self

    def __exit__(self, *_: object) -> None:
        self._finish_stage()
        if self._status is not None:
            self._status.stop()

    def __call__(self, step: str, detail: str, /, **facts: object) -> None:
        if step != self._step:
            self._finish_stage()
            self._step, self._since = step, time.monotonic()
        now = one_line(detail)
        counts = _page_counts(facts)
        self._detail = counts or now
        if self._screen is not None:
            from rich.text import Text

            said = f"{counts}: {now}" if counts else now
            text = Text(f"{one_line(step):<8} {said}", overflow="ellipsis", no_wrap=True)
            if self._status is None:
                self._status = self._screen.status(text)
                self._status.start()
            else:
                self._status.update(text)

    def _finish_stage(self) -> None:
        if not self._step:
            return
        line = f"{one_line(self._step):<8} {self._detail}  ({time.monotonic() - self._since:.1f} s)"
        if self._screen is not None:
            from rich.text import Text

            self._screen.print(Text(line, style="dim"))
        else:
            self._stream.write(line + "\n")
            self._stream.flush()
        self._step = ""


def _page_counts(facts: dict[str, object]) -> str:
    """Such as "12 pages, 2 unreadable", where a stage says how many pages it has read."""
    pages, unreadable = facts.get("pages"), facts.get("unreadable", 0)
    if not isinstance(pages, int) or "unreadable" not in facts:
        return ""
    return f"{pages} page{'' if pages == 1 else 's'}" + (f", {unreadable} unreadable" if unreadable else "")
