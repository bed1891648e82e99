"""Which addresses may be connected to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.foundation.network import (
    Address,
    AddressRefused,
    NameNotResolved,
    NetworkPolicy,
    Origin,
    literal,
    parse_address,
    parse_connect_to,
    special,
)

NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # Alibaba metadata
    "127.0.0.1",
    "127.8.9.1",
    "168.63.129.16",  # Azure metadata, in a public block
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # Oracle metadata
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # IPv4-compatible loopback
    "::808:808",  # IPv4-compatible, public inside
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",  # IPv4-translated
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001:0:7f00:1::",  # Teredo
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo with a loopback client inside
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of loopback
    "2002:a00:1::1",
    "3fff::1",
    "4000::1",  # outside global unicast
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
]


def resolver(*answers: list[str]):
    """Answers each look-up with the next of ``answers``; the last one stays."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    resolve.asked = asked
    return resolve


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_name_that_leads_to_a_non_public_address_is_refused(address: str) -> None:
    policy = NetworkPolicy(resolver=resolver([address]))
    with pytest.raises(AddressRefused):
        await policy.addresses(Origin("https", "inside.test", 443))


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_non_public_literal_is_refused(address: str) -> None:
    never = resolver(["8.8.8.8"])
    with pytest.raises(AddressRefused):
        await NetworkPolicy(resolver=never).addresses(Origin("http", address, 80))
    assert never.asked == []


@pytest.mark.parametrize("address", PUBLIC)
async def test_public_address_is_used(address: str) -> None:
    policy = NetworkPolicy(resolver=resolver([address]))
    assert await policy.addresses(Origin("https", "shop.test", 443)) == [(address, 443)]


@given(st.ip_addresses())
def test_no_address_is_public_that_the_standard_library_calls_private(address: Address) -> None:
    assert special(parse_address(str(address))) is not None or address.is_global


@given(st.ip_addresses(v=4))
def test_address_inside_an_address_never_makes_it_public(address: ipaddress.IPv4Address) -> None:
    inner = int(address)
    for carrier in ("64:ff9b::", "64:ff9b:1::", "::", "::ffff:0:0:0"):
        outer = ipaddress.IPv6Address(int(ipaddress.IPv6Address(carrier)) | inner)
        assert special(parse_address(str(outer)))
    assert special(ipaddress.IPv6Address((0x2002 << 112) | (inner << 80)))  # 6to4
    assert special(ipaddress.IPv6Address((0x20010000 << 96) | (inner ^ 0xFFFFFFFF)))  # Teredo
    mapped = parse_address(f"::ffff:{address}")
    assert special(mapped) == special(address)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "127.0.0.01",
        "8.8",
        "0x",
        "a.0x7f",
        "fe80::1%25eth0",
        "[fe80::1%eth0]",
        "::1%lo",
        "1.2.3.4.5",
        "256.1.1.1",
    ],
)
def test_unusual_spelling_of_an_address_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        literal(host)


@pytest.mark.parametrize(
    "host", ["example.com", "1password.com", "0x.org", "a1.b2", "x--y.test", "localhost"]
)
def test_names_are_not_taken_for_addresses(host: str) -> None:
    assert literal(host) is None


async def test_link_local_answer_with_a_zone_is_refused() -> None:
    policy = NetworkPolicy(resolver=resolver(["fe80::1%2"]))
    with pytest.raises(AddressRefused):
        await policy.addresses(Origin("https", "printer.test", 443))


async def test_public_addresses_of_a_mixed_answer_are_the_only_ones_used() -> None:
    policy = NetworkPolicy(resolver=resolver(["10.0.0.1", "8.8.8.8", "::1"]))
    assert await policy.addresses(Origin("https", "mixed.test", 443)) == [("8.8.8.8", 443)]


async def test_host_is_looked_up_once() -> None:
    rebinding = resolver(["8.8.8.8"], ["127.0.0.1"])
    await NetworkPolicy(resolver=rebinding).addresses(Origin("https", "rebind.test", 443))
    assert rebinding.asked == ["rebind.test"]


async def test_name_without_address_is_not_resolved() -> None:
    with pytest.raises(NameNotResolved):
        await NetworkPolicy(resolver=resolver([])).addresses(Origin("https", "gone.test", 443))


