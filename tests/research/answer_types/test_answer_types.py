from __future__ import annotations

from typing import Any

import pytest

from leadline.research.answer_types import ANSWER_TYPES, answer_type, check_schema
from leadline.research.answer_types.base import InvalidValue
from leadline.research.errors import InvalidQuestion
from leadline.research.model import Company, Question, Subject

JO = {"fullName": "Jo Quist", "title": "Head of Sales", "companyName": "Acme"}
POST = {"text": "We are hiring.", "url": "https://a.example/1"}


def asking(text: str, kind: str = "open_text") -> Question:
    return Question(
        subject=Subject(company=Company(host="backhaus.example", asked_host="backhaus.example")),
        text=text,
        answer_type=kind,
    )


def test_types_are_known_by_their_wire_names_and_the_keys_that_follow_from_them() -> None:
    for name, kind in ANSWER_TYPES.items():
        first, *more = name.split("_")
        assert (answer_type(name), kind.name) == (kind, name)
        assert kind.key == first + "".join(part.capitalize() for part in more)  # contract section 8


def test_an_unknown_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidQuestion, match="percentage") as caught:
        answer_type("colour")
    assert caught.value.field == "answerType"


@pytest.mark.parametrize(
    ("kind", "value", "wire"),
    [
        ("open_text", "Kiel", {"type": "open_text", "openText": {"value": "Kiel"}}),
        ("boolean", False, {"type": "boolean", "boolean": {"value": False}}),
        ("number", 5, {"type": "number", "number": {"value": 5}}),
        ("list", ["a", "b"], {"type": "list", "list": {"value": ["a", "b"]}}),
        ("percentage", 42, {"type": "percentage", "percentage": {"value": 42}}),
        (
            "currency",
            {"value": 5, "currency": "USD"},
            {"type": "currency", "currency": {"value": 5, "currency": "USD"}},
        ),
        ("url", "https://a.example/", {"type": "url", "url": {"value": "https://a.example/"}}),
        ("json_schema", {"a": 1}, {"type": "json_schema", "jsonSchema": {"a": 1}}),
        *(
            (kind, [JO], {"type": kind, key: {"value": [JO]}})
            for kind, key in (("contacts", "contacts"), ("contacts_generation", "contactsGeneration"))
        ),
        ("contact_posts", [POST], {"type": "contact_posts", "contactPosts": {"value": [POST]}}),
        (
            "contact_engagements",
            [{"url": "https://a.example/1", "reactionCount": 2}],
            {
                "type": "contact_engagements",
                "contactEngagements": {"value": [{"url": "https://a.example/1", "reactionCount": 2}]},
            },
        ),
    ],
)
def test_wire_form(kind: str, value: Any, wire: dict[str, Any]) -> None:
    assert answer_type(kind).to_wire(value) == wire


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("number", "13m", 13_000_000),
        ("number", "1,200 people", 1200),
        ("number", 5.0, 5),
        ("number", "twenty-three", 23),
        ("percentage", "40%", 40),
        ("percentage", "99.95 %", 99.95),
        ("boolean", "yes", True),
        ("boolean", "No.", False),
        ("boolean", "ja", True),
        ("currency", "$13m", {"value": 13_000_000, "currency": "USD"}),
        ("currency", {"amount": "1,200", "currency": "€"}, {"value": 1200, "currency": "EUR"}),
        ("currency", {"value": 5, "currency": "usd"}, {"value": 5, "currency": "USD"}),
        ("list", "Rye; Spelt\nWheat", ["Rye", "Spelt", "Wheat"]),
        ("list", ["Rye", " rye ", "Spelt", ""], ["Rye", "Spelt"]),
        ("url", "www.example.com/a", "https://www.example.com/a"),
        ("open_text", "  two \n words ", "two words"),
        ("json_schema", '{"a": 1}', {"a": 1}),
    ],
)
def test_sloppy_but_unambiguous_values_are_read(kind: str, written: Any, value: Any) -> None:
    parsed = answer_type(kind).parse(written, None)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("number", "between 2 and 3"),
        ("number", "many"),
        ("number", True),
        ("number", float("nan")),
        ("percentage", None),
        ("boolean", "maybe"),
        ("boolean", 1),
        ("currency", "13 million"),
        ("currency", {"value": 5}),
        ("currency", {"value": 5, "currency": "coins"}),
        ("currency", "$5 or $6"),
        ("list", [{"name": "a"}]),
        ("list", 5),
        ("url", "see our pricing page"),
        ("url", "javascript:alert(1)"),
        ("url", "mailto:a@example.com"),
        ("open_text", "   "),
        ("open_text", ["a"]),
        ("json_schema", "{"),
        ("json_schema", []),
    ],
)
def test_other_values_are_refused_with_a_sentence(kind: str, written: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        answer_type(kind).parse(written, None)
    assert len(str(caught.value)) > 15


def test_an_object_must_fit_its_schema() -> None:
    schema = {"type": "object", "properties": {"beds": {"type": "number"}}, "required": ["beds"]}
    with pytest.raises(InvalidValue, match="/beds"):
        answer_type("json_schema").parse({"beds": "many"}, schema)
    assert answer_type("json_schema").parse({"beds": 12}, schema) == {"beds": 12}


@pytest.mark.parametrize(
    ("kind", "a", "b", "same"),
    [
        ("open_text", "Kiel, Germany", "kiel germany", True),
        ("number", 5, 5.0, True),
        ("list", ["Rye", "Spelt"], [" spelt", "rye"], True),
        ("list", ["Rye"], ["Rye", "Spelt"], False),
        ("url", "http://www.example.com/a/", "https://example.com/a", True),
        ("url", "https://example.com/a", "https://example.com/b", False),
        ("currency", {"value": 5, "currency": "USD"}, {"value": 5, "currency": "EUR"}, False),
        ("boolean", True, False, False),
    ],
)
def test_equality(kind: str, a: Any, b: Any, same: bool) -> None:
    assert answer_type(kind).equal(a, b) is same
    assert (answer_type(kind).change(a, b) is None) is same


def test_changes_tell_what_changed() -> None:
    assert answer_type("number").change(40, 55) == {
        "type": "NUMBER",
        "previous": 40,
        "current": 55,
        "difference": 15,
    }
    assert answer_type("list").change(["Rye", "Spelt"], ["rye", "Oat"]) == {
        "type": "LIST",
        "added": ["Oat"],
        "removed": ["Spelt"],
    }
    dollars, euros = {"value": 5, "currency": "USD"}, {"value": 6, "currency": "EUR"}
    assert "difference" not in (answer_type("currency").change(dollars, euros) or {})
    assert answer_type("json_schema").change({"a": 1}, {"a": 2}) is None


@pytest.mark.parametrize(
    ("kind", "value", "words", "holds"),
    [
        ("number", 13_000_000, ["we raised $13m"], True),
        ("number", 400_000, ["400,000+ developers"], True),
        ("number", 23, ["a team of twenty-three"], True),
        ("number", 12, ["we have 14 depots"], False),
        ("number", 12, ["we have many depots"], None),
        ("percentage", 40, ["a 40% discount"], True),
        ("percentage", 40, ["a discount of 40 dollars"], None),
        ("percentage", 30, ["a 40% discount"], False),
        ("currency", {"value": 1299, "currency": "EUR"}, ["nur 1.299,00 €"], True),
        ("currency", {"value": 1299, "currency": "USD"}, ["nur 1.299,00 €"], False),
        ("currency", {"value": 2_500_000_000, "currency": "USD"}, ["$2.5bn of deposits"], True),
        ("currency", {"value": 5, "currency": "CAD"}, ["$5 (all prices in Canadian dollars)"], True),
        ("list", ["Rye", "Spelt"], ["We bake rye and spelt bread"], True),
        ("list", ["Rye", "Oat"], ["We bake rye and spelt bread"], False),
        ("url", "https://example.com/jobs", ["Apply at example.com/jobs."], True),
        ("url", "https://example.com/jobs", ["Apply here"], None),
        ("open_text", "Kiel, Germany", ["24143 Kiel Germany"], True),
        ("open_text", "Hamburg", ["24143 Kiel Germany"], False),
        ("open_text", "within 12 hours", ["within 24 hours"], False),
        ("json_schema", {"city": "Kiel", "depots": 14}, ["14 depots", "in Kiel"], True),
        ("json_schema", {"city": "Kiel", "depots": 15}, ["14 depots", "in Kiel"], False),
    ],
)
def test_support_looks_for_the_value_in_the_cited_words(
    kind: str, value: Any, words: list[str], holds: bool | None
) -> None:
    found = answer_type(kind).support(value, words, asking("What is it?", kind))
    assert found.holds is holds
    assert found.why


def test_a_count_is_supported_by_as_many_cited_places() -> None:
    places = ["Baker", "Driver", "Accountant"]
    assert (
        answer_type("number").support(3, places, asking("How many open positions are there?")).holds is True
    )
    assert answer_type("number").support(3, places, asking("In which year was it founded?")).holds is not True


def test_a_difference_is_supported_only_when_asked_for() -> None:
    words = ["Large $25 a month", "Small $20 a month"]
    five = {"value": 5, "currency": "USD"}
    assert (
        answer_type("currency")
        .support(five, words, asking("How much more does Large cost than Small?"))
        .holds
        is True
    )
    assert answer_type("currency").support(five, words, asking("What does Large cost?")).holds is False


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        (None, "required"),
        ([], "JSON object"),
        ({"type": "string"}, "object"),
        ({"type": "object"}, "properties"),
        ({"type": "object", "properties": {"a": {"type": "text"}}}, "not a valid"),
        ({"type": "object", "properties": {"a": {"$ref": "https://example.com/s.json"}}}, "inside"),
        ({"type": "object", "properties": {"a": {"$ref": "other.json#/a"}}}, "inside"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}}, "recursive"),
        (
            {
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/n"}},
                "$defs": {"n": {"items": {"$ref": "#/$defs/n"}}},
            },
            "recursive",
        ),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}}, "not in it"),
        ({"type": "object", "properties": {"a": {"description": "x" * 40_000}}}, "bytes"),
        ({"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}}, "pattern"),
        ({"type": "object", "properties": {"a": {"$dynamicRef": "#x"}}}, "dynamicRef"),
    ],
)
def test_schemas_that_cannot_be_used_are_refused(schema: Any, part: str) -> None:
    with pytest.raises(InvalidQuestion) as caught:
        check_schema(schema)
    assert caught.value.field == "outputSchema"
    assert part in caught.value.message


