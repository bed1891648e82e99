"""Words of a page that are marked for a person to look at, and canonical text as a page of its own."""

from __future__ import annotations

from html import escape

from leadline.research.model import Marked, Shown

QUOTE = "quote"  # the id of the first mark


def show_text(text: str, structured: tuple[str, ...], marked: Marked | None) -> Shown:
    """Canonical text where no page is left that it was made from."""
    if marked is not None and marked.script >= 0:
        return Shown(markup=script_markup(structured, marked) + text_markup(text, None), as_text=True)
    return Shown(markup=text_markup(text, within(text, marked)), as_text=True)


def within(text: str, marked: Marked | None) -> Marked | None:
    """The mark, where the text has such characters."""
    return marked if marked is not None and 0 <= marked.start < marked.end <= len(text) else None


def text_markup(text: str, marked: Marked | None) -> str:
    """Canonical text, a paragraph for each of its lines."""
    out: list[str] = []
    position, first = 0, True
    for line in text.split("\n"):
        start, end = (marked.start, marked.end) if marked is not None else (0, 0)
        inside = (max(0, start - position), min(len(line), end - position))
        shown, first = with_mark(line, *inside, first=first)
        out.append(f"<p>{shown}</p>")
        position += len(line) + 1
    return "\n".join(out)


def script_markup(structured: tuple[str, ...], marked: Marked) -> str:
    script = structured[marked.script] if marked.script < len(structured) else ""
    shown, _ = with_mark(script, marked.start, marked.end, first=True)
    return f"<h2>Data that the page gives to programs (JSON-LD)</h2>\n<pre>{shown}</pre>\n<hr>\n"


def with_mark(text: str, start: int, end: int, *, first: bool) -> tuple[str, bool]:
    """The text, escaped, with these characters marked, and whether the first mark is still to come."""
    if not 0 <= start < end <= len(text):
        return escape(text), first
    named = f' id="{QUOTE}"' if first else ""
    return f"{escape(text[:start])}<mark{named}>{escape(text[start:end])}</mark>{escape(text[end:])}", False
