"""Mail routing by the domain name system (RFC 5321, 5.1; null MX: RFC 7505)."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from typing import Any

from leadline.research.mail.ports import Routing

MOST_HOSTS = 10  # mail servers of one domain
MOST_ADDRESSES = 8  # of one mail server
_LEAST = 0.05  # seconds


class DnsMailRouter:
    """Implements ``research.mail.ports.MailRouter``. ``server``: the name server to ask; None: the machine's own."""

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self._server = server

    async def routing(self, domain: str, seconds: float) -> Routing:
        import dns.exception
        import dns.resolver

        deadline = time.monotonic() + seconds
        try:
            answer = await self._ask(domain, "MX", deadline)
            found = sorted((int(r.preference), str(r.exchange).rstrip(".").lower()) for r in answer)
            hosts = tuple(host for _, host in found if host)[:MOST_HOSTS]
            if not hosts:
                return Routing(accepts=False, detail=f"{domain} says that it takes no mail")
            return Routing(accepts=True, hosts=hosts)
        except dns.resolver.NXDOMAIN:
            return Routing(accepts=False, detail=f"there is no domain {domain}")
        except dns.resolver.NoAnswer:
            return await self._implicit(domain, deadline)
        except (dns.exception.DNSException, OSError) as error:
            return _not_known(domain, error)

    async def addresses(self, host: str, seconds: float) -> Sequence[str]:
        """The addresses of a mail server as text. Raises OSError when they cannot be told."""
        import dns.exception
        import dns.resolver

        deadline = time.monotonic() + seconds
        found: list[str] = []
        for kind in ("A", "AAAA"):
            try:
                found += [str(ipaddress.ip_address(str(r))) for r in await self._ask(host, kind, deadline)]
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                continue
            except (dns.exception.DNSException, ValueError) as error:
                if not found:
                    raise OSError(f"{host}: {error}") from error
        if not found:
            raise OSError(f"{host} has no address")
        return found[:MOST_ADDRESSES]

    async def _implicit(self, domain: str, deadline: float) -> Routing:
        """Without MX records, mail goes to the domain's own address, if it has one (RFC 5321, 5.1)."""
        import dns.exception
        import dns.resolver

        for kind in ("A", "AAAA"):
            try:
                await self._ask(domain, kind, deadline)
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                continue
            except (dns.exception.DNSException, OSError) as error:
                return _not_known(domain, error)
            return Routing(accepts=True, hosts=(domain,))
        return Routing(accepts=False, detail=f"{domain} has no mail server and no address")

    async def _ask(self, name: str, kind: str, deadline: float) -> Any:
        """Raises DNSException; NoResolverConfiguration is one."""
        import dns.asyncresolver

        resolver = dns.asyncresolver.Resolver(configure=self._server is None)
        if self._server is not None:
            resolver.nameservers = [self._server[0]]
            resolver.port = self._server[1]
        lifetime = max(_LEAST, deadline - time.monotonic())
        return await resolver.resolve(f"{name}.", kind, lifetime=lifetime, search=False)


def _not_known(domain: str, error: Exception) -> Routing:
    return Routing(accepts=None, detail=f"mail servers of {domain}: {type(error).__name__}")
