"""Sources are asked in turn until an answer is supported; whose words count depends on whose page it is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from tests.research.library import ACME, NOW, MemoryLibrary, MemoryTrace, ProcessDied, WordReader, ignore
from tests.research.sources import EchoSearch, FailingSearch

from leadline.research.engine import Engine
from leadline.research.errors import Reason
from leadline.research.model import Budget, Outcome, Person, Question, Subject
from leadline.research.ports import Source
from leadline.research.sources.own_site import OwnSite
from leadline.research.steps.settle import BY_OTHERS

OWN: dict[str, str | Reason] = {"https://acme.com/": "<title>Acme</title><p>We make anvils in Leeds.</p>"}
NAMING = {
    "https://news.example/1": "<title>News</title><p>The firm Acme was founded in 1987, records say.</p>"
}
NAMELESS = {"https://news.example/2": "<title>News</title><p>It was founded in 1987, records say.</p>"}
RELATED = {"https://news.example/3": "<title>News</title><p>Acmeology was founded in 1987.</p>"}
FOUNDED = Question(
    subject=Subject(company=ACME), text="In which year was Acme founded?", answer_type="number", asked_at=NOW
)


async def answer(sources: Sequence[Source], library: MemoryLibrary, question: Question = FOUNDED) -> Outcome:
    return await Engine(library, sources).answer(question, WordReader("1987", 1987), MemoryTrace(), ignore)


async def test_a_page_of_somebody_else_supports_an_answer_where_it_names_the_company() -> None:
    library = MemoryLibrary(OWN)
    outcome = await answer([OwnSite(library), EchoSearch(NAMING)], library)
    assert outcome.answer == 1987
    assert [source.url for source in outcome.sources] == list(NAMING)
    assert outcome.confidence is not None
    assert outcome.confidence <= BY_OTHERS


@pytest.mark.parametrize("pages", [NAMELESS, RELATED])
async def test_words_of_somebody_else_that_do_not_name_the_company_support_nothing(
    pages: dict[str, str],
) -> None:
    library = MemoryLibrary(OWN)
    outcome = await answer([OwnSite(library), EchoSearch(pages)], library)
    assert outcome.answer is None
    assert "does not name the subject" in outcome.reasoning


async def test_a_person_is_named_by_the_whole_name() -> None:
    library = MemoryLibrary(OWN)
    about = Subject(company=ACME, person=Person(name="Wile E. Coyote"))
    question = msgspec.structs.replace(FOUNDED, subject=about)
    whole = {"https://news.example/1": "<p>Wile E. Coyote founded Acme in 1987.</p>"}
    part = {"https://news.example/1": "<p>Mr Coyote founded Acme in 1987.</p>"}
    assert (await answer([EchoSearch(whole)], library, question)).answer == 1987
    assert (await answer([EchoSearch(part)], library, question)).answer is None


async def test_the_next_source_is_not_asked_when_the_first_suffices() -> None:
    library = MemoryLibrary({**OWN, "https://acme.com/about": "<p>Acme was founded in 1987.</p>"})
    search = EchoSearch(NAMING)
    outcome = await answer([OwnSite(library), search], library)
    assert (outcome.answer, search.asked) == (1987, [])


async def test_a_source_that_cannot_be_asked_makes_no_no() -> None:
    library = MemoryLibrary(OWN)
    outcome = await answer([OwnSite(library), FailingSearch({})], library)
    assert (outcome.answer, outcome.error_code, outcome.charged) == (None, "SITE_RATE_LIMITED", False)
    assert "not a no" in outcome.reasoning


async def test_a_question_resumes_at_the_source_it_had_come_to_and_knows_whose_pages_it_read() -> None:
    library, search, trace = MemoryLibrary(OWN), EchoSearch(NAMELESS), MemoryTrace()
    for url, html in NAMELESS.items():  # as a search source stores what it reads
        library.site[url] = html
        await library.page(url, None)
    engine = Engine(library, [OwnSite(library), search])
    saves = 0

    def dying_at_the_second_collect(step: str) -> None:
        nonlocal saves
        saves += step == "collect"
        trace.dies_after = "collect" if saves >= 1 else None

    real = trace.save

    async def save(step: str, value: msgspec.Struct, *, seconds: float) -> None:
        await real(step, value, seconds=seconds)
        dying_at_the_second_collect(step)

    trace.save = save  # type: ignore[method-assign]
    with pytest.raises(ProcessDied):
        await engine.answer(FOUNDED, WordReader("1987", 1987), trace, ignore)
    trace.dies_after, trace.save = None, real  # type: ignore[method-assign]
    outcome = await engine.answer(FOUNDED, WordReader("1987", 1987), trace, ignore)
    assert len(search.asked) == 1
    assert outcome.answer is None, "the recalled page is still somebody else's"


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
    alone = await Engine(fresh, [OwnSite(fresh)]).answer(asked, WordReader("none", 1), first, ignore)
    used = MemoryLibrary(large_site(), in_sitemap=False)
    engine = Engine(used, [OwnSite(used)])
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
    engine = Engine(library, [OwnSite(library)])
    await engine.answer(FOUNDED, WordReader("none", 1), MemoryTrace(), ignore)
    fetched = list(library.fetched)
    again = msgspec.structs.replace(FOUNDED, answer_type="open_text")
    outcome = await engine.answer(again, WordReader("none", 1), MemoryTrace(), ignore)
    assert (library.fetched, outcome.pages_fetched) == (fetched, 0)
