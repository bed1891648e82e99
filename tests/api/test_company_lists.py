"""Company lists over HTTP (contract section 21): saved filters over the companies that are known."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
import pytest_asyncio
from tests.api.service import Account, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/companies/lists"


async def known(api: Api, host: str, **fields: Any) -> None:
    """A company whose profile says this."""
    company_id = await api.database.fetchval(
        "insert into companies (id, host) values (gen_random_uuid(), $1) on conflict (host) do update set host = $1"
        " returning id",
        host,
    )
    held = {name: {"value": value, "findings": []} for name, value in fields.items()}
    await api.database.execute(
        "insert into company_profiles (company_id, pages, profile) values ($1, '{}', $2)"
        " on conflict (company_id) do update set profile = excluded.profile",
        company_id,
        json.dumps({"host": host, "fields": held}),
    )


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def companies(api: Api) -> None:
    await known(
        api, "mill.com", name="Hull Mills", industry="Food production", size="51-200", type="private", founded=1880,
        technologies=["HubSpot", "Google Analytics"], linkedin="https://www.linkedin.com/company/hull-mills/",
        headquarters={"city": "Hull", "countryCode": "GB"},
    )  # fmt: skip
    await known(
        api, "kiel.de", name="=Kiel", industry="Software development", size="11-50", founded=2004,
        technologies=["HubSpot"], headquarters={"city": "Kiel", "countryCode": "DE"},
    )  # fmt: skip


async def make(account: Account, **kept: Any) -> dict[str, Any]:
    answer = await account.call("POST", PATH, json={"name": "Prospects", "filter": kept})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def domains(account: Account, kept: dict[str, Any]) -> list[str]:
    answer = await account.call("POST", "/v1/companies/search", json={"filter": kept})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    counted = (await account.call("POST", f"{PATH}/count-preview", json={"filter": kept})).json()
    assert (counted["count"], counted["credits"]) == (body["total"], 0)
    return [company["domain"] for company in body["companies"]]


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ({}, []),
        ({"domains": ["www.Mill.com", "unknown.com"]}, ["mill.com"]),
        ({"websites": ["https://kiel.de/about"]}, ["kiel.de"]),
        ({"names": ["hull mills"]}, ["mill.com"]),
        ({"handles": ["Hull-Mills"]}, ["mill.com"]),
        ({"industries": ["software development", "food production"]}, ["kiel.de", "mill.com"]),
        ({"sizes": ["51-200"]}, ["mill.com"]),
        ({"types": ["Private"]}, ["mill.com"]),
        ({"technologies": ["google-analytics"]}, ["mill.com"]),
        ({"technologies": ["hubspot"], "location": {"countryCodes": ["DE"]}}, ["kiel.de"]),
        ({"founded": {"after": 1879, "before": 1881}}, ["mill.com"]),
        ({"founded": {"after": 1880}, "technologies": ["hubspot"]}, ["kiel.de"]),
        ({"technologies": ["hubspot"], "exclude": {"domains": ["kiel.de"]}}, ["mill.com"]),
        ({"technologies": ["hubspot"], "exclude": {"industries": ["food production"]}}, ["kiel.de"]),
        ({"names": ["%"]}, []),
    ],
)
async def test_all_criteria_must_be_met_each_by_one_of_its_values(
    acme: Account, kept: dict[str, Any], found: list[str]
) -> None:
    assert await domains(acme, kept) == found


async def test_a_list_is_a_filter_that_is_looked_up_when_it_is_read(api: Api, acme: Account) -> None:
    made = await make(acme, technologies=["hubspot"])
    one = f"{PATH}/{made['id']}"
    assert (await acme.get(one)).json() == made
    assert (await acme.get(f"{one}/companies?limit=1")).json()["hasMore"] is True
    await known(api, "third.com", name="Third", technologies=["HubSpot"])
    page = (await acme.get(f"{one}/companies")).json()
    assert [company["domain"] for company in page["items"]] == ["kiel.de", "mill.com", "third.com"]
    assert page["items"][1]["founded"] == 1880
    await known(api, "third.com", name="Third")
    renamed = (await acme.call("PUT", one, json={"name": "Renamed", "filter": {}})).json()
    assert (renamed["name"], renamed["filter"]) == ("Renamed", made["filter"])
    narrowed = (await acme.call("PUT", one, json={"name": "", "filter": {"sizes": ["11-50"]}})).json()
    assert (narrowed["name"], narrowed["filter"]) == ("Renamed", {"sizes": ["11-50"]})
    assert [item["id"] for item in (await acme.get(PATH)).json()["items"]] == [made["id"]]
    assert (await acme.call("DELETE", one)).status_code == 204
    assert (await acme.get(one)).status_code == 404
    assert (await acme.get(PATH)).json()["total"] == 0


async def test_companies_named_by_domain_are_members_though_nobody_knew_them(acme: Account) -> None:
    made = await make(acme, domains=["https://www.new-one.com/x".split("/")[2], "New-One.com", "kiel.de"])
    assert made["filter"]["domains"] == ["new-one.com", "kiel.de"]
    page = (await acme.get(f"{PATH}/{made['id']}/companies")).json()
    assert [company["domain"] for company in page["items"]] == ["kiel.de", "new-one.com"]
    wrong = await acme.call("POST", PATH, json={"name": "x", "filter": {"domains": ["no domain"]}})
    assert wrong.status_code == 422
    assert "no domain" in wrong.text


async def test_a_list_is_exported_with_the_newest_answer_of_each_template(api: Api, acme: Account) -> None:
    template = (
        await acme.call(
            "POST",
            "/v1/companies/signals/templates",
            json={"name": "Founded", "question": "When was it founded?", "answerType": "number"},
        )
    ).json()
    asked = {"domain": "mill.com", "signalTemplateId": template["id"]}
    signal = (await acme.call("POST", "/v1/companies/signals", json=asked)).json()
    await api.finish(signal["id"])
    made = await make(acme, technologies=["hubspot"])
    answer = await acme.call(
        "POST",
        f"{PATH}/{made['id']}/export",
        json={"fields": ["founded"], "signalTemplateIds": [template["id"]]},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header[:3] == ["name", "website", "founded"]
    assert [row[:3] for row in rows] == [
        ["'=Kiel", "https://kiel.de/", "2004"],
        ["Hull Mills", "https://mill.com/", "1880"],
    ]
    assert rows[1][4] != ""
    bare = await acme.call("POST", f"{PATH}/{made['id']}/export")
    assert bare.status_code == 200
    assert (
        await acme.call("POST", f"{PATH}/{made['id']}/export", json={"fields": ["shoes"]})
    ).status_code == 400


async def test_a_subscription_asks_the_members_of_a_list(api: Api, acme: Account) -> None:
    made = await make(acme, technologies=["hubspot"])
    asked = {
        "name": "x",
        "question": "How many people work there?",
        "listId": made["id"],
        "frequency": "daily",
    }
    answer = await acme.call("POST", "/v1/companies/signals/subscriptions", json=asked)
    assert answer.status_code == 201, answer.text
    triggered = await acme.call("POST", f"/v1/companies/signals/subscriptions/{answer.json()['id']}/trigger")
    assert triggered.status_code == 200, triggered.text


async def test_nothing_is_imported_without_an_installation(acme: Account) -> None:
    source = {"type": "hubspot", "filter": {"propertyName": "a", "operator": "EQ", "value": "b"}}
    answer = await acme.call("POST", f"{PATH}/import", json={"name": "x", "source": source})
    assert answer.status_code == 400
    assert "HubSpot" in answer.text


async def test_lists_of_others_are_not_there(api: Api, acme: Account) -> None:
    made = await make(acme, sizes=["11-50"])
    stranger = await api.account()
    one = f"{PATH}/{made['id']}"
    for method, path, body in (
        ("GET", one, None),
        ("PUT", one, {"name": "x", "filter": {}}),
        ("DELETE", one, None),
        ("GET", f"{one}/companies", None),
        ("POST", f"{one}/export", None),
    ):
        assert (await stranger.call(method, path, json=body)).status_code == 404
