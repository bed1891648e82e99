"""Sources are asked in turn until an answer is supported; whose words count depends on whose page it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest
from tests.research.library import ACME, NOW, MemoryLibrary, MemoryTrace, ProcessDied, WordReader, ignore
from tests.research.sources import EchoSearch, FailingSearch

from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.research.engine import Engine
from leadline.research.errors import Reason
from leadline.research.model import Budget, Outcome, Person, Question, Subject
from leadline.research.ports import Source
from leadline.research.sources.own_site import OwnSite
from leadline.research.steps.settle import BY_OTHERS

OWN: dict[str, str | Reason] = {"https://acme.com/": "<title>Acme</title><p>We make anvils in Leeds.</p>"}
NAMING: dict[str, str | Reason] = {
    "https://news.example/1": "<title>News</title><p>The firm Acme was founded in 1987, records say.</p>"
}
NAMELESS: dict[str, str | Reason] = {
    "https://news.example/2": "<title>News</title><p>It was founded in 1987, records say.</p>"
}
OF_ITSELF: dict[str, str | Reason] = {
    "https://news.example/4": "<title>Acme in the news</title><p>We founded this paper in 1987.</p>"
}
STRUCTURED: dict[str, str | Reason] = {
    "https://news.example/5": "<title>Acme in the news</title><p>Acme makes anvils.</p>"
    """<script type="application/ld+json">{"@type": "Organization", "foundingDate": "1987"}</script>"""
}
RELATED: dict[str, str | Reason] = {
    "https://news.example/3": "<title>News</title><p>Acmeology was founded in 1987.</p>"
}
FOUNDED = Question(
    subject=Subject(company=ACME), text="In which year was Acme founded?", answer_type="number", asked_at=NOW
)


def own_library() -> MemoryLibrary:
    return MemoryLibrary(OWN, in_sitemap=False)


async def answer(sources: Sequence[Source], library: MemoryLibrary, question: Question = FOUNDED) -> Outcome:
    return await Engine(library, sources, InlineSandbox()).answer(
        question, WordReader("1987", 1987), MemoryTrace(), ignore
    )


def over(library: MemoryLibrary, found: Mapping[str, str | Reason], *, needs: int = 5) -> list[Source]:
    """The company's own site, then a search that finds these pages of the web."""
    library.site |= found
    return [OwnSite(library, InlineSandbox()), EchoSearch(library, list(found), needs=needs)]


async def test_a_page_of_somebody_else_supports_an_answer_where_it_names_the_company() -> None:
    library = own_library()
    outcome = await answer(over(library, NAMING), library)
    assert outcome.answer == 1987
    assert [source.url for source in outcome.sources] == list(NAMING)
    assert outcome.confidence is not None
    assert outcome.confidence <= BY_OTHERS


@pytest.mark.parametrize("pages", [NAMELESS, RELATED, OF_ITSELF, STRUCTURED])
async def test_words_of_somebody_else_that_do_not_name_the_company_support_nothing(
    pages: dict[str, str | Reason],
) -> None:
    library = own_library()
    outcome = await answer(over(library, pages), library)
    assert outcome.answer is None
    assert "does not name the subject" in outcome.reasoning


@pytest.mark.parametrize(
    ("words", "supports"),
    [
        ("Wile E. Coyote founded Acme in 1987.", True),
        ("Wile E. Coyote, who founded it in 1987, left. Acme wished him well.", True),
        ("Wile E. Coyote, who founded it in 1987, left.</p><p>Acme opens a shop.", False),
        ("Mr Coyote founded Acme in 1987.", False),  # a person is named by the whole name
        ("Wile E. Coyotes founded Acme in 1987.", False),
        ("Wile E. Coyote founded Globex in 1987.", False),  # a namesake elsewhere
    ],
)
async def test_words_about_a_person_stand_with_the_company(words: str, supports: bool) -> None:
    library = own_library()
    about = Subject(company=ACME, person=Person(name="Wile E. Coyote"))
    library.site["https://news.example/1"] = f"<p>{words}</p>"
    search = EchoSearch(library, ["https://news.example/1"])
    outcome = await answer([search], library, msgspec.structs.replace(FOUNDED, subject=about))
    assert (outcome.answer == 1987) is supports


