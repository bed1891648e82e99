"""Subscriptions over HTTP, as the clients use them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.service import Account, Api

from leadline.events import service as events
from leadline.foundation.ids import new_id

ALL = "/v1/companies/signals/subscriptions"
STAFF = {
    "domain": "acme.com",
    "name": "Staff",
    "question": "How many people work there?",
    "answerType": "number",
    "frequency": "daily",
    "timezone": "Europe/Berlin",
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def made(acme: Account, **members: Any) -> dict[str, Any]:
    answer = await acme.post(ALL, STAFF | members)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_create_start_trigger_stop_as_the_command_line_client_does(acme: Account) -> None:
    subscription = await made(acme)
    assert (subscription["status"], subscription["frequency"]) == ("stopped", "daily")
    assert subscription["expectedCreditsPerMonth"] == 31
    one = f"{ALL}/{subscription['id']}"
    started = (await acme.call("POST", f"{one}/start")).json()
    assert started["status"] == "active"
    assert started["nextRunAt"].endswith("Z")
    triggered = (await acme.call("POST", f"{one}/trigger")).json()
    assert triggered["lastRunAt"] is not None
    stopped = (await acme.call("POST", f"{one}/stop")).json()
    assert (stopped["status"], stopped["nextRunAt"]) == ("stopped", None)
    assert (await acme.get(one)).json() == stopped
    assert [s["id"] for s in (await acme.get(ALL)).json()["items"]] == [subscription["id"]]
    runs = (await acme.get(f"{one}/runs")).json()
    assert [(run["origin"], run["status"]) for run in runs["results"]] == [("trigger", "queued")]


async def test_the_signals_of_a_run_stand_in_the_logs_and_in_the_list(api: Api, acme: Account) -> None:
    subscription = await made(acme)
    one = f"{ALL}/{subscription['id']}"
    await acme.call("POST", f"{one}/trigger")
    (item,) = await api.database.repeatable.fetch(
        "select id from work_items where organisation_id = $1", acme.organisation_id
    )
    await api.leadline.work.run(item["id"])
    await acme.ask()  # another signal, of no subscription
    logs = (await acme.get(f"{one}/logs")).json()
    assert (logs["total"], logs["results"][0]["question"]) == (1, STAFF["question"])
    of_it = (await acme.get(f"/v1/companies/signals?subscriptionId={subscription['id']}")).json()
    assert of_it["results"] == logs["results"]
    for query, total in (
        ("domain=acme.com", 1),
        ("domain=other.com", 0),
        ("status=processing", 1),
        ("status[]=failed", 0),
        ("fromDate=2020-01-01T00:00:00Z", 0),  # by completion, and it is not completed
        ("companyId=nobody", 0),
    ):
        assert (await acme.get(f"{one}/logs?{query}")).json()["total"] == total, query


async def test_the_schedule_can_be_changed(acme: Account) -> None:
    subscription = await made(acme)
    body = {k: v for k, v in STAFF.items() if k not in ("domain", "frequency")} | {
        "cronExpression": "0 9 * * 1"
    }
    changed = (await acme.call("PUT", f"{ALL}/{subscription['id']}", json=body)).json()
    assert (changed["frequency"], changed["cronExpression"]) == (None, "0 9 * * 1")
    answer = await acme.call("PUT", f"{ALL}/{subscription['id']}", json=body | {"frequency": "daily"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"cronExpression": "0 9 * * 1"}, "frequency"),
        ({"frequency": None}, "frequency"),
        ({"frequency": "hourly"}, "frequency"),
        ({"frequency": None, "cronExpression": "0 0 30 2 *"}, "cronExpression"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"question": None}, "question"),
        ({"name": None}, "name"),
        ({"answerType": "people"}, "answerType"),
        ({"domain": "https://acme.com/"}, "domain"),
        ({"domain": None}, "listId"),
        ({"name": "a\x00b"}, "name"),
        ({"description": "a\x00b"}, "description"),
        ({"name": "x" * 201}, "name"),
    ],
)
async def test_what_is_wrong_is_400_and_named(acme: Account, members: dict[str, Any], named: str) -> None:
    answer = await acme.post(ALL, STAFF | members)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


@pytest.mark.parametrize("list_id", ["3f0f6a52-5d0c-4f4f-9b3f-1c6f5a1f7c11", "x"])
async def test_a_list_that_is_not_there_is_404(acme: Account, list_id: str) -> None:
    body = {k: v for k, v in STAFF.items() if k != "domain"} | {"listId": list_id}
    assert (await acme.post(ALL, body)).status_code == 404


@pytest.mark.parametrize("path", [ALL, "/v1/companies/signals/summaries?domain=acme.com"])
async def test_an_offset_beyond_everything_is_an_empty_page(acme: Account, path: str) -> None:
    answer = await acme.get(path, params={"offset": 2**70, "domain": "acme.com"})
    assert (answer.status_code, answer.json()["total"]) == (200, 0)


async def test_a_malformed_id_is_400_for_logs_and_404_elsewhere(acme: Account) -> None:
    assert (await acme.get(f"{ALL}/x/logs")).status_code == 400
    assert (await acme.get(f"{ALL}/x")).status_code == 404


async def test_a_run_that_cannot_be_paid_is_402(api: Api) -> None:
    poor = await api.account(credits_left=0)
    subscription = await made(poor)
    assert (await poor.call("POST", f"{ALL}/{subscription['id']}/trigger")).status_code == 402


# ------------------------------------------------------------------ actions

HOOK = {"type": "webhook", "webhook": {"destination": "https://acme.com/hook"}}


async def test_an_action_lives_from_creation_to_deletion(acme: Account) -> None:
    actions = f"{ALL}/{(await made(acme))['id']}/actions"
    answer = await acme.post(actions, HOOK)
    assert answer.status_code == 201
    action = answer.json()
    assert (action["type"], action["webhook"], action["enabled"]) == ("webhook", HOOK["webhook"], True)
    one = f"{actions}/{action['id']}"
    assert (await acme.get(one)).json() == action
    assert (await acme.call("POST", f"{one}/pause")).json()["enabled"] is False
    assert (await acme.call("POST", f"{one}/unpause")).json()["enabled"] is True
    other = {"webhook": {"destination": "https://other.com/hook"}}
    assert (await acme.call("PUT", one, json=other)).json()["webhook"] == other["webhook"]
    assert (await acme.get(f"{actions}?limit=1")).json()["total"] == 1
    assert (await acme.call("DELETE", one)).status_code == 204
    assert (await acme.call("DELETE", one)).status_code == 404
    assert (await acme.get(actions)).json()["items"] == []


async def test_an_eleventh_action_is_409(acme: Account) -> None:
    actions = f"{ALL}/{(await made(acme))['id']}/actions"
    for _ in range(10):
        assert (await acme.post(actions, HOOK)).status_code == 201
    assert (await acme.post(actions, HOOK)).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"type": "webhook"},
        {"type": "mail", **{k: v for k, v in HOOK.items() if k != "type"}},
        {"type": "webhook", "webhook": {}},
        {"type": "webhook", "webhook": {"destination": "ftp://acme.com"}},
        {"type": "webhook", "webhook": {"destination": "http://127.0.0.1/hook"}},
    ],
)
async def test_an_action_that_cannot_be_done_is_400(acme: Account, body: dict[str, Any]) -> None:
    actions = f"{ALL}/{(await made(acme))['id']}/actions"
    assert (await acme.post(actions, body)).status_code == 400


# ------------------------------------------------------------------ what happened


async def test_what_was_missed_is_read_after_the_last_sequence(api: Api, acme: Account) -> None:
    for number in range(5):
        async with api.database.transaction() as connection:
            await events.record(
                connection, acme.organisation_id, "signal.completed", new_id(), b'{"n": %d}' % number
            )
    await api.leadline.sequencer.sequence()
    first = (await acme.get("/v1/events?limit=2")).json()
    assert [(e["sequence"], e["data"]) for e in first["items"]] == [(1, {"n": 0}), (2, {"n": 1})]
    assert (first["last"], first["oldest"], first["hasMore"]) == (5, 1, True)
    rest = (await acme.get("/v1/events?after=2")).json()
    assert [e["sequence"] for e in rest["items"]] == [3, 4, 5]
    assert rest["hasMore"] is False
    assert (await acme.get("/v1/events?after=5")).json()["items"] == []
    nobody = await api.account()
    assert (await nobody.get("/v1/events")).json() == {
        "items": [],
        "last": 0,
        "oldest": None,
        "hasMore": False,
    }


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=1001"])
async def test_a_sequence_that_is_none_is_400(acme: Account, query: str) -> None:
    assert (await acme.get(f"/v1/events?{query}")).status_code == 400
