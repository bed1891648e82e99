"""Contacts: who the person of a profile is, as far as the organisation's directories can tell, and what it means when
they cannot.

A directory that could not be asked is never "no such person": the signal says which it was, and what to do.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID, uuid5

from msgspec.structs import replace

from leadline.companies import service as companies
from leadline.contacts.service import Directories, suppressed, whom
from leadline.foundation.database import Connection
from leadline.foundation.errors import InvalidInput
from leadline.research.answer_types import AnswerType, answer_type
from leadline.research.documents.names import names_company
from leadline.research.errors import InvalidQuestion
from leadline.research.model import Company, Outcome, Person, Subject, Value
from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    PeopleDirectory,
    PeopleFilter,
    Post,
    Profile,
    parse_company_address,
    parse_profile_address,
)
from leadline.research.sources.directory import Known
from leadline.signals.unasked import NOT_CONNECTED, SALES_NAVIGATOR, Missed

MOST_POSTS = 25
MOST_PEOPLE = 25
SECONDS = 30.0  # that one directory may take
CONTACT, PEOPLE = "contact", "people"  # steps of the trace
_PEOPLE = UUID("6b0a5f0e-5a0e-5b6e-9a52-2f1f0a1c7d10")  # names of those who have no address
_POSTS = re.compile(
    r"\b(?:post(?:s|ed|ing)?|publish\w*|wr(?:ite|ites|ote|itten)|shar(?:e|es|ed|ing)|activ\w+|talk\w*|sa(?:y|ys|id)|think\w*|opinion\w*|"
    r"engag\w*|comment\w*|beitr[aä]g\w*|schreibt|veröffentlicht|publie\w*|écrit)\b",
    re.IGNORECASE,
)


class Entry(Value, frozen=True, kw_only=True):
    """A person as one directory knows them. ``address``: of the page that the entry becomes."""

    directory: str
    address: str
    person: Profile
    posts: tuple[Post, ...] = ()


class LookedUp(Value, frozen=True, kw_only=True):
    """What directories told: kept in the trace, so that a resumed signal asks nobody again.

    ``sales_navigator``: the contract's ``metadata.connectors.salesNavigator.status``.
    """

    entries: tuple[Entry, ...] = ()
    missed: tuple[Missed, ...] = ()
    asked: int = 0  # directories
    company: Company
    sales_navigator: str = "skipped"

    @property
    def known(self) -> tuple[Known, ...]:
        return tuple(Known(one.directory, one.address, one.person, one.posts) for one in self.entries)

    @property
    def facts(self) -> dict[str, Any]:
        """Members of the signal's metadata."""
        return {"connectors": {"salesNavigator": {"status": self.sales_navigator}}}

    def unasked(self, *, required: bool) -> Outcome | None:
        """The failure where LinkedIn is ``required`` and could not be asked, or nobody could."""
        missed = next((one for one in self.missed if one.directory == SALES_NAVIGATOR and required), None)
        if missed is None and not self.entries:
            missed = next(iter(self.missed), None)
        return None if missed is None else _failure(*missed.outcome())

    def told(self, outcome: Outcome) -> Outcome:
        """The outcome of the question, with what could not be looked at."""
        if (outcome.failed and outcome.pages_read == 0) or not self.missed:
            return outcome
        code, happened, action = self.missed[0].outcome()
        if outcome.answer is not None:
            return outcome if outcome.error_code else replace(outcome, error_code=code, error_action=action)
        return replace(
            outcome,
            charged=False,
            error_code=code,
            error_action=action,
            reasoning=f"{outcome.reasoning} {happened} So this is not a no.".strip(),
        )


def _failure(code: str, happened: str, action: str) -> Outcome:
    return Outcome(failed=True, charged=False, error=happened, error_code=code, error_action=action)


