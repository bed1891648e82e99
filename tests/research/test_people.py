"""Addresses of profiles and of companies' pages have one spelling."""

from __future__ import annotations

import pytest

from leadline.research.errors import InvalidQuestion
from leadline.research.people import Position, Profile, parse_company_address, parse_profile_address

JANE = "https://www.linkedin.com/in/jane-doe"


@pytest.mark.parametrize(
    "text",
    [
        "https://www.linkedin.com/in/jane-doe",
        "http://linkedin.com/in/jane-doe/",
        "linkedin.com/in/jane-doe",
        "//de.linkedin.com/in/jane-doe?originalSubdomain=de",
        "HTTPS://WWW.LINKEDIN.COM/IN/JANE-DOE/",
        "https://m.linkedin.com/in/Jane-Doe/en#about",
        "https://www.linkedin.com/in/jane-doe/overlay/contact-info/",
        "https://www.linkedin.com:443//in/jane-doe/details/experience/",
        "  https://uk.linkedin.com/in/jane%2Ddoe  ",
    ],
)
def test_profile_has_one_spelling(text: str) -> None:
    assert parse_profile_address(text).url == JANE


@pytest.mark.parametrize(
    "text", ["linkedin.com/in/Jos%C3%A9-Nuñez", "linkedin.com/in/jose%CC%81-nu%C3%B1ez/"]
)
def test_letters_with_accents_are_one_letter(text: str) -> None:
    assert parse_profile_address(text).url == "https://www.linkedin.com/in/jos%C3%A9-nu%C3%B1ez"


def test_member_ids_keep_their_letters() -> None:
    address = parse_profile_address("https://linkedin.com/in/ACoAAAbCdEfGhIjKlMnOp/")
    assert address.url == "https://www.linkedin.com/in/ACoAAAbCdEfGhIjKlMnOp"


@pytest.mark.parametrize("kind", ["lead", "people", "LEAD"])
def test_lead_of_sales_navigator_is_its_member_alone(kind: str) -> None:
    text = f"https://www.linkedin.com/sales/{kind}/ACwAAAbCdEfGhIjKl,NAME_SEARCH,x-Yz?_ntb=1"
    address = parse_profile_address(text)
    assert address == ("https://www.linkedin.com/sales/lead/ACwAAAbCdEfGhIjKl", True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jane-doe",
        "https://example.com/in/jane-doe",
        "https://notlinkedin.com/in/jane-doe",
        "https://linkedin.com.evil.example/in/jane-doe",
        "https://www.linkedin.com:8080/in/jane-doe",
        "https://www.linkedin.com/company/acme",
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/in/a b",
        "https://www.linkedin.com/in/%00",
        "http://[",
        f"https://www.linkedin.com/in/{'a' * 201}",
    ],
)
def test_what_is_no_profile_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidQuestion) as refused:
        parse_profile_address(text)
    assert refused.value.field == "contactProfileUrl"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("linkedin.com/company/Acme-Corp/", "https://www.linkedin.com/company/acme-corp"),
        (
            "https://fr.linkedin.com/company/acme-corp/about/?x=1",
            "https://www.linkedin.com/company/acme-corp",
        ),
        ("https://www.linkedin.com/sales/company/1441", "https://www.linkedin.com/company/1441"),
        ("https://www.linkedin.com/school/mit/", "https://www.linkedin.com/school/mit"),
    ],
)
def test_company_has_one_spelling(text: str, address: str) -> None:
    assert parse_company_address(text) == address


@pytest.mark.parametrize(
    "text", ["https://www.linkedin.com/company/", "https://www.linkedin.com/in/jane", "acme.com"]
)
def test_address_without_a_company_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuestion, match="company"):
        parse_company_address(text)


def test_position_held_now_comes_before_a_newer_one_that_ended() -> None:
    left, held = Position(title="Board", current=False), Position(title="CTO")
    assert Profile(full_name="J", positions=(left, held)).position == held
    assert Profile(full_name="J", positions=(left,)).position == left
    assert Profile(full_name="J").position is None
