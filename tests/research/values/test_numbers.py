from __future__ import annotations

import pytest

from leadline.research.values.dates import find_dates
from leadline.research.values.money import find_money
from leadline.research.values.numbers import find_numbers
from leadline.research.values.percentages import find_percentages


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("we bake 1,200 loaves", "en", [1200]),
        ("wir backen 1.200 Brote", "de", [1200]),
        ("nous cuisons 1 200 pains", "fr", [1200]),
        ("1'200 Brote", "de", [1200]),
        ("a fleet of 2.5 thousand lorries", "en", [2500]),
        ("1.299,00", "de", [1299]),
        ("1,299.00", "en", [1299]),
        ("costs €1.250 a year", "en", []),  # thousands or a fraction: nobody can tell
        ("costs €1.250 a year", "de", [1250]),
        ("at 3.250 % a year", "en", [3.25]),
        ("0.150 litres", "en", [0.15]),
        ("13m users", "en", [13_000_000]),
        ("13 m of cable", "en", [13]),
        ("2.5bn parcels", "en", [2_500_000_000]),
        ("3,2 Mrd. Pakete", "de", [3_200_000_000]),
        ("600K patients", "en", [600_000]),
        ("twenty-three depots", "en", [23]),
        ("three hundred and forty nurses", "en", [340]),
        ("dreiundzwanzig Filialen", "de", [23]),
        ("vingt-trois agences", "fr", [23]),
        ("one of the first", "en", []),
        ("release 1.2.3", "en", []),
        ("on 2021-06-01 we moved", "en", []),
        ("call +49 431 1234567", "en", []),
        ("IPv6, 3D and level L3", "en", []),
        ("open 50h a week", "en", [50]),
        ("40-50 beds", "en", [40, 50]),
        ("temperatures of -18 degrees", "en", [-18]),
    ],
)
def test_numbers_are_read_as_written(text: str, language: str, values: list[float]) -> None:
    assert [m.value for m in find_numbers(text, language)] == values


@pytest.mark.parametrize(
    "text", ["over 400 branches", "400+ branches", "about 400 branches", "~400 branches", "rund 400 Filialen"]
)
def test_approximate_numbers_are_marked(text: str) -> None:
    assert [(m.value, m.approximate) for m in find_numbers(text)] == [(400, True)]


@pytest.mark.parametrize("text", ["2-3 weeks", "2 to 3 weeks", "between 2 and 3 weeks", "2–3 weeks"])
def test_both_ends_of_a_range_are_marked(text: str) -> None:
    assert [(m.value, m.range_end) for m in find_numbers(text)] == [(2, True), (3, True)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("costs €1.250 per year", [(1250, "EUR")]),
        ("1.250 € pro Jahr", [(1250, "EUR")]),
        ("EUR 12.500 for a seat", [(12500, "EUR")]),
        ("DKK 4.990", [(4990, "DKK")]),
        (
            "costs $1.250",
            [],
        ),  # dollars have a decimal point: thousands in a borrowed spelling, or a price of fuel
        ("CHF 1.250", []),
        ("€1.250 per litre", []),
        ("1.250 €/kWh", []),
        ("1.255 €/kWh", [(1.255, "EUR")]),
        ("from €1.499 a year", [(1499, "EUR")]),
        ("a refund of -€1.250", [(-1250, "EUR")]),
        ("fuel at $3.459", [(3.459, "USD")]),
        ("€1.250 million", [(1_250_000, "EUR")]),
        ("€1.250.000", [(1_250_000, "EUR")]),
        ("€1.25", [(1.25, "EUR")]),
        ("$.75 per gigabyte", [(0.75, "USD")]),
        ("€,50 the piece", [(0.5, "EUR")]),
        ("$.75.2", []),
        ("version $.NET", []),
    ],
)
def test_amounts_on_an_english_page(text: str, values: list[tuple[float, str]]) -> None:
    assert [(m.value, m.currency) for m in find_money(text)] == values


def test_integers_stay_integers() -> None:
    assert [type(m.value) for m in find_numbers("25.00 and 25.5 and 2.5 million")] == [int, float, int]


@pytest.mark.parametrize(
    ("text", "language", "amounts"),
    [
        ("a $13m round", "en", [(13_000_000, "USD")]),
        ("US$ 12.5 million", "en", [(12_500_000, "USD")]),
        ("ab 1.299,00 € im Monat", "de", [(1299, "EUR")]),
        ("£4.2bn of deposits", "en", [(4_200_000_000, "GBP")]),
        ("CHF 120 or EUR 110", "en", [(120, "CHF"), (110, "EUR")]),
        ("25 USD", "en", [(25, "USD")]),
        ("$25 CAD", "en", [(25, "CAD")]),
        ("$10-20 a loaf", "en", [(10, "USD"), (20, "USD")]),
        ("three million euros", "en", [(3_000_000, "EUR")]),
        ("25 users", "en", []),
    ],
)
def test_money_needs_its_currency_beside_it(
    text: str, language: str, amounts: list[tuple[float, str]]
) -> None:
    assert [(m.value, m.currency) for m in find_money(text, language)] == amounts


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("up 40%", [40]),
        ("99.95 percent", [99.95]),
        ("10-20 %", [10, 20]),
        ("40%-50%", [40, 50]),
        ("40 people", []),
    ],
)
def test_percentages_need_their_sign(text: str, values: list[float]) -> None:
    assert [m.value for m in find_percentages(text)] == values


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("since 1998", ["1998"]),
        ("on 3 June 2021", ["2021-06-03"]),
        ("June 3rd, 2021", ["2021-06-03"]),
        ("am 3. Juni 2021", ["2021-06-03"]),
        ("03.06.2021", ["2021-06-03"]),
        ("in June 2021 and in 2022", ["2021-06", "2022"]),
        ("2021-06-03", ["2021-06-03"]),
        ("$2021 or 2021% or 2,021", []),
        ("31 February 2021", ["2021-02"]),
    ],
)
def test_dates_keep_the_precision_they_are_given_in(text: str, dates: list[str]) -> None:
    assert [d.iso for d in find_dates(text)] == dates


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$19⁹⁹ a month", 19.99),
        ("only €1,299⁰⁵ today", 1299.05),
        ("$19¹ a month", 19),  # a mark of a note
        ("$19.50¹² a month", 19.5),
        ("$19⁹⁹⁹", 19),
    ],
)
def test_raised_cents_belong_to_their_price(text: str, amount: float) -> None:
    assert [money.value for money in find_money(text)] == [amount]
