"""Unipile's API, version 1, as far as people are looked up by it: a real HTTP server over a made population.

    async with UnipileSimulator(members(125)) as unipile:
        unipile.origin, unipile.account, unipile.token      what a connection is made of
        unipile.next("search", None, None, problem(500, "errors/provider_error"))   the third search fails once
        unipile.always("profile", Hang())

It is written from the vendor's reference: the account in the query (in the body it is 400), problem objects for errors,
``limit`` and an opaque ``cursor`` for pages, which is null at the end. Times, tokens and people are made up.
"""

from __future__ import annotations

import base64
import json
import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.web import Answer, Redirect, Reply, Request, WebServer

LEVELS = {
    "owner/partner": "Owner / Partner",
    "cxo": "CXO",
    "vice_president": "Vice President",
    "director": "Director",
    "experienced_manager": "Experienced Manager",
    "entry_level": "Entry Level",
}
FUNCTIONS = {"8": "Engineering", "10": "Finance", "15": "Marketing", "25": "Sales"}
TITLES = {
    "8": "Software Engineer",
    "10": "Financial Controller",
    "15": "Head of Marketing",
    "25": "Head of Sales",
}
COUNTRIES = {"DE": "Germany", "FR": "France", "US": "United States"}
COMPANIES = {"acme": ("1001", "Acme"), "globex": ("1002", "Globex")}
_FIRST = ("Ada", "Béla", "Carla", "Daniyar", "Eva", "Femi", "Grete", "Hiro", "Iman", "Jan")
_LAST = ("Abel", "Bauer", "Curie", "van Dijk", "Egede", "Fuchs", "Gauß", "Hopper", "Ito", "Jensen")


@dataclass(frozen=True)
class Member:
    """Somebody on LinkedIn, as the vendor knows them."""

    number: int
    first_name: str
    last_name: str
    function: str
    level: str
    company: str = "acme"
    country: str = "DE"
    distance: str = "DISTANCE_2"
    hidden: bool = False  # LinkedIn shows the account no name
    email: str | None = None

    @property
    def slug(self) -> str:
        return f"member-{self.number}"

    @property
    def classic_id(self) -> str:
        return f"ACoAAB{self.number:08}"

    @property
    def lead_id(self) -> str:
        return f"ACwAAB{self.number:08}"

    @property
    def title(self) -> str:
        return TITLES[self.function]

    @property
    def name(self) -> str:
        return "LinkedIn Member" if self.hidden else f"{self.first_name} {self.last_name}"

    @property
    def place(self) -> str:
        return f"Somewhere, {COUNTRIES[self.country]}"


def members(count: int, *, seed: int = 7, company: str = "acme", first: int = 0) -> list[Member]:
    """So many people of a company, always the same."""
    chosen = random.Random(seed)
    return [
        Member(
            number,
            chosen.choice(_FIRST),
            chosen.choice(_LAST),
            chosen.choice(list(FUNCTIONS)),
            chosen.choice(list(LEVELS)),
            company,
            chosen.choice(list(COUNTRIES)),
        )
        for number in range(first, first + count)
    ]


def problem(status: int, kind: str, *, title: str = "", retry_after: str | None = None) -> Answer:
    """An error as the vendor tells it."""
    body = {
        "title": title or kind,
        "detail": "Something is wrong.",
        "instance": "",
        "type": kind,
        "status": status,
    }
    reply = Json(body, status=status)
    if retry_after is not None:
        reply.headers["Retry-After"] = retry_after
    return reply


class Json(Reply):
    def __init__(self, body: Any, status: int = 200) -> None:
        super().__init__(json.dumps(body), status=status, content_type="application/json")


