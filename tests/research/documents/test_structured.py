"""JSON-LD facts stand at the place that is told of them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.research.documents.structured import facts, number_of, value_of

SCRIPT = """{
  "@context": "https://schema.org", "@type": "Organization", "name": "Brot & Rosen",
  "foundingDate": "1987-04-01",
  "numberOfEmployees": {"@type": "QuantitativeValue", "value": 148},
  "founder": [{"@type": "Person", "name": "Ada Korn"}, {"@type": "Person", "name": "Ole Mehl"}],
  "sameAs": ["https://www.linkedin.com/company/brot-rosen", "https://github.com/brotrosen"]
}"""


def test_each_fact_knows_its_path_type_and_words() -> None:
    found = {(".".join(f.path), f.value): f for f in facts(SCRIPT)}
    employees = found["numberOfEmployees.value", 148]
    assert employees.types == ("Organization", "QuantitativeValue")
    assert SCRIPT[employees.start : employees.end] == '"value": 148'
    founded = found["foundingDate", "1987-04-01"]
    assert SCRIPT[founded.start : founded.end] == '"foundingDate": "1987-04-01"'
    assert ("sameAs", "https://github.com/brotrosen") in found
    assert not any("@context" in f.path for f in facts(SCRIPT))


def test_neighbouring_objects_are_told_apart() -> None:
    founders = [f for f in facts(SCRIPT) if f.path == ("founder", "name")]
    assert [f.value for f in founders] == ["Ada Korn", "Ole Mehl"]
    assert founders[0].owner != founders[1].owner


def test_what_is_not_json_states_nothing() -> None:
    assert facts("{not json") == []
    assert facts("[" * 100_000) == []
    assert facts('{"a":' * 900 + "1" + "}" * 900) == []
    assert facts("") == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=12,
    )
)
def test_every_fact_can_be_read_off_its_words(value: object) -> None:
    script = json.dumps({"a": value}, indent=1)
    for fact in facts(script):
        assert value_of(script[fact.start : fact.end]) == fact.value


ORGANISATION = '{"@type":"Organization","foundingDate":"1987","legalName":"Acme Ltd"}'


@pytest.mark.parametrize(
    "script",
    [
        ORGANISATION + ";",
        "\ufeff" + ORGANISATION,
        f"//<![CDATA[\n{ORGANISATION}\n//]]>",
        f"<![CDATA[{ORGANISATION}]]>",
        f"/*<![CDATA[*/ {ORGANISATION} /*]]>*/",
        f"<!-- {ORGANISATION} -->",
        ORGANISATION.replace("Acme Ltd", "Acme\nLtd").replace("1987", "1987"),
        ORGANISATION.replace("Acme Ltd", "Acme\tLtd"),
        ORGANISATION.replace("}", ",}"),
        f"[{ORGANISATION},]",
        ORGANISATION + "\n" + "</div> and more",
    ],
)
def test_scripts_are_read_as_real_sites_write_them(script: str) -> None:
    found = {fact.key: fact for fact in facts(script)}
    assert found["foundingDate"].value == "1987"
    assert found["legalName"].value.split() == ["Acme", "Ltd"]
    for fact in found.values():
        assert value_of(script[fact.start : fact.end]) == fact.value


@pytest.mark.parametrize(
    "script",
    [
        '{"name": "the "best" company", "foundingDate": "1987"}',
        '{"foundingDate": "1987"',
        '{"foundingDate": 1987 1988}',
        '{"foundingDate" "1987"}',
        '{"foundingDate": "1987"]',
        '["a": 1}',
        '{"a": }',
        '{"a"}',
        "{1: 2}",
        '{"a": NaN}',
    ],
)
def test_what_is_not_balanced_states_nothing(script: str) -> None:
    assert facts(script) == []


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"Brot &amp; Rosen"', "Brot & Rosen"),
        ('"half \\ud83d a pair"', "half \ufffd a pair"),
        ('"a whole \\ud83d\\ude00"', "a whole \U0001f600"),
        ('"nul \\u0000"', "nul \ufffd"),
        ("2.5e2", 250),
        ("250.0", 250),
        ("1" * 15, int("1" * 15)),
        ("1" * 16, None),
        ("9" * 309, None),
        ("9" * 5000, None),
        ("-" + "9" * 400, None),
        ("1e999", None),
        ("1e400000000", None),
        ("0." + "1" * 4400, None),
    ],
)
def test_values_can_stand_on_the_wire(written: str, value: Any) -> None:
    found = facts(f'{{"@type": "Organization", "name": {written}, "legalName": "Acme"}}')
    assert [fact.value for fact in found] == ([value, "Acme"] if value is not None else ["Acme"])
    json.dumps([fact.value for fact in found], ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (250, 250),
        (2.5, 2.5),
        ("1,250", 1250),
        ("1250 employees", 1250),
        ("51-200", None),
        ("about 250", None),
        ("250+", 250),
        (True, None),
        ("Infinity", None),
        ("9" * 400, None),
        ("\u00b2", None),
        ("", None),
        (None, None),
    ],
)
def test_number_of_a_fact_is_exact_or_passed_or_absent(value: Any, number: Any) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize(
    "script",
    [
        '{"a":' * 40_000 + "1" + "}" * 40_000,
        "[" * 200_000,
        '"' * 200_000,
        '{"a": "' + "\\" * 200_000,
        '{"a": "' + '\\"' * 100_000,
        '{"a": ' + "1" * 200_000,
        "{" + '"a": 1,' * 30_000 + "}",
        "/*" * 100_000,
        " " * 200_000,
        "<!--" * 50_000,
        ",".join([ORGANISATION] * 3_000),
        "[" + ",".join([ORGANISATION] * 3_000) + "]",
    ],
    ids=lambda script: script[:8],
)
def test_hostile_script_is_read_in_linear_time(script: str) -> None:
    started = time.process_time()
    facts(script)
    assert time.process_time() - started < 1
