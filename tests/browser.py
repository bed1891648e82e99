"""A real browser, where the machine has one: what it shows of an address, and what its document is in the end."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import struct
import sys
import zlib
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 90  # seconds; nothing is measured by it
SETTLES = 3.0  # seconds in which a page does what it does of itself

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=900,700",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


def browser() -> str:
    """The command of a browser; skips the test where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser here: none of {', '.join(NAMES)} is installed")
    return found


class Seen(NamedTuple):
    """What a browser made of an address. ``requests``: every address that it asked for, the page's own first."""

    document: str
    picture: Path
    requests: list[str]


async def look(address: str, picture: Path) -> Seen:
    """Open an address, wait until nothing more happens, and take a picture of what is in the window."""
    async with _Session(picture.parent / "profile") as session:
        for domain in ("Page", "Network"):
            await session.send(f"{domain}.enable")
        await session.send("Page.navigate", url=address)
        await asyncio.sleep(SETTLES)
        root = await session.send("DOM.getDocument", depth=-1)
        document = await session.send("DOM.getOuterHTML", nodeId=root["root"]["nodeId"])
        shot = await session.send("Page.captureScreenshot", format="png")
        picture.write_bytes(base64.b64decode(shot["data"]))
        requests = [
            event["params"]["request"]["url"]
            for event in session.events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return Seen(document["outerHTML"], picture, requests)


# The browser reads and writes its protocol there.
_AS_3_AND_4 = """
import fcntl, os, sys
high = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 100) for one in sys.argv[1:3]]
for place, one in zip((3, 4), high):
    os.dup2(one, place)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class _Session:
    """One tab, spoken to by the DevTools protocol over two pipes."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self.events: list[dict[str, Any]] = []
        self._number = 0
        self._tab: str | None = None

    async def __aenter__(self) -> Self:
        command = browser()
        given, self._write = os.pipe()
        self._read, taken = os.pipe()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _AS_3_AND_4, str(given), str(taken), command, *_FLAGS,
            f"--user-data-dir={self._profile}", "--remote-debugging-pipe", "about:blank",
            pass_fds=(given, taken), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        os.close(given)
        os.close(taken)
        self._replies = asyncio.StreamReader(limit=100_000_000)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._replies), os.fdopen(self._read, "rb")
        )
        made = await self.send("Target.createTarget", url="about:blank")
        joined = await self.send("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        self._tab = joined["sessionId"]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()
        os.close(self._write)
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._tab is not None:
            message["sessionId"] = self._tab
        os.write(self._write, json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(PATIENCE):
            while True:
                told = json.loads((await self._replies.readuntil(b"\0"))[:-1])
                if told.get("id") == self._number:
                    assert "error" not in told, told
                    result: dict[str, Any] = told["result"]
                    return result
                if "method" in told:
                    self.events.append(told)


def pixels_of(picture: Path, colour: tuple[int, int, int]) -> int:
    """How many pixels of a PNG (8 bits a channel, RGB or RGBA, not interlaced) have this colour."""
    data, at, packed = picture.read_bytes(), 8, b""
    width = height = channels = 0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colours, *_, interlaced = struct.unpack(">IIBBBBB", chunk)
            assert (depth, interlaced) == (8, 0)
            channels = {2: 3, 6: 4}[colours]
        elif kind == b"IDAT":
            packed += chunk
        at += length + 12
    raw, stride = zlib.decompress(packed), width * channels
    above, found = bytearray(stride), 0
    for row in range(height):
        start = row * (stride + 1)
        line = bytearray(raw[start + 1 : start + 1 + stride])
        _unfilter(raw[start], line, above, channels)
        found += sum(tuple(line[x : x + 3]) == colour for x in range(0, stride, channels))
        above = line
    return found


def _unfilter(method: int, line: bytearray, above: bytearray, step: int) -> None:
    """PNG (ISO/IEC 15948), 9.2."""
    for x in range(len(line)):
        left = line[x - step] if x >= step else 0
        up, corner = above[x], above[x - step] if x >= step else 0
        if method == 1:
            line[x] = (line[x] + left) & 255
        elif method == 2:
            line[x] = (line[x] + up) & 255
        elif method == 3:
            line[x] = (line[x] + (left + up) // 2) & 255
        elif method == 4:
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda one: abs(guess - one))
            line[x] = (line[x] + nearest) & 255
