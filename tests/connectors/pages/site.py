"""What the tests of page fetchers share: a fetcher whose every host is a simulator on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tests.web import WebServer

from leadline.connectors.pages.direct import DirectPageFetcher
from leadline.foundation.http import GuardedClient, Limits
from leadline.foundation.network import NetworkPolicy
from leadline.research.errors import FetchError
from leadline.research.model import Company, SiteSurvey, Unreadable
from leadline.research.ports import PageFetcher

ACME = Company(host="acme.test", asked_host="acme.test")
PATIENT = Limits(connect=20.0, read=20.0, total=40.0, body=100_000)
HURRIED = Limits(connect=1.0, read=0.5, total=1.0, body=100_000)  # for sites that never answer


class Time:
    """A clock that moves only when somebody sleeps on it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@asynccontextmanager
async def reading(
    web: WebServer,
    *,
    time: Time | None = None,
    connect_to: Mapping[str, tuple[str, int]] | None = None,
    limits: Limits = PATIENT,
    **options: object,
) -> AsyncIterator[DirectPageFetcher]:
    """A fetcher for which every host name is ``web``, unless ``connect_to`` says otherwise."""
    time = time or Time()
    policy = NetworkPolicy(connect_to={"*": ("127.0.0.1", web.port), **(connect_to or {})})
    agent = "Leadline/1.0 (+ops@example.org)"
    async with GuardedClient(policy, agent, limits=limits, sleep=time.sleep) as client:
        yield DirectPageFetcher(client, clock=time, **options)


async def survey(
    fetcher: PageFetcher, company: Company = ACME, *, max_age: float | None = None
) -> SiteSurvey:
    """A survey whose entry pages nobody keeps."""

    async def read(url: str) -> str | Unreadable:
        try:
            return (await fetcher.fetch(url, company, max_age=max_age)).url
        except FetchError as error:
            return Unreadable(url=error.url, reason=error.reason, detail=error.detail)

    return await fetcher.survey(company, read, max_age=max_age)
