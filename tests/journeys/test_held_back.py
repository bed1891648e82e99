"""An answer that is held back is told nowhere: the same service is looked at all round, with a threshold and without."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.api.service import Account, Api, open_api
from tests.cli.command import HOST, Command, command_for
from tests.web import Reply, Request, WebServer

from leadline.client import AsyncClient
from leadline.foundation.settings import Endpoint
from leadline.worker import run_worker

SIGNALS = "/v1/companies/signals"
WORDS = "The Team plan costs $487.13 per month."
VALUE = re.compile(r"487[.,]13")
QUESTION = {"question": "What does the Team plan cost per month?", "answerType": "currency"}
STORED = ("events", "webhook_deliveries", "summaries", "subscription_runs", "labels")


class World:
    """A service at work, a site, and a receiver of webhooks."""

    def __init__(self, api: Api, web: WebServer, database_url: str) -> None:
        self.api = api
        self.web = web
        self.database_url = database_url
        self.received: list[Request] = []

    async def until(self, ready: Any) -> None:
        for _ in range(400):
            if await ready():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"never: {ready}")


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with WebServer() as web:
        web.page(HOST, "/", f"<title>Plans</title><h1>Plans</h1><p>{WORDS}</p>")
        settings = {
            "connect_to": {HOST: Endpoint("127.0.0.1", web.port)},
            "allow_networks": ("127.0.0.0/8",),
        }
        async with open_api(database_url, tmp_path, **settings) as api, at_work(api):
            world = World(api, web, database_url)

            def take(request: Request) -> Reply:
                world.received.append(request)
                return Reply("ok")

            web.route("*", "/hook", take)
            yield world


@asynccontextmanager
async def at_work(api: Api) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(api.leadline, stop))
    try:
        yield
    finally:
        stop.set()
        await worker


async def over_http(world: World, account: Account) -> dict[str, str]:
    """Everything that the API tells of an answer, by what was asked for."""
    told: dict[str, str] = {}
    hook = f"{world.web.origin}/hook"
    kept = {"name": "Team", **QUESTION}
    template = (await account.post(f"{SIGNALS}/templates", kept)).json()["id"]

    async def look(name: str, path: str, body: object = None) -> Any:
        answer = await (account.get(path) if body is None else account.post(path, body))
        assert answer.status_code < 300, answer.text
        told[name] = answer.text
        return answer

    asked = {"domain": HOST, "signalTemplateId": template, "webhookUrl": hook}
    signal = (await look("sync", f"{SIGNALS}/sync", asked)).json()
    one = f"{SIGNALS}/{signal['id']}"
    await look("signal", one)
    await look("its events", f"{one}/events")
    await look("its proof", f"{one}/proof")
    await look("from the cache", f"{SIGNALS}/sync", asked)
    for query in ("", f"?domain={HOST}", "?status=completed", "?status=completed&limit=1&offset=0"):
        await look(f"list {query}", f"{SIGNALS}{query}")

    again = [{**QUESTION, "forceRefresh": True, "webhookUrl": hook}]
    batch = {"domains": [HOST], "signals": again, "async": True, "generateSummaryOnComplete": True}
    batch_id = (await look("batch", f"{SIGNALS}/batch", batch)).json()["batchId"]
    await look("batch events", f"{SIGNALS}/batch/{batch_id}/events")
    await look("batch state", f"{SIGNALS}/batch/{batch_id}")
    await look("batch results", f"{SIGNALS}/batch/{batch_id}/results")

    asked_again = {"domain": HOST, "name": "Team", "frequency": "daily", **QUESTION}
    made = (await look("subscription", f"{SIGNALS}/subscriptions", asked_again)).json()
    subscription = f"{SIGNALS}/subscriptions/{made['id']}"
    await account.post(f"{subscription}/actions", {"type": "webhook", "webhook": {"destination": hook}})

    async def ran() -> bool:
        logs = await look("subscription logs", f"{subscription}/logs")
        return any(one["status"] == "completed" for one in logs.json()["results"])

    await account.call("POST", f"{subscription}/trigger")
    await world.until(ran)
    await look("subscription runs", f"{subscription}/runs")

    companies = {"name": "All", "filter": {"domains": [HOST]}}
    listed = (await look("company list", "/v1/companies/lists", companies)).json()["id"]
    await look("companies of the list", f"/v1/companies/lists/{listed}/companies")
    await look("export", f"/v1/companies/lists/{listed}/export", {"signalTemplateIds": [template]})
    await look("company search", "/v1/companies/search", {"filter": {"domains": [HOST]}})

    summary = await account.post(f"{SIGNALS}/summaries", {"domain": HOST})
    told["summary"] = summary.text
    await look("summaries", f"{SIGNALS}/summaries?domain={HOST}")

    async def called() -> bool:
        calls = await look("deliveries", "/v1/webhooks/deliveries")
        return len([one for one in calls.json()["items"] if one["status"] == "delivered"]) >= 2

    await world.until(called)
    told["webhooks"] = "\n".join(one.body.decode() for one in world.received)
    await look("what happened", "/v1/events")

    async with AsyncClient(world.api.address.url, account.key) as client:
        told["client"] = repr(await client.signals.get(signal["id"]))
    told["id"], told["list id"], told["subscription id"], told["template id"] = (
        signal["id"], listed, made["id"], template,
    )  # fmt: skip
    for table in STORED:
        rows = await world.api.database.fetch(
            f"select * from {table} where organisation_id = $1", account.organisation_id
        )
        told[f"stored {table}"] = " ".join(
            one.decode(errors="replace") if isinstance(one, bytes) else str(one)
            for row in rows
            for one in row.values()
        )
    return told


async def by_commands(world: World, account: Account, ids: dict[str, str], folder: Path) -> dict[str, str]:
    """What the commands print and write."""
    name = await world.api.database.fetchval(
        "select name from organisations where id = $1", account.organisation_id
    )
    command = Command(
        dict(command_for(world.web, world.database_url).variables)
        | {"LEADLINE_ALLOW_NETWORKS": "127.0.0.0/8"},
        folder,
    )
    (folder / "domains.csv").write_text(f"domain\n{HOST}\n")
    (folder / "questions.csv").write_text(f"question,type,name\n{QUESTION['question']},currency,team\n")
    told = {}
    inputs = ["batch", "--domains", "domains.csv", "--questions", "questions.csv", "--yes", "--out"]
    for arguments in (
        [*inputs, "answers.csv"],
        [*inputs, "answers.jsonl"],
        ["trace", ids["id"]],
        ["trace", ids["id"], "--json"],
        ["proof", ids["id"]],
        ["verify", ids["id"]],
        ["replay", ids["id"]],
        ["replay", ids["id"], "--json"],
        ["lists", "export", ids["list id"], "--template", ids["template id"]],
        ["subscriptions", "changes", ids["subscription id"], "--all", "--json"],
        ["webhooks", "deliveries", ids["id"], "--json"],
    ):
        ended = await command.run(*arguments, "--org", name)
        assert ended.code == 0, (arguments, ended)
        told[" ".join(one for one in arguments if one not in ids.values())] = ended.out + ended.err
    for file in ("answers.csv", "answers.jsonl"):
        told[file] = (folder / file).read_text(encoding="utf-8-sig")
    return told


def telling(told: dict[str, str]) -> set[str]:
    """Where the value stands besides in the page's own words."""
    return {name for name, text in told.items() if VALUE.search(text.replace(WORDS, ""))}


