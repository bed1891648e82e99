"""The extractive reader on invented pages of other industries (``invented/``), labelled before the rules were written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from leadline.research.answer_types import answer_type
from leadline.research.documents.walk import read_page
from leadline.research.model import Company, Draft, Evidence, Page, Passage, Question, Subject
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.steps.rank import rank
from leadline.research.steps.verify import verify
from leadline.research.values.terms import squash

LABELLED = Path(__file__).parents[3] / "labels"
INVENTED = LABELLED / "invented"
LINES = LABELLED / "lines.jsonl"
HOSTS = {
    "bakery": "kornmann.example",
    "logistics": "norrland.example",
    "hospital": "wardwise.example",
    "bank_de": "foerde-sparbank.example",
    "law_fr": "cabinet-morvan.example",
}


class Labelled(NamedTuple):
    site: str
    text: str
    kind: str
    expected: Any
    schema: dict[str, Any] | None

    @property
    def name(self) -> str:
        return f"{self.site}: {self.text}"


LABELS = [
    Labelled(*row[:4], row[4] if len(row) > 4 else None)
    for row in json.loads((INVENTED / "questions.json").read_text())
]


def page(markup: str, host: str, path: str = "/") -> Page:
    url = f"https://www.{host}{path}"
    content = read_page(markup.encode(), "text/html; charset=utf-8", url)
    return Page(
        url=url,
        snapshot_id=content.text_sha256,
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        body_sha256="",
        content=content,
    )


def read(evidence: Evidence, question: Question) -> tuple[Draft, list[Passage]]:
    reader = ExtractiveReader()
    passages = list(rank(question, evidence, reader.passage_limit))
    return reader.answer(question, passages, evidence), passages


def ask(
    text: str, kind: str, *bodies: str, host: str = "kornmann.example", schema: dict[str, Any] | None = None
) -> Draft:
    """The draft for a question over pages with these bodies."""
    pages = [
        page(
            f"<html lang='en'><head><title>{host}</title></head><body><main>{body}</main></body></html>",
            host,
            f"/{i}",
        )
        for i, body in enumerate(bodies)
    ]
    question = Question(
        subject=Subject(company=Company(host=host, asked_host=host)),
        text=text,
        answer_type=kind,
        output_schema=schema,
    )
    return read(Evidence(pages=tuple(pages)), question)[0]


def answer(label: Labelled) -> tuple[Draft, list[Passage], Evidence, Question]:
    host = HOSTS[label.site]
    evidence = Evidence(pages=(page((INVENTED / f"{label.site}.html").read_text(), host),))
    question = Question(
        subject=Subject(company=Company(host=host, asked_host=host)),
        text=label.text,
        answer_type=label.kind,
        output_schema=label.schema,
    )
    draft, passages = read(evidence, question)
    return draft, passages, evidence, question


def right(label: Labelled, value: Any) -> bool:
    if label.expected is None:
        return False
    if label.kind == "open_text":
        return squash(label.expected) in squash(value)
    return answer_type(label.kind).equal(value, label.expected)


def wrong(label: Labelled) -> str | None:
    """What is wrong with the answer; None when it is right or left open."""
    draft, passages, evidence, question = answer(label)
    if draft.value is None:
        assert draft.reasoning
        return None
    units = {u.number: u for p in passages for u in p.units}
    cited = [units[n] for claim in draft.claims for n in claim.citations]
    assert cited
    assert all(evidence.pages[u.page].words(u.start, u.end) == u.text for u in cited)
    assert draft.confidence is not None
    assert 0 < draft.confidence <= 0.9
    assert draft.confidence_basis
    if not verify(question, draft, passages, evidence).supported or right(label, draft.value):
        return None
    return f"{label.name}: {draft.value!r} by {draft.rule}, not {label.expected!r}"


def test_invented_pages_are_hardly_ever_answered_wrongly() -> None:
    found = [said for label in LABELS if (said := wrong(label))]
    assert len(found) <= 0.02 * len(LABELS), found


def test_most_invented_questions_with_an_answer_are_answered() -> None:
    answerable = [label for label in LABELS if label.expected is not None]
    found = sum(answer(label)[0].value is not None for label in answerable)
    assert found >= 0.7 * len(answerable)


def test_lines_made_to_mislead_mislead_hardly_ever() -> None:
    """What the weights were learned from, among others: kept by them, not a measure of how good they are."""
    rows = [json.loads(row) for row in (LINES).read_text().splitlines()]
    drafts = [(row, ask(row["question"], row["answerType"], row["body"])) for row in rows]
    given = [(row, draft.value) for row, draft in drafts if draft.value is not None]
    wrongly = [
        (row["question"], value)
        for row, value in given
        if row["expected"] is None or not answer_type(row["answerType"]).equal(value, row["expected"])
    ]
    answerable = sum(row["expected"] is not None for row in rows)
    assert len(wrongly) <= 0.1 * len(rows), wrongly
    assert len(given) - len(wrongly) >= 0.6 * answerable


def test_pages_that_disagree_leave_the_question_open() -> None:
    bodies = ("<p>We run 64 shops in the north.</p>", "<p>We run 71 shops in the north.</p>")
    assert ask("How many shops does Kornmann run in the north?", "number", *bodies).value is None
    assert ask("How many shops does Kornmann run in the north?", "number", bodies[0]).value == 64


def test_pages_that_agree_are_cited_together() -> None:
    draft = ask(
        "How many shops does Kornmann run?",
        "number",
        "<p>We run 64 shops.</p>",
        "<p>Today we run 64 shops and a mill.</p>",
    )
    assert draft.value == 64
    assert len(draft.claims[0].citations) == 2


@pytest.mark.parametrize(
    ("body", "text", "kind"),
    [
        ("<p>Please ask Ann Lee, assistant to the CEO.</p>", "Who is the CEO of Kornmann?", "open_text"),
        ("<p>“Great rolls!” Max Orr, CEO, Tidewell Hotels</p>", "Who is the CEO of Kornmann?", "open_text"),
        ("<p>We run 80 shops.</p>", "How many mills does Kornmann run?", "number"),
        ("<p>We offer gift vouchers.</p>", "Does Kornmann accept cheques?", "boolean"),
        ("<p>The fee is $400 per year.</p>", "What is the fee per month?", "currency"),
    ],
)
def test_bait_is_refused(body: str, text: str, kind: str) -> None:
    assert ask(text, kind, body).value is None


def test_an_object_is_all_or_nothing_unless_a_field_may_be_null() -> None:
    body = "<table><tr><th>Box</th><th>Price</th></tr><tr><td>Small</td><td>$9</td></tr><tr><td>Large</td><td>$15</td></tr></table>"
    text = "What does each box cost?"
    number, maybe = {"type": "number"}, {"type": ["number", "null"]}

    def schema(**properties: Any) -> dict[str, Any]:
        return {"type": "object", "properties": properties, "required": list(properties)}

    assert ask(text, "json_schema", body, schema=schema(small=number, large=number)).value == {
        "small": 9,
        "large": 15,
    }
    assert ask(text, "json_schema", body, schema=schema(small=number, huge=number)).value is None
    assert ask(text, "json_schema", body, schema=schema(small=number, huge=maybe)).value == {
        "small": 9,
        "huge": None,
    }


def test_each_field_of_an_object_has_its_own_claim() -> None:
    body = "<p>You get 120 days of leave for illness and 30 days of leave for study.</p>"
    schema = {
        "type": "object",
        "properties": {"illness_days": {"type": "number"}, "study_days": {"type": "number"}},
    }
    draft = ask("How long are illness leave and study leave, in days?", "json_schema", body, schema=schema)
    assert {c.path: c.value for c in draft.claims} == {"/illness_days": 120, "/study_days": 30}


async def test_it_is_a_reader() -> None:
    reader = ExtractiveReader()
    assert reader.name == "extractive"
    question = Question(
        subject=Subject(company=Company(host="a.example", asked_host="a.example")),
        text="How many shops?",
        answer_type="number",
    )
    assert (await reader.read(question, (), Evidence())).value is None
