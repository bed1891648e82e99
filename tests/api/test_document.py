"""Our OpenAPI document is made from the code, and says what the contract says of these operations."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.api.service import BEYOND, BEYOND_ANSWERS, CONTRACT, OURS, SERVED

from leadline.api.document import as_yaml
from leadline.research.answer_types import ANSWER_TYPES

# Members that the contract does not have, and some that it wants and we can do without.
ADDED = {
    "ContactSearchResponse": {"warnings"},
    "ContactSearchResult": {"origins"},
    "CreateSignalSubscriptionRequest": {"domain"},
    "SignalSubscription": {"domain", "expectedCreditsPerMonth"},
    "SummaryDataPoint": {"signalIds"},
    "FindEmailResponse": {"evidence", "note", "could_not_look"},
    "ContactResearch": {"errorCode", "errorAction"},
}
# Its document names no headers here, though its limiter answers as everywhere.
NO_HEADERS = {("POST", "/v1/contacts/lists", "429")}
NOT_REQUIRED = {"CreateSignalSubscriptionRequest": {"listId"}}
_BOUNDS = ("format", "minimum", "maximum", "minLength", "maxLength", "pattern", "default")


def _resolve(document: dict[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        place: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        node = {k: v for k, v in node.items() if k != "$ref"} | place
    return node


def _facts(document: dict[str, Any], schema: Any) -> Any:
    """Of a schema: types, formats, enumerations, bounds, members, required members. Not its words."""
    schema = _resolve(document, schema)
    facts: dict[str, Any] = {}
    for name in _BOUNDS:
        for one in (schema, *schema.get("anyOf", ())):
            if name in one:
                facts[name] = one[name]
    types = set(_types(document, schema))
    if types:
        facts["types"] = types
    if "enum" in schema or "const" in schema:
        facts["values"] = set(schema.get("enum", [schema.get("const")]))
    inner = [one for one in schema.get("anyOf", ()) if "enum" in one]
    if len(inner) == 1 and "enum" not in schema and "null" in types:
        facts["values"] = {*inner[0]["enum"], None}
    if schema.get("required"):
        facts["required"] = set(schema["required"])
    return facts


def _types(document: dict[str, Any], schema: Any) -> list[str]:
    schema = _resolve(document, schema)
    if "anyOf" in schema and "type" not in schema:
        return [t for s in schema["anyOf"] for t in _types(document, s)]
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def _operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method.lower()]
    return found


def _parameters(document: dict[str, Any], operation: dict[str, Any]) -> dict[Any, Any]:
    return {
        (p["in"], p["name"]): (p.get("required", False), _facts(document, p["schema"]))
        for p in (_resolve(document, p) for p in operation.get("parameters", ()))
    }


def _content(document: dict[str, Any], message: Any) -> dict[str, Any]:
    return {
        media_type: _resolve(document, content["schema"])
        for media_type, content in _resolve(document, message).get("content", {}).items()
    }


def test_exactly_our_operations_are_served() -> None:
    served = {(m.upper(), p) for p, operations in SERVED["paths"].items() for m in operations}
    assert served == OURS
    for method, path in OURS - BEYOND:
        assert _operation(CONTRACT, method, path)
    for method, path in BEYOND:
        assert method.lower() not in CONTRACT["paths"].get(path, {})


@pytest.mark.parametrize(("method", "path"), sorted(OURS - BEYOND))
def test_an_operation_is_described_as_in_the_contract(method: str, path: str) -> None:
    ours, theirs = _operation(SERVED, method, path), _operation(CONTRACT, method, path)
    assert ours["operationId"] == theirs["operationId"]
    assert ours["tags"] == theirs["tags"]
    assert ours.get("security") == theirs.get("security")
    assert _parameters(SERVED, ours) == _parameters(CONTRACT, theirs)
    forgotten = BEYOND_ANSWERS.get((method, path), set())
    assert set(ours["responses"]) == set(theirs["responses"]) | forgotten
    for status, answer in ours["responses"].items():
        if status in forgotten:
            continue
        expected = theirs["responses"][status]
        assert set(_content(SERVED, answer)) == set(_content(CONTRACT, expected))
        if (method, path, status) in NO_HEADERS:
            continue
        assert set(_resolve(SERVED, answer).get("headers", ())) == set(
            _resolve(CONTRACT, expected).get("headers", ())
        )
    assert ours.get("requestBody", {}).get("required") == theirs.get("requestBody", {}).get("required")


@pytest.mark.parametrize(
    "name",
    [
        "CreateCompanySignalRequest",
        "CreateContactSignalRequest",
        "ContactList",
        "ContactListContactsResponse",
        "ContactListFilters",
        "ContactListItem",
        "ContactListsResponse",
        "ContactPosition",
        "CreateContactListRequest",
        "UpdateContactListRequest",
        "ContactSearchRequest",
        "ContactSearchResponse",
        "ContactSearchResult",
        "SignalResponse",
        "SignalDetailResponse",
        "SignalListResponse",
        "Source",
        "SignalSubscription",
        "SignalSubscriptionsResponse",
        "CreateSignalSubscriptionRequest",
        "UpdateSignalSubscriptionRequest",
        "SubscriptionAction",
        "SubscriptionActionsResponse",
        "CreateSubscriptionActionRequest",
        "UpdateSubscriptionActionRequest",
        "WebhookActionConfig",
        "SummaryDataPoint",
        "SummaryResponse",
        "SummaryRecord",
        "SummariesResponse",
        "GenerateSummaryRequest",
        "ChangeContext",
        "ChangeDelta",
        "CreditsBalance",
        "CreateContactResearchRequest",
        "ContactResearchCreated",
        "ContactResearch",
        "FindEmailRequest",
        "FindEmailResponse",
        "Connector",
        "ConnectorsResponse",
        "Organisation",
        "OrganisationDescription",
        "UpdateOrganisationRequest",
        "ErrorResponse",
        "RateLimitErrorResponse",
    ],
)
def test_an_object_has_the_contracts_members(name: str) -> None:
    ours, theirs = SERVED["components"]["schemas"][name], CONTRACT["components"]["schemas"][name]
    assert ours.get("anyOf") == theirs.get("anyOf")
    required = set(theirs.get("required", ())) - NOT_REQUIRED.get(name, set())
    assert set(ours.get("required", ())) - ADDED.get(name, set()) == required
    added = ADDED.get(name, set())
    assert not added & set(theirs["properties"])
    assert set(ours["properties"]) == set(theirs["properties"]) | added
    for member, schema in ours["properties"].items():
        if member in added:
            continue
        expected = _facts(CONTRACT, theirs["properties"][member])
        found = _facts(SERVED, schema)
        for fact in (
            "types",
            "values",
            "required",
            "minimum",
            "maximum",
            "minLength",
            "maxLength",
            "pattern",
        ):
            assert found.get(fact) == expected.get(fact), (member, fact)


def test_every_answer_type_has_the_contracts_shape() -> None:
    ours, theirs = SERVED["components"]["schemas"], CONTRACT["components"]["schemas"]
    others = theirs["OtherAnswer"]["properties"]["type"]["enum"]  # their shapes are not published
    shown = {s["$ref"].rpartition("/")[2] for s in _any(ours["SignalDetailResponse"]["properties"]["answer"])}
    named = {ours[name]["properties"]["type"]["enum"][0]: name for name in shown}
    assert set(named) == set(ANSWER_TYPES)
    for kind, name in named.items():
        if kind in others:
            assert ours[name]["required"] == ["type", ANSWER_TYPES[kind].key]
            continue
        assert set(ours[name]["required"]) == set(theirs[name]["required"])
        assert kind == theirs[name]["properties"]["type"]["const"]
    published = {s["$ref"].rpartition("/")[2] for s in theirs["Answer"]["anyOf"]}
    assert published - shown == {"OpenTextAnswerSnake", "OtherAnswer"}


def _any(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [s for s in schema["anyOf"] if s.get("type") != "null"]
    return _any(inner[0]) if len(inner) == 1 and "anyOf" in inner[0] else inner


def test_the_document_is_valid_openapi() -> None:
    for schema in SERVED["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert "&id" not in as_yaml(SERVED).decode()


def test_every_body_has_an_example_that_fits_its_schema() -> None:
    for operations in SERVED["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                schema = content["schema"] | {"components": SERVED["components"]}
                Draft202012Validator(schema).validate(content["example"])
