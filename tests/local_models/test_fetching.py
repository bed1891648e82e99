"""Model files are fetched whole or not at all, and servers on this machine are told from everything else."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from tests.web import Cut, Hang, Huge, InTurn, Raw, Redirect, Reply, Request, WebServer

from leadline.foundation.errors import InvalidInput
from leadline.foundation.http import guarded_async_client
from leadline.foundation.network import NetworkPolicy
from leadline.local_models import service
from leadline.local_models.schemas import CatalogueEntry, LocalServer
from leadline.local_models.service import NotFetched

FILE = b"GGUF" + bytes(range(256)) * 4_000


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def client(web: WebServer) -> AsyncIterator[httpx2.AsyncClient]:
    policy = NetworkPolicy().trusting(f"http://127.0.0.1:{web.port}")
    async with guarded_async_client(policy, "leadline-test", max_bytes=len(FILE) + 1) as made:
        yield made


def offered(web: WebServer, **changes: object) -> CatalogueEntry:
    values = {
        "name": "small",
        "file": "small.gguf",
        "address": f"http://127.0.0.1:{web.port}/small.gguf",
        "bytes": len(FILE),
        "sha256": hashlib.sha256(FILE).hexdigest(),
        "licence": "MIT",
        "languages": "English",
        "context_tokens": 4_096,
        "memory_gb": 1,
    }
    return CatalogueEntry(**values | changes)  # type: ignore[arg-type]


def ranged(request: Request) -> Reply:
    asked = request.headers.get("range")
    if asked is None:
        return Reply(FILE, content_type="application/octet-stream")
    start = int(asked.removeprefix("bytes=").rstrip("-"))
    return Reply(
        FILE[start:],
        206,
        "application/octet-stream",
        {"Content-Range": f"bytes {start}-{len(FILE) - 1}/{len(FILE)}"},
    )


def quietly(here: int, whole: int) -> None:
    """Nobody watches."""


async def test_file_is_fetched_checked_and_told_of(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    web.route("*", "/small.gguf", ranged)
    told: list[tuple[int, int]] = []
    path = await service.fetch(client, offered(web), tmp_path, lambda *now: told.append(now))
    assert path.read_bytes() == FILE
    assert told[-1] == (len(FILE), len(FILE))
    assert [p.name for p in path.parent.iterdir()] == ["small.gguf"]
    await service.fetch(client, offered(web), tmp_path, quietly)
    assert len(web.requests) == 1  # it is here


async def test_interrupted_fetch_goes_on_where_it_stopped(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    half = FILE[: len(FILE) // 2]
    web.route("*", "/small.gguf", Cut(half))
    with pytest.raises(NotFetched, match="goes on where it stopped"):
        await service.fetch(client, offered(web), tmp_path, quietly)
    web.route("*", "/small.gguf", ranged)
    path = await service.fetch(client, offered(web), tmp_path, quietly)
    assert path.read_bytes() == FILE
    assert web.requests[-1].headers["range"] == f"bytes={len(half)}-"


async def test_server_without_ranges_begins_anew(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    web.route("*", "/small.gguf", InTurn(Cut(FILE[:1000]), Reply(FILE)))
    with pytest.raises(NotFetched):
        await service.fetch(client, offered(web), tmp_path, quietly)
    path = await service.fetch(client, offered(web), tmp_path, quietly)
    assert path.read_bytes() == FILE


async def test_file_that_came_whole_before_a_crash_is_checked_and_used(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "small.gguf.partial").write_bytes(FILE)
    path = await service.fetch(client, offered(web), tmp_path, quietly)
    assert path.read_bytes() == FILE
    assert not web.requests


async def test_other_file_is_deleted_and_never_used(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    web.route("*", "/small.gguf", Reply(FILE[:-1] + b"\x00"))
    with pytest.raises(NotFetched, match="SHA-256"):
        await service.fetch(client, offered(web), tmp_path, quietly)
    assert not list((tmp_path / "models").iterdir())


async def test_more_than_the_model_is_not_taken(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    web.route("*", "/small.gguf", Reply(FILE))
    with pytest.raises(NotFetched, match="more than"):
        await service.fetch(client, offered(web, bytes=1_000), tmp_path, quietly)


async def test_redirect_is_followed(web: WebServer, client: httpx2.AsyncClient, tmp_path: Path) -> None:
    web.route("*", "/small.gguf", Redirect("/kept/elsewhere"))
    web.route("*", "/kept/elsewhere", ranged)
    assert (await service.fetch(client, offered(web), tmp_path, quietly)).read_bytes() == FILE


async def test_redirects_without_an_end_are_given_up(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    web.route("*", "/small.gguf", Redirect("/small.gguf"))
    with pytest.raises(NotFetched, match="without an end"):
        await service.fetch(client, offered(web), tmp_path, quietly)


@pytest.mark.parametrize(
    "answer", [Reply("gone", 404), Reply("later", 503), Raw()], ids=["404", "503", "garbage"]
)
async def test_failing_server_is_said_with_what_to_do(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path, answer: Reply | Raw
) -> None:
    web.route("*", "/small.gguf", answer)
    with pytest.raises(NotFetched, match="again"):
        await service.fetch(client, offered(web), tmp_path, quietly)


async def test_redirect_to_a_private_address_is_refused(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    web.route("*", "/small.gguf", Redirect("http://127.0.0.2:1/secret"))
    with pytest.raises(NotFetched):
        await service.fetch(client, offered(web), tmp_path, quietly)


async def test_file_that_cannot_fit_is_not_begun(
    web: WebServer, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    with pytest.raises(NotFetched, match="LEADLINE_DATA_DIR"):
        await service.fetch(client, offered(web, bytes=10**18), tmp_path, quietly)
    assert not web.requests


def test_name_outside_the_catalogue_is_refused_with_those_inside() -> None:
    with pytest.raises(InvalidInput, match="qwen3-4b"):
        service.entry("gpt-9")


def test_catalogue_says_what_a_user_must_know() -> None:
    for one in service.catalogue():
        assert len(bytes.fromhex(one.sha256)) == 32
        assert one.address.startswith("https://")
        assert one.address.endswith(f"/{one.file}")
        assert one.licence in ("Apache-2.0", "MIT")
        assert 10**8 < one.bytes < 10**11


async def test_server_of_models_is_found_among_others(web: WebServer, client: httpx2.AsyncClient) -> None:
    web.route("*", "/good/models", Reply('{"object": "list", "data": [{"id": "qwen3", "object": "model"}]}'))
    web.route("*", "/garbage/models", Raw())
    web.route("*", "/page/models", Reply("<h1>Welcome</h1>"))
    web.route("*", "/other/models", Reply('{"data": "none"}'))
    web.route("*", "/huge/models", Huge(10_000_000))
    web.route("*", "/hung/models", Hang())
    base = f"http://127.0.0.1:{web.port}"
    names = ("garbage", "page", "other", "huge", "hung", "missing", "good")
    found = await service.servers(client, {name: f"{base}/{name}" for name in names})
    assert found == (LocalServer("good", f"{base}/good", ("qwen3",)),)
