"""A real HTTP/1.1 server on loopback for tests, whose routes are Python functions and which can misbehave.

    async with WebServer() as web:
        web.page("acme.test", "/", "<h1>Acme</h1>")
        web.route("acme.test", "/old", Redirect("/"))
        web.route("acme.test", "/dead", Hang())
        web.route("*", "/made", lambda request: Reply(f"you asked {request.path}"))
        ...
        assert web.count("acme.test", "/") == 1

The Host header (without its port) picks the site; "*" stands for any host, and as a path for any path. More
exact routes win. What has no route is answered 404. Every request is kept in ``web.requests``.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import gzip
import inspect
import ipaddress
import ssl
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    target: str  # as sent: path and query
    host: str  # lower case, without port
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path or "/"

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))


class Connection:
    """One client's connection, as a reply sees it."""

    def __init__(self, writer: asyncio.StreamWriter, closing: asyncio.Event) -> None:
        self.writer = writer
        self.closing = closing  # set when the server stops

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in headers.items())]
        await self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


class Answer:
    """What is done with one request. ``send`` returns True when the connection may be used again."""

    async def send(self, request: Request, connection: Connection) -> bool:
        raise NotImplementedError


@dataclass
class Reply(Answer):
    """An ordinary answer."""

    body: str | bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, request: Request, connection: Connection) -> bool:
        body = self.body.encode() if isinstance(self.body, str) else self.body
        headers = {"Content-Type": self.content_type} if self.content_type else {}
        await connection.head(self.status, {**headers, "Content-Length": str(len(body)), **self.headers})
        if request.method != "HEAD":
            await connection.send(body)
        return True


class Redirect(Reply):
    def __init__(self, location: str, status: int = 302) -> None:
        super().__init__(status=status, headers={"Location": location})


class Gzipped(Reply):
    def __init__(self, body: str | bytes, content_type: str = "text/html; charset=utf-8") -> None:
        packed = gzip.compress(body.encode() if isinstance(body, str) else body)
        super().__init__(packed, content_type=content_type, headers={"Content-Encoding": "gzip"})


class Versioned(Reply):
    """A page with an ETag; answers 304 to who already has it."""

    def __init__(self, body: str, etag: str, last_modified: str = "") -> None:
        super().__init__(body, headers={"ETag": etag})
        self.etag = etag
        if last_modified:
            self.headers["Last-Modified"] = last_modified

    async def send(self, request: Request, connection: Connection) -> bool:
        if request.headers.get("if-none-match") == self.etag:
            return await Reply(status=304, content_type="", headers={"ETag": self.etag}).send(
                request, connection
            )
        return await super().send(request, connection)


class Hang(Answer):
    """Takes the request and never answers."""

    async def send(self, request: Request, connection: Connection) -> bool:
        await connection.closing.wait()
        return False


@dataclass
class Held(Answer):
    """Answers only after ``release`` is called."""

    answer: Answer = field(default_factory=lambda: Reply("held"))
    _gate: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        self._gate.set()

    async def send(self, request: Request, connection: Connection) -> bool:
        await self._gate.wait()
        return await self.answer.send(request, connection)


@dataclass
class Drip(Answer):
    """Sends its head at once and then one byte every ``seconds``, for ever."""

    seconds: float = 0.02

    async def send(self, request: Request, connection: Connection) -> bool:
        await connection.head(200, {"Content-Type": "text/html"})
        while not connection.closing.is_set():
            await connection.send(b".")
            await asyncio.sleep(self.seconds)
        return False


@dataclass
class Endless(Answer):
    """A body that does not end, as fast as it is read."""

    chunk: bytes = b"<p>and so on</p>" * 4096
    sent: int = 0

    async def send(self, request: Request, connection: Connection) -> bool:
        await connection.head(200, {"Content-Type": "text/html"})
        while not connection.closing.is_set():
            await connection.send(self.chunk)
            self.sent += len(self.chunk)
        return False


