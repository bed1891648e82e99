"""A filter in the vendor's words: titles, places and companies by LinkedIn's ids, departments and levels by its lists."""

from __future__ import annotations

import time
from collections import OrderedDict
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from leadline.connectors.people.unipile.client import UnipileClient
from leadline.connectors.people.unipile.faults import Refusal
from leadline.connectors.people.unipile.replies import Company, Parameters
from leadline.research.people import DirectoryError, DirectoryFault, PeopleFilter

REMEMBERED_SECONDS = 86_400.0  # ids of LinkedIn do not change
_REMEMBERED = 2000
_SUGGESTED = 20  # values asked for, of which one must be the wanted
_LIKE = 10  # titles that stand for one that LinkedIn does not have word for word

# LinkedIn's functions by their ids from 1 on.
_FUNCTIONS = (
    "Accounting",
    "Administrative",
    "Arts and Design",
    "Business Development",
    "Community and Social Services",
    "Consulting",
    "Education",
    "Engineering",
    "Entrepreneurship",
    "Finance",
    "Healthcare Services",
    "Human Resources",
    "Information Technology",
    "Legal",
    "Marketing",
    "Media and Communication",
    "Military and Protective Services",
    "Operations",
    "Product Management",
    "Program and Project Management",
    "Purchasing",
    "Quality Assurance",
    "Real Estate",
    "Research",
    "Sales",
    "Customer Success and Support",
)
_FUNCTION_IDS = {name: str(number) for number, name in enumerate(_FUNCTIONS, 1)}


class Nobody(Exception):
    """LinkedIn knows none of the companies, so nobody can work there."""


class Filters:
    """Makes the body of a search. What LinkedIn calls things is asked once a day."""

    def __init__(self, client: UnipileClient) -> None:
        self._client = client
        self._known: OrderedDict[tuple[str, str], tuple[tuple[str, ...], float]] = OrderedDict()

    async def body(self, wanted: PeopleFilter) -> dict[str, Any]:
        """Raises DirectoryError, and Nobody."""
        words = {
            "first_name": wanted.first_name,
            "last_name": wanted.last_name,
            "keywords": wanted.keywords,
        }
        body: dict[str, Any] = {
            "api": "sales_navigator",
            "category": "people",
            **{member: text for member, text in words.items() if text},
        }
        if wanted.company_urls:
            body["company"] = _include([i for url in wanted.company_urls for i in await self._company(url)])
            if not body["company"]["include"]:
                raise Nobody
        if wanted.job_titles:
            body["role"] = _include([i for title in wanted.job_titles for i in await self._title(title)])
        if wanted.countries:
            body["location"] = _include([i for code in wanted.countries for i in await self._country(code)])
        if wanted.departments:
            body["function"] = _include([_FUNCTION_IDS[name] for name in wanted.departments])
        if wanted.seniority_levels:
            body["seniority"] = _include([_level(name) for name in wanted.seniority_levels])
        return body

    async def _company(self, url: str) -> tuple[str, ...]:
        """The id of a company's page; none when there is no such page."""
        name = unquote(url.rpartition("/")[2])
        if name.isascii() and name.isdecimal():
            return (name,)
        if (ids := self._remembered("company", name)) is not None:
            return ids
        try:
            found = await self._client.get(f"/api/v1/linkedin/company/{quote(name, safe='')}", Company)
        except Refusal as error:
            if not error.nobody:
                raise
            return self._remember("company", name, ())
        return self._remember("company", name, (str(found.id),))

    async def _title(self, title: str) -> tuple[str, ...]:
        """The id of the title; where LinkedIn has it not word for word, of those that hold all its words."""
        key = " ".join(title.casefold().split())
        if (ids := self._remembered("title", key)) is not None:
            return ids
        found = await self._parameters("JOB_TITLE", title)
        exact = [i for i, name in found if " ".join(name.casefold().split()) == key]
        words = set(key.split())
        like = [i for i, name in found if words <= set(name.casefold().split())]
        if not (exact or like):
            raise _unknown("job title", title, [name for _, name in found])
        return self._remember("title", key, tuple(exact[:1] or like[:_LIKE]))

    async def _country(self, code: str) -> tuple[str, ...]:
        if (ids := self._remembered("country", code)) is not None:
            return ids
        name = _countries().get(code, code)
        found = await self._parameters("LOCATION", name)
        exact = [i for i, title in found if title.casefold() == name.casefold()]
        if not exact:
            raise _unknown("country", name, [title for _, title in found])
        return self._remember("country", code, (exact[0],))

    async def _parameters(self, kind: str, keywords: str) -> list[tuple[str, str]]:
        query = [
            ("type", kind),
            ("keywords", keywords),
            ("service", "SALES_NAVIGATOR"),
            ("limit", str(_SUGGESTED)),
        ]
        found = await self._client.look_up("/api/v1/linkedin/search/parameters", Parameters, query)
        return [(str(one.id), one.title) for one in found.items]

    def _remembered(self, kind: str, key: str) -> tuple[str, ...] | None:
        ids, until = self._known.get((kind, key), ((), 0.0))
        return ids if until > time.monotonic() else None

    def _remember(self, kind: str, key: str, ids: tuple[str, ...]) -> tuple[str, ...]:
        self._known[kind, key] = ids, time.monotonic() + REMEMBERED_SECONDS
        self._known.move_to_end((kind, key))
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return ids


def _include(ids: list[str]) -> dict[str, list[str]]:
    return {"include": list(dict.fromkeys(ids))}


def _level(name: str) -> str:
    """A level of seniority as the vendor enumerates it: ``Owner / Partner`` is ``owner/partner``."""
    return name.lower().replace(" / ", "/").replace(" ", "_")


def _unknown(what: str, wanted: str, instead: list[str]) -> DirectoryError:
    names = ", ".join(repr(name[:80]) for name in instead[:3])
    hint = f"; it has {names}" if names else ""
    return DirectoryError(DirectoryFault.INVALID_REQUEST, f"Sales Navigator has no {what} {wanted!r}{hint}.")


@cache
def _countries() -> dict[str, str]:
    """Countries by their code (ISO 3166-1 alpha-2), named in English as places are named there."""
    raw = files(__package__).joinpath("countries.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, str])
