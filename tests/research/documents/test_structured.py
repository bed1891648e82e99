"""JSON-LD facts stand at the place that is told of them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from leadline.research.documents.structured import facts

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
        words = script[fact.start : fact.end]
        member = words.startswith(json.dumps(fact.key) + ":")
        assert json.loads("{" + words + "}" if member else words) == (
            {fact.key: fact.value} if member else fact.value
        )
