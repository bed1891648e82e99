"""A company's habit decides which address is tried first, and how sure of it one may be."""

from __future__ import annotations

import pytest

from leadline.research.mail.names import parse_person_name
from leadline.research.mail.patterns import candidates, habits, is_role, patterns_of, share

JANE = parse_person_name("Jane Doe")


@pytest.mark.parametrize(
    ("local", "pattern"),
    [
        ("jane.doe", "{first}.{last}"),
        ("jdoe", "{f}{last}"),
        ("jane", "{first}"),
        ("janedoe", "{first}{last}"),
        ("j.doe", "{f}.{last}"),
        ("janed", "{first}{l}"),
        ("jane_doe", "{first}_{last}"),
        ("doe.jane", "{last}.{first}"),
        ("doej", "{last}{f}"),
        ("Jane.Doe", "{first}.{last}"),
    ],
)
def test_a_local_part_shows_its_pattern(local: str, pattern: str) -> None:
    assert patterns_of(local, JANE)[0] == pattern


def test_another_persons_local_part_shows_none() -> None:
    assert patterns_of("john.doe", JANE) == []


def test_the_domains_own_habit_comes_before_custom() -> None:
    known = habits({"{f}{last}": 4, "{first}": 1}, {})
    tried = candidates(JANE, "acme.com", known)
    assert [one.address for one in tried[:3]] == ["jdoe@acme.com", "jane@acme.com", "jane.doe@acme.com"]
    assert (tried[0].share, tried[2].share) == (4 / 6, 0.0)


def test_the_second_spelling_of_a_name_is_less_likely() -> None:
    tried = candidates(parse_person_name("Jörg Müller"), "acme.de", habits({"{first}.{last}": 9}, {}))
    assert [one.address for one in tried[:2]] == ["joerg.mueller@acme.de", "jorg.mueller@acme.de"]
    assert tried[1].share == tried[0].share / 2


def test_one_address_proves_little_and_an_accepted_one_more() -> None:
    assert share(habits({"{first}": 1}, {}), "{first}") == pytest.approx(1 / 2)
    assert share(habits({}, {"{first}": 1}), "{first}") == pytest.approx(3 / 4)
    assert share(habits({}, {}), "{first}") == 0.0


def test_a_person_is_given_no_role_account() -> None:
    sales = parse_person_name("Sales Team")
    assert all(not is_role(one.address.partition("@")[0]) for one in candidates(sales, "acme.com", ()))
    assert is_role("Info")
    assert is_role("jobs-berlin")
    assert not is_role("jane.doe")
