"""A request that is sent again with its Idempotency-Key is done once and answered as the first time."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from tests.api.service import Account, Api

from leadline.idempotency import service as idempotency

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEMPLATES = "/v1/companies/signals/templates"
SIGNALS = "/v1/companies/signals"
TEMPLATE = {"name": "SOC 2", "question": "Do they have SOC 2?", "answerType": "boolean"}
QUESTION = {"domain": "acme.com", "question": "Do they have SOC 2?", "forceRefresh": True}
PATIENCE = 60  # seconds; nothing is measured by it


async def post(account: Account, path: str, body: Any, key: str, **headers: str) -> httpx2.Response:
    """Also answers that stand in no contract, which is why this is not the account's own ``post``."""
    return await account.api.client.post(
        path,
        content=body if isinstance(body, bytes) else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {account.key}", "Idempotency-Key": key} | headers,
    )


async def templates(account: Account) -> int:
    return int((await account.get(TEMPLATES)).json()["total"])


async def credits_left(account: Account) -> int:
    return int((await account.get("/v1/credits")).json()["remainingCredits"])


@contextlib.asynccontextmanager
async def held(database_url: str, table: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Nobody else writes to the table inside the block."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(f"lock table {table} in share row exclusive mode")
            yield connection
    finally:
        await connection.close()


async def blocked(connection: asyncpg.Connection[Any]) -> int:
    """The server process that waits for what this connection holds."""
    async with asyncio.timeout(PATIENCE):
        while True:
            await connection.execute("select pg_stat_clear_snapshot()")  # or it sees what it saw first
            pid = await connection.fetchval(
                "select pid from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid)) limit 1"
            )
            if pid is not None:
                return int(pid)
            await asyncio.sleep(0.02)


async def test_the_first_answer_is_given_again(acme: Account) -> None:
    key = str(uuid4())
    first = await post(acme, TEMPLATES, TEMPLATE, key)
    assert first.status_code == 201
    assert "idempotent-replayed" not in first.headers
    turned = json.dumps(dict(reversed(TEMPLATE.items())), indent=1).encode()
    for body, written in ((TEMPLATE, key), (turned, key), (TEMPLATE, f'"{key}"')):
        again = await post(acme, TEMPLATES, body, written)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["content-type"] == first.headers["content-type"]
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await templates(acme) == 1


async def test_a_question_is_asked_and_charged_once(acme: Account) -> None:
    before, key = await credits_left(acme), str(uuid4())
    first = await post(acme, SIGNALS, QUESTION, key)
    await acme.api.finish(first.json()["id"])
    again = await post(acme, SIGNALS, QUESTION, key)
    assert again.content == first.content
    assert before - await credits_left(acme) == 1
    other = await post(acme, SIGNALS, QUESTION, str(uuid4()))
    assert other.json()["id"] != first.json()["id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (TEMPLATES, TEMPLATE | {"name": "Other"}),
        (f"{TEMPLATES}?x=1", TEMPLATE),
        (SIGNALS, QUESTION),
    ],
)
async def test_another_request_with_the_key_is_refused(acme: Account, path: str, body: Any) -> None:
    key = str(uuid4())
    assert (await post(acme, TEMPLATES, TEMPLATE, key)).status_code == 201
    refused = await post(acme, path, body, key)
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert (error["type"], error["code"]) == ("UNPROCESSABLE_ENTITY", "IDEMPOTENCY_KEY_REUSED")
    assert await templates(acme) == 1
    assert (await acme.get(SIGNALS)).json()["total"] == 0


async def test_keys_belong_to_their_organisation(api: Api, acme: Account) -> None:
    other, key = await api.account(), str(uuid4())
    first = await post(acme, TEMPLATES, TEMPLATE, key)
    theirs = await post(other, TEMPLATES, TEMPLATE | {"name": "Theirs"}, key)
    assert theirs.status_code == 201
    assert "idempotent-replayed" not in theirs.headers
    assert theirs.json()["id"] != first.json()["id"]
    assert (await templates(acme), await templates(other)) == (1, 1)


