"""Summaries over HTTP."""

from __future__ import annotations

import pytest
from tests.api.service import Account, Api

SUMMARIES = "/v1/companies/signals/summaries"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_summary_is_made_of_finished_signals_and_listed(api: Api, acme: Account) -> None:
    assert (await acme.post(SUMMARIES, {"domain": "acme.com"})).status_code == 204
    signal = await acme.ask(answerType="boolean")
    assert (await acme.post(SUMMARIES, {"domain": "acme.com"})).status_code == 204
    await api.finish(signal["id"], answer="true")
    answer = await acme.post(SUMMARIES, {"domain": "acme.com"})
    (point,) = answer.json()["summary"]
    assert (point["description"], point["signalIds"]) == ("Do they have SOC 2? yes", [signal["id"]])
    listed = (await acme.get(f"{SUMMARIES}?domain=acme.com")).json()
    assert (listed["total"], listed["results"][0]["summary"]) == (1, [point])
    assert (await acme.get(f"{SUMMARIES}?domain=other.com")).json()["total"] == 0


@pytest.mark.parametrize("query", ["", "?domain=a%20b", "?domain=acme.com&limit=101"])
async def test_a_bad_query_is_400(acme: Account, query: str) -> None:
    assert (await acme.get(SUMMARIES + query)).status_code == 400


@pytest.mark.parametrize("body", [{}, {"domain": "https://acme.com"}])
async def test_a_bad_body_is_400(acme: Account, body: dict[str, str]) -> None:
    assert (await acme.post(SUMMARIES, body)).status_code == 400
