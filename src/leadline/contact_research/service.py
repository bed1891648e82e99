"""Contact research: accept it, see it through, look at it (contract section 15).

Research that was accepted is finished or visibly failed, whatever process dies: it is open work until then. What it
read is in the library and what it paid a model for is on record, so who takes it over does neither again.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import string
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET

from leadline.companies import service as companies
from leadline.contact_research import repository
from leadline.contact_research.report import StatementCheck, proof_of, sections
from leadline.contact_research.repository import NewRow, Row
from leadline.contact_research.schemas import REFUSED, ContactResearch, CreateContactResearchRequest
from leadline.contact_research.tasks import RESEARCH, Researching, view
from leadline.contacts import service as contacts
from leadline.credits.schemas import Charge
from leadline.credits.service import Ledger
from leadline.events import service as events
from leadline.evidence import service as evidence
from leadline.evidence.service import StoredLibrary
from leadline.foundation.database import Connection, Database
from leadline.foundation.errors import FieldError, InvalidInput, NotFound
from leadline.foundation.ids import new_id
from leadline.models import service as models
from leadline.research.errors import InvalidQuestion
from leadline.research.model import Company
from leadline.research.people import Position, Profile, parse_profile_address
from leadline.research.ports import Progress
from leadline.research.values.terms import fold
from leadline.webhooks.service import WebhookService
from leadline.wire import reading
from leadline.work import service as work
from leadline.work.service import LEASE, NewItem, WorkService

_ALPHABET = string.ascii_lowercase + string.digits
ERASED = b'{"erased":true}'  # what is left of an event
_LETTERS = 12  # of an id, after "cr_" (contract section 15)


class _Wanted(NamedTuple):
    """A request that was checked. Those with the same ``key`` share a running report."""

    new: Callable[[UUID, UUID], NewRow]  # of the organisation and the company
    company: Company
    person: Profile  # as directories would know them
    key: bytes
    webhook_url: str | None


class ContactResearchService:
    """Everything that can be done with contact research. ``price``: credits of one report."""

    def __init__(
        self,
        database: Database,
        researching: Researching,
        library: StoredLibrary,
        webhooks: WebhookService,
        ledger: Ledger,
        works: WorkService,
        *,
        price: int,
        reserved_hosts: Collection[str] = (),
    ) -> None:
        self._transactions = database
        self._database = database.repeatable
        self._researching = researching
        self._library = library
        self._webhooks = webhooks
        self._ledger = ledger
        self._work = works
        self._price = price
        self._reserved_hosts = reserved_hosts

    async def accept(
        self,
        organisation_id: UUID,
        request: CreateContactResearchRequest,
        *,
        key_id: UUID | None = None,
        spend_cap: int | None = None,
        inline: bool = False,
    ) -> tuple[Row, bool]:
        """Take research in, with its work and the credits set aside for it; the running one where an identical one
        runs, and then False. ``inline``: the caller does the work itself.

        Raises InvalidInput naming every invalid member, PaymentRequired.
        """
        wanted = self._check(request)
        if await contacts.suppressed(self._database, organisation_id, wanted.person):
            raise InvalidInput(
                ("lastName", "names a person who was erased here, and who is not researched again"),
                message=REFUSED,
            )
        while True:
            joined = await repository.running(self._database, organisation_id, wanted.key)
            if joined is not None:
                if wanted.webhook_url is None or await self._listen(joined, wanted.webhook_url):
                    return joined, False
                continue  # it was finished in this moment: look again

            async def add(connection: Connection) -> Row | None:
                company_id = await companies.resolve(connection, wanted.company)
                row = await repository.add(connection, wanted.new(organisation_id, company_id))
                if row is None:
                    return None
                delay = LEASE if inline else 0
                await work.add(connection, [NewItem(row.id, RESEARCH, organisation_id, RESEARCH, delay)])
                if wanted.webhook_url is not None:
                    await self._webhooks.listen(connection, row.id, wanted.webhook_url)
                charge = [Charge(row.id, self._price)]
                await self._ledger.reserve(
                    connection, organisation_id, charge, key_id=key_id, spend_cap=spend_cap
                )
                return row

            if (row := await work.in_transaction(self._transactions, add)) is not None:
                if not inline:
                    self._work.poke()
                return row, True

    async def _listen(self, joined: Row, url: str) -> bool:
        async def listen(connection: Connection) -> bool:
            if not await repository.hold(connection, joined.id):
                return False
            await self._webhooks.listen(connection, joined.id, url)
            return True

        return await work.in_transaction(self._transactions, listen)

    async def see_through(
        self,
        organisation_id: UUID,
        request: CreateContactResearchRequest,
        progress: Progress | None = None,
    ) -> ContactResearch:
        """Accept research and do it in this process, going on where a dead one stopped."""
        row, early = await self.accept(organisation_id, request, inline=True)
        if not early and progress is not None:
            progress("resume", "the same research is already open", research=row.public_id)
        while row.status == "processing":
            run = partial(self._researching.run, progress=progress)
            begun, early = await self._work.run(row.id, run=run, early=early), False
            if not begun:
                await asyncio.sleep(0.2)  # another process works on it, or it waits after a failure
            found = await repository.get(self._database, organisation_id, row.public_id)
            if found is None:
                raise NotFound("The research was erased while it was done.")
            row = found
        return view(row)

    # ------------------------------------------------------------------ look

    async def get(self, organisation_id: UUID, public_id: str) -> ContactResearch:
        """Raises NotFound, also for another organisation's."""
        return _shown(await repository.get(self._database, organisation_id, public_id))

    async def newest_of(
        self, organisation_id: UUID, external_id: str, external_source: str
    ) -> ContactResearch:
        """The newest that was asked for with this id of another system. Raises NotFound."""
        return _shown(
            await repository.newest_of(self._database, organisation_id, external_id, external_source)
        )

    async def verify(self, organisation_id: UUID, public_id: str) -> tuple[StatementCheck, ...]:
        """Re-check every quote of a report offline, against the stored snapshots. Raises NotFound."""
        row = await repository.get(self._database, organisation_id, public_id)
        found = _shown(row).result
        statements = [one for _, section in (sections(found) if found else ()) for one in section.statements]
        quotes = [(proof_of(one), one.quote) for one in statements]
        faults = await self._library.check(quotes)
        return tuple(
            StatementCheck(one.url, one.quote, fault, proof)
            for one, (proof, _), fault in zip(statements, quotes, faults, strict=True)
        )

    async def has_among(self, organisation_id: UUID, ids: Sequence[UUID]) -> bool:
        """Whether a report of the organisation is among these: implements ``signals.snapshots.Citing``."""
        return await repository.among(self._database, organisation_id, ids)

    # ------------------------------------------------------------------ erase

    async def erase(self, connection: Connection, organisation_id: UUID, person: Profile) -> int:
        """Delete what was researched of a person, in the caller's transaction: by the address of a profile, or by the
        name at one of the companies of ``person``. Returns how many reports. The ledger keeps what they cost.

        What runs is stopped, and costs nothing. What was told of them in events is overwritten.
        """
        rows = await self._about(connection, organisation_id, person)
        if ids := [row.id for row in rows]:
            await work.drop(connection, ids)
            await self._ledger.release(connection, organisation_id, ids)
            await evidence.forget_citations(connection, ids)
            await evidence.forget_snapshots(connection, [one for row in rows for one in _entries(row)])
            await models.forget(connection, ids)
            await events.overwrite(connection, organisation_id, ids, ERASED)
            await repository.forget(connection, organisation_id, ids)
        return len(ids)

    async def about(
        self, connection: Connection, organisation_id: UUID, person: Profile
    ) -> list[ContactResearch]:
        """What was researched of a person, as the API shows it."""
        return [view(row) for row in await self._about(connection, organisation_id, person)]

    async def _about(self, connection: Connection, organisation_id: UUID, person: Profile) -> list[Row]:
        addresses = [url for url in (person.profile_url, person.sales_navigator_url) if url]
        hosts = [one.company_host for one in person.positions if one.company_host]
        company_ids = [found for host in hosts if (found := await companies.find(connection, host))]
        return [
            row
            for row in await repository.of_person(connection, organisation_id, addresses, company_ids)
            if {row.profile_url, row.sales_url} & set(addresses) or fold(row.name) == fold(person.full_name)
        ]

    # ------------------------------------------------------------------ check

    def _check(self, request: CreateContactResearchRequest) -> _Wanted:
        given: dict[str, Any] = {
            name: None if value is UNSET else value for name, value in _members(request).items()
        }
        wrong = list(reading.faults(request))
        for name in ("first_name", "last_name", "company_name"):
            given[name] = " ".join(str(given[name]).split())
            if not any(character.isalpha() for character in given[name]):
                wrong.append(FieldError(_wire(name), "must hold a letter"))
        company = None
        try:
            company = companies.parse(request.company_domain, reserved_hosts=self._reserved_hosts)
        except InvalidInput as error:
            if all(one.field != "companyDomain" for one in wrong):
                wrong += [FieldError("companyDomain", one.message) for one in error.fields]
        addresses: dict[str, str | None] = {}
        for name in ("contact_profile_url", "linked_in_sales_navigator_url"):
            try:
                addresses[name] = given[name] and parse_profile_address(given[name], field=_wire(name)).url
            except InvalidQuestion as error:
                wrong.append(FieldError(error.field, error.message))
        for name, other in (("external_id", "external_source"), ("external_source", "external_id")):
            if given[name] is None and given[other] is not None:
                wrong.append(FieldError(_wire(name), f"is required where {_wire(other)} is sent"))
        if given["webhook_url"] is not None and (why := self._webhooks.refusal(given["webhook_url"])):
            wrong.append(FieldError("webhookUrl", why))
        if wrong or company is None:
            raise InvalidInput(*wrong, message=REFUSED)
        key = _key(company, given, addresses)

        def new(organisation_id: UUID, company_id: UUID) -> NewRow:
            return NewRow(
                id=new_id(),
                public_id="cr_" + "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS)),
                organisation_id=organisation_id,
                company_id=company_id,
                asked_host=company.asked_host,
                first_name=given["first_name"],
                last_name=given["last_name"],
                company_name=given["company_name"],
                profile_url=addresses["contact_profile_url"],
                sales_url=addresses["linked_in_sales_navigator_url"],
                job_title=given["job_title"],
                external_id=given["external_id"],
                external_source=given["external_source"],
                request_key=key,
            )

        person = Profile(
            full_name=f"{given['first_name']} {given['last_name']}",
            profile_url=addresses["contact_profile_url"],
            sales_navigator_url=addresses["linked_in_sales_navigator_url"],
            positions=(Position(company=given["company_name"], company_host=company.host),),
        )
        return _Wanted(new, company, person, key, given["webhook_url"])


def _entries(row: Row) -> set[UUID]:
    """The snapshots of directories' entries that a report quotes; they are nobody else's."""
    stated = sections(row.result) if row.result is not None else []
    return {
        UUID(one.proof.snapshot_id)
        for _, section in stated
        for one in section.statements
        if one.basis == "directory"
    }


def _members(request: CreateContactResearchRequest) -> dict[str, Any]:
    return {f: getattr(request, f) for f in request.__struct_fields__}


def _wire(name: str) -> str:
    fields = msgspec.structs.fields(CreateContactResearchRequest)
    return next(field.encode_name for field in fields if field.name == name)


def _key(company: Company, given: dict[str, Any], addresses: dict[str, str | None]) -> bytes:
    """Two requests with the same key ask for the same."""
    parts = [
        company.host,
        *(fold(given[name]) for name in ("first_name", "last_name", "company_name")),
        fold(given["job_title"] or ""),
        *addresses.values(),
        given["external_id"],
        given["external_source"],
    ]
    return hashlib.sha256(msgspec.json.encode(parts)).digest()


def _shown(row: Row | None) -> ContactResearch:
    if row is None:
        raise NotFound("Contact research not found or access denied")
    return view(row)
