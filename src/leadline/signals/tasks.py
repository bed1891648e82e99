"""Answering: what a worker does for a signal. The engine runs with no transaction open; what came of it is written
in one, together with the credits and the word to who waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from leadline.companies import service as companies
from leadline.companies.schemas import CompanyProfile
from leadline.credits.service import Ledger
from leadline.events import service as events
from leadline.evidence import service as evidence
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Connection, Database, storable_json
from leadline.foundation.errors import InvalidInput
from leadline.foundation.http import requests_allowed
from leadline.models import service as models
from leadline.models.service import PaidModel
from leadline.research.answer_types import answer_type
from leadline.research.engine import Engine
from leadline.research.errors import ModelError, ModelRefused
from leadline.research.model import Budget, Company, Outcome, Question, Subject, Unreadable, VerificationMode
from leadline.research.ports import LanguageModel, Progress, Reader
from leadline.research.sources.directory import DirectoryEntries
from leadline.signals import repository, views
from leadline.signals.comparing import Compared, Comparing
from leadline.signals.contacts import (
    CONTACT,
    MOST_PEOPLE,
    NEEDS_PERSON,
    PEOPLE,
    Contact,
    Contacts,
    LookedUp,
    People,
    asks_for_posts,
)
from leadline.signals.failures import given_up, model_failure
from leadline.signals.profiling import News, Profiling, take_in
from leadline.signals.repository import Row, SavedStep
from leadline.signals.schemas import HeldBack
from leadline.signals.telling import Telling
from leadline.signals.trust import Rules, Weighed, weigh
from leadline.signals.trust import rules as rules_of
from leadline.wire.fields import wire_time
from leadline.work.service import Done, GivenUp, Kind, WorkItem

T = TypeVar("T")

SHOWN_UNREADABLE = 5
SIGNAL = "signal"  # the kind of work
CHANGED = "signal.changed"  # the event; what it happened to is the subscription
LONGEST = 4  # times a question's seconds; each of its parts keeps to them by itself, and beyond that it hangs
WRITTEN_AT_ONCE = frozenset({"collect", "answer"})  # steps that cost pages or money to do again


class Readers(msgspec.Struct, frozen=True):
    """How answers are read off passages. ``model`` is None when no language model is configured."""

    extractive: Callable[[], Reader]
    model: LanguageModel | None = None
    model_reader: Callable[..., Reader] | None = None
    """Called with the model and, where a question is answered again in other words, ``wording``."""

    def name(self, wanted: str) -> str:
        """The stored name of the reader that ``wanted`` (auto, model, extractive) means."""
        if wanted not in ("auto", "model", "extractive"):
            raise InvalidInput(("reader", f"{wanted!r} is no reader; choose auto, model or extractive"))
        if wanted == "extractive" or (wanted == "auto" and self.model is None):
            return "extractive"
        if self.model is None:
            raise InvalidInput(
                ("reader", "no language model is configured; set LEADLINE_MODEL or choose extractive")
            )
        return f"model:{self.model.name}"


class Answering:
    """Answers signals: the kind of work ``signal``."""

    def __init__(
        self,
        database: Database,
        library: StoredLibrary,
        engine: Engine,
        readers: Readers,
        ledger: Ledger,
        contacts: Contacts,
        comparing: Comparing,
        profiling: Profiling,
        *,
        budget: Budget,
        reserved_hosts: Collection[str] = (),
    ) -> None:
        self._transactions = database
        self._database = database.repeatable
        self._library = library
        self._engine = engine
        self._contacts = contacts
        self._readers = readers
        self._ledger = ledger
        self._comparing = comparing
        self._profiling = profiling
        self._budget = budget
        self._reserved_hosts = reserved_hosts
        self._telling = Telling(self._database)

    def kind(self, *, organisation_cap: int | None = None, reader_cap: int | None = None) -> Kind:
        """Signals as work; their lane is the reader that answers them."""
        return Kind(
            SIGNAL,
            self.run,
            self.gave_up,
            organisation_cap=organisation_cap,
            lane_cap=reader_cap,
            longest=LONGEST * self._budget.max_seconds,
        )

    async def run(self, item: WorkItem, progress: Progress | None = None) -> Done:
        """Answer the signal; a model that fails fails it visibly."""
        row = await repository.of_work(self._database, item.id)
        if row is None:  # finished already: only the item is left
            return Done(_nothing)
        started = time.monotonic()
        trace = _StoredTrace(self._database, item.id)
        compared: Compared | None = None
        news: News | None = None
        with self._telling.of(item.id) as told:
            rules = await rules_of(
                self._database, UUID(row.signal.organisation_id), row.reader, row.template_id
            )
            tell = _both(told, progress)
            if rules.least is not None:
                tell = _without_answers(tell)
            contact = await self._contact(row, trace, tell)
            question = self.question(row, contact)
            people = await self._people(row, question, trace, tell)
            try:
                with requests_allowed(question.budget.max_requests):
                    refusal = self._refusal(row, question, contact, people)
                    if refusal is not None:
                        weighed = Weighed(refusal, {})
                    else:
                        weighed, compared = await self._answer(
                            row, question, people or contact, trace, tell, rules
                        )
                news = await self._profiling.read(question.company, trace) if question.company.host else None
            except ModelError as error:
                weighed = Weighed(model_failure(error), {})
            await self._telling.write(told)
        outcome = weighed.outcome
        if row.reader != "extractive":
            spent = await models.usage(self._database, item.id)
            outcome = msgspec.structs.replace(outcome, usage=spent)
        metadata = _metadata(row, outcome, time.monotonic() - started) | weighed.facts
        for known in (contact, people):
            metadata |= known.facts if known is not None else {}
        if compared is not None:
            metadata |= compared.facts

        async def close(connection: Connection) -> None:
            await trace.write(connection)
            record = await self._record(connection, row, question.company, news)
            await self._finish(
                connection, row, outcome, metadata, compared, record, contact, weighed.held_back
            )

        return Done(close)

    async def _contact(self, row: Row, trace: _StoredTrace, progress: Progress) -> Contact | None:
        """The person that the signal is about, looked up once; None for a signal about a company."""
        signal = row.signal
        if signal.contact_profile_url is None:
            return None
        if (known := await trace.load(CONTACT, Contact)) is not None:
            return known
        started = time.monotonic()
        contact = await self._contacts.look_up(
            UUID(signal.organisation_id), signal.contact_profile_url, row.sales_navigator,
            posts=asks_for_posts(signal.question, signal.answer_type), key_id=row.key_id,
        )  # fmt: skip
        await trace.save(CONTACT, contact, seconds=time.monotonic() - started)
        progress("contact", contact.name or "nobody of that address is known")
        return contact

    async def _people(
        self, row: Row, question: Question, trace: _StoredTrace, progress: Progress
    ) -> People | None:
        """The people of the company whom the question means, looked for once; None where it asks for none."""
        if answer_type(question.answer_type).asks != "people":
            return None
        if (known := await trace.load(PEOPLE, People)) is not None:
            return known
        started = time.monotonic()
        people = await self._contacts.find(
            UUID(row.signal.organisation_id), question.company, question.text, row.sales_navigator,
            min(MOST_PEOPLE, question.budget.max_pages), key_id=row.key_id,
        )  # fmt: skip
        await trace.save(PEOPLE, people, seconds=time.monotonic() - started)
        progress("people", f"{len(people.entries)} of {people.total} people found")
        return people

    def _refusal(
        self, row: Row, question: Question, contact: Contact | None, people: People | None
    ) -> Outcome | None:
        """Why the question cannot be asked, where directories are asked for its answer; None where it can."""
        kind, required = answer_type(question.answer_type), row.sales_navigator == "on"
        if contact is not None and (refusal := contact.refusal(kind, required=required)) is not None:
            return refusal
        if people is not None:
            return people.refusal(required=required)
        return NEEDS_PERSON if kind.asks == "posts" and contact is None else None

    async def _record(
        self, connection: Connection, row: Row, company: Company, news: News | None
    ) -> CompanyProfile | None:
        """The company's record, with what was read anew."""
        if not company.host:
            return None
        company_id = row.company_id or await companies.resolve(connection, company)
        return await take_in(connection, company_id, company, news)

    async def _answer(
        self,
        row: Row,
        question: Question,
        looked: LookedUp | None,
        trace: _StoredTrace,
        progress: Progress,
        rules: Rules,
    ) -> tuple[Weighed, Compared | None]:
        """The outcome, weighed, and, for a subscription, what it tells against the one before."""
        engine = self._engine
        if looked is not None:
            engine = engine.beginning_with(DirectoryEntries(self._library, looked.known))
        elif row.subscription_id is not None and (
            stands := await self._comparing.still_stands(row, question.company)
        ):
            weighed = weigh(rules, stands[0])
            return weighed, (await self._comparing.held_back(row) if weighed.held_back else stands[1])
        outcome = await engine.answer(question, self._reader(row, question.budget), trace, progress)
        if looked is not None:
            outcome = looked.told(outcome)
        weighed = weigh(rules, outcome)
        if row.subscription_id is None:
            return weighed, None
        if weighed.held_back is not None:
            return weighed, await self._comparing.held_back(row)
        paid = lambda: self._paid(row, question.budget)  # noqa: E731
        return weighed, await self._comparing.compare(row, question.company, weighed.outcome, paid)

    async def gave_up(self, connection: Connection, item: WorkItem, why: GivenUp) -> None:
        """The signal has failed, visibly, and costs nothing."""
        row = await repository.of_work(connection, item.id)
        if row is not None:
            outcome = given_up(why)
            await self._finish(connection, row, outcome, _metadata(row, outcome, 0.0))

    def question(self, row: Row, contact: Contact | None) -> Question:
        """What a signal asks; ``contact`` is the person that it is about, as they were looked up."""
        signal = row.signal
        if contact is not None:
            of_people = answer_type(signal.answer_type).asks == "people"  # at the company, not of the person
            subject = Subject(company=contact.company) if of_people else contact.subject
        else:
            # It was let in when the signal was accepted, whatever the settings say now.
            let_in = (*self._reserved_hosts, signal.domain)
            company = companies.parse(signal.domain, reserved_hosts=let_in)
            subject = Subject(company=company)
        return Question(
            subject=subject,
            text=signal.question,
            answer_type=signal.answer_type,
            output_schema=signal.output_schema,
            mode=VerificationMode(signal.verification_mode),
            budget=msgspec.structs.replace(self._budget, max_pages=row.max_pages),
            force_refresh=row.force_refresh,
            asked_at=signal.created_at,
        )

    def _reader(self, row: Row, budget: Budget) -> Reader:
        if row.reader == "extractive":
            return self._readers.extractive()
        paid = self._paid(row, budget)
        if paid is None or self._readers.model_reader is None:
            raise ModelRefused(f"this question was asked of {row.reader}, but no model is configured here")
        return self._readers.model_reader(paid)

    def _paid(self, row: Row, budget: Budget) -> PaidModel | None:
        """The model, under the budget of this signal; None for one that rules answer, or without a model."""
        if row.reader == "extractive" or self._readers.model is None:
            return None
        return PaidModel(self._readers.model, self._transactions, UUID(row.signal.id), budget)

    async def _finish(
        self,
        connection: Connection,
        row: Row,
        outcome: Outcome,
        metadata: dict[str, Any],
        compared: Compared | None = None,
        record: CompanyProfile | None = None,
        contact: Contact | None = None,
        held_back: HeldBack | None = None,
    ) -> None:
        """Outcome, credits, what happened, and the word to who waits."""
        signal_id, organisation_id = UUID(row.signal.id), UUID(row.signal.organisation_id)
        change = compared.context if compared is not None else None
        awaited = await repository.finish(
            connection, signal_id, outcome, metadata, change, storable_json(record) if record else None,
            contact.name if contact is not None else None, held_back,
        )  # fmt: skip
        if awaited is None:
            return
        if compared is not None and compared.baseline:
            await self._comparing.become_baseline(connection, row)
        cited = (*outcome.sources, *(held_back.sources if held_back is not None else ()))
        await evidence.cite(connection, signal_id, {s.proof.snapshot_id for s in cited})
        if outcome.charged:
            await self._ledger.capture(connection, [signal_id])
        else:
            await self._ledger.release(connection, organisation_id, [signal_id])
        name = record.name if record is not None else outcome.company_name
        if name and row.company_id is not None:
            await companies.name(connection, row.company_id, name)
        view = await views.read(connection, organisation_id, signal_id)
        assert view is not None
        kind = "signal.failed" if outcome.failed else "signal.completed"
        await events.record(connection, organisation_id, kind, signal_id, view.body)
        if row.subscription_id is not None and compared is not None and compared.changed:
            await events.record(connection, organisation_id, CHANGED, row.subscription_id, view.body)
        if awaited:
            await repository.tell(connection, signal_id)


