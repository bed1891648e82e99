"""What a declared operation can do, shown by operations that no room has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

import httpx2
import msgspec
import pytest
import pytest_asyncio
import uvicorn
from msgspec import UNSET, Meta, Struct, UnsetType
from tests.api.service import Account, Api

from leadline.api.app import Opened, create_app
from leadline.api.document import openapi
from leadline.wire.answers import Csv, Event, EventStream, Reply
from leadline.wire.calls import Call, Rate
from leadline.wire.fields import Id
from leadline.wire.operations import CSV, EVENTS, Answer, Operations
from leadline.wire.pages import ItemsPage, Offset, PageSize100

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Thing(Struct, rename="camel"):
    name: str
    how_many: int


class ThingPage(ItemsPage[Thing]):
    """Things."""


class ThingQuery(Struct, rename="camel"):
    limit: PageSize100 = 20
    offset: Offset = 0
    include_deleted: bool = False


class ThingPath(Struct, rename="camel"):
    thing_id: Id


class Part(Struct, rename="camel"):
    size: Annotated[int, Meta(ge=1)]
    note: str | UnsetType = UNSET


class Change(Struct, rename="camel"):
    name: Annotated[str, Meta(min_length=1, max_length=5)] | UnsetType = UNSET
    schema: dict[str, Any] | UnsetType | None = UNSET
    parts: list[Part] | UnsetType = UNSET


class ListCall(Call):
    query: ThingQuery


class GetCall(Call):
    path: ThingPath


class ChangeCall(GetCall):
    body: Change


class ExportCall(Call):
    body: Change = msgspec.field(default_factory=Change)


things = Operations[Opened]("Things")
streams: dict[str, asyncio.Event] = {}


@things.get(
    "/v1/things", id="list", summary="List", answers={200: Answer("Things.", ThingPage)}, errors=(400,)
)
async def list_things(needs: Opened, call: ListCall) -> ThingPage:
    query = call.query
    shown = [Thing(f"thing {n}", n) for n in range(30)][query.offset : query.offset + query.limit]
    return ThingPage.of(shown, 31 if query.include_deleted else 30, query.limit, query.offset)


@things.get("/v1/things/bare", id="bare", summary="Bare", answers={200: Answer("Things.", list[Thing])})
async def bare_things(needs: Opened, call: Call) -> list[Thing]:
    return [Thing("one", 1)]


@things.patch(
    "/v1/things/{thingId}",
    id="change",
    summary="Change",
    answers={200: Answer("As read.", Change)},
    errors=(404, 422),
)
async def change_thing(needs: Opened, call: ChangeCall) -> Change:
    return call.body


@things.delete(
    "/v1/things/{thingId}",
    id="delete",
    summary="Delete",
    answers={204: Answer("Gone.")},
    errors=(400,),
    bad_path=400,
)
async def delete_thing(needs: Opened, call: GetCall) -> None:
    return None


@things.post(
    "/v1/things/propose", id="propose", summary="Propose", answers={200: Answer("A."), 202: Answer("B.", Thing)},
    limit=Rate(6, 3), scope="read",
)  # fmt: skip
async def propose(needs: Opened, call: Call) -> Reply:
    return Reply(202, Thing("proposed", 1))


@things.post(
    "/v1/things/export",
    id="export",
    summary="Export",
    answers={200: Answer("Rows.", media_type=CSV)},
    errors=(400,),
)
async def export(needs: Opened, call: ExportCall) -> Csv:
    async def rows() -> AsyncIterator[bytes]:
        yield b"name,how many\r\n"
        for n in range(3):
            if call.body.name == "fails" and n == 2:
                raise RuntimeError("in the middle")
            yield f"thing {n},{n}\r\n".encode()

    return Csv("things.csv", rows())


@things.get(
    "/v1/things/events", id="events", summary="Events", answers={200: Answer("Events.", media_type=EVENTS)}
)
async def events(needs: Opened, call: Call) -> EventStream:
    async def coming() -> AsyncIterator[Event]:
        try:
            yield Event("thing.made", {"a": "line\nbreak"}, id="1")
            yield Event("thing.made", Thing("x", 2))
            await asyncio.Event().wait()
        finally:
            streams["ended"].set()

    return EventStream(coming())


@pytest_asyncio.fixture(loop_scope="module")
async def client(api: Api, acme: Account) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(api.leadline, tuple(things))
    server = uvicorn.Server(uvicorn.Config(cast("Any", app), port=0, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {acme.key}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        yield client
    server.should_exit = True
    await serving


THING = "/v1/things/0b9e1c6e-5a39-4d0c-9d3c-5b8f0f6f3a11"


async def test_a_page_tells_whether_there_is_more(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/v1/things?limit=20")).json()
    assert (len(page["items"]), page["total"], page["hasMore"]) == (20, 30, True)
    page = (await client.get("/v1/things?offset=20&includeDeleted=true")).json()
    assert (len(page["items"]), page["total"], page["hasMore"]) == (10, 31, True)
    assert (await client.get("/v1/things?offset=20")).json()["hasMore"] is False
    for query in ("limit=0", "limit=101", "includeDeleted=maybe"):
        answer = await client.get(f"/v1/things?{query}")
        assert answer.status_code == 400
        assert f"'{query.partition('=')[0]}'" in answer.json()["error"]["message"]


async def test_fixed_parts_win_over_parameters(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/v1/things/bare")).json() == [{"name": "one", "howMany": 1}]


async def test_null_is_a_value_where_the_type_has_it(client: httpx2.AsyncClient) -> None:
    assert (await client.patch(THING, json={"schema": None, "name": None})).json() == {"schema": None}
    body = {"parts": [{"size": 1, "note": None}, {"size": 2, "note": " "}]}
    assert (await client.patch(THING, json=body)).json() == {"parts": [{"size": 1}, {"size": 2}]}


async def test_a_refusal_names_the_member_and_the_place(client: httpx2.AsyncClient) -> None:
    answer = await client.patch(THING, json={"name": "too long", "parts": [{"size": 1}, {"size": 0}]})
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"] == [
        {"field": "name", "message": "must be text of 1 to 5 characters"},
        {"field": "parts", "message": "must be a list, each an object (at parts[1].size)"},
    ]


async def test_a_malformed_id_is_404_or_what_the_operation_says(client: httpx2.AsyncClient) -> None:
    assert (await client.patch("/v1/things/mine", json={})).status_code == 404
    answer = await client.delete("/v1/things/mine")
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "BAD_REQUEST")
    assert "'thingId'" in answer.json()["error"]["message"]


async def test_nothing_is_answered_without_a_body(client: httpx2.AsyncClient) -> None:
    answer = await client.delete(THING)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers
    assert (await client.patch(THING, json={})).status_code == 200  # over the same connection


async def test_an_operation_may_have_a_limit_of_its_own(client: httpx2.AsyncClient) -> None:
    answers = [await client.post("/v1/things/propose") for _ in range(4)]
    assert [a.status_code for a in answers] == [202, 202, 202, 429]
    refused = answers[-1].json()
    assert (refused["error"]["type"], refused["error"]["code"]) == ("TIMEOUT", "TOO_MANY_REQUESTS")
    assert refused["retryAfter"] == int(answers[-1].headers["retry-after"]) > 0
    assert (await client.get("/v1/things")).status_code == 200


async def test_the_scope_is_the_operations(client: httpx2.AsyncClient, api: Api) -> None:
    reader = await api.account(scopes=("read",))
    headers = {"Authorization": f"Bearer {reader.key}"}
    assert (await client.post("/v1/things/propose", headers=headers)).status_code == 202
    assert (await client.delete(THING, headers=headers)).status_code == 403


async def test_rows_are_sent_as_they_are_made(client: httpx2.AsyncClient) -> None:
    for body in (b"", b"{}", b'{"name": null}'):
        answer = await client.post("/v1/things/export", content=body)
        assert answer.headers["content-type"] == "text/csv"
        assert answer.headers["content-disposition"] == 'attachment; filename="things.csv"'
        assert answer.text == "name,how many\r\nthing 0,0\r\nthing 1,1\r\nthing 2,2\r\n"


async def test_an_error_in_the_middle_is_no_whole_file(client: httpx2.AsyncClient) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.post("/v1/things/export", json={"name": "fails"})


async def test_events_come_as_they_happen_and_end_with_the_client(client: httpx2.AsyncClient) -> None:
    streams["ended"] = asyncio.Event()
    async with client.stream("GET", "/v1/things/events") as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        text = ""
        async for chunk in answer.aiter_text():
            text += chunk
            if text.count("\n\n") == 2:
                break
    assert text == (
        'id: 1\nevent: thing.made\ndata: {"a":"line\\nbreak"}\n\n'
        'event: thing.made\ndata: {"name":"x","howMany":2}\n\n'
    )
    await asyncio.wait_for(streams["ended"].wait(), 10)


async def test_head_of_a_stream_sends_none_of_it(client: httpx2.AsyncClient) -> None:
    answer = await client.head("/v1/things/events")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_the_document_says_all_of_it() -> None:
    document = openapi(tuple(things), "1")
    paths = document["paths"]
    assert paths["/v1/things/bare"]["get"]["responses"]["200"]["content"] == {
        "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}}
    }
    assert "content" not in paths["/v1/things/{thingId}"]["delete"]["responses"]["204"]
    assert paths["/v1/things/export"]["post"]["requestBody"]["required"] is False
    assert set(paths["/v1/things/export"]["post"]["responses"]["200"]["content"]) == {"text/csv"}
    parameters = paths["/v1/things/{thingId}"]["patch"]["parameters"]
    assert [(p["name"], p["in"], p["required"]) for p in parameters] == [("thingId", "path", True)]
    page = document["components"]["schemas"]["ThingPage"]
    assert set(page["required"]) == {"items", "total", "limit", "offset", "hasMore"}


async def test_what_costs_says_so_and_what_does_not_answers_no_402() -> None:
    for declared in ({"charge": "One credit."}, {"errors": (402,)}):
        with pytest.raises(TypeError, match="402"):

            @Operations[Opened]("x").get("/v1/x", id="x", summary="x", answers={200: Answer("x")}, **declared)  # type: ignore[arg-type]
            async def run(needs: Opened, call: Call) -> None: ...
