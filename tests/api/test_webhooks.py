"""The calls of webhooks over HTTP: the log, one made again, and all of a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.api.service import Account, Api

from leadline.events import service as events
from leadline.foundation.ids import new_id

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALL = "/v1/webhooks/deliveries"
HOOK = "https://receiver.example.com/hook"


async def called(api: Api, account: Account, count: int = 1) -> list[dict[str, Any]]:
    """Calls of as many events, as the log shows them; the newest first."""
    for _ in range(count):
        reference = new_id()
        async with api.database.transaction() as connection:
            await api.leadline.webhooks.listen(connection, reference, HOOK)
            await events.record(connection, account.organisation_id, "signal.completed", reference, b"{}")
        await api.leadline.sequencer.sequence()
    found: list[dict[str, Any]] = (await account.get(ALL)).json()["items"]
    return found


async def end(api: Api, call: dict[str, Any], status: str) -> None:
    """A worker has made the call, or has given it up."""
    await api.database.execute(
        "update webhook_deliveries set status = $2, attempts = 3, last_status = 500 where id = $1::text::uuid",
        call["id"],
        status,
    )
    await api.database.execute("delete from work_items where id = $1::text::uuid", call["id"])


async def waiting(api: Api, account: Account) -> set[str]:
    rows = await api.database.fetch(
        "select id from work_items where kind = 'webhook' and organisation_id = $1", account.organisation_id
    )
    return {str(row["id"]) for row in rows}


async def test_the_log_shows_each_call_and_is_filtered(api: Api, acme: Account) -> None:
    newest, _, oldest = await called(api, acme, 3)
    assert (newest["url"], newest["status"], newest["attempts"]) == (HOOK, "pending", 0)
    await end(api, oldest, "failed")

    async def ids(query: str) -> list[str]:
        return [one["id"] for one in (await acme.get(f"{ALL}?{query}")).json()["items"]]

    assert await ids("status=failed") == [oldest["id"]]
    assert await ids(f"reference={newest['reference']}") == [newest["id"]]
    assert len(await ids(f"url={HOOK}")) == 3
    assert await ids("url=https://other.example.com/") == []
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert await ids(f"fromDate={later}") == []
    assert len(await ids(f"toDate={later}")) == 3
    page = (await acme.get(f"{ALL}?limit=2&offset=2")).json()
    assert (page["total"], page["hasMore"], [one["id"] for one in page["items"]]) == (
        3,
        False,
        [oldest["id"]],
    )
    failed = (await acme.get(f"{ALL}?status=failed")).json()["items"][0]
    assert (failed["attempts"], failed["lastStatus"], failed["nextAttemptAt"]) == (3, 500, None)


async def test_a_call_that_was_given_up_is_made_again(api: Api, acme: Account) -> None:
    (call,) = await called(api, acme)
    await end(api, call, "failed")
    assert await waiting(api, acme) == set()
    again = await acme.post(f"{ALL}/{call['id']}/redeliver", {})
    assert again.status_code == 200
    assert (again.json()["id"], again.json()["status"], again.json()["attempts"]) == (
        call["id"],
        "pending",
        0,
    )
    assert await waiting(api, acme) == {call["id"]}


async def test_the_calls_of_a_time_are_made_again(api: Api, acme: Account) -> None:
    calls = await called(api, acme, 3)
    await end(api, calls[0], "delivered")
    await end(api, calls[1], "failed")
    await end(api, calls[2], "failed")
    await api.database.execute(
        "update webhook_deliveries set created_at = now() - interval '2 days' where id = $1::text::uuid",
        calls[2]["id"],
    )
    day = (datetime.now(UTC) - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    failed = await acme.post(f"{ALL}/replay", {"fromDate": day, "failedOnly": True})
    assert failed.json() == {"calls": 1}
    assert await waiting(api, acme) == {calls[1]["id"]}
    before = await acme.post(f"{ALL}/replay", {"fromDate": "2020-01-01T00:00:00Z", "toDate": day})
    assert before.json() == {"calls": 1}
    assert (await acme.post(f"{ALL}/replay", {"fromDate": day})).json() == {"calls": 2}
    assert await waiting(api, acme) == {call["id"] for call in calls}


async def test_calls_of_another_organisation_are_neither_shown_nor_made(api: Api, acme: Account) -> None:
    (call,) = await called(api, acme)
    await end(api, call, "failed")
    stranger = await api.account()
    assert (await stranger.get(ALL)).json()["total"] == 0
    assert (await stranger.post(f"{ALL}/{call['id']}/redeliver", {})).status_code == 404
    assert (await stranger.post(f"{ALL}/replay", {"fromDate": "2020-01-01T00:00:00Z"})).json() == {"calls": 0}
    assert await waiting(api, acme) == set()


@pytest.mark.parametrize(
    "query", ["status=lost", "reference=x", "limit=0", "limit=101", "fromDate=yesterday"]
)
async def test_a_filter_that_is_none_is_400(acme: Account, query: str) -> None:
    assert (await acme.get(f"{ALL}?{query}")).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"fromDate": "yesterday"}, {"fromDate": "2020-01-01T00:00:00Z", "toDate": 1}]
)
async def test_a_time_that_is_none_is_refused(acme: Account, body: dict[str, Any]) -> None:
    assert (await acme.post(f"{ALL}/replay", body)).status_code == 400
