"""The client against the real API: over a socket, under a path, on a real database."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.api.service import Account, Api
from tests.client.conftest import QUICK

from leadline.accounts.schemas import KeyOptions
from leadline.client import (
    AsyncClient,
    Client,
    Connector,
    Forbidden,
    InvalidInput,
    NotFound,
    PaymentRequired,
    RateLimited,
    Retry,
    Signal,
    Source,
    Step,
    Unauthorized,
    WaitTimedOut,
)
from leadline.signals.telling import Telling

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = ("acme.com", "Do they have SOC 2?")


async def _first(client: AsyncClient) -> Signal:
    """The signal that somebody else has just asked for."""
    while True:
        async for signal in client.signals.list():
            return signal
        await asyncio.sleep(0.01)


async def test_a_new_question_is_processing(client: AsyncClient) -> None:
    signal = await client.signals.create(*ASKED, answer_type="boolean")
    assert (signal.status, signal.domain, signal.answer_type) == ("processing", "acme.com", "boolean")
    assert not signal.finished
    assert signal.value is None
    assert signal.created_at.tzinfo is not None
    assert await client.signals.get(signal.id) == signal


@pytest.mark.parametrize(
    ("answer_type", "stored", "value"),
    [
        ("open_text", '"words"', "words"),
        ("boolean", "false", False),
        ("number", "14491.0", 14491),
        ("percentage", "42.5", 42.5),
        ("currency", '{"value": 25, "currency": "USD"}', {"value": 25, "currency": "USD"}),
        ("url", '"https://acme.com/"', "https://acme.com/"),
        ("list", '["a", "b"]', ["a", "b"]),
        ("list", None, None),
    ],
)
async def test_a_finished_signal_has_its_value_and_sources(
    api: Api, client: AsyncClient, answer_type: str, stored: str | None, value: Any
) -> None:
    made = await client.signals.create(*ASKED, answer_type=answer_type)
    await api.finish(made.id, answer=stored)
    signal = await client.signals.wait(made.id)
    assert signal.value == value
    assert signal.confidence == 0.875
    assert signal.sources == (Source("https://acme.com/security", "Security", "We are SOC 2 certified."),)


async def test_an_object_is_the_value(api: Api, client: AsyncClient) -> None:
    schema = {"type": "object", "properties": {"value": {"type": "integer"}}}
    made = await client.signals.create(*ASKED, answer_type="json_schema", output_schema=schema)
    await api.finish(made.id, answer='{"value": 5}')
    assert (await client.signals.get(made.id)).value == {"value": 5}


async def test_sync_returns_when_the_signal_is_finished(api: Api, client: AsyncClient) -> None:
    waiting = asyncio.create_task(client.signals.create_sync(*ASKED))
    await api.finish((await _first(client)).id, answer='"yes"')
    signal = await waiting
    assert signal.value == "yes"


async def test_sync_gives_a_failed_signal_back(api: Api, client: AsyncClient) -> None:
    waiting = asyncio.create_task(client.signals.create_sync(*ASKED))
    await api.finish((await _first(client)).id, failed=True)
    signal = await waiting
    assert (signal.status, signal.error_code, signal.error) == (
        "failed",
        "SITE_UNREADABLE",
        "The site is away.",
    )


async def test_sync_that_is_not_finished_in_time_names_the_signal(client: AsyncClient) -> None:
    with pytest.raises(WaitTimedOut) as raised:
        await client.signals.create_sync(*ASKED, timeout=1)
    assert raised.value.signal_id == (await _first(client)).id
    assert "goes on" in str(raised.value)


async def test_wait_tells_what_it_sees_and_gives_up(client: AsyncClient) -> None:
    made = await client.signals.create(*ASKED)
    seen: list[Signal] = []
    with pytest.raises(WaitTimedOut) as raised:
        await client.signals.wait(made.id, timeout=0.3, on_look=seen.append)
    assert raised.value.last_seen == made
    assert made in seen


async def test_list_goes_through_all_pages(api: Api, client: AsyncClient) -> None:
    made = [(await client.signals.create("acme.com", f"Question {n}?")).id for n in range(7)]
    await api.finish(made[0])
    assert [s.id async for s in client.signals.list(page_size=3)] == made[::-1]
    assert [s.id async for s in client.signals.list(status="completed")] == made[:1]
    both = client.signals.list(status=["completed", "processing"], domain="acme.com", page_size=2)
    assert [s.id async for s in both] == made[::-1]
    assert [s.id async for s in client.signals.list(domain="other.com")] == []


async def test_a_question_asked_during_listing_shows_nothing_twice(client: AsyncClient) -> None:
    made = [(await client.signals.create("acme.com", f"Question {n}?")).id for n in range(4)]
    listed = client.signals.list(page_size=2)
    found = [(await anext(listed)).id]
    await client.signals.create("acme.com", "One more?")
    found += [s.id async for s in listed]
    assert found == made[::-1]


async def test_credits_and_connectors(client: AsyncClient) -> None:
    before = await client.credits()
    await client.signals.create(*ASKED)
    assert await client.credits() == before - 1
    assert await client.connectors() == (Connector("salesNavigator", "disconnected"),)


async def test_what_is_wrong_with_a_question_is_named(client: AsyncClient) -> None:
    with pytest.raises(InvalidInput) as raised:
        await client.signals.create("https://acme.com", "")
    assert [f.field for f in raised.value.fields] == ["domain", "question"]
    assert (raised.value.status, raised.value.code) == (422, "VALIDATION_ERROR")
    assert raised.value.request_id
    assert raised.value.request_id in str(raised.value)


async def test_an_unknown_signal_is_not_found(client: AsyncClient) -> None:
    for unknown in ("01990000-0000-7000-8000-000000000001", "../../credits", "a b?c"):
        with pytest.raises(NotFound):
            await client.signals.get(unknown)


async def test_an_unknown_key_is_refused_and_not_shown(api: Api) -> None:
    key = "sk_live_" + "x" * 43
    async with AsyncClient(api.address.url, key) as stranger:
        with pytest.raises(Unauthorized) as raised:
            await stranger.credits()
        for shown in (str(raised.value), repr(raised.value), repr(stranger), repr(stranger.signals)):
            assert key not in shown


async def test_without_credits_nothing_is_asked(api: Api) -> None:
    poor = await api.account(credits_left=0)
    async with AsyncClient(api.address.url, poor.key) as client:
        with pytest.raises(PaymentRequired, match="credit"):
            await client.signals.create(*ASKED)
        assert [s async for s in client.signals.list()] == []


async def test_a_reading_key_may_not_ask(api: Api) -> None:
    reader = await api.account(scopes=("read",))
    async with AsyncClient(api.address.url, reader.key) as client:
        with pytest.raises(Forbidden, match="write"):
            await client.signals.create(*ASKED)


async def test_the_limit_of_a_key_is_waited_for(api: Api) -> None:
    limited = await api.account(options=KeyOptions(reads_per_minute=60, reads_burst=1))
    async with AsyncClient(api.address.url, limited.key, retry=Retry(budget=0.5)) as client:
        await client.credits()
        with pytest.raises(RateLimited) as raised:
            await client.credits()
        assert raised.value.retry_after == 1
    async with AsyncClient(api.address.url, limited.key, retry=Retry(budget=2.0)) as client:
        assert await client.credits() == 10_000


async def test_identical_questions_at_once_are_one_signal(client: AsyncClient) -> None:
    made = await asyncio.gather(*(client.signals.create(*ASKED, force_refresh=True) for _ in range(5)))
    assert len({signal.id for signal in made}) == 1


async def test_watching_tells_the_steps_and_last_the_signal(api: Api, client: AsyncClient) -> None:
    signal = await client.signals.create(*ASKED)
    seen = []
    with Telling(api.database.repeatable).of(UUID(signal.id)) as tell:
        tell("collect", "https://acme.com/", pages=1)
        async for one in client.signals.watch(signal.id):
            seen.append(one)
            if len(seen) == 1:
                await api.finish(signal.id, answer='"yes"')
    assert seen[0] == Step("collect", "https://acme.com/", {"pages": 1})
    assert isinstance(seen[1], Signal)
    assert (len(seen), seen[1].value) == (2, "yes")
    with pytest.raises(NotFound):
        await anext(client.signals.watch(str(uuid4())))


# ------------------------------------------------------------------ without an event loop


async def test_the_blocking_client_does_the_same(api: Api, acme: Account) -> None:
    def use() -> None:
        with Client(f"{api.address.url}/public", acme.key, retry=QUICK) as client:
            made = client.signals.create(*ASKED)
            asyncio.run_coroutine_threadsafe(api.finish(made.id, answer='"yes"'), loop).result()
            assert client.signals.wait(made.id, timeout=30).value == "yes"
            assert client.signals.create_sync(*ASKED).value == "yes"
            assert [s.value for s in client.signals.watch(made.id) if isinstance(s, Signal)] == ["yes"]
            assert client.signals.get(made.id).id == made.id
            assert [s.id for s in client.signals.list(page_size=1)] == [made.id]
            assert client.credits() == 9_999
            assert client.connectors()[0].source == "salesNavigator"
            with pytest.raises(NotFound):
                client.signals.get("nothing")
            assert acme.key not in repr(client)
        client.close()

    loop = asyncio.get_running_loop()
    await asyncio.to_thread(use)


async def test_the_blocking_client_works_inside_a_running_loop(api: Api, acme: Account) -> None:
    async def inside() -> int:
        with Client(api.address.url, acme.key) as client:
            return client.credits()

    assert await asyncio.to_thread(lambda: asyncio.run(inside())) == 10_000


async def test_questions_about_people_have_methods_of_their_own(api: Api, client: AsyncClient) -> None:
    url = "https://www.linkedin.com/in/jo-quist"
    made = await client.contact_signals.create(url, "What is their role?", sales_navigator="off")
    assert (made.status, made.signal_type, made.contact_profile_url, made.domain) == (
        "processing", "CONTACT", url, "",
    )  # fmt: skip
    await api.finish(made.id, answer='"Head of Sales"')
    assert (await client.contact_signals.wait(made.id, timeout=30)).value == "Head of Sales"
    assert [one.id async for one in client.contact_signals.list(contact_profile_url=url)] == [made.id]
    with pytest.raises(NotFound):
        await client.signals.get(made.id)
    again = await client.contact_signals.create_sync(url, "What is their role?", sales_navigator="off")
    assert again.id == made.id


async def test_a_blocking_client_asks_about_people_too(api: Api, acme: Account) -> None:
    def ask() -> list[str]:
        with Client(f"{api.address.url}/public", acme.key, retry=QUICK) as client:
            made = client.contact_signals.create("linkedin.com/in/jo-quist", "What is their role?")
            found = client.contact_signals.list()
            return [made.id, *(one.id for one in found)]

    first, *listed = await asyncio.to_thread(ask)
    assert listed == [first]
