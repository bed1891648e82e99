"""Change: whether the fact behind an answer changed, told from two answers and the pages behind both.

    equal      do both answers state one fact, whatever the wording, order, unit or rounding?
    new words  does the new answer stand in words that were not there before?
    old words  are the words of the old answer gone?

Only where the answers differ, the new words are new and the old words are gone did the fact change. Everything else
has another cause, and is never told as a change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from leadline.research.answer_types import answer_type
from leadline.research.answer_types.base import AnswerType, FieldChanges, Told
from leadline.research.errors import Reason
from leadline.research.model import Company, Page, Question, Source, Subject, Unreadable, Value
from leadline.research.values.terms import fold, squash, stems

_WORD = re.compile(r"\w+|[$€£¥₹%]")  # a sign that tells of what a figure counts is a word
REWORDED = (
    0.6  # of the topic words of a statement, in one place of the page before: it was told there already
)


class ChangeType(StrEnum):
    """What is told (contract section 12). NOT_JUDGED is neither "changed" nor "not changed"."""

    NEW = "NEW"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"
    NOT_JUDGED = "NOT_JUDGED"


class Cause(StrEnum):
    """Why it is told."""

    FIRST_RUN = "first_run"  # nothing to compare with: the baseline
    FACT_CHANGED = "fact_changed"
    NOTHING_CHANGED = "nothing_changed"  # the cited words stand as they did
    PAGE_REWORDED = "page_reworded"  # other words, the same fact
    READER_DIFFERS = "reader_differs"  # the words are the old ones; they were read otherwise
    SOURCE_VANISHED = "source_vanished"  # the words that told it are gone, and nothing tells another fact
    COULD_NOT_LOOK = "could_not_look"  # a page that has to be seen could not be read
    HELD_BACK = "held_back"  # an answer was found and is not sure enough to be given
    COULD_NOT_JUDGE = (
        "could_not_judge"  # the pages contradict each other, the value flickers, or no judge could tell
    )


class Judgement(Value, frozen=True, kw_only=True):
    """What is to be told of a change, and why. ``delta``, ``fields``: of CHANGED only."""

    change_type: ChangeType
    cause: Cause
    why: str = ""
    delta: dict[str, Any] | None = None
    fields: FieldChanges | None = None
    undecided: bool = False  # whether both texts tell the same fact is left to somebody who understands them

    @property
    def settles(self) -> bool:
        """Whether what was answered now is what later answers are compared with."""
        return self.change_type is not ChangeType.NOT_JUDGED


class Look(NamedTuple):
    """One answer, the words it cites and all that was read for it. ``blind``: something planned could not be read."""

    answer: Any
    quotes: Sequence[Source]
    pages: Sequence[Page]
    unreadable: Sequence[Unreadable] = ()
    blind: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(quote.snippet for quote in self.quotes)


def first(now: Look) -> Judgement | None:
    """Of the first run; None when it could not look, and so is nothing to compare with."""
    if now.answer is None and now.blind:
        return None
    return Judgement(change_type=ChangeType.NEW, cause=Cause.FIRST_RUN)


def judge(kind: str, question: str, before: Look, now: Look, *, same_fact: bool | None = None) -> Judgement:
    """Whether the fact changed between two looks, in which both answers are of the type ``kind``.

    ``same_fact``: what somebody who understands both texts says, once they were asked (see ``undecided``).
    """
    of = answer_type(kind)
    if before.answer is None:
        return _judge_appeared(of, question, before, now)
    if now.answer is None:
        return _judge_vanished(before, now)
    told = Told(before.words, now.words, question)
    same = of.same(before.answer, now.answer, told)
    if same:
        return _unchanged(before, now)
    delta, fields = of.change(before.answer, now.answer), of.fields(before.answer, now.answer)
    if delta is not None and "added" in delta:
        return _judge_members(before, now, delta)
    if (judged := _judge_words(before, now)) is not None:
        return judged
    if same is None and same_fact is None:
        why = "the words differ too much to tell by rules whether they say the same"
        return _not_judged(Cause.COULD_NOT_JUDGE, why, undecided=True)
    if same is None and same_fact:
        return _unchanged(before, now)
    return _changed(delta, fields)


def confirmed(candidate: Judgement, before: Look, now: Look, again: Sequence[Page | Unreadable]) -> Judgement:
    """The second look: the pages that tell of the change, read once more, must tell the same."""
    pages = [page for page in again if isinstance(page, Page)]
    if len(pages) < len(again):
        return _not_judged(Cause.COULD_NOT_LOOK, "the page that tells of it could not be read a second time")
    if any(not _stands(quote.snippet, pages) for quote in now.quotes):
        return _not_judged(
            Cause.COULD_NOT_JUDGE, "the page told something else when it was read a second time"
        )
    removed = (candidate.delta or {}).get("removed") or ()
    cited_before = {_place(quote.url) for quote in before.quotes}
    seen_again = [page for page in pages if _place(page.url) in cited_before]
    if any(_holds(member, seen_again) for member in removed):
        return _not_judged(Cause.COULD_NOT_JUDGE, "a member that was missing stood there at the second look")
    return candidate


def goes_back(kind: str, question: str, now: Look, recent: Sequence[Any]) -> Judgement | None:
    """Why a changed value is not told yet: it was this value a few looks ago, and the look before said otherwise.

    ``recent``: the answers of the looks before, the newest first. Pages that flap between two versions are many; a
    value that came back is told when the next look finds it again.
    """
    of, told = answer_type(kind), Told((), now.words, question)

    def same(answer: Any) -> bool:
        return answer is not None and of.same(answer, now.answer, told) is True

    if now.answer is None or not any(same(answer) for answer in recent) or same(recent[0]):
        return None
    return _not_judged(Cause.COULD_NOT_JUDGE, "the value goes back and forth; it is told when it stays")


# ------------------------------------------------------------------ the cases


def _judge_appeared(of: AnswerType, question: str, before: Look, now: Look) -> Judgement:
    if now.answer is None:
        if now.blind:
            return _not_judged(Cause.COULD_NOT_LOOK, "not everything could be read")
        return Judgement(change_type=ChangeType.UNCHANGED, cause=Cause.NOTHING_CHANGED)
    if not _new_quotes(before, now):
        return Judgement(
            change_type=ChangeType.UNCHANGED,
            cause=Cause.READER_DIFFERS,
            why="the words that tell it now stood there before",
        )
    if _told_already(of, question, before, now):
        return Judgement(
            change_type=ChangeType.UNCHANGED,
            cause=Cause.READER_DIFFERS,
            why="the page told it before, in other words that were not taken for an answer",
        )
    if isinstance(now.answer, list):
        return _changed(of.change([], now.answer), None)
    if isinstance(now.answer, dict) and (fields := of.fields({}, now.answer)) is not None:
        return _changed(None, fields)
    return _changed({"type": of.name.upper(), "previous": None, "current": now.answer}, None)


def _told_already(of: AnswerType, question: str, before: Look, now: Look) -> bool:
    """Whether the page that tells it now held it already when nothing was answered."""
    asked = Question(subject=Subject(company=Company(host="", asked_host="")), text=question)
    for quote in now.quotes:
        page = _page_at(quote.url, before.pages)
        if page is None:
            continue
        holds = of.support(now.answer, (page.content.text,), asked).holds
        if holds or (holds is None and _reworded(quote.snippet, page)):
            return True
    return False


def _reworded(statement: str, page: Page) -> bool:
    language = page.content.language
    topic = stems(statement, language)
    blocks = (stems(page.words(block.start, block.end), language) for block in page.content.blocks)
    return bool(topic) and any(len(topic & block) >= REWORDED * len(topic) for block in blocks)


def _judge_vanished(before: Look, now: Look) -> Judgement:
    if (fault := _unseen(before.quotes, now)) is not None:
        return _not_judged(Cause.COULD_NOT_LOOK, f"{fault.url} could not be read: {fault.reason.value}")
    if all(_stands(quote.snippet, now.pages) for quote in before.quotes):
        return _not_judged(
            Cause.READER_DIFFERS, "the words that told it still stand there, and were not taken this time"
        )
    if now.blind and not any(_page_at(quote.url, now.pages) for quote in before.quotes):
        return _not_judged(Cause.COULD_NOT_LOOK, "not everything could be read")
    return _not_judged(Cause.SOURCE_VANISHED, "the words that told it are gone")


def _judge_words(before: Look, now: Look) -> Judgement | None:
    """Why two different answers are no change, judged by the words they cite; None when nothing speaks against it."""
    if not _new_quotes(before, now):
        if all(_stands(quote.snippet, now.pages) for quote in before.quotes):
            return Judgement(
                change_type=ChangeType.UNCHANGED,
                cause=Cause.READER_DIFFERS,
                why="the words of both answers stood there before and stand there now",
            )
        if (fault := _unseen(before.quotes, now)) is not None:
            return _not_judged(Cause.COULD_NOT_LOOK, f"{fault.url} could not be read: {fault.reason.value}")
        return _not_judged(
            Cause.SOURCE_VANISHED, "the words that told it are gone; what tells another value is not new"
        )
    if (fault := _unseen(before.quotes, now)) is not None:
        return _not_judged(Cause.COULD_NOT_LOOK, f"{fault.url} could not be read: {fault.reason.value}")
    if all(_stands(quote.snippet, now.pages) for quote in before.quotes):
        return _not_judged(
            Cause.COULD_NOT_JUDGE, "the pages contradict each other: the old words still stand beside the new"
        )
    return None


def _judge_members(before: Look, now: Look, delta: dict[str, Any]) -> Judgement:
    """Lists, member by member: one is added when its page did not hold it, and removed when its page no longer does."""
    added = [member for member in delta["added"] if not _holds(member, _counterparts(member, now, before))]
    removed, fault = [], None
    for member in delta["removed"]:
        citing = [
            quote for quote in before.quotes if squash(member) in squash(quote.snippet)
        ] or before.quotes
        if (unseen := _unseen(citing, now)) is not None:
            fault = unseen
        elif not _holds(member, _counterparts(member, before, now)):
            removed.append(member)
    if fault is not None and not added and not removed:
        return _not_judged(Cause.COULD_NOT_LOOK, f"{fault.url} could not be read: {fault.reason.value}")
    if not added and not removed:
        return Judgement(
            change_type=ChangeType.UNCHANGED,
            cause=Cause.READER_DIFFERS,
            why="what differs stood on the page before and stands there now",
        )
    kept = len(before.answer) - len(delta["removed"])
    if not added and kept == 0:
        return _not_judged(Cause.SOURCE_VANISHED, "the list that was read before is gone")
    return _changed({**delta, "added": added, "removed": removed}, None)


def _unchanged(before: Look, now: Look) -> Judgement:
    stand = all(_stands(quote.snippet, now.pages) for quote in before.quotes)
    return Judgement(
        change_type=ChangeType.UNCHANGED, cause=Cause.NOTHING_CHANGED if stand else Cause.PAGE_REWORDED
    )


def _changed(delta: dict[str, Any] | None, fields: FieldChanges | None) -> Judgement:
    return Judgement(change_type=ChangeType.CHANGED, cause=Cause.FACT_CHANGED, delta=delta, fields=fields)


def _not_judged(cause: Cause, why: str, *, undecided: bool = False) -> Judgement:
    return Judgement(change_type=ChangeType.NOT_JUDGED, cause=cause, why=why, undecided=undecided)


# ------------------------------------------------------------------ words and pages


def _new_quotes(before: Look, now: Look) -> bool:
    """Whether the new answer cites words that stood nowhere before."""
    return any(not _stands(quote.snippet, before.pages) for quote in now.quotes)


def _stands(words: str, pages: Iterable[Page]) -> bool:
    """Whether the words stand on one of the pages, as words: not inside a longer figure or name."""
    return _any_text(pages, lambda text: f" {_spaced(words)} " in text)


def _holds(member: str, pages: Iterable[Page]) -> bool:
    return _stands(member, pages)


def _any_text(pages: Iterable[Page], holds: Callable[[str], bool]) -> bool:
    return any(
        holds(f" {_spaced(text)} ")
        for page in pages
        for text in (page.content.text, *page.content.structured)
    )


def _counterparts(member: str, of: Look, among: Look) -> list[Page]:
    """The other version of the pages that cite the member: the same addresses, else what was cited there."""
    citing = [quote for quote in of.quotes if squash(member) in squash(quote.snippet)] or of.quotes
    found = [page for quote in citing if (page := _page_at(quote.url, among.pages)) is not None]
    return found or [page for quote in among.quotes if (page := _page_at(quote.url, among.pages)) is not None]


def _unseen(quotes: Iterable[Source], now: Look) -> Unreadable | None:
    """Why one of the cited pages was not seen, unless it is known to be gone."""
    at = {_place(fault.url): fault for fault in now.unreadable if fault.reason is not Reason.NOT_FOUND}
    return next((at[_place(quote.url)] for quote in quotes if _place(quote.url) in at), None)


def _page_at(url: str, pages: Iterable[Page]) -> Page | None:
    return next((page for page in pages if _place(page.url) == _place(url)), None)


def _place(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return ((parts.hostname or "").removeprefix("www."), unquote(parts.path).rstrip("/"), parts.query)


@lru_cache(maxsize=512)
def _spaced(text: str) -> str:
    """The words of a text, folded, one blank between two."""
    return " ".join(_WORD.findall(fold(text)))
