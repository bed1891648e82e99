"""Reading signals, against a bare Litestar handler that runs the same statements.

Two server processes stand over one embedded database: ours with all its middleware, and one that runs the same SQL
on an asyncpg pool and encodes the rows with msgspec. Both are asked for the same ids, each once, over 32
connections, in turns. The ratio is that of the CPU time of the server for a request, which other programs on the
machine disturb less than the speed; the speed is in the note.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import psutil
import uvicorn
from litestar import Litestar, Response, get

from bench.rows import Row
from leadline.accounts.service import create_key, organisation
from leadline.api.server import serving
from leadline.bootstrap import open_leadline
from leadline.foundation.embedded_postgres import EmbeddedServer
from leadline.foundation.settings import Settings

CONNECTIONS = 32
POOL = 10
GOAL = 0.8
SIGNALS = 50_000
PAGES = 400
ROUNDS = 3
COLUMNS = """
    id, status, asked_host, question, answer_type, created_at, verification_mode, completed_at,
    answer::text as answer, confidence, confidence_basis, reasoning, sources::text as sources,
    metadata::text as metadata, error, error_code, error_action
"""
FILL = """
    insert into signals (id, organisation_id, company_id, asked_host, question, answer_type,
        verification_mode, max_pages, reader, request_key, status, answer, confidence, confidence_basis,
        reasoning, sources, metadata, created_at, completed_at)
    select gen_random_uuid(), $1, $2, 'acme.com', 'Question number ' || n || ': do they have SOC 2?',
        'boolean', 'strict', 40, 'extractive', sha256(n::text::bytea), 'completed', 'true', 0.9375, 'measured on the labelled set',
        'The security page says that the company is SOC 2 Type II certified since 2023.',
        '[{"url": "https://acme.com/security", "title": "Security at Acme",
           "snippet": "Acme is SOC 2 Type II certified since 2023 and audited every year.",
           "proof": {"snapshot_id": "s", "start": 1200, "end": 1270, "walk": "1"}}]',
        '{"companyName": "Acme", "processingTimeMs": 812, "pagesRead": 9, "pagesFetched": 4, "modelCalls": 1,
          "inputTokens": 1650, "outputTokens": 94, "unreadable": []}',
        now() - n * interval '1 second', now() - n * interval '1 second' + interval '900 milliseconds'
    from generate_series(1, $3::int) n
