"""Where words name a person, and whom else they name."""

from __future__ import annotations

import pytest

from leadline.research.documents.persons import Form, PersonName, people_in


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ann Lee", "Ann Lee joined in 2020."),
        ("Ann Lee", "ANN LEE's talk"),
        ("Ann Lee", "CEO Ann Lee spoke."),
        ("Ann Lee", "Dr. Ann Lee spoke."),
        ("Dr. Ann Lee, MBA (she/her)", "Ann Lee spoke."),
        ("Zoë Müller", "Zoe Muller spoke."),
        ("Zoe Mueller", "Zoë Müller spoke."),
        ("Łukasz Søndergaard", "Lukasz Sondergaard spoke."),
        ("Ann Lee", "Lee, Ann (sales)"),
        ("Ann Lee", "LEE Ann, sales"),
        ("Robert Haines", "Robert J. Haines signed."),
        ("Robert J. Haines", "Robert Haines signed."),
        ("Pieter van der Meulen", "van der Meulen, Pieter"),
        ("Pieter van der Meulen", "Meulen, Pieter van der"),
        ("Jean-Luc O’Brien", "Jean-Luc O'Brien spoke."),
        ("田中 恵子", "代表取締役 田中恵子"),
        ("ジョン スミス", "社長 ジョン・スミス"),
    ],
)
def test_a_person_is_named(name: str, text: str) -> None:
    assert [m.form for m in PersonName(name).mentions(text)] == [Form.WHOLE]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ann Lee", "Joann Lee joined."),
        ("Ann Lee", "Ann Leeds joined."),
        ("Ann Lee", "Ms Lee joined."),
        ("Ann Lee", "Mary Ann Lee joined."),
        ("Ann Lee", "Ann Lee Miller joined."),
        ("Ann Lee", "Ann Lee GmbH grew."),
        ("Ann Lee", "Ann. Then Lee."),
        ("Ann Lee", "Lee Ann, sales"),  # another person, where family names stand last
        ("Thomas James", "Henry James, Thomas Reed"),
        ("Michal Novak", "Michael Novak joined."),
        ("Pieter Meulen", "Pieter de Meulen-Bos"),
        ("Robert K. Haines", "Robert J. Haines signed."),
        ("田中 恵", "代表取締役 田中恵子"),
        ("…", "Ann Lee joined."),
    ],
)
def test_a_person_is_not_named(name: str, text: str) -> None:
    assert PersonName(name).mentions(text) == []


@pytest.mark.parametrize("text", ["A. Lee spoke.", "Lee, A.", "A. B. Lee"])
def test_initials_are_told_from_names(text: str) -> None:
    assert [m.form for m in PersonName("Ann Lee").mentions(text)] == [Form.INITIALS]


def test_family_names_stand_first_on_own_pages_and_in_some_languages() -> None:
    halmos = PersonName("Zoltán Halmos")
    assert halmos.mentions("Halmos Zoltán igazgató", language="hu")
    assert halmos.mentions("Halmos Zoltán igazgató", own=True)
    assert not halmos.mentions("Halmos Zoltán igazgató", language="en")


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Jan Brill met Ada Quist in Kiel.", ["Jan Brill", "Ada Quist"]),
        ("Managing Director Jan Brill", ["Jan Brill"]),
        ("Head of Cold Storage", []),
        ("Chief Operating Officer", []),
        ("nobody is named here", []),
    ],
)
def test_people_in_a_text(text: str, people: list[str]) -> None:
    assert [text[start:end] for start, end in people_in(text)] == people