async def test_a_page_of_the_company_that_a_search_finds_is_its_own() -> None:
    hidden = {"https://acme.com/hidden": "<p>We began work in 1987.</p>"}
    library = own_library()
    library.in_sitemap = False
    outcome = await answer(over(library, hidden), library)
    assert outcome.answer == 1987
    assert outcome.confidence is not None
    assert outcome.confidence > BY_OTHERS


async def test_the_next_source_is_not_asked_when_the_first_suffices() -> None:
    library = MemoryLibrary({**OWN, "https://acme.com/about": "<p>Acme was founded in 1987.</p>"})
    search = EchoSearch(library, list(NAMING))
    outcome = await answer([OwnSite(library, InlineSandbox()), search], library)
    assert (outcome.answer, search.asked) == (1987, [])


async def test_a_source_that_cannot_be_asked_makes_no_no() -> None:
    library = own_library()
    outcome = await answer([OwnSite(library, InlineSandbox()), FailingSearch()], library)
    assert (outcome.answer, outcome.error_code, outcome.charged) == (None, "SITE_RATE_LIMITED", False)
    assert "not a no" in outcome.reasoning


async def test_a_question_resumes_at_the_source_it_had_come_to_and_knows_whose_pages_it_read() -> None:
    class DyingAtTheSecondCollect(MemoryTrace):
        async def save(self, step: str, value: msgspec.Struct, *, seconds: float) -> None:
            self.dies_after = "collect" if "collect" in self.saved else None
            await super().save(step, value, seconds=seconds)

    library, trace = own_library(), DyingAtTheSecondCollect()
    sources = over(library, NAMELESS)
    engine, search = Engine(library, sources, InlineSandbox()), sources[1]
    assert isinstance(search, EchoSearch)
    with pytest.raises(ProcessDied):
        await engine.answer(FOUNDED, WordReader("1987", 1987), trace, ignore)
    outcome = await engine.answer(FOUNDED, WordReader("1987", 1987), trace, ignore)
    assert len(search.asked) == 1
    assert outcome.answer is None, "the recalled page is still somebody else's"


# ------------------------------------------------------------------ the page limit is one for all sources


@pytest.mark.parametrize(("limit", "own", "found"), [(40, 35, 5), (10, 5, 5), (5, 3, 2), (1, 1, 0)])
async def test_sources_share_the_page_limit_and_leave_each_other_room(
    limit: int, own: int, found: int
) -> None:
    library = MemoryLibrary(large_site())
    pages = {f"https://news.example/{n}": f"<p>Acme, part {n}.</p>" for n in range(20)}
    sources = over(library, pages)
    question = msgspec.structs.replace(FOUNDED, budget=Budget(max_pages=limit))
    outcome = await Engine(library, sources, InlineSandbox()).answer(
        question, WordReader("none", 1), MemoryTrace(), ignore
    )
    assert outcome.pages_read == limit
    assert sum(url.startswith("https://acme.com/") for url in library.fetched) == own
    assert sum(url in pages for url in library.fetched) == found


async def test_pages_that_the_own_site_does_not_need_are_left_to_the_next_source() -> None:
    library = own_library()
    pages = {f"https://news.example/{n}": f"<p>Acme, part {n}.</p>" for n in range(20)}
    sources = over(library, pages)
    question = msgspec.structs.replace(FOUNDED, budget=Budget(max_pages=12))
    outcome = await answer(sources, library, question)
    assert isinstance(sources[1], EchoSearch)
    assert (outcome.pages_read, sources[1].allowed) == (12, [11])


async def test_a_page_to_which_two_addresses_lead_is_read_and_counted_once() -> None:
    site: dict[str, str | Reason] = {
        "https://acme.com/": "<p>We make anvils.</p><a href='/about'>About</a><a href='/company'>Company</a>",
        "https://acme.com/about": "<p>Acme was founded in 1987.</p>",
    }
    library = MemoryLibrary(
        site, in_sitemap=False, leads={"https://acme.com/company": "https://acme.com/about"}
    )
    trace = MemoryTrace()
    outcome = await Engine(library, [OwnSite(library, InlineSandbox())], InlineSandbox()).answer(
        FOUNDED, WordReader("1987", 1987), trace, ignore
    )
    assert (outcome.answer, outcome.pages_read) == (1987, 2)
    assert trace.steps["rank"].count(b"founded in 1987") == 1


