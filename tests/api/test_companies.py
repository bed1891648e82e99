"""Company profiles over HTTP."""

from __future__ import annotations

from uuid import uuid4

import pytest
from tests.api.service import Account, Api

from leadline.companies import service
from leadline.research.documents.hosts import parse_company
from leadline.research.profile.model import Finding

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_profile_is_shown_with_its_quotes(api: Api, acme: Account) -> None:
    company = parse_company("norrwerk.com")
    url, snapshot_id = "https://norrwerk.com/about", str(uuid4())
    found = Finding(field="founded", value=1998, url=url, snapshot_id=snapshot_id, quote="since 1998")
    async with api.database.transaction() as connection:
        company_id = await service.resolve(connection, company)
        await service.remember(connection, company_id, company, {url: snapshot_id}, [found])
    shown = (await acme.get("/v1/companies/norrwerk.com/profile")).json()
    assert shown["company"]["founded"] == shown["fields"]["founded"]["value"] == 1998
    assert shown["fields"]["founded"]["quotes"][0]["quote"] == "since 1998"


async def test_a_company_that_was_not_read_is_404_and_no_domain_400(acme: Account) -> None:
    assert (await acme.get("/v1/companies/unread.com/profile")).status_code == 404
    assert (await acme.get("/v1/companies/not%20one/profile")).status_code == 400
