"""Reading addresses that a source has chosen, out of the library or off the network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from leadline.research.errors import Reason
from leadline.research.model import Company, Unreadable
from leadline.research.ports import FetchedPage, Library


async def read(
    library: Library,
    urls: Sequence[str],
    company: Company | None,
    *,
    not_before: datetime | None,
    deadline: float,
    arrived: Callable[[str], None],
) -> Mapping[str, FetchedPage]:
    """The page at each address, or why there is none, in the order asked for.

    ``company``: whose site a redirect may also lead to. ``deadline``: a moment of ``time.monotonic()``; what has
    not arrived by then is TIMED_OUT. ``arrived`` is told of every address that was not known before.
    """
    known = await library.stored(urls, not_before=not_before)

    async def one(url: str) -> FetchedPage:
        if url in known:
            return FetchedPage(known[url], fetched=False)
        try:
            async with asyncio.timeout(max(0.05, deadline - time.monotonic())):
                found = await library.page(url, company, not_before=not_before)
        except TimeoutError:
            return FetchedPage(too_late(url), fetched=True)
        arrived(url)
        return found

    return dict(zip(urls, await asyncio.gather(*map(one, urls)), strict=True))


def too_late(url: str) -> Unreadable:
    return Unreadable(url=url, reason=Reason.TIMED_OUT, detail="the time for this question was used up")
