"""The OpenAPI document, made from the operations and the types they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from leadline.wire import envelope
from leadline.wire.operations import EVENTS, JSON, Answer, Operation, Part

_REF = "#/components/schemas/{name}"
_ERRORS = {
    400: "Input refused. error.type: BAD_REQUEST.",
    401: "Key missing, unknown or revoked. error.type: UNAUTHORIZED.",
    402: "No credits left. error.type: PAYMENT_REQUIRED.",
    404: "No such thing for this organisation. error.type: NOT_FOUND.",
    409: "Not in a state that allows this. error.type: CONFLICT.",
    413: "Too large. error.type: PAYLOAD_TOO_LARGE.",
    502: "A service behind this one failed. error.type: EXTERNAL.",
    504: "A service behind this one took too long. error.type: TIMEOUT.",
    408: "Still running when the time was up; the signal's id is in error.details. error.type: TIMEOUT.",
    422: "Field validation failed. error.type: VALIDATION.",
    429: "Slow down.",
    500: "Server fault. error.type: INTERNAL.",
}
_EVERYWHERE = (401, 429, 500)
_LIMIT_HEADERS = {
    "X-Ratelimit-Limit": "Requests a minute the bucket fills with.",
    "X-Ratelimit-Remaining": "Requests left in it.",
    "X-Ratelimit-Reset": "Unix time at which it is full again.",
}
_DESCRIPTION = (
    "Questions about companies, answered with evidence. Beyond what each operation lists, any may answer "
    "403 (the key lacks the scope), 405, 408 (the request did not come to its end), 413 (a body over 1 MiB) and "
    "503 (the database is away, or too many wait; nothing was changed), all with the standard error envelope. X-Request-Id stands on every answer. "
    "POST and PATCH take an Idempotency-Key (1 to 255 characters): sent again within 24 hours, the same request is done "
    "once and answered as the first time, with Idempotent-Replayed: true; another request with its key is refused with 422, "
    "and one that comes while the first is being answered with 409 and Retry-After. Errors are not kept: what failed may be "
    "sent again with its key."
)


def openapi(
    operations: Sequence[Operation[Any]], version: str, server: str = "/", *, legacy_errors: bool = False
) -> dict[str, Any]:
    """An OpenAPI 3.1 document of these operations, reached at ``server``.

    ``legacy_errors``: where an operation has them, errors have their flat bodies.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "Leadline", "version": version, "description": _DESCRIPTION},
        "servers": [{"url": server}],
        "security": [{"ApiKeyAuth": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(o.tag for o in operations)],
        "paths": _paths(operations, legacy_errors),
        "components": {
            "securitySchemes": {"ApiKeyAuth": {"type": "http", "scheme": "bearer"}},
            "headers": {
                name: {"description": text, "schema": {"type": "integer"}}
                for name, text in _LIMIT_HEADERS.items()
            },
            "schemas": _components(operations, legacy_errors),
        },
    }


def as_yaml(document: dict[str, Any]) -> bytes:
    """The document as it is served."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text.encode()


class _Dumper(yaml.SafeDumper):
    """Writes parts that are used twice out twice: not every reader follows anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _paths(operations: Sequence[Operation[Any]], legacy_errors: bool) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, legacy_errors)
    return paths


def _operation(operation: Operation[Any], legacy_errors: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.public:
        described["security"] = []
    parameters = [
        *_parameters(operation.place, "path"),
        *_parameters(operation.query, "query"),
        *_parameters(operation.headers, "header"),
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.charge is not None:
        described["description"] = f"Costs credits. {operation.charge}"
    if operation.body is not None:
        content = {"schema": _reference(operation.body.type)}
        if example := getattr(operation.body.type, "example", None):
            content["example"] = example
        described["requestBody"] = {
            "required": operation.body.default is None,
            "content": {JSON: content},
        }
    described["responses"] = _responses(operation, legacy_errors)
    return described


def _parameters(part: Part | None, where: str) -> list[dict[str, Any]]:
    if part is None:
        return []
    kind = part.type
    schema = _schemas([kind])[kind.__name__]
    required = schema.get("required", ())
    found = []
    for name, member in schema["properties"].items():
        parameter: dict[str, Any] = {"name": name, "in": where}
        if "description" in member:
            parameter["description"] = member.pop("description")
        if name in required:
            parameter["required"] = True
        parameter["schema"] = member
        if member.get("type") == "array":
            parameter |= {"style": "form", "explode": True}
        found.append(parameter)
    return found


def _responses(operation: Operation[Any], legacy_errors: bool) -> dict[str, Any]:
    limited = {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMIT_HEADERS}
    found: dict[str, Any] = {}
    for status, answer in operation.answers.items():
        found[str(status)] = {
            "description": answer.description,
            **({} if operation.public else {"headers": limited}),
            **_content(answer),
        }
    errors = () if operation.public else sorted({*operation.errors, *_EVERYWHERE})
    for status in errors:
        kinds: tuple[type[Struct], ...] = (envelope.ErrorResponse,)
        if legacy_errors and status in operation.flat:
            kinds = (envelope.LegacyErrorResponse,)
        if status == 429:
            kinds = (envelope.RateLimitErrorResponse, envelope.ErrorResponse)
        references = [_reference(kind) for kind in kinds]
        schema = references[0] if len(references) == 1 else {"anyOf": references}
        found[str(status)] = {"description": _ERRORS[status], "content": {JSON: {"schema": schema}}}
        if status == 429:
            found[str(status)]["headers"] = limited
    return dict(sorted(found.items()))


def _content(answer: Answer) -> dict[str, Any]:
    if answer.media_type == EVENTS:  # a schema would be taken for that of one event
        return {"content": {EVENTS: {}}}
    if answer.media_type != JSON:
        return {"content": {answer.media_type: {"schema": {"type": "string"}}}}
    return {} if answer.type is None else {"content": {JSON: {"schema": _reference(answer.type)}}}


def _reference(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema


def _components(operations: Sequence[Operation[Any]], legacy_errors: bool) -> dict[str, Any]:
    kinds: list[Any] = [envelope.ErrorResponse, envelope.RateLimitErrorResponse]
    if legacy_errors:
        kinds.append(envelope.LegacyErrorResponse)
    for operation in operations:
        kinds += [a.type for a in operation.answers.values() if a.type is not None]
        if operation.body is not None:
            kinds.append(operation.body.type)
    return dict(sorted(_schemas(kinds).items()))


def _schemas(kinds: list[Any]) -> dict[str, Any]:
    _, found = msgspec.json.schema_components(kinds, ref_template=_REF)
    for kind in kinds:
        if any_of := getattr(kind, "any_of", None):
            found[kind.__name__]["anyOf"] = [{"required": [name]} for name in any_of]
    _tidy(found)
    return found


def _tidy(node: Any) -> None:
    """Say the type of an enumeration, and leave out what says nothing."""
    if isinstance(node, dict):
        values = node.get("enum")
        if isinstance(values, list) and "type" not in node:
            node["type"] = "integer" if all(isinstance(v, int) for v in values) else "string"
        if isinstance(node.get("title"), str):
            del node["title"]
        if node.get("required") == []:
            del node["required"]
        for member in node.values():
            _tidy(member)
    elif isinstance(node, list):
        for member in node:
            _tidy(member)
