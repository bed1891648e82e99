"""How a command works for an organisation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import click

from leadline.cli.running import run, settings_of_command

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline
    from leadline.foundation.settings import Settings

T = TypeVar("T")

org_option = click.option("--org", metavar="O", help="Organisation.  [default: the one of the command line]")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def for_organisation(
    org: str | None,
    work: Callable[[Leadline, UUID], Awaitable[T]],
    *,
    when_interrupted: str,
    reading: bool = False,
    settings: Settings | None = None,
) -> T:
    """What ``work`` makes for that organisation. ``reading``: nothing is written, so a database that is not there is not made.

    ``when_interrupted``: what is true of the work when a signal ends it; see ``running``.
    """

    async def opened() -> T:
        from leadline.bootstrap import open_leadline

        async with open_leadline(settings or settings_of_command(), reading=reading) as leadline:
            return await work(leadline, await _organisation(leadline, org))

    return run(opened(), when_interrupted=when_interrupted)


async def _organisation(leadline: Leadline, name: str | None) -> UUID:
    """The organisation of that name. Raises NotFound: a misspelt one must not be made."""
    from leadline.accounts.service import organisation_named
    from leadline.foundation.errors import NotFound

    if name is None:
        return await leadline.organisation()
    found = await organisation_named(leadline.database.repeatable, name)
    if found is None:
        raise NotFound(f"There is no organisation named {name!r}.")
    return found
