"""Researching: what a worker does for a report. Pages are gathered and read with no transaction open; what came of it
is written in one, together with the credits, the citations and the word to who waits.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

import msgspec
from msgspec import UNSET

from leadline.companies import service as companies
from leadline.contact_research import repository
from leadline.contact_research.directories import EntryLookup, Told
from leadline.contact_research.report import report_of, sections
from leadline.contact_research.repository import Ended, Row
from leadline.contact_research.schemas import ContactResearch
from leadline.credits.service import Ledger
from leadline.events import service as events
from leadline.evidence import service as evidence
from leadline.foundation.database import Connection, Database
from leadline.foundation.http import requests_allowed
from leadline.foundation.log import get_logger
from leadline.models.service import PaidModel
from leadline.research.errors import ModelError, Reason, StepError, StepOverran
from leadline.research.model import (
    Budget,
    Draft,
    Evidence,
    Page,
    Person,
    Question,
    Subject,
    Unreadable,
    Verification,
)
from leadline.research.ports import LanguageModel, Progress, Source
from leadline.research.prompts.openers import openers_of, openers_request
from leadline.research.reports import entries
from leadline.research.reports.model import Findings, Opener, Section, Statement
from leadline.research.reports.openers import openers
from leadline.research.steps.settle import settle
from leadline.wire.fields import wire_time
from leadline.work.service import Done, GivenUp, Kind, WorkItem, no_trace
from leadline.work.service import Reason as GivenUpFor

log = get_logger(__name__)

RESEARCH = "contact_research"  # the kind of work
LONGEST = 4  # times a question's seconds; beyond that it hangs


class Reporter(Protocol):
    """Reads pages for a report, within bounds of time. Raises StepError."""

    async def report(
        self, subject: Subject, pages: Sequence[Page], titles: Sequence[str], today: date
    ) -> Findings: ...


class Researching:
    """Does contact research: the kind of work ``contact_research``. ``model`` None: rules phrase the openers."""

    def __init__(
        self,
        database: Database,
        sources: Sequence[Source],
        entries: EntryLookup,
        reporter: Reporter,
        model: LanguageModel | None,
        ledger: Ledger,
        *,
        budget: Budget,
        reserved_hosts: Collection[str] = (),
    ) -> None:
        self._transactions = database
        self._database = database.repeatable
        self._sources = sources
        self._entries = entries
        self._reporter = reporter
        self._model = model
        self._ledger = ledger
        self._budget = budget
        self._reserved_hosts = reserved_hosts

    def kind(self, *, organisation_cap: int | None = None) -> Kind:
        return Kind(
            RESEARCH,
            self.run,
            self.gave_up,
            organisation_cap=organisation_cap,
            longest=LONGEST * self._budget.max_seconds,
        )

    async def run(self, item: WorkItem, progress: Progress | None = None) -> Done:
        """Make the report."""
        row = await repository.of_work(self._database, item.id)
        if row is None:  # finished already: only the item is left
            return Done(no_trace)
        tell = progress or _silent
        question = Question(
            subject=self._subject(row), text=_wanted(row), budget=self._budget, asked_at=row.created_at
        )
        tell("directories", "looks the person up")
        told = await self._entries.look_up(
            row.organisation_id, question.subject, (row.first_name, row.last_name), _addresses(row)
        )
        with requests_allowed(self._budget.max_requests):
            gathered = await self._gather(question, tell)
        gathered, findings = await self._read(question, gathered, told.pages)
        findings = _with_entries(findings, told, row.created_at.date())
        tell("report", f"{len(findings.statements)} statements, {findings.named_on} pages name the person")
        made, by = await self._openers(row, findings.statements)
        outcome = settle(question, gathered, (), Draft(reader=by), Verification())
        ended = Ended(
            error=outcome.error, error_code=outcome.error_code, error_action=outcome.error_action
        )  # fmt: skip
        if told.pages or not outcome.failed:
            warning = (outcome.error_code, outcome.error_action)
            if told.missed and outcome.error_code is None:
                warning = (
                    "DIRECTORY_UNAVAILABLE",
                    "Check the connection (leadline connections), then ask again.",
                )
            report = report_of(gathered, findings, made, by, told.missed)
            ended = Ended(result=report, error_code=warning[0], error_action=warning[1])
        cited = {one.proof.snapshot_id for one in findings.statements}
        return Done(lambda connection: self._finish(connection, row, ended, cited))

    async def gave_up(self, connection: Connection, item: WorkItem, why: GivenUp) -> None:
        """The research has failed, visibly, and costs nothing."""
        row = await repository.of_work(connection, item.id)
        if row is not None:
            await self._finish(connection, row, _given_up(why), set())

    def _subject(self, row: Row) -> Subject:
        company = companies.parse(row.asked_host, reserved_hosts=self._reserved_hosts)
        return Subject(
            company=msgspec.structs.replace(company, name=row.company_name),
            person=Person(name=row.name, profile_url=row.profile_url or row.sales_url, title=row.job_title),
        )

    # ------------------------------------------------------------------ gather, read

    async def _gather(self, question: Question, progress: Progress) -> Evidence:
        """Pages of every source, as far as the page limit and the time go."""
        deadline = time.monotonic() + self._budget.max_seconds
        found = Evidence()
        for source in self._sources:
            left = self._budget.max_pages - len(found.pages)
            if left > 0 and source.suits(question):
                found = found.plus(await source.gather(question, left, deadline, progress))
        return found

    async def _read(
        self, question: Question, found: Evidence, known: Sequence[Page]
    ) -> tuple[Evidence, Findings]:
        """What the pages tell, without those that keep the rules busy for longer than they may. ``known``: entries
        of directories, whose titles the company's job posts are looked through for.
        """

        async def read(pages: Sequence[Page]) -> Findings:
            subject, on = question.subject, question.asked_at
            assert subject.person is not None
            assert on is not None
            titles = [subject.person.title] if subject.person.title else []
            titles += [title for page in known for title in entries.titles(page)]
            return await self._reporter.report(subject, pages, titles, on.date()) if pages else Findings()

        try:
            return found, await read(found.pages)
        except StepError:
            kept, unreadable = [], list(found.unreadable)
            for page in found.pages:
                try:
                    await read([page])
                except StepError as error:
                    reason = Reason.TOO_COMPLEX if isinstance(error, StepOverran) else Reason.READER_FAILED
                    unreadable.append(Unreadable(url=page.url, reason=reason, detail=str(error)))
                else:
                    kept.append(page)
            found = msgspec.structs.replace(found, pages=tuple(kept), unreadable=tuple(unreadable))
            return found, await read(kept)

    async def _openers(self, row: Row, statements: Sequence[Statement]) -> tuple[Sequence[Opener], str]:
        """Openers and who phrased them: the model where one is configured and its reply holds, else rules."""
        by_rules = openers(statements, row.first_name)
        if self._model is None or not by_rules:
            return by_rules, "rules"
        shown = [f"{one.quote} ({one.title})" for one in statements]
        paid = PaidModel(self._model, self._transactions, row.id, self._budget)
        try:
            reply = await paid.complete(openers_request(row.name, row.company_name, shown))
        except ModelError as error:
            log.warning("openers are made without the model", research=row.public_id, reason=str(error))
            return by_rules, "rules"
        kept = openers_of(reply.output, f"{row.name} {row.company_name}", shown)
        made = tuple(Opener(text=text, rests_on=places) for text, places in kept)
        return (made, self._model.name) if made else (by_rules, "rules")

    # ------------------------------------------------------------------ finish

    async def _finish(self, connection: Connection, row: Row, ended: Ended, cited: Collection[str]) -> None:
        finished = await repository.end(connection, row.id, ended)
        if finished is None:
            return
        await evidence.cite(connection, row.id, cited)
        if _charged(ended):
            await self._ledger.capture(connection, [row.id])
        else:
            await self._ledger.release(connection, row.organisation_id, [row.id])
        body = msgspec.json.encode(view(finished))
        await events.record(
            connection, row.organisation_id, f"contact_research.{finished.status}", row.id, body
        )


def _wanted(row: Row) -> str:
    """The words by which pages are chosen: the person, and what is told of people."""
    title = f", {row.job_title}," if row.job_title else ""
    return f"Who is {row.name}{title} in the team or leadership: role, career, news, interviews, contact?"


def _addresses(row: Row) -> list[str]:
    return [address for address in (row.profile_url, row.sales_url) if address]


def _with_entries(findings: Findings, told: Told, today: date) -> Findings:
    """The findings of pages, and before them in each section what directories tell."""
    stated = [one for page in told.pages for one in entries.statements(page, today)]
    ordered = sorted((*stated, *findings.statements), key=lambda one: list(Section).index(one.section))
    return msgspec.structs.replace(
        findings, statements=tuple(ordered), rejected=(*told.rejected, *findings.rejected)
    )


def _charged(ended: Ended) -> bool:
    """A report is paid for that tells something, or for which everything was read. Design, section 4: outcomes."""
    report = ended.result
    return report is not None and (
        ended.error_code is None or any(section.statements for _, section in sections(report))
    )


def _given_up(why: GivenUp) -> Ended:
    if why.reason is GivenUpFor.DIED:
        return Ended(
            error=f"The research was begun {why.times} times and its process died each time.",
            error_code="TOO_MANY_ATTEMPTS",
            error_action="Look into the logs of the processes that died, then ask again.",
        )
    return Ended(
        error=f"The research failed {why.times} times with an unexpected fault ({why.detail}).",
        error_code="INTERNAL_FAULT",
        error_action="Look into the worker's log for it and report the fault; nothing was charged.",
    )


def view(row: Row) -> ContactResearch:
    """Research as the API shows it."""
    return ContactResearch(
        id=row.public_id,
        status=row.status,  # type: ignore[arg-type]  # the table holds no other
        first_name=row.first_name,
        last_name=row.last_name,
        company_name=row.company_name,
        company_domain=row.asked_host,
        created_at=wire_time(row.created_at),
        contact_profile_url=row.profile_url or UNSET,
        linked_in_sales_navigator_url=row.sales_url or UNSET,
        job_title=row.job_title or UNSET,
        external_id=row.external_id or UNSET,
        external_source=row.external_source or UNSET,
        completed_at=wire_time(row.completed_at) if row.completed_at else UNSET,
        result=row.result or UNSET,
        error=row.error or UNSET,
        error_code=row.error_code or UNSET,
        error_action=row.error_action or UNSET,
    )


def _silent(step: str, detail: str, /, **facts: object) -> None:
    """Nobody listens."""
