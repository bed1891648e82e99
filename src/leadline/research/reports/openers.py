"""First sentences for a call, each around a quoted fact: nothing is said that does not stand in the quote."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.research.reports.model import Basis, Opener, Section, Statement

MOST = 3
_LONGEST = 220  # characters of a quote inside an opener
# What makes the better opener comes first. A job post tells of a position, not of the person: it opens nothing.
_ORDER = (
    Section.PUBLIC_STATEMENTS,
    Section.RECENT_ACTIVITY,
    Section.LIKELY_RESPONSIBILITIES,
    Section.CAREER,
    Section.TEAM,
    Section.CURRENT_ROLE,
)


def openers(statements: Sequence[Statement], first_name: str) -> tuple[Opener, ...]:
    """At most three, each from another section and another quote."""
    made: list[Opener] = []
    quoted: set[str] = set()
    for section in _ORDER:
        for place, one in enumerate(statements):
            if (
                one.section is section
                and one.basis is not Basis.ROLE
                and one.proof.script < 0
                and one.quote not in quoted
            ):
                quoted.add(one.quote)
                made.append(Opener(text=_sentence(one, first_name), rests_on=(place,)))
                break
        if len(made) == MOST:
            break
    return tuple(made)


def _sentence(one: Statement, first_name: str) -> str:
    quote = _quoted(one.quote)
    where = f" on “{one.title.strip()}”" if one.title.strip() else ""
    when = f" of {one.on.day} {one.on:%B %Y}" if one.on is not None else ""
    match one.section:
        case Section.PUBLIC_STATEMENTS:
            return f"{first_name}, I read your words{where}{when}: {quote}"
        case Section.RECENT_ACTIVITY:
            return f"{first_name}, I came across this{where}{when}: {quote}"
        case Section.LIKELY_RESPONSIBILITIES:
            return f"{first_name}, this is what is said of your work{where}: {quote}"
        case Section.CAREER:
            return f"{first_name}, I read about your path{where}: {quote}"
        case Section.TEAM:
            return f"{first_name}, I read about your team{where}: {quote}"
        case _:
            return f"{first_name}, I found you{where} as {quote}"


def _quoted(quote: str) -> str:
    """The quote on one line, in marks unless it has its own, cut at a word where it is long."""
    text = " ".join(quote.split())
    if len(text) > _LONGEST:
        text = text[: text.rfind(" ", 0, _LONGEST)].rstrip(" ,;:") + " …"
    return text if any(mark in text for mark in '“”„"«»') else f"“{text}”"
