"""Websites and a language model that answer after a fixed time, in a process of their own.

``running()`` starts ``python -m bench.outside``, so that the simulators' CPU is not counted as ours. Every
host is a company with PAGES pages; each page is about one depot and states two figures. The model finds the
figure asked for among the numbered lines it is given, and cites it. ``/_log`` tells what was asked.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

PAGES = 60
TOWNS = [
    first + last
    for first in ("Alder", "Birk", "Corn", "Dun", "Elm", "Fair", "Gold", "Harrow", "Ing", "Kest")
    for last in ("bury", "combe", "dale", "field", "ford", "ham")
]
_WORDS = [
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "for",
    "with",
    "by",
    "from",
    "on",
    "at",
    "as",
    "into",
    "over",
    "after",
    "before",
    "between",
    "under",
    "during",
    "our",
    "their",
    "its",
    "every",
    "pallet",
    "truck",
    "loading",
    "gate",
    "yard",
    "shift",
    "crew",
    "order",
    "route",
    "driver",
    "customer",
    "morning",
    "evening",
    "season",
    "winter",
    "harvest",
    "goods",
    "label",
    "scanner",
    "shelf",
    "aisle",
    "crate",
    "cold",
    "room",
    "fruit",
    "paper",
    "steel",
    "timber",
    "glass",
    "textile",
    "report",
    "plan",
    "team",
    "safety",
    "training",
    "energy",
    "roof",
    "solar",
    "heating",
    "water",
    "lighting",
    "door",
    "ramp",
    "weight",
    "stock",
    "count",
    "delivery",
    "return",
    "repair",
    "tyre",
    "fuel",
    "toll",
    "road",
    "keeps",
    "moves",
    "sorts",
    "checks",
    "loads",
    "carries",
    "stores",
    "counts",
    "plans",
    "meets",
    "serves",
    "opens",
    "closes",
    "builds",
    "repairs",
    "measures",
    "quick",
    "careful",
    "early",
    "late",
    "steady",
    "local",
    "regional",
    "long",
    "short",
    "new",
    "old",
    "clean",
    "quiet",
    "busy",
    "full",
    "empty",
    "light",
    "heavy",
]


def pallets(host: str, town: str) -> int:
    return random.Random(f"{host} {town} pallets").randint(200, 9000)


def doors(host: str, town: str) -> int:
    return random.Random(f"{host} {town} doors").randint(4, 90)


def page(host: str, town: str) -> str:
    """About 9 kB of markup: navigation, a table, twenty paragraphs, two of which state figures."""
    chance = random.Random(f"{host} {town}")
    paragraphs = []
    for _ in range(18):
        sentences = [
            " ".join(chance.choices(_WORDS, k=chance.randint(8, 18))).capitalize() + "." for _ in range(4)
        ]
        paragraphs.append(" ".join(sentences))
    paragraphs.insert(5, f"The depot in {town} holds {pallets(host, town)} pallets.")
    paragraphs.insert(12, f"The depot in {town} has {doors(host, town)} doors for trucks.")
    links = "".join(_link(name, name) for name in TOWNS[:20])
    rows = "".join(
        f"<tr><td>{day}</td><td>{chance.randint(5, 9)} to 18</td></tr>" for day in ("Mon", "Tue", "Wed")
    )
    return _document(
        f"Depot {town}",
        f"<nav><ul>{links}</ul></nav><main><h1>Depot {town}</h1>"
        f"{''.join(f'<p>{text}</p>' for text in paragraphs)}"
        f"<table><tr><th>Day</th><th>Open</th></tr>{rows}</table></main><footer>{host}</footer>",
    )


def _link(town: str, text: str) -> str:
    return f'<li><a href="/depots/{town.lower()}">{text}</a></li>'


def _document(title: str, body: str) -> str:
    return f'<!DOCTYPE html><html lang="en"><head><title>{title}</title></head><body>{body}</body></html>'


def site(host: str, path: str) -> tuple[str, str] | None:
    """Content type and text of an address, or None."""
    if path == "/robots.txt":
        return "text/plain", f"User-agent: *\nAllow: /\nSitemap: https://{host}/sitemap.xml\n"
    if path == "/sitemap.xml":
        places = "".join(
            f"<url><loc>https://{host}/depots/{town.lower()}</loc></url>" for town in TOWNS[: PAGES - 1]
        )
        return "application/xml", (
            '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
            f"<url><loc>https://{host}/</loc></url>{places}</urlset>"
        )
    if path == "/":
        links = "".join(_link(name, f"Depot {name}") for name in TOWNS[: PAGES - 1])
        text = f"<p>We store goods in {PAGES - 1} depots.</p>"
        return "text/html", _document(host, f"<main><h1>Our depots</h1>{text}<ul>{links}</ul></main>")
    for town in TOWNS[: PAGES - 1]:
        if path == f"/depots/{town.lower()}":
            return "text/html", page(host, town)
    return None


def completion(asked: dict[str, Any]) -> dict[str, Any]:
    """A chat completion that cites the line with the figure asked for, or says that there is none."""
    prompt = "\n".join(str(message["content"]) for message in asked["messages"])
    question = prompt.rpartition("Question:")[2]
    town = next((name for name in TOWNS if name in question), "nowhere")
    unit = "doors" if "doors" in question else "pallets"
    found = re.search(rf"^\[(\d+)\] The depot in {town} (?:holds|has) (\d+) {unit}", prompt, re.MULTILINE)
    reply = {
        "citations": [int(found[1])] if found else [],
        "value": int(found[2]) if found else None,
        "conflicts": [],
        "basis": "stated",
        "answered": found is not None,
        "reasoning": "The cited line states it." if found else "No line states it.",
    }
    text = json.dumps(reply)
    tokens = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(text) // 4}
    return {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 0,
        "model": asked.get("model", "bench"),
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": tokens | {"total_tokens": sum(tokens.values())},
    }


class Outside:
    """The simulators, and what was asked of them."""

    def __init__(self) -> None:
        self.site_delay = 0.0
        self.model_delay = 0.0
        self.fetched: Counter[str] = Counter()
        self.model: list[dict[str, int]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _request(reader):
                writer.write(_response(*await self._answer(*request)))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    async def _answer(self, host: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if path == "/_log":
            log = {"fetched": self.fetched, "model": self.model}
            return 200, "application/json", json.dumps(log).encode()
        if path == "/_set":
            chosen = json.loads(body)
            self.site_delay, self.model_delay = chosen["site"], chosen["model"]
            self.fetched.clear()
            self.model.clear()
            return 200, "application/json", b"{}"
        if path.endswith("/chat/completions"):
            reply = completion(json.loads(body))
            self.model.append(dict(reply["usage"]))
            await asyncio.sleep(self.model_delay)
            return 200, "application/json", json.dumps(reply).encode()
        self.fetched[host + path] += 1
        await asyncio.sleep(self.site_delay)
        found = site(host, path)
        if found is None:
            return 404, "text/plain", b"not found"
        return 200, found[0] + "; charset=utf-8", found[1].encode()


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes] | None:
    """Host, path and body of the next request; None when the client closed the connection."""
    first = await reader.readline()
    if not first:
        return None
    headers = {}
    while (line := await reader.readline()) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return headers.get("host", "").partition(":")[0], first.split()[1].decode(), body


def _response(status: int, content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Running(NamedTuple):
    """The simulators seen from our side."""

    port: int

    def set(self, *, site: float, model: float) -> None:
        """Seconds that each page and each model call take from now on; forgets what was asked so far."""
        self._call("/_set", json.dumps({"site": site, "model": model}).encode())

    def fetched(self) -> dict[str, int]:
        """How often each address was asked for."""
        fetched: dict[str, int] = self._call("/_log")["fetched"]
        return fetched

    def model_calls(self) -> list[dict[str, int]]:
        """Tokens of each model call, estimated at four characters a token."""
        calls: list[dict[str, int]] = self._call("/_log")["model"]
        return calls

    def _call(self, path: str, body: bytes | None = None) -> Any:
        with urlopen(Request(f"http://127.0.0.1:{self.port}{path}", data=body), timeout=10) as reply:
            return json.load(reply)


@contextmanager
def running() -> Iterator[Running]:
    """The simulators' process, ended when the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.outside"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Running(int(process.stdout.readline()))
        finally:
            process.terminate()


async def main() -> None:
    outside = Outside()
    server = await asyncio.start_server(outside.serve, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
