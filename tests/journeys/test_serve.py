"""The service in one command: a key, an answer, a worker that dies, an orderly end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator

import httpx2
import psutil
import pytest
from tests.cli.command import HOST, Command, command_for, small_site
from tests.web import Held, Reply, WebServer

from leadline.foundation.database import Database

FOUNDED = {"domain": HOST, "question": "In which year was Acme founded?", "answerType": "number"}
ABOUT = "<title>About</title><h1>About us</h1><p>Acme was founded in 1999 in Kiel, Germany.</p>"


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        small_site(server)
        yield server


async def announced(process: asyncio.subprocess.Process, *, with_key: bool) -> tuple[str, str]:
    """The address and, when there is one, the key."""
    assert process.stdout is not None
    text = (await process.stdout.readline()).decode()
    if with_key:
        text += (await process.stdout.readline()).decode()
    url, key = re.search(r"http://\S+", text), re.search(r"sk_live_\S+", text)
    assert url is not None, text
    assert (key is not None) == with_key, text
    return url[0], key[0] if key else ""


def worker_of(process: asyncio.subprocess.Process) -> int:
    (child,) = [c for c in psutil.Process(process.pid).children() if "work" in c.cmdline()]
    return child.pid


async def stopped(process: asyncio.subprocess.Process) -> None:
    worker = worker_of(process)
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0
    assert not psutil.pid_exists(worker)


async def test_one_command_serves_and_survives_its_worker(
    web: WebServer, database_url: str, database: Database
) -> None:
    held = Held(Reply(ABOUT))
    web.route(HOST, "/about", held)
    command = command_for(web, database_url, LEADLINE_LEASE_SECONDS="1", LEADLINE_SHUTDOWN_GRACE="1")
    async with command.start("serve", "--port", "0") as process:
        url, key = await announced(process, with_key=True)
        async with httpx2.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120, trust_env=False
        ) as client:
            waiting = asyncio.create_task(client.post("/v1/companies/signals/sync", json=FOUNDED))
            await command.seen(process, web, lambda: web.count(HOST, "/about") == 1)
            os.kill(worker_of(process), signal.SIGKILL)
            held.release()
            answer = await waiting
            assert answer.status_code == 200, answer.text
            assert answer.json()["answer"]["number"]["value"] == 1999
            listed = (await client.get("/v1/companies/signals")).json()
            assert [signal["id"] for signal in listed["results"]] == [answer.json()["id"]]
        await stopped(process)
    assert await database.fetchval("select count(*) from credit_entries where kind = 'capture'") == 1
    async with command.start("serve", "--port", "0") as process:
        await announced(process, with_key=False)


async def test_a_port_that_is_taken_is_said_so(web: WebServer, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await Command({"LEADLINE_ENV": "development", "LEADLINE_DATABASE_URL": database_url}).run(
            "serve", "--port", port
        )
    assert ended.code == 2
    assert f"port {port}" in ended.err
    assert "--port" in ended.err
    assert "sk_live_" not in ended.out, "a key that nobody may have seen is not made"
