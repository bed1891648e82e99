"""Signals: accept a question, run it under a lease, finish it once.

A signal that was accepted is finished or visibly failed, whatever process dies: its row is the truth, its
trace says how far it came, and whoever holds its lease goes on from there.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from leadline.companies import service as companies
from leadline.credits.service import Ledger
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import DatabaseUnavailable, FieldError, InvalidInput, NotFound
from leadline.foundation.ids import new_id
from leadline.foundation.log import get_logger
from leadline.research.answer_types import ANSWER_TYPES
from leadline.research.answer_types.json_schema import check_schema
from leadline.research.engine import Engine
from leadline.research.errors import (
    InvalidQuestion,
    ModelContextExceeded,
    ModelError,
    ModelRateLimited,
    ModelRefused,
    ModelReplyInvalid,
    ModelUnavailable,
)
from leadline.research.model import Budget, Company, Outcome, Proof, Question, VerificationMode
from leadline.research.ports import LanguageModel, ModelReply, ModelRequest, Progress, Reader
from leadline.signals import batches, repository
from leadline.signals.batches import Batch, Taken, Wanted
from leadline.signals.repository import NewRow, Row, SavedStep
from leadline.signals.schemas import (
    QuoteCheck,
    Signal,
    SignalRequest,
    SignalTrace,
    TracedPage,
    to_wire,
)
from leadline.webhooks.service import WebhookService

T = TypeVar("T")
log = get_logger(__name__)

LEASE = 10.0  # seconds; a dead process's question is taken over after this
HEARTBEAT = 3.0  # seconds between two extensions of the lease
MAX_QUESTION = 500  # characters (contract section 6)
MAX_PAGES = 500  # pages of one question; a site is not mirrored
TRANSACTION_TRIES = 5  # times a transaction is begun anew when its connection is cut
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
WRITTEN_AT_ONCE = frozenset({"collect", "answer"})  # steps that cost pages or money to do again
MAX_ATTEMPTS = 5  # processes that a question may outlive before it is failed


class Readers(msgspec.Struct, frozen=True):
    """How answers are read off passages. ``model`` is None when no language model is configured."""

    extractive: Callable[[], Reader]
    model: LanguageModel | None = None
    model_reader: Callable[[LanguageModel], Reader] | None = None

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


class SignalService:
    """Everything that can be done with signals."""

    def __init__(
        self,
        database: Database,
        library: StoredLibrary,
        readers: Readers,
        webhooks: WebhookService,
        ledger: Ledger,
        *,
        budget: Budget,
        cache: timedelta,
        reserved_hosts: Collection[str] = (),
        lease: float = LEASE,
        heartbeat: float = HEARTBEAT,
        due: Callable[[], None] | None = None,
    ) -> None:
        """``due`` is called when a signal was accepted that nobody works on yet. ``lease`` and ``heartbeat``
        are in seconds.
        """
        self._lease = lease
        self._heartbeat = heartbeat
        self._due = due or _nobody_asks
        self._transactions = database
        self._database = database.repeatable
        self._webhooks = webhooks
        self._ledger = ledger
        self._library = library
        self._engine = Engine(library)
        self._readers = readers
        self._budget = budget
        self._cache = cache
        self._reserved_hosts = reserved_hosts

    # ------------------------------------------------------------------ accept

    async def accept(
        self,
        organisation_id: UUID,
        request: SignalRequest,
        *,
        reader: str = "auto",
        key_id: UUID | None = None,
        spend_cap: int | None = None,
        awaited: bool = False,
        inline: bool = False,
    ) -> tuple[Row, str]:
        """Take a question in. Returns its signal and how it came about: "new", "joined" or "cached".

        A new signal, its company and the credits set aside for it are committed together. ``key_id`` and
        ``spend_cap`` are of the API key that asks; ``awaited`` has the end told to who listens;
        ``inline`` says that the caller runs the signal itself.

        Raises InvalidInput naming every invalid field, PaymentRequired.
        """
        company = self._check(request)
        reader_name = self._readers.name(reader)
        key = _request_key(company, request, reader_name)
        while True:
            if not request.force_refresh:
                cached = await repository.fresh(self._database, organisation_id, key, self._cache)
                if cached is not None:
                    return cached, "cached"
            if (joined := await repository.running(self._database, organisation_id, key)) is not None:
                if awaited:
                    await repository.await_(self._database, UUID(joined.signal.id))
                if request.webhook_url is not None and not await self._webhooks.attach(
                    self._database, UUID(joined.signal.id), request.webhook_url
                ):
                    continue  # it was finished in this moment: look again
                return joined, "joined"
            row = await self._transact(
                lambda connection: self._add(
                    connection,
                    organisation_id,
                    company,
                    request,
                    reader=reader_name,
                    request_key=key,
                    key_id=key_id,
                    spend_cap=spend_cap,
                    awaited=awaited,
                    admitted=inline,
                )
            )
            if row is not None:
                if not inline:
                    self._due()
                return row, "new"
            # Somebody began the same question in this moment: look again, and join.

    async def accept_many(
        self,
        organisation_id: UUID,
        requests: Sequence[SignalRequest],
        *,
        reader: str = "auto",
        key_id: UUID | None = None,
        spend_cap: int | None = None,
    ) -> list[Taken]:
        """Take many questions in; returns what became of each, in their order.

        What is wrong with one does not keep the others out. The new ones are committed with their credits,
        all of them or none. ``webhook_url`` is not looked at.

        Raises InvalidInput for a reader that is not there, PaymentRequired when the credits do not suffice
        for all.
        """
        reader_name = self._readers.name(reader)
        checked = await asyncio.to_thread(self._check_many, requests, reader_name)  # off the loop: it is long
        company_ids = await companies.resolve_many(
            self._database, (one.company for one in checked if isinstance(one, Wanted))
        )

        async def accept(connection: Connection) -> list[Taken]:
            batch = Batch(checked)
            await batches.accept(
                connection, organisation_id, batch, company_ids, self._ledger, cache=self._cache,
                reader=reader_name, default_pages=self._budget.max_pages, key_id=key_id, spend_cap=spend_cap,
            )  # fmt: skip
            return batch.results()

        taken = await self._transact(accept)
        if any(one.how == "new" for one in taken):
            self._due()
        return taken

    async def _add(
        self,
        connection: Connection,
        organisation_id: UUID,
        company: Company,
        request: SignalRequest,
        *,
        spend_cap: int | None,
        **settled: Any,
    ) -> Row | None:
        """Company, signal and credits in one transaction; None when an identical question began meanwhile."""
        new = NewRow(
            organisation_id=organisation_id,
            company_id=await companies.resolve(connection, company),
            asked_host=company.asked_host,
            question=request.question.strip(),
            answer_type=request.answer_type,
            output_schema=request.output_schema,
            verification_mode=request.verification_mode,
            max_pages=request.max_pages or self._budget.max_pages,
            force_refresh=request.force_refresh,
            **settled,
        )
        signal_id = await repository.add(connection, new)
        if signal_id is None:
            return None
        row = await repository.get(connection, organisation_id, signal_id)
        if request.webhook_url is not None:
            await self._webhooks.attach(connection, signal_id, request.webhook_url)
        await self._ledger.reserve(
            connection, organisation_id, [signal_id], key_id=new.key_id, spend_cap=spend_cap
        )
        return row

    async def _transact(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run ``work`` in a transaction, again when its connection was cut: all of it can be repeated."""
        tries = 0
        while True:
            try:
                async with self._transactions.transaction() as connection:
                    return await work(connection)
            except DatabaseUnavailable:
                tries += 1
                if tries >= TRANSACTION_TRIES:
                    raise
            await asyncio.sleep(0.2 * tries)

    def _check_many(self, requests: Sequence[SignalRequest], reader: str) -> list[Wanted | InvalidInput]:
        """Each request with its company and key, or what is wrong with it. A domain is parsed once."""
        known: dict[str, Company] = {}
        checked: list[Wanted | InvalidInput] = []
        for request in requests:
            try:
                company = known[request.domain] = self._check(request, known.get(request.domain))
            except InvalidInput as error:
                checked.append(error)
            else:
                checked.append(Wanted(request, company, _request_key(company, request, reader)))
        return checked

    def _check(self, request: SignalRequest, company: Company | None = None) -> Company:
        """Check every field before anything is stored, so that the answer names all that is wrong.

        ``company`` is what the domain means, when that is known.
        """
        wrong: list[FieldError] = []
        try:
            company = company or companies.parse(request.domain, reserved_hosts=self._reserved_hosts)
        except InvalidInput as error:
            wrong += error.fields
        wrong += _check_question(request.question)
        wrong += _check_type(request)
        if request.verification_mode not in tuple(VerificationMode):
            wrong.append(FieldError("verificationMode", "must be strict or lenient"))
        if request.max_pages is not None and not 1 <= request.max_pages <= MAX_PAGES:
            wrong.append(FieldError("maxPages", f"must be from 1 to {MAX_PAGES}"))
        if wrong or company is None:
            raise InvalidInput(*wrong)
        return company

    # ------------------------------------------------------------------ run

    async def ask(
        self,
        organisation_id: UUID,
        request: SignalRequest,
        *,
        reader: str = "auto",
        progress: Progress | None = None,
    ) -> Signal:
        """Accept a question and see it through in this process, going on where a dead one stopped."""
        tell: Progress = progress or _silent
        row, how = await self.accept(organisation_id, request, reader=reader, inline=True)
        if how == "cached":
            tell("cache", "answered earlier", signal=row.signal.id)
            return row.signal
        if how == "joined":
            tell("resume", "the same question is already open", signal=row.signal.id)
        signal_id = UUID(row.signal.id)
        while row.signal.status == "processing":
            finished = await self.run(signal_id, tell)
            if not finished:
                await asyncio.sleep(0.2)  # another process works on it, or has just finished it
            found = await repository.get(self._database, organisation_id, signal_id)
            if found is None:
                raise NotFound("The signal was deleted while it was being answered.")
            row = found
        return row.signal

    async def run(self, signal_id: UUID, progress: Progress | None = None) -> bool:
        """Work on a signal under its lease until it is finished. False when somebody else has the lease."""
        holder = new_id()
        row = await repository.lease(self._database, signal_id, holder, self._lease)
        if row is None:
            return False
        if row.attempts > MAX_ATTEMPTS:
            await self._finish(row, holder, _given_up(), 0.0)
            return True
        work = asyncio.create_task(self._work(row, holder, progress or _silent))
        heartbeat = asyncio.create_task(self._keep_lease(signal_id, holder, work))
        finished = False
        try:
            await work
            finished = True
        except asyncio.CancelledError:
            if heartbeat.done() and not heartbeat.cancelled() and heartbeat.exception() is None:
                return False  # the lease was lost: somebody else goes on
            raise
        finally:
            heartbeat.cancel()
            work.cancel()
            if not finished:
                await asyncio.shield(repository.give_back(self._database, signal_id, holder))
        return True

    async def hand_back(self, signal_id: UUID) -> None:
        """A worker that stops leaves a signal that it has not begun to the others."""
        await repository.hand_back(self._database, signal_id)

    async def _keep_lease(self, signal_id: UUID, holder: UUID, work: asyncio.Task[None]) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            try:
                kept = await repository.extend(self._database, signal_id, holder, self._lease)
            except DatabaseUnavailable as error:
                # The lease may lapse meanwhile; whether it did is seen when the database is back.
                log.warning("lease not extended", signal_id=str(signal_id), reason=error.message)
                continue
            if not kept:
                work.cancel()
                return

    async def _work(self, row: Row, holder: UUID, progress: Progress) -> None:
        started = time.monotonic()
        signal = row.signal
        question = Question(
            company=companies.parse(signal.domain, reserved_hosts=self._reserved_hosts),
            text=signal.question,
            answer_type=signal.answer_type,
            output_schema=signal.output_schema,
            mode=VerificationMode(signal.verification_mode),
            budget=msgspec.structs.replace(self._budget, max_pages=row.max_pages),
            force_refresh=row.force_refresh,
            asked_at=signal.created_at,
        )
        trace = _StoredTrace(self._database, UUID(signal.id))
        try:
            outcome = await self._engine.answer(question, self._reader(row), trace, progress)
        except ModelError as error:
            outcome = _model_failure(error)
        await self._finish(row, holder, outcome, time.monotonic() - started, trace)

    def _reader(self, row: Row) -> Reader:
        if row.reader == "extractive":
            return self._readers.extractive()
        if self._readers.model is None or self._readers.model_reader is None:
            raise ModelRefused(f"this question was asked of {row.reader}, but no model is configured here")
        return self._readers.model_reader(_PaidOnce(self._readers.model, self._database, UUID(row.signal.id)))

    async def _finish(
        self, row: Row, holder: UUID, outcome: Outcome, seconds: float, trace: _StoredTrace | None = None
    ) -> None:
        if row.reader != "extractive":
            spent = await repository.usage(self._database, UUID(row.signal.id))
            outcome = msgspec.structs.replace(outcome, usage=spent)
        metadata = _metadata(row, outcome, seconds)

        async def conclude(connection: Connection) -> bool:
            if trace is not None:
                await trace.write(connection)
            return await self._conclude(connection, row, holder, outcome, metadata)

        if not await self._transact(conclude):
            log.warning("signal finished elsewhere", signal_id=row.signal.id)

    async def _conclude(
        self, connection: Connection, row: Row, holder: UUID, outcome: Outcome, metadata: dict[str, Any]
    ) -> bool:
        """Outcome, credits and the word to who waits, in one transaction. False when the lease was lost."""
        signal_id = UUID(row.signal.id)
        listeners = await repository.finish(connection, signal_id, holder, outcome, metadata)
        if listeners is None:
            return False
        if outcome.charged:
            await self._ledger.capture(connection, [signal_id])
        else:
            await self._ledger.release(connection, UUID(row.signal.organisation_id), [signal_id])
        if outcome.company_name:
            await companies.name(connection, row.company_id, outcome.company_name)
        if listeners.hooked:
            finished = await repository.get(connection, UUID(row.signal.organisation_id), signal_id)
            assert finished is not None
            body = msgspec.json.encode(to_wire(finished.signal))
            await self._webhooks.tell(connection, UUID(row.signal.organisation_id), signal_id, body)
        if listeners.awaited:
            await repository.tell(connection, signal_id)
        return True

    # ------------------------------------------------------------------ prune

    async def cited(self, snapshot_ids: Sequence[UUID]) -> set[UUID]:
        """Those of the snapshots that must stay: an answer cites them, or a running signal has read them."""
        return await repository.cited(self._database, snapshot_ids)

    async def prune_traces(self, older_than: timedelta) -> int:
        """Delete how signals came to their answers that were finished before that; returns how many steps."""
        return await repository.prune_traces(self._database, older_than)

    # ------------------------------------------------------------------ look

    async def get(self, organisation_id: UUID, signal_id: str) -> Signal:
        """Raises NotFound, also for another organisation's signal and for what is no id."""
        return (await self._get(organisation_id, signal_id)).signal

    async def trace(self, organisation_id: UUID, signal_id: str) -> SignalTrace:
        """How a signal came to its answer. Raises NotFound."""
        row = await self._get(organisation_id, signal_id)
        steps = await repository.steps(self._database, UUID(row.signal.id))
        read = next((s.value.get("snapshot_ids", ()) for s in steps if s.step == "collect"), ())
        return SignalTrace(
            signal=row.signal,
            steps=steps,
            model_calls=await repository.model_calls(self._database, UUID(row.signal.id)),
            pages=tuple(
                TracedPage(
                    snapshot_id=p.snapshot_id, url=p.url, title=p.content.title, fetched_at=p.fetched_at
                )
                for p in await self._library.load(read)
            ),
        )

    async def verify(self, organisation_id: UUID, signal_id: str) -> tuple[QuoteCheck, ...]:
        """Re-check every quote of a signal offline, against the stored snapshots. Raises NotFound."""
        row = await self._get(organisation_id, signal_id)
        stored = await repository.sources(self._database, organisation_id, UUID(row.signal.id)) or "[]"
        checks = []
        for source in msgspec.json.decode(stored, type=list[_StoredSource]):
            fault = await self._library.check(source.proof, source.snippet)
            checks.append(QuoteCheck(url=source.url, snippet=source.snippet, fault=fault))
        return tuple(checks)

    async def _get(self, organisation_id: UUID, signal_id: str) -> Row:
        try:
            found = await repository.get(self._database, organisation_id, UUID(signal_id))
        except ValueError:
            found = None
        if found is None:
            raise NotFound("Signal not found or access denied")
        return found


