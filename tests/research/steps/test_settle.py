"""What is said in the end, and on which words it rests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from tests.research.library import ACME, page

from leadline.research.documents.units import passages
from leadline.research.errors import Reason
from leadline.research.model import (
    CheckedClaim,
    Claim,
    Derivation,
    Draft,
    Evidence,
    Page,
    Passage,
    Provenance,
    Question,
    Subject,
    Unit,
    Unreadable,
    Verdict,
    Verification,
    VerificationMode,
)
from leadline.research.steps.settle import BY_OTHERS, settle, sources

PRICES = page(
    "https://acme.com/pricing",
    "<h1>Plans</h1><h2>Professional</h2><div>$25</div><div>Per user and month</div>"
    "<p>Billed once a year by card.</p>",
)
EVIDENCE = Evidence(pages=(PRICES,))


def numbered(evidence: Evidence) -> list[Passage]:
    return list(passages(evidence))


def unit(evidence: Evidence, words: str) -> Unit:
    return next(u for p in numbered(evidence) for u in p.units if words in u.text)


def supported(value: object, *units: Unit, derivation: Derivation = Derivation.STATED) -> CheckedClaim:
    claim = Claim(path="", value=value, citations=tuple(u.number for u in units), derivation=derivation)
    return CheckedClaim(claim=claim, verdict=Verdict.SUPPORTED)


def question(mode: VerificationMode = VerificationMode.STRICT) -> Question:
    return Question(
        subject=Subject(company=ACME), text="What does Professional cost?", answer_type="currency", mode=mode
    )


VALUE = {"value": 25, "currency": "USD"}


def test_a_short_quote_is_widened_until_it_can_be_read_alone() -> None:
    (source,) = sources([supported(VALUE, unit(EVIDENCE, "$25"))], numbered(EVIDENCE), EVIDENCE)
    assert "$25" in source.snippet
    assert "Professional" in source.snippet
    assert source.snippet == PRICES.content.text[source.proof.start : source.proof.end]


def test_neighbouring_words_are_one_source() -> None:
    claims = [supported(VALUE, unit(EVIDENCE, "$25"), unit(EVIDENCE, "Per user and month"))]
    assert len(sources(claims, numbered(EVIDENCE), EVIDENCE)) == 1


def test_every_proof_names_its_snapshot() -> None:
    (source,) = sources([supported(VALUE, unit(EVIDENCE, "Billed"))], numbered(EVIDENCE), EVIDENCE)
    assert source.proof.snapshot_id == PRICES.snapshot_id
    assert source.proof.body_sha256 == PRICES.body_sha256
    assert source.proof.text_sha256 == PRICES.content.text_sha256


def settled(
    checked: CheckedClaim, *conflicts: CheckedClaim, mode: VerificationMode, confidence: float | None = None
):  # type: ignore[no-untyped-def]
    draft = Draft(
        reader="r",
        value=checked.claim.value,
        claims=(checked.claim,),
        conflicts=tuple(c.claim for c in conflicts),
        confidence=confidence,
        confidence_basis="a set" if confidence else "",
    )
    verification = Verification(claims=(checked,), conflicts=tuple(conflicts))
    return settle(question(mode), EVIDENCE, numbered(EVIDENCE), draft, verification)


def test_an_inference_is_an_answer_in_lenient_mode_only_and_says_so() -> None:
    claim = Claim(
        path="", value=VALUE, citations=(unit(EVIDENCE, "$25").number,), derivation=Derivation.INFERRED
    )
    inferred = CheckedClaim(claim=claim, verdict=Verdict.NOT_CHECKED, why="deduced, not stated")
    assert settled(inferred, mode=VerificationMode.STRICT).answer is None
    lenient = settled(inferred, mode=VerificationMode.LENIENT)
    assert lenient.answer == VALUE
    assert lenient.inference
    assert "inferred" in lenient.reasoning
    assert lenient.confidence is not None
    assert lenient.confidence <= 0.5


def test_pages_that_disagree_make_the_answer_less_sure() -> None:
    one = supported(VALUE, unit(EVIDENCE, "$25"))
    other = supported({"value": 30, "currency": "USD"}, unit(EVIDENCE, "Billed"))
    strict = settled(one, other, mode=VerificationMode.STRICT)
    assert strict.answer == VALUE
    assert "say otherwise: {'value': 30, 'currency': 'USD'}" in strict.reasoning
    alone = settled(one, mode=VerificationMode.STRICT)
    assert (strict.confidence or 0) <= 0.4 < (alone.confidence or 0)
    lenient = settled(one, other, mode=VerificationMode.LENIENT)
    assert lenient.answer == VALUE
    assert "say otherwise" in lenient.reasoning


def test_a_confidence_without_a_labelled_set_says_so() -> None:
    one = supported(VALUE, unit(EVIDENCE, "$25"))
    assert "uncalibrated" in settled(one, mode=VerificationMode.STRICT).confidence_basis
    measured = settled(one, mode=VerificationMode.STRICT, confidence=0.91)
    assert (measured.confidence, measured.confidence_basis) == (0.91, "a set")


def test_no_page_at_all_is_a_failure() -> None:
    outcome = settle(question(), Evidence(), [], Draft(reader="r"), Verification())
    assert outcome.failed
    assert not outcome.charged


def test_what_was_not_asked_again_is_said_with_its_times() -> None:
    since = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
    left = Unreadable(
        url="https://acme.com/plans",
        reason=Reason.SERVER_ERROR,
        asked_at=since + timedelta(minutes=4),
        failing_since=since,
    )
    just_asked = Unreadable(url="https://acme.com/team", reason=Reason.TIMED_OUT)
    told = "/plans, which last failed at 2026-05-01 10:04:00 UTC, and since 2026-05-01 10:00:00 UTC"
    nothing = settle(question(), Evidence(unreadable=(left,)), [], Draft(reader="r"), Verification())
    assert nothing.failed
    assert told in (nothing.error or "")
    null = settle(
        question(), replace(EVIDENCE, unreadable=(left, just_asked)), [], Draft(reader="r"), Verification()
    )
    assert told in null.reasoning
    assert "so this is not a no" in null.reasoning
    asked = settle(question(), Evidence(unreadable=(just_asked,)), [], Draft(reader="r"), Verification())
    assert "Not asked again" not in (asked.error or "")


def test_a_page_of_the_company_names_it() -> None:
    named: Page = page(
        "https://acme.com/", '<meta property="og:site_name" content="Acme Ltd"><p>Hello there.</p>'
    )
    outcome = settle(question(), Evidence(pages=(named,)), [], Draft(reader="r"), Verification())
    assert outcome.company_name == "Acme Ltd"


def test_a_claim_that_rests_on_somebody_else_alone_caps_the_confidence_of_the_whole() -> None:
    theirs = replace(
        page("https://news.example/1", "<p>Acme has 40 people.</p>"), provenance=Provenance.THIRD_PARTY
    )
    evidence = Evidence(pages=(PRICES, theirs))
    own, others = unit(evidence, "$25"), unit(evidence, "40 people")

    def confidence(*cited: Unit) -> float | None:
        claims = tuple(supported(25, one) for one in cited)
        draft = Draft(reader="r", value=25, claims=tuple(c.claim for c in claims), confidence=0.9)
        outcome = settle(question(), evidence, numbered(evidence), draft, Verification(claims=claims))
        return outcome.confidence

    assert confidence(own) == 0.9
    assert confidence(own, others) == confidence(others) == BY_OTHERS
