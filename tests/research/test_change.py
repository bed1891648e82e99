"""Whether a fact changed: told from two answers, the words they cite, and the pages behind both."""

from __future__ import annotations

from typing import Any

import pytest
from tests.research.library import page

from leadline.research.answer_types import answer_type
from leadline.research.answer_types.base import Told
from leadline.research.change import Cause, ChangeType, Look, confirmed, first, judge
from leadline.research.errors import Reason
from leadline.research.model import Page, Proof, Source, Unreadable
from leadline.research.values.wording import same_name, told_less_exactly

ABOUT = "https://acme.com/about"


def look(answer: Any, quote: str, *pages: Page, unreadable: tuple[Unreadable, ...] = (), **rest: Any) -> Look:
    quotes = (Source(url=ABOUT, title="", snippet=quote, proof=_proof()),) if quote else ()
    return Look(answer, quotes, pages, unreadable, **rest)


def _proof() -> Proof:
    return Proof(snapshot_id="s", body_sha256="", text_sha256="", walk="walk-1", start=0, end=1)


def about(words: str, url: str = ABOUT) -> Page:
    return page(url, f"<h1>About</h1><p>{words}</p>")


OLD, NEW = "Acme employs 40 people.", "Acme employs 52 people."
BEFORE = look(40, OLD, about(OLD))


def told(before: Look, now: Look, kind: str = "number", **rest: Any) -> tuple[ChangeType, Cause]:
    judgement = judge(kind, "How many people does Acme employ?", before, now, **rest)
    return judgement.change_type, judgement.cause


def test_another_answer_in_new_words_whose_old_words_are_gone_is_a_change() -> None:
    judgement = judge("number", "How many?", BEFORE, look(52, NEW, about(NEW)))
    assert (judgement.change_type, judgement.cause) == (ChangeType.CHANGED, Cause.FACT_CHANGED)
    assert judgement.delta == {"type": "NUMBER", "previous": 40, "current": 52, "difference": 12}


def test_the_first_look_is_the_baseline_unless_it_could_not_look() -> None:
    baseline = first(BEFORE)
    assert baseline is not None
    assert baseline.change_type is ChangeType.NEW
    assert first(look(None, "", blind=True)) is None


def test_other_words_for_the_same_value_are_no_change() -> None:
    other = "Forty people work for Acme, who employs all 40 of them."
    assert told(BEFORE, look(40, other, about(other))) == (ChangeType.UNCHANGED, Cause.PAGE_REWORDED)


def test_old_words_that_still_stand_beside_the_new_are_a_contradiction() -> None:
    now = look(52, NEW, about(NEW), about(OLD, "https://acme.com/old"))
    assert told(BEFORE, now) == (ChangeType.NOT_JUDGED, Cause.COULD_NOT_JUDGE)


def test_another_answer_from_words_that_stood_there_before_is_the_readers_doing() -> None:
    both = about(f"{OLD} {NEW}")
    assert told(look(40, OLD, both), look(52, NEW, both)) == (ChangeType.UNCHANGED, Cause.READER_DIFFERS)


def test_an_old_statement_elsewhere_does_not_replace_one_that_is_gone() -> None:
    elsewhere = about(NEW, "https://acme.com/jobs")
    before = look(40, OLD, about(OLD), elsewhere)
    assert told(before, look(52, NEW, elsewhere)) == (ChangeType.NOT_JUDGED, Cause.SOURCE_VANISHED)


def test_no_answer_any_more_is_never_a_change() -> None:
    gone = (Unreadable(url=ABOUT, reason=Reason.NOT_FOUND),)
    down = (Unreadable(url=ABOUT, reason=Reason.SERVER_ERROR),)
    assert told(BEFORE, look(None, "", unreadable=gone)) == (ChangeType.NOT_JUDGED, Cause.SOURCE_VANISHED)
    assert told(BEFORE, look(None, "", unreadable=down)) == (ChangeType.NOT_JUDGED, Cause.COULD_NOT_LOOK)
    assert told(BEFORE, look(None, "", about(OLD))) == (ChangeType.NOT_JUDGED, Cause.READER_DIFFERS)


def test_an_answer_elsewhere_while_the_cited_page_is_down_waits() -> None:
    now = Look(
        52,
        (Source(url="https://acme.com/jobs", title="", snippet=NEW, proof=_proof()),),
        (about(NEW, "https://acme.com/jobs"),),
        (Unreadable(url=ABOUT, reason=Reason.TIMED_OUT),),
    )
    assert told(BEFORE, now) == (ChangeType.NOT_JUDGED, Cause.COULD_NOT_LOOK)


def test_an_answer_where_there_was_none_is_a_change_only_when_the_page_is_silent_before() -> None:
    silent = look(None, "", about("We make anvils."))
    assert told(silent, look(52, NEW, about(NEW)))[0] is ChangeType.CHANGED
    unread = look(None, "", about("As many as 52 are on the payroll of Acme."))
    assert told(unread, look(52, NEW, about(NEW))) == (ChangeType.UNCHANGED, Cause.READER_DIFFERS)


