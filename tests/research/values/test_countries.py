from __future__ import annotations

import pytest

from leadline.research.values.countries import country_behind, country_code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Germany", "DE"), ("Deutschland", "DE"), ("United Kingdom", "GB"), ("UK", "GB"), ("U.S.A.", "US"), ("The Netherlands", "NL"),
        ("Österreich", "AT"), ("south korea", "KR"), ("Côte d'Ivoire", "CI"), ("日本", None), ("Kiel", None), ("DE", None), ("", None),
    ],
)  # fmt: skip
def test_countries_are_known_by_name(name: str, code: str | None) -> None:
    assert country_code(name) == code


@pytest.mark.parametrize(
    ("behind", "code"),
    [
        ("\nGermany", "DE"), ("/Germany, registered in Kiel", "DE"), (", Germany.", "DE"), (" (Germany)", "DE"), (", Deutschland\nTel. 1", "DE"),
        ("\nPhone: 1", None), (", Jordan Meyer", None), (" and Germany", None), ("", None), ("\n\n\nGermany", "DE"),
    ],
)  # fmt: skip
def test_a_country_stands_behind_a_place(behind: str, code: str | None) -> None:
    found = country_behind("24143 Kiel" + behind, 10)
    assert (found and found[0]) == code
    if found is not None:
        assert ("24143 Kiel" + behind)[: found[1]].rstrip(")").endswith(("Germany", "Deutschland"))
