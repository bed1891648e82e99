"""Company signals over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import resource
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.api.service import Account, Api

from leadline.accounts.schemas import KeyOptions

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNALS = "/v1/companies/signals"


async def test_an_accepted_signal_is_shown_as_processing(acme: Account) -> None:
    made = await acme.ask("Who leads it?", answerType="open_text")
    assert set(made) == {"id", "status", "signalType", "domain", "question", "answerType", "createdAt"}
    assert (made["status"], made["domain"], made["signalType"]) == ("processing", "acme.com", "COMPANY")
    assert made["createdAt"].endswith("Z")
    read = await acme.get(f"{SIGNALS}/{made['id']}")
    assert read.status_code == 200
    assert read.json() == made


@pytest.mark.parametrize(
    ("answer_type", "stored", "shown"),
    [
        ("open_text", '"words"', {"type": "open_text", "openText": {"value": "words"}}),
        ("boolean", "true", {"type": "boolean", "boolean": {"value": True}}),
        ("number", "14491.0", {"type": "number", "number": {"value": 14491}}),
        ("percentage", "42.5", {"type": "percentage", "percentage": {"value": 42.5}}),
        (
            "currency",
            '{"value": 5000000.0, "currency": "USD"}',
            {"type": "currency", "currency": {"value": 5000000, "currency": "USD"}},
        ),
        ("url", '"https://acme.com/"', {"type": "url", "url": {"value": "https://acme.com/"}}),
        ("list", '["a", "b"]', {"type": "list", "list": {"value": ["a", "b"]}}),
        ("boolean", None, None),
    ],
)
async def test_a_finished_signal_shows_answer_and_sources(
    api: Api, acme: Account, answer_type: str, stored: str | None, shown: Any
) -> None:
    made = await acme.ask(answerType=answer_type)
    await api.finish(made["id"], answer=stored)
    answer = await acme.get(f"{SIGNALS}/{made['id']}")
    signal = answer.json()
    assert signal["answer"] == shown
    assert signal["status"] == "completed"
    assert signal["confidence"] == 0.875
    assert signal["sources"] == [
        {"url": "https://acme.com/security", "title": "Security", "snippet": "We are SOC 2 certified."}
    ]
    assert signal["metadata"] == {
        "processingTimeMs": 12,
        "companyName": "Acme",
        "priceUsd": 0,
        "confidenceBasis": "measured",
    }
    assert signal["completedAt"].endswith("Z")
    assert not re.search(rb"\d\.0+[,}\]]", answer.content)
    listed = (await acme.get(SIGNALS)).json()
    assert listed["results"] == [signal]


async def test_a_json_object_comes_as_it_is(api: Api, acme: Account) -> None:
    schema = {"type": "object", "properties": {"seats": {"type": "integer"}}}
    made = await acme.ask(answerType="json_schema", outputSchema=schema)
    await api.finish(made["id"], answer='{"seats": 5.0}')
    answer = await acme.get(f"{SIGNALS}/{made['id']}")
    assert answer.json()["answer"] == {"type": "json_schema", "jsonSchema": {"seats": 5}}
    assert b'"seats":5}' in answer.content


async def test_a_failed_signal_tells_its_error_as_text(api: Api, acme: Account) -> None:
    made = await acme.ask()
    await api.finish(made["id"], failed=True)
    signal = (await acme.get(f"{SIGNALS}/{made['id']}")).json()
    assert (signal["status"], signal["error"], signal["errorCode"]) == (
        "failed",
        "The site is away.",
        "SITE_UNREADABLE",
    )


async def test_reading_gives_the_same_object_as_accepting_from_the_cache(api: Api, acme: Account) -> None:
    made = await acme.ask(answerType="number")
    await api.finish(made["id"], answer="3.0")
    cached = await acme.ask(answerType="number")
    assert cached == (await acme.get(f"{SIGNALS}/{made['id']}")).json()


async def test_identical_running_questions_are_one_signal(api: Api, acme: Account) -> None:
    made = await asyncio.gather(*(acme.ask() for _ in range(8)))
    assert len({m["id"] for m in made}) == 1
    assert (await acme.get("/v1/credits")).json() == {"remainingCredits": 9_999}


# ------------------------------------------------------------------ sync


async def _sync(account: Account, question: str, seconds: str | None = "30", error: str | None = None) -> Any:
    headers = {}
    if seconds is not None:
        headers["X-Sbr-Timeout-Sec"] = seconds
    if error is not None:
        headers["X-Sbr-Timeout-Error"] = error
    body = {"domain": "acme.com", "question": question}
    return await account.post(f"{SIGNALS}/sync", body, headers=headers)


async def _started(account: Account, count: int = 1) -> list[str]:
    while True:
        listed = (await account.get(SIGNALS)).json()
        if listed["total"] >= count:
            return [r["id"] for r in listed["results"]]
        await asyncio.sleep(0.01)


async def test_sync_answers_as_soon_as_the_signal_is_finished(api: Api, acme: Account) -> None:
    waiting = asyncio.create_task(_sync(acme, "q"))
    (signal_id,) = await _started(acme)
    assert not waiting.done()
    await api.finish(signal_id, answer='"yes"')
    answer = await waiting
    assert answer.status_code == 200
    assert answer.json()["answer"]["openText"]["value"] == "yes"
    again = await _sync(acme, "q", seconds="900")
    assert (again.status_code, again.json()) == (200, answer.json())


async def test_sync_answers_a_failed_signal_with_200(api: Api, acme: Account) -> None:
    waiting = asyncio.create_task(_sync(acme, "q"))
    (signal_id,) = await _started(acme)
    await api.finish(signal_id, failed=True)
    answer = await waiting
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")


async def test_sync_answers_202_when_time_is_up(acme: Account) -> None:
    answer = await _sync(acme, "q", seconds="1")
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")


async def test_sync_answers_408_with_the_id_when_asked_to(acme: Account) -> None:
    answer = await _sync(acme, "q", seconds="1", error="true")
    assert answer.status_code == 408
    error = answer.json()["error"]
    assert error["type"] == "TIMEOUT"
    read = await acme.get(f"{SIGNALS}/{error['details']['signalId']}")
    assert read.json()["status"] == "processing"


async def test_the_keys_own_time_out_holds_when_none_is_sent(api: Api) -> None:
    hasty = await api.account(options=KeyOptions(sync_timeout=1))
    for seconds in (None, "0"):
        answer = await _sync(hasty, "q", seconds=seconds)
        assert answer.status_code == 202


async def test_work_goes_on_when_the_client_hangs_up_and_posts_again_three_times(
    api: Api, acme: Account
) -> None:
    body = json.dumps({"domain": "acme.com", "question": "q"}).encode()
    for _ in range(3):
        _, writer = await asyncio.open_connection(api.address.host, api.address.port)
        writer.write(
            b"POST /v1/companies/signals/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + acme.key.encode()
            + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body
        )
        await writer.drain()
        (signal_id,) = await _started(acme)
        while not api.leadline.waiter.waiting:
            await asyncio.sleep(0.01)
        writer.close()
        while api.leadline.waiter.waiting:
            await asyncio.sleep(0.01)
    assert (await acme.get("/v1/credits")).json() == {"remainingCredits": 9_999}
    await api.finish(signal_id, answer='"yes"')
    assert (await _sync(acme, "q")).status_code == 200


@pytest.mark.skipif(
    0 <= resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 1_200,
    reason="this process may not open both ends of 500 connections",
)
async def test_five_hundred_can_wait_at_once(api: Api, acme: Account) -> None:
    waits = [asyncio.create_task(_sync(acme, "q", seconds="170")) for _ in range(390)]
    other = await api.account()
    waits += [asyncio.create_task(_sync(other, "q", seconds="170")) for _ in range(110)]
    while api.leadline.waiter.waiting < 500:
        assert not any(w.done() for w in waits), next(w for w in waits if w.done()).result().text
        await asyncio.sleep(0.05)
    for account in (acme, other):
        (signal_id,) = await _started(account)
        await api.finish(signal_id, answer='"yes"')
    answers = await asyncio.gather(*waits)
    assert {a.status_code for a in answers} == {200}


# ------------------------------------------------------------------ list


async def test_the_list_is_newest_first_and_paged(acme: Account) -> None:
    made = [(await acme.ask(f"question {n}"))["id"] for n in range(4)]
    page = (await acme.get(f"{SIGNALS}?limit=3&offset=0")).json()
    assert [r["id"] for r in page["results"]] == made[:0:-1]
    assert {k: page[k] for k in ("total", "limit", "offset", "count")} == {
        "total": 4,
        "limit": 3,
        "offset": 0,
        "count": 3,
    }
    page = (await acme.get(f"{SIGNALS}?limit=3&offset=3")).json()
    assert ([r["id"] for r in page["results"]], page["count"]) == (made[:1], 1)
    page = (await acme.get(f"{SIGNALS}?offset=99999999999999999999999")).json()
    assert (page["results"], page["total"], page["offset"]) == ([], 4, 99999999999999999999999)


async def test_the_list_is_filtered(api: Api, acme: Account) -> None:
    acme_open = (await acme.ask("a"))["id"]
    acme_done = (await acme.ask("b"))["id"]
    other_failed = (await acme.ask("c", domain="www.example.org"))["id"]
    await api.finish(acme_done)
    await api.finish(other_failed, failed=True)
    company = await api.database.fetchval("select company_id from signals where id = $1", acme_done)
    now = datetime.now(UTC)
    before, after = ((now + timedelta(hours=h)).isoformat().replace("+00:00", "Z") for h in (-1, 1))

    async def found(query: str) -> set[str]:
        answer = await acme.get(f"{SIGNALS}?{query}")
        assert answer.status_code == 200, answer.text
        return {r["id"] for r in answer.json()["results"]}

    everything = {acme_open, acme_done, other_failed}
    assert await found("") == everything
    assert await found("domain=ACME.com") == {acme_open, acme_done}
    assert await found("domain=example.org") == {other_failed}
    assert await found(f"companyId={company}") == {acme_open, acme_done}
    assert await found("companyId=comp_abc123") == set()
    assert await found("subscriptionId=a12b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d") == set()
    assert await found("status=completed") == {acme_done}
    for both in (
        "status=completed&status=failed",
        "status[]=completed&status[]=failed",
        "status%5B%5D=completed&status%5B%5D=failed",
        "status[0]=completed&status[1]=failed",
    ):
        assert await found(both) == {acme_done, other_failed}
    assert await found(f"fromDate={before}") == {acme_done, other_failed}
    assert await found(f"fromDate={after}") == set()
    assert await found(f"toDate={after}&status=failed") == {other_failed}
    assert await found("fromDate=0001-01-01T00:00:00%2B14:00&toDate=9999-12-31T23:59:59-14:00") == {
        acme_done,
        other_failed,
    }
    assert await found("unknown=1&domain=acme.com&status=processing") == {acme_open}


async def test_a_reader_that_steps_by_the_times_it_sees_loses_no_row(api: Api, acme: Account) -> None:
    """Rows finished within one millisecond, and on both sides of half of one."""
    made = [(await acme.ask(f"question {n}"))["id"] for n in range(6)]
    start = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
    for signal_id, microseconds in zip(made, (100, 499, 500, 900, 1_499, 1_500), strict=True):
        await api.finish(signal_id)
        await api.database.execute(
            "update signals set completed_at = $2 where id = $1",
            signal_id,
            start + timedelta(microseconds=microseconds),
        )
    shown = {r["id"]: r["completedAt"] for r in (await acme.get(SIGNALS)).json()["results"]}
    assert len(set(shown.values())) == 3
    for moment in set(shown.values()):
        since = (await acme.get(f"{SIGNALS}?fromDate={moment}")).json()["results"]
        until = (await acme.get(f"{SIGNALS}?toDate={moment}")).json()["results"]
        assert {r["id"] for r in since} == {i for i, seen in shown.items() if seen >= moment}
        assert {r["id"] for r in until} == {i for i, seen in shown.items() if seen <= moment}


async def test_a_time_without_a_zone_is_utc(api: Api, acme: Account) -> None:
    made = await acme.ask()
    await api.finish(made["id"])
    await api.database.execute(
        "update signals set completed_at = '2026-03-01T12:00:00Z' where id = $1", made["id"]
    )
    for query, count in (
        ("fromDate=2026-03-01T12:00:00", 1),
        ("fromDate=2026-03-01T12:00:01", 0),
        ("toDate=2026-03-01T12:00:00.000", 1),
        ("toDate=2026-03-01T11:59:59", 0),
    ):
        assert (await acme.get(f"{SIGNALS}?{query}")).json()["total"] == count


async def test_www_and_the_bare_host_are_one_company(api: Api, acme: Account) -> None:
    made = await acme.ask(domain="www.acme.com")
    assert (await acme.ask(domain="acme.com"))["id"] == made["id"]  # joined
    await api.finish(made["id"], answer='"yes"')
    assert (await acme.ask(domain="ACME.com"))["id"] == made["id"]  # from the cache
    other = await acme.ask(domain="shop.acme.com")
    for domain in ("acme.com", "www.acme.com", "WWW.Acme.com"):
        listed = (await acme.get(f"{SIGNALS}?domain={domain}")).json()
        assert [r["id"] for r in listed["results"]] == [made["id"]]
    assert other["id"] != made["id"]


async def test_a_page_of_25_is_compressed_for_who_takes_it(api: Api, acme: Account) -> None:
    for n in range(25):
        await api.finish((await acme.ask(f"question {n}"))["id"], answer='"yes"')
    plain = await acme.get(SIGNALS, headers={"Accept-Encoding": "identity"})
    packed = await acme.get(SIGNALS, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    refused = await acme.get(SIGNALS, headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 5
    assert packed.json() == plain.json() == refused.json()
    for answer in (plain, packed, refused):
        assert answer.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
