"""Runs the real command ``leadline`` in a process of its own, against a site on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.web import WebServer

SRC = Path(__file__).resolve().parents[2] / "src"
HOST = "acme.example"
MORE = "Every plan can be cancelled at the end of a month, and invoices are sent by e-mail."


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass
class Command:
    """``leadline`` with an environment of its own: only the settings in ``variables`` are set."""

    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None

    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("LEADLINE_") and not name.endswith("_API_KEY") and name != "NO_COLOR"
        }
        path = os.pathsep.join(filter(None, [str(SRC), kept.get("PYTHONPATH")]))
        return {**kept, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **self.variables}

    @asynccontextmanager
    async def start(self, *arguments: str, **streams: int) -> AsyncIterator[asyncio.subprocess.Process]:
        """The running process; killed at the end of the block if it still runs."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "leadline",
            *arguments,
            env=self.environment(),
            cwd=self.folder,
            stdin=streams.get("stdin", asyncio.subprocess.DEVNULL),
            stdout=streams.get("stdout", asyncio.subprocess.PIPE),
            stderr=streams.get("stderr", asyncio.subprocess.PIPE),
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.communicate()

    @staticmethod
    async def seen(
        process: asyncio.subprocess.Process, web: WebServer, condition: Callable[[], bool]
    ) -> None:
        """Until the site has seen what ``condition`` says; fails when the process ends before that."""
        seen = asyncio.ensure_future(web.wait_for(condition))
        ended = asyncio.ensure_future(process.wait())
        await asyncio.wait({seen, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not seen.done():
            seen.cancel()
            raise AssertionError(f"ended too early with {process.returncode}: {await process.communicate()}")

    async def run(self, *arguments: str, typed: str = "") -> Ended:
        async with self.start(*arguments, stdin=asyncio.subprocess.PIPE) as process:
            out, err = await process.communicate(typed.encode())
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())


def command_for(web: WebServer, database_url: str, **variables: str) -> Command:
    """A command that reads ``acme.example`` from ``web`` and keeps everything in that database."""
    return Command(
        {
            "LEADLINE_ENV": "development",
            "LEADLINE_CONNECT_TO": f"{HOST}={web.address}",
            "LEADLINE_DATABASE_URL": database_url,
            **variables,
        }
    )


def small_site(web: WebServer) -> None:
    """Three pages about a made-up company, linked from the first."""
    links = '<nav><a href="/">Home</a> <a href="/pricing">Pricing</a> <a href="/about">About</a></nav>'
    web.page(
        HOST, "/", f"<title>Acme</title>{links}<h1>Acme</h1><p>Acme makes anvils for small workshops.</p>"
    )
    web.page(
        HOST,
        "/pricing",
        f"<title>Prices</title>{links}<h1>Prices</h1><p>The Team plan costs $25 per month. {MORE}</p>",
    )
    web.page(
        HOST,
        "/about",
        f"<title>About</title>{links}<h1>About us</h1><p>Acme was founded in 1999 in Kiel, Germany.</p>",
    )
