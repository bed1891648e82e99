"""Contact research whose worker is killed is finished by another, and is paid for once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cli.command import command_for
from tests.contact_research.site import HOST, TEAM, acme
from tests.web import Held, Reply, WebServer
from tests.worker.acme import working
from tests.worker.conftest import settings_for

from leadline.bootstrap import open_leadline
from leadline.contact_research.schemas import CreateContactResearchRequest


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        acme(server)
        yield server


async def test_research_of_a_killed_worker_is_finished_by_another(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    held = Held(Reply(TEAM))
    web.route(HOST, "/team", held)
    request = CreateContactResearchRequest(
        first_name="Jane", last_name="Doe", company_name="Acme", company_domain=HOST
    )
    command = command_for(
        web, database_url, LEADLINE_CONNECT_TO=f"*={web.address}", LEADLINE_LEASE_SECONDS="2"
    )
    async with open_leadline(settings_for(web, database_url, tmp_path, lease_seconds=2.0)) as leadline:
        org = await leadline.organisation()
        row, _ = await leadline.contact_research.accept(org, request)
        async with command.start("work") as process:
            await command.seen(process, web, lambda: web.count(HOST, "/team") == 1)
            process.kill()
            await process.wait()
        assert (await leadline.contact_research.get(org, row.public_id)).status == "processing"
        held.release()
        async with working(leadline):
            while (found := await leadline.contact_research.get(org, row.public_id)).status == "processing":
                await asyncio.sleep(0.05)
        assert found.status == "completed"
        assert found.result
        assert found.result.current_role.statements
        kinds = await leadline.database.fetch(
            "select kind from credit_entries where reference = $1 order by kind", row.id
        )
        assert [one["kind"] for one in kinds] == ["capture", "reserve"]
        events = await leadline.database.fetchval("select count(*) from events where reference = $1", row.id)
        assert events == 1
