"""Signals as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadline.cli.terminal import Line, harmless, json_text, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leadline.signals.schemas import Signal

_LABEL = 12  # columns of the label in front of answer, confidence and reasoning


def answer_text(answer_type: str, value: Any) -> str:
    """The canonical value as plain text: what ``--quiet`` prints. Of several members, one a line."""
    from leadline.research.answer_types import ANSWER_TYPES

    kind = ANSWER_TYPES.get(answer_type)  # a newer server may know more of them
    text = kind.text(value) if kind is not None else None
    return harmless(text) if text is not None else json_text(value)


def signal_lines(signal: Signal) -> Iterator[Line]:
    """The whole answer: value, confidence, reasoning, quotes with addresses, warnings, what it cost."""
    yield from _answer_lines(signal)
    if signal.confidence is not None:
        basis = one_line(signal.confidence_basis or "not calibrated: measured on no labelled set")
        yield _labelled("Confidence", f"{signal.confidence:.2f} ({basis})")
    if signal.reasoning:
        yield _labelled("Reasoning", one_line(signal.reasoning))
    if signal.sources:
        yield Line("")
        yield Line("Evidence", "bold")
        for position, source in enumerate(signal.sources, 1):
            title = one_line(source.title)
            yield Line(f"  [{position}] {one_line(source.url)}" + (f"  {title}" if title else ""), "cyan", 6)
            yield Line(f"      “{one_line(source.snippet)}”", "", 6)
    yield from _nearest_lines(signal.metadata)
    if signal.error_code or signal.error:
        yield Line("")
        yield from error_lines(signal)
    yield Line("")
    yield Line(metadata_line(signal), "dim")


def _nearest_lines(metadata: Mapping[str, Any]) -> Iterator[Line]:
    entries = metadata.get("nearest") or ()
    if not entries:
        return
    yield Line("")
    yield Line("Nearest on the pages", "bold")
    for entry in entries:
        yield Line(f"  {one_line(entry['url'])}  {one_line(entry['title'])}", "", 6)
        yield Line(f"      “{one_line(entry['snippet'])}”", "", 6)


def error_lines(signal: Signal) -> Iterator[Line]:
    """The failure, or the warning beside an answer, and what to do about it."""
    failed = signal.status == "failed"
    code = one_line(signal.error_code or "")
    text = one_line(signal.error or "")
    yield Line(
        f"{'Failed' if failed else 'Warning'}: " + ": ".join(part for part in (code, text) if part),
        "bold red" if failed else "yellow",
        2,
    )
    if signal.error_action:
        yield Line(f"  {one_line(signal.error_action)}", "", 2)
    for unreadable in _unreadable(signal.metadata):
        yield Line(f"  {unreadable}", "dim", 4)


def _unreadable(metadata: Mapping[str, Any], shown: int = 5) -> Iterator[str]:
    entries = metadata.get("unreadable") or ()
    if not isinstance(entries, list | tuple):
        return
    count = metadata.get("unreadableCount")
    for entry in entries[:shown]:
        if isinstance(entry, dict):
            reason = " ".join(str(entry[key]) for key in ("reason", "detail") if entry.get(key))
            yield one_line(f"{entry.get('url', '')}: {reason}")
        else:
            yield one_line(str(entry))
    more = (count if isinstance(count, int) else len(entries)) - len(entries[:shown])
    if more > 0:
        yield f"and {more} more; leadline trace shows them all"


def _labelled(label: str, text: str) -> Line:
    return Line(f"{label:<{_LABEL}}{text}", "", _LABEL)


def _answer_lines(signal: Signal) -> Iterator[Line]:
    if signal.status == "failed":
        yield Line("No answer: the question failed.", "bold red")
    elif "heldBack" in signal.metadata:
        yield Line("No answer that is sure enough to be given.", "bold yellow")
    elif signal.answer is None and signal.error_code:
        yield Line("No answer found, but not everything could be read.", "bold yellow")
    elif signal.answer is None:
        yield Line("No answer found on the pages that were read.", "bold yellow")
    else:
        text = answer_text(signal.answer_type, signal.answer)
        first, *more = text.split("\n") if text else ["(an empty list)"]
        yield Line(f"{'Answer':<{_LABEL}}{first}", "bold green", _LABEL)
        for line in more:
            yield Line(" " * _LABEL + line, "bold green", _LABEL)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def price_text(price: Any) -> str:
    """A price in US dollars; None means that the price of the model is not known."""
    return "price unknown" if price is None else f"${float(price):.4f}"


def cost_text(calls: int, input_tokens: int, output_tokens: int, price: Any) -> str:
    """What the model cost, in a few words."""
    if not calls:
        return "no model call"
    return (
        f"{counted(calls, 'model call')} · {input_tokens:,} + {output_tokens:,} tokens · {price_text(price)}"
    )


def metadata_line(signal: Signal) -> str:
    """Time, pages, model calls, tokens, price, and the id to look closer with."""
    facts = signal.metadata
    parts = []
    if (milliseconds := facts.get("processingTimeMs")) is not None:
        parts.append(f"{milliseconds / 1000:.1f} s")
    parts.append(
        f"{counted(facts.get('pagesRead', 0), 'page')} read, {facts.get('pagesFetched', 0):,} fetched"
    )
    parts.append(
        cost_text(
            facts.get("modelCalls", 0),
            facts.get("inputTokens", 0),
            facts.get("outputTokens", 0),
            facts.get("priceUsd"),
        )
    )
    parts.append(f"signal {signal.id}")
    return " · ".join(parts)
