"""A signal is accepted once, runs under a lease, and is finished once, whatever process dies."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.fernet import Fernet
from tests.directories import NONE

from leadline.accounts.service import default_organisation, organisation
from leadline.companies import service as companies
from leadline.connectors.pages.fake import FailingFetcher, MemoryFetcher
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.contacts.service import Directories
from leadline.credits.service import Ledger
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput, NotFound
from leadline.foundation.network import NetworkPolicy
from leadline.foundation.secrets import Vault
from leadline.research.engine import Engine
from leadline.research.errors import ModelError, ModelRateLimited, ModelReplyInvalid, ModelUnavailable, Reason
from leadline.research.model import Budget, Claim, Draft, Evidence, Passage, Question, Usage
from leadline.research.ports import LanguageModel, ModelReply, ModelRequest, PageFetcher
from leadline.research.sources.own_site import OwnSite
from leadline.signals import views
from leadline.signals.checking import Checker
from leadline.signals.comparing import Comparing
from leadline.signals.contacts import Contacts
from leadline.signals.profiling import Profiling
from leadline.signals.schemas import SignalRequest
from leadline.signals.service import SignalService
from leadline.signals.tasks import Answering, Readers
from leadline.webhooks.service import WebhookService
from leadline.work.service import WorkService

PAGES = {
    "https://acme.com/": "<title>Acme</title><p>We make anvils in Leeds.</p><a href='/about'>About us</a>",
    "https://acme.com/about": "<title>About</title><p>Acme was founded in 1987 by Wile Coyote.</p>",
}
ASK = SignalRequest(domain="acme.com", question="In which year was Acme founded?", answer_type="number")


class FoundingReader:
    """Answers 1987 from the unit that says so; abstains otherwise."""

    name = "extractive"
    passage_limit = 20

    def __init__(self) -> None:
        self.read_count = 0

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        self.read_count += 1
        for passage in passages:
            for unit in passage.units:
                if "1987" in unit.text:
                    return Draft(
                        reader=self.name,
                        value=1987,
                        claims=(Claim(path="", value=1987, citations=(unit.number,)),),
                    )
        return Draft(reader=self.name)


class BlockingReader(FoundingReader):
    """Waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = asyncio.Event()
        self.go = asyncio.Event()

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        self.reading.set()
        await self.go.wait()
        return await super().read(question, passages, evidence)


