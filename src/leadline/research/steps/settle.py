"""Settle: what is said in the end, how sure it is, and on which words it rests.

The outcomes (design part 4):

    no page readable                                    failed, not charged
    answer, every planned page read                     completed
    answer, a planned page could not be read            completed, with a warning code
    no answer, a planned page could not be read         completed, null, with a code, not charged
    no answer though everything planned was read        completed, null, charged
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from leadline.research.errors import Reason, StepOverran
from leadline.research.model import (
    UNCALIBRATED,
    CheckedClaim,
    Derivation,
    Draft,
    Evidence,
    Outcome,
    Page,
    Passage,
    Proof,
    Provenance,
    Question,
    Source,
    Unit,
    Unreadable,
    Verdict,
    Verification,
    VerificationMode,
)

SHORT_SNIPPET = 24  # characters; a shorter quote is widened by its neighbours until it can be read alone
LONG_SNIPPET = 600  # characters
MAX_SOURCES = 8
BY_OTHERS = 0.6  # the most that is given to an answer which only somebody else's page states

_ADVICE: dict[Reason, tuple[str, str]] = {
    Reason.NOT_RESOLVED: ("SITE_NOT_FOUND", "Check the spelling of the domain; its name does not resolve."),
    Reason.CONNECTION_FAILED: (
        "SITE_UNREACHABLE",
        "The site does not accept connections now; ask again later.",
    ),
    Reason.TLS_FAILED: ("SITE_TLS_FAILED", "The site's certificate is not valid; nothing was read from it."),
    Reason.TIMED_OUT: ("SITE_TIMED_OUT", "The site answered too slowly; ask again later or allow more time."),
    Reason.ADDRESS_REFUSED: (
        "SITE_ADDRESS_REFUSED",
        "The domain leads to an address that is not public; LEADLINE_ALLOW_NETWORKS can permit it.",
    ),
    Reason.TOO_MANY_REDIRECTS: (
        "SITE_REDIRECT_LOOP",
        "The site redirects in a circle; ask about the domain it should lead to.",
    ),
    Reason.LEFT_SITE: (
        "SITE_MOVED",
        "The domain redirects to another site; ask about that domain if it is meant.",
    ),
    Reason.NOT_FOUND: ("SITE_NOT_FOUND", "The site has no page at its entry address."),
    Reason.FORBIDDEN: ("SITE_FORBIDDEN", "The site refuses automatic readers; its pages were not read."),
    Reason.RATE_LIMITED: ("SITE_RATE_LIMITED", "The site asked for fewer requests; ask again later."),
    Reason.SERVER_ERROR: ("SITE_SERVER_ERROR", "The site answered with a server fault; ask again later."),
    Reason.HTTP_ERROR: ("SITE_HTTP_ERROR", "The site gave no readable page."),
    Reason.TOO_LARGE: ("PAGE_TOO_LARGE", "A page is larger than LEADLINE_MAX_PAGE_BYTES allows."),
    Reason.NOT_TEXT: ("PAGE_NOT_TEXT", "What stands at the address is not a text page."),
    Reason.UNDECODABLE: ("PAGE_UNDECODABLE", "The page's bytes are not readable text."),
    Reason.NEEDS_SCRIPT: (
        "PAGE_NEEDS_SCRIPT",
        "The page shows nothing without running scripts; a rendering reader is needed.",
    ),
    Reason.DISALLOWED: (
        "ROBOTS_DISALLOWED",
        "The site's robots.txt does not allow reading; nothing was read against its will.",
    ),
    Reason.ROBOTS_UNAVAILABLE: (
        "ROBOTS_UNAVAILABLE",
        "The site's robots.txt could not be read, which forbids reading; ask again later.",
    ),
    Reason.EMPTY: ("PAGE_EMPTY", "The page has no text."),
    Reason.TOO_COMPLEX: (
        "PAGE_TOO_COMPLEX",
        "A page takes more time or memory to read than one page is given; it was left out.",
    ),
    Reason.NOT_STORED: (
        "PAGE_NOT_STORED",
        "A page that was read is no longer stored; ask the question anew to read it again.",
    ),
    Reason.OVER_BUDGET: (
        "REQUESTS_USED_UP",
        "The site needed more requests than one question may make; ask again to read on from what is stored.",
    ),
    Reason.READER_FAILED: (
        "PAGE_READER_FAILED",
        "Reading a page met a fault of ours; please report its address.",
    ),
}


def settle(
    question: Question,
    evidence: Evidence,
    passages: Sequence[Passage],
    draft: Draft,
    verification: Verification,
) -> Outcome:
    """The outcome of a question whose draft has been verified."""
    not_looked = _not_looked(evidence)
    facts = _facts(evidence, draft)
    if not evidence.pages:
        code, action = _advice(evidence.unreadable)
        return Outcome(
            failed=True,
            charged=False,
            error=f"No page of {question.company.asked_host} could be read{_because(evidence.unreadable)}."
            + _left_alone(evidence.unreadable),
            error_code=code,
            error_action=action,
            reasoning="",
            **facts,
        )
    warning = _advice(not_looked) if not_looked else (None, None)
    accepted, why_not = _accept(question, draft, verification)
    if not accepted:
        return Outcome(
            reasoning=_no_answer_reasoning(draft, why_not, evidence, not_looked),
            error_code=warning[0],
            error_action=warning[1],
            charged=not not_looked,
            **facts,
        )
    inference = any(
        c.verdict is not Verdict.SUPPORTED or c.claim.derivation is Derivation.INFERRED
        for c in verification.claims
    )
    confidence, basis = _confidence(draft, verification, inference)
    if _rests_on_others(verification, passages, evidence):
        confidence = min(confidence, BY_OTHERS)
    return Outcome(
        answer=draft.value,
        confidence=confidence,
        confidence_basis=basis,
        reasoning=_answer_reasoning(draft, verification, inference, not_looked),
        sources=sources(verification.claims, passages, evidence),
        error_code=warning[0],
        error_action=warning[1],
        inference=inference,
        **facts,
    )


def overran(question: Question, evidence: Evidence, error: StepOverran) -> Outcome:
    """The outcome of a question that kept its reader busy for longer than one question may."""
    return Outcome(
        failed=True,
        charged=False,
        error=f"Reading the answer off the pages of {question.company.asked_host} was given up: {error}.",
        error_code="READING_OVERRAN",
        error_action="Ask a narrower question, or ask with a language model.",
        **_facts(evidence, Draft(reader="")),
    )


def _facts(evidence: Evidence, draft: Draft) -> dict[str, Any]:
    return {
        "usage": draft.usage,
        "pages_read": len(evidence.pages),
        "pages_fetched": evidence.fetched,
        "unreadable": evidence.unreadable,
        "company_name": _company_name(evidence),
    }


def _accept(question: Question, draft: Draft, verification: Verification) -> tuple[bool, str]:
    """Whether the draft may stand as the answer, and if not, why."""
    if draft.value is None:
        return False, ""
    contradicted = [c for c in verification.claims if c.verdict is Verdict.CONTRADICTED]
    if contradicted:
        return False, f"a proposed answer was dropped because {contradicted[0].why}"
    if question.mode is VerificationMode.LENIENT:
        return bool(verification.claims), "a proposed answer cited nothing"
    if not verification.supported:
        unsure = next(
            (c.why for c in verification.claims if c.verdict is not Verdict.SUPPORTED), "it cited nothing"
        )
        return False, f"a proposed answer was dropped because {unsure}"
    return True, ""


def _confidence(draft: Draft, verification: Verification, inference: bool) -> tuple[float, str]:
    if draft.confidence is not None:
        return round(draft.confidence * (0.6 if inference else 1.0), 2), draft.confidence_basis
    places = {number for c in verification.claims for number in c.claim.citations}
    value = min(0.9, 0.7 + 0.05 * (len(places) - 1))
    if inference:
        value = min(value, 0.5)
    if verification.conflicts:
        value = min(value, 0.4)
    return round(value, 2), UNCALIBRATED


def _rests_on_others(verification: Verification, passages: Sequence[Passage], evidence: Evidence) -> bool:
    """Whether a claim cites no page of the company's own, nor a directory's entry on it."""
    pages = {unit.number: evidence.pages[unit.page] for passage in passages for unit in passage.units}

    def by_others(numbers: Sequence[int]) -> bool:
        found = [pages[number].provenance for number in numbers if number in pages]
        return bool(found) and all(one is Provenance.THIRD_PARTY for one in found)

    return any(by_others(checked.claim.citations) for checked in verification.claims)


# ------------------------------------------------------------------ sources


def sources(
    claims: Sequence[CheckedClaim], passages: Sequence[Passage], evidence: Evidence
) -> tuple[Source, ...]:
    """One source for each run of neighbouring cited words, in the order in which they are cited."""
    units = {unit.number: unit for passage in passages for unit in passage.units}
    cited: list[Unit] = []
    for checked in claims:
        for number in checked.claim.citations:
            if number in units and units[number] not in cited:
                cited.append(units[number])
    found: list[Source] = []
    for run in _runs(cited):
        page = evidence.pages[run[0].page]
        script = run[0].script
        if script < 0:
            start, end = _readable(run, page)
            snippet = page.words(start, end)
        else:
            start, end = run[0].start, run[-1].end
            snippet = page.content.structured[script][start:end]
        if any(s.url == page.url and snippet in s.snippet for s in found):
            continue
        found.append(
            Source(
                url=page.url,
                title=page.content.title or page.url,
                snippet=snippet,
                proof=Proof(
                    snapshot_id=page.snapshot_id,
                    body_sha256=page.body_sha256,
                    text_sha256=page.content.text_sha256,
                    walk=page.content.walk,
                    start=start,
                    end=end,
                    kind="text" if script < 0 else "structured",
                    script=script,
                ),
                provenance=page.provenance,
            )
        )
    return tuple(found[:MAX_SOURCES])


def _runs(units: Sequence[Unit]) -> list[list[Unit]]:
    """Group cited units that stand side by side on one page: a price and its "per month" are one quote."""
    runs: list[list[Unit]] = []
    for unit in sorted(units, key=lambda u: (u.page, u.script, u.start)):
        last = runs[-1][-1] if runs else None
        here = (unit.page, unit.script)
        close = last is not None and (last.page, last.script) == here and unit.start - last.end <= 2
        if close and unit.end - runs[-1][0].start <= LONG_SNIPPET:
            runs[-1].append(unit)
        else:
            runs.append([unit])
    order = {id(unit): position for position, unit in enumerate(units)}
    # What people can see on the page comes before what it says to machines.
    return sorted(runs, key=lambda run: (run[0].script >= 0, min(order[id(unit)] for unit in run)))


def _readable(run: Sequence[Unit], page: Page) -> tuple[int, int]:
    """Widen a quote too short to be read alone by the blocks beside it, first the one before."""
    start, end = min(u.start for u in run), max(u.end for u in run)
    blocks = page.content.blocks
    first, last = min(u.block for u in run), max(u.block for u in run)
    while end - start < SHORT_SNIPPET and (first > 0 or last + 1 < len(blocks)):
        before = blocks[first - 1] if first > 0 else None
        if before is not None and before.start < start and end - before.start <= LONG_SNIPPET:
            first, start = first - 1, before.start
            continue
        after = blocks[last + 1] if last + 1 < len(blocks) else None
        if after is None or after.end <= end or after.end - start > LONG_SNIPPET:
            break
        last, end = last + 1, after.end
    return start, end


# ------------------------------------------------------------------ words for people


def _not_looked(evidence: Evidence) -> list[Unreadable]:
    return [u for u in evidence.unreadable if not u.reason.looked]


def _advice(unreadable: Sequence[Unreadable]) -> tuple[str, str]:
    if not unreadable:
        return "SITE_UNREACHABLE", "Nothing could be read; ask again later."
    reason, _ = Counter(u.reason for u in unreadable).most_common(1)[0]
    return _ADVICE[reason]


def _because(unreadable: Sequence[Unreadable]) -> str:
    if not unreadable:
        return ""
    first = unreadable[0]
    detail = f" ({first.detail})" if first.detail else ""
    return f": {first.reason.value.replace('_', ' ')}{detail}"


def _counted(unreadable: Sequence[Unreadable]) -> str:
    return "One planned page" if len(unreadable) == 1 else f"{len(unreadable)} planned pages"


def _left_alone(unreadable: Sequence[Unreadable]) -> str:
    """Says of addresses that were not asked for this question, when they were asked and since when they fail."""
    left = [(u, u.asked_at) for u in unreadable if u.asked_at is not None]
    if not left:
        return ""
    last = max(asked_at for _, asked_at in left)
    since = min(u.failing_since or asked_at for u, asked_at in left)
    return (
        f" Not asked again for this question: {_paths([u for u, _ in left])}, which last failed at {_moment(last)}"
        f"{f', and since {_moment(since)}' if since < last else ''}; a forced refresh asks at once."
    )


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _paths(unreadable: Sequence[Unreadable]) -> str:
    shown = [urlsplit(u.url).path or "/" for u in unreadable[:3]]
    more = f" and {len(unreadable) - 3} more" if len(unreadable) > 3 else ""
    return ", ".join(shown) + more


def _answer_reasoning(
    draft: Draft, verification: Verification, inference: bool, not_looked: Sequence[Unreadable]
) -> str:
    parts = [draft.reasoning.strip()]
    if inference:
        why = next((c.why for c in verification.claims if c.verdict is not Verdict.SUPPORTED and c.why), "")
        parts.append(f"This is inferred, not stated by the cited words{': ' + why if why else ''}.")
    if verification.conflicts:
        others = "; ".join(repr(c.claim.value) for c in verification.conflicts)
        parts.append(f"Other pages say otherwise: {others}.")
    if not_looked:
        parts.append(
            f"{_counted(not_looked)} could not be read ({_paths(not_looked)}).{_left_alone(not_looked)}"
        )
    return " ".join(part for part in parts if part)


def _no_answer_reasoning(
    draft: Draft, why_not: str, evidence: Evidence, not_looked: Sequence[Unreadable]
) -> str:
    said = why_not or draft.reasoning.strip().rstrip(".")
    read = "the one page read" if len(evidence.pages) == 1 else f"the {len(evidence.pages)} pages read"
    parts = [f"No answer was found in {read}{': ' + said if said else ''}."]
    if evidence.unplanned:
        parts.append(f"{evidence.unplanned} further addresses of the site were beyond the page limit.")
    if not_looked:
        parts.append(
            f"{_counted(not_looked)} could not be read ({_paths(not_looked)}), so this is not a no."
            f"{_left_alone(not_looked)}"
        )
    return " ".join(parts)


def _company_name(evidence: Evidence) -> str | None:
    names = Counter(page.content.site_name for page in evidence.pages if page.content.site_name)
    return names.most_common(1)[0][0] if names else None