class Contact(LookedUp, frozen=True, kw_only=True):
    """The person under one address. ``erased``: by the organisation, so that nobody is asked again."""

    address: str
    erased: bool = False

    @property
    def name(self) -> str | None:
        return self.entries[0].person.full_name if self.entries else None

    @property
    def subject(self) -> Subject:
        """The person at the present employer; nameless when nobody knows them."""
        position = self.entries[0].person.position if self.entries else None
        title = position.title if position is not None else None
        person = Person(name=self.name or "", profile_url=self.address, title=title or None)
        return Subject(company=self.company, person=person)

    @property
    def facts(self) -> dict[str, Any]:
        company = self.company.name or self.company.host
        return {
            **super().facts,
            **({"contactName": self.name} if self.name else {}),
            **({"companyName": company} if company else {}),
        }

    def refusal(self, kind: AnswerType, *, required: bool) -> Outcome | None:
        """Why nothing of this type can be asked about the person; None where it can."""
        if self.erased and not self.entries:
            return _failure(
                "CONTACT_ERASED",
                "This person was erased here, and is not looked for again.",
                "Ask whoever is responsible for personal data before the person is taken in again.",
            )
        if (unasked := self.unasked(required=required)) is not None:
            return unasked
        if not self.entries:
            return _failure(
                "CONTACT_NOT_FOUND",
                f"None of your people directories knows {self.address}.",
                "Import the person (leadline people import FILE.csv) or connect a LinkedIn account, then ask again.",
            )
        if kind.asks == "posts" and not any(one.directory == SALES_NAVIGATOR for one in self.entries):
            return _failure(
                "POSTS_NOT_AVAILABLE",
                "None of the directories that know the person tells what people publish.",
                'Connect a LinkedIn account, and leave connectors.salesNavigator.enabled at "auto".',
            )
        return None


class People(LookedUp, frozen=True, kw_only=True):
    """People of a company who fit a question. ``total``: in all, as far as the directories counted them."""

    total: int = 0

    @property
    def facts(self) -> dict[str, Any]:
        return {**super().facts, "peopleFound": self.total}

    def refusal(self, *, required: bool) -> Outcome | None:
        """Why nobody could be looked for; None where somebody was asked."""
        if (unasked := self.unasked(required=required)) is not None:
            return unasked
        if not self.asked:
            return _failure(
                "DIRECTORY_NOT_CONNECTED",
                "There is no people directory to look in.",
                "Import people (leadline people import FILE.csv) or connect a LinkedIn account, then ask again.",
            )
        return None


NEEDS_PERSON = _failure(
    "ANSWER_TYPE_NEEDS_PERSON",
    "Posts and engagement are a person's: this question is about a company.",
    "Ask POST /v1/contacts/signals with the person's contactProfileUrl.",
)


