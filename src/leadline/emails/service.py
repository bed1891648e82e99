"""Finding a person's address: what the company's pages publish, the pattern that they show, what its server says.

An address is never called deliverable on the strength of a pattern. What could not be looked at is told beside what
was found; when nothing at all could be looked at, that is a failure and not "none".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import UNSET

from leadline.companies import service as companies
from leadline.contacts import service as contacts
from leadline.credits.schemas import Charge
from leadline.credits.service import Ledger
from leadline.emails import repository
from leadline.emails.schemas import EmailEvidence, FindEmailResponse, Verification
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Database
from leadline.foundation.errors import ExternalFailed, InvalidInput, PaymentRequired
from leadline.foundation.http import requests_allowed
from leadline.foundation.ids import new_id
from leadline.research.errors import InvalidQuestion
from leadline.research.mail.domains import gives_anybody
from leadline.research.mail.names import PersonName, parse_person_name
from leadline.research.mail.patterns import Candidate, Habit, candidates, habits
from leadline.research.mail.ports import Mailbox, MailboxProbe, MailRouter, Probed, Routing
from leadline.research.mail.published import PublishedAddress, addresses, own_address, seen_patterns
from leadline.research.model import Budget, Company, Page, Person, Question, Subject
from leadline.research.people import Position, Profile
from leadline.research.ports import Source
from leadline.research.profile.pages import kind

SECONDS = 15.0  # contract section 27: the most that finding an address may take
_SITE_SECONDS = 8.0
_ROUTING_SECONDS = 4.0
_SPARE = 0.5  # seconds for writing down what was found
_LEAST_PROBE = 1.0  # seconds; with less left the mail server is not asked
SITE_PAGES = 8  # read where no stored page shows an address of the domain
STORED_PAGES = 60  # looked through at most
MOST_PROBED = 6  # addresses that a mail server is asked about
_TELLING = (
    "contact",
    "imprint",
    "team",
    "about",
    "legal",
    "news",
    "careers",
    "home",
)  # kinds of pages, best first
WANTED = "Contact, team, imprint, leadership: names and e-mail addresses"
# Without the server's word. A page may be out of date, and a pattern has exceptions.
PUBLISHED_SCORE = 90
_MOST_OF_PATTERN = 80
_ACCEPT_ALL = 0.6  # what is left of a score when the domain accepts anything
VERIFIED_SCORE = 97
ERASED = "this person was erased here, and is not looked for again"


class _Read(NamedTuple):
    """Addresses of the domain on the pages read, and what could not be."""

    found: Sequence[PublishedAddress]
    unread: Sequence[str]
    pages: int


class EmailFinder:
    """Finds addresses. ``probe`` None: mail servers are not asked about mailboxes."""

    def __init__(
        self,
        database: Database,
        library: StoredLibrary,
        site: Source,
        router: MailRouter,
        probe: MailboxProbe | None,
        ledger: Ledger,
        *,
        price: int,
        reserved_hosts: Collection[str] = (),
    ) -> None:
        """``price``: credits of an address that is found."""
        self._transactions = database
        self._database = database.repeatable
        self._library = library
        self._site = site
        self._router = router
        self._probe = probe
        self._ledger = ledger
        self._price = price
        self._reserved_hosts = reserved_hosts

    async def find(
        self,
        organisation_id: UUID,
        full_name: str,
        domain: str,
        *,
        key_id: UUID | None = None,
        spend_cap: int | None = None,
    ) -> FindEmailResponse:
        """The person's address there, or none.

        Raises InvalidInput naming what is wrong, PaymentRequired, ExternalFailed when nothing could be looked at.
        """
        name, company = self._parse(full_name, domain)
        if (why := gives_anybody(company.host)) is not None:
            return FindEmailResponse(email=None, verification=None, note=why)
        if await self._erased(organisation_id, name, company):
            return FindEmailResponse(email=None, verification=None, note=ERASED)
        await self._afford(organisation_id)
        deadline = time.monotonic() + SECONDS - _SPARE
        response = await self._look(name, company, deadline)
        if response.email is not None and await self._erased(organisation_id, name, company, response.email):
            return FindEmailResponse(email=None, verification=None, note=ERASED)
        if response.email is not None and self._price:
            async with self._transactions.transaction() as connection:
                reference = new_id()
                charge = [Charge(reference, self._price)]
                await self._ledger.reserve(
                    connection, organisation_id, charge, key_id=key_id, spend_cap=spend_cap
                )
                await self._ledger.capture(connection, [reference])
        return response

    def _parse(self, full_name: str, domain: str) -> tuple[PersonName, Company]:
        wrong = []
        try:
            name = parse_person_name(full_name)
        except InvalidQuestion as error:
            wrong.append((error.field, error.message))
        try:
            company = companies.parse(domain, reserved_hosts=self._reserved_hosts)
        except InvalidInput as error:
            wrong += error.fields
        if wrong:
            raise InvalidInput(*wrong)
        return name, company

    async def _erased(
        self, organisation_id: UUID, name: PersonName, company: Company, email: str | None = None
    ) -> bool:
        """Whether the organisation has erased this person, who must not be found again."""
        at = Position(company_host=company.host)
        person = Profile(full_name=name.whole, email=email, positions=(at,))
        return await contacts.suppressed(self._database, organisation_id, person)

    async def _afford(self, organisation_id: UUID) -> None:
        """Nobody's site or mail server is asked for what cannot be paid. Raises PaymentRequired."""
        if self._price and await self._ledger.balance(self._database, organisation_id) < self._price:
            raise PaymentRequired(f"Not enough credits: an address costs {self._price}.")

    # ------------------------------------------------------------------ look

    async def _look(self, name: PersonName, company: Company, deadline: float) -> FindEmailResponse:
        read, routing, verified = await asyncio.gather(
            self._read(name, company, min(deadline, time.monotonic() + _SITE_SECONDS)),
            self._router.routing(company.host, _ROUTING_SECONDS),
            repository.verified(self._database, company.host),
        )
        unlooked = [*read.unread, *([routing.detail] if routing.accepts is None else [])]
        if routing.accepts is False:
            return _none(unlooked, routing.detail)
        if not read.pages and not verified and routing.accepts is None:
            raise ExternalFailed(
                f"Neither the site nor the mail servers of {company.host} could be looked at; try again later.",
                details={"couldNotLook": unlooked},
            )
        people = await self._people(company)
        known = habits(seen_patterns(read.found, people), verified)
        own = own_address(read.found, name)
        tried = candidates(name, company.host, known)
        probed = await self._ask(routing, own, tried, deadline)
        if probed is not None and probed.detail:
            unlooked.append(probed.detail)
        response = await self._settle(company.host, own, tried, known, routing, probed)
        if unlooked:
            response.could_not_look = list(dict.fromkeys(unlooked))
        return response

    async def _read(self, name: PersonName, company: Company, deadline: float) -> _Read:
        """Stored pages first; the site itself where these show no address of its domain."""
        snapshots = await companies.pages_read(self._database, company.host)
        ranked = sorted(snapshots, key=lambda url: _TELLING.index(k) if (k := kind(url)) in _TELLING else 99)
        pages: Sequence[Page] = await self._library.load([snapshots[url] for url in ranked[:STORED_PAGES]])
        found = addresses(pages, company.host)
        if found:
            return _Read(found, (), len(pages))
        question = Question(
            subject=Subject(company=company, person=Person(name=name.whole)),
            text=WANTED,
            budget=Budget(max_pages=SITE_PAGES),
        )
        try:
            with requests_allowed(question.budget.max_requests):
                async with asyncio.timeout(deadline - time.monotonic() + 1):
                    evidence = await self._site.gather(question, SITE_PAGES, deadline, _silent)
        except TimeoutError:
            return _Read(found, [f"https://{company.asked_host}/: timed_out"], len(pages))
        unread = [f"{one.url}: {one.reason.value}" for one in evidence.unreadable if not one.reason.looked]
        return _Read(addresses(evidence.pages, company.host), unread, len(pages) + len(evidence.pages))

    async def _people(self, company: Company) -> list[PersonName]:
        """Those who are known to lead the company, in whose addresses its pattern shows."""
        known = await companies.stored(self._database, company.host)
        named = known.profile.value("leadership") if known is not None else None
        found = []
        for one in named or []:
            try:
                found.append(parse_person_name(one["name"]))
            except InvalidQuestion:  # a name of one word, or of six
                continue
        return found

    # ------------------------------------------------------------------ ask, settle

    async def _ask(
        self, routing: Routing, own: PublishedAddress | None, tried: Sequence[Candidate], deadline: float
    ) -> Probed | None:
        """What the mail server says; None when it is not asked."""
        asked = [own.address] if own is not None else [one.address for one in tried[:MOST_PROBED]]
        left = deadline - time.monotonic()
        if self._probe is None or not routing.hosts or not asked:
            return None
        if left < _LEAST_PROBE:
            return Probed(detail=f"{routing.hosts[0]}: not asked in time")
        return await self._probe.probe(routing.hosts, asked, left)

    async def _settle(
        self,
        domain: str,
        own: PublishedAddress | None,
        tried: Sequence[Candidate],
        known: Sequence[Habit],
        routing: Routing,
        probed: Probed | None,
    ) -> FindEmailResponse:
        says = probed.mailboxes if probed is not None else {}
        accept_all = probed is not None and probed.accept_all is True
        if own is not None:
            if says.get(own.address) is Mailbox.REJECTED:
                return _none((), f"{own.url} gives an address that its mail server does not know any more")
            return _published(
                own, deliverable=says.get(own.address) is Mailbox.ACCEPTED, accept_all=accept_all
            )
        accepted = next((one for one in tried if says.get(one.address) is Mailbox.ACCEPTED), None)
        if accepted is not None:
            await repository.remember(self._database, domain, accepted.pattern)
            return _made(accepted, known, VERIFIED_SCORE, deliverable=True, accept_all=False)
        left = [one for one in tried if one.share and says.get(one.address) is not Mailbox.REJECTED]
        if not left:
            return _none((), "no published address shows how the company makes its addresses")
        if routing.accepts is None:
            return _none((), "whether the domain takes mail could not be looked up")
        score = min(_MOST_OF_PATTERN, round(100 * left[0].share))
        if accept_all:
            score = round(score * _ACCEPT_ALL)
        return _made(left[0], known, score, deliverable=False, accept_all=accept_all)


def _published(own: PublishedAddress, *, deliverable: bool, accept_all: bool) -> FindEmailResponse:
    score = VERIFIED_SCORE if deliverable else PUBLISHED_SCORE
    return FindEmailResponse(
        email=own.address,
        verification=Verification("deliverable" if deliverable else "risky", score, accept_all),
        evidence=EmailEvidence(kind="published", url=own.url, snapshot_id=own.snapshot_id),
    )


def _made(
    chosen: Candidate, known: Sequence[Habit], score: int, *, deliverable: bool, accept_all: bool
) -> FindEmailResponse:
    habit = next((h for h in known if h.pattern == chosen.pattern), Habit(pattern=chosen.pattern))
    return FindEmailResponse(
        email=chosen.address,
        verification=Verification("deliverable" if deliverable else "risky", score, accept_all),
        evidence=EmailEvidence(
            kind="pattern", pattern=chosen.pattern, seen=habit.seen, verified=habit.verified
        ),
    )


def _none(unlooked: Sequence[str], note: str) -> FindEmailResponse:
    return FindEmailResponse(
        email=None, verification=None, note=note, could_not_look=list(unlooked) if unlooked else UNSET
    )


def _silent(step: str, detail: str, /, **facts: object) -> None:
    """Nobody listens."""
