"""The OpenAPI document, made from the operations and the types they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from leadline.api import schemas
from leadline.api.operations import MEDIA_TYPE_YAML, Operation

_REF = "#/components/schemas/{name}"
_ERRORS = {
    400: "Input refused. error.type: BAD_REQUEST.",
    401: "Key missing, unknown or revoked. error.type: UNAUTHORIZED.",
    402: "No credits left. error.type: PAYMENT_REQUIRED.",
    404: "No such thing for this organisation. error.type: NOT_FOUND.",
    408: "Still running when the time was up; the signal's id is in error.details. error.type: TIMEOUT.",
    422: "Field validation failed. error.type: VALIDATION.",
    429: "Slow down.",
    500: "Server fault. error.type: INTERNAL.",
}
_YAML = {MEDIA_TYPE_YAML: {"schema": {"type": "string"}}}
_EVERYWHERE = (401, 429, 500)
_LIMIT_HEADERS = {
    "X-Ratelimit-Limit": "Requests a minute the bucket fills with.",
    "X-Ratelimit-Remaining": "Requests left in it.",
    "X-Ratelimit-Reset": "Unix time at which it is full again.",
}
_DESCRIPTION = (
    "Questions about companies, answered with evidence. Beyond what each operation lists, any may answer "
    "403 (the key lacks the scope), 405, 413 (a body over 1 MiB) and 503 (the database is away; nothing was "
    "changed), all with the standard error envelope. X-Request-Id stands on every answer."
)


def openapi(operations: Sequence[Operation], version: str, server: str = "/") -> dict[str, Any]:
    """An OpenAPI 3.1 document of these operations, reached at ``server``."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Leadline", "version": version, "description": _DESCRIPTION},
        "servers": [{"url": server}],
        "security": [{"ApiKeyAuth": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(o.tag for o in operations)],
        "paths": _paths(operations),
        "components": {
            "securitySchemes": {"ApiKeyAuth": {"type": "http", "scheme": "bearer"}},
            "headers": {
                name: {"description": text, "schema": {"type": "integer"}}
                for name, text in _LIMIT_HEADERS.items()
            },
            "schemas": _components(operations),
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


def _paths(operations: Sequence[Operation]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> dict[str, Any]:
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
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _json(operation.body)}
    described["responses"] = _responses(operation)
    return described


def _parameters(kind: type[Struct] | None, where: str) -> list[dict[str, Any]]:
    if kind is None:
        return []
    schema = _schemas([kind])[kind.__name__]
    found = []
    for name, member in schema["properties"].items():
        parameter: dict[str, Any] = {"name": name, "in": where}
        if "description" in member:
            parameter["description"] = member.pop("description")
        if where == "path":
            parameter["required"] = True
        parameter["schema"] = member
        if member.get("type") == "array":
            parameter |= {"style": "form", "explode": True}
        found.append(parameter)
    return found


def _responses(operation: Operation) -> dict[str, Any]:
    limited = {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMIT_HEADERS}
    found: dict[str, Any] = {}
    for status, answer in operation.answers.items():
        found[str(status)] = {
            "description": answer.description,
            **({} if operation.public else {"headers": limited}),
            "content": _json(answer.type) if answer.type else _YAML,
        }
    errors = () if operation.public else sorted({*operation.errors, *_EVERYWHERE})
    for status in errors:
        kinds: tuple[type[Struct], ...] = (schemas.ErrorResponse,)
        if status == 429:
            kinds = (schemas.RateLimitErrorResponse, schemas.ErrorResponse)
        found[str(status)] = {"description": _ERRORS[status], "content": _json(*kinds)}
        if status == 429:
            found[str(status)]["headers"] = limited
    return dict(sorted(found.items()))


def _json(*kinds: type[Struct]) -> dict[str, Any]:
    references = [{"$ref": _REF.format(name=kind.__name__)} for kind in kinds]
    return {"application/json": {"schema": references[0] if len(references) == 1 else {"anyOf": references}}}


def _components(operations: Sequence[Operation]) -> dict[str, Any]:
    kinds: list[type[Struct]] = [schemas.ErrorResponse, schemas.RateLimitErrorResponse]
    for operation in operations:
        kinds += [a.type for a in operation.answers.values() if a.type is not None]
        if operation.body is not None:
            kinds.append(operation.body)
    return dict(sorted(_schemas(list(dict.fromkeys(kinds))).items()))


def _schemas(kinds: list[type[Struct]]) -> dict[str, Any]:
    _, found = msgspec.json.schema_components(kinds, ref_template=_REF)
    for kind in kinds:
        found[kind.__name__] |= getattr(kind, "also", {})
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
