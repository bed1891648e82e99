"""A signal is answered again on what is stored: without a request, without a trace, and without a false no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.directories import MemoryDirectory
from tests.signals.test_contacts import about, service_with
from tests.signals.test_service import ASK, FoundingReader, make_answering, make_service

from leadline.accounts.service import default_organisation, organisation
from leadline.connectors.language_models.fake import ScriptedModel
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.credits.service import Ledger
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput, NotFound
from leadline.research.errors import ModelUnavailable
from leadline.research.model import Budget, Company, Draft, Evidence, Passage, Question
from leadline.research.ports import Download, ModelRequest
from leadline.research.prompts.reading import INSTRUCTIONS, wording_faults
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.readers.language_model import LanguageModelReader
from leadline.signals.replaying import Replaying
from leadline.signals.schemas import SignalRequest
from leadline.signals.tasks import Readers

TRACES = ("signal_steps", "model_calls")


class NoFetcher(MemoryFetcher):
    """Counts what it is asked for, which it does not give."""

    async def survey(self, company: Company, *, max_age: float | None = None) -> Any:
        self.surveyed.append(company)
        raise AssertionError("a site was surveyed")

    async def fetch(self, url: str, company: Company | None, **_: Any) -> Download:
        self.fetched.append(url)
        raise AssertionError("a page was fetched")


def says(value: int, words: str) -> Any:
    """A model's reply that cites the line with these words."""

    def reply(request: ModelRequest) -> dict[str, Any]:
        found = re.search(rf"^\[(\d+)\].*{re.escape(words)}", request.prompt, re.MULTILINE)
        assert found is not None, request.prompt
        return {
            "citations": [int(found[1])], "value": value, "conflicts": [], "basis": "stated", "answered": True,
            "reasoning": "It says so.",
        }  # fmt: skip

    return reply


def replaying(
    database: Database, model: ScriptedModel | None = None, reader: Any = FoundingReader, **limits: Any
) -> tuple[Replaying, NoFetcher]:
    """Replaying in another process, to which the site is closed."""
    fetcher = NoFetcher({})
    library = StoredLibrary(database, fetcher, InlineSandbox(), freshness=timedelta(hours=24))
    readers = Readers(extractive=reader, model=model, model_reader=LanguageModelReader if model else None)
    answering = make_answering(
        database, fetcher, readers=readers, ledger=Ledger(monthly_credits=100), library=library,
        budget=Budget(max_pages=10, **limits),
    )  # fmt: skip
    return Replaying(database, library, InlineSandbox(), readers, answering), fetcher


async def asked(database: Database, **members: Any) -> tuple[UUID, str]:
    org = await default_organisation(database.repeatable)
    signal = await make_service(database).ask(org, SignalRequest(**{**_ASK, **members}))
    return org, signal.id


_ASK = {"domain": ASK.domain, "question": ASK.question, "answer_type": ASK.answer_type}


async def rows(database: Database) -> list[int]:
    return [
        await database.fetchval(f"select count(*) from {table}") for table in (*TRACES, "signals", "pages")
    ]


async def test_the_same_reader_says_the_same_and_no_site_is_asked(database: Database) -> None:
    org, signal_id = await asked(database)
    before = await rows(database)
    replayer, fetcher = replaying(database)
    found = await replayer.replay(org, signal_id)
    assert found.difference == "same"
    assert found.before.answer == found.after.answer == 1987
    assert found.before.quotes == found.after.quotes
    assert found.before.verdict == found.after.verdict == "supported"
    assert found.before.confidence == found.after.confidence
    assert (found.pages, found.missing) == (2, ())
    assert (fetcher.fetched, fetcher.surveyed) == ([], [])
    assert await rows(database) == before, "nothing is kept"


async def test_a_model_is_compared_with_the_rules(database: Database) -> None:
    org, signal_id = await asked(database)
    model = ScriptedModel(says(1987, "1987"))
    replayer, fetcher = replaying(database, model)
    found = await replayer.replay(org, signal_id, reader="model")
    assert found.difference == "same"
    assert (found.before.reader, found.after.reader) == ("extractive", "model:fake:scripted")
    assert (found.before.model_calls, found.after.model_calls) == (0, 1)
    assert found.after.input_tokens > 100
    assert found.after.output_tokens > 0
    assert found.after.price_usd == 0.0
    assert fetcher.fetched == []


class SilentReader(FoundingReader):
    """Abstains."""

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        return Draft(reader=self.name)


NOTHING = {
    "citations": [],
    "value": None,
    "basis": "stated",
    "answered": False,
    "reasoning": "It does not say.",
}


async def test_what_became_of_an_answer_is_told(database: Database) -> None:
    org = await default_organisation(database.repeatable)
    pages = {
        "https://acme.com/": "<p>We make anvils.</p><p>Acme was founded in 1987.</p><p>Acme was founded in 1991 anew.</p>"
    }
    given = await make_service(database, MemoryFetcher(pages)).ask(org, ASK)
    later = SignalRequest(**{**_ASK, "question": "When was Acme founded?"})
    silent = await make_service(database, MemoryFetcher(pages), SilentReader()).ask(org, later)
    assert (given.answer, silent.answer) == (1987, None)
    for signal, model, difference in (
        (given, says(1991, "1991"), "other"),
        (given, NOTHING, "lost"),
        (silent, says(1987, "1987"), "found"),
        (silent, NOTHING, "same"),
        (given, ModelUnavailable("it is away"), "not looked"),
    ):
        replayer, _ = replaying(database, ScriptedModel(model))
        found = await replayer.replay(org, signal.id, reader="model")
        assert found.difference == difference
        assert found.after.failed == (difference == "not looked")


