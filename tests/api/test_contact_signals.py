"""Signals about people over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.api.service import Account, Api, open_api
from tests.directories import JO, MemoryDirectory, only

from leadline.research.people import parse_profile_address
from leadline.worker.running import run_worker

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNALS = "/v1/contacts/signals"
ASK = {"contactProfileUrl": JO, "question": "What is their current role?"}


async def ask(account: Account, **members: Any) -> dict[str, Any]:
    answer = await account.post(SIGNALS, ASK | members)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_accepted_signal_is_shown_as_processing(acme: Account) -> None:
    made = await ask(acme, contactProfileUrl="https://de.linkedin.com/in/Jo-Quist/?trk=x")
    assert set(made) == {
        "id", "status", "signalType", "contactProfileUrl", "question", "answerType", "createdAt",
    }  # fmt: skip
    assert (made["status"], made["contactProfileUrl"], made["signalType"]) == ("processing", JO, "CONTACT")
    assert (await acme.get(f"{SIGNALS}/{made['id']}")).json() == made


async def test_identical_running_questions_are_one_signal(acme: Account) -> None:
    made = await asyncio.gather(*(ask(acme) for _ in range(6)))
    assert len({one["id"] for one in made}) == 1
    assert (await acme.get("/v1/credits")).json() == {"remainingCredits": 9_999}


async def test_each_kind_of_signal_has_its_routes(api: Api, acme: Account) -> None:
    person, company = await ask(acme), await acme.ask()
    assert (await acme.get(f"/v1/companies/signals/{person['id']}")).status_code == 404
    assert (await acme.get(f"{SIGNALS}/{company['id']}")).status_code == 404
    listed = (await acme.get("/v1/companies/signals")).json()
    assert [one["id"] for one in listed["results"]] == [company["id"]]
    assert listed["total"] == 1
    listed = (await acme.get(SIGNALS)).json()
    assert [one["id"] for one in listed["results"]] == [person["id"]]
    assert listed["total"] == 1


async def test_another_organisations_signal_is_not_found(api: Api, acme: Account) -> None:
    made = await ask(acme)
    other = await api.account()
    assert (await other.get(f"{SIGNALS}/{made['id']}")).status_code == 404
    assert (await other.get(SIGNALS)).json()["total"] == 0


async def test_the_list_is_filtered_by_profile(acme: Account) -> None:
    first = await ask(acme)
    await ask(acme, contactProfileUrl="https://www.linkedin.com/in/al-brill")
    spelled = {"contactProfileUrl": "linkedin.com/in/JO-QUIST/"}
    found = (await acme.get(SIGNALS, params=spelled)).json()
    assert ([one["id"] for one in found["results"]], found["total"]) == ([first["id"]], 1)
    page = (await acme.get(SIGNALS, params={"limit": "1", "offset": "1"})).json()
    assert ([one["id"] for one in page["results"]], page["total"], page["count"]) == ([first["id"]], 2, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"contactProfileUrl": "https://acme.com/jo"}, "contactProfileUrl"),
        ({"contactProfileUrl": "https://www.linkedin.com/company/acme"}, "contactProfileUrl"),
        ({"contactProfileUrl": ""}, "contactProfileUrl"),
        ({"contactProfileUrl": 7}, "contactProfileUrl"),
        ({"question": ""}, "question"),
        ({"answerType": "feeling"}, "answerType"),
        ({"connectors": {"salesNavigator": {"enabled": "maybe"}}}, "connectors.salesNavigator.enabled"),
        ({"webhookUrl": "ftp://x"}, "webhookUrl"),
    ],
)
async def test_what_is_wrong_is_said(acme: Account, body: dict[str, Any], field: str) -> None:
    answer = await acme.post(SIGNALS, ASK | body)
    assert answer.status_code == 422
    assert field in [one["field"] for one in answer.json()["error"]["fields"]]


async def test_a_filter_that_is_no_profile_is_a_bad_request(acme: Account) -> None:
    answer = await acme.get(SIGNALS, params={"contactProfileUrl": "https://acme.com/jo"})
    assert answer.status_code == 400


async def test_no_subject_and_no_question_are_refused(acme: Account) -> None:
    for body in ({"question": "Why?"}, {"contactProfileUrl": JO}):
        assert (await acme.post(SIGNALS, body)).status_code == 422


async def test_a_template_says_what_is_asked(acme: Account) -> None:
    kept = await acme.post(
        "/v1/companies/signals/templates",
        {"name": "Still there", "question": "Do they still work at Acme?", "answerType": "boolean"},
    )
    assert kept.status_code == 201, kept.text
    body = {"contactProfileUrl": JO, "signalTemplateId": kept.json()["id"]}
    made = await acme.post(SIGNALS, body)
    assert (made.json()["question"], made.json()["answerType"]) == ("Do they still work at Acme?", "boolean")


async def test_no_credits_no_signal(api: Api) -> None:
    poor = await api.account(credits_left=0)
    assert (await poor.post(SIGNALS, ASK)).status_code == 402


# ------------------------------------------------------------------ with a worker


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def working(api_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("working")
    async with open_api(api_database_url, folder, directories=only(MemoryDirectory())) as running:
        stop = asyncio.Event()
        worker = asyncio.create_task(run_worker(running.leadline, stop))
        try:
            yield running
        finally:
            stop.set()
            await asyncio.wait_for(worker, 60)


async def test_a_question_about_a_person_is_answered_while_waiting(working: Api) -> None:
    account = await working.account()
    answer = await account.post(f"{SIGNALS}/sync", ASK, headers={"X-Sbr-Timeout-Sec": "120"})
    assert answer.status_code == 200, answer.text
    signal = answer.json()
    assert signal["answer"] == {"type": "open_text", "openText": {"value": "Head of Sales at Acme"}}
    assert signal["metadata"]["connectors"] == {"salesNavigator": {"status": "not_connected"}}
    assert signal["sources"][0]["url"] == JO
    again = await account.post(SIGNALS, ASK)
    assert again.json() == signal
    assert (await account.get("/v1/credits")).json() == {"remainingCredits": 9_999}
    async with asyncio.timeout(60):
        while not (events := (await account.get("/v1/events")).json())["items"]:
            await asyncio.sleep(0.1)
    assert signal["id"] in json.dumps(events)


async def test_nobody_of_that_address_is_a_visible_failure(working: Api) -> None:
    account = await working.account()
    body = ASK | {"contactProfileUrl": "https://www.linkedin.com/in/nobody-here"}
    answer = await account.post(f"{SIGNALS}/sync", body, headers={"X-Sbr-Timeout-Sec": "120"})
    signal = answer.json()
    assert (answer.status_code, signal["status"], signal["errorCode"]) == (200, "failed", "CONTACT_NOT_FOUND")
    assert (await account.get("/v1/credits")).json() == {"remainingCredits": 10_000}


async def test_an_empty_address_is_no_filter(acme: Account) -> None:
    refused = await acme.get(SIGNALS, params={"contactProfileUrl": ""})
    assert refused.status_code == 400
    assert "contactProfileUrl" in refused.text


async def test_who_is_not_kept_and_was_asked_about_is_erased_by_address(api: Api, acme: Account) -> None:
    address = parse_profile_address("https://www.linkedin.com/in/not-kept")
    made = await ask(acme, contactProfileUrl=address.url)
    counts = await api.leadline.privacy.erase_address(acme.organisation_id, address)
    assert (counts["people"], counts["signals"]) == (0, 1)
    assert (await acme.get(f"{SIGNALS}/{made['id']}")).status_code == 404
