"""``leadline people``: the people an organisation has, and what is asked for by law."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from leadline.cli.organisations import for_organisation, json_option, org_option
from leadline.cli.running import NOTHING_CHANGED, REPEATABLE, done_or_not

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.contact_lists.schemas import ContactList
    from leadline.contacts.schemas import ContactSearchResponse
    from leadline.contacts.service import Imported

SHOWN = 20  # problems of a file
SHOWN_LISTS = 100


@click.group()
def people() -> None:
    """Bring people along, look for them, and keep the law about them."""


@people.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping",
    "mappings",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="What a column holds, such as 'Wo=location'.",
)
@click.option("--source", help="What their provenance calls the file.  [default: the file's name]")
@org_option
@json_option
def import_(
    file: Path, mappings: tuple[str, ...], source: str | None, org: str | None, as_json: bool
) -> None:
    """Take in the people of FILE: a table with a header, as other programs export it.

    LinkedIn's Connections.csv, Sales Navigator exports of PhantomBuster and others, Apollo, HubSpot, or any
    columns with plain names. People who are known already are recognised.

    \b
    leadline people import Connections.csv
    leadline people import crm.csv --mapping "Funktion=title" --mapping "Firma=company"
    """
    from leadline.cli.terminal import write_json, write_lines
    from leadline.contacts.service import import_people

    mapping = {}
    for one in mappings:
        column, equals, field = one.rpartition("=")
        if not equals or not column or not field:
            raise click.UsageError(f"--mapping is COLUMN=FIELD, such as 'Job=title'; not {one!r}.")
        mapping[column] = field

    content = file.read_bytes()

    async def work(leadline: Leadline, organisation_id: UUID) -> Imported:
        return await import_people(
            leadline.database,
            organisation_id,
            content,
            reference=source or file.name,
            mapping=mapping,
        )

    found = for_organisation(
        org,
        work,
        when_interrupted="People who were taken in stay, and are recognised: give the same command again to go on.",
    )
    if as_json:
        write_json(
            {
                **found.taken._asdict(),
                "lines": found.lines,
                "unmapped": found.unmapped,
                "mapped": found.mapped,
                "problems": [one._asdict() for one in found.problems],
            }
        )
    else:
        write_lines(_report(found))


def _report(found: Imported) -> Iterator[Line]:
    from leadline.cli.rendering import counted
    from leadline.cli.terminal import Line, one_line

    taken, left_out = found.taken, sum(one.left_out for one in found.problems)
    yield Line(
        f"{counted(found.lines, 'line')}: {taken.made:,} new, {taken.merged:,} known already or repeated, "
        f"{left_out:,} left out, {taken.suppressed:,} erased before and not taken in",
        "bold",
    )
    yield Line("columns: " + ", ".join(f"{one_line(c)} is {f}" for c, f in found.mapped.items()), "dim")
    if found.unmapped:
        yield Line("not used: " + ", ".join(map(one_line, found.unmapped)), "yellow")
    for one in found.problems[:SHOWN]:
        yield Line(
            f"line {one.line}: {one_line(one.message)}{' (left out)' if one.left_out else ''}", "yellow"
        )
    if len(found.problems) > SHOWN:
        yield Line(f"and {len(found.problems) - SHOWN:,} more; --json shows all", "yellow")


@people.command()
@click.argument("keywords", required=False, default="")
@click.option("--company", "companies", multiple=True, metavar="URL", help="A company's page on LinkedIn.")
@click.option("--title", "titles", multiple=True)
@click.option("--first-name", default="")
@click.option("--last-name", default="")
@click.option("--country", "countries", multiple=True, metavar="CODE", help="ISO 3166-1 alpha-2, such as DE.")
@click.option("--department", "departments", multiple=True)
@click.option("--seniority", "levels", multiple=True)
@click.option("--limit", type=click.IntRange(1, 100), default=25, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
@org_option
@json_option
def search(
    keywords: str,
    companies: tuple[str, ...],
    titles: tuple[str, ...],
    first_name: str,
    last_name: str,
    countries: tuple[str, ...],
    departments: tuple[str, ...],
    levels: tuple[str, ...],
    limit: int,
    offset: int,
    org: str | None,
    as_json: bool,
) -> None:
    """Look for people, as POST /v1/contacts/search does.

    \b
    leadline people search --company https://www.linkedin.com/company/acme --seniority CXO
    """
    import msgspec

    from leadline.cli.terminal import write_json, write_lines
    from leadline.contacts.schemas import ContactSearchRequest
    from leadline.contacts.service import response, wanted_of

    request = ContactSearchRequest(
        company_linked_in_urls=list(companies),
        first_name=first_name,
        last_name=last_name,
        job_titles=list(titles),
        keywords=keywords,
        countries=list(countries),
        departments=list(departments),
        seniority_levels=list(levels),
    )

    async def work(leadline: Leadline, organisation_id: UUID) -> ContactSearchResponse:
        wanted = wanted_of(request)
        found = await leadline.contacts.search(organisation_id, wanted, limit=limit, offset=offset)
        return response(found, limit, offset)

    found = for_organisation(org, work, when_interrupted=NOTHING_CHANGED)
    if as_json:
        write_json(msgspec.to_builtins(found))
    else:
        write_lines(people_lines(found))


@people.command()
@click.argument("person")
@org_option
def export(person: str, org: str | None) -> None:
    """Print everything that is held of PERSON (an id, a profile's address or a mail address), as JSON."""
    from leadline.cli.terminal import write_json
    from leadline.contacts.service import named_person

    async def work(leadline: Leadline, organisation_id: UUID) -> dict[str, Any]:
        person_id = await named_person(leadline.database, organisation_id, person)
        return await leadline.privacy.export(organisation_id, person_id)

    write_json(for_organisation(org, work, when_interrupted=NOTHING_CHANGED))


@people.command()
@click.argument("person")
@org_option
def show(person: str, org: str | None) -> None:
    """Show who PERSON is and where each part was found."""
    from leadline.cli.terminal import Line, one_line, write_lines
    from leadline.contacts.service import named_person

    async def work(leadline: Leadline, organisation_id: UUID) -> dict[str, Any]:
        person_id = await named_person(leadline.database, organisation_id, person)
        return await leadline.privacy.export(organisation_id, person_id)

    found = for_organisation(org, work, when_interrupted=NOTHING_CHANGED)
    profile, told = found["profile"], found["provenance"]
    lines = [Line(f"{one_line(profile['full_name'])}  {found['id']}", "bold")]
    for name, origin in told.items():
        if name == "positions":
            for one in profile["positions"]:
                now = "" if one.get("current", True) else " (over)"
                lines.append(Line(one_line(f"{one.get('title', '')} at {one.get('company', '')}{now}")))
        else:
            lines.append(Line(f"{name}: {one_line(str(profile.get(name, '')))}"))
        lines.append(Line(one_line(f"{origin['source']} {origin.get('reference', '')}"), "dim", 2))
    write_lines(lines)


@people.command()
@click.argument("person")
@click.option("--yes", is_flag=True, help="Do not ask.")
@org_option
@json_option
def erase(person: str, yes: bool, org: str | None, as_json: bool) -> None:
    """Erase PERSON everywhere, for good; neither a file nor a page brings them back."""
    from leadline.cli.terminal import Line, write_json, write_lines
    from leadline.contacts.service import erase_named

    if not yes:
        click.confirm(f"Erase {person} everywhere?", abort=True, err=True)

    async def work(leadline: Leadline, organisation_id: UUID) -> dict[str, int]:
        return await erase_named(leadline.database, leadline.privacy, organisation_id, person)

    counts = for_organisation(org, work, when_interrupted=REPEATABLE)
    if as_json:
        write_json(counts)
    else:
        write_lines(Line(f"{kind}: {count:,}") for kind, count in counts.items())


@people.group()
def lists() -> None:
    """Keep people who were found in lists."""


@lists.command()
@click.argument("name")
@click.option("--company", "companies", multiple=True, required=True, metavar="URL")
@click.option("--title", "titles", multiple=True)
@click.option("--keywords", default="")
@click.option("--country", "countries", multiple=True, metavar="CODE")
@org_option
@json_option
def create(
    name: str,
    companies: tuple[str, ...],
    titles: tuple[str, ...],
    keywords: str,
    countries: tuple[str, ...],
    org: str | None,
    as_json: bool,
) -> None:
    """Search people and keep those who are found, 125 at most, as they are now.

    \b
    leadline people lists create Leaders --company https://www.linkedin.com/company/acme --title Head
    """
    from leadline.contact_lists.schemas import ContactListFilters

    filters = ContactListFilters(
        company_linked_in_urls=list(companies),
        job_titles=list(titles),
        keywords=keywords,
        countries=list(countries),
    )

    async def work(leadline: Leadline, organisation_id: UUID) -> ContactList:
        return await leadline.contact_lists.create(organisation_id, name, filters)

    _print_lists(
        [for_organisation(org, work, when_interrupted=done_or_not("leadline people lists list"))], as_json
    )


@lists.command(name="list")
@org_option
@json_option
def list_(org: str | None, as_json: bool) -> None:
    """Show the lists, those made last first."""
    from leadline.contact_lists import service

    async def work(leadline: Leadline, organisation_id: UUID) -> list[ContactList]:
        found, _ = await service.page(leadline.database.repeatable, organisation_id, SHOWN_LISTS, 0)
        return found

    _print_lists(for_organisation(org, work, when_interrupted=NOTHING_CHANGED), as_json)


@lists.command(name="export")
@click.argument("list_id", type=click.UUID)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file.  [default: standard output]"
)
@org_option
def export_list(list_id: UUID, out: Path | None, org: str | None) -> None:
    """Write the people of LIST_ID as CSV."""
    from leadline.contact_lists import service

    async def work(leadline: Leadline, organisation_id: UUID) -> bytes:
        return await service.export(leadline.database.repeatable, organisation_id, list_id)

    content = for_organisation(org, work, when_interrupted=NOTHING_CHANGED)
    if out is not None:
        out.write_bytes(content)
    else:
        sys.stdout.write(content.decode())


