"""Contact research over HTTP, held against the contract."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.api.service import Account, Api, open_api

RESEARCH = "/v1/contacts/research"
JOHN = {"firstName": "John", "lastName": "Doe", "companyName": "Acme Corp", "companyDomain": "acme.com"}

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def create(account: Account, **members: Any) -> dict[str, Any]:
    answer = await account.post(RESEARCH, JOHN | members)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_research_is_queued_and_read(acme: Account) -> None:
    made = await create(acme, jobTitle="VP of Sales")
    assert re.fullmatch(r"cr_[a-z0-9]{12}", made["id"])
    assert set(made) == {"id", "status", "createdAt"}
    found = (await acme.get(f"{RESEARCH}/{made['id']}")).json()
    assert found == made | JOHN | {"jobTitle": "VP of Sales"}
    assert (await acme.get("/v1/credits")).json() == {"remainingCredits": 9_999}


async def test_an_identical_request_joins_and_is_free(acme: Account) -> None:
    first = await create(acme)
    assert await create(acme) == first
    assert (await acme.get("/v1/credits")).json() == {"remainingCredits": 9_999}


async def test_it_is_found_by_the_id_of_another_system(acme: Account) -> None:
    made = await create(acme, externalId="hubspot_12345", externalSource="hubspot")
    found = await acme.get(f"{RESEARCH}?externalId=hubspot_12345&externalSource=hubspot")
    assert found.json()["id"] == made["id"]
    assert (await acme.get(f"{RESEARCH}?externalId=other&externalSource=hubspot")).status_code == 404


async def test_another_organisations_research_is_not_found(api: Api, acme: Account) -> None:
    made = await create(acme, externalId="1", externalSource="crm")
    other = await api.account()
    for path in (f"{RESEARCH}/{made['id']}", f"{RESEARCH}?externalId=1&externalSource=crm"):
        answer = await other.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == "Contact research not found or access denied"


@pytest.mark.parametrize("research_id", ["cr_000000000000", "cr_", "nonsense", "%00", "cr_abc%27"])
async def test_an_unknown_id_is_404(acme: Account, research_id: str) -> None:
    assert (await acme.get(f"{RESEARCH}/{research_id}")).status_code == 404


@pytest.mark.parametrize(
    "query", ["", "?externalId=1", "?externalSource=crm", "?externalId=&externalSource=crm"]
)
async def test_half_an_external_id_is_422(acme: Account, query: str) -> None:
    answer = await acme.get(RESEARCH + query)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "Query parameters externalId and externalSource are required"


@pytest.mark.parametrize(
    ("members", "fields"),
    [
        ({"firstName": ""}, {"firstName"}),
        ({"lastName": None}, {"lastName"}),
        ({"companyDomain": "https://acme.com"}, {"companyDomain"}),
        ({"companyDomain": "acme com"}, {"companyDomain"}),
        ({"companyDomain": "acme"}, {"companyDomain"}),
        ({"contactProfileUrl": "https://acme.com/jane"}, {"contactProfileUrl"}),
        ({"jobTitle": "x" * 201, "externalId": "x" * 101}, {"jobTitle", "externalId"}),
        ({"webhookUrl": "http://10.0.0.1/"}, {"webhookUrl"}),
    ],
)
async def test_bad_members_are_named(acme: Account, members: dict[str, Any], fields: set[str]) -> None:
    answer = await acme.post(RESEARCH, JOHN | members)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["message"] == "Invalid request body"
    assert {one["field"] for one in error["fields"]} == fields


async def test_a_body_that_is_not_json_is_400(acme: Account) -> None:
    assert (await acme.call("POST", RESEARCH, content=b"{")).status_code == 400


async def test_without_credits_it_is_402(api: Api) -> None:
    poor = await api.account(credits_left=0)
    assert (await poor.post(RESEARCH, JOHN)).status_code == 402


async def test_legacy_errors_are_those_of_the_older_api(api_database_url: str, tmp_path: Path) -> None:
    async with open_api(api_database_url, tmp_path, legacy_errors=True) as api:
        acme = await api.account()
        bad = await acme.post(RESEARCH, JOHN | {"companyDomain": "https://acme.com"})
        assert bad.json() == {
            "error": "VALIDATION_ERROR",
            "message": "Invalid request body",
            "details": [{"field": "companyDomain", "message": "must be a valid hostname"}],
        }
        assert (await acme.get(RESEARCH)).json()["message"].startswith("Query parameters externalId")
        unknown = {"error": "NOT_FOUND", "message": "Contact research not found or access denied"}
        assert (await acme.get(f"{RESEARCH}/cr_000000000000")).json() == unknown
        assert (await acme.get(f"{RESEARCH}?externalId=1&externalSource=x")).json() == unknown
        assert (await acme.call("POST", RESEARCH, content=b"{")).json()["error"] == "BAD_REQUEST"
