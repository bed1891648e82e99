"""A stored page, opened at the words that a signal quotes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from tests.api.service import Account, Api

from leadline.connectors.pages.fake import MemoryFetcher
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.evidence import service as evidence
from leadline.evidence.service import StoredLibrary
from leadline.foundation.ids import new_id
from leadline.research.model import Company, Page, Proof, Provenance, Source

pytestmark = pytest.mark.asyncio(loop_scope="module")

URL = "https://acme.com/about?x=<b>&y="
HTML = (
    "<title>About</title><script>alert(1)</script><p onclick=alert(2)>Acme makes <b>anvils</b>.</p>"
    "<table><tr><td>Founded<td>1987</table><p>Acme makes anvils in Leeds.</p>"
)
WORDS = ("Founded 1987", "Acme makes anvils")


class Cited(NamedTuple):
    account: Account
    signal_id: str
    page: Page

    async def look(self, **query: Any) -> str:
        answer = await self.account.get(f"/v1/snapshots/{self.page.snapshot_id}", params=query)
        assert answer.status_code == 200, answer.text
        text: str = answer.text
        return text

    def span(self, words: str, nth: int = 0) -> dict[str, int]:
        start = -1
        for _ in range(nth + 1):
            start = self.page.content.text.index(words, start + 1)
        return {"start": start, "end": start + len(words)}


@pytest_asyncio.fixture(loop_scope="module")
async def cited(api: Api, acme: Account) -> Cited:
    return await cited_page(api, acme)


async def cited_page(api: Api, account: Account) -> Cited:
    """A page that a signal of the account cites."""
    library = StoredLibrary(
        api.database, MemoryFetcher({URL: HTML}), InlineSandbox(), freshness=timedelta(hours=1)
    )
    page = (await library.page(URL, Company(host="acme.com", asked_host="acme.com"))).page
    assert isinstance(page, Page)
    signal = await account.ask(f"When were they founded? {uuid4()}")
    found = Cited(account, signal["id"], page)
    proofs = [
        Proof(
            snapshot_id=page.snapshot_id,
            body_sha256=page.body_sha256,
            text_sha256=page.content.text_sha256,
            walk=page.content.walk,
            **found.span(words, nth),
        )
        for words, nth in ((WORDS[0], 0), (WORDS[1], 1))
    ]
    await api.finish(signal["id"], answer='{"number": 1987}')
    sources = [
        Source(url=URL, title="About", snippet=words, proof=proof, provenance=Provenance.OWN)
        for words, proof in zip(WORDS, proofs, strict=True)
    ]
    await api.database.execute(
        "update signals set sources = $2::text::jsonb where id = $1",
        UUID(signal["id"]),
        msgspec.json.encode(sources).decode(),
    )
    async with api.database.transaction() as connection:
        await evidence.cite(connection, UUID(signal["id"]), {page.snapshot_id})
    await library.aclose()
    return found


async def test_a_quote_of_a_signal_is_marked(cited: Cited) -> None:
    first = await cited.look(signal=cited.signal_id)
    assert '<td><mark id="quote">Founded</mark></td>' in first
    assert "<td><mark>1987</mark></td>" in first
    second = await cited.look(signal=cited.signal_id, quote=2)
    assert '<p><mark id="quote">Acme makes anvils</mark> in Leeds.</p>' in second
    assert "<p>Acme makes <b>anvils</b>.</p>" in second


async def test_characters_are_marked(cited: Cited) -> None:
    assert '<p><mark id="quote">Acme makes</mark> <b><mark>anvils</mark></b>.</p>' in await cited.look(
        **cited.span("Acme makes anvils")
    )
    assert "<mark" not in await cited.look()


async def test_the_page_says_where_it_is_from_and_nothing_of_it_runs(cited: Cited) -> None:
    answer = await cited.account.get(
        f"/v1/snapshots/{cited.page.snapshot_id}", params={"signal": cited.signal_id}
    )
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "allow" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "Stored copy of https://acme.com/about?x=&lt;b&gt;&amp;y=" in answer.text
    assert cited.page.body_sha256 in answer.text
    assert f"Fetched {cited.page.fetched_at:%Y-%m-%d}" in answer.text
    assert "alert" not in answer.text


@pytest.mark.parametrize(
    "query",
    [{"quote": 3}, {"quote": 0}],
    ids=["more than there are", "none"],
)
async def test_a_quote_that_there_is_not_is_refused(cited: Cited, query: dict[str, int]) -> None:
    path = f"/v1/snapshots/{cited.page.snapshot_id}"
    assert (await cited.account.get(path, params={"signal": cited.signal_id} | query)).status_code == 400


@pytest.mark.parametrize(
    "query",
    [{"start": 3}, {"end": 3}, {"start": 5, "end": 5}, {"start": 0, "end": 10**6}, {"start": -1, "end": 5}],
)
async def test_characters_that_there_are_not_are_refused(cited: Cited, query: dict[str, int]) -> None:
    path = f"/v1/snapshots/{cited.page.snapshot_id}"
    assert (await cited.account.get(path, params=query)).status_code == 400


async def test_only_who_cites_a_page_may_look_at_it(api: Api, cited: Cited) -> None:
    path = f"/v1/snapshots/{cited.page.snapshot_id}"
    stranger = await api.account()
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get(path, params={"signal": cited.signal_id})).status_code == 404
    own = await stranger.ask("Do they have SOC 2?")
    assert (await stranger.get(path, params={"signal": own["id"]})).status_code in (400, 404)
    assert (await cited.account.get(f"/v1/snapshots/{new_id()}")).status_code == 404
    assert (await api.client.get(path)).status_code == 401


async def test_a_signal_opens_no_page_that_it_does_not_cite(cited: Cited) -> None:
    answer = await cited.account.get(f"/v1/snapshots/{new_id()}", params={"signal": cited.signal_id})
    assert answer.status_code == 400
    assert cited.page.snapshot_id in answer.text


async def test_an_erased_name_is_not_shown(api: Api, cited: Cited) -> None:
    async with api.database.transaction() as connection:
        assert await evidence.redact(connection, ["acme.com"], "Acme makes") >= 1
    shown = await cited.look(signal=cited.signal_id, quote=2)
    assert '<mark id="quote">████ █████ anvils</mark> in Leeds.' in shown
    assert "A name was overwritten since" in shown
    assert "Acme makes" not in shown