class _StoredTrace:
    """``research.ports.Trace`` in the database.

    A step is written when doing it again would cost something: pages were read, or a reader answered. The quick
    ones between are written with the next of these, or with the outcome: each write waits for the disk.
    """

    def __init__(self, database: Connection, signal_id: UUID) -> None:
        self._database = database
        self._signal_id = signal_id
        self._unwritten: dict[str, SavedStep] = {}
        self._before: dict[str, str] | None = None  # what earlier processes saved; read once
        self._now: dict[str, Any] = {}  # what this one saved

    async def load(self, step: str, of: type[T]) -> T | None:
        if isinstance(saved := self._now.get(step), of):
            return saved
        if self._before is None:
            self._before = await repository.saved_steps(self._database, self._signal_id)
        found = self._before.get(step)
        return msgspec.json.decode(found, type=of) if found is not None else None

    async def save(self, step: str, value: msgspec.Struct, *, seconds: float) -> None:
        self._now[step] = value
        self._unwritten.pop(step, None)
        self._unwritten[step] = SavedStep(step, value, seconds)
        if step in WRITTEN_AT_ONCE:
            await self.write(self._database)
            self._unwritten = {}

    async def write(self, connection: Connection) -> None:
        """Write what is not yet written; may be repeated when its transaction was."""
        if self._unwritten:
            await repository.save_steps(connection, self._signal_id, list(self._unwritten.values()))