class CountingModel:
    """Replies the same to everything, and counts what it was paid for."""

    name = "test:counting"
    context_tokens = 8000
    hidden_tokens = 0

    def __init__(self, price: str = "0.01") -> None:
        self.calls = 0
        self._price = Decimal(price)

    def price(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        return self._price

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.calls += 1
        return ModelReply(
            output={"year": 1987}, input_tokens=100, output_tokens=10, price=self._price, model=self.name
        )


class PayingReader(FoundingReader):
    """Asks its model once, then may be made to wait, as a process that dies between two steps would."""

    name = "model"

    def __init__(self, model: LanguageModel, go: asyncio.Event | None = None) -> None:
        super().__init__()
        self.model = model
        self.go = go
        self.paid = asyncio.Event()

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        reply = await self.model.complete(ModelRequest(instructions="i", prompt="p", output_schema={}))
        self.paid.set()
        if self.go is not None:
            await self.go.wait()
        draft = await super().read(question, passages, evidence)
        usage = Usage(
            model_calls=1,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            price=reply.price,
        )
        return Draft(reader=draft.reader, value=draft.value, claims=draft.claims, usage=usage)


class RaisingReader(FoundingReader):
    def __init__(self, error: ModelError) -> None:
        super().__init__()
        self.error = error

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        raise self.error


def silent_webhooks(database: Database) -> WebhookService:
    """Calls nobody: its deliveries stay in the database."""
    return WebhookService(database, Vault(Fernet.generate_key()), NetworkPolicy())


def make_answering(
    database: Database,
    fetcher: PageFetcher,
    *,
    readers: Readers,
    ledger: Ledger,
    library: StoredLibrary | None = None,
    budget: Budget | None = None,
    reserved_hosts: Collection[str] = (),
    directories: Directories = NONE,
) -> Answering:
    library = library or StoredLibrary(database, fetcher, InlineSandbox(), freshness=timedelta(hours=24))
    return Answering(
        database,
        library,
        Engine(library, [OwnSite(library, InlineSandbox())], InlineSandbox()),
        readers,
        ledger,
        Contacts(database.repeatable, directories, reserved_hosts=reserved_hosts, seconds=2.0),
        Comparing(database, library),
        Profiling(database, library, InlineSandbox()),
        budget=budget or Budget(max_pages=10),
        reserved_hosts=reserved_hosts,
    )


def make_service(
    database: Database,
    fetcher: PageFetcher | None = None,
    reader: Any = None,
    readers: Readers | None = None,
    cache: timedelta = timedelta(hours=12),
    webhooks: WebhookService | None = None,
    reserved_hosts: Collection[str] = (),
    budget: Budget | None = None,
    directories: Directories = NONE,
    **timing: Any,
) -> SignalService:
    reader = reader or FoundingReader()
    library = StoredLibrary(
        database, fetcher or MemoryFetcher(PAGES), InlineSandbox(), freshness=timedelta(hours=24)
    )
    readers = readers or Readers(extractive=lambda: reader)
    webhooks = webhooks or silent_webhooks(database)
    ledger = Ledger(monthly_credits=100)
    answering = make_answering(
        database,
        fetcher or MemoryFetcher(PAGES),
        readers=readers,
        ledger=ledger,
        library=library,
        budget=budget,
        reserved_hosts=reserved_hosts,
        directories=directories,
    )
    return SignalService(
        database,
        library,
        readers,
        webhooks,
        ledger,
        answering,
        WorkService(database, [answering.kind()], **timing),
        Checker(reserved_hosts),
        default_pages=10,
        cache=cache,
        price=1,
    )


@pytest.fixture
async def org(database: Database) -> UUID:
    return await default_organisation(database)


async def test_a_question_is_answered_with_words_of_the_page(database: Database, org: UUID) -> None:
    service = make_service(database)
    signal = await service.ask(org, ASK)
    assert (signal.status, signal.answer) == ("completed", 1987)
    (source,) = signal.sources
    assert source.url == "https://acme.com/about"
    assert source.snippet == "Acme was founded in 1987 by Wile Coyote."
    assert [check.fault for check in await service.verify(org, signal.id)] == [None]
    assert signal.metadata["pagesRead"] == 2


async def test_the_same_question_again_is_served_without_work(database: Database, org: UUID) -> None:
    reader = FoundingReader()
    service = make_service(database, reader=reader)
    first = await service.ask(org, ASK)
    assert await service.ask(org, ASK) == first
    assert reader.read_count == 1


@pytest.mark.parametrize(
    "other",
    [
        SignalRequest(domain="acme.com", question=ASK.question, answer_type="number", force_refresh=True),
        SignalRequest(
            domain="acme.com", question=ASK.question, answer_type="number", verification_mode="lenient"
        ),
        SignalRequest(domain="acme.com", question=ASK.question, answer_type="open_text"),
        SignalRequest(domain="shop.acme.com", question=ASK.question, answer_type="number"),
    ],
)
async def test_a_different_request_is_a_new_signal(
    database: Database, org: UUID, other: SignalRequest
) -> None:
    service = make_service(database)
    first = await service.ask(org, ASK)
    _, how = await service.accept(org, other)
    assert how == "new"
    assert first.status == "completed"


async def test_the_host_with_www_is_the_same_company(database: Database, org: UUID) -> None:
    service = make_service(database)
    first = await service.ask(org, ASK)
    again, how = await service.accept(org, msgspec.structs.replace(ASK, domain="www.acme.com"))
    assert (how, again.signal.id) == ("cached", first.id)


async def test_white_space_in_a_question_is_folded(database: Database, org: UUID) -> None:
    service = make_service(database)
    first, _ = await service.accept(org, msgspec.structs.replace(ASK, question=" Is it\n\ta  mill?\r\n"))
    assert first.signal.question == "Is it a mill?"
    _, how = await service.accept(org, msgspec.structs.replace(ASK, question="Is it a mill?"))
    assert how == "joined"


async def test_an_old_answer_is_not_served_again(database: Database, org: UUID) -> None:
    service = make_service(database)
    first = await service.ask(org, ASK)
    await database.execute("update signals set completed_at = now() - interval '13 hours'")
    assert (await service.ask(org, ASK)).id != first.id


async def test_could_not_look_is_not_served_again(database: Database, org: UUID) -> None:
    fetcher = MemoryFetcher({**PAGES, "https://acme.com/about": Reason.SERVER_ERROR})
    service = make_service(database, fetcher)
    first = await service.ask(org, ASK)
    assert (first.status, first.answer, first.error_code) == ("completed", None, "SITE_SERVER_ERROR")
    assert "not a no" in (first.reasoning or "")
    assert (await service.ask(org, ASK)).id != first.id


async def test_an_unreadable_site_fails_the_signal(database: Database, org: UUID) -> None:
    signal = await make_service(database, FailingFetcher(Reason.NOT_RESOLVED)).ask(org, ASK)
    assert (signal.status, signal.error_code) == ("failed", "SITE_NOT_FOUND")
    assert "acme.com" in (signal.error or "")
    charged = await database.fetchval("select charged from signals where id = $1", UUID(signal.id))
    assert charged is False


async def test_identical_running_questions_are_one_signal(database: Database, org: UUID) -> None:
    reader = BlockingReader()
    service = make_service(database, reader=reader)
    asking = [asyncio.create_task(service.ask(org, ASK)) for _ in range(4)]
    await reader.reading.wait()
    reader.go.set()
    answers = await asyncio.gather(*asking)
    assert len({signal.id for signal in answers}) == 1
    assert reader.read_count == 1


async def test_a_forced_refresh_joins_a_running_one_too(database: Database, org: UUID) -> None:
    service = make_service(database)
    forced = SignalRequest(domain="acme.com", question="Who?", force_refresh=True)
    first, _ = await service.accept(org, forced)
    second, how = await service.accept(org, forced)
    assert how == "joined"
    assert first.signal.id == second.signal.id


async def test_every_wrong_field_is_named(database: Database, org: UUID) -> None:
    service = make_service(database)
    with pytest.raises(InvalidInput) as caught:
        await service.accept(
            org,
            SignalRequest(
                domain="https://acme.com/x",
                question=" ",
                answer_type="colour",
                verification_mode="loose",
                max_pages=0,
            ),
        )
    assert [f.field for f in caught.value.fields] == [
        "domain",
        "question",
        "answerType",
        "verificationMode",
        "maxPages",
    ]
    assert await database.fetchval("select count(*) from signals") == 0


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("", "empty"),
        ("x" * 501, "500"),
        ("What\x00is it?", "control"),
        ("a\x1b[31mb", "control"),
        ("\ud800", "Unicode"),
    ],
)
async def test_a_bad_question_says_what_to_do(
    database: Database, org: UUID, question: str, word: str
) -> None:
    with pytest.raises(InvalidInput, match=word):
        await make_service(database).accept(org, SignalRequest(domain="acme.com", question=question))


