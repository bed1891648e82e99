"""Asks mail servers whether a mailbox exists, and sends nothing: HELO, MAIL FROM, RCPT TO, QUIT (RFC 5321).

What servers answer is judged with care. A refusal of the sender or of our address is no word on the mailbox
(5.7.x, RFC 3463), nor is "come back later" (4xx, as greylisting answers). A server that accepts an invented address
accepts all of the domain.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from leadline.foundation.network import Address, NetworkPolicy, parse_address
from leadline.research.mail.ports import Mailbox, Probed

REPLY_SECONDS = 5.0  # for one reply
MOST_LINES = 50  # of one reply
MOST_OF_LINE = 2_048  # bytes; RFC 5321, 4.5.3.1.5 has 512
MOST_SERVERS = 2  # of a domain
_REPLY = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?")
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})\b")
_NO_MAILBOX = frozenset({550, 551, 553})  # where no enhanced status says something else
_WEB = 443  # what the policy judges an address by: mail's port is none of the web's

Lookup = Callable[[str, float], Awaitable[Sequence[str]]]


class Reply(NamedTuple):
    code: int
    text: str

    @property
    def says(self) -> Mailbox:
        """What it means of the mailbox that was asked for."""
        if 200 <= self.code < 300:
            return Mailbox.ACCEPTED
        status = _STATUS.search(self.text)
        if self.code not in _NO_MAILBOX or (status is not None and (status[1], status[2]) != ("5", "1")):
            return Mailbox.UNKNOWN
        return Mailbox.REJECTED


class _NotSaid(Exception):
    """The server did not come to an answer: hung up, hangs, speaks something else, wants us to come back."""


class SmtpProbe:
    """Implements ``research.mail.ports.MailboxProbe``.

    ``lookup`` gives a server's addresses, which are judged by ``policy``; the connection goes to one that passed.
    ``sender`` is the address that the questions are asked for; its domain is who we say we are.
    """

    def __init__(self, policy: NetworkPolicy, lookup: Lookup, sender: str, *, port: int = 25) -> None:
        self._policy = policy
        self._lookup = lookup
        self._sender = sender
        self._port = port

    async def probe(self, hosts: Sequence[str], addresses: Sequence[str], seconds: float) -> Probed:
        deadline = time.monotonic() + seconds
        why = "the domain names no mail server"
        for host in hosts[:MOST_SERVERS]:
            found: dict[str, Mailbox] = {}
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    return await self._ask(host, addresses, found, deadline)
            except TimeoutError:
                why = f"{host}: no answer in time"
            except (_NotSaid, OSError) as error:
                why = f"{host}: {error}"
            if found:  # it has said something: another server of the domain would say the same
                return Probed(mailboxes=found, detail=why)
            if time.monotonic() >= deadline:
                break
        return Probed(detail=why)

    async def _ask(
        self, host: str, addresses: Sequence[str], found: dict[str, Mailbox], deadline: float
    ) -> Probed:
        reader, writer = await self._connect(host, deadline)
        session = _Session(reader, writer)
        try:
            await session.greet(self._sender)
            decoy = await session.recipient(f"{secrets.token_hex(8)}@{addresses[0].rpartition('@')[2]}")
            if decoy.says is Mailbox.ACCEPTED:
                return Probed(accept_all=True)
            if decoy.says is Mailbox.UNKNOWN:
                return Probed(detail=f"{host}: {decoy.code} {decoy.text[:120]}")
            detail = ""
            for address in addresses:
                reply = await session.recipient(address)
                found[address] = reply.says
                if reply.says is Mailbox.ACCEPTED:
                    break
                if reply.says is Mailbox.UNKNOWN:
                    detail = f"{host}: {reply.code} {reply.text[:120]}"
            return Probed(accept_all=False, mailboxes=found, detail=detail)
        finally:
            await session.quit()

    async def _connect(self, host: str, deadline: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to an address that was looked up once and judged. Raises OSError, _NotSaid."""
        looked_up = await self._lookup(host, max(0.05, deadline - time.monotonic()))
        judged: list[tuple[Address, str | None]] = [
            (address, self._policy.refusal(address, _WEB)) for address in map(parse_address, looked_up)
        ]
        fault = OSError(next((why for _, why in judged if why), "no address"))
        for address, why in judged:
            if why is not None:
                continue
            try:
                async with asyncio.timeout(REPLY_SECONDS):
                    return await asyncio.open_connection(str(address), self._port, limit=MOST_OF_LINE)
            except TimeoutError:
                fault = OSError("no connection in time")
            except OSError as error:
                fault = OSError(error.strerror or "no connection")
        raise fault


class _Session:
    """One conversation. Raises _NotSaid and OSError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def greet(self, sender: str) -> None:
        self._must(await self._reply(), "does not greet")
        domain = sender.rpartition("@")[2]
        hello = await self._say(f"EHLO {domain}")
        if hello.code >= 500:
            hello = await self._say(f"HELO {domain}")
        self._must(hello, "refuses our name")
        self._must(await self._say(f"MAIL FROM:<{sender}>"), "refuses our address")

    async def recipient(self, address: str) -> Reply:
        return await self._say(f"RCPT TO:<{address}>")

    async def quit(self) -> None:
        """Be gone, whether or not the server hears it."""
        try:
            self._writer.write(b"QUIT\r\n")
        finally:
            self._writer.close()

    @staticmethod
    def _must(reply: Reply, what: str) -> None:
        if not 200 <= reply.code < 300:
            raise _NotSaid(f"the server {what}: {reply.code} {reply.text[:120]}")

    async def _say(self, line: str) -> Reply:
        self._writer.write(f"{line}\r\n".encode("ascii"))
        await self._writer.drain()
        return await self._reply()

    async def _reply(self) -> Reply:
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                return await self._read()
        except TimeoutError:
            raise _NotSaid("no reply in time") from None
        except ValueError:  # a line that does not end
            raise _NotSaid("what answers there is no mail server") from None

    async def _read(self) -> Reply:
        texts = []
        for _ in range(MOST_LINES):
            line = await self._reader.readline()
            if not line.endswith(b"\n"):
                raise _NotSaid("the server hung up")
            match = _REPLY.fullmatch(line.strip())
            if match is None:
                raise _NotSaid("what answers there is no mail server")
            texts.append((match[3] or b"").decode("ascii", "replace").strip())
            if match[2] != b"-":
                return Reply(int(match[1]), " ".join(texts))
        raise _NotSaid("the server's reply does not end")