def _metadata(row: Row, outcome: Outcome, seconds: float) -> dict[str, Any]:
    return {
        **({"companyName": outcome.company_name} if outcome.company_name else {}),
        "processingTimeMs": round(seconds * 1000),
        "pagesRead": outcome.pages_read,
        "pagesFetched": outcome.pages_fetched,
        "reader": row.reader,
        "modelCalls": outcome.usage.model_calls,
        "inputTokens": outcome.usage.input_tokens,
        "outputTokens": outcome.usage.output_tokens,
        "priceUsd": float(outcome.usage.price) if outcome.usage.price is not None else None,
        "inference": outcome.inference,
        # The trace has them all; here they would be half of every list.
        "unreadable": [_unread(one) for one in outcome.unreadable[:SHOWN_UNREADABLE]],
        "unreadableCount": len(outcome.unreadable),
        **({"nearest": outcome.nearest} if outcome.nearest else {}),
    }


def _unread(one: Unreadable) -> dict[str, Any]:
    """``askedAt`` and ``failingSince`` stand there when it was not asked again for this question."""
    times = {"askedAt": one.asked_at, "failingSince": one.failing_since}
    return {
        "url": one.url,
        "reason": one.reason.value,
        **{name: wire_time(when) for name, when in times.items() if when is not None},
    }


async def _nothing(_: Connection) -> None:
    """Nothing is left to write."""


def _without_answers(told: Progress) -> Progress:
    """Leaves out what tells an answer before it is known whether it is sure enough to be given."""

    def tell(step: str, detail: str, /, **facts: object) -> None:
        if step in repository.TELLING:
            told(step, "told when it is known whether it is sure enough")
        else:
            told(step, detail, **facts)

    return tell


def _both(told: Progress, other: Progress | None) -> Progress:
    """Tells whoever watches, and ``other``."""
    if other is None:
        return told

    def tell(step: str, detail: str, /, **facts: object) -> None:
        told(step, detail, **facts)
        other(step, detail, **facts)

    return tell