async def test_a_dead_process_leaves_its_question_to_the_next(database: Database, org: UUID) -> None:
    fetcher, model, never = MemoryFetcher(PAGES), CountingModel(), asyncio.Event()
    dying: list[PayingReader] = []

    def first_reader(paid_once: LanguageModel) -> PayingReader:
        dying.append(PayingReader(paid_once, never))
        return dying[-1]

    dead = make_service(
        database, fetcher, readers=Readers(FoundingReader, model, first_reader), lease=0.5, heartbeat=60.0
    )
    row, _ = await dead.accept(org, ASK)
    task = asyncio.create_task(dead._work.run(UUID(row.signal.id)))
    while not dying:
        await asyncio.sleep(0.01)
    await dying[0].paid.wait()  # the reply is stored; the draft is not: here the process dies
    fetched = list(fetcher.fetched)

    alive = make_service(database, fetcher, readers=Readers(FoundingReader, model, PayingReader))
    steps: list[str] = []
    signal = await alive.ask(org, ASK, progress=lambda step, *_, **__: steps.append(step))
    assert (signal.id, signal.answer) == (row.signal.id, 1987)
    assert "resume" in steps
    assert fetcher.fetched == fetched
    assert model.calls == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_process_that_lost_its_lease_finishes_nothing(database: Database, org: UUID) -> None:
    slow, quick = BlockingReader(), FoundingReader()
    first = make_service(database, reader=slow, lease=0.3, heartbeat=60.0)
    second = make_service(database, reader=quick)
    row, _ = await first.accept(org, ASK)
    late = asyncio.create_task(first._work.run(UUID(row.signal.id)))
    await slow.reading.wait()
    done = await second.ask(org, ASK)
    slow.go.set()
    await late
    again = await second.get(org, done.id)
    assert again == done
    assert await database.fetchval("select count(*) from work_items") == 0


