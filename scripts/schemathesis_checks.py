"""What schemathesis is told of how Leadline reads; it loads this by SCHEMATHESIS_HOOKS.

Its ``negative_data_rejection`` wants every request refused that the document forbids. Some are accepted on purpose
(contract, section 22): optional members of a body that are null or blank, a page size of 0, a time-out of 0, and a blank Last-Event-ID, count as left out, and
headers that nobody knows are passed over. ``forbidden_data_is_refused`` stands in its place: the same check, of all requests that are wrong
besides.
"""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from schemathesis.specs.openapi.checks import negative_data_rejection

HERE = "urn:leadline"
LEFT_OUT = {("x-sbr-timeout-sec", "0"), ("last-event-id", "")}
LEFT_OUT_MEMBERS = {("limit", 0)}


@schemathesis.check
def forbidden_data_is_refused(ctx: Any, response: Any, case: Any) -> bool | None:
    """Raises when a request was accepted that is wrong even as Leadline reads it."""
    document = case.operation.schema.raw_schema
    operation = document["paths"][case.operation.path][case.operation.method.lower()]
    if response.status_code < 400 and _body_fits(document, operation, case) and _headers_fit(operation, case):
        return None
    found: bool | None = negative_data_rejection(ctx, response, case)
    return found


def _body_fits(document: Any, operation: Any, case: Any) -> bool:
    if "requestBody" not in operation:
        return True
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return _valid(document, schema, _without_left_out(case.body))


def _without_left_out(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_left_out(member)
            for name, member in value.items()
            if member is not None
            and (name, member if isinstance(member, int) else None) not in LEFT_OUT_MEMBERS
            and not (isinstance(member, str) and not member.strip())
        }
    return [_without_left_out(one) for one in value] if isinstance(value, list) else value


def _headers_fit(operation: Any, case: Any) -> bool:
    """Those that the operation declares."""
    sent = {name.lower(): value for name, value in (case.headers or {}).items()}
    sent = dict(sent.items() - LEFT_OUT)
    for declared in operation.get("parameters", ()):
        if declared.get("in") == "query" and case.query:
            return False  # left to the original
        value = sent.get(declared.get("name", "").lower())
        if declared.get("in") == "header" and value is not None:
            plain = declared["schema"].get("type") in ("integer", "boolean")
            try:
                given = json.loads(value) if plain else value
            except ValueError:
                return False
            if not _valid({}, declared["schema"], given):
                return False
    return True


def _valid(document: Any, schema: Any, value: Any) -> bool:
    registry = Registry().with_resource(HERE, Resource.from_contents(document, DRAFT202012))
    whole = json.loads(json.dumps(schema).replace('"#/', f'"{HERE}#/'))
    return bool(Draft202012Validator(whole, registry=registry).is_valid(value))