# ------------------------------------------------------------------ an answer does not depend on history


def large_site() -> dict[str, str | Reason]:
    site: dict[str, str | Reason] = {
        "https://acme.com/": "<title>Acme</title><p>Welcome.</p>"
        + "".join(f"<a href='/{topic}'>{topic}</a>" for topic in ("about", "pricing", "blog", "jobs"))
    }
    for topic in ("about", "pricing", "blog", "jobs"):
        links = "".join(f"<a href='/{topic}/{n}'>{topic} story {n}</a>" for n in range(12))
        site[f"https://acme.com/{topic}"] = f"<title>{topic}</title><p>All of {topic}.</p>{links}"
        for n in range(12):
            site[f"https://acme.com/{topic}/{n}"] = (
                f"<title>{topic} {n}</title><p>Acme and {topic}, part {n}: founded in {1980 + n}.</p>"
            )
    return site


PRICE = msgspec.structs.replace(
    FOUNDED, text="What does the pricing of the blog cost?", answer_type="open_text"
)


@pytest.mark.parametrize("limit", [5, 10, 20])
async def test_the_same_question_reads_the_same_pages_whatever_was_asked_before(limit: int) -> None:
    budget = Budget(max_pages=limit)
    asked = msgspec.structs.replace(FOUNDED, budget=budget)
    first, second = MemoryTrace(), MemoryTrace()
    fresh = MemoryLibrary(large_site(), in_sitemap=False)
    alone = await Engine(fresh, [OwnSite(fresh, InlineSandbox())], InlineSandbox()).answer(
        asked, WordReader("none", 1), first, ignore
    )
    used = MemoryLibrary(large_site(), in_sitemap=False)
    engine = Engine(used, [OwnSite(used, InlineSandbox())], InlineSandbox())
    for text in ("Who writes the blog?", "What jobs are there?", PRICE.text):
        other = msgspec.structs.replace(PRICE, text=text, budget=Budget(max_pages=12))
        await engine.answer(other, WordReader("none", 1), MemoryTrace(), ignore)
    after = await engine.answer(asked, WordReader("none", 1), second, ignore)
    for step in ("rank", "settle"):
        one, two = msgspec.json.decode(first.steps[step]), msgspec.json.decode(second.steps[step])
        if step == "settle":
            one.pop("pages_fetched", None), two.pop("pages_fetched", None)
        assert one == two
    assert alone.pages_read == after.pages_read <= limit


async def test_a_further_question_whose_plan_is_stored_fetches_nothing() -> None:
    library = MemoryLibrary(large_site(), in_sitemap=False)
    engine = Engine(library, [OwnSite(library, InlineSandbox())], InlineSandbox())
    await engine.answer(FOUNDED, WordReader("none", 1), MemoryTrace(), ignore)
    fetched = list(library.fetched)
    again = msgspec.structs.replace(FOUNDED, answer_type="open_text")
    outcome = await engine.answer(again, WordReader("none", 1), MemoryTrace(), ignore)
    assert (library.fetched, outcome.pages_fetched) == (fetched, 0)


def with_few_words_everywhere(addresses: int) -> dict[str, str | Reason]:
    shown = "<title>Acme</title><p>This shop is being looked after.</p>"
    return {**OWN, **{f"https://acme.com/part-{number}": shown for number in range(addresses)}}


async def test_the_same_few_words_at_several_addresses_are_not_what_stands_there() -> None:
    library = MemoryLibrary(with_few_words_everywhere(3))
    outcome = await answer([OwnSite(library, InlineSandbox())], library)
    assert outcome.answer is None
    assert outcome.pages_read == 1
    assert {(one.reason, one.detail) for one in outcome.unreadable} == {
        (Reason.HTTP_ERROR, "the same words stand at 3 addresses of the site")
    }
    assert "so this is not a no" in outcome.reasoning
    assert not outcome.charged


async def test_two_addresses_of_one_page_are_read() -> None:
    library = MemoryLibrary(with_few_words_everywhere(2))
    outcome = await answer([OwnSite(library, InlineSandbox())], library)
    assert (outcome.pages_read, outcome.unreadable) == (3, ())
