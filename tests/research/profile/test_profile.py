"""Profiles of made-up companies: what is the company's own is given, what is somebody else's is not."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from leadline.research.documents.hosts import parse_company
from leadline.research.documents.walk import read_page
from leadline.research.model import Evidence, Page, Question, Subject
from leadline.research.profile import answering, links
from leadline.research.profile.building import build
from leadline.research.profile.model import Profile
from leadline.research.profile.pages import is_page_of, kind, root_of

COMPANY = parse_company("norrwerk.com")


def page(path: str, body: str, title: str = "Norrwerk") -> Page:
    url = f"https://norrwerk.com{path}"
    html = f"<html lang=en><head><title>{title}</title></head><body>{body}</body></html>".encode()
    return Page(
        url=url,
        snapshot_id=f"snapshot {path}",
        fetched_at=datetime(2026, 5, 4, tzinfo=UTC),
        body_sha256="",
        content=read_page(html, "text/html; charset=utf-8", url),
    )


def profile(*pages: tuple[str, str]) -> Profile:
    found = [page(path, body) for path, body in pages]
    built = build(COMPANY, found)
    by_url = {one.url: one for one in found}
    for field in built.fields.values():
        for finding in field.findings:
            if finding.start >= 0:
                content = by_url[finding.url].content
                text = content.text if finding.script < 0 else content.structured[finding.script]
                assert text[finding.start : finding.end] == finding.quote
    return built


JSON_LD = (
    '<script type="application/ld+json">{"@type": "Organization", "name": "Norrwerk", "url": "https://norrwerk.com",'
    ' "foundingDate": "1998-03-01", "numberOfEmployees": {"@type": "QuantitativeValue", "value": 73},'
    ' "address": {"@type": "PostalAddress", "addressLocality": "Lund"},'
    ' "sameAs": ["https://www.linkedin.com/company/norrwerk/"]}</script>'
)


def test_what_a_page_states_for_machines() -> None:
    found = profile(("/", JSON_LD + "<p>Norrwerk makes drills.</p>"))
    assert (found.value("founded"), found.value("employee_count"), found.value("size")) == (
        1998,
        73,
        "51-200",
    )
    assert found.value("headquarters") == {"city": "Lund"}
    assert found.value("linkedin") == "https://www.linkedin.com/company/norrwerk/"


def test_structured_data_of_another_organisation_is_not_the_companys() -> None:
    other = JSON_LD.replace('"Norrwerk"', '"Bergpump"').replace(
        "https://norrwerk.com", "https://bergpump.com"
    )
    found = profile(("/", other + "<p>Norrwerk makes drills.</p>"))
    assert {"founded", "employee_count", "headquarters"}.isdisjoint(found.fields)


def test_an_imprint() -> None:
    found = profile(
        (
            "/impressum",
            "<h1>Impressum</h1><p>Norrwerk GmbH<br>Geschäftsführer: Ada Quist, Dr. Per Holm<br>Am Kai 4<br>24143 Kiel</p>"
            "<p>Telefon: +49 431 555 0199</p><p>E-Mail: info@norrwerk.com</p>",
        )
    )
    assert found.value("legal_name") == "Norrwerk GmbH"
    assert [(one["name"], one["role"]) for one in found.value("leadership")] == [
        ("Ada Quist", "Geschäftsführer"),
        ("Per Holm", "Geschäftsführer"),
    ]
    assert found.value("headquarters")["city"] == "Kiel"
    assert (found.value("phone"), found.value("email_general")) == ("+49 431 555 0199", "info@norrwerk.com")


@pytest.mark.parametrize(
    ("path", "body", "field", "value"),
    [
        (
            "/what",
            "<h1>Hi</h1><p>Norrwerk is a maker of drills for people who hate noise.</p>",
            "what_they_do",
            "Norrwerk is a maker of drills for people who hate noise.",
        ),
        (
            "/info",
            "<h2>Contact information</h2><p>Address: 12 Dock St, Portland, OR 97201</p>",
            "headquarters",
            {
                "city": "Portland",
                "address": "12 Dock St, Portland, OR 97201",
                "state": "OR",
                "countryCode": "US",
            },
        ),
        ("/info", "<h2>Contact</h2><p>Phone number: (503) 555-0142</p>", "phone", "(503) 555-0142"),
        ("/blog/fair", "<h2>Contact</h2><p>Phone number: (503) 555-0142</p>", "phone", None),
        ("/careers", "<p>We're always hiring. Come and see us.</p>", "hiring", True),
        ("/careers", "<p>We're not hiring now.</p>", "hiring", None),
        ("/careers/smith", "<p>Join our team of 12 people in Lisbon.</p>", "employee_count", None),
        (
            "/imprint",
            "<h2>Registered office</h2><p>7 Quay Lane<br>Old Harbour OH1 2AB</p><h2>Head office</h2>"
            "<p>52 Mill Street<br>Kelsbridge KB3 4CD</p><h2>Branch</h2><p>9 Rue du Port<br>44000 Nantes</p>",
            "headquarters",
            {"city": "Kelsbridge", "address": "52 Mill Street Kelsbridge KB3 4CD", "countryCode": "GB"},
        ),
        ("/about", "<p>Norrwerk is a remote-first company.</p>", "remote", True),
        (
            "/handbook/work",
            "<p>Norrwerk is an all-remote company, which means a desk of your own.</p>",
            "remote",
            True,
        ),
        (
            "/handbook/work",
            "<p>All-remote teams write more. Unlike Norrwerk, Bergpump is all-remote.</p>",
            "remote",
            None,
        ),
        ("/handbook/work", "<p>Norrwerk is not fully remote.</p>", "remote", None),
        ("/about", "<p>Norrwerk is free for as long as you like.</p>", "free_plan", True),
        ("/pricing", "<p>Norrwerk is free for 14 days.</p>", "free_plan", None),
        ("/pricing", "<p>There is no “free tier” at Norrwerk.</p>", "free_plan", False),
        ("/pricing", "<p>We don't offer a free plan any more.</p>", "free_plan", False),
        ("/pricing", "<p>We set no limit on the free plan.</p>", "free_plan", None),
        ("/pricing", "<p>Bergpump has no free plan.</p>", "free_plan", None),
        (
            "/pricing",
            "<p>We have no free plan.</p><p>Norrwerk is free for as long as you like.</p>",
            "free_plan",
            None,
        ),
        ("/imprint", "<p>VAT-ID : DE999999999</p>", "tax_number", "DE999999999"),
        ("/thanks", "<p>Our EIN is: 12-3456789.</p>", "tax_number", "12-3456789"),
        ("/drills", "<p>The EIN of a buyer, like 12-3456789, is asked for.</p>", "tax_number", None),
        (
            "/about",
            "<p>Norrwerk is a brand. It is a service provided by the Northern Drill Society (NDS).</p>",
            "legal_name",
            None,  # said once, it may be of a part only
        ),
        (
            "/trust",
            "<p>Norrwerk is audited for ISO:27001 and SOC-2 Type II.</p>",
            "certifications",
            ["ISO:27001", "SOC-2 Type II"],
        ),
        (
            "/messaging",
            "<p>Bergpump, The Quay Bank and Solvej trust Norrwerk with their drills.</p>",
            "customers",
            ["Bergpump", "Quay Bank", "Solvej"],
        ),
        (
            "/crew/tools",
            "<li>Greenhouse: our ATS, where candidates are kept</li>",
            "job_board_vendor",
            "Greenhouse",
        ),
        ("/careers/process", "<p>You apply through Greenhouse.</p>", "job_board_vendor", "Greenhouse"),
        ("/drills", "<p>Drills can be bought of Greenhouse.</p>", "job_board_vendor", None),
        (
            "/2025/03/01/letter",
            f"<p>We made many drills. {'It was a fine year. ' * 40}</p><p>Ada Quist<br>Managing Director</p>",
            "leadership",
            [{"name": "Ada Quist", "role": "Managing Director"}],
        ),
        ("/careers/culture", "<h2>1,200+ People</h2>", "employee_count", 1200),
        (
            "/legal/privacy",
            "<p>Norrwerk Tools Inc. ('we', 'us') runs this site.</p>",
            "legal_name",
            "Norrwerk Tools Inc.",
        ),
        (
            "/docs/brand",
            "<li>The name is a trademark of Norrwerk Tools Inc.</li>",
            "legal_name",
            "Norrwerk Tools Inc.",
        ),
        (
            "/team/ceo",
            "<p>I (Ada Quist) am the CEO of Norrwerk.</p>",
            "leadership",
            [{"name": "Ada Quist", "role": "CEO"}],
        ),
        (
            "/about",
            "<p>With me is Per Holm, our CFO, since May.</p>",
            "leadership",
            [{"name": "Per Holm", "role": "CFO"}],
        ),
        (
            "/messaging",
            "<h2>What is Norrwerk?</h2><p>Norrwerk is a maker of quiet hammer drills.</p>",
            "what_they_do",
            "Norrwerk is a maker of quiet hammer drills.",
        ),
    ],
)
def test_pages_that_speak_of_their_company(path: str, body: str, field: str, value: Any) -> None:
    assert profile(("/", "<p>Norrwerk</p>"), (path, body)).value(field) == value


@pytest.mark.parametrize("text", ["What does Norrwerk do?", "what does norrwerk.com do", "What do they do?"])
def test_a_question_may_name_the_company(text: str) -> None:
    about = page("/about", "<p>Norrwerk is a maker of quiet hammer drills.</p>")
    question = Question(subject=Subject(company=COMPANY), text=text, answer_type="open_text")
    told = answering.answer(question, Evidence(pages=(about,)))
    assert told is not None
    assert told.value == "Norrwerk is a maker of quiet hammer drills."


def test_an_apposition_counts_where_two_pages_say_it() -> None:
    body = "<p>Train with Norrwerk, the maker of quiet hammer drills.</p>"
    assert "what_they_do" not in profile(("/academy", body)).fields
    found = profile(("/academy", body), ("/public", body))
    assert found.value("what_they_do") == "the maker of quiet hammer drills"


def test_the_opening_is_given_where_it_says_what_the_description_says() -> None:
    head = "<meta name=description content='Quiet hammer drills for builders in narrow city streets'>"
    opening = "<h1>Hear it</h1><p>{}</p><p>Norrwerk</p>"
    said = "Hammer drills, quiet enough for narrow city streets."
    assert profile(("/", head + opening.format(said))).value("what_they_do") == said
    other = "Welcome to the first day of everything that follows."
    assert "what_they_do" not in profile(("/", head + opening.format(other))).fields


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("<p>Our hosting provider is ISO 27001 certified.</p>", "certifications"),
        ("<p>We plan to be SOC 2 Type II certified by autumn.</p>", "certifications"),
        ("<p>Our customer Bergpump was founded in 1931.</p>", "founded"),
        ("<p>Founded in 1931, Bergpump is large.</p>", "founded"),
        ("<p>Norrwerk's owner Bergpump was founded in 1931.</p>", "founded"),
        ("<p>One of the ten employees of Bergpump said so.</p>", "employee_count"),
        ("<p>A customer of ours, Bergpump, employs 4,000 people.</p>", "employee_count"),
        ("<p>Our customer Bergpump is headquartered in Lima.</p>", "headquarters"),
        ("<p>We help companies with 200 employees.</p>", "employee_count"),
        ("<p>Eva Lind</p><p>CTO @Bergpump</p>", "leadership"),
        ("<p>4,000 people visit us daily.</p>", "employee_count"),
        ("<p hidden>We are ISO 27001 certified.</p>", "certifications"),
        ("<p>Write to sales@bergpump.com</p>", "email_sales"),
        ('<a href="https://boards.greenhouse.io/bergpump">Jobs</a>', "job_board_vendor"),
        ('<a href="https://www.linkedin.com/company/bergpump">Bergpump</a>', "linkedin"),
    ],
)
def test_what_is_not_the_companys_own_is_absent(body: str, field: str) -> None:
    kept = profile(("/about", f"<h1>About</h1><p>Norrwerk makes drills.</p>{body}"))
    assert field not in kept.fields


def test_leaders_in_rows_and_sentences() -> None:
    found = profile(
        (
            "/team",
            "<table><tr><th>Name</th><th>Role</th></tr><tr><td>Ada Quist</td><td>CEO</td></tr></table>",
        ),
        (
            "/story",
            "<p>Norrwerk: our CTO Per Holm drew the first drill. Our former CFO Eva Lind did not.</p>",
        ),
        (
            "/people",
            "<dl><dt>Bo Lind</dt><dd>Chief operating officer. Runs the workshop of Norrwerk.</dd>"
            "<dt>Uma Berg</dt><dd>Head of information security and data protection officer.</dd></dl>",
        ),
        ("/idea", "<p>Mia Sand, COO of Bergpump, likes it, says Ole Rask, Founder of Norrwerk.</p>"),
    )
    assert {(one["name"], one["role"]) for one in found.value("leadership")} == {
        ("Ada Quist", "CEO"),
        ("Per Holm", "CTO"),
        ("Bo Lind", "Chief operating officer"),
        ("Uma Berg", "Head of information security"),
        ("Ole Rask", "Founder"),
    }


def test_the_year_of_a_copyright_is_no_postal_code() -> None:
    found = profile(("/impressum", "<h1>Impressum</h1><footer>Copyright © 2021 Norrwerk</footer>"))
    assert "headquarters" not in found.fields


def test_plans_on_the_page_about_prices() -> None:
    found = profile(
        (
            "/pricing",
            "<h1>Pricing</h1><h2>Starter</h2><p>Free</p><h2>Team</h2><p>€12</p><p>per user / month</p>"
            "<h2>Crew</h2><p>€40 per month</p><p>Every plan has a 14-day free trial.</p>",
        )
    )
    plans = found.value("plans")
    assert [(p["name"], p["price"], p["currency"], p["period"], p["unit"]) for p in plans] == [
        ("Starter", 0, None, None, None),
        ("Team", 12, "EUR", "month", "user"),
        ("Crew", 40, "EUR", "month", None),
    ]
    assert found.value("free_plan") is True
    assert found.value("trial") == {"offered": True, "days": 14}


@pytest.mark.parametrize(
    "table",
    [
        "<tr><th>Plan</th><th>Per month</th></tr><tr><td>Team</td><td>€12</td></tr><tr><td>Crew</td><td>€40</td></tr>",
        "<tr><th></th><th>Team</th><th>Crew</th></tr><tr><td>Price</td><td>€12 / month</td><td>€40 / month</td></tr>",
    ],
)
def test_plans_in_a_table(table: str) -> None:
    found = profile(("/pricing", f"<h1>Pricing</h1><table>{table}</table>"))
    assert {(p["name"], p["price"], p["period"]) for p in found.value("plans")} == {
        ("Team", 12, "month"),
        ("Crew", 40, "month"),
    }


def test_where_links_lead() -> None:
    found = profile(
        (
            "/careers",
            "<h1>Careers</h1><p>We have 3 open positions.</p>"
            '<a href="https://jobs.lever.co/norrwerk/1-welder">Welder</a>'
            '<footer><a href="https://status.norrwerk.com/">Status</a><a href="https://github.com/norrwerk">GitHub</a></footer>',
        )
    )
    assert (found.value("job_board_vendor"), found.value("hiring")) == ("Lever", True)
    assert found.value("status_page") == "https://status.norrwerk.com/"
    assert found.value("social_profiles") == [{"network": "github", "url": "https://github.com/norrwerk"}]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", "home"), ("/de/ueber-uns", "about"), ("/company/careers", "careers"), ("/blog/pricing-news", "news"),
     ("/impressum.html", "imprint"), ("/tarifs", "pricing"), ("/drills", "other")],
)  # fmt: skip
def test_the_kind_of_a_page(path: str, expected: str) -> None:
    assert kind(f"https://norrwerk.com{path}") == expected


def test_what_all_pages_lie_below_tells_nothing_of_them() -> None:
    shared = [f"https://x.com/handbook/{name}" for name in "a b c d e f g h".split()]
    root = root_of([*shared, "https://x.com/"])
    assert root == "handbook"
    assert kind("https://x.com/docs/pricing", root_of(["https://x.com/docs/pricing"])) == "docs"
    assert (kind("https://x.com/handbook/", root), kind("https://x.com/handbook/careers", root)) == (
        "home",
        "careers",
    )
    assert is_page_of("https://x.com/handbook/careers", "careers", root)


def test_who_stands_behind_a_name_is_told_where_the_name_is() -> None:
    by = "It is a service provided by the Northern Drill Society."
    named = profile(("/a", f"<p>Norrwerk is open to all. {by}</p>"), ("/b", f"<p>Norrwerk drills. {by}</p>"))
    assert named.value("legal_name") == "Northern Drill Society"
    assert (
        profile(("/a", f"<p>Mail goes out by post. {by}</p>"), ("/b", f"<p>{by}</p>")).value("legal_name")
        is None
    )


def test_of_what_a_company_says_it_is_that_counts_which_its_pages_speak_of() -> None:
    found = profile(
        (
            "/a",
            "<p>Norrwerk is a fine place to spend a summer in Lund.</p><p>Drills bore holes in walls.</p>",
        ),
        ("/b", "<p>Norrwerk is a maker of drills that bore holes.</p>"),
        ("/c", "<p>Drills that bore holes in stone, from a maker of tools.</p>"),
    )
    assert found.value("what_they_do") == "Norrwerk is a maker of drills that bore holes."


@pytest.mark.parametrize(
    "body",
    [
        "<h2>Prices</h2><h3>Disk</h3><p>$2 per GB each month</p><h3>Traffic</h3><p>$3 per GB each month</p>",
        "<h2>Prices</h2><h3>Names</h3><p>$2 per month</p><p>$4 per month</p><h3>Disk</h3><p>$9 per month</p>",
        "<h2>Prices</h2><h3>Names</h3><p>$2 per month</p>",
    ],
)
def test_what_is_charged_by_use_is_no_plan(body: str) -> None:
    assert profile(("/pricing", body)).value("plans") is None


def test_places_that_disagree_leave_the_field_open() -> None:
    found: Any = profile(
        ("/about", "<p>Norrwerk was founded in 1998.</p>"), ("/team", "<p>Norrwerk was founded in 1999.</p>")
    )
    assert "founded" not in found.fields


def test_at_least_150_technologies_and_no_host_twice() -> None:
    assert len({row.name for row in links.technologies().values()}) >= 150


@pytest.mark.parametrize(
    "text",
    ["Ab" * 100_000, "A b " * 50_000, "Aa Bb, " * 30_000, "1 " * 100_000, "a@" * 100_000, "+1 " * 60_000],
)
def test_a_page_made_to_hurt_takes_bounded_time(text: str) -> None:
    began = time.process_time()
    for path in ("/about", "/impressum", "/pricing", "/contact"):
        profile((path, f"<p>{text}</p>"))
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ("<p>Ask us <a href='mailto:sales@norrwerk.com?subject=Hi'>by mail</a>.</p>", "email_sales", "sales@norrwerk.com"),
        ("<p>Ask <a href='mailto:sales@bergpump.com'>Bergpump</a>.</p>", "email_sales", None),
        ("<p>Read <a href='https://docs.norrwerk.com/drills/setup'>how to set it up</a>.</p>", "docs", "https://docs.norrwerk.com/"),
        ("<p>Read <a href='https://docs.bergpump.com/pumps'>of the pump</a>.</p>", "docs", None),
        ("<p>See <a href='https://www.norrwerk.com/pricing'>what it costs</a>.</p>", "pricing_page", "https://www.norrwerk.com/pricing"),
        ("<p>Our roles: <a href='https://boards.greenhouse.io/norrwerk'>all</a>.</p>", "careers_page", "https://boards.greenhouse.io/norrwerk"),
        ("<p>One: <a href='https://boards.greenhouse.io/norrwerk/jobs/4711123'>fitter</a>.</p>", "careers_page", None),
        ("<p>Theirs: <a href='https://boards.greenhouse.io/bergpump'>all</a>.</p>", "careers_page", None),
        ("<nav><a href='/products/drill-x'>Drill X</a><a href='/products'>Products</a></nav>", "products", ["Drill X"]),
        ("<nav><a href='/produkte/bohrer'>Bohrer Pro</a></nav>", "products", ["Bohrer Pro"]),
        ("<main><p>Compare <a href='/products/drill-x'>the drill that everybody has talked about</a>.</p></main>", "products", None),
        ("<nav><a href='/blog/drills'>Drills</a></nav>", "products", None),
        ("<footer><a href='/legal/privacy-policy?from=footer'>Privacy</a></footer>", "pages",
         [{"page": "privacy", "url": "https://norrwerk.com/legal/privacy-policy"}]),
        ("<footer><a href='/de/datenschutz'>Datenschutz</a></footer>", "pages",
         [{"page": "privacy", "url": "https://norrwerk.com/de/datenschutz"}]),
        ("<footer><a href='https://bergpump.com/privacy'>Privacy</a></footer>", "pages", None),
        ("<nav><a href='/docs/security'>Locks</a><a href='/drills/support'>Tripods</a></nav>", "pages", None),
        ("<nav><a href='/blog/why-we-drill'>Why</a></nav>", "pages", None),
        ("<p>Old: <a href='/terms'>terms</a></p><footer><a href='/legal/terms'>Terms</a></footer>", "pages",
         [{"page": "terms", "url": "https://norrwerk.com/legal/terms"}]),
    ],
)  # fmt: skip
def test_what_links_of_an_undated_page_tell(body: str, field: str, value: Any) -> None:
    assert profile(("/some-page", body)).value(field) == value


def test_products_and_logo_for_machines() -> None:
    logo = JSON_LD.replace('"foundingDate"', '"logo": "https://norrwerk.com/logo.svg", "foundingDate"')
    app = '<script type="application/ld+json">{"@type": "SoftwareApplication", "name": "Drill Planner"}</script>'
    rated = (
        '<script type="application/ld+json">{"@type": "Organization", "name": "Norrwerk", "review": {"@type": "Review",'
        ' "itemReviewed": {"@type": "Product", "name": "Bergpump 3"}}}</script>'
    )
    found = profile(("/", logo + app + rated + "<p>Norrwerk makes drills.</p>"))
    assert found.value("logo") == "https://norrwerk.com/logo.svg"
    assert found.value("products") == ["Drill Planner"]


@pytest.mark.parametrize(
    ("path", "body", "hiring"),
    [
        ("/careers/workshop", "<main><p><a href='/careers/5191982'>Fitter</a></p></main>", True),
        ("/careers/workshop", "<main><p><a href='/careers/remote-work'>Remote work</a></p></main>", None),
        ("/departments/workshop", "<p>We are hiring for the workshop.</p>", True),
        ("/departments/workshop", "<p>We are not hiring for the workshop.</p>", None),
        ("/blog/2019/workshop", "<p>We are hiring for the workshop.</p>", None),
        ("/customers/bergpump", "<p>We are hiring, says Bergpump.</p>", None),
    ],
)
def test_openings_are_now_and_the_companys_own(path: str, body: str, hiring: bool | None) -> None:
    assert profile((path, body)).value("hiring") is hiring


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("We're SOC2 (Type 2) audited, we'll sign an agreement, and we can tell you how your auditor works.", ["SOC2 (Type 2)"]),
        ("ISO 27001 certified and compliant with the law.", ["ISO 27001"]),
        ("Encrypted, ISO 27001 certified.", ["ISO 27001"]),
        ("We plan to be SOC 2 audited, and we will tell you.", None),
        ("ISO 27001 certified data centers.", None),
        ("Bergpump is ISO 27001 certified.", None),
        ("Our hosting provider, ISO 27001 certified, is in Lund.", None),
        ("If you are SOC 2 audited, we can help.", None),
    ],
)  # fmt: skip
def test_certificates_are_held_by_who_says_so(text: str, held: list[str] | None) -> None:
    assert profile(("/security", f"<p>{text}</p>")).value("certifications") == held


@pytest.mark.parametrize(
    ("path", "body", "number"),
    [
        ("/impressum", "<p>Registergericht Kiel, HRB 22229 KI</p>", "HRB 22229 KI"),
        ("/mentions-legales", "<p>RCS Lyon B 123 456 789</p>", "RCS Lyon B 123 456 789"),
        ("/office", "<li>DUNS number: 123456789</li>", "DUNS 123456789"),
        ("/blog/partner", "<p>Bergpump has HRB 4711 in Kiel.</p>", None),
    ],
)
def test_numbers_in_registers_are_the_companys(path: str, body: str, number: str | None) -> None:
    assert profile((path, body)).value("register_number") == number


def test_a_list_of_names_and_functions_is_of_the_companys_people() -> None:
    lines = ("Ada Quist: Finance Director", "Bo Lind: Accountant", "Eve Stone: Head of Payroll")
    found = profile(("/departments/finance", f"<ul>{''.join(f'<li>{one}</li>' for one in lines)}</ul>"))
    assert [one["name"] for one in found.value("leadership")] == ["Ada Quist", "Eve Stone"]
    assert profile(("/departments/finance", f"<p>{lines[0]}</p>")).value("leadership") is None
    assert (
        profile(("/customers/bergpump", "".join(f"<p>{one}</p>" for one in lines))).value("leadership")
        is None
    )


def test_name_and_role_side_by_side_on_one_line() -> None:
    people = "<div><span>Ada Quist</span><span>Chief Executive Officer</span></div><div><b>Bo Lind</b> <i>CFO</i></div>"
    found = profile(("/leadership", f"<main>{people}</main>")).value("leadership")
    assert found == [
        {"name": "Ada Quist", "role": "Chief Executive Officer"},
        {"name": "Bo Lind", "role": "CFO"},
    ]
    for line in ("Ada Quist CEO Bergpump", "Our Chief Executive Officer", "Ada Quist former CEO"):
        assert profile(("/leadership", f"<main><p>{line}</p></main>")).value("leadership") is None
    assert profile(("/customers/bergpump", f"<main>{people}</main>")).value("leadership") is None


@pytest.mark.parametrize(("stated", "count"), [("1,250+", 1250), ("about 50", None), ("10-50", None)])
def test_a_count_that_is_passed_is_a_count(stated: str, count: int | None) -> None:
    text = JSON_LD.replace('{"@type": "QuantitativeValue", "value": 73}', f'"{stated}"')
    assert profile(("/", text + "<p>Norrwerk makes drills.</p>")).value("employee_count") == count
