"""An object whose shape the customer states by a JSON Schema (draft 2020-12)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from leadline.research.answer_types.base import AnswerType, FieldChanges, InvalidValue, Support, Told
from leadline.research.answer_types.number import number_support, one_number, same_number
from leadline.research.answer_types.open_text import same_text, text_support
from leadline.research.errors import InvalidQuestion
from leadline.research.model import Question

MAX_SCHEMA_BYTES = 32_768
MAX_SCHEMA_DEPTH = 16
MAX_SUBSCHEMAS = 2_000
MAX_PATTERN_CHARACTERS = 200
_REPEATED_REPEAT = re.compile(r"[+*}]\)*\)[+*{]")
_HELD_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


class JsonSchema(AnswerType):
    """The object itself, not wrapped in value."""

    name = "json_schema"
    key = "jsonSchema"
    wire = dict[str, Any]
    wrapped = False
    needs_schema = True

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        if output_schema is None:
            raise InvalidQuestion("outputSchema", "outputSchema is required with answerType json_schema")
        return output_schema

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError as error:
                raise InvalidValue("the object is not valid JSON") from error
        if not isinstance(value, dict):
            raise InvalidValue(f"an object is wanted, not {type(value).__name__}")
        if output_schema is not None:
            misfits = sorted(
                Draft202012Validator(output_schema).iter_errors(value), key=lambda e: list(map(str, e.path))
            )
            if misfits:
                place = "/" + "/".join(str(p) for p in misfits[0].absolute_path)
                raise InvalidValue(
                    f"the object does not fit outputSchema at {place}: {misfits[0].message[:200]}"
                )
        for path, leaf in leaves(value):
            if isinstance(leaf, int | float):
                one_number(int(leaf) if isinstance(leaf, bool) else leaf, f"number at {path}")
        return value

    def equal(self, a: Any, b: Any) -> bool:
        return bool(a == b)

    def change(self, previous: Any, current: Any) -> dict[str, Any] | None:
        return None  # contract section 12: the field lists tell it instead

    def same(self, before: Any, after: Any, told: Told) -> bool:
        differing = self.fields(before, after)
        return not (differing.added or differing.updated or differing.removed)

    def fields(self, before: Any, after: Any) -> FieldChanges:
        added, updated, removed = _differing(before, after, "")
        touched = {path.partition(".")[0]: None for path in [*added, *updated, *removed]}
        return FieldChanges(tuple(touched), tuple(added), tuple(updated), tuple(removed))

    def is_leaf(self, value: Any) -> bool:
        return isinstance(value, dict | list)

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        """Leaf by leaf. A boolean leaf cannot be read off words alone and leaves the whole untold."""
        unknown = ""
        for path, leaf in leaves(value):
            found = _leaf_support(leaf, words, question)
            if found.holds is False:
                return Support(False, f"{path}: {found.why}")
            if found.holds is None:
                unknown = unknown or f"{path}: {found.why}"
        return Support(None, unknown) if unknown else Support(True, "each field stands in the cited words")


def _differing(before: Any, after: Any, path: str) -> tuple[list[str], list[str], list[str]]:
    """Dot paths of the fields that appeared, have another value, and vanished. Null is "not there"."""
    added: list[str] = []
    updated: list[str] = []
    removed: list[str] = []
    for name in {**before, **after}:
        one, other, place = before.get(name), after.get(name), f"{path}{name}"
        if one is None and other is None:
            continue
        if one is None:
            added.append(place)
        elif other is None:
            removed.append(place)
        elif isinstance(one, dict) and isinstance(other, dict):
            for found, inner in zip(
                (added, updated, removed), _differing(one, other, place + "."), strict=True
            ):
                found.extend(inner)
        elif not _same_member(one, other):
            updated.append(place)
    return added, updated, removed


def _same_member(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return same_number(one, other)
    if isinstance(one, str) and isinstance(other, str):
        return same_text(one, other) is not False
    if isinstance(one, list) and isinstance(other, list):  # in any order
        rest = list(other)
        for member in one:
            match = next((i for i, o in enumerate(rest) if _same_member(member, o)), None)
            if match is None:
                return False
            del rest[match]
        return not rest
    if isinstance(one, dict) and isinstance(other, dict):
        return not any(_differing(one, other, ""))
    return bool(one == other)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(JSON pointer, value) of every scalar that is not null."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from leaves(member, f"{path}/{index}")
    elif value is not None:
        yield path, value


def _leaf_support(leaf: Any, words: Sequence[str], question: Question) -> Support:
    if isinstance(leaf, bool):
        return Support(None, "a yes or no is not told by words alone")
    if isinstance(leaf, (int, float)):
        return number_support(leaf, words, question)
    return text_support(str(leaf), words)


def check_schema(schema: Any) -> dict[str, Any]:
    """A customer's outputSchema, if it can be used. Raises InvalidQuestion, which names what to do."""
    if schema is None:
        raise InvalidQuestion(
            "outputSchema",
            "outputSchema is required with answerType json_schema; give a JSON Schema of type object",
        )
    if not isinstance(schema, dict):
        raise InvalidQuestion(
            "outputSchema", "outputSchema must be a JSON object: a JSON Schema of type object"
        )
    try:
        size, depth = len(json.dumps(schema, ensure_ascii=False).encode()), _depth(schema)
    except RecursionError as error:
        raise InvalidQuestion(
            "outputSchema", f"outputSchema is nested deeper than {MAX_SCHEMA_DEPTH} levels; flatten it"
        ) from error
    except UnicodeEncodeError as error:
        raise InvalidQuestion(
            "outputSchema", "outputSchema must be valid Unicode text; it holds half of a character pair"
        ) from error
    except (TypeError, ValueError) as error:
        raise InvalidQuestion("outputSchema", "outputSchema must be plain JSON without cycles") from error
    if size > MAX_SCHEMA_BYTES:
        raise InvalidQuestion(
            "outputSchema",
            f"outputSchema has {size} bytes; at most {MAX_SCHEMA_BYTES} are allowed, so ask for fewer fields",
        )
    if depth > 2 * MAX_SCHEMA_DEPTH:
        raise InvalidQuestion(
            "outputSchema", f"outputSchema is nested deeper than {MAX_SCHEMA_DEPTH} levels; flatten it"
        )
    _check_parts(schema)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/" + "/".join(str(p) for p in error.absolute_path)
        raise InvalidQuestion(
            "outputSchema",
            f"outputSchema is not a valid JSON Schema (draft 2020-12) at {place}: {error.message[:200]}",
        ) from error
    if schema.get("type") != "object":
        raise InvalidQuestion(
            "outputSchema",
            'outputSchema must have "type": "object" at its top; put a single value or list into a property',
        )
    if not isinstance(schema.get("properties"), dict) or not schema["properties"]:
        raise InvalidQuestion("outputSchema", 'outputSchema must name at least one field under "properties"')
    _refuse_recursion(schema)
    return schema


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(v) for v in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(v) for v in value), default=0)
    return 0


