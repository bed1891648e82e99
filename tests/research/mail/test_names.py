"""Names become what mail addresses are made of."""

from __future__ import annotations

import pytest

from leadline.research.errors import InvalidQuestion
from leadline.research.mail.names import first_forms, last_forms, parse_person_name


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Jane Doe", ["jane"], ["doe"]),
        ("Doe, Jane", ["jane"], ["doe"]),
        ("Dr. Jane Doe", ["jane"], ["doe"]),
        ("Jane Doe, PhD", ["jane"], ["doe"]),
        ("Mary Jane Watson", ["mary"], ["watson"]),
        ("Jan van Berg", ["jan"], ["vanberg", "berg", "van-berg"]),
        ("Jan van der Berg", ["jan"], ["vanderberg", "berg", "van-der-berg"]),
        ("Jörg Müller", ["joerg", "jorg"], ["mueller", "muller"]),
        ("Jo\u0308rg Groß", ["joerg", "jorg"], ["gross"]),
        ("Łukasz Żuk", ["lukasz"], ["zuk"]),
        ("Sinéad O’Connor", ["sinead"], ["oconnor"]),
        ("Anna-Lena Meyer-Kuhn", ["annalena", "anna-lena", "anna", "lena"], ["meyerkuhn", "meyer-kuhn", "meyer", "kuhn"]),
        ("Иван Петров", [], []),
    ],
)  # fmt: skip
def test_the_parts_of_a_name(text: str, first: list[str], last: list[str]) -> None:
    name = parse_person_name(text)
    assert (first_forms(name), last_forms(name)) == (first, last)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Jane", "first and a last name"),
        ("van Gogh", "first and a last name"),
        ("Dr. Doe", "first and a last name"),
        ("Jane Ann Mary Doe", "particle"),
        ("Jane Ann van der Doe", "two to four words"),
        ("Jane 123", "person's name"),
        ("jane@acme.com Doe", "person's name"),
        ("   ", "first and a last name"),
    ],
)
def test_what_is_no_name_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidQuestion, match=says) as refused:
        parse_person_name(text)
    assert refused.value.field == "full_name"
