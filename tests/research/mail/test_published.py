"""Addresses on pages: whose they are, and what habit they show."""

from __future__ import annotations

import time

import pytest
from tests.research.library import page

from leadline.research.mail.names import parse_person_name
from leadline.research.mail.published import (
    PublishedAddress,
    addresses,
    names_near,
    own_address,
    seen_patterns,
)

JANE = parse_person_name("Jane Doe")


def found(html: str, domain: str = "acme.com") -> list[PublishedAddress]:
    return addresses([page("https://acme.com/team", f"<title>Team</title>{html}")], domain)


@pytest.mark.parametrize(
    "html",
    [
        "<p>Write to jane.doe@acme.com.</p>",
        "<p>Write to Jane.Doe@ACME.com, please</p>",
        "<p>jane.doe [at] acme.com</p>",
        "<p>jane.doe(at)acme(dot)com</p>",
        '<p><a href="mailto:jane.doe@acme.com?subject=Hi">Write</a> us</p>',
        '<p><a href="mailto:jane%2Edoe@acme.com">Write</a> us</p>',
        '<script type="application/ld+json">{"@type":"Person","email":"mailto:jane.doe@acme.com"}</script><p>Us</p>',
    ],
)
def test_an_address_is_seen_however_it_is_written(html: str) -> None:
    assert [one.address for one in found(html)] == ["jane.doe@acme.com"]


@pytest.mark.parametrize(
    "text", ["jane@acme.com.au", "jane@notacme.com", "jane@mail.acme.com", "@acme.com", "jane@acme.community"]
)
def test_an_address_elsewhere_is_none_of_the_domains(text: str) -> None:
    assert found(f"<p>{text}</p>") == []


def test_the_words_of_an_address_stand_where_it_says() -> None:
    one_page = page("https://acme.com/team", "<p>Jane Doe</p><p>Mail: jane.doe@acme.com</p>")
    (one,) = addresses([one_page], "acme.com")
    assert one_page.words(one.start, one.end) == "jane.doe@acme.com"
    assert "Jane Doe" in one.near


@pytest.mark.parametrize(
    "html",
    [
        "<p>jane.doe@acme.com</p>",
        "<h3>Jane Doe</h3><p>Sales, jdoe@acme.com</p>",
        "<h3>Jane Doe</h3><p>Sales, jane@acme.com</p>",
        "<p>Jane Doe, Sales: jd7@acme.com</p>",
    ],
)
def test_a_persons_own_address_is_known(html: str) -> None:
    own = own_address(found(html), JANE)
    assert own is not None
    assert own.address.endswith("@acme.com")


@pytest.mark.parametrize(
    "html",
    [
        "<p>john.doe@acme.com</p>",
        "<p>jdoe@acme.com</p>",  # it may be John's
        "<h3>Jane Roe</h3><p>jane@acme.com</p>",
        "<p>Jane Doe, Sales: info@acme.com</p>",
        "<p>Jane Doe and Bob Ray: bob@acme.com</p>",
        "<p>Jane Doe: x1@acme.com, x2@acme.com</p>",
    ],
)
def test_what_may_be_somebody_elses_is_not_the_persons(html: str) -> None:
    assert own_address(found(html), JANE) is None


def test_a_name_in_another_script_finds_the_address_beside_it() -> None:
    own = own_address(found("<p>Иван Петров: ip@acme.com</p>"), parse_person_name("Иван Петров"))
    assert own is not None


def test_the_habit_is_learned_from_names_beside_addresses() -> None:
    html = (
        "<h3>Ada Quist</h3><p>Head of Sales<br>aquist@acme.com</p>"
        "<h3>Bo Lindqvist</h3><p>Finance<br>blindqvist@acme.com</p>"
        "<p>Press: press@acme.com</p><p>Nobody's: xk9@acme.com</p>"
    )
    assert seen_patterns(found(html), ()) == {"{f}{last}": 2}


def test_the_habit_is_learned_from_people_who_are_known() -> None:
    people = [parse_person_name("Ada Quist"), parse_person_name("Bo Lindqvist")]
    assert seen_patterns(found("<p>quist.ada@acme.com or lindqvist.bo@acme.com</p>"), people) == {
        "{last}.{first}": 2
    }


def test_one_address_on_many_pages_counts_once() -> None:
    html = "<h3>Ada Quist</h3><p>ada@acme.com</p>"
    pages = [page(f"https://acme.com/{n}", html) for n in range(5)]
    assert seen_patterns(addresses(pages, "acme.com"), ()) == {"{first}": 1}


def test_names_stand_in_runs_of_capitalised_words() -> None:
    names = {name.whole for name in names_near("contact Ada Quist, our CEO\nJan van der Berg runs sales")}
    assert {"Ada Quist", "Jan van der Berg"} <= names


@pytest.mark.parametrize(
    "text", ["a@" * 100_000, "Ab " * 100_000, "x" * 300_000 + "@acme.com", "(at)acme.com" * 9_000]
)
def test_a_page_made_to_hold_up_its_reader_does_not(text: str) -> None:
    one_page = page("https://acme.com/team", f"<p>{text}</p>")
    started = time.process_time()
    seen_patterns(addresses([one_page], "acme.com"), ())
    assert time.process_time() - started < 5