def test_a_schema_that_is_too_deep_is_refused() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(3000):
        schema = {"type": "object", "properties": {"a": schema}}
    with pytest.raises(InvalidQuestion, match=r"nested|bytes"):
        check_schema(schema)


def test_a_schema_that_unfolds_without_end_is_refused() -> None:
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for i in range(1, 30):
        definitions[f"d{i}"] = {"allOf": [{"$ref": f"#/$defs/d{i - 1}"}, {"$ref": f"#/$defs/d{i - 1}"}]}
    with pytest.raises(InvalidQuestion, match="unfolds"):
        check_schema({"type": "object", "properties": {"a": {"$ref": "#/$defs/d29"}}, "$defs": definitions})


def test_an_ordinary_schema_is_accepted() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "plans": {"type": "array", "items": {"$ref": "#/definitions/plan"}},
            "$ref": {"type": "string"},
        },
        "definitions": {
            "plan": {"type": "object", "properties": {"name": {"type": "string", "enum": ["a", "b"]}}}
        },
    }
    assert check_schema(schema) is schema


# ------------------------------------------------------------------ people and posts


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("contacts", [JO, {**JO, "title": "Someone"}], [JO]),
        ("contacts", [{**JO, "location": " ", "age": 7}], [JO]),
        ("contact_posts", [POST, POST], [POST]),
        ("contact_engagements", [{"url": "https://a.example/1", "commentCount": 3}], None),
    ],
)
def test_records_are_read_once_each_with_the_members_that_are_known(
    kind: str, written: Any, value: Any
) -> None:
    assert answer_type(kind).parse(written, None) == (written if value is None else value)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("contacts", "Jo Quist"),
        ("contacts", ["Jo Quist"]),
        ("contacts", [{"title": "Head of Sales"}]),
        ("contacts_generation", [{"fullName": 7}]),
        ("contacts", [{"fullName": f"Jo {n}"} for n in range(126)]),
        ("contact_posts", [{"url": "https://a.example/1"}]),
        ("contact_engagements", [{"url": "https://a.example/1", "reactionCount": "many"}]),
        ("contact_engagements", [{"url": "https://a.example/1", "reactionCount": True}]),
    ],
)
def test_what_is_no_record_is_refused(kind: str, written: Any) -> None:
    with pytest.raises(InvalidValue):
        answer_type(kind).parse(written, None)


def test_a_person_is_supported_by_words_that_hold_name_title_and_company() -> None:
    kind, question = answer_type("contacts"), asking("Who leads sales?", "contacts")
    assert kind.support([JO], ["Jo Quist", "Head of Sales Acme 2021 present"], question).holds is True
    assert kind.support(JO, ["Jo Quist", "Head of Logistics Acme"], question).holds is False
    assert kind.support([], ["Jo Quist"], question).holds is None


def test_people_who_came_and_went_are_a_change() -> None:
    kind = answer_type("contacts")
    al = {"fullName": "Al Brill"}
    assert kind.change([JO], [{**JO, "title": "Director"}]) is None
    assert kind.change([JO], [al]) == {
        "type": "LIST", "added": ["Al Brill"], "removed": ["Jo Quist, Head of Sales at Acme"],
    }  # fmt: skip
    assert answer_type("contact_engagements").text([{"url": "https://a.example/1", "reactionCount": 2}]) == (
        "https://a.example/1: 2 reactions"
    )
