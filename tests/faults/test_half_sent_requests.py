"""Clients that begin a request and do not end it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api.service import Api, open_api

READ_TIMEOUT = 0.5
SIGNALS = "/v1/companies/signals"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(database_url, tmp_path, read_timeout=READ_TIMEOUT) as running:
        yield running


async def until_closed(api: Api, *pieces: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """What the server says to these pieces until it closes the connection, and after how many seconds."""
    reader, writer = await asyncio.open_connection(api.address.host, api.address.port)
    began = time.monotonic()
    for piece in pieces:
        if reader.at_eof():
            break
        writer.write(piece)
        await asyncio.sleep(pause)
    said = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return said, time.monotonic() - began


def posted(key: str, length: int) -> bytes:
    return (
        f"POST {SIGNALS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def test_a_connection_that_asks_nothing_is_closed(api: Api) -> None:
    said, seconds = await until_closed(api)
    assert said == b""
    assert READ_TIMEOUT <= seconds < 5


@pytest.mark.parametrize(
    "head", [b"G", b"GET /v1/credits HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: b"]
)
async def test_half_a_head_is_408(api: Api, head: bytes) -> None:
    said, seconds = await until_closed(api, head)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"REQUEST_TIMEOUT"' in said
    assert b"x-request-id: " in said
    assert READ_TIMEOUT <= seconds < 5


async def test_a_head_that_comes_byte_by_byte_is_408(api: Api) -> None:
    request = b"GET /v1/credits HTTP/1.1\r\nHost: x\r\n" + b"X-Filler: 1\r\n" * 3
    said, seconds = await until_closed(api, *(bytes([b]) for b in request[:30]), pause=0.03)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert seconds < 5


async def test_half_a_body_is_408_and_stores_nothing(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    acme = await api.account()
    said, seconds = await until_closed(api, posted(acme.key, 50) + b'{"domain":')
    assert said.startswith(b"HTTP/1.1 408 ")
    assert READ_TIMEOUT <= seconds < 5
    assert (await acme.get(SIGNALS)).json()["total"] == 0
    assert "request failed" not in capsys.readouterr().out


async def test_a_body_in_pieces_within_the_time_is_read(api: Api) -> None:
    acme = await api.account()
    body = b'{"domain": "acme.com", "question": "q"}'
    reader, writer = await asyncio.open_connection(api.address.host, api.address.port)
    writer.write(posted(acme.key, len(body)))
    for at in range(0, len(body), 10):
        writer.write(body[at : at + 10])
        await asyncio.sleep(0.02)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201 ")
    writer.close()


async def test_a_head_without_end_is_413(api: Api) -> None:
    said, seconds = await until_closed(
        api, b"GET / HTTP/1.1\r\n", *[b"X-Filler: " + b"1" * 8_000 + b"\r\n"] * 10
    )
    assert said.startswith(b"HTTP/1.1 413 ")
    assert seconds < READ_TIMEOUT


async def test_waiting_for_an_answer_is_not_reading(api: Api) -> None:
    acme = await api.account()
    answer = await acme.post(
        f"{SIGNALS}/sync", {"domain": "acme.com", "question": "q"}, headers={"X-Sbr-Timeout-Sec": "1"}
    )
    assert answer.status_code == 202


async def test_a_half_request_behind_one_that_waits_leaves_it_alone(api: Api) -> None:
    acme = await api.account()
    body = b'{"domain": "acme.com", "question": "q"}'
    first = (
        posted(acme.key, len(body))
        .replace(b"/signals ", b"/signals/sync ")
        .replace(b"Host: x\r\n", b"Host: x\r\nX-Sbr-Timeout-Sec: 1\r\n")
    )
    said, _ = await until_closed(api, first + body + b"GET /v1/cre")
    assert said.startswith(b"HTTP/1.1 202 ")
    assert b"HTTP/1.1 408 " in said


async def test_what_is_no_http_is_400_in_the_envelope(api: Api) -> None:
    said, _ = await until_closed(api, b"\x16\x03\x01\x02\x00\x01")
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b'"type":"BAD_REQUEST"' in said