class _StoredSource(msgspec.Struct):
    url: str
    title: str
    snippet: str
    proof: Proof


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

    async def load(self, step: str, of: type[T]) -> T | None:
        if self._before is None:
            self._before = await repository.saved_steps(self._database, self._signal_id)
        found = self._before.get(step)
        return msgspec.json.decode(found, type=of) if found is not None else None

    async def save(self, step: str, value: msgspec.Struct, *, seconds: float) -> None:
        self._unwritten.pop(step, None)
        self._unwritten[step] = SavedStep(step, value, seconds)
        if step in WRITTEN_AT_ONCE:
            await self.write(self._database)
            self._unwritten = {}

    async def write(self, connection: Connection) -> None:
        """Write what is not yet written; may be repeated when its transaction was."""
        if self._unwritten:
            await repository.save_steps(connection, self._signal_id, list(self._unwritten.values()))


class _PaidOnce:
    """``research.ports.LanguageModel`` that keeps each reply: the same request is never paid twice."""

    def __init__(self, model: LanguageModel, database: Connection, signal_id: UUID) -> None:
        self._model = model
        self._database = database
        self._signal_id = signal_id
        self.name = model.name
        self.context_tokens = model.context_tokens

    async def complete(self, request: ModelRequest) -> ModelReply:
        digest = hashlib.sha256(
            self.name.encode() + b"\0" + msgspec.json.encode(request, order="deterministic")
        ).digest()
        stored = await repository.stored_reply(self._database, self._signal_id, digest)
        if stored is not None:
            return stored
        started = time.monotonic()
        reply = await self._model.complete(request)
        await repository.save_reply(
            self._database, self._signal_id, digest, reply, time.monotonic() - started
        )
        return reply


