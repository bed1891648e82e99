"""Contact lists over HTTP (contract section 17)."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import pytest
from tests.api.service import Account, Api
from tests.api.test_contact_search import bring, person
from tests.directories import only

from leadline.contact_lists import service
from leadline.contact_lists.service import ContactLists
from leadline.contacts.service import ContactSearch
from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    PeopleFilter,
    PeoplePage,
    Post,
    Profile,
    ProfileAddress,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/contacts/lists"
ACME = "https://www.linkedin.com/company/acme"
ENGINEERS: dict[str, Any] = {"companyLinkedInUrls": [ACME], "jobTitles": ["Engineer"]}


def engineers(count: int) -> list[Profile]:
    return [
        person(
            f"Eve{n} Stone",
            "Engineer",
            ACME,
            company="Acme",
            profile_url=f"https://www.linkedin.com/in/eve{n}",
        )
        for n in range(count)
    ]


async def make(account: Account, name: str = "Engineers", **filters: Any) -> dict[str, Any]:
    answer = await account.post(PATH, {"name": name, "filters": filters or ENGINEERS})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_list_is_a_frozen_copy_in_stored_order(api: Api, acme: Account) -> None:
    await bring(api, acme, engineers(130))
    made = await make(acme)
    assert (made["contactCount"], made["filters"]) == (125, ENGINEERS)
    one = f"{PATH}/{made['id']}"
    assert (await acme.get(one)).json() == made
    first = (await acme.get(f"{one}/contacts?limit=100")).json()
    assert (first["total"], first["hasMore"], len(first["items"])) == (125, True, 100)
    rest = (await acme.get(f"{one}/contacts?limit=100&offset=100")).json()
    assert (len(rest["items"]), rest["hasMore"]) == (25, False)
    names = [item["fullName"] for item in (*first["items"], *rest["items"])]
    assert names == [f"Eve{n} Stone" for n in range(125)]
    assert (first["items"][0]["role"], first["items"][0]["companyName"]) == ("Engineer", "Acme")
    # What becomes of a person later changes nothing here; the person is the same in another list.
    await bring(
        api,
        acme,
        [person("Eve0 Stone", "CTO", ACME, company="Acme", profile_url="https://www.linkedin.com/in/eve0")],
    )
    again = (await acme.get(f"{one}/contacts?limit=1")).json()["items"][0]
    assert again["role"] == "Engineer"
    other = await make(acme, "CTOs", companyLinkedInUrls=[ACME], jobTitles=["CTO"])
    item = (await acme.get(f"{PATH}/{other['id']}/contacts")).json()["items"][0]
    assert (item["role"], item["baseContactId"]) == ("CTO", again["baseContactId"])
    assert item["id"] != again["id"]


async def test_lists_are_renamed_listed_and_deleted(api: Api, acme: Account) -> None:
    await bring(api, acme, engineers(3))
    one, two = await make(acme, "One"), await make(acme, "Two")
    page = (await acme.get(f"{PATH}?limit=1")).json()
    assert ([item["id"] for item in page["items"]], page["total"], page["hasMore"]) == ([two["id"]], 2, True)
    renamed = (await acme.call("PUT", f"{PATH}/{one['id']}", json={"name": "  New   name "})).json()
    assert (renamed["name"], renamed["contactCount"]) == ("New name", 3)
    assert renamed["updatedAt"] >= one["updatedAt"]
    for wrong in ({"name": " "}, {"name": "x" * 201}, {}):
        assert (await acme.call("PUT", f"{PATH}/{one['id']}", json=wrong)).status_code == 400
    assert (await acme.call("DELETE", f"{PATH}/{one['id']}")).status_code == 204
    assert (await acme.get(f"{PATH}/{one['id']}")).status_code == 404
    assert (await acme.get(f"{PATH}/{one['id']}/contacts")).status_code == 404
    left = await api.database.fetchval(
        "select count(*) from contact_list_items where organisation_id = $1", acme.organisation_id
    )
    assert left == 3


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            {"name": "x", "filters": {"companyLinkedInUrls": [ACME]}},
            "at least one of jobTitles, keywords, countries",
        ),
        ({"name": "x", "filters": {"jobTitles": ["CEO"]}}, "companyLinkedInUrls is required"),
        ({"name": "x", "filters": {"companyLinkedInUrls": [ACME], "countries": ["Germany"]}}, "write DE"),
        (
            {"name": "x", "filters": {"companyLinkedInUrls": ["https://acme.com"], "keywords": "x"}},
            "linkedin.com",
        ),
        ({"name": " ", "filters": ENGINEERS}, "'name'"),
        ({"name": "x" * 201, "filters": ENGINEERS}, "200"),
        ({"filters": ENGINEERS}, "'name'"),
        ({"name": "x"}, "'filters'"),
    ],
)
async def test_bad_input_is_400_and_stores_nothing(acme: Account, body: dict[str, Any], says: str) -> None:
    answer = await acme.post(PATH, body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["type"] == "BAD_REQUEST"
    assert says in error["message"]
    assert (await acme.get(PATH)).json()["total"] == 0


async def test_without_a_directory_it_is_an_error_of_the_connector(api: Api) -> None:
    nobody = await api.account()
    answer = await nobody.post(PATH, {"name": "x", "filters": ENGINEERS})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["errorCode"]) == ("CONNECTOR_NOT_CONNECTED", "SALES_NAVIGATOR_NOT_CONNECTED")
    assert "import" in error["errorAction"]
    assert (await nobody.get(PATH)).json()["total"] == 0


async def test_lists_of_others_are_not_there(api: Api, acme: Account) -> None:
    await bring(api, acme, engineers(1))
    made = await make(acme)
    stranger = await api.account()
    one = f"{PATH}/{made['id']}"
    for method, path, body in (
        ("GET", one, None),
        ("PUT", one, {"name": "x"}),
        ("DELETE", one, None),
        ("GET", f"{one}/contacts", None),
    ):
        answer = await stranger.call(method, path, json=body)
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Contact list not found")
    assert (await acme.get(f"{PATH}/nonsense")).status_code == 404
    assert (await acme.get(f"{PATH}?limit=0")).status_code == 400


async def test_cells_that_look_like_formulas_stay_text(api: Api, acme: Account) -> None:
    await bring(api, acme, [person("=cmd()", "Engineer", ACME, company="+Acme")])
    made = await make(acme)
    content = await service.export(api.database.repeatable, acme.organisation_id, service.list_id(made["id"]))
    header, row = csv.reader(io.StringIO(content.decode()))
    assert (row[header.index("full name")], row[header.index("company")]) == ("'=cmd()", "'+Acme")


class Stumbling:
    """Has many people, and fails at some looks, or takes its time."""

    name = "salesNavigator"

    def __init__(self, *fails: int, seconds: float = 0) -> None:
        self.fails = fails
        self.seconds = seconds
        self.looks = 0

    async def search(self, wanted: PeopleFilter, *, limit: int, offset: int) -> PeoplePage:
        self.looks += 1
        await asyncio.sleep(self.seconds)
        if self.looks in self.fails:
            raise DirectoryError(DirectoryFault.UNAVAILABLE, "it stumbled")
        return PeoplePage(tuple(engineers(200)[offset : offset + limit]), 200)

    async def profile(self, address: ProfileAddress) -> Profile | None:
        return None

    async def posts(self, person: Profile, limit: int) -> tuple[Post, ...]:
        return ()


def lists_over(api: Api, directory: Stumbling, seconds: float = 60) -> ContactLists:
    return ContactLists(api.database, ContactSearch(only(directory)), seconds=seconds)


async def test_a_page_that_fails_once_is_asked_for_again(
    api: Api, acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = Stumbling(3)
    monkeypatch.setattr(api.leadline, "contact_lists", lists_over(api, directory))
    made = await make(acme)
    assert (made["contactCount"], directory.looks) == (125, 6)


async def test_a_page_that_fails_twice_stores_nothing(
    api: Api, acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.leadline, "contact_lists", lists_over(api, Stumbling(3, 4)))
    answer = await acme.post(PATH, {"name": "x", "filters": ENGINEERS})
    assert answer.status_code == 503
    assert (await acme.get(PATH)).json()["total"] == 0


async def test_a_search_that_is_too_slow_is_a_timeout_and_stores_nothing(
    api: Api, acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.leadline, "contact_lists", lists_over(api, Stumbling(seconds=30), seconds=0.2))
    answer = await acme.post(PATH, {"name": "x", "filters": ENGINEERS})
    assert answer.status_code == 504
    assert answer.json()["error"]["type"] == "TIMEOUT"
    assert (await acme.get(PATH)).json()["total"] == 0