def _print_lists(found: list[ContactList], as_json: bool) -> None:
    import msgspec

    from leadline.cli.rendering import counted
    from leadline.cli.terminal import Line, one_line, write_json, write_lines

    if as_json:
        write_json(msgspec.to_builtins(found))
    elif found:
        write_lines(
            Line(f"{one.id}  {one_line(one.name)} ({counted(one.contact_count, 'person', 'people')})")
            for one in found
        )
    else:
        write_lines([Line("No lists. Make one with leadline people lists create.")])


def people_lines(found: ContactSearchResponse) -> Iterator[Line]:
    """A page of people, each with where they were found."""
    from leadline.cli.terminal import Line, one_line

    for one in found.items:
        said: list[Any] = [one.role, one.company_name, one.location]
        facts = ", ".join(one_line(part) for part in said if part)
        yield Line(f"{one_line(one.full_name or '')}{': ' if facts else ''}{facts}")
        for origin in (one.origins or [])[:2]:
            address = one.linked_in_profile_url or one.linked_in_sales_navigator_profile_url or ""
            yield Line(one_line(f"{origin.source} {origin.reference or ''}  {address}"), "dim", 2)
    if not found.sales_nav_connected:
        yield Line("There are no people to look in. Bring some along with leadline people import FILE.csv.")
    else:
        yield Line(f"{found.offset + len(found.items):,} of {found.total:,}", "dim")
    for warning in found.warnings or ():
        yield Line(one_line(warning), "yellow")
