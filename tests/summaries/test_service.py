"""Summaries say what completed signals say, and cite them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from leadline.accounts.service import default_organisation, organisation
from leadline.connectors.language_models.fake import ScriptedModel
from leadline.foundation.database import Database
from leadline.foundation.errors import Conflict, InvalidInput
from leadline.foundation.ids import new_id
from leadline.research.errors import ModelUnavailable
from leadline.research.model import Budget
from leadline.research.ports import LanguageModel
from leadline.summaries import repository
from leadline.summaries.service import SummaryService

SOURCE = {"url": "https://acme.com/about", "title": "About", "snippet": "Acme employs 40 people."}


class Answers:
    """The signals of an organisation about acme.com."""

    def __init__(self, database: Database, org: UUID) -> None:
        self.database = database
        self.org = org
        self.company = new_id()

    async def open(self) -> Answers:
        await self.database.repeatable.execute(
            "insert into companies (id, host) values ($1, 'acme.com')", self.company
        )
        return self

    async def add(
        self,
        question: str,
        answer: Any,
        kind: str = "open_text",
        confidence: float = 0.5,
        org: UUID | None = None,
    ) -> UUID:
        signal_id = new_id()
        await self.database.repeatable.execute(
            """
            insert into signals (id, organisation_id, company_id, asked_host, question, answer_type,
                                 verification_mode, reader, request_key, status, max_pages, answer, confidence,
                                 sources, completed_at)
            values ($1, $2, $3, 'acme.com', $4, $5, 'strict', 'extractive', $6, 'completed', 40, $7, $8, $9, now())
            """,
            signal_id, org or self.org, self.company, question, kind, signal_id.bytes,
            None if answer is None else msgspec.json.encode(answer).decode(), confidence,
            msgspec.json.encode([SOURCE]).decode(),
        )  # fmt: skip
        return signal_id


def service(database: Database, model: LanguageModel | None = None) -> SummaryService:
    return SummaryService(database, model, Budget())


@pytest.fixture
async def known(database: Database) -> Answers:
    return await Answers(database, await default_organisation(database)).open()


async def test_without_a_model_the_strongest_answers_stand_as_they_are(
    database: Database, known: Answers
) -> None:
    weak = await known.add("Who buys?", ["Hotels", "Schools"], "list", 0.4)
    await known.add("How many people?", 38, "number", 0.9)
    newer = await known.add("How many people?", 40, "number", 0.8)
    await known.add("Is it listed?", None)
    made = await service(database).generate(known.org, "acme.com")
    assert made is not None
    assert [(p.description, p.signal_ids) for p in made] == [
        ("How many people? 40", [newer]),
        ("Who buys? Hotels, Schools", [weak]),
    ]
    assert made[0].reference_questions == ["How many people?"]
    assert [s.snippet for s in made[0].sources] == [SOURCE["snippet"]]


async def test_nothing_new_is_the_last_one_again_and_something_new_is_another(
    database: Database, known: Answers
) -> None:
    await known.add("How many people?", 40, "number")
    summaries = service(database)
    first = await summaries.generate(known.org, "acme.com")
    assert await summaries.generate(known.org, "www.acme.com") == first
    assert (await summaries.page(known.org, "acme.com", 20, 0))[1] == 1
    await known.add("Who buys?", "Hotels")
    await summaries.generate(known.org, "acme.com")
    rows, total = await summaries.page(known.org, "acme.com", 20, 0)
    assert (total, [row.signals_count for row in rows]) == (2, [2, 1])


async def test_what_nobody_asked_has_no_summary_and_other_organisations_answers_are_not_read(
    database: Database, known: Answers
) -> None:
    summaries = service(database)
    assert await summaries.generate(known.org, "acme.com") is None
    assert await summaries.generate(known.org, "unknown.com") is None
    await known.add("How many people?", 40, "number", org=await organisation(database, "other"))
    assert await summaries.generate(known.org, "acme.com") is None
    assert await summaries.page(known.org, "acme.com", 20, 0) == ([], 0)
    with pytest.raises(InvalidInput):
        await summaries.generate(known.org, "no domain")


async def test_signals_without_answers_make_an_empty_summary(database: Database, known: Answers) -> None:
    await known.add("Is it listed?", None)
    assert await service(database).generate(known.org, "acme.com") == []


async def test_a_second_one_meanwhile_is_a_conflict_and_one_that_died_is_not_waited_for(
    database: Database, known: Answers
) -> None:
    await known.add("How many people?", 40, "number")
    begun = (new_id(), known.org, known.company, 1, b"x", timedelta(minutes=5))
    assert await repository.begin(database.repeatable, *begun)
    with pytest.raises(Conflict):
        await service(database).generate(known.org, "acme.com")
    await database.repeatable.execute("update summaries set created_at = now() - interval '6 minutes'")
    assert await service(database).generate(known.org, "acme.com")
    rows, _ = await service(database).page(known.org, "acme.com", 20, 0)
    assert sorted(row.status for row in rows) == ["completed", "failed"]


async def test_a_model_writes_points_that_cite_answers_and_invented_ones_are_dropped(
    database: Database, known: Answers
) -> None:
    staff = await known.add("How many people?", 40, "number", 0.9)
    buyers = await known.add("Who buys?", "Hotels", confidence=0.8)
    model = ScriptedModel(
        {
            "points": [
                {"answers": [1, 2], "description": "Acme sells to hotels and has 40 people."},
                {"answers": [1], "description": "Acme will soon have 400 people."},
                {"answers": [7], "description": "Acme is large."},
                {"answers": [], "description": "Acme is nice."},
            ]
        }
    )
    made = await service(database, model).generate(known.org, "acme.com")
    assert made is not None
    assert [(p.description, p.signal_ids) for p in made] == [
        ("Acme sells to hotels and has 40 people.", [staff, buyers])
    ]
    assert len(made[0].sources) == 1


@pytest.mark.parametrize("say", [lambda _: ModelUnavailable("away"), lambda _: "rubbish"])
async def test_a_model_that_fails_leaves_the_strongest_answers(
    database: Database, known: Answers, say: Callable[[Any], Any]
) -> None:
    await known.add("How many people?", 40, "number")
    made = await service(database, ScriptedModel(say)).generate(known.org, "acme.com")
    assert made is not None
    assert [point.description for point in made] == ["How many people? 40"]
