"""How a question becomes an answer, rung by rung, and how it resumes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest
from msgspec.structs import replace
from tests.research.library import (
    ACME,
    NOW,
    MemoryLibrary,
    MemoryTrace,
    ProcessDied,
    WordReader,
    ignore,
)

from leadline.connectors.sandbox.fake import ChokingSandbox, InlineSandbox
from leadline.research.engine import Engine
from leadline.research.errors import Reason, StepError, StepFailed, StepOverran
from leadline.research.model import (
    Budget,
    Company,
    Confirmed,
    Derivation,
    Draft,
    Outcome,
    Passage,
    Question,
    SiteSurvey,
    Subject,
    Usage,
    Verdict,
    Verification,
    VerificationMode,
)
from leadline.research.sources.own_site import OwnSite

SITE: dict[str, str | Reason] = {
    "https://acme.com/": "<title>Acme</title><p>We make anvils in Leeds.</p><a href='/about'>About</a>",
    "https://acme.com/about": "<title>About</title><p>Acme was founded in 1987 by Wile Coyote.</p>",
    "https://acme.com/pricing": "<title>Pricing</title><p>An anvil costs $90 a piece.</p>",
}
FOUNDED = Question(
    subject=Subject(company=ACME),
    text="In which year was Acme founded?",
    answer_type="number",
    asked_at=NOW,
    budget=Budget(max_pages=9),
)


def engine_over(library: MemoryLibrary) -> Engine:
    return Engine(library, [OwnSite(library, InlineSandbox())], InlineSandbox())


async def answer(library: MemoryLibrary, reader: WordReader, question: Question = FOUNDED) -> Outcome:
    return await engine_over(library).answer(question, reader, MemoryTrace(), ignore)


async def test_an_answer_cites_words_of_the_page() -> None:
    outcome = await answer(MemoryLibrary(SITE), WordReader("1987", 1987))
    assert outcome.answer == 1987
    (source,) = outcome.sources
    assert (source.url, source.snippet) == (
        "https://acme.com/about",
        "Acme was founded in 1987 by Wile Coyote.",
    )
    assert not outcome.failed
    assert outcome.charged


async def test_pages_are_found_by_links_when_there_is_no_sitemap() -> None:
    library = MemoryLibrary(SITE, in_sitemap=False)
    assert (await answer(library, WordReader("1987", 1987))).answer == 1987
    assert library.fetched == ["https://acme.com/", "https://acme.com/about"]


async def test_a_question_about_a_known_site_fetches_nothing() -> None:
    library = MemoryLibrary(SITE, stored=list(SITE))
    outcome = await answer(library, WordReader("1987", 1987))
    assert (outcome.answer, outcome.pages_fetched, library.fetched) == (1987, 0, [])


async def test_more_is_read_when_the_stored_pages_do_not_answer() -> None:
    library = MemoryLibrary(SITE, stored=["https://acme.com/"])
    outcome = await answer(library, WordReader("1987", 1987))
    assert outcome.answer == 1987
    assert "https://acme.com/about" in library.fetched


async def test_the_page_limit_holds_and_is_told() -> None:
    site = dict(SITE) | {
        f"https://acme.com/blog/{n}": f"<p>Post number {n} of our blog.</p>" for n in range(50)
    }
    library = MemoryLibrary(site)
    outcome = await answer(library, WordReader("no such word", 1))
    assert len(library.fetched) == 9
    assert outcome.pages_fetched == 9
    assert outcome.answer is None
    assert "beyond the page limit" in outcome.reasoning


async def test_nothing_readable_is_a_failure_and_not_a_no() -> None:
    outcome = await answer(MemoryLibrary({}, survey_fault=Reason.TIMED_OUT), WordReader("x", 1))
    assert outcome.failed
    assert not outcome.charged
    assert (outcome.answer, outcome.error_code) == (None, "SITE_TIMED_OUT")


async def test_null_with_an_unread_page_says_that_it_is_not_a_no() -> None:
    site = {**SITE, "https://acme.com/about": Reason.SERVER_ERROR}
    outcome = await answer(MemoryLibrary(site), WordReader("1987", 1987))
    assert (outcome.failed, outcome.answer, outcome.error_code) == (False, None, "SITE_SERVER_ERROR")
    assert not outcome.charged
    assert "not a no" in outcome.reasoning


async def test_an_answer_with_an_unread_page_carries_a_warning() -> None:
    site = {**SITE, "https://acme.com/pricing": Reason.TIMED_OUT}
    outcome = await answer(MemoryLibrary(site), WordReader("1987", 1987))
    assert (outcome.answer, outcome.error_code, outcome.charged) == (1987, "SITE_TIMED_OUT", True)


async def test_a_missing_page_is_no_warning() -> None:
    site = {**SITE, "https://acme.com/pricing": Reason.NOT_FOUND}
    outcome = await answer(MemoryLibrary(site), WordReader("nothing", 1))
    assert (outcome.answer, outcome.error_code, outcome.charged) == (None, None, True)


@pytest.mark.parametrize("mode", list(VerificationMode))
async def test_a_value_that_the_cited_words_deny_is_dropped_in_every_mode(mode: VerificationMode) -> None:
    question = Question(
        subject=Subject(company=ACME), text=FOUNDED.text, answer_type="number", mode=mode, asked_at=NOW
    )
    outcome = await answer(MemoryLibrary(SITE), WordReader("1987", 2001), question)
    assert outcome.answer is None
    assert "dropped" in outcome.reasoning


@pytest.mark.parametrize("step", ["plan", "collect", "rank", "answer", "verify"])
async def test_a_question_resumes_after_each_step(step: str) -> None:
    library, reader, trace = MemoryLibrary(SITE), WordReader("1987", 1987), MemoryTrace()
    trace.dies_after = step
    engine = engine_over(library)
    with pytest.raises(ProcessDied):
        await engine.answer(FOUNDED, reader, trace, ignore)
    fetched, asked = list(library.fetched), reader.asked
    trace.dies_after = None
    outcome = await engine.answer(FOUNDED, reader, trace, ignore)
    assert outcome.answer == 1987
    assert len(library.fetched) == len(set(library.fetched))
    if step != "plan":
        assert library.fetched == fetched
    assert reader.asked == max(asked, 1)


async def test_a_settled_question_is_not_worked_on_again() -> None:
    library, reader, trace = MemoryLibrary(SITE), WordReader("1987", 1987), MemoryTrace()
    engine = engine_over(library)
    first = await engine.answer(FOUNDED, reader, trace, ignore)
    assert await engine.answer(FOUNDED, reader, trace, ignore) == first
    assert reader.asked == 1


async def test_the_reader_is_not_asked_again_about_the_same_words() -> None:
    site = dict(SITE)
    library = MemoryLibrary(
        site, stored=["https://acme.com/", "https://acme.com/about", "https://acme.com/pricing"]
    )
    reader = WordReader("nothing at all", 1)
    assert (await answer(library, reader)).answer is None
    assert reader.asked == 1


async def test_a_question_that_runs_out_of_time_says_which_pages_were_not_read() -> None:
    question = Question(
        subject=Subject(company=ACME), text=FOUNDED.text, answer_type="number", budget=Budget(max_seconds=0.0)
    )
    outcome = await answer(MemoryLibrary(SITE), WordReader("1987", 1987), question)
    assert outcome.answer is None
    assert outcome.error_code == "SITE_TIMED_OUT"


async def test_stored_pages_of_a_site_that_cannot_be_asked_any_more_make_no_no() -> None:
    """What else the site has cannot be known then."""
    library = MemoryLibrary(SITE, stored=["https://acme.com/"], survey_fault=Reason.CONNECTION_FAILED)
    outcome = await answer(library, WordReader("1987", 1987))
    assert (outcome.failed, outcome.answer, outcome.error_code) == (False, None, "SITE_UNREACHABLE")
    assert not outcome.charged


async def test_pages_stored_meanwhile_do_not_shift_the_words_of_a_resumed_question() -> None:
    site = {
        "https://acme.com/": "<title>Acme</title><p>We are a company.</p><a href='/pricing'>Pricing</a>",
        "https://acme.com/pricing": "<title>Pricing</title><p>An anvil costs $90 a piece, founded on iron.</p>",
    }
    library = MemoryLibrary(site, stored=list(site), in_sitemap=False)
    question = msgspec.structs.replace(FOUNDED, mode=VerificationMode.LENIENT)
    trace, reader = MemoryTrace(), WordReader("founded", 1987, finish=inferred)
    trace.dies_after = "verify"
    with pytest.raises(ProcessDied):
        await engine_over(library).answer(question, reader, trace, ignore)
    trace.dies_after = None
    # Another question reads a page whose address comes first.
    library.site["https://acme.com/a"] = "<title>A</title><p>Iron and nothing else is what we love.</p>"
    await library.page("https://acme.com/a", ACME)
    library.kept = dict(sorted(library.kept.items(), key=lambda entry: entry[0] != "https://acme.com/a"))
    outcome = await engine_over(library).answer(question, reader, trace, ignore)
    assert outcome.answer == 1987
    assert [source.url for source in outcome.sources] == ["https://acme.com/pricing"]
    assert "founded on iron" in outcome.sources[0].snippet


def inferred(draft: Draft) -> Draft:
    claims = tuple(msgspec.structs.replace(c, derivation=Derivation.INFERRED) for c in draft.claims)
    return msgspec.structs.replace(draft, claims=claims)


async def test_a_survey_that_hangs_ends_with_the_question() -> None:
    class HangingSurvey(MemoryLibrary):
        async def survey(self, company: Company, *, not_before: datetime | None = None) -> SiteSurvey:
            await asyncio.Event().wait()
            raise AssertionError

    question = Question(subject=Subject(company=ACME), text="Who?", budget=Budget(max_seconds=0.1))
    outcome = await answer(HangingSurvey({}), WordReader("x", 1), question)
    assert (outcome.failed, outcome.error_code) == (True, "SITE_TIMED_OUT")


# ------------------------------------------------------------------ steps that go too far

OVERRAN = StepOverran("it took more than 10 s of the processor's time")


def choking(*steps: str, error: StepError = OVERRAN) -> ChokingSandbox:
    return ChokingSandbox("An anvil costs $90", error, steps=steps)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(OVERRAN, Reason.TOO_COMPLEX), (StepFailed("KeyError: 1"), Reason.READER_FAILED)],
)
async def test_a_page_that_cannot_be_ranked_is_left_out_and_said(error: StepError, reason: Reason) -> None:
    library, trace = MemoryLibrary(SITE), MemoryTrace()
    engine = Engine(library, [OwnSite(library, InlineSandbox())], choking("rank", error=error))
    outcome = await engine.answer(FOUNDED, WordReader("1987", 1987), trace, ignore)
    assert outcome.answer == 1987
    assert [(one.url, one.reason) for one in outcome.unreadable] == [("https://acme.com/pricing", reason)]
    assert outcome.error_code is not None
    collected = msgspec.json.decode(trace.steps["collect"])
    assert len(collected["snapshot_ids"]) == 2, "who resumes does not meet it again"


async def test_no_answer_beside_a_page_that_cannot_be_ranked_is_not_a_no() -> None:
    library = MemoryLibrary(SITE)
    engine = Engine(library, [OwnSite(library, InlineSandbox())], choking("rank"))
    outcome = await engine.answer(FOUNDED, WordReader("none", 1), MemoryTrace(), ignore)
    assert (outcome.answer, outcome.charged, outcome.error_code) == (None, False, "PAGE_TOO_COMPLEX")
    assert "not a no" in outcome.reasoning


async def test_choosing_that_goes_too_far_leaves_the_rest_unread_and_says_so() -> None:
    site = {**SITE, "https://acme.com/": SITE["https://acme.com/pricing"]}
    library = MemoryLibrary(site)
    engine = Engine(library, [OwnSite(library, choking("choose"))], InlineSandbox())
    outcome = await engine.answer(FOUNDED, WordReader("none", 1), MemoryTrace(), ignore)
    assert (outcome.answer, outcome.error_code) == (None, "PAGE_TOO_COMPLEX")
    assert outcome.pages_read == 1


async def test_rules_that_go_too_far_end_the_question_visibly_and_for_good() -> None:
    class OverrunningReader(WordReader):
        async def read(self, question, passages, evidence):  # type: ignore[no-untyped-def]
            self.asked += 1
            raise OVERRAN

    library, trace, reader = MemoryLibrary(SITE), MemoryTrace(), OverrunningReader("", 1)
    for _ in range(2):
        outcome = await engine_over(library).answer(FOUNDED, reader, trace, ignore)
        assert (outcome.failed, outcome.charged, outcome.error_code) == (True, False, "READING_OVERRAN")
        assert "more than 10 s" in (outcome.error or "")
        assert outcome.error_action
    assert reader.asked == 1


async def test_verifying_that_goes_too_far_ends_the_question_visibly() -> None:
    library = MemoryLibrary(SITE)
    engine = Engine(library, [OwnSite(library, InlineSandbox())], choking("verify"))
    outcome = await engine.answer(FOUNDED, WordReader("1987", 1987), MemoryTrace(), ignore)
    assert (outcome.failed, outcome.error_code) == (True, "READING_OVERRAN")


class DoubtedReader(WordReader):
    """Says what no line says word for word, and decides by ``says`` when shown it once more."""

    def __init__(self, words: str, value: object, *, says: bool) -> None:
        super().__init__(words, value)
        self.says = says
        self.looks = 0

    async def confirm(
        self, question: Question, verification: Verification, passages: Sequence[Passage]
    ) -> Confirmed:
        self.looks += 1
        verdict = Verdict.SUPPORTED if self.says else Verdict.CONTRADICTED
        claims = tuple(replace(c, verdict=verdict, open=False) for c in verification.claims)
        return Confirmed(
            verification=replace(verification, claims=claims), usage=Usage(model_calls=1, input_tokens=90)
        )


@pytest.mark.parametrize("says", [True, False])
async def test_a_readers_second_look_decides_and_is_counted(says: bool) -> None:
    reader = DoubtedReader("1987", "1987, by the coyote himself", says=says)
    outcome = await answer(MemoryLibrary(SITE), reader, replace(FOUNDED, answer_type="open_text"))
    assert reader.looks >= 1
    assert (outcome.answer is not None) is says
    assert outcome.usage.input_tokens == 90