@dataclass
class UnipileSimulator:
    """The server. ``seat``: whether the account has Sales Navigator; ``state``: of the account's session."""

    people: Sequence[Member] = ()
    account: str = "AcC0unt-1"
    token: str = "tok.en-of+unipile=="
    seat: bool = True
    state: str = "OK"
    slashes: bool = False  # paths without a last slash are redirected, as some deployments do
    posts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by classic id
    calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.web = WebServer()
        self.web.route("*", "*", self._answer)
        self._next: dict[str, deque[Answer | None]] = {}
        self._always: dict[str, Answer] = {}

    async def __aenter__(self) -> Self:
        await self.web.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.web.__aexit__(kind, error, trace)

    @property
    def origin(self) -> str:
        return self.web.origin

    def next(self, what: str, *answers: Answer | None) -> None:
        """What the next calls are answered; None: as usual."""
        self._next.setdefault(what, deque()).extend(answers)

    def always(self, what: str, answer: Answer | None) -> None:
        """What every call is answered from now on; None: as usual."""
        if answer is None:
            self._always.pop(what, None)
        else:
            self._always[what] = answer

    # ------------------------------------------------------------------ answering

    def _answer(self, request: Request) -> Answer:
        path = urlsplit(request.target).path
        if self.slashes and not path.endswith("/"):
            return Redirect(request.target.replace(path, path + "/", 1), status=301)
        query = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
        parts = [unquote(part) for part in path.strip("/").split("/")][2:]  # behind /api/v1
        what = _what(request.method, parts)
        self.calls[what] += 1
        if request.headers.get("x-api-key") != self.token:
            return problem(401, "errors/invalid_credentials")
        queued = self._next.get(what)
        planned = queued.popleft() if queued else None
        if (planned := planned or self._always.get(what)) is not None:
            return planned
        if what == "account":
            return self._account(parts[1])
        if query.get("account_id") != [self.account]:
            return problem(400, "errors/missing_parameters")
        if what == "me":
            seat = {"owner_seat_id": "77", "contract_id": "88"} if self.seat else None
            return Json({"object": "AccountOwnerProfile", "sales_navigator": seat})
        if self.state != "OK":
            return problem(401, "errors/disconnected_account")
        if what == "search":
            return self._search(json.loads(request.body), query)
        if what == "parameters":
            return self._parameters(query)
        if what == "company":
            found = COMPANIES.get(parts[2])
            return (
                Json({"object": "CompanyProfile", "id": found[0], "name": found[1]}) if found else _nothing()
            )
        if what == "profile":
            return self._profile(parts[1], query)
        if what == "posts":
            return self._posts(parts[1], query)
        return problem(404, "errors/resource_not_found")

    def _account(self, identifier: str) -> Answer:
        if identifier != self.account:
            return _nothing()
        sources = [{"id": f"{identifier}_MESSAGING", "status": self.state}]
        return Json(
            {
                "object": "Account",
                "id": identifier,
                "type": "LINKEDIN",
                "name": "Olga Owner",
                "sources": sources,
            }
        )

    def _search(self, body: dict[str, Any], query: dict[str, list[str]]) -> Answer:
        if "account_id" in body or body.get("api") != "sales_navigator" or body.get("category") != "people":
            return problem(400, "errors/malformed_request")
        if not self.seat:
            return problem(403, "errors/feature_not_subscribed")
        limit = int(query.get("limit", ["10"])[0])
        if not 1 <= limit <= 100:
            return problem(422, "errors/limit_too_high")
        start = 0
        if "cursor" in query:
            try:
                cursor = json.loads(base64.b64decode(query["cursor"][0], validate=True))
                start = cursor["start"]
            except (ValueError, KeyError):
                return problem(400, "errors/malformed_request")
        found = [one for one in self.people if _matches(one, body)]
        shown = found[start : start + limit]
        end = start + len(shown)
        following = base64.b64encode(json.dumps({"start": end, "limit": limit}).encode()).decode()
        return Json(
            {
                "object": "LinkedinSearch",
                "items": [_item(one) for one in shown],
                "config": {"params": body},
                "paging": {"start": start, "page_count": len(shown), "total_count": len(found)},
                "cursor": following if end < min(len(found), 2500) else None,
            }
        )

    def _parameters(self, query: dict[str, list[str]]) -> Answer:
        wanted = query.get("keywords", [""])[0].casefold()
        limit = int(query.get("limit", ["10"])[0])
        known = {
            "JOB_TITLE": [
                *((f"t{key}", title) for key, title in TITLES.items()),
                ("t99", "Assistant Head of Sales"),
            ],
            "LOCATION": [
                ("l-area", "Greater Berlin Area, Germany"),
                *((f"l{c}", n) for c, n in COUNTRIES.items()),
            ],
        }[query["type"][0]]
        items = [
            {"object": "LinkedinSearchParameter", "id": key, "title": title}
            for key, title in known
            if any(word in title.casefold() for word in wanted.split())
        ]
        return Json(
            {
                "object": "LinkedinSearchParametersList",
                "items": items[:limit],
                "paging": {"page_count": len(items[:limit])},
            }
        )

    def _profile(self, identifier: str, query: dict[str, list[str]]) -> Answer:
        lead = query.get("linkedin_api") == ["sales_navigator"]
        for one in self.people:
            if identifier in (one.slug, one.classic_id) or (lead and identifier == one.lead_id):
                return Json(_profile(one))
        return (
            problem(422, "errors/unprocessable_entity")
            if identifier.startswith("AC") and not lead
            else _nothing()
        )

    def _posts(self, identifier: str, query: dict[str, list[str]]) -> Answer:
        if not identifier.startswith(("ACo", "ADo")):
            return problem(422, "errors/unprocessable_entity")
        limit = int(query.get("limit", ["10"])[0])
        return Json(
            {
                "object": "PostList",
                "items": self.posts.get(identifier, [])[:limit],
                "cursor": None,
                "paging": {"page_count": 1},
            }
        )


