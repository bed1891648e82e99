"""An account as it is asked, how much of it may be asked a day, and how fast."""

from __future__ import annotations

from typing import NamedTuple, Protocol

PROFILES, RESULTS = "profiles", "results"
"""What is counted: reads of one profile, company or list of posts; people that searches return."""


class Account(NamedTuple):
    """``id`` is the vendor's; ``address`` the origin it answers at; ``secret`` its access token."""

    id: str
    address: str
    secret: str
    daily_profiles: int
    daily_results: int

    def __repr__(self) -> str:
        return f"Account({self.id})"  # the secret must not get into a log


class Usage(Protocol):
    """What was asked of one account today, over all processes."""

    async def take(self, what: str, count: int, most: int) -> bool:
        """Count what is about to be asked; False, and nothing counted, when that would be more than ``most``."""
        ...

    async def count(self, what: str, count: int) -> None:
        """Count more; give back what was not used when ``count`` is negative."""
        ...


class Pace(NamedTuple):
    """Seconds. A pause from ``least`` to ``most`` comes before each call, so that calls do not come like a machine's.

    ``again`` is waited before another try, twice as long each time; ``busy`` when another session of the account
    is at work; ``timeout`` bounds one call.
    """

    least: float = 0.4
    most: float = 1.5
    again: float = 1.0
    busy: float = 4.0
    timeout: float = 30.0