def test_lists_are_compared_member_by_member() -> None:
    before = look(["Anvils", "Rockets"], "Anvils Rockets Magnets", about("Anvils Rockets Magnets"))
    now = look(["rockets", "Magnets", "Skates"], "Rockets Magnets Skates", about("Rockets Magnets Skates"))
    judgement = judge("list", "What do they make?", before, now)
    # Magnets stood there before and were not read.
    assert judgement.delta == {"type": "LIST", "added": ["Skates"], "removed": ["Anvils"]}


def test_a_text_that_rules_cannot_compare_is_left_to_a_judge_and_never_told_without_one() -> None:
    one, other = "They sell anvils to coyotes who hunt birds.", "Their customers are predators of fast fowl."
    before, now = look(one, one, about(one)), look(other, other, about(other))
    judgement = judge("open_text", "Who buys?", before, now)
    assert (judgement.change_type, judgement.undecided) == (ChangeType.NOT_JUDGED, True)
    assert told(before, now, "open_text", same_fact=True)[0] is ChangeType.UNCHANGED
    assert told(before, now, "open_text", same_fact=False)[0] is ChangeType.CHANGED


def test_the_second_look_must_tell_the_same() -> None:
    now = look(52, NEW, about(NEW))
    change = judge("number", "How many?", BEFORE, now)
    assert confirmed(change, BEFORE, now, [about(NEW)]) is change
    assert confirmed(change, BEFORE, now, [about(OLD)]).change_type is ChangeType.NOT_JUDGED
    lost = Unreadable(url=ABOUT, reason=Reason.TIMED_OUT)
    assert confirmed(change, BEFORE, now, [lost]).cause is Cause.COULD_NOT_LOOK


def test_the_fields_of_an_object_are_told_apart() -> None:
    before = {"headline": "A", "staff": 3, "office": {"town": "Leeds", "floor": 2}, "tags": ["x", "y"]}
    after = {"headline": "B", "office": {"town": "Leeds", "floor": 3}, "tags": ["y", "x"], "fax": "1"}
    fields = answer_type("json_schema").fields(before, after)
    assert fields is not None
    assert set(fields.changed) == {"headline", "staff", "office", "fax"}
    assert (fields.added, fields.removed) == (("fax",), ("staff",))
    assert set(fields.updated) == {"headline", "office.floor"}


@pytest.mark.parametrize(
    ("kind", "before", "after", "words", "same"),
    [
        ("number", 1280, 1300, "some 1,300 people", True),
        ("number", 1280, 1300, "exactly 1,300 people", False),
        ("number", 1280, 1400, "about 1,400 people", False),
        ("percentage", 42, 42.0, "", True),
        ("currency", {"value": 5, "currency": "EUR"}, {"value": 5.0, "currency": "EUR"}, "", True),
        ("currency", {"value": 5, "currency": "EUR"}, {"value": 5, "currency": "USD"}, "", False),
        ("url", "https://www.a.com/x/", "http://a.com/x?utm_medium=mail", "", True),
        ("url", "https://a.com/x?page=1", "https://a.com/x?page=2", "", False),
        ("list", ["Research & Development", "The Lab"], ["lab", "Research and development"], "", True),
        ("list", ["Model 3"], ["Model 5"], "", False),
        ("open_text", "Prof. Zoë Ångström", "Zoe Angstrom", "", True),
        ("open_text", "Ann Lee", "Ann Lee and Bo Ek", "", False),
        ("open_text", "Leeds", "Leeds, England", "", True),
        ("open_text", "We ship within two days to every country.", "We do not ship within two days to every country.", "", False),
        ("boolean", True, False, "", False),
    ],
)  # fmt: skip
def test_sameness_is_typed(kind: str, before: Any, after: Any, words: str, same: bool) -> None:
    assert answer_type(kind).same(before, after, Told((), (words,))) is same


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ((1280, "about 1,280 people"), (1300, "some 1,300 people"), True),
        ((30, "30+ regions"), (37, "37+ regions"), False),
        ((400_000, "over 400,000 users"), (450_000, "over 450,000 users"), False),
        ((400_000, "over 400,000 users"), (412_345, "412,345 users"), True),
        ((412_345, "412,345 users"), (400_000, "over 400,000 users"), True),
    ],
)
def test_a_rough_figure_that_became_another_rough_figure_is_news(
    before: tuple[int, str], after: tuple[int, str], same: bool
) -> None:
    told = Told((before[1],), (after[1],))
    assert answer_type("number").same(before[0], after[0], told) is same


def test_a_slip_of_the_pen_is_the_same_name_and_a_digit_never_is() -> None:
    assert same_name("Microsoft Teams", "Microsfot Teams")
    assert same_name("Lindqvist", "Lindquist")
    assert not same_name("Sandvik A1000000", "Sandvik A1000001")
    assert not same_name("Marlow", "Barrow")
    assert not same_name("Mars", "Bars")


@pytest.mark.parametrize(("exact", "rough", "fits"), [(186, 190, True), (61.4e6, 61e6, True), (6400, 6000, True),
                                                      (2900, 2000, False), (99.95, 99.9, True), (0, 0, True)])  # fmt: skip
def test_a_rounded_figure_may_lie_within_its_last_digit(exact: float, rough: float, fits: bool) -> None:
    assert told_less_exactly(exact, rough) is fits