async def test_a_second_key_of_the_organisation_replays_only_what_it_may_do(api: Api) -> None:
    writer = await api.account()
    key = str(uuid4())
    assert (await post(writer, TEMPLATES, TEMPLATE, key)).status_code == 201
    from leadline.accounts.service import create_key

    reading = await create_key(api.database, writer.organisation_id, "reads", scopes=("read",))
    reader = Account(api, writer.organisation_id, reading.id, reading.key)
    assert (await post(reader, TEMPLATES, TEMPLATE, key)).status_code == 403


async def test_one_of_two_at_once_does_it_and_the_other_is_told_to_come_again(
    acme: Account, api_database_url: str
) -> None:
    key = str(uuid4())
    async with held(api_database_url, "signal_templates") as holder:
        first = asyncio.create_task(post(acme, TEMPLATES, TEMPLATE, key))
        await blocked(holder)
        others = await asyncio.gather(*(post(acme, TEMPLATES, TEMPLATE, key) for _ in range(5)))
        for other in others:
            assert other.status_code == 409
            assert other.headers["retry-after"] == "1"
            assert other.json()["error"]["code"] == "IDEMPOTENCY_KEY_IN_USE"
    done = await first
    assert done.status_code == 201
    again = await post(acme, TEMPLATES, TEMPLATE, key)
    assert (again.content, again.headers["idempotent-replayed"]) == (done.content, "true")
    assert await templates(acme) == 1


async def test_many_at_once_do_it_once(acme: Account) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(*(post(acme, TEMPLATES, TEMPLATE, key) for _ in range(30)))
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    assert await templates(acme) == 1


