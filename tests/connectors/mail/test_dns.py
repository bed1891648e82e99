"""Where mail of a domain goes, asked of a real name server on loopback."""

from __future__ import annotations

import pytest
from tests.mail_servers import NameServer

from leadline.connectors.mail.dns import DnsMailRouter

ZONE = {
    ("acme.com", "MX"): ["20 mx2.acme.com.", "10 mx1.acme.com."],
    ("mx1.acme.com", "A"): ["192.0.2.1"],
    ("mx1.acme.com", "AAAA"): ["2001:db8::1"],
    ("null.com", "MX"): ["0 ."],
    ("old.com", "A"): ["192.0.2.9"],
    ("dead.com", "TXT"): ['"nothing here"'],
}


async def test_mail_goes_to_the_preferred_server_first() -> None:
    async with NameServer(ZONE) as server:
        routing = await DnsMailRouter(server.address).routing("acme.com", 5)
        assert (routing.accepts, routing.hosts) == (True, ("mx1.acme.com", "mx2.acme.com"))


@pytest.mark.parametrize(
    ("domain", "says"),
    [("null.com", "takes no mail"), ("none.com", "no domain"), ("dead.com", "no mail server")],
)
async def test_a_domain_without_mail_is_told(domain: str, says: str) -> None:
    async with NameServer(ZONE) as server:
        routing = await DnsMailRouter(server.address).routing(domain, 5)
        assert (routing.accepts, routing.hosts) == (False, ())
        assert says in routing.detail


async def test_without_mx_records_mail_goes_to_the_domain_itself() -> None:
    async with NameServer(ZONE) as server:
        routing = await DnsMailRouter(server.address).routing("old.com", 5)
        assert (routing.accepts, routing.hosts) == (True, ("old.com",))


async def test_a_silent_name_server_means_not_known() -> None:
    async with NameServer(ZONE, silent={"acme.com"}) as server:
        routing = await DnsMailRouter(server.address).routing("acme.com", 0.3)
        assert routing.accepts is None
        assert "acme.com" in routing.detail


async def test_addresses_of_a_mail_server() -> None:
    async with NameServer(ZONE) as server:
        router = DnsMailRouter(server.address)
        assert list(await router.addresses("mx1.acme.com", 5)) == ["192.0.2.1", "2001:db8::1"]
        with pytest.raises(OSError, match="no address"):
            await router.addresses("mx9.acme.com", 5)
