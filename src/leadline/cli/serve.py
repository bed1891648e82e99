"""``leadline serve``, ``leadline api`` and ``leadline work``: the processes of the service.

SIGTERM and SIGINT stop them: no further work is taken, what runs has ``LEADLINE_SHUTDOWN_GRACE`` seconds to
end, the rest is handed to whoever works next. A second signal does not wait.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import asyncio

    from leadline.bootstrap import Leadline
    from leadline.foundation.settings import Settings

RESTART_PAUSE = 1.0  # seconds between a worker's death and the next one
BEYOND_GRACE = 10.0  # seconds that a worker may take to hand back what it could not end

_host = click.option("--host", help="Address to listen on (default: LEADLINE_HOST, 127.0.0.1).")
_port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")


@click.command()
@_host
@_port
def serve(host: str | None, port: int | None) -> None:
    """Run the whole service: API, a worker, and the embedded database if no other is set.

    The first start makes an organisation and an API key, and prints the key; it is not shown again.
    """
    _run_service(lambda settings, stop: _serve(settings, stop, host, port))


@click.command()
@_host
@_port
def api(host: str | None, port: int | None) -> None:
    """Run the API alone; signals wait until a worker is there (`leadline work`)."""
    _run_service(lambda settings, stop: _api(settings, stop, host, port))


@click.command()
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
def work(until_stdin_closes: bool) -> None:
    """Run a worker. Any number of them may share one database, on any machines."""
    _run_service(lambda settings, stop: _work(settings, stop, until_stdin_closes=until_stdin_closes))


# ------------------------------------------------------------------ what they run


async def _serve(settings: Settings, stop: asyncio.Event, host: str | None, port: int | None) -> None:
    from leadline.bootstrap import open_leadline

    async with open_leadline(settings) as leadline, _answering(leadline, host, port) as url:
        key = await _first_key(leadline)
        async with _worker_process(stop, settings.shutdown_grace + BEYOND_GRACE):
            _announce(url, key)
            await stop.wait()


async def _api(settings: Settings, stop: asyncio.Event, host: str | None, port: int | None) -> None:
    from leadline.bootstrap import open_leadline

    async with open_leadline(settings) as leadline, _answering(leadline, host, port) as url:
        _announce(url, None)
        await stop.wait()


async def _work(settings: Settings, stop: asyncio.Event, *, until_stdin_closes: bool) -> None:
    from leadline.bootstrap import open_leadline
    from leadline.worker import run_worker

    async with open_leadline(settings) as leadline:
        if until_stdin_closes:
            _stop_at_end_of_stdin(stop)
        await run_worker(leadline, stop)


@asynccontextmanager
async def _answering(leadline: Leadline, host: str | None, port: int | None) -> AsyncIterator[str]:
    """The API answers inside the block, and tells the workers what it accepts."""
    from leadline.api.server import serving

    async with (
        leadline.waiter.running(),
        leadline.work.telling(),
        serving(leadline, host, port) as address,
    ):
        yield address.url


async def _first_key(leadline: Leadline) -> str | None:
    """A key for the default organisation, if there is no key at all yet."""
    from leadline.accounts.service import create_key, list_keys

    database = leadline.database.repeatable
    if await list_keys(database):
        return None
    return (await create_key(leadline.database, await leadline.organisation(), "first start")).key


def _announce(url: str, key: str | None) -> None:
    from leadline.cli.terminal import Line, write_lines

    lines = [Line(f"Leadline answers on {url} (try it on {url}/docs). Stop it with Ctrl-C.")]
    if key is not None:
        lines.append(Line(f"API key, shown only now: {key}", "bold"))
    write_lines(lines)
    sys.stdout.flush()


# ------------------------------------------------------------------ the worker of `serve`


@asynccontextmanager
async def _worker_process(stop: asyncio.Event, patience: float) -> AsyncIterator[None]:
    """A worker in a process of its own, so that whatever kills it does not take the API along.

    It is started anew when it dies, and stops by itself when this process does: its standard input closes.
    """
    import asyncio
    import contextlib

    keeping = asyncio.create_task(_keep_worker(stop, patience))
    try:
        yield
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


async def _keep_worker(stop: asyncio.Event, patience: float) -> None:
    import asyncio
    import contextlib

    from leadline.foundation.log import get_logger

    log = get_logger(__name__)
    while not stop.is_set():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "leadline", "work", "--until-stdin-closes", stdin=asyncio.subprocess.PIPE
        )
        ended, stopping = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                assert process.stdin is not None
                process.stdin.close()
                await asyncio.wait({ended}, timeout=patience)
            else:
                log.warning("worker died", exit_code=ended.result(), again_in=RESTART_PAUSE)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), RESTART_PAUSE)
        finally:
            stopping.cancel()
            if process.returncode is None:
                process.kill()
                await process.wait()


def _stop_at_end_of_stdin(stop: asyncio.Event) -> None:
    import asyncio

    loop = asyncio.get_running_loop()

    def readable() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    loop.add_reader(sys.stdin.fileno(), readable)


# ------------------------------------------------------------------ running


def _run_service(service: Callable[[Settings, asyncio.Event], Awaitable[None]]) -> None:
    """Run until SIGTERM or SIGINT; the second one ends it at once."""
    import asyncio
    import signal

    from leadline.cli.running import EXIT_TERMINATED, Interrupted
    from leadline.foundation.log import configure_logging
    from leadline.foundation.memory import collect_rarely
    from leadline.foundation.settings import load_settings

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    collect_rarely()

    async def supervised() -> None:
        loop, stop, task = asyncio.get_running_loop(), asyncio.Event(), asyncio.current_task()
        assert task is not None

        def asked_to_stop() -> None:
            if stop.is_set():
                task.cancel()
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked_to_stop)
        await service(settings, stop)

    try:
        asyncio.run(supervised())
    except asyncio.CancelledError:
        raise Interrupted("Stopped at once; what ran is taken up again.", EXIT_TERMINATED) from None
