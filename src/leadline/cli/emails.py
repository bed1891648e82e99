"""``leadline find-email``: a person's address at a company."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import click

from leadline.cli.organisations import for_organisation, json_option, org_option
from leadline.cli.running import EXIT_ANSWERED, EXIT_NO_ANSWER, EXIT_NOT_EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.emails.schemas import FindEmailResponse


@click.command(name="find-email")
@click.argument("name")
@click.argument("domain")
@org_option
@json_option
def find_email(name: str, domain: str, org: str | None, as_json: bool) -> int:
    """Find the mail address of NAME at the company whose DOMAIN it is.

    It is one that the company publishes, or one made by the pattern that its published addresses show; deliverable
    only where its mail server says so, which LEADLINE_EMAIL_SMTP_SENDER has it asked.
    """
    import msgspec

    from leadline.cli.terminal import write_json, write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> FindEmailResponse:
        return await leadline.emails.find(organisation_id, name, domain)

    found = for_organisation(
        org,
        work,
        when_interrupted="An address is paid for only with its being found, in the last step: give the same command again.",
    )
    if as_json:
        write_json(msgspec.to_builtins(found))
    else:
        write_lines(_lines(found))
    if found.email is not None:
        return EXIT_ANSWERED
    return EXIT_NOT_EVERYWHERE if found.could_not_look else EXIT_NO_ANSWER


def _lines(found: FindEmailResponse) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    if found.email is None or found.verification is None:
        yield Line(f"No address found: {one_line(found.note or '')}".rstrip(": "), "bold")
    else:
        checked = found.verification
        everything = "; the domain accepts any address" if checked.accept_all else ""
        yield Line(f"{one_line(found.email)}  {checked.state}, score {checked.score}{everything}", "bold")
    if evidence := found.evidence:
        if evidence.kind == "published":
            yield Line(f"published on {one_line(evidence.url or '')}")
        else:
            shown = f"{evidence.seen or 0} published, {evidence.verified or 0} accepted by the mail server"
            yield Line(f"by the pattern {evidence.pattern} ({shown})")
    for place in found.could_not_look or ():
        yield Line(f"could not look: {one_line(place)}", "yellow", 2)