async def test_who_hangs_up_and_asks_again_has_it_once(
    api: Api, acme: Account, api_database_url: str
) -> None:
    key, body = str(uuid4()), json.dumps(TEMPLATE).encode()
    head = (
        f"POST {TEMPLATES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {acme.key}\r\n"
        f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with held(api_database_url, "signal_templates") as holder:
        _, writer = await asyncio.open_connection(api.address.host, api.address.port)
        writer.write(head.encode() + body)
        await writer.drain()
        await blocked(holder)
        writer.transport.abort()
    async with asyncio.timeout(PATIENCE):
        while (again := await post(acme, TEMPLATES, TEMPLATE, key)).status_code == 409:
            await asyncio.sleep(0.05)
    assert again.status_code == 201
    assert await templates(acme) == 1


async def test_a_cut_database_connection_does_it_once(acme: Account, api_database_url: str) -> None:
    key = str(uuid4())
    async with held(api_database_url, "signal_templates") as holder:
        asking = asyncio.create_task(post(acme, TEMPLATES, TEMPLATE, key))
        await holder.execute("select pg_terminate_backend($1)", await blocked(holder))
    assert (await asking).status_code == 201
    assert (await post(acme, TEMPLATES, TEMPLATE, key)).content == (await asking).content
    assert await templates(acme) == 1


async def test_there_is_no_work_without_its_answer(acme: Account, api_database_url: str) -> None:
    """What dies between the two leaves neither."""
    key, before = str(uuid4()), await credits_left(acme)
    connection = await asyncpg.connect(api_database_url)
    try:
        await connection.execute(
            """
            create function refuse() returns trigger language plpgsql as
                $$ begin raise exception 'no room' using errcode = 'disk_full'; end $$;
            create trigger refuse before insert on idempotency_keys execute function refuse();
            """
        )
        assert (await post(acme, SIGNALS, QUESTION, key)).status_code == 503
        assert (await acme.get(SIGNALS)).json()["total"] == 0
        assert await credits_left(acme) == before
    finally:
        await connection.execute("drop function refuse cascade")
        await connection.close()
    asked = await post(acme, SIGNALS, QUESTION, key)
    assert (asked.status_code, before - await credits_left(acme)) == (201, 1)
    assert "idempotent-replayed" not in asked.headers


async def test_a_refusal_is_not_kept(api: Api) -> None:
    poor, key = await api.account(credits_left=0), str(uuid4())
    assert (await post(poor, SIGNALS, QUESTION, key)).status_code == 402
    assert (await post(poor, TEMPLATES, {"name": "x"}, key)).status_code == 400
    async with api.database.transaction() as connection:
        await api.leadline.ledger.set_allowance(connection, poor.organisation_id, 5)
    asked = await post(poor, SIGNALS, QUESTION, key)
    assert asked.status_code == 201
    assert "idempotent-replayed" not in asked.headers


async def test_whoever_waits_again_joins_the_same_question(api: Api, acme: Account) -> None:
    key, before = str(uuid4()), await credits_left(acme)
    path, seconds = f"{SIGNALS}/sync", {"X-Sbr-Timeout-Sec": "1"}
    first = await post(acme, path, QUESTION, key, **seconds)
    assert (first.status_code, first.json()["status"]) == (202, "processing")
    late = await post(acme, path, QUESTION, key, **seconds, **{"X-Sbr-Timeout-Error": "true"})
    assert late.status_code == 408
    waiting = asyncio.create_task(post(acme, path, QUESTION, key, **{"X-Sbr-Timeout-Sec": "60"}))
    await api.finish(first.json()["id"])
    done = await waiting
    assert (done.status_code, done.json()["id"]) == (200, first.json()["id"])
    assert done.headers["idempotent-replayed"] == "true"
    assert (await post(acme, path, QUESTION, key)).content == done.content
    assert before - await credits_left(acme) == 1


async def test_two_that_wait_at_once_wait_for_one_question(api: Api, acme: Account) -> None:
    key, path = str(uuid4()), f"{SIGNALS}/sync"
    both = [asyncio.create_task(post(acme, path, QUESTION, key)) for _ in range(2)]
    async with asyncio.timeout(PATIENCE):
        while not (found := (await acme.get(SIGNALS)).json()["results"]):
            await asyncio.sleep(0.02)
        await api.finish(found[0]["id"])
    answers = await asyncio.gather(*both)
    assert {one.status_code for one in answers} <= {200, 409}
    assert (await acme.get(SIGNALS)).json()["total"] == 1


async def test_a_batch_is_accepted_once_with_its_summary(api: Api, acme: Account) -> None:
    key, before = str(uuid4()), await credits_left(acme)
    body = {
        "signals": [{"question": "Do they have SOC 2?", "answerType": "boolean", "forceRefresh": True}],
        "domains": ["acme.com", "other.com"],
        "async": True,
        "generateSummaryOnComplete": True,
    }
    first = await post(acme, f"{SIGNALS}/batch", body, key)
    again = await post(acme, f"{SIGNALS}/batch", body, key)
    assert (first.status_code, again.content) == (202, first.content)
    assert before - await credits_left(acme) == 2
    wishes = "select count(*) from summary_wishes where organisation_id = $1"
    assert await api.database.fetchval(wishes, acme.organisation_id) == 2


async def test_a_summary_is_written_once(api: Api, acme: Account) -> None:
    signal = await acme.ask()
    await api.finish(signal["id"], answer='"yes"')
    path, key = f"{SIGNALS}/summaries", str(uuid4())
    first = await post(acme, path, {"domain": "acme.com"}, key)
    assert first.status_code == 200, first.text
    await api.finish((await acme.ask("Are they ISO 27001 certified?"))["id"], answer='"yes"')
    again = await post(acme, path, {"domain": "acme.com"}, key)
    assert again.content == first.content
    newer = await post(acme, path, {"domain": "acme.com"}, str(uuid4()))
    assert len(newer.json()["summary"]) == 2


async def test_what_asks_others_is_pending_until_it_has_answered(api: Api, acme: Account) -> None:
    path, key = "/v1/contacts/find-email", str(uuid4())
    body = {"full_name": "Ann Lee", "domain": "gmail.com"}  # where anybody has an address: nobody is asked
    first = await post(acme, path, body, key)
    assert first.status_code == 200, first.text
    again = await post(acme, path, body, key)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")

    row = "where organisation_id = $1 and key = $2"
    pending = (
        f"update idempotency_keys set pending = true, status = null, body = null, created_at = now() {row}"
    )
    await api.database.execute(pending, acme.organisation_id, key)
    assert (await post(acme, path, body, key)).status_code == 409
    old = f"update idempotency_keys set created_at = now() - interval '6 minutes' {row}"
    await api.database.execute(old, acme.organisation_id, key)
    taken_over = await post(acme, path, body, key)
    assert (taken_over.status_code, taken_over.content) == (200, first.content)
    assert not await api.database.fetchval(
        f"select pending from idempotency_keys {row}", acme.organisation_id, key
    )


async def test_what_was_refused_outside_may_be_sent_anew(acme: Account) -> None:
    path, key = "/v1/contacts/find-email", str(uuid4())
    for _ in range(2):
        refused = await post(acme, path, {"full_name": "Ann Lee", "domain": "no domain"}, key)
        assert refused.status_code == 422
        assert refused.json()["error"]["code"] == "VALIDATION_ERROR"


async def test_a_change_is_made_once(acme: Account) -> None:
    made, key = (await acme.post(TEMPLATES, TEMPLATE)).json(), str(uuid4())
    versions = set()
    for _ in range(2):
        changed = await acme.call(
            "PATCH", f"{TEMPLATES}/{made['id']}", json={"name": "New"}, headers={"Idempotency-Key": key}
        )
        versions.add(changed.json()["version"])
    assert len(versions) == 1


async def test_what_is_only_looked_at_is_looked_at_again(acme: Account) -> None:
    lists, key = "/v1/companies/lists", str(uuid4())
    body = {"name": "A", "filter": {"domains": ["acme.com"]}}
    made = await acme.post(lists, body)
    assert made.status_code == 201, made.text
    for _ in range(2):
        exported = await post(acme, f"{lists}/{made.json()['id']}/export", {}, key)
        assert exported.status_code == 200
        assert "acme.com" in exported.text
        assert "idempotent-replayed" not in exported.headers


async def test_answers_are_kept_for_a_day_and_read_by_nobody(api: Api, acme: Account) -> None:
    key = str(uuid4())
    first = await post(acme, TEMPLATES, TEMPLATE, key)
    mine = "from idempotency_keys where organisation_id = $1"
    body = await api.database.fetchval(f"select body {mine}", acme.organisation_id)
    assert b"SOC 2" not in body
    await api.database.execute(
        f"update idempotency_keys set created_at = created_at - interval '25 hours' where key = '{key}'"
    )
    second = await post(acme, TEMPLATES, TEMPLATE | {"name": "Next day"}, key)
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]
    await idempotency.prune(api.database.repeatable)
    assert await api.database.fetchval(f"select count(*) {mine}", acme.organisation_id) == 1
    await api.database.execute(
        f"update idempotency_keys set created_at = created_at - interval '25 hours' where key = '{key}'"
    )
    assert await idempotency.prune(api.database.repeatable) == 1


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "tab\there", "caf\xe9"])
async def test_what_is_no_key_is_refused(acme: Account, key: str) -> None:
    answer = await acme.api.client.post(
        TEMPLATES,
        json=TEMPLATE,
        headers=[
            (b"Authorization", b"Bearer " + acme.key.encode()),
            (b"Idempotency-Key", key.encode("latin-1")),
        ],
    )
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["error"]["message"]
    assert await templates(acme) == 0


async def test_methods_that_may_be_repeated_anyway_do_not_read_it(acme: Account) -> None:
    assert (await acme.get(TEMPLATES, headers={"Idempotency-Key": "x" * 300})).status_code == 200