async def test_name_too_long_for_dns_is_not_resolved() -> None:
    with pytest.raises(NameNotResolved):
        await NetworkPolicy().addresses(Origin("https", "a" * 64 + ".test", 443))


async def test_localhost_is_refused() -> None:
    with pytest.raises(AddressRefused):
        await NetworkPolicy().addresses(Origin("http", "localhost", 80))


@pytest.mark.parametrize("port", [22, 25, 110, 6667, 5060])
async def test_ports_of_other_protocols_are_refused(port: int) -> None:
    with pytest.raises(AddressRefused, match=str(port)):
        await NetworkPolicy(resolver=resolver(["8.8.8.8"])).addresses(Origin("http", "mail.test", port))


async def test_allowed_network_is_connected_to_at_any_port() -> None:
    policy = NetworkPolicy(allow_networks=["10.1.0.0/16", "::1/128"], resolver=resolver(["10.1.2.3"]))
    assert await policy.addresses(Origin("http", "intranet.test", 25)) == [("10.1.2.3", 25)]
    assert await policy.addresses(Origin("http", "::1", 8000)) == [("::1", 8000)]
    with pytest.raises(AddressRefused):
        await policy.addresses(Origin("http", "10.2.0.1", 80))


async def test_mapped_spelling_of_an_allowed_network_is_the_same_address() -> None:
    policy = NetworkPolicy(allow_networks=["127.0.0.0/8"])
    assert await policy.addresses(Origin("http", "::ffff:127.0.0.1", 80)) == [("127.0.0.1", 80)]


async def test_metadata_service_is_refused_inside_an_allowed_network() -> None:
    wide = NetworkPolicy(allow_networks=["169.254.0.0/16", "0.0.0.0/0", "::/0"])
    for address in ("169.254.169.254", "fd00:ec2::254", "168.63.129.16"):
        with pytest.raises(AddressRefused, match="metadata"):
            await wide.addresses(Origin("http", address, 80))
    named = NetworkPolicy(allow_networks=["169.254.169.254/32"])
    assert await named.addresses(Origin("http", "169.254.169.254", 80)) == [("169.254.169.254", 80)]


async def test_trusted_origin_is_exactly_its_scheme_host_and_port() -> None:
    policy = NetworkPolicy(allow_origins=["http://127.0.0.1:8900/v1"])
    assert await policy.addresses(Origin("http", "127.0.0.1", 8900)) == [("127.0.0.1", 8900)]
    for other in (
        Origin("https", "127.0.0.1", 8900),
        Origin("http", "127.0.0.1", 8901),
        Origin("http", "127.0.0.2", 8900),
    ):
        with pytest.raises(AddressRefused):
            await policy.addresses(other)


async def test_trusted_name_may_lead_to_a_private_address() -> None:
    policy = NetworkPolicy(resolver=resolver(["10.0.0.7"])).trusting("http://models.internal:8000")
    assert await policy.addresses(Origin("http", "models.internal", 8000)) == [("10.0.0.7", 8000)]


def test_mapping_leads_names_but_never_addresses_to_loopback() -> None:
    policy = NetworkPolicy(connect_to=parse_connect_to("*=127.0.0.1:8800, Shop.test=[::1]:99"))
    assert policy.mapped("acme.com") == ("127.0.0.1", 8800)
    assert policy.mapped("shop.test") == ("::1", 99)
    for host in ("169.254.169.254", "::1", "2130706433", "8.8.8.8"):
        assert policy.mapped(host) is None


def test_mapping_does_not_reach_trusted_endpoints() -> None:
    policy = NetworkPolicy(connect_to=parse_connect_to("*=127.0.0.1:8800"))
    assert policy.trusting("https://api.model.test").mapped("api.model.test") is None


@pytest.mark.parametrize(
    "text", ["acme.com", "acme.com=8800", "=127.0.0.1:1", "*=127.0.0.1:0", "*=127.0.0.1:x", "*=127.0.0.1"]
)
def test_malformed_mapping_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST=ADDRESS:PORT"):
        parse_connect_to(text)


def test_mapping_to_another_machine_is_refused() -> None:
    with pytest.raises(ValueError, match="loopback"):
        parse_connect_to("*=10.0.0.1:80")