# ------------------------------------------------------------------ checks and words


def _check_question(text: str) -> list[FieldError]:
    if not text.strip():
        return [
            FieldError("question", "must not be empty; ask in plain words, such as 'Do they have SOC 2?'")
        ]
    if len(text) > MAX_QUESTION:
        return [
            FieldError(
                "question", f"must be at most {MAX_QUESTION} characters, this one has {len(text)}; shorten it"
            )
        ]
    if _CONTROL.search(text.strip()):
        return [FieldError("question", "must be one line of plain text; remove the control characters")]
    try:
        text.encode()
    except UnicodeEncodeError:
        return [FieldError("question", "must be valid Unicode text; it holds half of a character pair")]
    return []


def _check_type(request: SignalRequest) -> list[FieldError]:
    if request.answer_type not in ANSWER_TYPES:
        known = ", ".join(ANSWER_TYPES)
        return [
            FieldError("answerType", f"{request.answer_type!r} is not an answer type; choose one of {known}")
        ]
    if request.answer_type == "json_schema":
        if request.output_schema is None:
            return [
                FieldError("outputSchema", "is required with json_schema; give a JSON Schema of type object")
            ]
        try:
            check_schema(request.output_schema)
        except InvalidQuestion as error:
            return [FieldError(error.field, error.message)]
    elif request.output_schema is not None:
        return [
            FieldError("outputSchema", "goes with answerType json_schema only; drop it or change the type")
        ]
    return []