def post(number: int, text: str, when: str, **members: Any) -> dict[str, Any]:
    """A post as the vendor tells it."""
    return {
        "object": "Post",
        "id": str(number),
        "social_id": f"urn:li:activity:{number}",
        "share_url": f"https://www.linkedin.com/posts/activity-{number}",
        "text": text,
        "date": "2w",
        "parsed_datetime": when,
        "reaction_counter": 12,
        "comment_counter": 3,
        "is_repost": False,
        **members,
    }


def _what(method: str, parts: list[str]) -> str:
    match [method, *parts]:
        case ["GET", "accounts", _]:
            return "account"
        case ["GET", "users", "me"]:
            return "me"
        case ["POST", "linkedin", "search"]:
            return "search"
        case ["GET", "linkedin", "search", "parameters"]:
            return "parameters"
        case ["GET", "linkedin", "company", _]:
            return "company"
        case ["GET", "users", _, "posts"]:
            return "posts"
        case ["GET", "users", _]:
            return "profile"
    return "nothing"


def _nothing() -> Answer:
    return problem(404, "errors/resource_not_found")


def _matches(one: Member, body: dict[str, Any]) -> bool:
    def among(member: str, value: str) -> bool:
        return member not in body or value in body[member]["include"]

    words = f"{one.first_name} {one.last_name} {one.title}".casefold()
    return (
        among("company", COMPANIES[one.company][0])
        and among("role", f"t{one.function}")
        and among("location", f"l{one.country}")
        and among("function", one.function)
        and among("seniority", one.level)
        and all(word in words for word in body.get("keywords", "").casefold().split())
        and body.get("first_name", one.first_name).casefold() == one.first_name.casefold()
        and body.get("last_name", one.last_name).casefold() == one.last_name.casefold()
    )


def _item(one: Member) -> dict[str, Any]:
    company_id, company = COMPANIES[one.company]
    return {
        "object": "SearchResult",
        "type": "PEOPLE",
        "id": one.lead_id,
        "name": one.name,
        "first_name": None if one.hidden else one.first_name,
        "last_name": None if one.hidden else one.last_name,
        "member_urn": f"urn:li:member:{one.number}",
        "public_identifier": None if one.hidden else one.slug,
        "public_profile_url": None if one.hidden else f"https://www.linkedin.com/in/{one.slug}",
        "profile_url": f"https://www.linkedin.com/sales/lead/{one.lead_id},NAME_SEARCH,x1y2",
        "profile_picture_url": f"https://media.example.com/{one.number}.jpg",
        "network_distance": one.distance,
        "location": one.place,
        "headline": f"{one.title} at {company}",
        "premium": False,
        "connections_count": 500,
        "current_positions": [
            {
                "company": company,
                "company_id": company_id,
                "role": one.title,
                "description": None,
                "location": one.place,
                "tenure_at_role": {"years": 2, "months": 1},
                "start": {"year": 2024, "month": 3},
                "end": None,
            }
        ],
    }


def _profile(one: Member) -> dict[str, Any]:
    company_id, company = COMPANIES[one.company]
    return {
        "object": "UserProfile",
        "provider": "LINKEDIN",
        "provider_id": one.classic_id,
        "public_identifier": one.slug,
        "first_name": "LinkedIn" if one.hidden else one.first_name,
        "last_name": "Member" if one.hidden else one.last_name,
        "headline": f"{one.title} at {company}",
        "summary": "Likes trains.",
        "location": one.place,
        "network_distance": one.distance,
        "contact_info": {"emails": [one.email] if one.email else [], "phones": []},
        "work_experience": [
            {
                "position": one.title,
                "company": company,
                "company_id": company_id,
                "location": one.place,
                "start": "3/1/2024",
                "end": None,
                "current": True,
            },
            {
                "position": "Trainee",
                "company": "Hooli",
                "company_id": None,
                "start": "2019",
                "end": "2/1/2024",
            },
        ],
        "throttled_sections": [],
    }