class Huge(Reply):
    """A page of ``size`` bytes that says so in its head."""

    def __init__(self, size: int = 40_000_000) -> None:
        super().__init__(b"x" * size)


class Bomb(Reply):
    """A few kilobytes of gzip that become ``size`` bytes."""

    def __init__(self, size: int = 100_000_000) -> None:
        super().__init__(gzip.compress(b"\0" * size), headers={"Content-Encoding": "gzip"})


@dataclass
class Cut(Answer):
    """Promises more than it sends, then closes."""

    body: bytes = b"<p>the first half"

    async def send(self, request: Request, connection: Connection) -> bool:
        await connection.head(200, {"Content-Type": "text/html", "Content-Length": str(len(self.body) * 2)})
        await connection.send(self.body)
        return False


@dataclass
class Raw(Answer):
    """Exactly these bytes instead of an HTTP answer, then closes."""

    data: bytes = b"\x00\xff\x13garbage\r\n\r\n\x80"

    async def send(self, request: Request, connection: Connection) -> bool:
        await connection.send(self.data)
        return False


class InTurn(Answer):
    """The answers in their order; the last one stays."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)

    async def send(self, request: Request, connection: Connection) -> bool:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer.send(request, connection)


Responder = Callable[[Request], Answer | Awaitable[Answer]]


class WebServer:
    """The server. ``port`` and ``origin`` are known once it is entered; ``tls`` makes it speak HTTPS."""

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, bind: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.in_flight: Counter[str] = Counter()  # by host, now
        self.most_in_flight: Counter[str] = Counter()  # by host, ever
        self._routes: dict[tuple[str, str], Answer | Responder] = {}
        self._tls = tls
        self._closing = asyncio.Event()
        self._arrived = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._bind = bind
        self.port = 0

    @property
    def address(self) -> str:
        """ADDRESS:PORT, as a development mapping wants it."""
        return f"{self._bind[0]}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.address}"

    def route(self, host: str, path: str, answer: Answer | Responder) -> None:
        self._routes[host.lower(), path] = answer

    def page(self, host: str, path: str, html: str) -> None:
        self.route(host, path, Reply(html))

    def count(self, host: str | None = None, path: str | None = None) -> int:
        """How many requests came, for this host and path if given."""
        return sum(host in (None, r.host) and path in (None, r.path) for r in self.requests)

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until ``condition`` holds; looked at whenever a request arrives or leaves."""
        async with self._arrived:
            await self._arrived.wait_for(condition)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, *self._bind, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._closing.set()
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer, self._closing)
        try:
            while (request := await _read(reader)) is not None and await self._answer(request, connection):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client left
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _answer(self, request: Request, connection: Connection) -> bool:
        self.in_flight[request.host] += 1
        self.most_in_flight[request.host] = max(
            self.most_in_flight[request.host], self.in_flight[request.host]
        )
        self.requests.append(request)
        await self._tell()
        try:
            found = self._find(request)
            if not isinstance(found, Answer):
                made = found(request)
                found = await made if inspect.isawaitable(made) else made
            return await found.send(request, connection)
        finally:
            self.in_flight[request.host] -= 1
            await self._tell()

    async def _tell(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    def _find(self, request: Request) -> Answer | Responder:
        for host in (request.host, "*"):
            for path in (request.target, request.path, "*"):
                if (host, path) in self._routes:
                    return self._routes[host, path]
        return Reply("<h1>404</h1>", status=404)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    host = headers.get("host", "").lower()
    host = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return Request(method, target, host, headers, body)


@contextlib.asynccontextmanager
async def refusing_port() -> AsyncIterator[int]:
    """A loopback port at which connections are refused (bound, but nobody listens)."""
    import socket

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def certificate(*names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS context for these host names, and a client's that trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    entries: list[x509.GeneralName] = []
    for name in names:
        try:
            entries.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            entries.append(x509.DNSName(name))
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(entries), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = signed.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "server.pem"
        pem.write_bytes(private + public)
        server.load_cert_chain(pem)
    client = ssl.create_default_context(cadata=public.decode())
    return server, client
