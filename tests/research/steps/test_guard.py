"""Which words may support a claim about this person at this company."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.research.library import NOW, page

from leadline.research.documents.units import passages
from leadline.research.model import (
    Claim,
    Company,
    Draft,
    Evidence,
    Person,
    Provenance,
    Question,
    Subject,
    Verdict,
)
from leadline.research.steps.guard import asks_of_present
from leadline.research.steps.verify import verify

ROOT = Path(__file__).resolve().parents[3]
PROFILE = "https://www.linkedin.com/in/jo-quist"
ACME = Company(host="acme.com", asked_host="acme.com", name="Acme")
JO = Subject(company=ACME, person=Person(name="Jo Quist", profile_url=PROFILE))


def why(
    html: str,
    quote: str,
    value: str,
    *,
    asked: str = "What is the current role?",
    url: str = "https://acme.com/team",
    provenance: Provenance = Provenance.OWN,
) -> str:
    """Why a claim that cites the line with ``quote`` is not checked; "" when it is supported."""
    evidence = Evidence(pages=(replace(page(url, html), provenance=provenance),))
    shown = passages(evidence)
    numbers = tuple(u.number for p in shown for u in p.units if quote in u.text)
    assert numbers
    question = Question(subject=JO, text=asked, answer_type="open_text", asked_at=NOW)
    claim = Claim(path="", value=value, citations=numbers)
    checked = verify(question, Draft(reader="test", value=value, claims=(claim,)), shown, evidence).claims[0]
    return "" if checked.verdict is Verdict.SUPPORTED else checked.why


def test_namesakes_are_told_apart() -> None:
    """Whatever is let through is right, in the labelled cases and in those written later."""
    files = [
        str(ROOT / "labels" / "namesakes" / name) for name in ("cases.yaml", "fresh.yaml", "several.yaml")
    ]
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "score_namesakes.py"), *files],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert run.stdout.count("precision 1.000") == 3, run.stdout


def test_the_guard_holds_on_the_companys_own_pages() -> None:
    team = "<h2>Jo Quist</h2><p>Head of Sales</p><h2>Al Brill</h2><p>Head of Logistics</p>"
    assert why(team, "Head of Sales", "Head of Sales") == ""
    assert "Al Brill" in why(team, "Head of Logistics", "Head of Logistics")


@pytest.mark.parametrize(
    ("line", "mine", "others"),
    [
        ("CTO: Al Brill, CEO: Jo Quist", "CEO", "CTO"),
        ("CEO: Jo Quist, CTO: Al Brill", "CEO", "CTO"),
        ("Al Brill, CTO; Jo Quist, CEO; Bo Lind, CFO", "CEO", "CTO"),
        ("Al Brill (CTO) and Jo Quist (CEO) opened the plant in Cork", "Cork", "CTO"),
    ],
)
def test_of_a_line_about_several_people_only_ones_own_part_counts(line: str, mine: str, others: str) -> None:
    assert why(f"<p>{line}</p>", "Jo Quist", mine) == ""
    assert why(f"<p>{line}</p>", "Jo Quist", others) != ""


def test_a_company_named_nowhere_near_is_a_namesake() -> None:
    html = "<title>Court</title><p>Jo Quist, head of a choir, was fined.</p>"
    refusal = why(
        html, "Jo Quist", "head of a choir", url="https://paper.com/a", provenance=Provenance.THIRD_PARTY
    )
    assert "does not name the company" in refusal


def test_a_directorys_entry_is_the_persons_whose_profile_it_is() -> None:
    html = "<p>Head of Sales</p>"
    assert why(html, "Head of Sales", "Head of Sales", url=PROFILE, provenance=Provenance.DIRECTORY) == ""
    other = f"{PROFILE}-2"
    assert "another" in why(
        html, "Head of Sales", "Head of Sales", url=other, provenance=Provenance.DIRECTORY
    )


@pytest.mark.parametrize(("name", "supported"), [("Jo Quist", True), ("Al Brill", False)])
def test_structured_data_is_about_the_object_that_states_it(name: str, supported: bool) -> None:
    person = {"@context": "https://schema.org", "@type": "Person", "name": name, "jobTitle": "Head of Sales"}
    html = f'<script type="application/ld+json">{json.dumps(person)}</script><p>Team</p>'
    assert (why(html, "jobTitle", "Head of Sales") == "") is supported


def test_a_person_called_like_the_company_is_not_told_from_it() -> None:
    subject = Subject(
        company=Company(host="jo-quist.com", asked_host="jo-quist.com"), person=Person(name="Jo Quist")
    )
    evidence = Evidence(pages=(page("https://jo-quist.com/", "<p>Jo Quist, maker of hats</p>"),))
    shown = passages(evidence)
    claim = Claim(path="", value="maker of hats", citations=(shown[0].units[0].number,))
    question = Question(subject=subject, text="What is the role?")
    checked = verify(question, Draft(reader="t", value="maker of hats", claims=(claim,)), shown, evidence)
    assert "called after" in checked.claims[0].why


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("What is their current role?", True),
        ("Do they lead a team?", True),
        ("Where did they work before?", False),
        ("What did she say about prices?", False),
    ],
)
def test_the_time_of_a_question(text: str, present: bool) -> None:
    assert asks_of_present(text) is present
