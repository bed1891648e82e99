"""Sales Navigator as a directory of people: ``research.people.PeopleDirectory`` by one account."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import msgspec

from leadline.connectors.people.unipile import replies
from leadline.connectors.people.unipile.client import UnipileClient
from leadline.connectors.people.unipile.faults import Refusal
from leadline.connectors.people.unipile.filters import Filters, Nobody
from leadline.research.people import (
    DirectoryFault,
    PeopleFilter,
    PeoplePage,
    Post,
    Profile,
    ProfileAddress,
)

PAGE = 25  # people that are asked for at once, which is what lists and searches show at once
REACHABLE = 2500  # results that Sales Navigator shows of one search
KEPT_SECONDS = 300.0
"""For so long a page of a search stays what it was, so that the pages of one search belong together."""
_PAGES = 400  # kept at once


class _Kept(NamedTuple):
    page: replies.SearchPage
    until: float


class UnipileDirectory:
    """One account's view of Sales Navigator; keep one for an account, it remembers the pages of searches for a while.

    Of a search, people whom LinkedIn hides from the account are left out, so a page may be shorter than asked for;
    ``total`` counts them, as Sales Navigator does. A search at an offset that nobody came to page by page walks there
    from its beginning, and pays for what lies between with the account's daily results.
    """

    name = replies.SOURCE

    def __init__(
        self, client: UnipileClient, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._client = client
        self._filters = Filters(client)
        self._now = now
        self._pages: OrderedDict[tuple[PeopleFilter, int], _Kept] = OrderedDict()

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        try:
            body = await self._filters.body(wanted)
        except Nobody:
            return PeoplePage((), 0)
        if offset >= REACHABLE:
            page = await self._page(body, None)
            return PeoplePage((), page.paging.total_count or 0)
        at = self._start(wanted, offset)
        continued = self._kept(wanted, at) is not None
        try:
            return await self._walk(wanted, body, at, offset, limit)
        except Refusal as error:
            if not continued or error.fault is not DirectoryFault.INVALID_REQUEST:
                raise
        self._forget(wanted)  # the vendor knows the cursor no more
        return await self._walk(wanted, body, 0, offset, limit)

    async def _walk(
        self, wanted: PeopleFilter, body: dict[str, Any], at: int, offset: int, limit: int
    ) -> PeoplePage:
        """The people from ``offset`` on, reached from the place ``at``: the first, or one whose page is kept."""
        people: list[Profile] = []
        total, end, cursor = 0, min(offset + limit, REACHABLE), None
        while at < end:
            page = self._kept(wanted, at)
            if page is None:
                page = await self._page(body, cursor)
                self._keep(wanted, at, page)
            for place, item in enumerate(page.items, at):
                if offset <= place < end and (person := replies.found(item, self._now())) is not None:
                    people.append(person)
            at += len(page.items)
            total = at if page.paging.total_count is None else page.paging.total_count
            cursor = page.cursor
            if not page.items or not cursor:
                break
        return PeoplePage(tuple(people), total)

    async def _page(self, body: dict[str, Any], cursor: str | None) -> replies.SearchPage:
        query = [("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        page = await self._client.find("/api/v1/linkedin/search", replies.SearchPage, PAGE, query, body)
        await self._client.give_back(PAGE - len(page.items))
        return page

    def _start(self, wanted: PeopleFilter, offset: int) -> int:
        """The furthest place up to the offset that a kept page of this search begins at, or else the first."""
        now = time.monotonic()
        return max(
            (
                place
                for (searched, place), kept in self._pages.items()
                if searched == wanted and place <= offset and kept.until > now
            ),
            default=0,
        )

    def _kept(self, wanted: PeopleFilter, place: int) -> replies.SearchPage | None:
        kept = self._pages.get((wanted, place))
        return kept.page if kept is not None and kept.until > time.monotonic() else None

    def _keep(self, wanted: PeopleFilter, place: int, page: replies.SearchPage) -> None:
        self._pages[wanted, place] = _Kept(page, time.monotonic() + KEPT_SECONDS)
        self._pages.move_to_end((wanted, place))
        if len(self._pages) > _PAGES:
            self._pages.popitem(last=False)

    def _forget(self, wanted: PeopleFilter) -> None:
        for key in [key for key in self._pages if key[0] == wanted]:
            del self._pages[key]

    async def profile(self, address: ProfileAddress) -> Profile | None:
        identifier = unquote(address.url.rpartition("/")[2])
        query = [("linkedin_sections", "experience")]
        if address.sales_navigator:
            query.append(("linkedin_api", "sales_navigator"))
        person = await self._person(identifier, query)
        if person is None:
            return None
        found = replies.known(person, self._now())
        if found is not None and address.sales_navigator:
            return msgspec.structs.replace(found, sales_navigator_url=address.url)
        return found

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        identifier = await self._member_id(person)
        if identifier is None:
            return ()
        path = f"/api/v1/users/{quote(identifier, safe='')}/posts"
        most = max(1, min(limit, 100))
        try:
            page = await self._client.get(path, replies.PostPage, [("limit", str(most))])
        except Refusal as error:
            if error.nobody:
                return ()
            raise
        return replies.published(page.items, limit)

    async def _member_id(self, person: Profile) -> str | None:
        """The id that posts are asked by; Sales Navigator's own is another, and the profile tells the first."""
        if person.member_id and person.member_id.startswith(("ACo", "ADo")):
            return person.member_id
        if person.profile_url:
            address = ProfileAddress(person.profile_url)
        elif person.sales_navigator_url:
            address = ProfileAddress(person.sales_navigator_url, sales_navigator=True)
        else:
            return None
        found = await self.profile(address)
        return found.member_id if found else None

    async def _person(self, identifier: str, query: list[tuple[str, str]]) -> replies.Person | None:
        try:
            return await self._client.get(
                f"/api/v1/users/{quote(identifier, safe='')}", replies.Person, query
            )
        except Refusal as error:
            if error.nobody:
                return None
            raise
