"""Operations as declarations on the functions that answer them.

    operations = Operations[Needs]("Account")

    @operations.get("/v1/credits", id="getCredits", summary="Remaining credits",
                    answers={200: Answer("Balance.", CreditsBalance)})
    async def get_credits(needs: Needs, call: Call) -> CreditsBalance: ...

``Needs`` is a protocol that names what the room's functions use of an open Leadline; the type of ``call``
names what the operation is called with.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import (
    Any,
    Generic,
    Literal,
    NamedTuple,
    Required,
    TypedDict,
    TypeVar,
    Unpack,
    get_type_hints,
)

import msgspec
from msgspec import NODEFAULT, Struct

from leadline.wire.answers import Accepted, Returned
from leadline.wire.calls import Call, PublicCall, Rate, Scope
from leadline.wire.reading import members

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
JSON, CSV, EVENTS, YAML = "application/json", "text/csv", "text/event-stream", "application/yaml"
HTML = "text/html; charset=utf-8"

N = TypeVar("N")
N_contra = TypeVar("N_contra", contravariant=True)
C = TypeVar("C", bound=PublicCall)
R = TypeVar("R", bound=Returned)
Endpoint = Callable[[N, C], Awaitable[R]]


class Answer(NamedTuple):
    """One answer that goes well. ``type`` is a wire type, or a list of one; None where the body is no JSON or,
    with JSON, where there is no body.
    """

    description: str
    type: Any = None
    media_type: str = JSON


class Part(NamedTuple):
    """What one part of a request is read into. ``default`` makes it where the client sends none; else None."""

    type: type[Struct]
    default: Callable[[], Any] | None


class Declaration(TypedDict, total=False):
    """What is said of an operation besides method, path and function."""

    id: Required[str]
    summary: Required[str]
    answers: Required[Mapping[int, Answer]]
    """By status. A function that returns no ``Reply`` gives the first of them."""
    errors: tuple[int, ...]
    """The statuses beyond 401, 429 and 500, which all but public operations have. Input that can be read but is
    refused is 422, with each field named, where that is among them; else 400."""
    scope: Scope
    """What the key must allow; read for GET, else write."""
    limit: Rate
    """A bucket of the operation's own, besides the key's reads or writes."""
    charge: str
    """What it costs, in words; goes with 402."""
    flat: tuple[int, ...]
    """Errors whose body is flat under LEADLINE_LEGACY_ERRORS (contract section 3.3)."""
    bad_path: int
    """The status when a part of the path is malformed: 404, or 400."""
    outside: bool
    """Whether it asks others than the database before it answers. It then has no transaction around it: with an idempotency
    key it is done again after a process died in it."""
    then: Callable[[Any, Any, str, bool], Awaitable[Returned]]
    """What answers where the function returned ``Accepted``: called with what the function is called with, the
    reference, and whether this is a replay."""


class Operation(Generic[N_contra]):
    """One operation of the API."""

    def __init__(
        self,
        run: Callable[[N_contra, Any], Awaitable[Returned]],
        method: Method,
        path: str,
        tag: str,
        **declared: Unpack[Declaration],
    ) -> None:
        self.run = run
        self.method: Method = method
        self.path = path
        self.tag = tag
        self.id = declared["id"]
        self.summary = declared["summary"]
        self.answers = declared["answers"]
        self.errors = declared.get("errors", ())
        self.scope: Scope = declared.get("scope", "read" if method == "GET" else "write")
        self.limit = declared.get("limit")
        self.charge = declared.get("charge")
        self.flat = declared.get("flat", ())
        self.bad_path = declared.get("bad_path", 404)
        self.outside = declared.get("outside", False)
        self.then = declared.get("then")
        if (self.charge is not None) != (402 in self.errors):
            raise TypeError(f"{self.id}: what costs credits may answer 402, and nothing else does")
        self.call = _call_type(run)
        self.public = not issubclass(self.call, Call)
        parts = {
            f.name: Part(f.type, None if f.default_factory is NODEFAULT else f.default_factory)
            for f in msgspec.structs.fields(self.call)
        }
        self.place, self.query = parts.get("path"), parts.get("query")
        self.headers, self.body = parts.get("headers"), parts.get("body")
        self._path = _path_pattern(path, self.place)

    async def answer(self, needs: N_contra, call: Any) -> Returned:
        """Run it, and wait where it wants to be waited for."""
        returned = await self.run(needs, call)
        if isinstance(returned, Accepted):
            return await self.later(needs, call, returned.reference, again=False)
        return returned

    async def later(self, needs: N_contra, call: Any, reference: str, *, again: bool) -> Returned:
        """The answer to what was accepted under this reference, now or (``again``) by an earlier request."""
        if self.then is None:
            raise TypeError(f"{self.id} says that it has accepted something, but has no 'then'")
        return await self.then(needs, call, reference, again)

    def fits(self, path: str) -> bool:
        """Whether a path is this operation's, its parameters well formed."""
        return self._path.fullmatch(path) is not None

    @property
    def invalid(self) -> int:
        """The status of input that can be read but is refused: 422 where the operation lists it, else 400."""
        return 422 if 422 in self.errors else 400


def _path_pattern(path: str, place: Part | None) -> re.Pattern[str]:
    shapes = {}
    if place is not None:
        shapes = {m.wire_name: m.pattern.pattern.strip("^$") for m in members(place.type) if m.pattern}
    parts = [
        shapes.get(part[1:-1], "[^/]+") if part.startswith("{") else re.escape(part)
        for part in path.split("/")
    ]
    return re.compile("/".join(parts))


def _call_type(run: Callable[..., Any]) -> type[PublicCall]:
    name = list(inspect.signature(run).parameters)[1]
    found = get_type_hints(run)[name]
    if not (isinstance(found, type) and issubclass(found, PublicCall)):
        raise TypeError(f"{run.__qualname__}: {name} must be a Call")
    return found


class Operations(Generic[N]):
    """The operations of one tag, in the order in which they are declared."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._declared: list[Operation[N]] = []

    def __iter__(self) -> Iterator[Operation[N]]:
        return iter(self._declared)

    def declare(
        self, method: Method, path: str, **declared: Unpack[Declaration]
    ) -> Callable[[Endpoint[N, C, R]], Endpoint[N, C, R]]:
        """Declare the function below as an operation."""

        def declare(run: Endpoint[N, C, R]) -> Endpoint[N, C, R]:
            self._declared.append(Operation(run, method, path, self._tag, **declared))
            return run

        return declare

    def get(
        self, path: str, **declared: Unpack[Declaration]
    ) -> Callable[[Endpoint[N, C, R]], Endpoint[N, C, R]]:
        return self.declare("GET", path, **declared)

    def post(
        self, path: str, **declared: Unpack[Declaration]
    ) -> Callable[[Endpoint[N, C, R]], Endpoint[N, C, R]]:
        return self.declare("POST", path, **declared)

    def put(
        self, path: str, **declared: Unpack[Declaration]
    ) -> Callable[[Endpoint[N, C, R]], Endpoint[N, C, R]]:
        return self.declare("PUT", path, **declared)

    def patch(
        self, path: str, **declared: Unpack[Declaration]
    ) -> Callable[[Endpoint[N, C, R]], Endpoint[N, C, R]]:
        return self.declare("PATCH", path, **declared)

    def delete(
        self, path: str, **declared: Unpack[Declaration]
    ) -> Callable[[Endpoint[N, C, R]], Endpoint[N, C, R]]:
        return self.declare("DELETE", path, **declared)