async def test_what_is_held_back_is_told_nowhere(world: World, tmp_path: Path) -> None:
    acme, open_ = await world.api.account(scopes=("read", "write", "admin")), await world.api.account()
    limit = await acme.call("PUT", "/v1/thresholds", json={"least": 1})
    assert limit.status_code == 200, limit.text
    held = await over_http(world, acme)
    commands = await by_commands(world, acme, held, tmp_path)
    assert telling(held | commands) == set()
    for name, text in (held | commands).items():
        # Nor what was thought of it: the draft's reasons, and the verdict.
        assert "supported" not in text, name
        assert "Stated in a sentence" not in text, name
    assert "held back" in commands["answers.csv"]
    assert '"heldBack"' in held["signal"]
    # Without the threshold the very same look finds it, so the look is one that could.
    world.received.clear()
    given = await over_http(world, open_)
    shown = telling(given | await by_commands(world, open_, given, tmp_path))
    assert {
        "sync", "from the cache", "signal", "its events", "its proof", "list ", f"list ?domain={HOST}", "list ?status=completed", "subscription logs", "summary", "summaries", "export", "webhooks", "what happened",
        "client", "stored events", "answers.csv", "answers.jsonl", "trace", "trace --json", "proof", "replay",
        "replay --json", "subscriptions changes --all --json", "lists export --template",
    } <= shown  # fmt: skip
