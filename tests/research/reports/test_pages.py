"""Which words of a page become a statement about a person, and in which section."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace
from tests.research.library import page

from leadline.research.model import Company, Page, Person, Provenance, Subject
from leadline.research.reports.model import Basis, Findings, Section
from leadline.research.reports.openers import openers
from leadline.research.reports.pages import findings

SUBJECT = Subject(
    company=Company(host="acme.com", asked_host="acme.com", name="Acme"), person=Person(name="Jane Doe")
)
TODAY = date(2026, 11, 27)


def told(*pages: Page, titles: tuple[str, ...] = ()) -> Findings:
    return findings(SUBJECT, pages, titles, TODAY)


def own(html: str, path: str = "/team", head: str = "") -> Page:
    return page(f"https://acme.com{path}", f"<title>Page</title>{head}{html}")


def quoted(found: Findings, section: Section) -> list[str]:
    return [one.quote for one in found.statements if one.section is section]


@pytest.mark.parametrize(
    ("html", "section"),
    [
        ("<p>Jane Doe, VP Sales</p>", Section.CURRENT_ROLE),
        ("<table><tr><td>Jane Doe</td><td>Head of Sales</td></tr></table>", Section.CURRENT_ROLE),
        ("<p>Jane Doe ist Leiterin Vertrieb.</p>", Section.CURRENT_ROLE),
        ("<p>Managing Directors: Jane Doe, John Roe</p>", Section.CURRENT_ROLE),
        ("<p>Geschäftsführerinnen: Jane Doe und Ann Poe</p>", Section.CURRENT_ROLE),
        ("<p>Jane Doe joined Acme in 2019.</p>", Section.CAREER),
        ("<h2>Jane Doe</h2><p>She studied physics in Kiel.</p>", Section.CAREER),
        ("<p>Jane Doe is responsible for our customers in Europe.</p>", Section.LIKELY_RESPONSIBILITIES),
        ("<h2>Jane Doe</h2><p>She leads a team of twelve.</p>", Section.TEAM),
        ("<p>“We never sell what we would not buy,” said Jane Doe.</p>", Section.PUBLIC_STATEMENTS),
        ("<blockquote><p>Selling is listening above all.</p></blockquote><p>Jane Doe, VP Sales</p>", Section.PUBLIC_STATEMENTS),
    ],
)  # fmt: skip
def test_words_go_to_their_section(html: str, section: Section) -> None:
    assert quoted(told(own(html)), section)


@pytest.mark.parametrize(
    "html",
    [
        "<p>Ada Quist, VP Sales</p><p>Jane Doe works here.</p>",
        "<h2>Jane Doe</h2><h2>Ada Quist</h2><p>VP Sales</p>",
        "<p>Jane Doe was VP Sales until 2020.</p>",
        "<p>Jane Doeling, VP Sales</p>",
        "<h1>Jane Doe</h1><footer><p>Our CEO greets you.</p></footer>",
    ],
)
def test_what_is_not_the_persons_role_now_is_none(html: str) -> None:
    assert quoted(told(own(html)), Section.CURRENT_ROLE) == []


def test_a_role_below_a_name_is_quoted_with_the_name() -> None:
    found = told(own("<h3>Jane Doe</h3><p>VP Sales</p>"))
    assert quoted(found, Section.CURRENT_ROLE) == ["Jane Doe\nVP Sales"]


def test_every_quote_stands_in_its_page() -> None:
    one = own("<h3>Jane Doe</h3><p>VP Sales</p><p>She leads our team. She joined in 2019.</p>")
    found = told(one)
    assert len(found.statements) >= 3
    for statement in found.statements:
        assert one.words(statement.proof.start, statement.proof.end) == statement.quote


def test_structured_data_about_the_person_is_a_statement_and_about_another_none() -> None:
    script = '<script type="application/ld+json">[{"@type":"Person","name":"Jane Doe","jobTitle":"VP Sales"},{"@type":"Person","name":"Ada Quist","jobTitle":"CEO","telephone":"+1"}]</script>'
    found = told(own(f"<p>People</p>{script}"))
    assert quoted(found, Section.CURRENT_ROLE) == ['"jobTitle":"VP Sales"']
    assert quoted(found, Section.CONTACT_POINTS) == []


@pytest.mark.parametrize(
    ("published", "recent"), [("2026-10-01", True), ("2024-10-01", False), ("2027-02-01", False)]
)
def test_activity_is_recent_when_its_page_is(published: str, recent: bool) -> None:
    head = f'<meta property="article:published_time" content="{published}">'
    found = told(own("<p>Jane Doe, VP Sales, opened the fair.</p>", "/news/fair", head))
    assert bool(quoted(found, Section.RECENT_ACTIVITY)) is recent


def test_a_page_of_somebody_elses_needs_the_company_with_the_person() -> None:
    stranger = page("https://globex.com/people", "<title>Globex</title><p>Jane Doe, VP Sales</p>")
    found = told(replace(stranger, provenance=Provenance.THIRD_PARTY))
    assert found.statements == ()
    assert len(found.rejected) == 1
    named = page("https://paper.com/1", "<title>News</title><p>Jane Doe, VP Sales at Acme, spoke.</p>")
    assert told(replace(named, provenance=Provenance.THIRD_PARTY)).statements


JOB = "<h1>VP Sales (f/m/d)</h1><h2>Your tasks</h2><ul><li>Sell anvils</li></ul><h2>We offer</h2><ul><li>Fruit</li></ul>"


@pytest.mark.parametrize(
    ("path", "titles", "expected"),
    [
        ("/careers/vp-sales", ("VP, Sales",), ["Sell anvils"]),
        ("/careers/vp-sales", ("VP Sales Europe",), []),
        ("/careers/vp-sales", (), []),
        ("/blog/vp-sales", ("VP Sales",), []),
    ],
)
def test_a_job_post_tells_of_the_position_with_exactly_this_title(
    path: str, titles: tuple[str, ...], expected: list[str]
) -> None:
    found = told(own(JOB, path), titles=titles)
    assert quoted(found, Section.LIKELY_RESPONSIBILITIES) == expected
    assert all(one.basis is Basis.ROLE for one in found.statements)


def test_a_link_beside_another_person_is_no_way_to_reach_this_one() -> None:
    html = (
        '<h3>Jane Doe</h3><p>VP Sales</p><h3>Ada Quist</h3><p><a href="tel:+1">+1</a> '
        '<a href="https://www.linkedin.com/in/ada">LinkedIn</a> ada.quist@acme.com</p>'
    )
    assert quoted(told(own(html)), Section.CONTACT_POINTS) == []


def test_an_opener_says_nothing_but_its_quote_and_a_job_post_opens_nothing() -> None:
    found = told(own("<p>“We never sell what we would not buy,” said Jane Doe.</p>"))
    (opener,) = openers(found.statements, "Jane")
    assert found.statements[opener.rests_on[0]].quote in opener.text
    assert openers(told(own(JOB, "/careers/x"), titles=("VP Sales",)).statements, "Jane") == ()
