"""The report as one HTML file: no script, nothing from elsewhere, every text escaped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import count as counting
from typing import Any

from leadline.evaluation.judging import Verdict
from leadline.evaluation.scoring import Changed, Difference, Judged, Report, RunScore
from leadline.research.calibration import Reliability

LONGEST_SHOWN = 160  # characters of a value
_SIZE, _EDGE = 260, 34  # of a plot, in its own units
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--dim:#5b6675;--line:#d5dbe3;--back:#fff;--right:#1a7f4b;--wrong:#c0352b;--none:#98a2b0}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--dim:#9aa5b4;--line:#39424e;--back:#14181e;--right:#4cc38a;--wrong:#ff7b6e;--none:#6b7686}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}h3{font-size:1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.right{color:var(--right)}.wrong{color:var(--wrong)}.abstained,.dim{color:var(--dim)}td{overflow-wrap:anywhere}
.plots{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0}figcaption{color:var(--dim)}
svg{display:block;width:100%;height:auto;max-width:26rem}svg text{font:10px system-ui,sans-serif;fill:var(--dim)}
"""


def html_report(report: Report) -> str:
    """The whole page."""
    return "".join(_page(report))


def _page(report: Report) -> Iterator[str]:
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Evaluation</title><style>{_STYLE}</style></head><body><h1>Evaluation</h1>"
    )
    yield '<div class="wide">'
    yield _table(["", *(run.name for run in report.runs)], _figures(report.runs), numbers=True)
    yield "</div>"
    yield from _bars(report.runs)
    for run in report.runs:
        yield from _reliability(run)
    for one in report.differences:
        yield from _difference(one)
    for run in report.runs:
        yield from _wrong(run)
    yield "</body></html>\n"


def _figures(runs: tuple[RunScore, ...]) -> Iterator[list[str]]:
    for label, shown in FIGURES:
        yield [label, *(shown(run) for run in runs)]


def _of(part: int, whole: int) -> str:
    """Such as "12 of 40 (30 %)"."""
    return f"{part:,} of {whole:,} ({part / whole:.1%})" if whole else f"{part:,} of 0"


def _coverage(run: RunScore) -> str:
    found = run.reliability.coverage
    if found is None:
        return "never"
    return f"{found.share:.0%} of given, from {found.threshold:.2f} on ({found.right} of {found.count} right)"


def _optional(value: float | None, places: int = 3) -> str:
    return "-" if value is None else f"{value:.{places}f}"


FIGURES: tuple[tuple[str, Callable[[RunScore], str]], ...] = (
    ("questions", lambda run: f"{run.questions:,}"),
    ("right, of answerable", lambda run: _of(run.right, run.answerable)),
    ("wrong, of all", lambda run: _of(run.wrong, run.questions)),
    ("right, of given", lambda run: _of(run.right, run.right + run.wrong)),
    ("left open, of answerable", lambda run: _of(run.abstained_of_answerable, run.answerable)),
    (
        "left open, of unanswerable",
        lambda run: _of(run.abstained - run.abstained_of_answerable, run.questions - run.answerable),
    ),
    ("failed", lambda run: f"{run.failed:,}"),
    ("quotes that stand", lambda run: _of(run.quotes_stand, run.quotes) if run.quotes else "not looked at"),
    ("gold page cited", lambda run: _of(run.evidence_hit, run.evidence_asked)),
    ("Brier score", lambda run: _optional(run.reliability.brier)),
    ("calibration error (ECE)", lambda run: _optional(run.reliability.ece)),
    ("95 % right at", _coverage),
    ("model calls", lambda run: f"{run.calls:,}"),
    ("tokens a question", lambda run: f"{run.tokens / run.questions:,.0f}"),
    ("price in US dollars", lambda run: "not known" if run.price is None else f"{run.price:.4f}"),
    ("seconds a question, mean", lambda run: f"{run.seconds_mean:.2f}"),
    ("seconds a question, median", lambda run: f"{run.seconds_median:.2f}"),
)


# ------------------------------------------------------------------ pictures


def _bars(runs: Iterable[RunScore]) -> Iterator[str]:
    """Right, wrong and left open, a bar for each run."""
    yield "<h2>Right, wrong, left open</h2>"
    for run in runs:
        parts = (("right", run.right), ("wrong", run.wrong), ("none", run.abstained))
        label = f"{run.name}: {run.right} right, {run.wrong} wrong, {run.abstained} left open"
        yield f'<figure><figcaption>{escape(label)}</figcaption><svg viewBox="0 0 600 16" style="max-width:100%" role="img" aria-label="{escape(label)}">'
        left = 0.0
        for colour, count in parts:
            width = 600 * count / run.questions
            yield f'<rect x="{left:.1f}" y="0" width="{width:.1f}" height="14" fill="var(--{colour})"/>'
            left += width
        yield "</svg></figure>"


