"""Signals of subscriptions tell what changed, look twice, and do not ask again about pages that are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
import yaml
from bench import changes
from tests.signals.test_service import make_service

from leadline.accounts.service import default_organisation
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.credits.service import Ledger
from leadline.foundation.database import Database
from leadline.foundation.ids import new_id
from leadline.research.errors import ModelUnavailable, Reason
from leadline.research.model import Claim, Company, Draft, Evidence, Passage, Question
from leadline.research.ports import Download, ModelReply, Validators
from leadline.signals import views
from leadline.signals.checking import Checker
from leadline.signals.runs import RunQuestion, RunService
from leadline.signals.service import SignalService
from leadline.signals.tasks import Readers

STAFF = RunQuestion("How many people does Acme employ?", "number")
ABOUT = "https://acme.com/about"


def site(about: str | Reason) -> dict[str, str | bytes | Reason]:
    front = "<title>Acme</title><p>Anvils.</p><a href='/about'>About us</a>"
    return {"https://acme.com/": front, ABOUT: about if isinstance(about, Reason) else f"<p>{about}</p>"}


class CountReader:
    """Answers the first number of the passages that speak of people."""

    name = "extractive"
    passage_limit = 20

    def __init__(self) -> None:
        self.read_count = 0

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        self.read_count += 1
        for unit in (unit for passage in passages for unit in passage.units):
            if "people" in unit.text:
                value = int("".join(c for c in unit.text if c.isdigit()))
                return Draft(
                    reader=self.name,
                    value=value,
                    claims=(Claim(path="", value=value, citations=(unit.number,)),),
                )
        return Draft(reader=self.name)


class FlickeringFetcher(MemoryFetcher):
    """Shows another page at every second fetch of it."""

    def __init__(self, pages: Mapping[str, str | bytes | Reason], other: str) -> None:
        super().__init__(pages)
        self.other = other
        self.flickers = False

    async def fetch(
        self,
        url: str,
        company: Company | None,
        *,
        validators: Validators | None = None,
        max_age: float | None = None,
    ) -> Download:
        if self.flickers and url == ABOUT:
            self.pages[ABOUT], self.other = self.other, str(self.pages[ABOUT])
        return await super().fetch(url, company, validators=validators, max_age=max_age)


class Asked:
    """One subscription of one company."""

    def __init__(self, database: Database, fetcher: MemoryFetcher, reader: Any = None) -> None:
        self.reader = reader or CountReader()
        readers = Readers(extractive=lambda: self.reader)
        self.database = database
        self.service: SignalService = make_service(database, fetcher, readers=readers)
        self.runs = RunService(
            database, Checker(), readers, Ledger(monthly_credits=100), default_pages=10, price=1
        )
        self.subscription_id = new_id()

    async def again(self, question: RunQuestion = STAFF) -> dict[str, Any]:
        org = await default_organisation(self.database)
        prepared = await self.runs.prepare(self.subscription_id, question, ["acme.com"])
        async with self.database.transaction() as connection:
            assert await self.runs.add(connection, org, self.subscription_id, new_id(), prepared) == 1
        newest = await self._newest(org)
        await self.service._work.run(UUID(newest["id"]))
        return await self._newest(org)

    async def _newest(self, org: UUID) -> dict[str, Any]:
        query = views.SignalQuery(subscription_id=self.subscription_id, limit=1)
        page = msgspec.json.decode(await views.read_page(self.database.repeatable, org, query))
        found: dict[str, Any] = page["results"][0]
        return found


async def test_a_changed_fact_is_told_against_the_signal_before(database: Database) -> None:
    fetcher = MemoryFetcher(site("Acme employs 40 people."))
    asked = Asked(database, fetcher)
    first = await asked.again()
    assert first["changeContext"] == {"changeType": "NEW"}
    fetcher.pages[ABOUT] = "<p>Acme employs 52 people.</p>"
    second = await asked.again()
    assert second["changeContext"] == {
        "changeType": "CHANGED",
        "changeDelta": {"type": "NUMBER", "previous": 40, "current": 52, "difference": 12},
        "previousSignalId": first["id"],
    }
    assert second["metadata"]["changeCause"] == "fact_changed"
    events = await database.repeatable.fetch("select type, reference from events order by created_at, id")
    assert [(e["type"], str(e["reference"])) for e in events] == [
        ("signal.completed", first["id"]),
        ("signal.completed", second["id"]),
        ("signal.changed", str(asked.subscription_id)),
    ]


async def test_pages_that_are_the_same_to_the_byte_are_not_asked_about_again(database: Database) -> None:
    asked = Asked(database, MemoryFetcher(site("Acme employs 40 people.")))
    first = await asked.again()
    second = await asked.again()
    assert asked.reader.read_count == 1
    assert (second["answer"], second["sources"]) == (first["answer"], first["sources"])
    assert second["changeContext"]["changeType"] == "UNCHANGED"
    assert second["changeContext"]["previousSignalId"] == first["id"]


async def test_a_value_that_flickers_is_not_told(database: Database) -> None:
    fetcher = FlickeringFetcher(site("Acme employs 40 people."), "<p>Acme employs 52 people.</p>")
    asked = Asked(database, fetcher)
    await asked.again()
    fetcher.flickers = True
    told = [await asked.again() for _ in range(3)]
    assert "CHANGED" not in [one["changeContext"]["changeType"] for one in told]
    assert "could_not_judge" in [one["metadata"]["changeCause"] for one in told]


async def test_a_page_that_flaps_between_two_versions_is_told_once_and_again_when_it_stays(
    database: Database,
) -> None:
    fetcher = MemoryFetcher(site(""))
    asked = Asked(database, fetcher)
    told = []
    for people in (40, 52, 40, 52, 40, 40):
        fetcher.pages[ABOUT] = f"<p>Acme employs {people} people.</p>"
        told.append((await asked.again())["changeContext"]["changeType"])
    assert told == ["NEW", "CHANGED", "NOT_JUDGED", "UNCHANGED", "NOT_JUDGED", "CHANGED"]


async def test_a_page_that_is_down_is_neither_changed_nor_unchanged_and_is_compared_over(
    database: Database,
) -> None:
    fetcher = MemoryFetcher(site("Acme employs 40 people."))
    asked = Asked(database, fetcher)
    first = await asked.again()
    fetcher.pages[ABOUT] = Reason.SERVER_ERROR
    down = await asked.again()
    assert down["changeContext"]["changeType"] == "NOT_JUDGED"
    assert down["metadata"]["changeCause"] == "could_not_look"
    fetcher.pages[ABOUT] = "<p>Acme employs 52 people.</p>"
    up = (await asked.again())["changeContext"]
    assert (up["changeType"], up["previousSignalId"]) == ("CHANGED", first["id"])


async def test_what_later_answers_are_compared_with_outlives_pruning(database: Database) -> None:
    fetcher = MemoryFetcher(site("Acme employs 40 people."))
    asked = Asked(database, fetcher)
    first = await asked.again()
    fetcher.pages[ABOUT] = "<p>Acme employs 52 people.</p>"
    await asked.again()
    pruned = await asked.service.prune_traces(timedelta(0))
    assert pruned > 0
    kept = await database.repeatable.fetch("select distinct signal_id from signal_steps")
    assert len(kept) == 1
    assert str(kept[0]["signal_id"]) != first["id"]
    read = await database.repeatable.fetch("select id from snapshots")
    in_use = await asked.service.read_now([row["id"] for row in read])
    assert len(in_use) == 2  # the front page and the newer page about the company


async def test_another_question_of_the_subscription_begins_anew(database: Database) -> None:
    asked = Asked(database, MemoryFetcher(site("Acme employs 40 people.")))
    await asked.again()
    other = RunQuestion("How many people work at Acme?", "number")
    assert (await asked.again(other))["changeContext"]["changeType"] == "NEW"


class TextReader(CountReader):
    """Answers the first sentence of the page about the company."""

    name = "model:test:judge"

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        unit = next(u for p in passages if p.url == ABOUT for u in p.units)
        return Draft(
            reader=self.name,
            value=unit.text,
            claims=(Claim(path="", value=unit.text, citations=(unit.number,)),),
        )


class Judge:
    """A model that is only asked whether two texts say the same."""

    name = "test:judge"
    context_tokens = 8000
    hidden_tokens = 0

    def __init__(self, say: Callable[[], Any]) -> None:
        self.say = say

    def price(self, input_tokens: int, output_tokens: int) -> Any:
        return Decimal(0)

    async def complete(self, request: Any) -> Any:
        return ModelReply(
            output=self.say(), input_tokens=1, output_tokens=1, price=Decimal(0), model=self.name
        )


def _fail() -> Any:
    raise ModelUnavailable("the model is away")


@pytest.mark.parametrize(
    ("say", "told"),
    [
        (lambda: {"reasoning": "", "same": True}, "UNCHANGED"),
        (lambda: {"reasoning": "", "same": False}, "CHANGED"),
        (lambda: "rubbish", "NOT_JUDGED"),
        (_fail, "NOT_JUDGED"),
    ],
)
async def test_a_judge_tells_whether_two_texts_say_the_same_and_its_failure_tells_nothing(
    database: Database, say: Callable[[], Any], told: str
) -> None:
    fetcher = MemoryFetcher(site("They sell heavy anvils to coyotes who hunt desert birds."))
    asked = Asked(database, fetcher)
    readers = Readers(extractive=CountReader, model=Judge(say), model_reader=lambda model: TextReader())
    asked.service = make_service(database, fetcher, readers=readers)
    asked.runs = RunService(
        database, Checker(), readers, Ledger(monthly_credits=100), default_pages=10, price=1
    )
    question = RunQuestion("Who are the customers?", "open_text")
    await asked.again(question)
    fetcher.pages[ABOUT] = "<p>Customers of the firm include predators chasing quick fowl daily.</p>"
    assert (await asked.again(question))["changeContext"]["changeType"] == told


# ------------------------------------------------------------------ the labelled edits


def test_each_label_can_be_applied_and_says_what_is_right() -> None:
    labels = changes.labels()
    assert len({label.id for label in labels}) == len(labels) >= 120
    for label in labels:
        edit = label.edit
        assert edit["fact"] in ("changed", "same", "unknown"), label.id
        assert ("delta" in edit or "fields" in edit) is label.changed, label.id
        for step in edit["edit"]:
            if "replace" in step:
                assert label.pages[step["page"]].count(step["replace"]) == 1, label.id


def test_the_labels_are_plain_yaml() -> None:
    for path in changes.LABELS.glob("*.yaml"):
        assert set(yaml.safe_load(path.read_text())) == {"company", "domain", "industry", "pages", "edits"}


async def test_labelled_edits_are_judged_through_the_real_engine() -> None:
    some = ("tarnwick-01", "tarnwick-03", "velmora-06", "kestrel-12", "roussin-09", "kestrel-10")
    got = changes.figures(await changes.run(some))
    assert (got.told, got.true, got.readable, got.found, got.causes) == (1, 1, 1, 1, (1, 1)), got.errors
