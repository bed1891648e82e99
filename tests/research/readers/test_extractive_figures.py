"""Figures on invented pages, asked for in other words than the page uses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.research.readers.test_extractive import page, read

from leadline.research.model import Company, Evidence, Question, Subject

HOST = "kornmann.example"

CASES: list[tuple[str, str, str, Any]] = [
    # years
    ("<p>Kornmann was established in 1894 by two brothers.</p>", "When was Kornmann founded (year)?", "number", 1894),
    ("<p>Kornmann Ltd was founded in 1894.</p>", "What year did the Kornmann business start?", "number", 1894),
    ("<p>In 1894 we set up our cooperative.</p>", "In which year was the Kornmann cooperative formed?", "number", 1894),
    ("<p>Baking since 1894: we have been in business for over a century.</p>", "Since which year has Kornmann been in business?", "number", 1894),
    ("<dl><dt>Gegründet</dt><dd>1894</dd></dl>", "When was the company founded?", "number", 1894),
    ("<p>The mill was founded in 1894.</p><p>In 1990 we opened a shop.</p>", "In which year did Kornmann go public?", "number", None),
    # people
    ("<p>We are a team of 85 bakers and drivers.</p>", "How many people work at Kornmann?", "number", 85),
    ("<p>Today 85 people work at Kornmann.</p>", "What is the headcount of Kornmann?", "number", 85),
    ("<table><tr><td>Mitarbeiter</td><td>85</td></tr><tr><td>Filialen</td><td>12</td></tr></table>", "How many people does Kornmann employ?", "number", 85),
    ("<p>Kornmann employs 85 people in Hull.</p>", "How big is the Kornmann team?", "number", 85),
    ("<p>Our choir has 85 people.</p>", "How many people work at Kornmann?", "number", None),
    # measured things
    ("<h2>Mixer M3</h2><p>The mixer M3 weighs 48 kg and is quiet.</p>", "What is the weight of the mixer M3, in kilograms?", "number", 48),
    ("<h2>Mixer M3</h2><p>The M3 mixer weighs only 950g.</p>", "How many grams does the M3 mixer weigh?", "number", 950),
    ("<h2>Mixer M3</h2><table><tr><td>Gewicht</td><td>48 kg</td></tr><tr><td>Leistung</td><td>750 W</td></tr></table>", "What does the mixer M3 weigh (kg)?", "number", 48),
    ("<h2>Mixer M3</h2><p>The M3 mixer draws 750 W.</p>", "What does the mixer M3 weigh (kg)?", "number", None),
    ("<p>Our warranty on ovens covers 36 months.</p>", "How long is the warranty on ovens, in months?", "number", 36),
    # labels
    ("<table><tr><td>Minimum order quantity</td><td>250</td></tr><tr><td>Pallet height</td><td>180</td></tr></table>", "What is the minimum order quantity?", "number", 250),
    ("<dl><dt>Ovens in use</dt><dd>14</dd></dl>", "What is the number of ovens in use at Kornmann?", "number", 14),
    # percentages
    ("<table><tr><td>Exportanteil</td><td>31 %</td></tr><tr><td>Bioanteil</td><td>12 %</td></tr></table>", "What share of the sales is exported?", "percentage", 31),
    ("<p>Half of our flour comes from local farms.</p>", "What percentage of the flour comes from local farms?", "percentage", 50),
    ("<p>Two thirds of our bakers are women.</p>", "How many percent of the bakers are women?", "percentage", pytest.approx(66.67, abs=0.1)),
    ("<p>A quarter of the profit goes to charity.</p>", "What part of the profit does Kornmann give to charity?", "percentage", 25),
    ("<p>We guarantee an availability of 99.5 %.</p>", "What uptime does Kornmann guarantee?", "percentage", 99.5),
    ("<p>The new oven uses 18% less power.</p>", "What is Kornmann's return rate?", "percentage", None),
    # money
    ("<table><tr><th></th><th>2023</th><th>2024</th></tr><tr><td>Umsatz</td><td>4,1 Mio. €</td><td>4,6 Mio. €</td></tr></table>", "What was Kornmann's revenue in 2024?", "currency", {"value": 4600000, "currency": "EUR"}),
    ("<table><tr><td>Umsatz 2024</td><td>4,6 Mio. €</td></tr></table>", "What is the turnover of Kornmann?", "currency", {"value": 4600000, "currency": "EUR"}),
    ("<p>The baking course is £45 per person.</p>", "How much do you charge for the baking course per person?", "currency", {"value": 45, "currency": "GBP"}),
    ("<p>In March we closed a $6 million Series A.</p>", "How much did Kornmann raise in its series A?", "currency", {"value": 6000000, "currency": "USD"}),
    ("<p>A new mill cost us $6 million.</p>", "How much did Kornmann raise in its last round?", "currency", None),
    ("<table><tr><td>Mixer M3</td><td>890,00 €</td></tr><tr><td>Mixer M5</td><td>on request</td></tr></table>", "What is the list price of the mixer M5?", "currency", None),
    # rows, counts, neighbours
    ("<table><tr><th>Box</th><th>Small</th><th>Large</th></tr><tr><td>Rolls</td><td>60</td><td>400</td></tr></table>", "How many rolls are in the large box?", "number", 400),
    ("<p>Mixers are sold apart: a whisk costs €9, a dough hook €14.</p><table><tr><th></th><th>Small</th></tr><tr><td>Price</td><td>€49</td></tr></table>", "What does a dough hook cost?", "currency", {"value": 14, "currency": "EUR"}),
    ("<p>We bake in 380 places and run 12 shops.</p>", "How many shops does Kornmann have?", "number", 12),
    ("<p>Kornmann was valued by its guests when it raised $4 million.</p>", "What was the valuation of Kornmann after the round?", "currency", None),
    ("<h2>Open positions</h2><ul><li>Night baker</li><li>Van driver</li><li>Shop keeper</li></ul>", "How many open jobs does Kornmann advertise?", "number", 3),
    ("<h2>Our values</h2><ul><li>Patience</li><li>Warmth</li></ul>", "How many open jobs does Kornmann advertise?", "number", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "text", "kind", "value"), CASES, ids=[c[1] + " " + str(c[3]) for c in CASES]
)
def test_figures_are_read_in_other_words(body: str, text: str, kind: str, value: Any) -> None:
    language = (
        "de"
        if any(c in body for c in ("Mitarbeiter", "Gegründet", "Umsatz", "Gewicht", "anteil", " €<"))
        else "en"
    )
    markup = (
        f"<html lang='{language}'><head><title>{HOST}</title></head><body><main>{body}</main></body></html>"
    )
    question = Question(
        subject=Subject(company=Company(host=HOST, asked_host=HOST)), text=text, answer_type=kind
    )
    assert read(Evidence(pages=(page(markup, HOST),)), question)[0].value == value
