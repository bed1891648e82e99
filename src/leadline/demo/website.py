"""The website of Quillfen Instruments, a made-up company, and a loopback server for it.

The pages lie beside this module in ``site/``: some lines ``name: value``, an empty line, optionally markup
for the head and a line ``---``, then the body. ``_layout.html`` goes around each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template
from threading import Thread
from typing import NamedTuple

HOST = "www.quillfen.example"
DOMAIN = "quillfen.example"
LINKEDIN = "https://www.linkedin.com/company/quillfen-instruments"  # every page links to it


class Asset(NamedTuple):
    body: bytes
    content_type: str

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'


@cache
def assets() -> dict[str, Asset]:
    """Everything the website serves, by path."""
    site = files("leadline.demo") / "site"
    layout = Template((site / "_layout.html").read_text(encoding="utf-8"))
    found: dict[str, Asset] = {
        "/robots.txt": Asset((site / "robots.txt").read_bytes(), "text/plain; charset=utf-8"),
        "/style.css": Asset((site / "style.css").read_bytes(), "text/css; charset=utf-8"),
    }
    for path, source in _pages(site):
        found[path] = Asset(_page(layout, path, source).encode(), "text/html; charset=utf-8")
    found["/sitemap.xml"] = Asset(
        _sitemap(path for path, _ in _pages(site)), "application/xml; charset=utf-8"
    )
    return found


def _pages(folder: Traversable, prefix: str = "/") -> Iterator[tuple[str, str]]:
    """Path and source of each page, in the order of their names."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _pages(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".html") and not entry.name.startswith("_"):
            name = entry.name.removesuffix(".html")
            yield prefix + ("" if name == "index" else name), entry.read_text(encoding="utf-8")


def _page(layout: Template, path: str, source: str) -> str:
    fields, _, body = source.partition("\n\n")
    values = dict(line.split(": ", 1) for line in fields.splitlines())
    head, separator, rest = body.partition("\n---\n")
    return layout.substitute(
        title=values["title"],
        description=values["description"],
        path=path,
        head=f"{head}\n" if separator else "",
        body=rest if separator else body,
    )


def _sitemap(paths: Iterator[str]) -> bytes:
    entries = "".join(f"  <url><loc>https://{HOST}{path}</loc></url>\n" for path in paths)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n'
    ).encode()


class _Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Quillfen"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        host = (self.headers.get("Host") or "").partition(":")[0]
        path = self.path.partition("?")[0]
        if host == DOMAIN:
            self._send(301, b"", {"Location": f"https://{HOST}{path}"}, with_body)
            return
        asset = assets().get(path if path == "/" else path.rstrip("/")) if host == HOST else None
        if asset is None:
            missing = b"<!DOCTYPE html><title>Not found</title><p>There is no such page.</p>"
            self._send(404, missing, {"Content-Type": "text/html; charset=utf-8"}, with_body)
        elif self.headers.get("If-None-Match") == asset.etag:
            self._send(304, b"", {"ETag": asset.etag}, with_body)
        else:
            self._send(200, asset.body, {"Content-Type": asset.content_type, "ETag": asset.etag}, with_body)

    def _send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body and body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the demo's screen belongs to the answers."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def served(port: int = 0) -> Iterator[int]:
    """Serves the website on 127.0.0.1 until the block ends; yields the port (0 picks a free one)."""
    assets()  # a broken page shows here, not in the middle of an answer
    server = _Server(("127.0.0.1", port), _Visit)
    thread = Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="demo website", daemon=True
    )
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