def _reliability(run: RunScore) -> Iterator[str]:
    table = run.reliability
    yield f"<h2>Confidence of {escape(run.name)}</h2>"
    if not table.count:
        yield '<p class="dim">No answer was given with a confidence.</p>'
        return
    yield '<div class="plots"><figure>'
    yield _diagram(table)
    yield '<figcaption>Stated confidence across, share right upwards, with 95 % intervals</figcaption></figure><div class="wide">'
    rows = (
        [
            f"{one.low:.1f} to {one.low + 0.1:.1f}",
            f"{one.count}",
            f"{one.confidence:.2f}",
            f"{one.share:.2f}",
            f"{one.least:.2f} to {one.most:.2f}",
        ]
        for one in table.bins
    )
    yield _table(["confidence", "answers", "stated", "right", "95 % interval"], rows, numbers=True)
    yield "</div></div>"


def _diagram(table: Reliability) -> str:
    def x(value: float) -> float:
        return _EDGE + value * (_SIZE - _EDGE - 8)

    def y(value: float) -> float:
        return _SIZE - _EDGE - value * (_SIZE - _EDGE - 8)

    lines = [
        f'<svg viewBox="0 0 {_SIZE} {_SIZE}" role="img" aria-label="Reliability diagram">',
        f'<path d="M{x(0)} {y(1)}V{y(0)}H{x(1)}" fill="none" stroke="var(--none)"/>',
        f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="var(--none)" stroke-dasharray="4 4"/>',
    ]
    for tick in (0, 0.5, 1):
        lines.append(f'<text x="{x(tick):.1f}" y="{y(0) + 14:.1f}" text-anchor="middle">{tick:g}</text>')
        lines.append(f'<text x="{x(0) - 6:.1f}" y="{y(tick) + 3:.1f}" text-anchor="end">{tick:g}</text>')
    for one in table.bins:
        across = x(one.confidence)
        radius = 3 + 5 * (one.count / table.count) ** 0.5
        lines.append(
            f'<path d="M{across:.1f} {y(one.least):.1f}V{y(one.most):.1f}" stroke="var(--dim)"/>'
            f'<circle cx="{across:.1f}" cy="{y(one.share):.1f}" r="{radius:.1f}" fill="var(--right)">'
            f"<title>{one.right} of {one.count} right</title></circle>"
        )
    return "".join([*lines, "</svg>"])


# ------------------------------------------------------------------ questions


def _difference(one: Difference) -> Iterator[str]:
    yield f"<h2>From {escape(one.before)} to {escape(one.after)}</h2>"
    found = moves(one)
    counts = [f"{len(group)} {move}" for move, group in found.items()]
    yield f"<p>{one.both:,} questions were asked of both: {escape(', '.join(counts) or 'nothing changed')}."
    if one.only_before or one.only_after:
        yield f" Asked of one alone: {one.only_before:,} and {one.only_after:,}."
    yield "</p>"
    for move, group in found.items():
        yield f'<h3>{escape(move)}</h3><div class="wide">'
        rows = ([*_asked(changed.before), said(changed.before), said(changed.after)] for changed in group)
        yield _table(["id", "question", "expected", one.before, one.after], rows)
        yield "</div>"


MOVES = (
    "from right to wrong", "from wrong to right", "from right to left open", "from left open to right",
    "from wrong to left open", "from left open to wrong", "wrong in another way",
)  # fmt: skip


def _moved(changed: Changed) -> str:
    names = {Verdict.RIGHT: "right", Verdict.WRONG: "wrong", Verdict.ABSTAINED: "left open"}
    if changed.before.verdict is changed.after.verdict:
        return MOVES[-1]
    return f"from {names[changed.before.verdict]} to {names[changed.after.verdict]}"


def moves(one: Difference) -> dict[str, list[Changed]]:
    """The changed questions by what happened to them; only what happened."""
    groups = {move: [changed for changed in one.changed if _moved(changed) == move] for move in MOVES}
    return {move: group for move, group in groups.items() if group}


def _wrong(run: RunScore) -> Iterator[str]:
    wrong = [one for one in run.judged if one.verdict is Verdict.WRONG]
    yield f"<h2>Wrong answers of {escape(run.name)}</h2>"
    if not wrong:
        yield '<p class="dim">None.</p>'
        return
    yield '<div class="wide">'
    yield _table(["id", "question", "expected", "answer"], ([*_asked(one), said(one)] for one in wrong))
    yield "</div>"


def _asked(one: Judged) -> list[str]:
    expected = _shown(one.expected) if one.answerable else "no answer on the pages"
    return [one.id, f"{one.domain}: {one.question}", expected]


def said(one: Judged) -> str:
    """The answer of a run and how sure it was, in one line."""
    sure = "" if one.confidence is None else f" ({one.confidence:.2f})"
    return "left open" if one.verdict is Verdict.ABSTAINED else f"{_shown(one.answer)}{sure}"


def _shown(value: Any) -> str:
    """A value in one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _table(heads: Iterable[str], rows: Iterable[list[str]], *, numbers: bool = False) -> str:
    """A table of plain texts; with ``numbers`` all columns but the first stand to the right."""

    def cells(tag: str, texts: Iterable[str]) -> str:
        marks = (' class="n"' if numbers and place else "" for place in counting())
        return "".join(
            f"<{tag}{mark}>{escape(text)}</{tag}>" for text, mark in zip(texts, marks, strict=False)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', heads)}</tr></thead><tbody>{body}</tbody></table>"


__all__ = ["FIGURES", "html_report", "moves", "said"]
