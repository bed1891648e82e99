"""People of a linked Sales Navigator account over HTTP, against the vendor's simulator."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.api.service import Account, Api, open_api
from tests.api.test_contact_search import bring
from tests.simulators.unipile import Member, UnipileSimulator, members, post, problem
from tests.web import Answer, Hang, Reply

from leadline.connections.schemas import Connection, NewConnection
from leadline.contact_lists.service import ContactLists
from leadline.contacts.intake import Found, take_in
from leadline.research.people import Origin, Position, Profile
from leadline.worker.running import run_worker

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEARCH, SIGNALS, LISTS = "/v1/contacts/search", "/v1/contacts/signals", "/v1/contacts/lists"
ACME, GLOBEX = "https://www.linkedin.com/company/acme", "https://www.linkedin.com/company/globex"
STAFF = [*members(125), *members(10, seed=3, company="globex", first=500)]
WANTED = {"companyLinkedInUrls": [ACME]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(api_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """An API whose operator lets it call loopback, and which does not pause between calls; with a worker."""
    options: dict[str, Any] = {
        "allow_networks": ("127.0.0.0/8",),
        "directory_pause": 0.0,
        "directory_timeout": 5.0,
    }
    async with open_api(api_database_url, tmp_path_factory.mktemp("api"), **options) as running:
        stop = asyncio.Event()
        worker = asyncio.create_task(run_worker(running.leadline, stop))
        try:
            yield running
        finally:
            stop.set()
            await asyncio.wait_for(worker, 60)


@pytest_asyncio.fixture(loop_scope="module")
async def unipile() -> AsyncIterator[UnipileSimulator]:
    async with UnipileSimulator(STAFF) as running:
        yield running


_accounts = iter(range(1_000_000))


async def link(api: Api, account: Account, unipile: UnipileSimulator) -> Connection:
    unipile.account = f"AcC0unt-{next(_accounts)}"  # daily counts are the account's, over all tests
    connections = api.leadline.connections
    new = NewConnection("unipile", unipile.account, unipile.origin, unipile.token)
    made = await connections.add(account.organisation_id, new)
    return await connections.test(account.organisation_id, made.id)


async def search(account: Account, status: int = 200, **members: Any) -> dict[str, Any]:
    answer = await account.post(SEARCH, WANTED | members)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def state(account: Account) -> str:
    (one,) = (await account.get("/v1/connectors")).json()["connectors"]
    found: str = one["status"]
    return found


def names(people: list[Member]) -> list[str]:
    return [one.name for one in people]


def shown(page: dict[str, Any]) -> list[str]:
    return [item["fullName"] for item in page["items"]]


async def test_linked_account_answers_searches(api: Api, acme: Account, unipile: UnipileSimulator) -> None:
    before = await search(acme)
    assert (before["salesNavConnected"], before["items"], before["total"]) == (False, [], 0)
    assert (await link(api, acme, unipile)).status == "connected"
    assert await state(acme) == "connected"
    found: list[str] = []
    for offset in range(0, 125, 25):
        page = await search(acme, offset=offset, limit=25)
        assert (page["total"], page["salesNavConnected"]) == (125, True)
        assert page["hasMore"] == (offset < 100)
        found += shown(page)
    assert found == names(STAFF[:125])
    assert unipile.calls["search"] == 5
    (item, *_) = (await search(acme, limit=1))["items"]
    assert item["linkedInProfileUrl"] == "https://www.linkedin.com/in/member-0"
    assert item["linkedInSalesNavigatorProfileUrl"].startswith("https://www.linkedin.com/sales/lead/ACwAAB")
    assert item["origins"][0]["source"] == "salesNavigator"


async def test_companies_are_searched_apart_and_merged(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    await link(api, acme, unipile)
    page = await search(acme, companyLinkedInUrls=[GLOBEX, ACME], limit=100)
    assert page["total"] == 135
    assert shown(page)[:10] == names(STAFF[125:])
    wanted = [request.body for request in unipile.web.requests if request.path.endswith("/search")]
    assert all((b"1001" in body) != (b"1002" in body) for body in wanted)


async def test_what_was_imported_and_what_the_account_sees_are_one_search(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    await link(api, acme, unipile)
    known = Profile(
        full_name=STAFF[3].name,
        profile_url="https://www.linkedin.com/in/member-3",
        email="known@acme.example",
        positions=(Position(title="Boss", company="Acme", company_url=ACME),),
    )
    alone = Profile(
        full_name="Only Here", positions=(Position(title="Baker", company="Acme", company_url=ACME),)
    )
    async with api.database.transaction() as connection:
        origin = Origin(source="import", reference="people.csv")
        await take_in(connection, acme.organisation_id, [Found(known, origin), Found(alone, origin)])
    page = await search(acme, limit=50)
    urls = [item.get("linkedInProfileUrl") for item in page["items"]]
    assert urls.count("https://www.linkedin.com/in/member-3") == 1
    assert "Only Here" in shown(page)
    unipile.always("search", problem(503, "errors/service_unavailable"))
    unipile.always("company", problem(503, "errors/service_unavailable"))
    page = await search(acme, limit=50, keywords="baker")
    assert (shown(page), page["salesNavConnected"]) == (["Only Here"], True)
    assert "salesNavigator could not be asked" in page["warnings"][0]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("disconnected_account", "disconnected"), ("checkpoint_error", "needs-authentication")],
)
async def test_account_that_is_found_disconnected_is_shown_so_and_asked_no_more(
    api: Api, acme: Account, unipile: UnipileSimulator, kind: str, status: str
) -> None:
    made = await link(api, acme, unipile)
    unipile.always("search", problem(401, f"errors/{kind}"))
    page = await search(acme)
    assert (page["salesNavConnected"], page["items"]) == (False, [])
    assert await state(acme) == status
    asked = unipile.calls["search"]
    assert (await search(acme))["salesNavConnected"] is False
    assert unipile.calls["search"] == asked
    unipile.always("search", None)
    await api.leadline.connections.test(acme.organisation_id, made.id)
    assert (await search(acme))["total"] == 125


async def test_limit_of_the_vendor_is_429_with_the_time_to_wait(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    await link(api, acme, unipile)
    unipile.always("search", problem(429, "errors/too_many_requests", retry_after="77"))
    answer = await acme.post(SEARCH, WANTED)
    assert answer.status_code == 429
    assert answer.json()["retryAfter"] == 77
    assert await state(acme) == "connected"


async def test_vendor_that_is_down_or_slow_is_503_and_no_empty_page(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    await link(api, acme, unipile)
    for answer in (problem(503, "errors/network_down"), Hang()):
        unipile.always("search", answer)
        body = await search(acme, status=503)
        assert "Unipile" in body["error"]["message"]
        assert unipile.token not in str(body)
    assert await state(acme) == "connected"


async def test_pinned_key_uses_its_account_only(api: Api, acme: Account, unipile: UnipileSimulator) -> None:
    async with UnipileSimulator(members(7)) as small:
        await link(api, acme, unipile)
        mine = await link(api, acme, small)
        await api.leadline.connections.pin(acme.organisation_id, acme.key_id, mine.id)
        assert (await search(acme))["total"] == 7
        await api.leadline.connections.pin(acme.organisation_id, acme.key_id, None)
        assert (await search(acme))["total"] == 125


async def test_another_organisation_does_not_see_the_account(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    await link(api, acme, unipile)
    other = await api.account()
    assert (await search(other))["salesNavConnected"] is False
    assert unipile.calls["search"] == 0


async def test_what_linkedin_has_no_word_for_is_said_and_no_empty_page(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    await link(api, acme, unipile)
    body = await search(acme, status=422, jobTitles=["Zoologist"])
    assert "no job title 'Zoologist'" in body["error"]["message"]


# ------------------------------------------------------------------ lists


async def capture(account: Account, status: int = 201) -> dict[str, Any]:
    filters = WANTED | {"countries": ["DE", "FR", "US"]}
    answer = await account.post(LISTS, {"name": "Everybody", "filters": filters})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stored(api: Api, account: Account) -> tuple[int, int]:
    """How many lists there are, and how many people of lists and imports."""
    lists = (await account.get(LISTS)).json()["total"]
    people = await api.database.fetchval(
        "select count(*) from people where organisation_id = $1", account.organisation_id
    )
    return lists, people


@pytest.mark.parametrize("fault", [problem(503, "errors/network_down"), Reply('{"items": [{"id": "AC')])
async def test_125_people_are_captured_in_5_pages_when_the_third_fails_once(
    api: Api, acme: Account, unipile: UnipileSimulator, fault: Answer
) -> None:
    await link(api, acme, unipile)
    unipile.next("search", None, None, fault)
    made = await capture(acme)
    assert made["contactCount"] == 125
    assert unipile.calls["search"] == 6
    unipile.always("search", problem(503, "errors/network_down"))  # reading needs no account
    found: list[str] = []
    for offset in range(0, 125, 25):
        page = (await acme.get(f"{LISTS}/{made['id']}/contacts?offset={offset}&limit=25")).json()
        found += [one["fullName"] for one in page["items"]]
    assert found == names(STAFF[:125])


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (problem(503, "errors/network_down"), 503, "UNAVAILABLE"),
        (problem(429, "errors/too_many_requests"), 429, "TOO_MANY_REQUESTS"),
        (problem(401, "errors/disconnected_account"), 400, "CONNECTOR_NOT_CONNECTED"),
        (problem(401, "errors/checkpoint_error"), 400, "CONNECTOR_NOT_CONNECTED"),
    ],
)
async def test_capture_that_fails_half_way_stores_nothing(
    api: Api, acme: Account, unipile: UnipileSimulator, fault: Answer, status: int, code: str
) -> None:
    await link(api, acme, unipile)
    unipile.next("search", None, None, *[fault] * 12)
    assert (await capture(acme, status))["error"]["code"] == code
    assert unipile.calls["search"] > 2
    assert await stored(api, acme) == (0, 0)


@pytest.mark.parametrize("imported", [False, True])
async def test_capture_of_what_linkedin_has_no_word_for_says_so_and_stores_nothing(
    api: Api, acme: Account, unipile: UnipileSimulator, imported: bool
) -> None:
    await link(api, acme, unipile)
    if imported:
        await bring(api, acme, [Profile(full_name="Ada Quist")])
    before = await stored(api, acme)
    refused = await acme.post(LISTS, {"name": "Zoo", "filters": WANTED | {"jobTitles": ["Zoologist"]}})
    assert refused.status_code == 400, refused.text
    assert "no job title 'Zoologist'" in refused.text
    assert await stored(api, acme) == before


async def test_capture_that_is_too_slow_is_504_and_stores_nothing(
    api: Api, acme: Account, unipile: UnipileSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    await link(api, acme, unipile)
    lists = ContactLists(api.database, api.leadline.contacts, seconds=1.0)
    monkeypatch.setattr(api.leadline, "contact_lists", lists)
    unipile.always("search", Hang())
    assert (await capture(acme, 504))["error"]["type"] == "TIMEOUT"
    assert await stored(api, acme) == (0, 0)


async def test_list_is_not_made_of_imports_alone_while_a_linked_account_is_gone(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    await link(api, acme, unipile)
    known = Profile(full_name="Known", positions=(Position(title="Boss", company="Acme", company_url=ACME),))
    async with api.database.transaction() as connection:
        await take_in(connection, acme.organisation_id, [Found(known, Origin(source="import"))])
    unipile.always("search", problem(401, "errors/disconnected_account"))
    unipile.always("company", problem(401, "errors/disconnected_account"))
    for _ in range(2):
        assert (await capture(acme, 400))["error"]["code"] == "CONNECTOR_NOT_CONNECTED"
    assert (await stored(api, acme))[0] == 0


async def test_people_whom_linkedin_hides_are_not_stored(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    seen, unnamed, outside = members(3)
    unipile.people = [
        dataclasses.replace(unnamed, hidden=True),
        seen,
        dataclasses.replace(outside, distance="OUT_OF_NETWORK"),
    ]
    await link(api, acme, unipile)
    assert (await capture(acme))["contactCount"] == 1
    assert await stored(api, acme) == (1, 1)


async def test_whom_the_organisation_erased_the_account_does_not_bring_back(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    unipile.people = members(3)
    await link(api, acme, unipile)
    await capture(acme)
    erased = "select id from people where organisation_id = $1 and profile_url like '%/member-1'"
    person_id = await api.database.fetchval(erased, acme.organisation_id)
    answer = await acme.call("DELETE", f"/v1/contacts/people/{person_id}")
    assert answer.status_code == 200, answer.text
    left = names([unipile.people[0], unipile.people[2]])
    assert shown(await search(acme)) == left
    assert (await capture(acme))["contactCount"] == 2
    assert await stored(api, acme) == (2, 2)
    signal = await ask(acme, "What is their current role?", unipile.people[1])
    assert signal.get("answer") is None
    assert (unipile.calls["profile"], unipile.calls["posts"]) == (0, 0)
    other = await api.account()
    await link(api, other, unipile)
    assert len(shown(await search(other))) == 3  # it is one organisation's wish


# ------------------------------------------------------------------ signals


async def ask(account: Account, question: str, one: Member, **members: Any) -> dict[str, Any]:
    answer: httpx2.Response = await account.post(
        f"{SIGNALS}/sync",
        {"contactProfileUrl": f"https://www.linkedin.com/in/{one.slug}", "question": question, **members},
        headers={"X-Sbr-Timeout-Sec": "120"},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_signal_about_a_person_is_answered_from_the_account(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    await link(api, acme, unipile)
    one = STAFF[0]
    unipile.posts[one.classic_id] = [
        post(1, "We are hiring two welders in Kassel this spring.", "2026-11-01T09:00:00Z")
    ]
    signal = await ask(acme, "What is their current role?", one)
    assert one.title in signal["answer"]["openText"]["value"]
    assert signal["metadata"]["connectors"]["salesNavigator"]["status"] == "ok"
    skipped = await ask(
        acme, "What is their role now?", one, connectors={"salesNavigator": {"enabled": "off"}}
    )
    assert skipped["metadata"]["connectors"]["salesNavigator"]["status"] == "skipped"


async def test_signal_is_asked_by_the_account_that_its_key_is_pinned_to(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    async with UnipileSimulator(members(7)) as small:
        await link(api, acme, unipile)
        mine = await link(api, acme, small)
        await api.leadline.connections.pin(acme.organisation_id, acme.key_id, mine.id)
        signal = await ask(acme, "What is their current role?", STAFF[0])
        assert signal["status"] == "completed"
        assert (small.calls["profile"], unipile.calls["profile"]) == (1, 0)


async def test_signal_says_when_the_account_is_disconnected(
    api: Api, acme: Account, unipile: UnipileSimulator
) -> None:
    made = await link(api, acme, unipile)
    unipile.state = "CREDENTIALS"
    await api.leadline.connections.test(acme.organisation_id, made.id)
    signal = await ask(
        acme, "What is their current role?", STAFF[1], connectors={"salesNavigator": {"enabled": "on"}}
    )
    assert signal["status"] == "failed"
    assert signal.get("answer") is None
    assert unipile.calls["profile"] == 0
