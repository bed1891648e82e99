"""The organisation's profile over HTTP (contract section 26)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.service import Account, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/organisation"


async def put(account: Account, body: Any) -> dict[str, Any]:
    answer = await account.call("PUT", PATH, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (await account.get(PATH)).json() == found
    return found


async def test_a_new_organisation_has_its_name_only(acme: Account) -> None:
    profile = (await acme.get(PATH)).json()
    assert profile["name"].startswith("org ")
    assert (profile["website"], profile["description"]) == ("", {})


async def test_only_what_is_sent_is_changed_also_inside_the_description(acme: Account) -> None:
    await put(
        acme,
        {
            "name": " Acme ",
            "website": "acme.com",
            "description": {"general": "Anvils.", "useCases": "Roads."},
        },
    )
    profile = await put(acme, {"description": {"useCases": "Canyons."}})
    assert profile == {
        "name": "Acme",
        "website": "acme.com",
        "description": {"general": "Anvils.", "useCases": "Canyons."},
    }
    assert await put(acme, {}) == profile


async def test_null_and_blank_are_not_sent_but_blank_empties_a_part_of_the_description(acme: Account) -> None:
    await put(acme, {"name": "Acme", "website": "acme.com", "description": {"general": "Anvils."}})
    profile = await put(acme, {"name": "", "website": None, "description": {"products": None}})
    assert profile == {"name": "Acme", "website": "acme.com", "description": {"general": "Anvils."}}
    assert (await put(acme, {"description": {"general": ""}}))["description"] == {"general": ""}


@pytest.mark.parametrize("given", ["https://www.Acme.com/about?x=1", "www.acme.com.", " WWW.ACME.COM "])
async def test_a_website_is_kept_as_a_domain(acme: Account, given: str) -> None:
    assert (await put(acme, {"website": given}))["website"] == "www.acme.com"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": 5}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"website": "acme"}, "website"),
        ({"website": "not a domain"}, "website"),
        ({"website": "http://["}, "website"),
        ({"description": "Anvils."}, "description"),
        ({"description": {"general": 5}}, "description.general"),
        ({"description": {"general": "x" * 20_001}}, "description.general"),
    ],
)
async def test_what_is_refused_is_400_and_named(acme: Account, body: Any, named: str) -> None:
    before = (await acme.get(PATH)).json()
    answer = await acme.call("PUT", PATH, json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "BAD_REQUEST"
    assert named in error["message"]
    assert "fields" not in error
    assert (await acme.get(PATH)).json() == before


async def test_another_organisation_is_not_touched(api: Api, acme: Account) -> None:
    other = await api.account()
    before = (await other.get(PATH)).json()
    await put(acme, {"name": "Acme", "website": "acme.com"})
    assert (await other.get(PATH)).json() == before


async def test_a_key_that_only_reads_may_not_change_it(api: Api) -> None:
    reader = await api.account(scopes=("read",))
    assert (await reader.get(PATH)).status_code == 200
    assert (await reader.call("PUT", PATH, json={"name": "x"})).status_code == 403
