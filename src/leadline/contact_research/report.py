"""A report as the API shows it, made of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import UNSET

from leadline.contact_research.schemas import (
    ContactReport,
    ReportOpener,
    ReportProof,
    ReportRejected,
    ReportSection,
    ReportStatement,
    ReportUnread,
)
from leadline.research.model import Evidence, Proof, Unreadable
from leadline.research.reports.model import Findings, Opener, Section, Statement

MOST_UNREAD = 20  # addresses that are shown


def report_of(
    evidence: Evidence,
    findings: Findings,
    openers: Sequence[Opener],
    openers_by: str,
    missed: Sequence[tuple[str, str]] = (),
) -> ContactReport:
    """The report. ``missed``: directories that could not be asked, and why. Statements are numbered through from 1, in the order of the sections."""
    shown: dict[Section, list[ReportStatement]] = {section: [] for section in Section}
    for number, one in enumerate(findings.statements, 1):
        shown[one.section].append(_statement(number, one))
    note = _note(evidence, findings, len(missed))

    def section(of: Section) -> ReportSection:
        return ReportSection(shown[of], UNSET if shown[of] else note)

    return ContactReport(
        current_role=section(Section.CURRENT_ROLE),
        career=section(Section.CAREER),
        team=section(Section.TEAM),
        likely_responsibilities=section(Section.LIKELY_RESPONSIBILITIES),
        public_statements=section(Section.PUBLIC_STATEMENTS),
        recent_activity=section(Section.RECENT_ACTIVITY),
        contact_points=section(Section.CONTACT_POINTS),
        openers=[ReportOpener(one.text, [place + 1 for place in one.rests_on]) for one in openers],
        openers_by=openers_by,
        rejected=[ReportRejected(one.quote, one.url, one.why) for one in findings.rejected],
        could_not_read=[
            *(ReportUnread(name, why) for name, why in missed),
            *(
                ReportUnread(one.url, f"{one.reason.value} {one.detail}".strip())
                for one in _unread(evidence)[:MOST_UNREAD]
            ),
        ],
        pages_read=len(evidence.pages),
        pages_naming=findings.named_on,
    )


def _unread(evidence: Evidence) -> list[Unreadable]:
    """What could not be looked at; a page that is not there was looked at."""
    return [one for one in evidence.unreadable if not one.reason.looked]


def _note(evidence: Evidence, findings: Findings, missed: int) -> str:
    """Why a section is empty. What could not be read is never told as nothing."""
    read = f"{len(evidence.pages)} {'page' if len(evidence.pages) == 1 else 'pages'}"
    said = "says this of the person" if findings.named_on else "names the person"
    unread = len(_unread(evidence)) + missed
    rest = f"; {unread} {'address' if unread == 1 else 'addresses'} could not be read" if unread else ""
    return f"None of the {read} that were read {said}{rest}."


def _statement(number: int, one: Statement) -> ReportStatement:
    proof = one.proof
    return ReportStatement(
        number=number,
        quote=one.quote,
        url=one.url,
        title=one.title,
        basis=one.basis.value,
        proof=ReportProof(
            snapshot_id=proof.snapshot_id,
            body_sha256=proof.body_sha256,
            text_sha256=proof.text_sha256,
            walk=proof.walk,
            start=proof.start,
            end=proof.end,
            script=proof.script if proof.script >= 0 else UNSET,
        ),
        date=one.on.isoformat() if one.on is not None else UNSET,
        kind=one.kind or UNSET,
        value=one.value or UNSET,
    )


class StatementCheck(NamedTuple):
    """A statement checked again. ``fault`` None: its words stand where the proof says."""

    url: str
    snippet: str
    fault: str | None
    proof: Proof


def proof_of(shown: ReportStatement) -> Proof:
    """The proof of a statement as it is shown."""
    proof = shown.proof
    structured = isinstance(proof.script, int)
    return Proof(
        snapshot_id=proof.snapshot_id,
        body_sha256=proof.body_sha256,
        text_sha256=proof.text_sha256,
        walk=proof.walk,
        start=proof.start,
        end=proof.end,
        kind="structured" if structured else "text",
        script=proof.script if isinstance(proof.script, int) else -1,
    )


def sections(report: ContactReport) -> list[tuple[str, ReportSection]]:
    """The sections with their names, in the order in which they are shown."""
    return [
        ("Current role", report.current_role),
        ("Career", report.career),
        ("Team", report.team),
        ("Likely responsibilities", report.likely_responsibilities),
        ("Public statements", report.public_statements),
        ("Recent activity", report.recent_activity),
        ("Contact points", report.contact_points),
    ]