def _subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema; values under enum, const, default and examples are data, not schemas."""
    if isinstance(schema, list):
        for member in schema:
            yield from _subschemas(member)
    if not isinstance(schema, dict):
        return
    yield schema
    for name, member in schema.items():
        if name in _HELD_BY_NAME and isinstance(member, dict):
            for part in member.values():
                yield from _subschemas(part)
        elif name not in ("enum", "const", "default", "examples", "example", "required"):
            yield from _subschemas(member)


def _check_parts(schema: dict[str, Any]) -> None:
    for part in _subschemas(schema):
        for name in ("$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor"):
            if name in part:
                raise InvalidQuestion(
                    "outputSchema", f"outputSchema uses {name}; use $ref to a place inside the schema instead"
                )
        if "$id" in part and part is not schema:
            raise InvalidQuestion(
                "outputSchema", "outputSchema has a nested $id; remove it and refer by #/$defs/NAME"
            )
        reference = part.get("$ref")
        if isinstance(reference, str) and not re.match(r"^#(?:/|$)", reference):
            raise InvalidQuestion(
                "outputSchema",
                f"outputSchema refers to {reference[:80]!r}; only references inside it (#/$defs/NAME) are allowed",
            )
        for pattern in [part.get("pattern"), *(part.get("patternProperties") or ())]:
            if isinstance(pattern, str) and (
                len(pattern) > MAX_PATTERN_CHARACTERS or _REPEATED_REPEAT.search(pattern)
            ):
                raise InvalidQuestion(
                    "outputSchema",
                    "outputSchema has a pattern that is too long or repeats a repetition; simplify or remove it",
                )


def _refuse_recursion(schema: dict[str, Any]) -> None:
    """Also bounds what the references unfold to: a short schema can name itself apart a million times."""
    sizes: dict[str, int] = {}

    def unfolded(part: Any, trail: tuple[str, ...]) -> int:
        total = 0
        for sub in _subschemas(part):
            total += 1
            reference = sub.get("$ref")
            if not isinstance(reference, str):
                continue
            if reference == "#" or reference in trail:
                raise InvalidQuestion(
                    "outputSchema",
                    f"outputSchema is recursive through {reference[:80]!r}; write the levels out",
                )
            if reference not in sizes:
                sizes[reference] = unfolded(_resolve(schema, reference), (*trail, reference))
            total += sizes[reference]
        return total

    if unfolded(schema, ()) > MAX_SUBSCHEMAS:
        raise InvalidQuestion(
            "outputSchema", f"outputSchema unfolds to more than {MAX_SUBSCHEMAS} parts; ask for fewer fields"
        )


def _resolve(schema: Any, reference: str) -> Any:
    target = schema
    for step in reference[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, dict) and name in target:
            target = target[name]
        elif isinstance(target, list) and name.isdigit() and int(name) < len(target):
            target = target[int(name)]
        else:
            raise InvalidQuestion(
                "outputSchema", f"outputSchema refers to {reference[:80]!r}, which is not in it"
            )
    return target
