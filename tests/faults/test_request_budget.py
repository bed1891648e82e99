"""However a question goes wrong, its site gets no more requests than the question may make."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.cli.command import HOST
from tests.faults.test_site_outcomes import settings_for
from tests.web import Redirect, Reply, Request, WebServer

from leadline.bootstrap import open_leadline
from leadline.foundation.http import Fault, GuardedClient, OutgoingError, Retry, requests_allowed
from leadline.foundation.network import NetworkPolicy
from leadline.research.model import Budget
from leadline.signals.schemas import SignalRequest


async def test_redirects_retries_and_tasks_all_count() -> None:
    async with WebServer() as web:
        web.route("acme.test", "/busy", Reply("", status=503))
        web.route("acme.test", "/old", Redirect("/busy"))
        policy = NetworkPolicy(connect_to={"acme.test": ("127.0.0.1", web.port)})
        async with GuardedClient(policy, "test") as client:
            with requests_allowed(7) as allowance:
                retry = Retry(attempts=2, first=0.001)
                asked = [client.get("https://acme.test/old", retry=retry) for _ in range(3)]
                ended = await asyncio.gather(*map(asyncio.create_task, asked), return_exceptions=True)
            refused = [one for one in ended if isinstance(one, OutgoingError)]
            assert web.count() == 7
            assert {one.fault for one in refused} == {Fault.NONE_LEFT}
            assert (allowance.left, allowance.refused) == (0, len(refused))
            with requests_allowed(0), pytest.raises(OutgoingError):
                await client.get("https://acme.test/busy")
            assert (await client.get("https://acme.test/busy")).status == 503, "others are not held back"
        assert web.count() == 8


async def test_a_site_of_detours_gets_no_more_requests_than_the_budget_and_the_answer_says_so(
    database_url: str, tmp_path: Path
) -> None:
    """Every page is eight redirects away and answers 503 in the end; so do twenty sitemaps."""

    def detour(request: Request) -> Reply:
        stage = int(request.query.get("stage", "0"))
        if stage < 8:
            return Redirect(f"{request.path}?stage={stage + 1}")
        return Reply("busy", status=503, headers={"Retry-After": "0"})

    async with WebServer() as web:
        sitemaps = "".join(f"Sitemap: https://{HOST}/sitemap{number}.xml\n" for number in range(20))
        web.route(HOST, "/robots.txt", Reply(sitemaps, content_type="text/plain"))
        links = "".join(f"<a href=/founded{number}>When Acme was founded</a> " for number in range(40))
        web.page(HOST, "/", f"<h1>Acme</h1><p>Acme makes anvils.</p>{links}")
        web.route(HOST, "*", detour)
        budget = Budget(max_pages=10)
        question = SignalRequest(
            domain=HOST, question="When was Acme founded?", answer_type="number", max_pages=budget.max_pages
        )
        async with open_leadline(settings_for(web, database_url, tmp_path)) as leadline:
            signal = await leadline.ask(question)
            assert (signal.status, signal.answer) == ("completed", None)
            trace = await leadline.trace(signal.id)
            assert web.count() == budget.max_requests
            unread = str(trace)
            assert "over_budget" in unread
            # What was not asked for is not remembered against the page.
            kept = await leadline.database.fetchval("select count(*) from pages where reason = 'over_budget'")
            assert kept == 0
