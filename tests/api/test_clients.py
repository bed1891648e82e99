"""Requests of the public command-line client and of the n8n node, byte for byte, and what these decode.

Both are described in contract section 22. The Go client reads answers into structs: a fraction where it has
an integer, an object where it has a string, or a time without a zone is an error there; null is zero.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import pytest
from tests.api.service import Account, Api, hold_against_contract

from leadline.accounts.schemas import KeyOptions

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def send(api: Api, request: bytes) -> Answer:
    """Send these bytes over a new connection."""
    reader, writer = await asyncio.open_connection(api.address.host, api.address.port)
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    if headers.get("content-encoding") == "gzip":  # both clients ask for it, and unpack it by themselves
        body = gzip.decompress(body)
    writer.close()
    answer = Answer(int(head[0].split(" ")[1]), headers, body)
    method, target = request.split(b" ", 2)[:2]
    hold_against_contract(
        method.decode(), target.decode().partition("?")[0], answer.status, answer.headers, answer.body
    )
    return answer


def go(account: Account, method: str, target: str, body: str | None = None, **headers: str) -> bytes:
    """What the Go client writes; its JSON encoder ends with a newline."""
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {account.api.address.host}:{account.api.address.port}",
        "User-Agent: saber-cli/0.1.4",
    ]
    if body is not None:
        lines.append(f"Content-Length: {len(body.encode())}")
    lines.append(f"Authorization: Bearer {account.key}")
    if body is not None:
        lines.append("Content-Type: application/json")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines.append("Accept-Encoding: gzip")
    return ("\r\n".join(lines) + "\r\n\r\n" + (body or "")).encode()


def n8n(account: Account, method: str, target: str, body: str | None = None, **headers: str) -> bytes:
    """What the node's HTTP library writes."""
    lines = [f"{method} {target} HTTP/1.1", "Accept: application/json"]
    if body is not None:
        lines.append("Content-Type: application/json")
    lines.append(f"Authorization: Bearer {account.key}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines.append("User-Agent: axios/1.7.9")
    if body is not None:
        lines.append(f"Content-Length: {len(body.encode())}")
    lines += [
        "Accept-Encoding: gzip, compress, deflate, br",
        f"Host: {account.api.address.host}:{account.api.address.port}",
        "Connection: keep-alive",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + (body or "")).encode()


# ------------------------------------------------------------------ what the Go client decodes


class GoSource(msgspec.Struct):
    url: str
    title: str
    snippet: str | None = None


class GoSignal(msgspec.Struct, rename="camel"):
    id: str
    status: str
    question: str
    created_at: datetime
    domain: str | None = None
    answer_type: str | None = None
    completed_at: datetime | None = None
    answer: dict[str, Any] | None = None
    confidence: float | None = None
    reasoning: str | None = None
    sources: list[GoSource] | None = None
    error: str | None = None
    error_code: str | None = None
    error_action: str | None = None


class GoPage(msgspec.Struct):
    results: list[GoSignal]
    total: int
    limit: int
    offset: int
    count: int


class GoCredits(msgspec.Struct, rename="camel"):
    remaining_credits: int


def decode(answer: Answer, kind: type[Any]) -> Any:
    assert answer.status < 400, answer.body
    for name in (b"createdAt", b"completedAt"):
        for value in re.findall(rb'"%s":("[^"]*"|null)' % name, answer.body):
            assert value == b"null" or value.endswith(b'Z"'), value
    return msgspec.json.decode(answer.body, type=kind)


def error_text(answer: Answer) -> str:
    """What either client shows: error.message, else the top-level message, else the status."""
    body = json.loads(answer.body)
    inner = body.get("error")
    text = inner.get("message") if isinstance(inner, dict) else body.get("message")
    assert isinstance(text, str)
    return text


# ------------------------------------------------------------------ the command-line client


async def test_cli_checks_a_key_with_its_credits(api: Api, acme: Account) -> None:
    answer = await send(api, go(acme, "GET", "/v1/credits"))
    assert decode(answer, GoCredits).remaining_credits == 10_000
    assert int(answer.headers["x-ratelimit-remaining"]) > 10  # it warns at ten or less
    acme.key = "sk_live_" + "A" * 43
    assert (await send(api, go(acme, "GET", "/v1/credits"))).status == 401


async def test_cli_asks_and_waits(api: Api, acme: Account) -> None:
    body = '{"domain":"acme.com","question":"How many seats?","answerType":"number"}\n'
    request = go(acme, "POST", "/v1/companies/signals/sync", body, X_Sbr_Timeout_Sec="120")
    waiting = asyncio.create_task(send(api, request))
    while not api.leadline.waiter.waiting:
        await asyncio.sleep(0.01)
    page = decode(await send(api, go(acme, "GET", "/v1/companies/signals?limit=25&offset=0")), GoPage)
    await api.finish(page.results[0].id, answer="14491.0")
    signal = decode(await waiting, GoSignal)
    assert signal.status == "completed"
    assert signal.answer == {"type": "number", "number": {"value": 14491}}
    assert isinstance(signal.answer["number"]["value"], int)
    assert signal.sources is not None
    assert signal.sources[0].title == "Security"


async def test_cli_asks_without_waiting_and_reads_by_id(api: Api, acme: Account) -> None:
    body = (
        '{"domain":"acme.com","question":"Do they have SOC 2?","answerType":"boolean",'
        '"webhookUrl":"https://hooks.acme.com/x","forceRefresh":true,"verificationMode":"lenient"}\n'
    )
    answer = await send(api, go(acme, "POST", "/v1/companies/signals", body))
    assert answer.status == 201
    signal = decode(answer, GoSignal)
    assert signal.status == "processing"
    await api.finish(signal.id, failed=True)
    read = decode(await send(api, go(acme, "GET", f"/v1/companies/signals/{signal.id}")), GoSignal)
    assert (read.status, read.error) == ("failed", "The site is away.")


async def test_cli_tries_a_contact_after_an_unknown_id(api: Api, acme: Account) -> None:
    unknown = "0b9e1c6e-5a39-4d0c-9d3c-5b8f0f6f3a11"
    for kind in ("companies", "contacts"):
        answer = await send(api, go(acme, "GET", f"/v1/{kind}/signals/{unknown}"))
        assert answer.status == 404
        assert error_text(answer)


async def test_cli_asks_with_a_template_and_no_question(api: Api, acme: Account) -> None:
    body = '{"domain":"acme.com","signalTemplateId":"0b9e1c6e-5a39-4d0c-9d3c-5b8f0f6f3a11"}\n'
    answer = await send(api, go(acme, "POST", "/v1/companies/signals/sync", body, X_Sbr_Timeout_Sec="120"))
    assert answer.status == 404
    assert "template" in error_text(answer)


async def test_cli_lists_with_its_filters(api: Api, acme: Account) -> None:
    await acme.ask()
    target = "/v1/companies/signals?domain=acme.com&limit=25&offset=0&status=processing&status=completed"
    page = decode(await send(api, go(acme, "GET", target)), GoPage)
    assert (page.total, page.count, page.limit) == (1, 1, 25)
    assert page.results[0].error is None


async def test_cli_lists_connectors(api: Api, acme: Account) -> None:
    answer = await send(api, go(acme, "GET", "/v1/connectors"))
    assert json.loads(answer.body) == {"connectors": [{"source": "salesNavigator", "status": "disconnected"}]}


async def test_cli_posts_without_body_or_content_type_to_what_is_not_there(api: Api, acme: Account) -> None:
    target = "/v1/companies/signals/subscriptions/0b9e1c6e-5a39-4d0c-9d3c-5b8f0f6f3a11/start"
    request = go(acme, "POST", target).replace(b"Authorization", b"Content-Length: 0\r\nAuthorization")
    assert (await send(api, request)).status == 404


# ------------------------------------------------------------------ the n8n node


async def test_n8n_lists_with_brackets(api: Api, acme: Account) -> None:
    made = await acme.ask()
    await api.finish(made["id"])
    for target in (
        "/v1/companies/signals?limit=25&status[]=completed&status[]=failed",
        "/v1/companies/signals?limit=25&status%5B%5D=completed&status%5B%5D=failed",
        "/v1/companies/signals?limit=25&status[0]=completed",
    ):
        answer = await send(api, n8n(acme, "GET", target))
        assert json.loads(answer.body)["count"] == 1


async def test_n8n_asks_with_an_untouched_time_out(api: Api, acme: Account) -> None:
    hasty = await api.account(options=KeyOptions(sync_timeout=1))
    body = '{"domain":"acme.com","question":"Do they have SOC 2?","answerType":"open_text"}'
    request = n8n(
        hasty,
        "POST",
        "/v1/companies/signals/sync",
        body,
        X_Sbr_Timeout_Sec="0",
        X_Sbr_Timeout_Error="false",
    )
    answer = await send(api, request)
    assert answer.status == 202
    assert json.loads(answer.body)["status"] == "processing"


async def test_n8n_sends_no_body_when_no_field_is_filled(api: Api, acme: Account) -> None:
    answer = await send(api, n8n(acme, "POST", "/v1/companies/signals"))
    assert answer.status == 400


async def test_n8n_sends_json_that_does_not_parse_as_text(api: Api, acme: Account) -> None:
    body = (
        '{"domain":"acme.com","question":"q","answerType":"json_schema",'
        '"outputSchema":"{not json","qualificationCriteria":"{","connectors":"{"}'
    )
    answer = await send(api, n8n(acme, "POST", "/v1/companies/signals", body))
    assert answer.status == 422
    wrong = {f["field"] for f in json.loads(answer.body)["error"]["fields"]}
    assert wrong == {"outputSchema", "qualificationCriteria", "connectors"}


async def test_n8n_leaves_path_parameters_unfilled(api: Api, acme: Account) -> None:
    for path in ("/v1/scoring/profiles/{profileId}", "/v1/scoring/profiles/%7BprofileId%7D/rules"):
        assert (await send(api, n8n(acme, "GET", path))).status == 404


async def test_n8n_generator_reads_the_document_without_a_key(api: Api) -> None:
    answer = await api.client.get("/v1/openapi.yaml")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/yaml"
    assert answer.text.startswith("openapi: 3.1.0")
