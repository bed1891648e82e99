"""Which addresses Leadline may connect to, and how a host name becomes one of them.

A host is looked up once. Every address of the answer is judged; the connection then goes to one of the
addresses that passed, never through a second look-up, so a name that answers differently the next time
(DNS rebinding) changes nothing. Addresses that do not pass are dropped from the answer, and a host of which
none is left is refused: connecting to the public half of a mixed answer reaches nothing that asking for that
address by itself would not reach.

Public means: IPv4 outside every special-purpose block of the IANA registry (RFC 6890), or IPv6 global unicast
(2000::/3) outside its special-purpose blocks. Addresses that carry an IPv4 address inside (NAT64, 6to4,
Teredo, IPv4-compatible) are refused whatever they carry, since a gateway decides where they lead;
IPv4-mapped ones are judged as the IPv4 address they are. Cloud metadata services are refused even where an
operator allows the network around them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks a host name up: its addresses as text, best first. Raises OSError when there are none."""


class AddressRefused(Exception):
    """Leadline does not connect to this host: not a public address, or a port that is not the web's."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host}: {why}")
        self.host = host
        self.why = why


class NameNotResolved(Exception):
    """The host name has no address."""

    def __init__(self, host: str, why: str = "the name does not resolve") -> None:
        super().__init__(f"{host}: {why}")
        self.host = host


# IANA IPv4 Special-Purpose Address Registry, with what it is called in a refusal. First match wins.
_SPECIAL_V4: tuple[tuple[ipaddress.IPv4Network, str], ...] = tuple(
    (ipaddress.IPv4Network(block), name)
    for block, name in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a shared address behind a carrier's NAT"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "an address of the IETF's protocols"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.31.196.0/24", "an anycast address for reverse DNS"),
        ("192.52.193.0/24", "an anycast address for tunnels"),
        ("192.88.99.0/24", "a 6to4 relay address"),
        ("192.168.0.0/16", "a private address"),
        ("192.175.48.0/24", "an anycast address for reverse DNS"),
        ("198.18.0.0/15", "a benchmarking address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_V6: tuple[tuple[ipaddress.IPv6Network, str], ...] = tuple(
    (ipaddress.IPv6Network(block), name)
    for block, name in (
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("::/96", "an IPv4-compatible address"),
        ("64:ff9b::/96", "a NAT64 address"),
        ("64:ff9b:1::/48", "a local NAT64 address"),
        ("100::/64", "a discard address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("ff00::/8", "a multicast address"),
        ("2001::/32", "a Teredo address"),
        ("2001::/23", "an address of the IETF's protocols"),
        ("2001:db8::/32", "a documentation address"),
        ("2002::/16", "a 6to4 address"),
        ("2620:4f:8000::/48", "an anycast address for reverse DNS"),
        ("3fff::/20", "a documentation address"),
    )
)
# Metadata services hand out the machine's credentials. One of them stands at an otherwise public address.
_METADATA: frozenset[Address] = frozenset(
    ipaddress.ip_address(a)
    for a in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)
# Ports above the reserved range that belong to other protocols (Fetch standard, "bad ports").
_OTHER_PROTOCOLS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080}
)
_NUMERIC_LABEL = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z", re.IGNORECASE)


def special(address: Address) -> str | None:
    """What kind of non-public address this is, or None when it is public."""
    if address in _METADATA:
        return "the address of a cloud metadata service"
    if isinstance(address, ipaddress.IPv4Address):
        return next((name for block, name in _SPECIAL_V4 if address in block), None)
    if address.scope_id is not None:
        return "an address with a zone"
    named = next((name for block, name in _SPECIAL_V6 if address in block), None)
    return named or (None if address in _GLOBAL_V6 else "not a global unicast address")


def parse_address(text: str) -> Address:
    """An address as written by a resolver; IPv4-mapped IPv6 becomes the IPv4 address it stands for."""
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def literal(host: str) -> Address | None:
    """The address that ``host`` spells, None when it is a name.

    Raises AddressRefused for spellings that a resolver would take for an address though they are not the
    usual one: decimal, octal, hexadecimal or shortened IPv4 (any host whose last label is a number, as the
    URL standard tells them), and IPv6 with a zone.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if "%" in bare:
        raise AddressRefused(host, "an address with a zone")
    try:
        return parse_address(bare)
    except ValueError:
        pass
    if ":" in bare or _NUMERIC_LABEL.match(bare.rstrip(".").rpartition(".")[2]):
        raise AddressRefused(host, "an address in an unusual spelling")
    return None


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The machine's own resolver, off the event loop."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port of an endpoint (RFC 6454)."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Raises ValueError when the URL is not an http or https one with a host."""
        parts = urlsplit(url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"not an http or https address: {url!r}")
        return cls(parts.scheme, parts.hostname.rstrip("."), parts.port or DEFAULT_PORTS[parts.scheme])


DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_connect_to(text: str) -> dict[str, tuple[str, int]]:
    """Read ``HOST=ADDRESS:PORT`` entries, comma-separated; ``*`` stands for every host name.

    Raises ValueError, with a sentence for the operator, when an entry is malformed or does not lead to a
    loopback address.
    """
    mapping: dict[str, tuple[str, int]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        host, equals, target = entry.partition("=")
        address, _, port = target.strip().rpartition(":")
        try:
            where = ipaddress.ip_address(address.strip("[]"))
            number = int(port)
        except ValueError:
            equals = ""
        if not equals or not host.strip() or not 0 < number < 65536:
            raise ValueError(f"{entry!r} is not HOST=ADDRESS:PORT, such as *=127.0.0.1:8800")
        if not where.is_loopback:
            raise ValueError(f"{entry!r} does not lead to a loopback address")
        mapping[host.strip().lower()] = (str(where), number)
    return mapping


class NetworkPolicy:
    """What may be connected to, beyond the public internet's web ports.

    ``allow_networks``: networks ("10.1.0.0/16", "127.0.0.0/8") the operator vouches for, at any port.
    ``allow_origins``: endpoints the operator configured ("http://127.0.0.1:8900"); allowed for exactly that
    scheme, host and port.
    ``connect_to``: development only, for page fetches: host name, or ``*`` for all, to a loopback address and
    port. Such a host is never looked up. Address literals are never mapped.
    """

    def __init__(
        self,
        *,
        allow_networks: Iterable[str] = (),
        allow_origins: Iterable[str] = (),
        connect_to: Mapping[str, tuple[str, int]] | None = None,
        resolver: Resolver = system_resolver,
    ) -> None:
        self.allow_networks: tuple[Network, ...] = tuple(ipaddress.ip_network(n) for n in allow_networks)
        self.allow_origins = frozenset(Origin.of(o) for o in allow_origins)
        self.connect_to = dict(connect_to or {})
        self._resolver = resolver

    def trusting(self, *origins: str) -> NetworkPolicy:
        """This policy for an endpoint the operator configured: its origin allowed, nothing mapped."""
        policy = NetworkPolicy(resolver=self._resolver)
        policy.allow_networks = self.allow_networks
        policy.allow_origins = self.allow_origins | {Origin.of(o) for o in origins}
        return policy

    def mapped(self, host: str) -> tuple[str, int] | None:
        """Where a development mapping leads this host, if anywhere."""
        if not self.connect_to:
            return None
        host = host.lower().rstrip(".")
        if host in self.connect_to:
            return self.connect_to[host]
        try:
            name = literal(host) is None
        except AddressRefused:
            name = False
        return self.connect_to.get("*") if name else None

    async def addresses(self, origin: Origin) -> Sequence[tuple[str, int]]:
        """The addresses to connect to for this origin, best first; looked up once.

        Raises NameNotResolved, AddressRefused.
        """
        if target := self.mapped(origin.host):
            return [target]
        if not 0 < origin.port < 65536:
            raise AddressRefused(origin.host, f"there is no port {origin.port}")
        trusted = origin in self.allow_origins
        known = literal(origin.host)
        found = [known] if known else await self._look_up(origin)
        if trusted:
            return [(str(address), origin.port) for address in found]
        refusals = {address: self.refusal(address, origin.port) for address in found}
        passed = [(str(address), origin.port) for address, why in refusals.items() if why is None]
        if not passed:
            raise AddressRefused(origin.host, next(why for why in refusals.values() if why))
        return passed

    def refusal(self, address: Address, port: int) -> str | None:
        """Why this address and port may not be connected to, or None when they may."""
        networks = [n for n in self.allow_networks if n.version == address.version and address in n]
        if address in _METADATA:
            # Only by naming the very address: a wide network is not a wish to read credentials.
            networks = [n for n in networks if n.num_addresses == 1]
        if networks:
            return None
        if kind := special(address):
            return f"{address} is {kind}"
        if port not in DEFAULT_PORTS.values() and (port < 1024 or port in _OTHER_PROTOCOLS):
            return f"port {port} is not a port of the web"
        return None

    async def _look_up(self, origin: Origin) -> list[Address]:
        try:
            answer = await self._resolver(origin.host, origin.port)
        except (OSError, UnicodeError) as error:
            raise NameNotResolved(origin.host) from error
        found = []
        for text in answer:
            bare, _, zone = text.partition("%")
            address = parse_address(bare)
            # A zone names one of this machine's own links; kept, the judgement of the address covers it.
            found.append(ipaddress.IPv6Address(f"{bare}%{zone}") if zone else address)
        if not found:
            raise NameNotResolved(origin.host)
        return found
