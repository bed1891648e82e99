"""Batches over HTTP (contract section 13): every question about every domain, all of them or none."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from tests.api.service import Account, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/companies/signals/batch"
TWO = [
    {"question": "Do they have SOC 2?", "answerType": "boolean"},
    {"question": "How many people work there?", "answerType": "number"},
]


async def credits_of(account: Account) -> int:
    return int((await account.get("/v1/credits")).json()["remainingCredits"])


async def test_each_question_is_asked_about_each_domain_and_wrong_ones_keep_none_out(acme: Account) -> None:
    before = await credits_of(acme)
    answer = await acme.call(
        "POST", PATH, json={"signals": TWO, "domains": ["acme.com", "no domain", "other.com", "acme.com"]}
    )
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["totalSignals"], body["accepted"], body["rejected"]) == (6, 4, 2)
    assert [(row["domain"], row["status"]) for row in body["results"]] == [
        (domain, status)
        for _ in TWO
        for domain, status in (
            ("acme.com", "processing"),
            ("no domain", "rejected"),
            ("other.com", "processing"),
        )
    ]
    refused = body["results"][1]
    assert "domain" in refused["error"]
    assert "id" not in refused
    assert before - await credits_of(acme) == 4
    shown = (await acme.get(f"/v1/companies/signals/{body['results'][0]['id']}")).json()
    assert shown["question"] == TWO[0]["question"]


async def test_what_runs_is_joined_and_what_is_fresh_is_served(api: Api, acme: Account) -> None:
    first = (await acme.call("POST", PATH, json={"signals": TWO, "domains": ["acme.com"]})).json()["results"]
    await api.finish(first[0]["id"])
    before = await credits_of(acme)
    again = (await acme.call("POST", PATH, json={"signals": TWO, "domains": ["acme.com"]})).json()["results"]
    assert [row["id"] for row in again] == [row["id"] for row in first]
    assert [row["status"] for row in again] == ["completed", "processing"]
    assert await credits_of(acme) == before


async def test_many_are_queued_under_a_number(api: Api, acme: Account) -> None:
    domains = [f"company-{number}.com" for number in range(120)]
    refused = await acme.call("POST", PATH, json={"signals": TWO[:1], "domains": domains})
    assert refused.status_code == 422
    assert "120" in refused.text
    answer = await acme.call("POST", PATH, json={"signals": TWO[:1], "domains": domains, "async": True})
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["async"], body["status"], body["accepted"]) == (True, "accepted", 120)
    assert body["batchId"]
    count = await api.database.fetchval(
        "select count(*) from signals where organisation_id = $1", acme.organisation_id
    )
    assert count == 120


async def test_more_than_a_batch_may_hold_is_refused_whole(acme: Account) -> None:
    signals = [{"question": f"Is it product {number}?", "answerType": "boolean"} for number in range(3)]
    domains = [f"c{number}.com" for number in range(6667)]  # 20,001 together
    body = {"signals": signals, "domains": domains, "async": True}
    refused = await acme.call("POST", PATH, json=body)
    assert refused.status_code == 422
    assert "20001" in refused.text.replace(",", "")
    assert (await acme.get("/v1/companies/signals")).json()["total"] == 0


async def test_rows_that_are_there_twice_are_asked_once(acme: Account) -> None:
    before = await credits_of(acme)
    body = {"signals": [TWO[0], TWO[0], TWO[1]], "domains": ["acme.com", "acme.com", "www.acme.com"]}
    answer = (await acme.call("POST", PATH, json=body)).json()
    assert (answer["totalSignals"], answer["accepted"]) == (6, 6)
    assert len({row["id"] for row in answer["results"]}) == before - await credits_of(acme)
    assert before - await credits_of(acme) < 6


@pytest.mark.parametrize(("times", "accepted"), [(1, True), (50, False)])
async def test_a_database_that_is_lost_while_a_batch_is_accepted_leaves_all_of_it_or_nothing(
    acme: Account, api_database_url: str, times: int, accepted: bool
) -> None:
    """Lost once, it is accepted anew; lost whenever it is tried, it is refused whole."""
    before = await credits_of(acme)
    domains = [f"lost-{number}.com" for number in range(50)]
    body = {"signals": TWO, "domains": domains, "generateSummaryOnComplete": True}
    holder = await asyncpg.connect(api_database_url)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("lock table credit_entries in share row exclusive mode")  # what is written last
    sending = asyncio.create_task(acme.call("POST", PATH, json=body))
    waiting = "select pid from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid)) limit 1"
    async with asyncio.timeout(60):
        while times and not sending.done():
            await holder.execute("select pg_stat_clear_snapshot()")  # or it sees what it saw first
            if pid := await holder.fetchval(waiting):
                times -= bool(await holder.fetchval("select pg_terminate_backend($1, 5000)", pid))
            await asyncio.sleep(0.02)
    await transaction.rollback()
    await holder.close()
    answer = await sending
    total = (await acme.get("/v1/companies/signals")).json()["total"]
    expected = (201, 100, 100) if accepted else (503, 0, 0)
    assert (answer.status_code, total, before - await credits_of(acme)) == expected


async def test_a_batch_that_the_credits_do_not_cover_is_refused_whole(api: Api) -> None:
    poor = await api.account(credits_left=3)
    answer = await poor.call("POST", PATH, json={"signals": TWO, "domains": ["acme.com", "other.com"]})
    assert answer.status_code == 402
    assert await credits_of(poor) == 3
    assert (await poor.get("/v1/companies/signals")).json()["total"] == 0


async def test_a_dry_run_says_the_price_and_accepts_nothing(acme: Account) -> None:
    answer = await acme.call("POST", PATH, json={"signals": TWO, "domains": ["acme.com"], "dryRun": True})
    assert answer.json()["expectedCredits"] == 2
    assert (await acme.get("/v1/companies/signals")).json()["total"] == 0


async def test_questions_of_a_batch_may_be_templates_and_have_webhooks(api: Api, acme: Account) -> None:
    made = (
        await acme.call("POST", "/v1/companies/signals/templates", json=TWO[0] | {"name": "SOC 2"})
    ).json()
    item: dict[str, Any] = {"signalTemplateId": made["id"], "webhookUrl": "https://hooks.acme.com/done"}
    body = (await acme.call("POST", PATH, json={"signals": [item], "domains": ["acme.com"]})).json()
    (row,) = body["results"]
    assert row["question"] == TWO[0]["question"]
    heard = await api.database.fetchval("select url from webhook_listeners where reference = $1", row["id"])
    assert heard == item["webhookUrl"]
    unknown = {"signalTemplateId": str(acme.key_id)}
    answer = await acme.call("POST", PATH, json={"signals": [unknown], "domains": ["acme.com"]})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"signals": [], "domains": ["acme.com"]},
        {"signals": TWO, "domains": []},
        {"signals": [{}], "domains": ["acme.com"]},
        {"signals": TWO},
        {"signals": TWO, "domains": [f"a{number}.com" for number in range(10_001)], "async": True},
    ],
)
async def test_a_batch_that_cannot_be_is_refused(acme: Account, body: dict[str, Any]) -> None:
    answer = await acme.call("POST", PATH, json=body)
    assert answer.status_code == 422, answer.text


async def test_each_domain_is_summed_up_once_its_signals_are_done(api: Api, acme: Account) -> None:
    body = {"signals": TWO, "domains": ["acme.com", "other.com"], "generateSummaryOnComplete": True}
    made = (await acme.post(PATH, body)).json()["results"]
    rows = await api.database.repeatable.fetch(
        "select id from work_items where kind = 'summary' and organisation_id = $1", acme.organisation_id
    )
    assert len(rows) == 2

    async def summaries(domain: str) -> int:
        for row in rows:
            await api.leadline.work.run(row["id"])
        total: int = (await acme.get(f"/v1/companies/signals/summaries?domain={domain}")).json()["total"]
        return total

    assert await summaries("acme.com") == 0
    for one in made:
        if one["domain"] == "acme.com":
            await api.finish(one["id"])
    await api.database.repeatable.execute("update work_items set not_before = null where kind = 'summary'")
    assert await summaries("acme.com") == 1
    assert await summaries("other.com") == 0
    left = await api.database.repeatable.fetchval(
        "select count(*) from summary_wishes where organisation_id = $1", acme.organisation_id
    )
    assert left == 1
