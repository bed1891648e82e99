"""A question without an answer is shown where one would look on."""

from __future__ import annotations

from msgspec.structs import replace
from tests.research.library import ACME, page

from leadline.research.model import (
    CheckedClaim,
    Claim,
    Derivation,
    Evidence,
    Passage,
    Question,
    Subject,
    Verdict,
    Verification,
)
from leadline.research.steps.nearest import LONGEST, MOST, nearest
from leadline.research.steps.rank import rank

PAGES = Evidence(
    pages=(
        page(
            "https://acme.com/pricing",
            "<title>Prices</title><h1>Plans</h1><p>All plans are billed by the year.</p><h2>Refunds</h2>"
            "<p>We answer within a day. Refunds are paid within fourteen days of the order. "
            + "Ask our accountants about every other case. " * 30
            + "</p>",
        ),
        page("https://acme.com/about", "<h1>About</h1><p>We make anvils in Leeds.</p>"),
        *(
            page(f"https://acme.com/news/{n}", f"<h1>News {n}</h1><p>Refunds of order {n} were paid.</p>")
            for n in range(5)
        ),
    )
)


def question(text: str) -> Question:
    return Question(subject=Subject(company=ACME), text=text, answer_type="number")


def found(text: str, verification: Verification | None = None) -> list[tuple[str, str]]:
    asked = question(text)
    ranked = rank(asked, PAGES, 40)
    near = nearest(asked, verification or Verification(), ranked, PAGES)
    for one in near:
        (at,) = (p for p in PAGES.pages if p.url == one.url)
        assert one.snippet in at.content.text
        assert len(one.snippet) <= LONGEST
    return [(one.url, one.snippet) for one in near]


def test_best_passages_are_shown_from_the_words_that_meet_the_question_on() -> None:
    near = found("Within how many days are refunds of an order paid?")
    assert len(near) == MOST
    assert any(words.startswith("Refunds are paid within fourteen days") for _, words in near)


def test_no_page_is_shown_that_shares_no_word() -> None:
    assert found("Quel est le capital social?") == []


def test_words_of_a_refused_draft_come_first() -> None:
    asked = question("Within how many days are refunds of an order paid?")
    ranked: list[Passage] = rank(asked, PAGES, 40)
    cited = next(u for p in ranked for u in p.units if "Leeds" in u.text)
    claim = Claim(path="", value=14, citations=(cited.number,), derivation=Derivation.STATED)
    refused = Verification(claims=(CheckedClaim(claim=claim, verdict=Verdict.CONTRADICTED),))
    near = nearest(asked, refused, [replace(p) for p in ranked], PAGES)
    assert near[0].url == "https://acme.com/about"
