"""The client against servers and proxies that fail."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from tests.client.conftest import QUICK
from tests.web import Answer, Cut, Hang, InTurn, Raw, Redirect, Reply, WebServer, refusing_port

from leadline.client import (
    AsyncClient,
    BadRequest,
    InvalidInput,
    NotFound,
    RateLimited,
    RequestTimedOut,
    Retry,
    ServerFault,
    ServerUnreachable,
    Signal,
    Step,
    Unauthorized,
    UnexpectedAnswer,
    WaitTimedOut,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk_live_" + "k" * 43
ID = "01990000-0000-7000-8000-000000000001"
SIGNALS = "/v1/companies/signals"
ASKED = ("acme.com", "Do they have SOC 2?")


def told(wire: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(wire), status, "application/json", named)


def envelope(status: int, kind: str, code: str, **members: Any) -> Reply:
    error = {"type": kind, "code": code, "message": "Words.", "requestId": ID, **members}
    return told({"error": error}, status)


def signal(status: str = "processing", created: datetime | None = None, **members: Any) -> dict[str, Any]:
    moment = (created or datetime.now(UTC)).isoformat().replace("+00:00", "Z")
    return {"id": ID, "status": status, "createdAt": moment, "domain": "acme.com", **members}


def finished(**members: Any) -> dict[str, Any]:
    answer = {"type": "boolean", "boolean": {"value": True}}
    return signal("completed", answerType="boolean", answer=answer, **members)


def client_of(web: WebServer, path: str = "", **options: Any) -> AsyncClient:
    return AsyncClient(web.origin + path, KEY, **{"retry": QUICK, **options})


@pytest.mark.parametrize(
    "fault",
    [
        Cut(b"{"),
        Raw(),
        envelope(500, "INTERNAL", "INTERNAL_ERROR"),
        envelope(503, "INTERNAL", "DATABASE_UNAVAILABLE"),
        Reply("<h1>Bad Gateway</h1>", 502),
        Reply("", 504),
    ],
    ids=["cut", "garbage", "500", "503", "502 of a proxy", "504 of a proxy"],
)
async def test_a_passing_fault_is_tried_again(web: WebServer, fault: Answer) -> None:
    web.route("*", "/v1/credits", InTurn(fault, fault, told({"remainingCredits": 58})))
    async with client_of(web) as client:
        assert await client.credits() == 58
    assert web.count(path="/v1/credits") == 3


async def test_a_lasting_fault_is_told_after_the_last_try(web: WebServer) -> None:
    web.route("*", "/v1/credits", Reply("<h1>Bad Gateway</h1>", 502))
    async with client_of(web) as client:
        with pytest.raises(ServerFault, match="502"):
            await client.credits()
    assert web.count() == QUICK.tries


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (envelope(401, "UNAUTHORIZED", "UNAUTHORIZED"), Unauthorized),
        (envelope(400, "BAD_REQUEST", "BAD_REQUEST"), BadRequest),
        (told({"error": "NOT_FOUND", "message": "Signal not found or access denied"}, 404), NotFound),
        (
            told(
                {
                    "error": "VALIDATION_ERROR",
                    "message": "Invalid request body",
                    "details": [{"field": "domain", "message": "must be a valid hostname"}],
                },
                422,
            ),
            InvalidInput,
        ),
        (Reply("<h1>404</h1>", 404), UnexpectedAnswer),
        (told(["no", "object"]), UnexpectedAnswer),
        (told({}), UnexpectedAnswer),
        (told({"remainingCredits": "many"}), UnexpectedAnswer),
        (Reply("<h1>Welcome</h1>"), UnexpectedAnswer),
        (Reply("[" * 100_000, content_type="application/json"), UnexpectedAnswer),
    ],
)
async def test_what_will_not_change_is_not_tried_again(
    web: WebServer, answer: Answer, error: type[Exception]
) -> None:
    web.route("*", "/v1/credits", answer)
    async with client_of(web) as client:
        with pytest.raises(error):
            await client.credits()
    assert web.count() == 1


async def test_flat_bodies_are_understood(web: WebServer) -> None:
    details = [{"field": "companyDomain", "message": "must be a valid hostname"}]
    legacy = {"error": "VALIDATION_ERROR", "message": "Invalid request body", "details": details}
    web.route("*", SIGNALS, told(legacy, 422))
    async with client_of(web) as client:
        with pytest.raises(InvalidInput) as raised:
            await client.signals.create(*ASKED)
    assert raised.value.code == "VALIDATION_ERROR"
    assert [(f.field, f.message) for f in raised.value.fields] == [
        ("companyDomain", "must be a valid hostname")
    ]


FLAT = {"statusCode": 429, "error": "Too Many Requests", "message": "Rate limit exceeded", "retryAfter": 30}
OF_A_ROUTE = {"error": {"type": "TIMEOUT", "code": "TOO_MANY_REQUESTS", "requestId": ID}, "retryAfter": 30}


@pytest.mark.parametrize(
    "limited",
    [told(FLAT, 429), told(OF_A_ROUTE, 429), Reply("slow down", 429, headers={"Retry-After": "30"})],
    ids=["flat", "envelope", "header"],
)  # fmt: skip
async def test_a_wait_beyond_the_budget_is_not_waited_for(web: WebServer, limited: Answer) -> None:
    web.route("*", "/v1/credits", limited)
    async with client_of(web) as client:
        with pytest.raises(RateLimited) as raised:
            await client.credits()
    assert raised.value.retry_after == 30
    assert web.count() == 1


async def test_a_stated_wait_is_kept_to(web: WebServer) -> None:
    limited = Reply("", 429, headers={"Retry-After": "1"})
    web.route("*", "/v1/credits", InTurn(limited, told({"remainingCredits": 1})))
    started = asyncio.get_running_loop().time()
    async with client_of(web) as client:
        assert await client.credits() == 1
    assert asyncio.get_running_loop().time() - started >= 1


async def test_a_wait_until_a_date_is_understood(web: WebServer) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    web.route("*", "/v1/credits", Reply("", 503, headers={"Retry-After": until}))
    async with client_of(web) as client:
        with pytest.raises(ServerFault) as raised:
            await client.credits()
    assert raised.value.retry_after == pytest.approx(3600, abs=30)


async def test_a_server_that_is_away_is_said_to_be(web: WebServer) -> None:
    async with (
        refusing_port() as port,
        AsyncClient(f"http://127.0.0.1:{port}", KEY, retry=QUICK) as client,
    ):
        with pytest.raises(ServerUnreachable, match=f"127.0.0.1:{port}") as raised:
            await client.credits()
    assert not raised.value.perhaps_taken
    assert raised.value.request_id


async def test_a_server_that_does_not_answer_is_given_up(web: WebServer) -> None:
    web.route("*", "/v1/credits", Hang())
    async with client_of(web, timeout=0.05, retry=Retry(tries=1)) as client:
        with pytest.raises(ServerUnreachable, match="took too long") as raised:
            await client.credits()
    assert raised.value.perhaps_taken


async def test_a_redirect_is_not_followed_with_the_key(web: WebServer) -> None:
    web.route("*", "/v1/credits", Redirect("/elsewhere"))
    async with client_of(web) as client:
        with pytest.raises(UnexpectedAnswer, match="redirect"):
            await client.credits()
    assert web.count(path="/elsewhere") == 0


async def test_the_base_address_may_have_a_path(web: WebServer) -> None:
    web.route("*", "/public/v1/credits", told({"remainingCredits": 2}))
    async with client_of(web, "/public/") as client:
        assert await client.credits() == 2
    assert web.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "address",
    ["", "acme.com", "ftp://acme.com", "https://", "https://me:secret@acme.com", "https://acme.com?a=b",
     "http://acme.com:port"],
)  # fmt: skip
async def test_an_address_that_cannot_be_one_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="base address") as raised:
        AsyncClient(address, KEY)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("key", ["", "sk_live_ x", "sk_live_\r\nX-Evil: 1", "schlüssel"])
async def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="key must be") as raised:
        AsyncClient("http://127.0.0.1", key)
    assert not key or key not in str(raised.value)


async def test_the_key_stands_in_no_log(web: WebServer, caplog: pytest.LogCaptureFixture) -> None:
    web.route("*", "/v1/credits", InTurn(Cut(), envelope(401, "UNAUTHORIZED", "UNAUTHORIZED")))
    with caplog.at_level(logging.DEBUG):
        async with client_of(web) as client:
            with pytest.raises(Unauthorized):
                await client.credits()
    assert caplog.records
    assert KEY not in caplog.text


# ------------------------------------------------------------------ posts whose answer is lost


def posted(web: WebServer, path: str = SIGNALS) -> list[dict[str, Any]]:
    return [json.loads(r.body) for r in web.requests if r.method == "POST" and r.path == path]


async def test_a_lost_answer_is_asked_for_again(web: WebServer) -> None:
    web.route("*", SIGNALS, InTurn(Cut(), told(signal(), 201)))
    async with client_of(web) as client:
        assert (await client.signals.create(*ASKED)).id == ID
    assert len(posted(web)) == 2


def keys(web: WebServer) -> list[str]:
    return [r.headers["idempotency-key"] for r in web.requests if r.method == "POST"]


@pytest.mark.parametrize("force_refresh", [False, True])
async def test_every_try_has_the_key_of_the_first_and_says_the_same(
    web: WebServer, force_refresh: bool
) -> None:
    taken = envelope(409, "CONFLICT", "IDEMPOTENCY_KEY_IN_USE")
    web.route("*", SIGNALS, InTurn(Cut(), taken, told(signal(), 201)))
    async with client_of(web) as client:
        assert (await client.signals.create(*ASKED, force_refresh=force_refresh)).id == ID
        assert len(posted(web)) == 3
        assert len({json.dumps(body) for body in posted(web)}) == len(set(keys(web))) == 1
        await client.signals.create(*ASKED, force_refresh=force_refresh)
    assert len(set(keys(web))) == 2


async def test_another_conflict_is_not_tried_again(web: WebServer) -> None:
    web.route("*", SIGNALS, envelope(409, "CONFLICT", "CONFLICT"))
    async with client_of(web) as client:
        with pytest.raises(Exception, match="Words"):
            await client.signals.create(*ASKED)
    assert web.count() == 1


@pytest.mark.parametrize(
    "let_go",
    [
        told(signal(), 202),
        envelope(408, "TIMEOUT", "TIMEOUT", details={"signalId": ID}),
        Reply("<h1>Request Timeout</h1>", 408),
        Reply("<h1>Gateway Timeout</h1>", 504),
        Cut(),
        Raw(b""),
    ],
    ids=["202", "408", "408 of a proxy", "504 of a proxy", "cut", "hung up"],
)
async def test_sync_goes_on_by_id_when_the_request_is_let_go(web: WebServer, let_go: Answer) -> None:
    web.route("*", f"{SIGNALS}/sync", InTurn(let_go, told(signal(), 202)))
    web.route("*", f"{SIGNALS}/{ID}", InTurn(told(signal()), told(finished())))
    async with client_of(web) as client:
        assert (await client.signals.create_sync(*ASKED, timeout=30)).value is True
    assert len(set(keys(web))) == 1
    assert web.requests[0].headers["x-sbr-timeout-sec"] == "30"


async def test_sync_is_refused_like_any_post(web: WebServer) -> None:
    web.route("*", f"{SIGNALS}/sync", envelope(402, "PAYMENT_REQUIRED", "INSUFFICIENT_CREDITS"))
    async with client_of(web) as client:
        with pytest.raises(Exception, match="Words") as raised:
            await client.signals.create_sync(*ASKED)
    assert raised.value.status == 402  # type: ignore[attr-defined]
    assert web.count() == 1


async def test_sync_never_asks_the_server_to_wait_longer_than_it_may(web: WebServer) -> None:
    web.route("*", f"{SIGNALS}/sync", told(finished()))
    async with client_of(web) as client:
        await client.signals.create_sync(*ASKED, timeout=3600)
        await client.signals.create_sync(*ASKED, timeout=0.2)
    assert [r.headers["x-sbr-timeout-sec"] for r in web.requests] == ["900", "1"]


async def test_a_fault_while_waiting_is_outlived(web: WebServer) -> None:
    web.route("*", f"{SIGNALS}/{ID}", InTurn(told(signal()), Cut(), Reply("", 502), told(finished())))
    async with client_of(web) as client:
        assert (await client.signals.wait(ID, timeout=30)).finished


async def test_waiting_ends_in_time_though_the_server_hangs(web: WebServer) -> None:
    web.route("*", f"{SIGNALS}/{ID}", InTurn(told(signal()), Hang()))
    async with client_of(web) as client:
        with pytest.raises(WaitTimedOut) as raised:
            await client.signals.wait(ID, timeout=0.5)
    assert raised.value.last_seen is not None


def stream(*events: str) -> Reply:
    return Reply("".join(events), content_type="text/event-stream")


TOLD = 'id: 7\nevent: progress\ndata: {"step":"answer","detail":"It says so.","at":"2026-01-01T00:00:00Z","facts":{}}\n\n'
ENDED = f"id: end\nevent: end\ndata: {json.dumps(finished())}\n\n"


@pytest.mark.parametrize(
    "cut", [stream(TOLD, "id: 8\nevent: progr"), stream(": still here\n\n", TOLD), Cut(TOLD.encode())],
    ids=["in an event", "between events", "cut"],
)  # fmt: skip
async def test_a_stream_that_is_cut_goes_on_where_it_was(web: WebServer, cut: Answer) -> None:
    web.route("*", f"{SIGNALS}/{ID}/events", InTurn(cut, stream(ENDED)))
    async with client_of(web) as client:
        seen = [one async for one in client.signals.watch(ID)]
    assert [type(one) for one in seen] == [Step, Signal]
    assert [r.headers.get("last-event-id") for r in web.requests] == [None, "7"]


async def test_a_stream_of_something_else_is_told(web: WebServer) -> None:
    web.route("*", f"{SIGNALS}/{ID}/events", stream("event: end\ndata: [1]\n\n"))
    async with client_of(web) as client:
        with pytest.raises(UnexpectedAnswer, match="does not understand"):
            await anext(client.signals.watch(ID))


# ------------------------------------------------------------------ what else a server may send


async def test_null_members_and_unknown_members_are_taken(web: WebServer) -> None:
    empty = dict.fromkeys(("answer", "sources", "metadata", "error", "confidence", "domain", "question"))
    web.route("*", f"{SIGNALS}/{ID}", told({**signal("completed"), **empty, "weight": "important"}))
    async with client_of(web) as client:
        found = await client.signals.get(ID)
    assert (found.value, found.sources, found.metadata) == (None, (), {})


async def test_either_spelling_of_open_text_is_taken(web: WebServer) -> None:
    for name in ("openText", "open_text"):
        answer = {"type": "open_text", name: {"value": "words"}}
        web.route("*", f"{SIGNALS}/{ID}", told({**signal("completed"), "answer": answer}))
        async with client_of(web) as client:
            assert (await client.signals.get(ID)).value == "words"


async def test_a_time_without_a_zone_is_not_taken(web: WebServer) -> None:
    web.route("*", f"{SIGNALS}/{ID}", told({**signal(), "createdAt": "2024-01-15T10:30:00"}))
    async with client_of(web) as client:
        with pytest.raises(UnexpectedAnswer, match="createdAt"):
            await client.signals.get(ID)
        with pytest.raises(ValueError, match="zone"):
            await anext(client.signals.list(from_date=datetime(2024, 1, 1)))  # noqa: DTZ001


async def test_a_request_timed_out_without_an_operation_to_fall_back_to_is_told(web: WebServer) -> None:
    web.route("*", "/v1/credits", envelope(408, "TIMEOUT", "TIMEOUT"))
    async with client_of(web) as client:
        with pytest.raises(RequestTimedOut):
            await client.credits()
    assert web.count() == QUICK.tries
