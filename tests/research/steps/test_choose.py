"""Which addresses of a site are read for a question, and in which order."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.research.documents.pages import page

from leadline.research.documents.hosts import parse_company
from leadline.research.model import Person, Question, SiteSurvey, Subject
from leadline.research.steps.choose import choose_pages

ROOT = "https://acme.com"
JO = Subject(company=parse_company("acme.com"), person=Person(name="Jo Quist"))


def ask(
    text: str = "Where is the office?", answer_type: str = "open_text", domain: str = "acme.com"
) -> Question:
    return Question(subject=Subject(company=parse_company(domain)), text=text, answer_type=answer_type)


def survey(*paths: str) -> SiteSurvey:
    return SiteSurvey(entry_url=f"{ROOT}/", sitemap_urls=tuple(p if "://" in p else ROOT + p for p in paths))


def chosen(question: Question, *paths: str, limit: int = 100) -> list[str]:
    return [url.removeprefix(ROOT) for url in choose_pages(question, survey(*paths), (), limit)]


def test_entry_page_comes_first_and_the_limit_is_kept() -> None:
    assert chosen(ask(), "/a", "/b", "/c", limit=2)[0] == "/"
    assert len(chosen(ask(), "/a", "/b", "/c", limit=2)) == 2


def test_words_of_the_question_lead() -> None:
    paths = [f"/blog/post-{n}" for n in range(20)]
    assert (
        chosen(ask("Which anvils are made of steel?"), *paths, "/products/steel-anvils")[1]
        == "/products/steel-anvils"
    )


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("How much is a seat per month?", "/pricing"),
        ("Who is the CEO?", "/team"),
        ("Is it SOC 2 certified?", "/trust"),
        ("How many open positions are there?", "/careers"),
        ("In which city is it registered?", "/impressum"),
        ("How much has it raised?", "/news"),
    ],
)
def test_page_that_such_questions_are_answered_on_leads(question: str, path: str) -> None:
    others = ["/pricing", "/team", "/trust", "/careers", "/impressum", "/news", "/anvils", "/hammers"]
    assert path in chosen(ask(question), *others)[1:3]


def test_what_is_no_page_is_left_out() -> None:
    paths = [
        "/logo.png", "/style.css", "/feed.xml", "/login", "/en/cart", "/wp-json/x", "/blog/tag/iron",
        "/blog/page/7", "/search?q=x", "/news?page=3", "https://app.acme.com/", "https://other.com/", "ftp://acme.com/x",
        "/blog/feed/",
    ]  # fmt: skip
    assert chosen(ask(), *paths) == ["/"]


def test_other_hosts_of_the_company_come_after_its_own() -> None:
    assert chosen(ask(), "https://docs.acme.com/office", "/office") == [
        "/",
        "/office",
        "https://docs.acme.com/office",
    ]


def test_sites_of_other_customers_of_one_host_are_not_the_companys() -> None:
    question = ask(domain="acme.github.io")
    found = SiteSurvey(entry_url="https://acme.github.io/", sitemap_urls=("https://other.github.io/about",))
    assert choose_pages(question, found, (), 10) == ["https://acme.github.io/"]


def test_two_spellings_of_one_page_are_one() -> None:
    assert chosen(ask(), "/office", "/office/", "/office?utm_source=x", "http://www.acme.com/office#top") == [
        "/",
        "/office",
    ]


def test_other_languages_come_last() -> None:
    assert chosen(ask(), "/de/office", "/some/deep/page/below", "/fr-fr/office")[1] == "/some/deep/page/below"


def test_language_of_the_entry_page_is_not_another() -> None:
    entry = page('<html lang="de"><p>Willkommen bei uns und schauen Sie sich um</p>', f"{ROOT}/")
    found = choose_pages(ask("Wo ist das Büro?"), survey("/en/office", "/de/anfahrt"), (entry,), 10)
    assert found == [f"{ROOT}/", f"{ROOT}/de/anfahrt", f"{ROOT}/en/office"]


def test_newest_of_dated_pages_comes_first() -> None:
    paths = ("/2019/04/02/letter", "/2025/01/09/letter", "/2022/12/24/letter")
    assert chosen(ask("What does the letter say?"), *paths)[1:] == [paths[1], paths[2], paths[0]]


def test_shallow_comes_before_deep() -> None:
    assert chosen(ask("Anything?"), "/x/y/z/w", "/x/v", "/u")[1:] == ["/u", "/x/v", "/x/y/z/w"]


def test_many_pages_of_one_folder_do_not_crowd_out_the_rest() -> None:
    posts = [f"/blog/office-{n}" for n in range(60)]
    assert "/facts" in chosen(ask(), *posts, "/facts", limit=40)


def test_links_and_their_words_are_followed_without_a_sitemap() -> None:
    entry = page('<nav><a href="/x1">Our office</a><a href="/x2">Shop</a></nav><p>Welcome</p>', f"{ROOT}/")
    assert choose_pages(ask(), SiteSurvey(entry_url=f"{ROOT}/"), (entry,), 10) == [
        f"{ROOT}/",
        f"{ROOT}/x1",
        f"{ROOT}/x2",
    ]


def test_page_that_was_read_keeps_its_address() -> None:
    read = page("<h1>Office</h1><p>Kiel</p>", f"{ROOT}/office/")
    assert choose_pages(ask(), survey("/office"), (read,), 10) == [f"{ROOT}/", f"{ROOT}/office/"]


def test_choice_does_not_depend_on_the_order_of_the_sitemap() -> None:
    paths = [f"/a{n % 7}/b{n}" for n in range(50)]
    assert chosen(ask(), *paths) == chosen(ask(), *reversed(paths))


def test_pages_that_name_the_person_lead_and_then_those_of_the_team() -> None:
    paths = ["/products", "/blog/hats", "/blog/interview-jo-quist", "/team", "/pricing", "/news"]
    question = replace(ask("What is being built there?"), subject=JO)
    assert set(chosen(question, *paths)[1:3]) == {"/blog/interview-jo-quist", "/team"}
