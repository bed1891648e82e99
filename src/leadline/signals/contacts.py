"""Contacts: who the person of a profile is, as far as the organisation's directories can tell, and what it means when
they cannot.

A directory that could not be asked is never "no such person": the signal says which it was, and what to do.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from leadline.companies import service as companies
from leadline.contacts.service import Directories
from leadline.foundation.database import Connection
from leadline.foundation.errors import InvalidInput
from leadline.research.model import Company, Outcome, Person, Subject, Value
from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    PeopleDirectory,
    Post,
    Profile,
    ProfileAddress,
    parse_profile_address,
)
from leadline.research.sources.directory import Known

SALES_NAVIGATOR = "salesNavigator"
MOST_POSTS = 25
SECONDS = 30.0  # that one directory may take
CONTACT = "contact"  # the step of the trace
NOT_CONNECTED = "not_connected"  # beside the values of DirectoryFault
_POSTS = re.compile(
    r"\b(?:post(?:s|ed|ing)?|publish\w*|wr(?:ite|ites|ote|itten)|shar(?:e|es|ed|ing)|activ\w+|talk\w*|sa(?:y|ys|id)|think\w*|opinion\w*|"
    r"engag\w*|comment\w*|beitr[aä]g\w*|schreibt|veröffentlicht|publie\w*|écrit)\b",
    re.IGNORECASE,
)

_ADVICE: dict[str, tuple[str, str, str]] = {
    DirectoryFault.RATE_LIMITED: (
        "RATE_LIMIT_EXCEEDED",
        "{name} data is currently unavailable due to rate limits.",
        'You can: (1) set connectors.salesNavigator.enabled="off" to skip LinkedIn, (2) connect another account, '
        "or (3) ask again in 24 hours, when the limits reset.",
    ),
    DirectoryFault.DISCONNECTED: (
        "DISCONNECTED",
        "The linked {name} account is disconnected.",
        'Connect the account again, or set connectors.salesNavigator.enabled="off" to skip LinkedIn.',
    ),
    DirectoryFault.CHECKPOINT: (
        "CHECKPOINT",
        "{name} wants the account's owner to confirm something.",
        "Have the account's owner sign in there and confirm, then ask again.",
    ),
    DirectoryFault.NOT_SUBSCRIBED: (
        "NOT_SUBSCRIBED",
        "The linked {name} account has no subscription for this.",
        'Connect an account that has one, or set connectors.salesNavigator.enabled="off" to skip LinkedIn.',
    ),
    DirectoryFault.INVALID_REQUEST: (
        "REQUEST_REFUSED",
        "{name} refused the request for this profile.",
        "Check the address of the profile.",
    ),
    DirectoryFault.UNAVAILABLE: ("UNAVAILABLE", "{name} did not answer.", "Ask again later."),
    DirectoryFault.BAD_REPLY: (
        "BAD_REPLY",
        "{name} answered with something that is no profile.",
        "Ask again later; if it stays so, report it.",
    ),
    NOT_CONNECTED: (
        "NOT_CONNECTED",
        "No {name} account is connected.",
        'Connect an account, or leave connectors.salesNavigator.enabled at "auto".',
    ),
}


class Missed(Value, frozen=True, kw_only=True):
    """A directory that could not be asked. ``why``: a DirectoryFault, or not_connected."""

    directory: str
    why: str
    detail: str = ""

    def outcome(self) -> tuple[str, str, str]:
        """The code, what happened, and what to do."""
        code, happened, action = _ADVICE[self.why]
        linked = self.directory == SALES_NAVIGATOR
        name = "LinkedIn" if linked else "The people directory"
        return f"{'LINKEDIN' if linked else 'DIRECTORY'}_{code}", happened.format(name=name), action


class Entry(Value, frozen=True, kw_only=True):
    directory: str
    person: Profile
    posts: tuple[Post, ...] = ()


class Contact(Value, frozen=True, kw_only=True):
    """What was learned of the person: kept in the trace, so that a resumed signal asks nobody again.

    ``salesNavigator``: the contract's ``metadata.connectors.salesNavigator.status``.
    """

    address: str
    entries: tuple[Entry, ...] = ()
    missed: tuple[Missed, ...] = ()
    company: Company
    sales_navigator: str = "skipped"

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
    def known(self) -> tuple[Known, ...]:
        return tuple(Known(one.directory, one.person, one.posts) for one in self.entries)

    @property
    def facts(self) -> dict[str, Any]:
        """Members of the signal's metadata."""
        company = self.company.name or self.company.host
        return {
            "connectors": {"salesNavigator": {"status": self.sales_navigator}},
            **({"contactName": self.name} if self.name else {}),
            **({"companyName": company} if company else {}),
        }

    def refusal(self, *, required: bool) -> Outcome | None:
        """Why nothing can be asked about the person; None where it can. ``required``: LinkedIn must be among the
        directories that answered."""
        missed = next((one for one in self.missed if one.directory == SALES_NAVIGATOR and required), None)
        if self.entries and missed is None:
            return None
        missed = missed or next(iter(self.missed), None)
        if missed is not None:
            code, happened, action = missed.outcome()
            return Outcome(failed=True, charged=False, error=happened, error_code=code, error_action=action)
        return Outcome(
            failed=True,
            charged=False,
            error=f"None of your people directories knows {self.address}.",
            error_code="CONTACT_NOT_FOUND",
            error_action="Import the person (leadline people import FILE.csv) or connect a LinkedIn account, then ask again.",
        )

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

    async def look_up(self, organisation_id: UUID, url: str, switch: str, *, posts: bool) -> Contact:
        """The person under this address. ``switch``: off, auto or on, for LinkedIn; ``posts``: of interest too."""
        address = parse_profile_address(url)
        entries: list[Entry] = []
        missed: list[Missed] = []
        status = "skipped" if switch == "off" else NOT_CONNECTED
        for directory in await self._directories(organisation_id):
            linked = directory.name == SALES_NAVIGATOR
            if linked and switch == "off":
                continue
            found = await self._ask(directory, address, posts=posts)
            if isinstance(found, Entry):
                entries.append(found)
            elif isinstance(found, Missed):
                missed.append(found)
            if linked:
                status = found.why if isinstance(found, Missed) else "ok"
        if switch == "on" and status == NOT_CONNECTED:
            missed.append(Missed(directory=SALES_NAVIGATOR, why=NOT_CONNECTED))
        entries.sort(key=lambda one: one.directory != SALES_NAVIGATOR)  # what was asked just now comes first
        return Contact(
            address=url,
            entries=tuple(entries),
            missed=tuple(missed),
            company=await self._company([one.person for one in entries]),
            sales_navigator=status,
        )

    async def _ask(
        self, directory: PeopleDirectory, address: ProfileAddress, *, posts: bool
    ) -> Entry | Missed | None:
        try:
            async with asyncio.timeout(self._seconds):
                person = await directory.profile(address)
                if person is None:
                    return None
                published = await directory.posts(person, MOST_POSTS) if posts else ()
        except DirectoryError as error:
            return Missed(directory=directory.name, why=error.fault, detail=error.message[:300])
        except TimeoutError:
            detail = f"no answer within {self._seconds:g} s"
            return Missed(directory=directory.name, why=DirectoryFault.UNAVAILABLE, detail=detail)
        return Entry(directory=directory.name, person=person, posts=tuple(published))

    async def _company(self, people: Sequence[Profile]) -> Company:
        """The present employer, with its site as far as that is known."""
        positions = [person.position for person in people if person.position is not None]
        for position in positions:
            host = position.company_host
            if host is None and position.company_url is not None:
                host = await companies.host_of_page(self._database, position.company_url)
            if host is not None:
                try:
                    company = companies.parse(host, reserved_hosts=self._reserved_hosts)
                except InvalidInput:  # a directory may hold anything
                    continue
                return replace(company, name=position.company or None)
        name = next((position.company for position in positions if position.company), None)
        return Company(host="", asked_host="", name=name)


def asks_for_posts(text: str) -> bool:
    """Whether what the person published could answer the question."""
    return _POSTS.search(text) is not None
