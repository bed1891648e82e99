"""A name server and mail servers on loopback for tests, over real sockets, that can misbehave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class NameServer:
    """Answers over UDP from ``zone``: (name, kind) to records as in a zone file. ``silent`` names get no answer."""

    def __init__(self, zone: dict[tuple[str, str], list[str]], *, silent: Collection[str] = ()) -> None:
        self.zone = zone
        self.silent = set(silent)
        self.asked: list[tuple[str, str]] = []
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> tuple[str, int]:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=("127.0.0.1", 0)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._transport is not None
        self._transport.close()

    def reply(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text().rstrip(".").lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if records := self.zone.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if (reply := self._server.reply(data)) is not None:
            self._transport.sendto(reply, addr)


class MailServer:
    """Speaks SMTP on loopback. ``says`` gives the reply to RCPT TO for an address; every line is kept in ``heard``."""

    def __init__(
        self,
        says: Callable[[str], str] = lambda _: "250 2.1.5 ok",
        *,
        greeting: bytes | None = b"220 mx.acme.com ESMTP\r\n",
        to_sender: str = "250 2.1.0 ok",
        to_hello: str = "250-mx.acme.com\r\n250 SIZE 1000000",
        hangs_at: str = "",
        drops_at: str = "",
    ) -> None:
        """``greeting`` None: says nothing at all. ``hangs_at``, ``drops_at``: the word on which it falls silent or hangs up."""
        self.says = says
        self.greeting = greeting
        self.to_sender = to_sender
        self.to_hello = to_hello
        self.hangs_at = hangs_at
        self.drops_at = drops_at
        self.heard: list[str] = []
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(ConnectionError):
            if self.greeting is not None:
                writer.write(self.greeting)
            while line := (await reader.readline()).decode().strip():
                self.heard.append(line)
                word = line.split()[0].upper()
                if word == self.hangs_at:
                    continue
                if word in (self.drops_at, "QUIT"):
                    break
                writer.write(f"{self._reply(word, line)}\r\n".encode())
                await writer.drain()
        writer.close()

    def _reply(self, word: str, line: str) -> str:
        if word in ("EHLO", "HELO"):
            return self.to_hello
        if word == "MAIL":
            return self.to_sender
        if word == "RCPT":
            return self.says(line.partition("<")[2].rstrip(">"))
        return "500 5.5.2 what?"


def only(*known: str) -> Callable[[str], str]:
    """A server that knows these mailboxes and no others."""
    return lambda address: "250 2.1.5 ok" if address in known else "550 5.1.1 no such user"