async def test_a_lost_lease_is_noticed_by_the_heartbeat(database: Database, org: UUID) -> None:
    reader = BlockingReader()
    service = make_service(database, reader=reader, heartbeat=0.05)
    row, _ = await service.accept(org, ASK)
    running = asyncio.create_task(service._work.run(UUID(row.signal.id)))
    await reader.reading.wait()
    await database.execute("update work_items set lease_holder = gen_random_uuid()")
    assert await running is False


async def test_a_cancelled_question_can_be_taken_up_at_once(database: Database, org: UUID) -> None:
    reader = BlockingReader()
    service = make_service(database, reader=reader)
    row, _ = await service.accept(org, ASK)
    running = asyncio.create_task(service._work.run(UUID(row.signal.id)))
    await reader.reading.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    row_after = await database.fetchrow("select lease_until, lease_holder, attempts from work_items")
    assert tuple(row_after) == (None, None, 0), "an orderly end is no failed attempt"
    async with asyncio.timeout(5):
        assert (await make_service(database).ask(org, ASK)).answer == 1987


async def test_a_question_that_kills_every_process_is_given_up(database: Database, org: UUID) -> None:
    service = make_service(database)
    row, _ = await service.accept(org, ASK)
    await database.execute("update work_items set attempts = 5")
    signal = await service.ask(org, ASK)
    assert (signal.id, signal.status, signal.error_code) == (row.signal.id, "failed", "TOO_MANY_ATTEMPTS")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelRateLimited("slow down", 3.0), "MODEL_RATE_LIMITED"),
        (ModelUnavailable("gone"), "MODEL_UNAVAILABLE"),
        (ModelReplyInvalid("garbage"), "MODEL_REPLY_INVALID"),
    ],
)
async def test_a_failing_model_fails_the_signal_and_charges_nothing(
    database: Database, org: UUID, error: ModelError, code: str
) -> None:
    signal = await make_service(database, reader=RaisingReader(error)).ask(org, ASK)
    assert (signal.status, signal.error_code, signal.answer) == ("failed", code, None)
    assert await database.fetchval("select charged from signals") is False


async def test_a_model_that_could_pass_the_budget_is_not_called(database: Database, org: UUID) -> None:
    dear = CountingModel(price="50")
    service = make_service(
        database,
        readers=Readers(FoundingReader, dear, PayingReader),
        budget=Budget(max_pages=10, max_price=Decimal("0.01")),
    )
    signal = await service.ask(org, ASK)
    assert (signal.status, signal.error_code) == ("failed", "MODEL_BUDGET_EXCEEDED")
    assert "LEADLINE_MAX_MODEL_PRICE" in (signal.error_action or "")
    assert dear.calls == 0
    kinds = await database.fetch("select kind from credit_entries where reference is not null order by id")
    assert [row["kind"] for row in kinds] == ["reserve", "release"]


