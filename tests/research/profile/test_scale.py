"""Users, customers, countries, money raised, the financial year, licences: the company's own, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from tests.research.profile.test_profile import profile

OWN = "<p>Norrwerk makes drills.</p>"


@pytest.mark.parametrize(
    ("path", "body", "field", "value"),
    [
        ("/", "<h2>Used by 12,500+ developers.</h2>", "user_count", 12_500),
        ("/", "<p>240 Betriebe nutzen Norrwerk.</p>", "customer_count", 240),
        ("/", "<p>310 mills buy our drills.</p>", "customer_count", 310),
        ("/", "<p>1,200+ customers</p>", "customer_count", 1_200),
        ("/", "<p>We want to serve 5,000 customers by 2030.</p>", "customer_count", None),
        ("/", "<p>Our supplier Tankbau serves 5,000 customers.</p>", "customer_count", None),
        ("/", "<p>“We have 9,000 customers and one drill.” Ada Quist, Bergpump</p>", "customer_count", None),
        ("/about", "<p>Norrwerk has people in 14 countries.</p>", "team_countries", 14),
        ("/about", "<p>Norrwerk began small. Today with team members in 14 countries.</p>", "team_countries", 14),
        ("/about", "<p>Norrwerk sells to customers in 40 countries.</p>", "served_countries", 40),
        ("/about", "<p>Norrwerk helped Bergpump. Bergpump employs people in 14 countries.</p>", "team_countries", None),
        ("/about", "<p>Our financial year ends on 30 June.</p>", "fiscal_year", "ends on 30 June"),
        ("/imprint", "<p>Financial year: 1 August to 31 July.</p>", "fiscal_year", "1 August to 31 July"),
        ("/open", "<p>The core of Norrwerk is licensed under the Apache License 2.0.</p>", "licence", "Apache License 2.0"),
        ("/open", "<p>The fonts that Norrwerk uses are released under the MIT license.</p>", "licence", None),
        ("/about", "<p>Fifty-eight people work for Norrwerk.</p>", "employee_count", 58),
        ("/", "<p>64 people in total</p>", "employee_count", 64),
        ("/about", "<p>Norrwerk has 1,250 employees.</p>", "employee_count", 1_250),
        ("/about", "<p>The office of Norrwerk has 12 employees.</p>", "employee_count", None),
        ("/jobs", "<p>In our shops we are looking for 6 people:</p>", "employee_count", None),
        ("/about", "<p>Bis 2040 möchten wir 60 Menschen beschäftigen.</p>", "employee_count", None),
        ("/about", "<p>In 2019 we employed 50 people.</p><p>We employ 80 people.</p>", "employee_count", 80),
        ("/about", "<p>We have been drilling since 1987.</p>", "founded", 1987),
        ("/", "<h2>Building drills since 1954</h2>", "founded", 1954),
        ("/about", "<p>Angefangen haben wir 2008 zu dritt.</p>", "founded", 2008),
        ("/about", "<p>In 2016 we started our shop for spare parts.</p>", "founded", None),
    ],
)  # fmt: skip
def test_what_is_the_companys_own_is_told(path: str, body: str, field: str, value: Any) -> None:
    assert profile((path, OWN + body)).value(field) == value


ROUND = "<p>Norrwerk raised €31 million in a Series B led by Tern Partners, with Cobalt taking part.</p>"


def test_a_round_its_series_and_who_led_it() -> None:
    found = profile(("/news/b", OWN + ROUND))
    assert found.value("funding") == [{"amount": 31_000_000, "currency": "EUR", "text": "€31 million"}]
    assert (found.value("last_round"), found.value("lead_investor")) == ("Series B", "Tern Partners")


def test_the_sum_of_all_rounds_is_none_of_them() -> None:
    found = profile(("/about", OWN + "<p>We have raised a total of $40 million in funding.</p>"))
    assert found.value("funding_total")["amount"] == 40_000_000
    assert found.value("funding") is None


@pytest.mark.parametrize(
    "said",
    [
        "Norrwerk acted for Tidewell on a €55 million round.",
        "Bergpump, a customer, raised $12 million in a Series A.",
        "Norrwerk plans to raise $12 million in a seed round.",
        "Norrwerk raised $12,000 for a charity; its investors gave as much.",
    ],
)
def test_money_of_others_or_for_something_else_is_no_round(said: str) -> None:
    assert profile(("/news/x", f"{OWN}<p>{said}</p>")).value("funding") is None


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ("<p>FN 218845 k, Landesgericht Wels. UID: ATU 55012347.</p>", "register_number", "FN 218845 k"),
        ("<p>FN 218845 k, Landesgericht Wels. UID: ATU 55012347.</p>", "tax_number", "ATU 55012347"),
        ("<p>Norrwerk GmbH</p><p>Gestaltung: Studio Kies GmbH, Linz, FN 390021 b</p>", "register_number", None),
        ("<p>Registered in England, company number 08841207.</p>", "register_number", "08841207"),
        ("<p>USt-IdNr.: DE 266 410 538</p>", "tax_number", "DE 266 410 538"),
        ("<p>Norrwerk is a trading name of Quist Drilling Limited.</p><p>Quist Drilling Limited</p>", "legal_name", None),
        ("<p>Quist Drilling GmbH<br>Am Kai 4<br>24143 Kiel</p>", "legal_name", "Quist Drilling GmbH"),
    ],
)  # fmt: skip
def test_what_an_imprint_says_of_the_company(body: str, field: str, value: Any) -> None:
    assert profile(("/impressum", OWN + body)).value(field) == value


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/impressum", "<p>Vertreten durch: Ada Quist, Per Holm</p>", {"Ada Quist", "Per Holm"}),
        ("/impressum", "<p>Amtsgericht Kiel. Geschäftsführerin: Mag. Ada Quist.</p>", {"Ada Quist"}),
        (
            "/about",
            "<h2>Directors</h2><ul><li>Ada Quist (chair)</li><li>Per Holm</li></ul>",
            {"Ada Quist", "Per Holm"},
        ),
        ("/about", "<p>Per Holm, Geschäftsführer bis 2022, segelt jetzt.</p>", set()),
    ],
)
def test_who_leads(path: str, body: str, expected: set[str]) -> None:
    found = profile((path, OWN + body)).value("leadership") or []
    assert {one["name"] for one in found} == expected


@pytest.mark.parametrize(
    ("path", "body", "days"),
    [
        ("/docs/start", "<p>A free trial of Norrwerk includes one drill and 7 days of access.</p>", 7),
        ("/docs/start", "<p>Norrwerk has no free trial of 7 days.</p>", None),
        ("/news/x", "<p>Norrwerk once had a free trial of 7 days.</p>", None),
    ],
)
def test_how_long_a_trial_lasts_is_told_in_a_sentence_too(path: str, body: str, days: int | None) -> None:
    found = profile((path, OWN + body)).value("trial")
    assert (found and found["days"]) == days


def test_a_sentence_goes_on_about_the_company_only_where_it_names_nobody() -> None:
    other = "<p>Norrwerk advised Bergpump. Today with team members in 9 countries.</p>"
    assert profile(("/about", OWN + other)).value("team_countries") == 9
    named = "<p>Norrwerk advised Bergpump. One of them, the Holm Group, has staff in 9 countries.</p>"
    assert profile(("/about", OWN + named)).value("team_countries") is None


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("<p>We currently have two vacancies: a driller and a clerk.</p>", 2),
        ("<h2>Open roles (7)</h2>", 7),
        ("<p>Cinq postes à pourvoir :</p>", None),  # in the words of a page that says it is English
        ("<p>Every year we fill 40 positions.</p>", None),
    ],
)
def test_how_many_positions_are_open(body: str, count: int | None) -> None:
    assert profile(("/careers", OWN + body)).value("openings") == count


def test_a_trading_name_tells_who_stands_behind_it() -> None:
    said = "<p>Norrwerk is a trading name of Quist Drilling Limited.</p>"
    assert profile(("/", OWN + said), ("/shops", OWN + said)).value("legal_name") == "Quist Drilling Limited"
