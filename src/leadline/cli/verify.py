"""``leadline verify``: anyone can re-check an answer, offline and later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leadline.cli.organisations import for_organisation, org_option
from leadline.cli.running import EXIT_ANSWERED, EXIT_FAILED, NOTHING_CHANGED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.contact_research.report import StatementCheck
    from leadline.signals.schemas import QuoteCheck


@click.command()
@click.argument("signal_id")
@org_option
def verify(signal_id: str, org: str | None) -> int:
    """Re-check every quote of SIGNAL_ID against the stored pages, without the network. A report's id, cr_…, will do.

    Exit code 1 when a quote does not stand where it was cited.
    """
    from leadline.cli.terminal import write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> Sequence[QuoteCheck | StatementCheck]:
        if signal_id.startswith("cr_"):
            return await leadline.contact_research.verify(organisation_id, signal_id)
        return await leadline.signals.verify(organisation_id, signal_id)

    checks = for_organisation(org, work, when_interrupted=NOTHING_CHANGED, reading=True)
    write_lines(verify_lines(checks))
    return EXIT_FAILED if any(check.fault for check in checks) else EXIT_ANSWERED


def verify_lines(checks: Sequence[QuoteCheck | StatementCheck]) -> Iterator[Line]:
    from leadline.cli.rendering import counted
    from leadline.cli.terminal import Line, one_line

    redacted = 0
    for check in checks:
        redacted += bool(check.fault and check.fault.startswith("redacted"))
        style = "green" if check.fault is None else "yellow" if check.fault.startswith("redacted") else "red"
        yield Line(f"{one_line(check.fault) if check.fault else 'stands'}: {one_line(check.url)}", style, 2)
        yield Line(f"  “{one_line(check.snippet)}”", "", 2)
        proof = check.proof
        place = "text" if proof.kind == "text" else f"JSON-LD script {proof.script}"
        yield Line(
            f"  snapshot {proof.snapshot_id}, characters {proof.start}-{proof.end} of its {place} ({proof.walk})",
            "dim",
            2,
        )
        yield Line(f"  SHA-256 of the page {proof.body_sha256}, of the text {proof.text_sha256}", "dim", 2)
    sound = sum(check.fault is None for check in checks)
    yield Line(
        f"{sound} of {counted(len(checks), 'quote')} stand{'s' if len(checks) == 1 else ''} as cited"
        + (f", {redacted} redacted" if redacted else ""),
        "bold",
    )