"""


class Server(NamedTuple):
    process: Any
    port: int


class Measured(NamedTuple):
    per_second: float
    cpu_us: float


def serve_ours(url: str, folder: str, ready: Any, done: Any) -> None:
    async def run() -> None:
        settings = Settings(
            data_dir=Path(folder), database_url=url, env="development", pool_size=POOL, reads_burst=10**9
        )
        async with open_leadline(settings) as leadline, serving(leadline, "127.0.0.1", 0) as address:
            ready.put(address.port)
            await asyncio.to_thread(done.wait)

    asyncio.run(run())


def serve_bare(url: str, owner: str, ready: Any, done: Any) -> None:
    async def run() -> None:
        pool = await asyncpg.create_pool(url, min_size=POOL, max_size=POOL, reset=_no_reset)
        encoder = msgspec.json.Encoder()

        def view(row: Any) -> dict[str, Any]:
            found = dict(row)
            for name in ("answer", "sources", "metadata"):
                found[name] = msgspec.Raw(found[name].encode())
            return found

        @get("/one/{signal_id:str}")
        async def one(signal_id: str) -> Response[bytes]:
            row = await pool.fetchrow(
                f"select {COLUMNS} from signals where id = $1 and organisation_id = $2",
                UUID(signal_id),
                UUID(owner),
            )
            return Response(encoder.encode(view(row)), media_type="application/json")

        @get("/page")
        async def page(offset: int) -> Response[bytes]:
            rows = await pool.fetch(
                f"""
                select counted.total, page.*
                from (select count(*) as total from signals where organisation_id = $1) counted
                left join lateral (select {COLUMNS} from signals where organisation_id = $1
                order by created_at desc, id desc limit 25 offset $2) page on true
                order by page.created_at desc, page.id desc
                """,
                UUID(owner),
                offset,
            )
            body = {"results": [view(r) for r in rows], "total": rows[0]["total"]}
            return Response(encoder.encode(body), media_type="application/json")

        app = Litestar([one, page], openapi_config=None, logging_config=None)
        config = uvicorn.Config(
            app, port=0, lifespan="off", log_config=None, access_log=False, server_header=False
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        ready.put(server.servers[0].sockets[0].getsockname()[1])
        await asyncio.to_thread(done.wait)
        server.should_exit = True
        await task

    asyncio.run(run())


async def _no_reset(_: Any) -> None: ...


async def ask(port: int, targets: Sequence[str], key: str) -> float:
    """Ask for all of them over ``CONNECTIONS`` connections; returns the seconds it took."""
    waiting = iter(targets)

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for target in waiting:
            writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            at = head.lower().index(b"content-length:")
            await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    return time.perf_counter() - started


async def measure(process: psutil.Process, port: int, targets: Sequence[str], key: str) -> Measured:
    before = sum(process.cpu_times()[:2])
    seconds = await ask(port, targets, key)
    cpu = sum(process.cpu_times()[:2]) - before
    return Measured(len(targets) / seconds, cpu / len(targets) * 1e6)


def rows() -> Iterable[Row]:
    return asyncio.run(_compare())


async def _compare() -> list[Row]:
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder) / "postgres") as server:
        url = server.attach()
        key, owner, ids = await _fill(url, folder)
        done = context.Event()
        servers: dict[str, Server] = {}
        for name, target, argument in (("ours", serve_ours, folder), ("bare", serve_bare, owner)):
            ready = context.Queue()
            process = context.Process(target=target, args=(url, argument, ready, done), daemon=True)
            process.start()
            servers[name] = Server(process, ready.get(timeout=60))
        offsets = [n % 200 * 25 for n in range(PAGES * ROUNDS)]
        try:
            return [
                await _row(
                    "GET one signal, each id once",
                    servers,
                    key,
                    {"ours": [f"/v1/companies/signals/{i}" for i in ids], "bare": [f"/one/{i}" for i in ids]},
                ),
                await _row(
                    "GET list of 25 signals",
                    servers,
                    key,
                    {
                        "ours": [f"/v1/companies/signals?limit=25&offset={o}" for o in offsets],
                        "bare": [f"/page?offset={o}" for o in offsets],
                    },
                ),
            ]
        finally:
            done.set()
            for one in servers.values():
                one.process.join(20)


async def _fill(url: str, folder: str) -> tuple[str, str, list[str]]:
    """A key, its organisation, and the ids of its signals in any order."""
    settings = Settings(data_dir=Path(folder), database_url=url, env="development")
    async with open_leadline(settings) as leadline:
        database = leadline.database
        owner = await organisation(database, "bench")
        key = (await create_key(database, owner, "bench")).key
        await database.execute("insert into companies (id, host) values (gen_random_uuid(), 'acme.com')")
        company = await database.fetchval("select id from companies")
        await database.execute(FILL, owner, company, SIGNALS)
        await database.execute("vacuum analyze signals")
        ids = await database.fetch("select id from signals order by random()")
    return key, str(owner), [str(row["id"]) for row in ids]


async def _row(what: str, servers: dict[str, Server], key: str, targets: dict[str, list[str]]) -> Row:
    """Both in turns, each time with another part of the targets."""
    found: dict[str, list[Measured]] = {name: [] for name in servers}
    for name, server in servers.items():
        await ask(server.port, targets[name][:CONNECTIONS], key)
    for turn in range(ROUNDS):
        for name, server in servers.items():
            process = psutil.Process(server.process.pid)
            found[name].append(await measure(process, server.port, targets[name][turn::ROUNDS], key))
    speed = {name: statistics.median(m.per_second for m in found[name]) for name in found}
    cpu = {name: statistics.median(m.cpu_us for m in found[name]) for name in found}
    ratio = cpu["bare"] / cpu["ours"]
    note = (
        f"CPU {cpu['ours']:.0f} us against {cpu['bare']:.0f} us; {speed['ours']:.0f} requests/s against "
        f"{speed['bare']:.0f} ({speed['ours'] / speed['bare']:.2f})"
    )
    return Row(what, f"{ratio:.2f}", f"at least {GOAL}", note, ratio >= GOAL)
