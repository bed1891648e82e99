"""Templates over HTTP (contract section 11): kept questions, their versions, and signals made by them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.service import Account, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/companies/signals/templates"
SOC = {"name": "SOC 2", "question": "Do they have a SOC 2 certificate?", "answerType": "boolean"}
SCHEMA = {"type": "object", "properties": {"year": {"type": "number"}}}


async def make(account: Account, **members: Any) -> dict[str, Any]:
    answer = await account.call("POST", PATH, json=SOC | members)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_template_is_kept_and_each_change_is_a_new_version(acme: Account) -> None:
    made = await make(acme, qualificationCriteria={"true": "good"}, description="  ")
    assert (made["version"], made["weight"], made["templateId"]) == (1, "important", made["id"])
    assert made["createdByUserId"] == str(acme.key_id)
    one = f"{PATH}/{made['id']}"
    changed = (await acme.call("PATCH", one, json={"question": " Do they  have SOC 2? "})).json()
    assert (changed["id"], changed["version"], changed["question"]) == (made["id"], 2, "Do they have SOC 2?")
    assert (changed["name"], changed["qualificationCriteria"]) == ("SOC 2", {"true": "good"})
    assert (await acme.get(one)).json() == changed
    assert (await acme.get(PATH)).json()["items"] == [changed]


async def test_what_is_wrong_is_named(acme: Account) -> None:
    for body, field in (
        ({"name": "x"}, "question"),
        (SOC | {"name": " "}, "name"),
        (SOC | {"question": "x" * 501}, "question"),
        (SOC | {"answerType": "novel"}, "answerType"),
        (SOC | {"answerType": "json_schema"}, "outputSchema"),
        (SOC | {"outputSchema": SCHEMA}, "outputSchema"),
        (SOC | {"weight": "huge"}, "weight"),
    ):
        answer = await acme.call("POST", PATH, json=body)
        assert answer.status_code in (400, 422), answer.text
        assert field in answer.text
    made = await make(acme)
    assert (await acme.call("PATCH", f"{PATH}/{made['id']}", json={})).status_code in (400, 422)
    assert (await acme.get(f"{PATH}/{made['id']}")).json() == made


async def test_another_type_drops_the_schema_of_the_old_one(acme: Account) -> None:
    made = await make(acme, answerType="json_schema", outputSchema=SCHEMA)
    assert made["outputSchema"] == SCHEMA
    changed = (await acme.call("PATCH", f"{PATH}/{made['id']}", json={"answerType": "number"})).json()
    assert (changed["answerType"], changed["outputSchema"]) == ("number", None)


async def test_a_deleted_template_makes_nothing_new_and_is_shown_when_asked_for(acme: Account) -> None:
    made, kept = await make(acme), await make(acme, name="Kept")
    one = f"{PATH}/{made['id']}"
    for _ in range(2):
        assert (await acme.call("DELETE", one)).status_code == 204
    gone = (await acme.get(one)).json()
    assert gone["deletedAt"]
    assert [item["id"] for item in (await acme.get(PATH)).json()["items"]] == [kept["id"]]
    everything = (await acme.get(f"{PATH}?includeDeleted=true&limit=1")).json()
    assert (everything["total"], everything["hasMore"], everything["items"][0]["id"]) == (2, True, kept["id"])
    assert (await acme.call("PATCH", one, json={"name": "x"})).status_code == 404
    asked = {"domain": "acme.com", "signalTemplateId": made["id"]}
    assert (await acme.call("POST", "/v1/companies/signals", json=asked)).status_code == 404


async def test_a_signal_takes_its_question_from_the_template_and_keeps_the_version(
    api: Api, acme: Account
) -> None:
    made = await make(acme)
    asked = {"domain": "acme.com", "signalTemplateId": made["id"], "question": "Something else?"}
    first = (await acme.call("POST", "/v1/companies/signals", json=asked)).json()
    assert (first["question"], first["answerType"]) == (SOC["question"], "boolean")
    again = (await acme.call("POST", "/v1/companies/signals", json=asked)).json()
    assert again["id"] == first["id"], "it joins the one that runs"
    await acme.call("PATCH", f"{PATH}/{made['id']}", json={"weight": "nice_to_have"})
    other = (await acme.call("POST", "/v1/companies/signals", json=asked)).json()
    assert other["id"] != first["id"], "another version is another question"
    versions = await api.database.fetch(
        "select template_version from signals where template_id = $1 order by created_at", made["id"]
    )
    assert [row["template_version"] for row in versions] == [1, 2]


async def test_a_subscription_takes_its_question_from_the_template(acme: Account) -> None:
    made = await make(acme)
    asked = {"signalTemplateId": made["id"], "domain": "acme.com", "frequency": "daily"}
    answer = await acme.call("POST", "/v1/companies/signals/subscriptions", json=asked)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["name"], found["question"], found["version"]) == ("SOC 2", SOC["question"], 1)
    assert found["signalTemplateId"] == made["id"]


async def test_templates_of_others_are_not_there(api: Api, acme: Account) -> None:
    made = await make(acme)
    stranger = await api.account()
    one = f"{PATH}/{made['id']}"
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert (await stranger.call(method, one, json=body)).status_code == 404
    assert (await stranger.get(PATH)).json()["total"] == 0
    asked = {"domain": "acme.com", "signalTemplateId": made["id"]}
    assert (await stranger.call("POST", "/v1/companies/signals", json=asked)).status_code == 404


async def test_a_question_is_looked_at_before_it_is_asked(acme: Account, api: Api) -> None:
    made = await make(acme, question="How many warehouses do they run?", answerType="number")
    body = {"question": "How many warehouses do they have?"}
    seen = (await acme.call("POST", "/v1/questions/lint", json=body)).json()
    assert seen["answerType"] == "number"
    assert [hint["fault"] for hint in seen["hints"]] == ["untyped"]
    assert [near["id"] for near in seen["templates"]] == [made["id"]]
    other = await api.account()
    assert (await other.call("POST", "/v1/questions/lint", json=body)).json()["templates"] == []
    vague = {"question": "tell me about them", "answerType": "open_text"}
    hints = (await acme.call("POST", "/v1/questions/lint", json=vague)).json()["hints"]
    assert [hint["fault"] for hint in hints] == ["vague"]