def _request_key(company: Company, request: SignalRequest, reader: str) -> bytes:
    """Two requests with the same key may share one answer (contract section 10)."""
    parts = {
        "host": company.asked_host,
        "question": " ".join(request.question.split()),
        "answerType": request.answer_type,
        "outputSchema": request.output_schema,
        "verificationMode": request.verification_mode,
        "maxPages": request.max_pages,
        "reader": reader,
    }
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).digest()


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
        "unreadable": [{"url": u.url, "reason": u.reason.value} for u in outcome.unreadable[:20]],
    }


_MODEL_FAILURES: tuple[tuple[type[ModelError], str, str], ...] = (
    (ModelRateLimited, "MODEL_RATE_LIMITED", "The model's service asks for fewer calls; ask again later."),
    (
        ModelUnavailable,
        "MODEL_UNAVAILABLE",
        "Check that the model's service runs and can be reached, then ask again.",
    ),
    (ModelRefused, "MODEL_REFUSED", "Check the model's name, its key and its quota (leadline doctor)."),
    (
        ModelContextExceeded,
        "MODEL_CONTEXT_EXCEEDED",
        "Set LEADLINE_MODEL_CONTEXT_TOKENS to what the model can take.",
    ),
    (
        ModelReplyInvalid,
        "MODEL_REPLY_INVALID",
        "The model does not answer in the form asked for; try a stronger one.",
    ),
)


def _model_failure(error: ModelError) -> Outcome:
    for kind, code, action in _MODEL_FAILURES:
        if isinstance(error, kind):
            return Outcome(
                failed=True,
                charged=False,
                error=f"The language model failed: {error}",
                error_code=code,
                error_action=action,
            )
    return Outcome(
        failed=True, charged=False, error=f"The language model failed: {error}", error_code="MODEL_FAILED"
    )


def _given_up() -> Outcome:
    return Outcome(
        failed=True,
        charged=False,
        error=f"The question was begun {MAX_ATTEMPTS} times and its process died each time.",
        error_code="TOO_MANY_ATTEMPTS",
        error_action="Look into the logs of the processes that died, then ask again.",
    )


def _nobody_asks() -> None:
    """Without admission: accepted signals wait until a worker looks for them."""


def _silent(step: str, detail: str, /, **facts: object) -> None:
    """Nobody listens."""
