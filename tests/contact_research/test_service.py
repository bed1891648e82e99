"""Contact research: accepted with its work and credits, done once, every statement with its quote."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from tests.contact_research.site import HOST, acme
from tests.model_server import Asked, ModelServer, failing
from tests.web import Hang, Reply, WebServer
from tests.worker.acme import working
from tests.worker.conftest import settings_for

from leadline.accounts.service import organisation
from leadline.bootstrap import Leadline, open_leadline
from leadline.contact_research.report import proof_of, sections
from leadline.contact_research.schemas import (
    ContactReport,
    ContactResearch,
    CreateContactResearchRequest,
    ReportSection,
)
from leadline.foundation.errors import InvalidInput, NotFound, PaymentRequired
from leadline.research.model import Marked
from leadline.work.service import MAX_ATTEMPTS


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        acme(server)
        yield server


@pytest.fixture
async def leadline(web: WebServer, database_url: str, tmp_path: Path) -> AsyncIterator[Leadline]:
    async with open_leadline(settings_for(web, database_url, tmp_path, shutdown_grace=0.2)) as opened:
        yield opened


def wanted(first: str = "Jane", last: str = "Doe", **more: Any) -> CreateContactResearchRequest:
    members = {"company_name": "Acme", "company_domain": HOST, "job_title": "VP Sales"} | more
    return CreateContactResearchRequest(first_name=first, last_name=last, **members)


async def see(leadline: Leadline, request: CreateContactResearchRequest | None = None) -> ContactResearch:
    org = await leadline.organisation()
    return await leadline.contact_research.see_through(org, request or wanted())


def report(found: ContactResearch) -> ContactReport:
    assert found.result
    return found.result


def quotes(section: ReportSection) -> list[str]:
    return [one.quote for one in section.statements]


async def finished(leadline: Leadline, public_id: str) -> ContactResearch:
    org = await leadline.organisation()
    while (found := await leadline.contact_research.get(org, public_id)).status == "processing":
        await asyncio.sleep(0.02)
    return found


async def kinds(leadline: Leadline) -> list[str]:
    return sorted(
        row["kind"]
        for row in await leadline.database.fetch(
            "select kind from credit_entries where reference is not null"
        )
    )


async def test_a_report_has_what_is_published_of_the_person_and_nothing_else(leadline: Leadline) -> None:
    found = report(await see(leadline))
    assert quotes(found.current_role)[0] == "Jane Doe\nVP Sales"
    assert quotes(found.career) == ["Before joining Acme in 2019 she worked at Globex."]
    assert quotes(found.team) == ["Jane leads our sales team of 12 people in Kiel."]
    tasks = {one.quote: one.basis for one in found.likely_responsibilities.statements}
    assert tasks == {
        "Jane leads our sales team of 12 people in Kiel.": "page",
        "Build the sales plan for Europe": "jobPost",
    }
    assert quotes(found.public_statements) == [
        "“We wanted to be close to our customers,” said Jane Doe, VP Sales at Acme."
    ]
    assert found.recent_activity.statements[0].date == "2026-10-01"
    points = {(one.kind, one.value) for one in found.contact_points.statements}
    assert points == {
        ("email", "jane.doe@acme.com"),
        ("phone", "+49431123"),
        ("profile", "https://www.linkedin.com/in/jane-doe"),
    }


async def test_a_namesake_is_rejected_with_the_reason(leadline: Leadline) -> None:
    found = report(await see(leadline))
    (rejected,) = found.rejected
    assert rejected.quote == "Jane Doe, a painter at Globex, was there too."
    assert "Globex" in rejected.why


async def test_every_quote_stands_where_its_proof_says(leadline: Leadline) -> None:
    found = await see(leadline)
    stated = [one for _, section in sections(report(found)) for one in section.statements]
    assert len(stated) > 8
    org = await leadline.organisation()
    checks = await leadline.contact_research.verify(org, found.id)
    assert [(one.snippet, one.fault) for one in checks] == [(one.quote, None) for one in stated]
    cited = await leadline.database.fetch("select snapshot_id from citations")
    assert {str(row["snapshot_id"]) for row in cited} == {one.proof.snapshot_id for one in stated}


async def test_a_quoted_page_is_opened_by_whose_report_it_is(leadline: Leadline) -> None:
    found = await see(leadline)
    one = report(found).team.statements[0]
    proof = proof_of(one)
    marked = Marked(start=proof.start, end=proof.end)
    org = await leadline.organisation()
    page = await leadline.snapshots.page(org, proof.snapshot_id, marked)
    assert f'<mark id="quote">{one.quote}</mark>' in page.html
    stranger = await organisation(leadline.database, "stranger")
    with pytest.raises(NotFound):
        await leadline.snapshots.page(stranger, proof.snapshot_id, marked)


async def test_a_page_that_was_changed_afterwards_is_found_out(leadline: Leadline) -> None:
    found = await see(leadline)
    await leadline.database.execute(
        "update snapshots set body = (select body from snapshots where url like '%/news/%')"
    )
    checks = await leadline.contact_research.verify(await leadline.organisation(), found.id)
    assert any(one.fault for one in checks)


async def test_openers_rest_on_quotes(leadline: Leadline) -> None:
    found = report(await see(leadline))
    words = {one.number: one.quote for _, section in sections(found) for one in section.statements}
    assert len(found.openers) == 3
    assert found.openers_by == "rules"
    for opener in found.openers:
        assert all(" ".join(words[number].split()) in opener.text for number in opener.rests_on)


async def test_nothing_published_is_told_as_nothing_and_paid_for(leadline: Leadline) -> None:
    found = await see(leadline, wanted("Rick", "Roe", job_title=UNSET))
    assert (found.status, found.error_code) == ("completed", UNSET)
    assert all(not section.statements for _, section in sections(report(found)))
    assert report(found).career.note == "None of the 4 pages that were read names the person."
    assert report(found).could_not_read == []
    assert report(found).openers == []
    assert await kinds(leadline) == ["capture", "reserve"]


async def test_nothing_found_and_not_all_read_is_not_told_as_nothing(
    leadline: Leadline, web: WebServer
) -> None:
    web.route(HOST, "/team", Reply("no", status=503))
    found = await see(leadline, wanted("Rick", "Roe", job_title=UNSET))
    assert found.status == "completed"
    assert found.error_code
    assert "could not be read" in str(report(found).current_role.note)
    assert any(one.url.endswith("/team") for one in report(found).could_not_read)
    assert await kinds(leadline) == ["release", "reserve"]


async def test_a_site_that_is_down_is_a_visible_failure(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    web.route(HOST, "*", Hang())
    settings = settings_for(web, database_url, tmp_path, fetch_timeout=0.5)
    async with open_leadline(settings) as leadline:
        found = await see(leadline)
        assert (found.status, found.result) == ("failed", UNSET)
        assert "No page of acme.com could be read" in str(found.error)
        assert found.error_action
        assert await kinds(leadline) == ["release", "reserve"]


@pytest.mark.parametrize(
    ("first", "last", "tells"),
    [("Jan", "van der Berg", True), ("田中", "恵子", True), ("Иван", "Петров", True), ("Pelé", "P", False)],
)
async def test_names_of_all_kinds(
    leadline: Leadline, web: WebServer, first: str, last: str, tells: bool
) -> None:
    web.page(
        HOST,
        "/team",
        f"<title>Team</title><h1>Team</h1><h3>{first} {last}</h3><p>Head of Sales</p><h3>Pelé</h3><p>CFO</p>",
    )
    found = report(await see(leadline, wanted(first, last, job_title=UNSET)))
    assert bool(found.current_role.statements), found.rejected
    assert ("Pelé\nCFO" in quotes(found.current_role)) is False
    assert tells or first == "Pelé"


async def test_a_worker_finishes_what_was_accepted_and_its_webhook_is_called(
    leadline: Leadline, web: WebServer
) -> None:
    org = await leadline.organisation()
    row, new = await leadline.contact_research.accept(org, wanted(webhook_url="https://hooks.acme.com/told"))
    assert new
    async with working(leadline):
        found = await finished(leadline, row.public_id)
        assert found.status == "completed"
        while not await leadline.database.fetchval(
            "select exists (select from webhook_deliveries where attempts > 0 and reference = $1)", row.id
        ):
            await asyncio.sleep(0.02)
    kind, body = await leadline.database.fetchrow(
        "select type, body from events where reference = $1", row.id
    )
    assert kind == "contact_research.completed"
    assert f'"id":"{row.public_id}"'.encode() in body


async def test_identical_research_is_joined_and_other_is_not(leadline: Leadline) -> None:
    org = await leadline.organisation()
    first, _ = await leadline.contact_research.accept(org, wanted())
    same, new = await leadline.contact_research.accept(
        org, wanted("JANE ", "  Doe", company_domain="www.acme.com", webhook_url="https://hooks.acme.com/too")
    )
    assert (same.id, new) == (first.id, False)
    other, new = await leadline.contact_research.accept(org, wanted(external_id="7", external_source="crm"))
    assert (other.id != first.id, new) == (True, True)
    foreign, new = await leadline.contact_research.accept(
        await organisation(leadline.database, "x"), wanted()
    )
    assert (foreign.id != first.id, new) == (True, True)
    assert await leadline.database.fetchval("select count(*) from webhook_listeners") == 1


async def test_it_is_found_by_the_id_of_another_system_the_newest_first(leadline: Leadline) -> None:
    org = await leadline.organisation()
    service = leadline.contact_research
    old, _ = await service.accept(org, wanted(external_id="7", external_source="crm"))
    new, _ = await service.accept(org, wanted("Bo", "Ray", external_id="7", external_source="crm"))
    assert (await service.newest_of(org, "7", "crm")).id == new.public_id
    assert old.public_id != new.public_id
    for args in ((org, "7", "other"), (await organisation(leadline.database, "x"), "7", "crm")):
        with pytest.raises(NotFound):
            await service.newest_of(*args)


async def test_work_whose_processes_die_is_given_up_visibly(leadline: Leadline) -> None:
    org = await leadline.organisation()
    row, _ = await leadline.contact_research.accept(org, wanted())
    await leadline.database.execute("update work_items set attempts = $1", MAX_ATTEMPTS)
    async with working(leadline):
        found = await finished(leadline, row.public_id)
    assert (found.status, found.error_code) == ("failed", "TOO_MANY_ATTEMPTS")
    assert await kinds(leadline) == ["release", "reserve"]


async def test_credits_that_do_not_suffice_leave_nothing_behind(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    async with open_leadline(settings_for(web, database_url, tmp_path, monthly_credits=0)) as leadline:
        with pytest.raises(PaymentRequired):
            await see(leadline)
        assert await leadline.database.fetchval("select count(*) from contact_research") == 0
        assert await leadline.database.fetchval("select count(*) from work_items") == 0


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"first": "…"}, "firstName"),
        ({"last": "123"}, "lastName"),
        ({"company_domain": "https://acme.com"}, "companyDomain"),
        ({"company_domain": "localhost"}, "companyDomain"),
        ({"contact_profile_url": "https://example.com/jane"}, "contactProfileUrl"),
        ({"contact_profile_url": "https://www.linkedin.com/company/acme"}, "contactProfileUrl"),
        ({"linked_in_sales_navigator_url": "nonsense"}, "linkedInSalesNavigatorUrl"),
        ({"webhook_url": "ftp://acme.com"}, "webhookUrl"),
        ({"webhook_url": "http://127.0.0.1/hook"}, "webhookUrl"),
        ({"external_id": "7"}, "externalSource"),
        ({"external_source": "crm"}, "externalId"),
    ],
)
async def test_what_cannot_be_researched_is_refused(
    leadline: Leadline, members: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await see(leadline, wanted(**members))
    assert [one for one, _ in refused.value.fields] == [field]


# ------------------------------------------------------------------ with a model


def with_model(web: WebServer, models: ModelServer, database_url: str, tmp_path: Path) -> Any:
    return settings_for(
        web,
        database_url,
        tmp_path,
        model="openai:test-model",
        model_base_url=models.openai,
        model_api_key="none",
    )


def saying(text: str) -> Any:
    def reply(asked: Asked) -> dict[str, Any]:
        line = re.search(r"\[(\d+)\][^\n]*Before joining", asked.prompt)
        assert line is not None, asked.prompt
        return {"openers": [{"statements": [int(line[1])], "text": text}]}

    return reply


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Jane, what did you bring along from Globex when you came in 2019?", True),
        ("Jane, congratulations on the 50 million you raised!", False),
        ("Jane, did you like your time at Initech?", False),
        ("Jane, see https://evil.example for more.", False),
    ],
)
async def test_a_model_phrases_openers_that_say_no_more_than_their_statements(
    web: WebServer, database_url: str, tmp_path: Path, text: str, kept: bool
) -> None:
    async with (
        ModelServer(saying(text)) as models,
        open_leadline(with_model(web, models, database_url, tmp_path)) as leadline,
    ):
        found = report(await see(leadline))
    assert (found.openers[0].text == text) is kept
    assert (found.openers_by == "rules") is not kept


async def test_without_its_model_the_report_is_made_all_the_same(
    web: WebServer, database_url: str, tmp_path: Path
) -> None:
    async with (
        ModelServer(lambda _: failing(400)) as models,
        open_leadline(with_model(web, models, database_url, tmp_path)) as leadline,
    ):
        found = report(await see(leadline))
    assert (found.openers_by, len(found.openers)) == ("rules", 3)
