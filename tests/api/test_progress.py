"""How signals and batches go, told as it happens to whoever watches."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from tests.api.service import Account, Api

from leadline.signals import batch_repository
from leadline.signals.telling import EVERY, Telling

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNALS = "/v1/companies/signals"
PATIENCE = 60  # seconds; nothing is measured by it


class Seen(NamedTuple):
    type: str
    id: str
    value: dict[str, Any]


@contextlib.asynccontextmanager
async def events(account: Account, path: str, after: str = "") -> AsyncIterator[AsyncIterator[Seen]]:
    """The events as they come."""
    headers = {"Authorization": f"Bearer {account.key}"} | ({"Last-Event-ID": after} if after else {})
    async with (
        asyncio.timeout(PATIENCE),
        account.api.client.stream("GET", path, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        yield _parsed(answer.aiter_lines())


async def _parsed(lines: AsyncIterator[str]) -> AsyncIterator[Seen]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Seen(fields["event"], fields["id"], json.loads(fields["data"]))
            fields = {}


async def all_events(account: Account, path: str, after: str = "") -> list[Seen]:
    async with events(account, path, after) as coming:
        return [one async for one in coming]


def follow(signal_id: str) -> str:
    return f"{SIGNALS}/{signal_id}/events"


async def test_what_a_running_signal_tells_is_seen_as_it_happens_and_then_its_end(
    api: Api, acme: Account
) -> None:
    signal = await acme.ask()
    elsewhere = Telling(api.database.repeatable)  # of another process
    with elsewhere.of(UUID(signal["id"])) as tell:
        tell("collect", "https://acme.com/", pages=1, unreadable=0)  # before anybody watches
        async with events(acme, follow(signal["id"])) as coming:
            first = await anext(coming)
            assert (first.type, first.value["step"], first.value["detail"]) == (
                "progress",
                "collect",
                "https://acme.com/",
            )
            assert first.value["facts"] == {"pages": 1, "unreadable": 0}
            tell("answer", "It says so.", reader="extractive")
            tell("verify", "supported: the words state it")
            await elsewhere.write(tell)
            told = [await anext(coming) for _ in range(2)]
            assert [one.value["step"] for one in told] == ["answer", "verify"]
            await api.finish(signal["id"], answer='"yes"')
            last = await anext(coming)
            assert (last.type, last.id, last.value["status"]) == ("end", "end", "completed")
            assert last.value == (await acme.get(f"{SIGNALS}/{signal['id']}")).json()
            assert [one async for one in coming] == []

    again = await all_events(acme, follow(signal["id"]), after=first.id)
    assert [one.value.get("step") for one in again] == ["answer", "verify", None]
    assert [one.type for one in await all_events(acme, follow(signal["id"]), after=told[-1].id)] == ["end"]
    assert (await acme.get(follow(signal["id"]), headers={"Last-Event-ID": "end"})).status_code == 204


async def test_a_signal_about_a_person_is_followed_under_its_own_path(api: Api, acme: Account) -> None:
    body = {"contactProfileUrl": "https://www.linkedin.com/in/jo-quist", "question": "What is their role?"}
    signal = (await acme.post("/v1/contacts/signals", body)).json()
    assert (await acme.get(follow(signal["id"]))).status_code == 404
    async with events(acme, f"/v1/contacts/signals/{signal['id']}/events") as coming:
        await api.finish(signal["id"])
        assert [one.type async for one in coming] == ["end"]


async def test_two_watch_one_signal(api: Api, acme: Account) -> None:
    signal = await acme.ask()
    both = [asyncio.create_task(all_events(acme, follow(signal["id"]))) for _ in range(2)]
    elsewhere = Telling(api.database.repeatable)
    with elsewhere.of(UUID(signal["id"])) as tell:
        tell("collect", "https://acme.com/")
        async with asyncio.timeout(PATIENCE):
            while tell.unwritten:
                await asyncio.sleep(0.05)
        await elsewhere.write(tell)  # waits for what is being written
    await api.finish(signal["id"])
    first, second = await asyncio.gather(*both)
    assert first == second
    assert [one.type for one in first] == ["progress", "end"]


async def test_what_nobody_watches_is_not_written(api: Api, acme: Account) -> None:
    signal_id = UUID((await acme.ask())["id"])
    with Telling(api.database.repeatable).of(signal_id) as tell:
        tell("collect", "https://acme.com/")
        await asyncio.sleep(3 * EVERY)
        assert not tell.watched
    assert not await api.database.fetchval(
        "select exists (select from signal_progress where signal_id = $1)", signal_id
    )


async def test_a_finished_signal_tells_from_its_trace(api: Api, acme: Account) -> None:
    signal = await acme.ask()
    steps: list[tuple[str, dict[str, Any]]] = [
        ("plan", {"sources": []}),
        ("collect", {"snapshot_ids": [str(uuid4())], "unreadable": []}),
        ("rank", {"passages": []}),
        ("answer", {"draft": {"reasoning": "It says so.", "reader": "extractive"}}),
        ("verify", {"verification": {"claims": [{"verdict": "supported", "why": "stated"}]}}),
        ("settle", {"answer": True, "confidence": 0.9}),
    ]
    for place, (step, value) in enumerate(steps):
        await api.database.execute(
            "insert into signal_steps (signal_id, step, position, value, seconds) values ($1, $2, $3, $4, 0.1)",
            UUID(signal["id"]),
            step,
            place,
            json.dumps(value),
        )
    await api.finish(signal["id"], answer='"yes"')
    told = await all_events(acme, follow(signal["id"]))
    assert [(one.value.get("step"), one.value.get("detail")) for one in told] == [
        ("collect", "1 pages read"),
        ("rank", "0 passages"),
        ("answer", "It says so."),
        ("verify", "supported: stated"),
        ("settle", "answered"),
        (None, None),
    ]
    rest = await all_events(acme, follow(signal["id"]), after=told[2].id)
    assert rest == told[3:]


async def test_a_watcher_who_leaves_keeps_no_place(api: Api, acme: Account) -> None:
    signal = await acme.ask()
    before = api.leadline.waiter.waiting
    async with asyncio.timeout(PATIENCE):
        task = asyncio.create_task(all_events(acme, follow(signal["id"])))
        while api.leadline.waiter.waiting != before + 1:
            await asyncio.sleep(0.02)
        task.cancel()
        while api.leadline.waiter.waiting != before:
            await asyncio.sleep(0.02)


async def test_more_than_may_wait_are_told_to_come_again(api: Api, acme: Account) -> None:
    signal, batch = await acme.ask(), await started(acme)
    waiter, most = api.leadline.waiter, api.leadline.waiter.most
    waiter.most = waiter.waiting
    try:
        for path in (follow(signal["id"]), f"{SIGNALS}/batch/{batch}/events"):
            refused = await acme.get(path)
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) > 0
    finally:
        waiter.most = most


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "trace-", "End"])
async def test_an_id_that_no_event_has_is_refused(acme: Account, after: str) -> None:
    signal = await acme.ask()
    assert (await acme.get(follow(signal["id"]), headers={"Last-Event-ID": after})).status_code == 400


@pytest.mark.parametrize("kind", ["signal", "batch"])
async def test_head_and_options_open_no_stream(api: Api, acme: Account, kind: str) -> None:
    path = (
        follow((await acme.ask())["id"])
        if kind == "signal"
        else f"{SIGNALS}/batch/{await started(acme)}/events"
    )
    headers = {"Authorization": f"Bearer {acme.key}"}
    head = await asyncio.wait_for(api.client.head(path, headers=headers), PATIENCE)
    assert (head.status_code, head.headers["content-type"], head.content) == (200, "text/event-stream", b"")
    options = await api.client.options(path, headers=headers)
    assert set(options.headers["allow"].split(", ")) == {"OPTIONS", "HEAD", "GET"}


# ------------------------------------------------------------------ batches


async def started(account: Account, *domains: str, question: str = "Do they have SOC 2?") -> str:
    answer = await account.call(
        "POST",
        f"{SIGNALS}/batch",
        json={
            "signals": [{"question": question, "answerType": "boolean"}],
            "domains": domains or ("acme.com",),
            "async": True,
        },
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["batchId"])


async def test_a_batch_is_looked_at_by_its_number(api: Api, acme: Account) -> None:
    batch = await started(acme, "a.com", "no domain", "b.com", "c.com")
    path = f"{SIGNALS}/batch/{batch}"
    shown = (await acme.get(path)).json()
    assert shown | {"submittedAt": ""} == {
        "batchId": batch,
        "status": "processing",
        "submittedAt": "",
        "totalSignals": 4,
        "accepted": 3,
        "rejected": 1,
        "processing": 3,
        "completed": 0,
        "failed": 0,
    }
    rows = (await acme.get(f"{path}/results?limit=3")).json()
    assert (rows["total"], rows["count"]) == (4, 3)
    assert [(row["domain"], row["status"]) for row in rows["results"]] == [
        ("a.com", "processing"),
        ("no domain", "rejected"),
        ("b.com", "processing"),
    ]
    assert "domain" in rows["results"][1]["error"]
    rest = (await acme.get(f"{path}/results?limit=3&offset=3")).json()
    assert [row["domain"] for row in rest["results"]] == ["c.com"]

    ids = [rows["results"][0]["id"], rows["results"][2]["id"], rest["results"][0]["id"]]
    async with events(acme, f"{path}/events") as coming:
        first = await anext(coming)
        assert (first.type, first.id, first.value) == ("progress", "0", shown)
        await api.finish(ids[0])
        second = await anext(coming)
        assert (second.id, second.value["completed"], second.value["processing"]) == ("1", 1, 2)
        await api.finish(ids[1], failed=True)
        await api.finish(ids[2])
        last = [one async for one in coming][-1]
    assert (last.type, last.value["status"], last.value["completed"], last.value["failed"]) == (
        "end",
        "completed",
        2,
        1,
    )
    assert (await acme.get(path)).json() == last.value
    assert (await acme.get(f"{path}/events", headers={"Last-Event-ID": "end"})).status_code == 204


async def test_a_batch_that_is_refused_has_no_number(api: Api) -> None:
    poor = await api.account(credits_left=1)
    body = {"signals": [{"question": "q"}], "domains": ["a.com", "b.com"], "async": True}
    assert (await poor.call("POST", f"{SIGNALS}/batch", json=body)).status_code == 402
    mine = "select count(*) from signal_batches where organisation_id = $1"
    assert await api.database.fetchval(mine, poor.organisation_id) == 0


async def test_an_old_batch_has_no_number_any_more(api: Api, acme: Account) -> None:
    old, new = await started(acme, question="old?"), await started(acme, question="new?")
    await api.database.execute(
        "update signal_batches set created_at = now() - interval '40 days' where id = $1", UUID(old)
    )
    await batch_repository.prune(api.database.repeatable, timedelta(days=30))
    assert (await acme.get(f"{SIGNALS}/batch/{old}")).status_code == 404
    assert (await acme.get(f"{SIGNALS}/batch/{new}")).status_code == 200
