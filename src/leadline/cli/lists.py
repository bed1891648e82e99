"""``leadline lists``: companies kept in lists."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from leadline.cli.ask import host_of
from leadline.cli.organisations import for_organisation, json_option, org_option
from leadline.cli.running import NOTHING_CHANGED, done_or_not

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.company_lists.schemas import CompanyList

SHOWN = 100  # lists, or companies of one


@click.group()
def lists() -> None:
    """Keep companies in lists, for subscriptions and exports."""


@lists.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="What to call the list.  [default: the file's name]")
@org_option
@json_option
def import_(file: Path, name: str | None, org: str | None, as_json: bool) -> None:
    """Make a list of the companies in FILE: a CSV file with a column "domain", "website" or "url".

    \b
    leadline lists import prospects.csv --name Prospects
    """
    from leadline.cli.batch import DOMAINS, column
    from leadline.cli.terminal import one_line, say
    from leadline.companies import service as companies
    from leadline.companies.schemas import CompanyListFilter
    from leadline.company_lists import service
    from leadline.foundation.errors import InvalidInput

    given = list(dict.fromkeys(host_of(cell) for cell in column(file, DOMAINS)))

    async def work(leadline: Leadline, organisation_id: UUID) -> CompanyList:
        good = []
        for domain in given:
            try:
                companies.parse(domain, reserved_hosts=leadline.reserved_hosts)
                good.append(domain)
            except InvalidInput as error:
                say(one_line(f"left out: {domain}: {error.fields[0].message}"))
        if not good:
            raise click.UsageError(f"{file.name} names no company.")
        say(f"{len(good):,} companies, {len(given) - len(good):,} left out")
        return await service.create(
            leadline.database.repeatable,
            organisation_id,
            name or file.stem,
            CompanyListFilter(domains=good),
            reserved_hosts=leadline.reserved_hosts,
        )

    _print([for_organisation(org, work, when_interrupted=done_or_not("leadline lists list"))], as_json)


@lists.command(name="list")
@org_option
@json_option
def list_(org: str | None, as_json: bool) -> None:
    """Show the lists, those made last first."""
    from leadline.company_lists import service

    async def work(leadline: Leadline, organisation_id: UUID) -> list[CompanyList]:
        found, _ = await service.page(leadline.database.repeatable, organisation_id, SHOWN, 0)
        return found

    _print(for_organisation(org, work, when_interrupted=NOTHING_CHANGED), as_json)


@lists.command()
@click.argument("list_id", type=click.UUID)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file.  [default: standard output]"
)
@click.option("--field", "fields", multiple=True, metavar="F", help="A further column, such as industry.")
@click.option(
    "--template", "templates", multiple=True, metavar="ID", help="With the newest answers of this template."
)
@org_option
def export(
    list_id: UUID, out: Path | None, fields: tuple[str, ...], templates: tuple[str, ...], org: str | None
) -> None:
    """Write the companies of LIST_ID as CSV: name, website, and what is asked for."""
    from leadline.company_lists import service

    async def work(leadline: Leadline, organisation_id: UUID) -> bytes:
        chunks = await service.export(
            leadline.database.repeatable, organisation_id, list_id, fields, templates
        )
        return b"".join([chunk async for chunk in chunks])

    content = for_organisation(org, work, when_interrupted=NOTHING_CHANGED)
    if out is not None:
        out.write_bytes(content)
    else:
        sys.stdout.write(content.decode())


def _print(found: list[CompanyList], as_json: bool) -> None:
    import msgspec

    from leadline.cli.terminal import write_json, write_lines

    if as_json:
        write_json(msgspec.to_builtins(found))
    else:
        write_lines(_lines(found))


def _lines(found: list[CompanyList]) -> Iterator[Line]:
    from leadline.cli.rendering import counted
    from leadline.cli.terminal import Line, one_line

    for one in found:
        named = one.filter.domains or []
        members = counted(len(named), "company", "companies") if named else "a filter"
        yield Line(f"{one.id}  {one_line(one.name)} ({members})")
    if not found:
        yield Line("No lists. Make one with leadline lists import FILE.csv.")
