"""``leadline profile``: what everybody asks of a company, with the words it rests on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from leadline.cli.running import NOTHING_CHANGED, run, settings_of_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.cli.terminal import Line
    from leadline.companies.schemas import ProfileResponse

ASKED = "What does the company do?"  # with it the site is read, where it was not yet


@click.command()
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="Print the profile as the API gives it.")
def profile(domain: str, as_json: bool) -> None:
    """Show what the pages of DOMAIN tell of the company, each value with its quote.

    A site that was not read yet is read first, as by a question.
    """
    import msgspec

    from leadline.cli.terminal import write_json, write_lines

    found = run(_profile(domain), when_interrupted=NOTHING_CHANGED)
    if as_json:
        write_json(json.loads(msgspec.json.encode(found)))
    else:
        write_lines(profile_lines(found))


async def _profile(domain: str) -> ProfileResponse:
    from leadline.bootstrap import open_leadline
    from leadline.companies import service
    from leadline.foundation.errors import NotFound
    from leadline.signals.schemas import SignalRequest

    async with open_leadline(settings_of_command()) as leadline:
        company = service.parse(domain, reserved_hosts=leadline.reserved_hosts)
        known = await service.stored(leadline.database.repeatable, company.host)
        if known is None:
            signal = await leadline.ask(SignalRequest(domain=domain, question=ASKED), reader="extractive")
            known = await service.stored(leadline.database.repeatable, company.host)
            if known is None:
                raise NotFound(signal.error or f"No page of {domain} could be read.")
        return service.response(company, known)


def profile_lines(found: ProfileResponse) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    yield Line(f"{one_line(found.company.name)} ({found.company.domain})", "bold")
    for name, field in found.fields.items():
        values = field.value if isinstance(field.value, list) else [field.value]
        yield Line(f"{name}: {'; '.join(one_line(_text(value)) for value in values)}")
        for quote in field.quotes[:3]:
            yield Line(f"{one_line(quote.url)}: “{one_line(quote.quote)[:160]}”", "dim", 2)
        for rival in field.rivals[:3]:
            yield Line(f"elsewhere {one_line(_text(rival.value))}: {one_line(rival.url)}", "yellow", 2)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part is not None)
    return "yes" if value is True else "no" if value is False else str(value)