async def test_a_page_that_is_no_longer_stored_makes_no_no(database: Database) -> None:
    org, signal_id = await asked(database)
    await database.execute("update pages set snapshot_id = null")
    await database.execute("delete from citations")
    await database.execute("delete from snapshots where url = 'https://acme.com/about'")
    replayer, fetcher = replaying(database)
    found = await replayer.replay(org, signal_id)
    assert found.after.answer is None
    assert found.difference == "not looked"
    assert found.after.error_code == "PAGE_NOT_STORED"
    assert found.missing == ("https://acme.com/about",)
    assert found.pages == 1
    await database.execute("delete from snapshots")
    found = await replaying(database)[0].replay(org, signal_id)
    assert (found.difference, found.after.failed, found.pages) == ("not looked", True, 0)
    assert fetcher.fetched == []


async def test_without_its_trace_only_what_it_cites_is_read(database: Database) -> None:
    org, signal_id = await asked(database)
    await database.execute("delete from signal_steps")
    found = await replaying(database)[0].replay(org, signal_id)
    assert (found.difference, found.pages) == ("same", 1)
    assert found.missing == ("https://acme.com/",), "whatever else was read"
    assert found.before.verdict == ""
    found = await replaying(database, ScriptedModel(NOTHING))[0].replay(org, signal_id, reader="model")
    assert found.difference == "not looked", "the answer may stand on a page that is not known"


async def test_a_person_is_not_looked_up_again(database: Database) -> None:
    org = await default_organisation(database.repeatable)
    directory = MemoryDirectory()
    signal = await service_with(database, directory).ask(org, about("What is their current role?"))
    replayer, fetcher = replaying(database, reader=ExtractiveReader)
    found = await replayer.replay(org, signal.id)
    assert (found.difference, found.after.answer) == ("same", "Head of Sales at Acme")
    assert found.after.quotes == found.before.quotes
    assert fetcher.fetched == []
    await database.execute("delete from signal_steps")
    with pytest.raises(NotFound, match="What was known of the person"):
        await replayer.replay(org, signal.id)


async def test_a_host_that_the_settings_let_in_then_need_not_be_let_in_now(database: Database) -> None:
    org = await default_organisation(database.repeatable)
    pages = {"https://acme.example/": "<p>Acme was founded in 1987 by Wile Coyote.</p>"}
    service = make_service(database, MemoryFetcher(pages), reserved_hosts=("acme.example",))
    signal = await service.ask(org, SignalRequest(**{**_ASK, "domain": "acme.example"}))
    found = await replaying(database)[0].replay(org, signal.id)
    assert (found.difference, found.after.answer) == ("same", 1987)


async def test_a_model_is_told_what_the_prompt_says(database: Database) -> None:
    org, signal_id = await asked(database)
    model = ScriptedModel(says(1987, "1987"))
    wording = "Be brief. {mode}\nJSON:\n{members}\nThe value is {meaning}"
    await replaying(database, model)[0].replay(org, signal_id, reader="model", wording=wording)
    assert model.requests[0].instructions.startswith(
        "Be brief. The cited lines themselves must say the value"
    )
    assert "citations: the numbers" in model.requests[0].instructions
    with pytest.raises(InvalidInput, match="rules are told nothing"):
        await replaying(database, model)[0].replay(org, signal_id, wording=wording)


@pytest.mark.parametrize(
    ("wording", "fault"),
    [
        (INSTRUCTIONS, None),
        ("{members} {meaning}", None),
        ("{members} {{x}} {meaning}", None),
        ("{meaning}", "{members} is missing"),
        ("{members} {meaning} {question}", "{question} is no place"),
        ("{members.__class__} {meaning}", "{members.__class__} is no place"),
        ("{members!r} {members} {meaning}", "{members} is no place"),
        ("{members} {meaning} {", "braces cannot be read"),
        ("{members} {meaning} {}", "{} is no place"),
    ],
)
def test_a_prompt_has_the_places_that_are_filled(wording: str, fault: str | None) -> None:
    faults = wording_faults(wording)
    assert (fault is None and not faults) or any(str(fault) in one for one in faults)


async def test_a_replay_keeps_to_the_budget(database: Database) -> None:
    org, signal_id = await asked(database)
    model = ScriptedModel(says(1987, "1987"))
    found = await replaying(database, model, max_tokens=50)[0].replay(org, signal_id, reader="model")
    assert (found.after.failed, found.after.error_code) == (True, "MODEL_BUDGET_EXCEEDED")
    assert model.requests == []


async def test_what_cannot_be_replayed_is_refused(database: Database) -> None:
    org, signal_id = await asked(database)
    replayer, _ = replaying(database)
    with pytest.raises(InvalidInput, match="no language model"):
        await replayer.replay(org, signal_id, reader="model")
    stranger = await organisation(database.repeatable, "stranger")
    for owner, one in ((stranger, signal_id), (org, str(org)), (org, "no-id")):
        with pytest.raises(NotFound):
            await replayer.replay(owner, one)
    running, _ = await make_service(database).accept(
        org, SignalRequest(**{**_ASK, "question": "Who founded it?"})
    )
    with pytest.raises(InvalidInput, match="still being answered"):
        await replayer.replay(org, running.signal.id)
