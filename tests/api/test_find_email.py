"""Finding an address over HTTP, held against the contract."""

from __future__ import annotations

import pytest
from tests.api.service import Account

FIND = "/v1/contacts/find-email"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_domain_of_everybodys_is_both_null(acme: Account) -> None:
    answer = await acme.post(FIND, {"full_name": "Jane Doe", "domain": "gmail.com"})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["email"], found["verification"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"full_name", "domain"}),
        ({"full_name": "Jane", "domain": "acme.com"}, {"full_name"}),
        ({"full_name": "x" * 201, "domain": "acme.com"}, {"full_name"}),
        ({"full_name": "Jane Doe", "domain": "https://acme.com/"}, {"domain"}),
        ({"full_name": "Jane Doe", "domain": "jane@acme.com"}, {"domain"}),
        ({"fullName": "Jane Doe", "domain": "acme.com"}, {"full_name"}),
        ({"full_name": 7, "domain": None}, {"full_name", "domain"}),
    ],
)
async def test_what_cannot_be_asked_names_its_members(
    acme: Account, body: dict[str, object], fields: set[str]
) -> None:
    answer = await acme.post(FIND, body)
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["error"]["fields"]} == fields


async def test_a_body_that_is_no_object_is_400(acme: Account) -> None:
    assert (await acme.post(FIND, ["Jane Doe"])).status_code == 400
