"""``leadline research``: what is known of a person before a call, every statement with its quote."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING
from uuid import UUID

import click

from leadline.cli.ask import RESUMES, host_of
from leadline.cli.organisations import for_organisation, json_option, org_option
from leadline.cli.running import EXIT_ANSWERED, EXIT_FAILED, EXIT_NO_ANSWER, EXIT_NOT_EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.contact_research.schemas import ContactResearch, ReportSection, ReportStatement


@click.command()
@click.argument("person")
@click.option("--company", "domain", required=True, metavar="DOMAIN", help="The company's domain.")
@click.option("--company-name", metavar="N", help="What it is called.  [default: its domain]")
@click.option("--title", metavar="T", help="The person's position, as far as you know it.")
@click.option("--profile", metavar="URL", help="Address of the person's profile.")
@click.option("--quiet", is_flag=True, help="No progress.")
@org_option
@json_option
def research(
    person: str,
    domain: str,
    company_name: str | None,
    title: str | None,
    profile: str | None,
    quiet: bool,
    org: str | None,
    as_json: bool,
) -> int:
    """Find out what is published about PERSON, such as "Jane Doe", at a company.

    \b
    leadline research "Jane Doe" --company example.com --title "VP Sales"

    \b
    Exit codes: 0 something was found, 3 nothing, 4 nothing and not everything could be read,
    1 failed, 2 bad usage.
    """
    import msgspec
    from msgspec import UNSET

    from leadline.cli.terminal import StageLines, write_json, write_lines
    from leadline.contact_research.report import sections
    from leadline.contact_research.schemas import CreateContactResearchRequest

    first, _, last = " ".join(person.split()).partition(" ")
    if not last:
        raise click.BadParameter('write first and last name, such as "Jane Doe".', param_hint="PERSON")
    host = host_of(domain)
    request = CreateContactResearchRequest(
        first_name=first,
        last_name=last,
        company_name=company_name or host,
        company_domain=host,
        job_title=title or UNSET,
        contact_profile_url=profile or UNSET,
    )
    with nullcontext() if quiet or as_json else StageLines(sys.stderr) as progress:

        async def work(leadline: Leadline, organisation_id: UUID) -> ContactResearch:
            await leadline.prepare()
            return await leadline.contact_research.see_through(organisation_id, request, progress)

        found = for_organisation(org, work, when_interrupted=RESUMES)
    if as_json:
        write_json(json.loads(msgspec.json.encode(found)))
    else:
        write_lines(_lines(found))
    if found.result is None or not found.result:
        return EXIT_FAILED
    if any(section.statements for _, section in sections(found.result)):
        return EXIT_ANSWERED
    return EXIT_NOT_EVERYWHERE if found.error_code else EXIT_NO_ANSWER


def _lines(found: ContactResearch) -> Iterator[Line]:
    from leadline.cli.rendering import counted
    from leadline.cli.terminal import Line, one_line
    from leadline.contact_research.report import sections

    who = f"{found.first_name} {found.last_name} at {found.company_name} ({found.company_domain})"
    yield Line(one_line(who), "bold")
    report = found.result
    if not report:
        yield Line(f"Failed: {one_line(found.error or '')}", "red")
        if found.error_action:
            yield Line(one_line(found.error_action), "dim")
        return
    empty: list[str] = []
    for name, section in sections(report):
        if section.statements:
            yield from _section(name, section)
        else:
            empty.append(name.lower())
    if report.openers:
        yield Line("")
        yield Line("Openers", "bold")
        for opener in report.openers:
            rests = ", ".join(f"[{number}]" for number in opener.rests_on)
            yield Line(f"{one_line(opener.text)}  {rests}", hang=2)
    yield Line("")
    if empty:
        yield Line(f"Nothing was found on: {', '.join(empty)}.", "dim")
    for rejected in report.rejected:
        yield Line(f"not taken: “{one_line(rejected.quote)[:120]}” ({one_line(rejected.why)})", "dim", 2)
    for unread in report.could_not_read:
        yield Line(f"could not read {one_line(unread.url)}: {one_line(unread.reason)}", "yellow", 2)
    named = counted(report.pages_naming, "page", "pages")
    yield Line(
        f"{counted(report.pages_read, 'page', 'pages')} read, {named} with the name · {found.id}", "dim"
    )


def _section(name: str, section: ReportSection) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    yield Line("")
    yield Line(name, "bold")
    for one in section.statements:
        yield Line(f"[{one.number}] {one_line(_said(one))}", hang=4)
        dated = f", {one.date}" if one.date else ""
        of = "  (a job post with this title)" if one.basis == "jobPost" else ""
        yield Line(f"    {one_line(one.url)}{dated}{of}", "dim", 4)


def _said(one: ReportStatement) -> str:
    return f"{one.kind}: {one.value}" if one.kind else f"“{one.quote}”"
