"""Labels and thresholds over HTTP."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from tests.api.service import Account, Api
from tests.api.test_contact_search import bring, person

from leadline.contacts.service import named_person

ADA = "https://www.linkedin.com/in/ada-quist"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def labelled(
    account: Account, signal_id: str, body: object, about: str = "companies"
) -> tuple[int, object]:
    answer = await account.call("PUT", f"/v1/{about}/signals/{signal_id}/label", json=body)
    return answer.status_code, answer.json()


async def test_a_label_comes_back_with_the_answer_it_judges(api: Api, acme: Account) -> None:
    made = await acme.ask(answerType="number")
    await api.finish(made["id"], answer="12.0")
    status, label = await labelled(
        acme, made["id"], {"verdict": "wrong", "expected": 14, "note": "see /about"}
    )
    assert status == 200
    assert isinstance(label, dict)
    assert (label["verdict"], label["expected"], label["answer"]) == ("wrong", 14, 12)
    listed = (await acme.get("/v1/labels?verdict=wrong")).json()
    assert (listed["total"], listed["items"]) == (1, [label])
    assert (await acme.get("/v1/labels?verdict=right")).json()["items"] == []
    gone = await acme.call("DELETE", f"/v1/companies/signals/{made['id']}/label")
    assert gone.status_code == 204
    assert (await acme.get("/v1/labels")).json()["total"] == 0


async def test_the_label_of_an_older_signal_is_the_one_shown(api: Api, acme: Account) -> None:
    ids = []
    for number in range(2):
        made = await acme.ask(f"How many of {number}?", answerType="number")
        await api.finish(made["id"], answer=f"{number}.0")
        ids.append(made["id"])
        await labelled(acme, made["id"], {"verdict": "right"})
    status, label = await labelled(acme, ids[0], {"verdict": "wrong"})
    assert isinstance(label, dict)
    assert (status, label["signalId"], label["answer"]) == (200, ids[0], 0)


async def test_bad_labels_are_refused_with_the_field(api: Api, acme: Account) -> None:
    made = await acme.ask()
    assert (await labelled(acme, made["id"], {"verdict": "right"}))[0] == 409  # nothing is answered yet
    await api.finish(made["id"], answer="true")
    for body, field in (
        ({}, "verdict"),
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": "right", "note": 1}, "note"),
    ):
        status, refusal = await labelled(acme, made["id"], body)
        assert status == 400
        assert field in json.dumps(refusal)
    other = await api.account()
    for account, about in ((other, "companies"), (acme, "contacts")):
        assert (await labelled(account, made["id"], {"verdict": "right"}, about))[0] == 404


async def test_thresholds_are_set_shown_and_taken_back(api: Api, acme: Account) -> None:
    kept = {"name": "SOC", "question": "SOC 2?", "answerType": "boolean"}
    template = await acme.post("/v1/companies/signals/templates", kept)
    template_id = template.json()["id"]
    await acme.call("PUT", "/v1/thresholds", json={"least": 0.8})
    both = await acme.call("PUT", "/v1/thresholds", json={"least": 0.6, "templateId": template_id})
    assert both.json() == {"thresholds": [{"least": 0.8}, {"least": 0.6, "templateId": template_id}]}
    assert (await (await api.account()).get("/v1/thresholds")).json() == {"thresholds": []}
    left = await acme.call("PUT", "/v1/thresholds", json={"least": None})
    assert left.json() == {"thresholds": [{"least": 0.6, "templateId": template_id}]}
    for body in ({"least": 0}, {"least": 1.5}, {"least": "much"}, {}):
        assert (await acme.call("PUT", "/v1/thresholds", json=body)).status_code == 400
    unknown = await acme.call("PUT", "/v1/thresholds", json={"least": 0.5, "templateId": str(uuid4())})
    assert unknown.status_code == 404


async def test_what_labels_say_of_a_person_is_erased_with_them(api: Api, acme: Account) -> None:
    await bring(api, acme, [person("Ada Quist", "Engineer", "acme.com", company="Acme", profile_url=ADA)])
    made = await acme.ask("Who leads it?", answerType="open_text")
    await api.finish(made["id"], answer='"Bo Lind"')
    await labelled(acme, made["id"], {"verdict": "wrong", "expected": "Ada Quist", "note": "Ada Quist does"})
    person_id = await named_person(api.database, acme.organisation_id, ADA)
    export = (await acme.get(f"/v1/contacts/people/{person_id}/export")).json()["person"]
    assert [one["expected"] for one in export["labels"]] == ["Ada Quist"]
    gone = await acme.call("DELETE", f"/v1/contacts/people/{person_id}")
    assert gone.json()["erased"]["labels"] == 1
    (left,) = (await acme.get("/v1/labels")).json()["items"]
    assert (left["expected"], left["note"], left["answer"]) == ("███", "███ does", "Bo Lind")
