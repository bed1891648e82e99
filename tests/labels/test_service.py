"""Labels change what confidence means, and answers that are not sure enough are held back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET
from tests.signals.test_comparing import ABOUT, Asked, site
from tests.signals.test_service import ASK, FoundingReader, make_service

from leadline.accounts.service import default_organisation, organisation
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.foundation.database import Database
from leadline.foundation.errors import Conflict, NotFound
from leadline.foundation.ids import new_id
from leadline.labels import service as labels
from leadline.labels.schemas import LabelRequest
from leadline.research.calibration import FEWEST, Curve
from leadline.research.model import Draft, Evidence, Passage, Question
from leadline.signals import repository, trust, views
from leadline.signals.repository import SavedStep

RIGHT, WRONG = LabelRequest(verdict="right"), LabelRequest(verdict="wrong")


class SureReader(FoundingReader):
    """Says how sure it is, and on what that rests."""

    def __init__(self, confidence: float, basis: str = "some labelled set") -> None:
        super().__init__()
        self.confidence = confidence
        self.basis = basis

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        draft = await super().read(question, passages, evidence)
        return msgspec.structs.replace(draft, confidence=self.confidence, confidence_basis=self.basis)


@pytest.fixture
async def org(database: Database) -> UUID:
    return await default_organisation(database)


async def answered(
    database: Database, org: UUID, confidence: float, number: int, reader: str = "extractive"
) -> str:
    """A signal with an answer, as it is stored."""
    company = await database.fetchval(
        "insert into companies (id, host) values ($1, $2) on conflict (host) do update set host = excluded.host "
        "returning id",
        new_id(),
        f"company-{number}.com",
    )
    signal_id = new_id()
    await database.execute(
        """
        insert into signals (id, organisation_id, company_id, asked_host, question, answer_type, verification_mode,
            max_pages, reader, request_key, status, answer, confidence, sources, metadata, completed_at)
        values ($1, $2, $3, $4, 'How many?', 'number', 'strict', 10, $5, $6, 'completed', $7, $8, '[]', '{}', now())
        """,
        signal_id,
        org,
        company,
        f"company-{number}.com",
        reader,
        signal_id.bytes,
        str(number),
        confidence,
    )
    return str(signal_id)


async def said(database: Database, org: UUID, counts: dict[float, tuple[int, int]]) -> None:
    """So many right and wrong answers at each confidence."""
    number = 0
    for confidence, (right, wrong) in counts.items():
        for verdict in [RIGHT] * right + [WRONG] * wrong:
            number += 1
            one = await answered(database, org, confidence, number)
            await labels.label(database, org, one, verdict)


async def test_a_later_label_takes_the_place_of_the_one_before(database: Database, org: UUID) -> None:
    one = await answered(database, org, 0.8, 1)
    first = await labels.label(database, org, one, LabelRequest(verdict="right", note="seen"))
    second = await labels.label(database, org, one, LabelRequest(verdict="wrong", expected=7))
    assert (first.previous_verdict, second.previous_verdict) == (UNSET, "right")
    found, total = await labels.page(database, org, None, 10, 0)
    assert total == 1
    assert (found[0].verdict, found[0].expected, found[0].note) == ("wrong", 7, None)
    assert (found[0].answer, found[0].confidence, found[0].domain) == (1, 0.8, "company-1.com")
    await labels.remove(database, org, one)
    with pytest.raises(NotFound):
        await labels.remove(database, org, one)


async def test_labels_are_of_the_organisation_that_asked(database: Database, org: UUID) -> None:
    other = await organisation(database, "other")
    one = await answered(database, org, 0.8, 1)
    for wanted in (one, "no id"):
        with pytest.raises(NotFound):
            await labels.label(database, other, wanted, RIGHT)
    await labels.label(database, org, one, RIGHT)
    assert await labels.page(database, other, None, 10, 0) == ([], 0)
    with pytest.raises(NotFound):
        await labels.remove(database, other, one)


async def test_what_is_not_answered_has_nothing_to_label(database: Database, org: UUID) -> None:
    service = make_service(database)
    row, _ = await service.accept(org, ASK)
    with pytest.raises(Conflict, match="still being answered"):
        await labels.label(database, org, row.signal.id, RIGHT)


async def test_a_curve_holds_for_what_is_answered_from_then_on(database: Database, org: UUID) -> None:
    before = await make_service(database, reader=SureReader(0.9)).ask(org, ASK)
    assert (before.confidence, before.metadata["calibrated"]) == (0.9, True)
    await said(database, org, {0.7: (15, 15), 0.9: (20, 10)})
    (found,) = await labels.calibrate(database, org)
    assert found.refused is None
    assert found.after is not None
    assert (found.after.ece or 1) < (found.before.ece or 0)
    asked = msgspec.structs.replace(ASK, force_refresh=True)
    after = await make_service(database, reader=SureReader(0.9)).ask(org, asked)
    assert after.confidence == pytest.approx(0.67, abs=0.02)
    assert after.metadata["rawConfidence"] == 0.9
    assert "60 answers" in (after.confidence_basis or "")
    # A label of what a curve made is a label of what the reader said.
    await labels.label(database, org, after.id, RIGHT)
    newest, _ = await labels.page(database, org, None, 1, 0)
    assert newest[0].confidence == 0.9
    assert await labels.forget_curves(database, org) == ["extractive"]
    again = await make_service(database, reader=SureReader(0.9)).ask(org, asked)
    assert (again.confidence, again.confidence_basis) == (0.9, "some labelled set")
    with pytest.raises(NotFound):
        await labels.forget_curves(database, org, "extractive")
    assert await labels.forget_curves(database, org) == []


async def test_a_figure_that_was_never_measured_says_so(database: Database, org: UUID) -> None:
    signal = await make_service(database, reader=SureReader(0.9, basis="")).ask(org, ASK)
    assert signal.metadata["calibrated"] is False


async def test_too_few_labels_change_nothing_and_say_why(database: Database, org: UUID) -> None:
    await said(database, org, {0.9: (FEWEST // 2, 3)})
    (found,) = await labels.calibrate(database, org)
    assert found.curve is None
    assert f"at least {FEWEST}" in (found.refused or "")
    signal = await make_service(database, reader=SureReader(0.9)).ask(org, ASK)
    assert signal.confidence == 0.9


async def test_contradicting_labels_are_named_and_left_out(database: Database, org: UUID) -> None:
    await said(database, org, {0.7: (15, 15), 0.9: (20, 10)})
    twins = [await answered(database, org, 0.9, 1000) for _ in range(2)]
    await labels.label(database, org, twins[0], RIGHT)
    await labels.label(database, org, twins[1], WRONG)
    (found,) = await labels.calibrate(database, org, keep=False)
    assert [set(one.signal_ids) for one in found.contradictions] == [set(twins)]
    assert found.before.count == 60
    assert (await trust_rules(database, org)).curve is None  # a trial


async def trust_rules(database: Database, org: UUID) -> Any:
    from leadline.signals import trust_repository

    return await trust_repository.rules(database, org, "extractive", None)


async def test_an_answer_below_the_threshold_is_held_back_everywhere(database: Database, org: UUID) -> None:
    await labels.set_threshold(database, org, None, 0.8)
    service = make_service(database, reader=SureReader(0.7))
    signal = await service.ask(org, ASK)
    assert (signal.answer, signal.confidence, signal.status) == (None, None, "completed")
    assert "0.70 is below the threshold of 0.8" in (signal.reasoning or "")
    assert signal.metadata["heldBack"] == {"confidence": 0.7, "threshold": 0.8}
    assert [one["snippet"] for one in signal.metadata["nearest"]]
    shown = await views.read(database, org, UUID(signal.id))
    assert shown is not None
    assert b'"answer":null' in shown.body
    event = await database.fetchval("select body from events where reference = $1", UUID(signal.id))
    assert b'"answer":null' in event
    # It may still be judged.
    await labels.label(database, org, signal.id, WRONG)
    (one,), _ = await labels.page(database, org, None, 1, 0)
    assert (one.answer, one.confidence) == (1987, 0.7)


async def test_what_was_finished_under_another_threshold_is_not_served_again(
    database: Database, org: UUID
) -> None:
    reader = SureReader(0.7)
    service = make_service(database, reader=reader, cache=timedelta(hours=12))
    assert (await service.ask(org, ASK)).answer == 1987
    await labels.set_threshold(database, org, None, 0.8)
    assert (await service.ask(org, ASK)).answer is None
    taken = await service.accept_many(org, [ASK])
    assert taken[0].how == "cached"  # it was answered under the threshold in force
    await labels.set_threshold(database, org, None, None)
    assert (await service.accept_many(org, [ASK]))[0].how == "new"


async def test_what_another_curve_made_is_not_served_again(database: Database, org: UUID) -> None:
    service = make_service(database, reader=SureReader(0.9), cache=timedelta(hours=12))
    before = await service.ask(org, ASK)
    await said(database, org, {0.7: (15, 15), 0.9: (20, 10)})
    await labels.calibrate(database, org, keep=False)
    assert (await service.ask(org, ASK)).id == before.id  # a trial changes nothing
    await labels.calibrate(database, org)
    await labels.set_threshold(database, org, None, 0.6)
    curved = await service.ask(org, ASK)
    assert (curved.confidence, curved.metadata["rawConfidence"]) == (pytest.approx(0.67, abs=0.02), 0.9)
    await labels.calibrate(database, org)  # the same labels make the same curve
    assert (await service.accept_many(org, [ASK]))[0].how == "cached"
    await labels.set_threshold(database, org, None, 0.8)
    held = await service.ask(org, ASK)
    assert (held.answer, held.metadata["heldBack"]["threshold"]) == (None, 0.8)
    assert (await service.ask(org, ASK)).id == held.id
    await labels.forget_curves(database, org)
    assert (await service.accept_many(org, [ASK]))[0].how == "new"
    assert (await service.ask(org, ASK)).confidence == 0.9


async def test_a_threshold_set_while_a_signal_runs_holds_for_who_asks_next(
    database: Database, org: UUID
) -> None:
    class Setting(SureReader):
        async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
            await labels.set_threshold(database, org, None, 0.8)
            return await super().read(question, passages, evidence)

    cache = timedelta(hours=12)
    assert (await make_service(database, reader=Setting(0.7), cache=cache).ask(org, ASK)).answer == 1987
    assert (await make_service(database, reader=SureReader(0.7), cache=cache).ask(org, ASK)).answer is None


async def test_another_readers_curve_lets_the_cache_be(database: Database, org: UUID) -> None:
    service = make_service(database, reader=SureReader(0.9), cache=timedelta(hours=12))
    asked = await service.ask(org, ASK)
    await trust.set_curve(database, org, "model:other", Curve((0.5,), (0.5,), 60, 30))
    assert (await service.ask(org, ASK)).id == asked.id


async def test_a_templates_threshold_goes_before_the_organisations(database: Database, org: UUID) -> None:
    template, other = new_id(), new_id()
    await database.execute(
        "insert into confidence_thresholds (organisation_id, template_id, least) values ($1, null, 0.9), ($1, $2, 0.5)",
        org,
        template,
    )
    service = make_service(database, reader=SureReader(0.7))
    for asked_by, given in ((template, True), (other, False)):
        request = msgspec.structs.replace(ASK, template_id=asked_by, template_version=1)
        assert ((await service.ask(org, request)).answer is not None) is given
    with pytest.raises(NotFound):
        await labels.set_threshold(database, org, new_id(), 0.5)


async def test_an_answer_that_is_held_back_is_no_change(database: Database) -> None:
    fetcher = MemoryFetcher(site("Acme employs 40 people."))
    asked = Asked(database, fetcher)
    first = await asked.again()
    org = await default_organisation(database)
    await labels.set_threshold(database, org, None, 0.99)
    held = [await asked.again()]  # the bytes it cites are the same
    fetcher.pages[ABOUT] = "<p>Acme employs 52 people.</p>"
    held.append(await asked.again())
    for one in held:
        assert one["answer"] is None
        assert one["changeContext"] == {"changeType": "NOT_JUDGED", "previousSignalId": first["id"]}
        assert one["metadata"]["changeCause"] == "held_back"
    await labels.set_threshold(database, org, None, None)
    told = (await asked.again())["changeContext"]
    assert (told["changeType"], told["previousSignalId"]) == ("CHANGED", first["id"])


async def test_a_curve_is_not_applied_to_what_it_made(database: Database) -> None:
    fetcher = MemoryFetcher(site("Acme employs 40 people."))
    asked = Asked(database, fetcher)
    org = await default_organisation(database)
    raw = (await asked.again())["confidence"]
    await said(database, org, {raw: (20, 20), 0.99: (20, 0)})
    await labels.calibrate(database, org)
    second, third = await asked.again(), await asked.again()
    assert asked.reader.read_count == 1
    assert second["confidence"] == third["confidence"] == pytest.approx(0.5, abs=0.02)
    assert third["metadata"]["rawConfidence"] == raw


async def test_what_was_answered_alike_counts_once(database: Database, org: UUID) -> None:
    await said(database, org, {0.9: (20, 10)})
    for _ in range(30):
        await labels.label(database, org, await answered(database, org, 0.9, 1), RIGHT)
    (found,) = await labels.calibrate(database, org)
    assert found.before.count == 30
    assert found.refused is not None


async def test_what_is_told_meanwhile_does_not_give_away_what_is_held_back(
    database: Database, org: UUID
) -> None:
    await labels.set_threshold(database, org, None, 0.8)
    told: list[str] = []
    service = make_service(database, reader=SureReader(0.7))
    signal = await service.ask(
        org, ASK, progress=lambda step, detail, **facts: told.append(f"{step} {detail} {facts}")
    )
    assert signal.answer is None
    assert any(one.startswith("settle") for one in told)
    assert not any("1987" in one or "0.7" in one or "supported" in one for one in told)
    cited = await database.fetchval("select count(*) from citations where reference = $1", UUID(signal.id))
    assert cited == 1  # the page stays, as proof of what is held back


async def test_the_trace_of_what_runs_under_a_threshold_tells_no_draft(database: Database, org: UUID) -> None:
    service = make_service(database)
    row, _ = await service.accept(org, ASK)
    signal_id = UUID(row.signal.id)
    steps = [SavedStep(step, {"draft": {"value": 1987}}, 0.1) for step in ("collect", "answer", "verify")]
    steps[0] = SavedStep("collect", {"snapshot_ids": []}, 0.1)
    await repository.save_steps(database, signal_id, steps)
    assert len((await service.trace(org, row.signal.id)).steps) == 3
    await labels.set_threshold(database, org, None, 0.8)
    assert [one.step for one in (await service.trace(org, row.signal.id)).steps] == ["collect"]
    await labels.set_threshold(database, org, None, None)
    assert len((await service.trace(org, row.signal.id)).steps) == 3
