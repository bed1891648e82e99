"""From a subscription over HTTP to the call that tells a change, with a worker at work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
from tests.api.service import open_api
from tests.web import Reply, Request, WebServer

from leadline.events.schemas import Event
from leadline.foundation.database import Connection
from leadline.foundation.settings import Endpoint
from leadline.worker import run_worker

HOST = "acme.example"
SUBSCRIPTIONS = "/v1/companies/signals/subscriptions"
PRICE = "<title>Plans</title><h1>Plans</h1><p>The Team plan costs ${} per month.</p>"


async def test_an_edited_page_is_told_by_a_call_and_stands_in_the_events(
    database_url: str, tmp_path: Path
) -> None:
    called: asyncio.Queue[Request] = asyncio.Queue()
    happened: asyncio.Queue[str] = asyncio.Queue()

    def take(request: Request) -> Reply:
        called.put_nowait(request)
        return Reply("ok")

    async def note(connection: Connection, events: Sequence[Event]) -> None:
        for event in events:
            happened.put_nowait(event.type)

    async with WebServer() as web:
        web.page(HOST, "/", PRICE.format(49))
        web.route("*", "/hook", take)
        here = Endpoint("127.0.0.1", web.port)
        settings = {"connect_to": {HOST: here}, "allow_networks": ("127.0.0.0/8",)}
        async with open_api(database_url, tmp_path, **settings) as api:
            api.leadline.sequencer._listeners = [*api.leadline.sequencer._listeners, note]
            acme, stop = await api.account(), asyncio.Event()
            worker = asyncio.create_task(run_worker(api.leadline, stop))
            body = {
                "domain": HOST,
                "name": "Plans",
                "question": "How much does the Team plan cost per month?",
                "answerType": "currency",
                "frequency": "daily",
            }
            one = f"{SUBSCRIPTIONS}/{(await acme.post(SUBSCRIPTIONS, body)).json()['id']}"
            hook = {"type": "webhook", "webhook": {"destination": f"{web.origin}/hook"}}
            assert (await acme.post(f"{one}/actions", hook)).status_code == 201
            await acme.call("POST", f"{one}/trigger")
            assert await asyncio.wait_for(happened.get(), 20) == "signal.completed"
            web.page(HOST, "/", PRICE.format(59))
            await acme.call("POST", f"{one}/trigger")
            request = await asyncio.wait_for(called.get(), 20)
            stop.set()
            await worker
            told = msgspec.json.decode(request.body)
            assert told["changeContext"]["changeDelta"]["difference"] == 10
            assert told["sources"][0]["snippet"] == "The Team plan costs $59 per month."
            newest = (await acme.get(f"{one}/logs")).json()["results"][0]
            assert newest == told
            events = (await acme.get("/v1/events?after=1")).json()["items"]
            assert {e["type"] for e in events} == {"signal.completed", "signal.changed"}
            (change,) = [e for e in events if e["type"] == "signal.changed"]
            assert str(change["sequence"]) == request.headers["leadline-sequence"]
            assert change["data"] == told
