"""What mail servers say of mailboxes, asked over real sockets on loopback."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.mail_servers import MailServer, only

from leadline.connectors.mail import smtp
from leadline.connectors.mail.smtp import SmtpProbe
from leadline.foundation.network import NetworkPolicy
from leadline.research.mail.ports import Mailbox, Probed

JANE, JDOE = "jane.doe@acme.com", "jdoe@acme.com"


async def loopback(host: str, seconds: float) -> Sequence[str]:
    return ["127.0.0.1"]


async def ask(server: MailServer, *addresses: str, allow: str = "127.0.0.0/8", seconds: float = 10) -> Probed:
    policy = NetworkPolicy(allow_networks=[allow])
    probe = SmtpProbe(policy, loopback, "research@leadline.example", port=server.port)
    return await probe.probe(["mx.acme.com"], addresses or (JANE,), seconds)


async def test_a_mailbox_that_is_there_is_accepted_and_asking_stops() -> None:
    async with MailServer(only(JANE)) as server:
        probed = await ask(server, JDOE, JANE, "jane@acme.com")
        assert probed.accept_all is False
        assert probed.mailboxes == {JDOE: Mailbox.REJECTED, JANE: Mailbox.ACCEPTED}
        assert server.heard[:2] == ["EHLO leadline.example", "MAIL FROM:<research@leadline.example>"]
        assert not any(line.startswith("DATA") for line in server.heard)


async def test_a_server_that_accepts_an_invented_address_accepts_all() -> None:
    async with MailServer() as server:
        probed = await ask(server)
        assert (probed.accept_all, probed.mailboxes) == (True, {})
        asked = [line for line in server.heard if line.startswith("RCPT")]
        assert len(asked) == 1
        assert JANE not in asked[0]


@pytest.mark.parametrize(
    "reply",
    [
        "450 4.2.1 greylisted, come back later",
        "451 try again",
        "421 4.3.2 closing",
        "550 5.7.1 your address is listed",
        "554 5.7.1 no",
        "552 5.2.2 mailbox full",
    ],
)
async def test_what_is_no_word_on_the_mailbox_is_not_known(reply: str) -> None:
    async with MailServer(lambda _: reply) as server:
        probed = await ask(server)
        assert (probed.accept_all, probed.mailboxes) == (None, {})
        assert reply[:3] in probed.detail


async def test_greylisting_of_one_mailbox_only_leaves_it_unknown() -> None:
    says = {JANE: "450 4.2.1 later", JDOE: "550 5.1.1 no such user"}
    async with MailServer(lambda address: says.get(address, "550 5.1.1 no such user")) as server:
        probed = await ask(server, JANE, JDOE)
        assert probed.mailboxes == {JANE: Mailbox.UNKNOWN, JDOE: Mailbox.REJECTED}


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (MailServer(greeting=b"554 5.7.1 not you\r\n"), "does not greet"),
        (MailServer(greeting=b"SSH-2.0-OpenSSH_9.6\r\n"), "no mail server"),
        (MailServer(greeting=b"x" * 100_000), "no mail server"),
        (MailServer(greeting=b"220-hello\r\n" * 1_000), "does not end"),
        (MailServer(to_sender="550 5.7.1 refused"), "refuses our address"),
        (MailServer(to_hello="550 who?"), "refuses our name"),
        (MailServer(drops_at="MAIL"), "hung up"),
    ],
)
async def test_a_server_that_does_not_play_along_says_nothing(server: MailServer, says: str) -> None:
    async with server:
        probed = await ask(server)
        assert (probed.accept_all, probed.mailboxes) == (None, {})
        assert says in probed.detail


@pytest.mark.parametrize("server", [MailServer(greeting=None), MailServer(hangs_at="RCPT")])
async def test_a_server_that_hangs_is_left_in_time(server: MailServer) -> None:
    async with server:
        probed = await ask(server, seconds=0.5)
        assert (probed.accept_all, probed.mailboxes) == (None, {})
        assert "in time" in probed.detail


async def test_one_reply_takes_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "REPLY_SECONDS", 0.2)
    async with MailServer(hangs_at="MAIL") as server:
        assert "no reply in time" in (await ask(server, seconds=60)).detail


async def test_what_was_said_before_it_hung_up_is_kept() -> None:
    def says(address: str) -> str:
        return "550 5.1.1 no" if address != JANE else "550 5.1.1 no\r\n421 4.3.2 closing"

    async with MailServer(says) as server:
        probed = await ask(server, JANE)
        assert probed.mailboxes == {JANE: Mailbox.REJECTED}


async def test_a_private_address_is_not_connected_to() -> None:
    async with MailServer() as server:
        probed = await ask(server, allow="10.0.0.0/8")
        assert "loopback" in probed.detail
        assert server.heard == []


async def test_nobody_there() -> None:
    async with MailServer() as server:
        port = server.port
    probe = SmtpProbe(NetworkPolicy(allow_networks=["127.0.0.0/8"]), loopback, "a@b.example", port=port)
    assert (await probe.probe(["mx.acme.com"], [JANE], 5)).mailboxes == {}