async def test_a_model_must_be_configured_to_be_asked_for(database: Database, org: UUID) -> None:
    with pytest.raises(InvalidInput, match="LEADLINE_MODEL"):
        await make_service(database).accept(org, ASK, reader="model")


async def test_another_organisation_sees_nothing(database: Database, org: UUID) -> None:
    service = make_service(database)
    signal = await service.ask(org, ASK)
    stranger = await organisation(database, "stranger")
    for look in (service.get, service.trace, service.verify):
        with pytest.raises(NotFound):
            await look(stranger, signal.id)
    with pytest.raises(NotFound):
        await service.get(org, "no-such-id")
    _, how = await service.accept(stranger, ASK)
    assert how == "new"


async def test_the_trace_tells_every_step(database: Database, org: UUID) -> None:
    service = make_service(database)
    signal = await service.ask(org, ASK)
    trace = await service.trace(org, signal.id)
    assert [step.step for step in trace.steps] == ["plan", "collect", "rank", "answer", "verify", "settle"]
    ranked = next(step for step in trace.steps if step.step == "rank")
    assert any("1987" in unit["text"] for passage in ranked.value["passages"] for unit in passage["units"])


class BrokenReader(FoundingReader):
    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        self.read_count += 1
        raise ZeroDivisionError("in the middle of a rule")


async def test_an_unexpected_fault_is_counted_waits_and_fails_the_signal(
    database: Database, org: UUID
) -> None:
    reader = BrokenReader()
    broken = make_service(database, reader=reader)
    row, _ = await broken.accept(org, ASK)
    signal_id = UUID(row.signal.id)
    for failures in (1, 2):
        assert await broken._work.run(signal_id)
        assert await database.fetchval("select failures from work_items") == failures
        assert not await broken._work.run(signal_id), "it waits before it is tried again"
        await database.execute("update work_items set not_before = now()")
    assert await broken._work.run(signal_id)
    failed = await broken.get(org, row.signal.id)
    assert (failed.status, failed.error_code) == ("failed", "INTERNAL_FAULT")
    assert "ZeroDivisionError" in (failed.error or "")
    kinds = await database.fetch(
        "select kind from credit_entries where reference = $1 order by id", signal_id
    )
    assert [entry["kind"] for entry in kinds] == ["reserve", "release"]
    assert reader.read_count == 3


async def test_a_fault_that_passes_costs_no_answer(database: Database, org: UUID) -> None:
    broken = make_service(database, reader=BrokenReader())
    row, _ = await broken.accept(org, ASK)
    await broken._work.run(UUID(row.signal.id))
    await database.execute("update work_items set not_before = now()")
    assert (await make_service(database).ask(org, ASK)).answer == 1987


async def test_what_the_pages_tell_of_the_company_is_kept_and_stands_in_the_result(
    database: Database, org: UUID
) -> None:
    pages = {
        "https://acme.com/": "<title>Acme</title><p>Acme is a maker of anvils, and was founded in 1949.</p>"
    }
    service = make_service(database, MemoryFetcher(pages))
    signal = await service.ask(org, ASK)
    known = await companies.stored(database.repeatable, "acme.com")
    assert known is not None
    assert known.profile.value("founded") == 1949
    (finding,) = known.profile.fields["founded"].findings
    assert finding.quote == "Acme is a maker of anvils, and was founded in 1949."
    view = await views.read(database.repeatable, org, UUID(signal.id))
    assert view is not None
    shown = msgspec.json.decode(view.body)
    assert (shown["company"]["founded"], shown["company"]["name"]) == (1949, "Acme")
    assert shown["company"]["id"] == str(known.company_id)