class Contacts:
    """Looks people up."""

    def __init__(
        self,
        database: Connection,
        directories: Directories,
        *,
        reserved_hosts: Collection[str] = (),
        seconds: float = SECONDS,
    ) -> None:
        self._database = database
        self._directories = directories
        self._reserved_hosts = reserved_hosts
        self._seconds = seconds

    async def look_up(
        self, organisation_id: UUID, url: str, switch: str, *, posts: bool, key_id: UUID | None = None
    ) -> Contact:
        """The person under this address. ``switch``: off, auto or on, for LinkedIn; ``posts``: of interest too.

        ``key_id``: the API key that asks, which may be pinned to an account.
        """
        address = parse_profile_address(url)
        whose = Profile(
            full_name="",
            profile_url=None if address.sales_navigator else address.url,
            sales_navigator_url=address.url if address.sales_navigator else None,
        )
        if await suppressed(self._database, organisation_id, whose):
            return Contact(address=url, company=Company(host="", asked_host=""), erased=True)

        async def ask(directory: PeopleDirectory, told: list[Entry]) -> None:
            person = await directory.profile(address)
            if person is None:
                return
            told.append(Entry(directory=directory.name, address=url, person=person))
            if posts:
                published = tuple(await directory.posts(person, MOST_POSTS))
                told[-1] = replace(told[-1], posts=published)

        asked = await self._ask_each(organisation_id, key_id, switch, ask)
        # What was asked just now comes before what was imported some day.
        entries = sorted(asked.entries, key=lambda one: one.directory != SALES_NAVIGATOR)
        return Contact(
            address=url,
            entries=tuple(entries),
            missed=tuple(asked.missed),
            asked=asked.count,
            company=await self._company([one.person for one in entries]),
            sales_navigator=asked.status,
            erased=asked.erased,
        )

    async def find(
        self,
        organisation_id: UUID,
        company: Company,
        question: str,
        switch: str,
        limit: int,
        *,
        key_id: UUID | None = None,
    ) -> People:
        """At most ``limit`` people who are at the company now and whom the question's words mean."""
        page = await self._page_of(company)
        departments, levels = whom(question)
        wanted = PeopleFilter(
            company_urls=(page,) if page else (),
            keywords="" if page else company.name or company.host.partition(".")[0],
            departments=departments,
            seniority_levels=levels,
        )
        counted = 0

        async def ask(directory: PeopleDirectory, told: list[Entry]) -> None:
            nonlocal counted
            found = await directory.search(wanted, limit=limit, offset=0)
            here = [one for one in found.people if _is_at(one, company, page)]
            counted += max(len(here), found.total - (len(found.people) - len(here)))
            told += [Entry(directory=directory.name, address=address_of(one), person=one) for one in here]

        asked = await self._ask_each(organisation_id, key_id, switch, ask)
        unique = {one.address: one for one in reversed(asked.entries)}
        return People(
            entries=tuple(reversed(unique.values()))[:limit],
            missed=tuple(asked.missed),
            asked=asked.count,
            company=company,
            sales_navigator=asked.status,
            total=counted - (len(asked.entries) - len(unique)),
        )

    async def _ask_each(
        self,
        organisation_id: UUID,
        key_id: UUID | None,
        switch: str,
        ask: Callable[[PeopleDirectory, list[Entry]], Awaitable[None]],
    ) -> _Asked:
        """Ask every directory; what one told before it failed stays."""
        asked = _Asked(status="skipped" if switch == "off" else NOT_CONNECTED)
        for directory in await self._directories(organisation_id, key_id):
            linked = directory.name == SALES_NAVIGATOR
            if linked and switch == "off":
                continue
            asked.count += 1
            missed: Missed | None = None
            try:
                async with asyncio.timeout(self._seconds):
                    await ask(directory, asked.entries)
            except DirectoryError as error:
                missed = Missed(directory=directory.name, why=error.fault, detail=error.message[:300])
            except TimeoutError:
                detail = f"no answer within {self._seconds:g} s"
                missed = Missed(directory=directory.name, why=DirectoryFault.UNAVAILABLE, detail=detail)
            if missed is not None:
                asked.missed.append(missed)
            if linked:
                asked.status = missed.why if missed is not None else "ok"
        for entry in list(asked.entries):
            if await suppressed(self._database, organisation_id, entry.person):
                asked.entries.remove(entry)
                asked.erased = True
        if switch == "on" and asked.status == NOT_CONNECTED:
            asked.missed.append(Missed(directory=SALES_NAVIGATOR, why=NOT_CONNECTED))
        return asked

    async def _company(self, people: Sequence[Profile]) -> Company:
        """The present employer, with its site as far as that is known."""
        positions = [person.position for person in people if person.position is not None]
        for position in positions:
            host = position.company_host or await self._host_of(position.company_url)
            if host:
                try:
                    company = companies.parse(host, reserved_hosts=self._reserved_hosts)
                except InvalidInput:  # a directory may hold anything
                    continue
                return replace(company, name=position.company or None)
        name = next((position.company for position in positions if position.company), None)
        return Company(host="", asked_host="", name=name)

    async def _host_of(self, page: str | None) -> str | None:
        """The host of the one company that was read and links to this page on LinkedIn."""
        if page is None:
            return None
        found = await companies.on_linkedin(self._database, [unquote(urlsplit(page).path).strip("/")])
        return found[0].profile.host if len(found) == 1 else None

    async def _page_of(self, company: Company) -> str | None:
        """The company's page on LinkedIn, as its own site links to it."""
        stored = await companies.stored(self._database, company.host) if company.host else None
        linked = stored.profile.value("linkedin") if stored is not None else None
        try:
            return parse_company_address(linked) if isinstance(linked, str) else None
        except InvalidQuestion:
            return None


class _Asked:
    """What came of asking several directories."""

    def __init__(self, status: str) -> None:
        self.entries: list[Entry] = []
        self.missed: list[Missed] = []
        self.count = 0
        self.erased = False  # whether somebody was told whom the organisation has erased
        self.status = status


def _is_at(person: Profile, company: Company, page: str | None) -> bool:
    """Whether the person is at the company now, by its site, its page or its name."""
    return any(
        position.current
        and (
            (page is not None and position.company_url == page)
            or (bool(company.host) and position.company_host == company.host)
            or names_company(company, position.company)
        )
        for position in person.positions
    )


def address_of(person: Profile) -> str:
    """Where the person's entry stands; one that has no address gets a name of its own."""
    known = person.profile_url or person.sales_navigator_url
    if known is not None:
        return known
    pages = [one.reference for one in person.origins if one.reference.startswith("https://")]
    company = person.position.company if person.position is not None else ""
    return (
        f"{pages[0]}#{quote(person.full_name)}"
        if pages
        else f"urn:uuid:{uuid5(_PEOPLE, person.full_name + company)}"
    )


def asks_for_posts(text: str, kind: str) -> bool:
    """Whether what the person published could answer the question."""
    return answer_type(kind).asks == "posts" or _POSTS.search(text) is not None
