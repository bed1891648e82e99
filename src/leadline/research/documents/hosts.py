"""Which hosts belong to one site.

The registrable domain is the public suffix and one label more (publicsuffix.org, its private section
included, so that two customers of one hosting service are two sites). Only the list that ships with the
library is used; nothing is looked up.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from tldextract import TLDExtract

_extract = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@lru_cache(maxsize=10_000)
def registrable(host: str) -> str:
    """The registrable domain of ``host``; an address, or a name without one, is its own."""
    host = host.strip("[]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    found = _extract(host)
    if found.suffix:
        return f"{found.domain}.{found.suffix}" if found.domain else host
    # A suffix that is on no list counts as one label (the list's rule "*").
    return ".".join(host.split(".")[-2:])


def same_site(a: str, b: str) -> bool:
    """Whether two hosts share their registrable domain."""
    return registrable(a) == registrable(b)
