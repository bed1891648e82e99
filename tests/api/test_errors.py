"""Everything that is refused is refused in the contract's envelope, with the status the contract gives it."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml
from tests.api.service import OURS, STREAMS, Account, Api, hold_against_contract
from tests.api.test_contact_search import bring, person
from tests.api.test_snapshots import cited_page
from tests.api.test_webhooks import called

from leadline.accounts.schemas import KeyOptions
from leadline.accounts.service import CACHE_SECONDS, revoke_key
from leadline.contacts.service import named_person
from leadline.wire.reading import MAX_BODY

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNALS = "/v1/companies/signals"
SYNC = f"{SIGNALS}/sync"
NOBODYS = "0b9e1c6e-5a39-4d0c-9d3c-5b8f0f6f3a11"


def _refused(answer: Any, status: int, kind: str, *fields: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["type"] == kind
    assert UUID(error["requestId"]) == UUID(answer.headers["x-request-id"])
    assert [f["field"] for f in error.get("fields", ())] == list(fields)
    assert error["message"]
    return error


async def _raw(api: Api, request: bytes) -> bytes:
    """The first answer to these very bytes."""
    reader, writer = await asyncio.open_connection(api.address.host, api.address.port)
    writer.write(request)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    body = await reader.readexactly(length)
    writer.close()
    return head + body


# ------------------------------------------------------------------ who asks


@pytest.mark.parametrize(("method", "path"), sorted(OURS - {("GET", "/v1/openapi.yaml")}))
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer sk_live_" + "x" * 43, "Bearer short", "Basic eDp5", "sk_live_"]
)
async def test_without_a_valid_key_there_is_no_answer(
    api: Api, method: str, path: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await api.client.request(method, _filled(path), headers=headers)
    hold_against_contract(method, path, answer.status_code, answer.headers, answer.content)
    _refused(answer, 401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_revoked_key_is_refused(api: Api, acme: Account) -> None:
    assert (await acme.get("/v1/credits")).status_code == 200
    await revoke_key(api.database, acme.key_id)
    await asyncio.sleep(CACHE_SECONDS)
    _refused(await acme.get("/v1/credits"), 401, "UNAUTHORIZED")


async def test_a_key_without_the_scope_is_refused(api: Api) -> None:
    reader = await api.account(scopes=("read",))
    assert (await reader.get(SIGNALS)).status_code == 200
    _refused(await reader.post(SIGNALS, {"domain": "acme.com", "question": "q"}), 403, "FORBIDDEN")
    writer = await api.account(scopes=("write",))
    assert (await writer.ask())["status"] == "processing"
    _refused(await writer.get(SIGNALS), 403, "FORBIDDEN")


async def test_what_is_another_organisations_is_not_found_on_any_operation(api: Api, acme: Account) -> None:
    """Every operation of our own document that takes an id, asked for somebody else's."""
    other = await api.account()
    research = {"firstName": "Jo", "lastName": "Quist", "companyName": "Acme", "companyDomain": "acme.com"}
    researched = await other.post("/v1/contacts/research", research)
    url = "https://www.linkedin.com/in/jo-quist"
    await bring(
        api, other, [person("Jo Quist", "Engineer", "https://www.linkedin.com/company/acme", profile_url=url)]
    )
    theirs = {
        "personId": str(await named_person(api.database, other.organisation_id, url)),
        "snapshotId": (await cited_page(api, other)).page.snapshot_id,
        "signalId": (await other.ask())["id"],
        "id": researched.json()["id"],
        "deliveryId": (await called(api, other))[0]["id"],
        **await _subscribed(other),
    }
    document = yaml.safe_load((await api.client.get("/v1/openapi.yaml")).content)
    asked = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            named = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            if named - {"domain"}:  # a domain is nobody's own
                content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
                body = {"json": content["example"]} if content else {}
                _refused(await acme.call(method.upper(), _filled(path, **theirs), **body), 404, "NOT_FOUND")
                asked |= named
    assert asked == set(theirs)
    assert (await acme.get(SIGNALS)).json()["total"] == 0


async def _subscribed(account: Account) -> dict[str, str]:
    """The ids of a subscription of one company, of its action, of a template, a list and a batch."""
    body = {"domain": "acme.com", "name": "Staff", "question": "How many work there?", "frequency": "daily"}
    subscription = (await account.post(f"{SIGNALS}/subscriptions", body)).json()
    one = subscription["id"]
    action = {"type": "webhook", "webhook": {"destination": "https://acme.com/hook"}}
    made = await account.post(f"{SIGNALS}/subscriptions/{one}/actions", action)
    kept = await account.post(f"{SIGNALS}/templates", {"name": "Staff", "question": "How many work there?"})
    listed = await account.post("/v1/companies/lists", {"name": "All", "filter": {"domains": ["acme.com"]}})
    batch = {"signals": [{"question": "q"}], "domains": ["acme.com"], "async": True}
    return {
        "batchId": (await account.call("POST", f"{SIGNALS}/batch", json=batch)).json()["batchId"],
        "subscriptionId": one,
        "actionId": made.json()["id"],
        "templateId": kept.json()["id"],
        "listId": listed.json()["id"],
    }


def _filled(path: str, **ids: str) -> str:
    """The path with ids in it: those that are given, else ones of nothing."""
    return re.sub(r"\{(\w+)\}", lambda match: ids.get(match[1]) or str(uuid4()), path)


# ------------------------------------------------------------------ how often


async def test_a_limited_key_is_told_when_to_come_back(api: Api) -> None:
    own = KeyOptions(reads_per_minute=60, reads_burst=2, writes_per_minute=6, writes_burst=1)
    hasty = await api.account(options=own)
    first = await hasty.get("/v1/credits")
    assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("60", "1")
    await hasty.get("/v1/credits")
    refused = await hasty.get("/v1/credits")
    assert refused.status_code == 429
    assert refused.json() == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Rate limit exceeded",
        "retryAfter": 1,
    }
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    # writes have a bucket of their own
    assert (await hasty.ask())["status"] == "processing"
    assert (await hasty.post(SIGNALS, {})).status_code == 429


async def test_limit_headers_stand_on_refusals_too(acme: Account) -> None:
    for answer in (
        await acme.get("/v1/nothing"),
        await acme.post(SIGNALS, {}),
        await acme.call("PUT", SIGNALS),
    ):
        assert answer.status_code in (404, 405, 422)
        assert int(answer.headers["x-ratelimit-limit"]) in (2_000, 100_000)


# ------------------------------------------------------------------ what for


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1"),
        ("GET", "/v1/companies"),
        ("GET", "/v1/organisations"),
        ("POST", "/v1/scoring/profiles"),
        ("GET", "/v1/market-signals/subscriptions"),
        ("GET", f"/v1/companies/signals/templates/{NOBODYS}"),
        ("GET", "/v1/companies/signals/templates/not-an-id"),
        ("GET", f"/v1/companies/lists/{NOBODYS}"),
        ("GET", "/v1/companies/lists/not-an-id"),
        ("GET", "/v1/scoring/profiles/{profileId}"),
        ("GET", "/v1/scoring/profiles/%7BprofileId%7D"),
        ("GET", f"{SIGNALS}/not-an-id"),
        ("GET", f"{SIGNALS}/{NOBODYS}"),
        ("GET", f"{SIGNALS}/{NOBODYS}x"),
        ("GET", f"{SIGNALS}/A12B3C4D-5E6F-7A8B-9C0D-1E2F3A4B5C6D"),
        ("GET", f"{SIGNALS}/%00"),
        ("GET", f"{SIGNALS}/{NOBODYS}/trace"),
    ],
)
async def test_what_is_not_there_is_404(acme: Account, method: str, path: str) -> None:
    _refused(await acme.call(method, path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", SIGNALS, {"GET", "POST"}),
        ("GET", SYNC, {"POST"}),
        ("DELETE", "/v1/credits", {"GET"}),
        ("PATCH", f"{SIGNALS}/{NOBODYS}", {"GET"}),
        ("POST", "/v1/openapi.yaml", {"GET"}),
        ("POST", "/healthz", {"GET"}),
    ],
)
async def test_a_wrong_method_is_405_and_told_the_right_ones(
    acme: Account, method: str, path: str, allowed: set[str]
) -> None:
    answer = await acme.call(method, path)
    _refused(answer, 405, "NOT_FOUND")
    assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == allowed


# ------------------------------------------------------------------ with what


@pytest.mark.parametrize("path", [SIGNALS, SYNC])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"domain=acme.com",
        b"\xff\xfe",
        b'{"domain": "\\ud800"}',
        b"[]",
        b'"acme.com"',
        b"null",
        b"7",
        b"NaN",
        b'{"domain": NaN}',
        b'{"domain": 1e999}',
        b"[" * 100_000,
        b'{"a":' * 1_000 + b"1" + b"}" * 1_000,
        b'{"domain": "acme.com", "question": "q", "outputSchema": ' + b'{"a":' * 70 + b"1" + b"}" * 71,
    ],
)
async def test_a_body_that_is_no_object_is_400(acme: Account, path: str, body: bytes) -> None:
    _refused(await acme.call("POST", path, content=body), 400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("members", "fields"),
    [
        ({"domain": None}, ["domain"]),
        ({"domain": 7}, ["domain"]),
        ({"domain": ""}, ["domain"]),
        ({"domain": "https://acme.com"}, ["domain"]),
        ({"domain": "acme.com/about"}, ["domain"]),
        ({"domain": "acme"}, ["domain"]),
        ({"domain": "acme.com\u0000"}, ["domain"]),
        ({"domain": "fly.io\n"}, ["domain"]),
        ({"domain": "fly.io "}, ["domain"]),
        ({"domain": "a" * 5000 + ".com"}, ["domain"]),
        ({"question": ""}, ["question"]),
        ({"question": "   "}, ["question"]),
        ({"question": "x" * 501}, ["question"]),
        ({"question": "a\u0000b"}, ["question"]),
        ({"question": ["q"]}, ["question"]),
        ({"answerType": "essay"}, ["answerType"]),
        ({"answerType": 5}, ["answerType"]),
        ({"answerType": "people"}, ["answerType"]),
        ({"answerType": "json_schema"}, ["outputSchema"]),
        ({"answerType": "json_schema", "outputSchema": "text"}, ["outputSchema"]),
        ({"answerType": "json_schema", "outputSchema": {"type": 5}}, ["outputSchema"]),
        ({"verificationMode": "loose"}, ["verificationMode"]),
        ({"forceRefresh": "true"}, ["forceRefresh"]),
        ({"weight": "heavy"}, ["weight"]),
        ({"qualificationCriteria": "good"}, ["qualificationCriteria"]),
        ({"connectors": "off"}, ["connectors"]),
        ({"connectors": {"salesNavigator": {"enabled": 5}}}, ["connectors"]),
        ({"signalTemplateId": "mine"}, ["signalTemplateId"]),
        ({"webhookUrl": "http://127.0.0.1:8080/"}, ["webhookUrl"]),
        ({"webhookUrl": "http://10.1.2.3/hook"}, ["webhookUrl"]),
        ({"webhookUrl": "https://[::1]/"}, ["webhookUrl"]),
        ({"webhookUrl": "https://[::ffff:192.168.1.1]/"}, ["webhookUrl"]),
        ({"webhookUrl": "http://2130706433/"}, ["webhookUrl"]),
        ({"webhookUrl": "http://169.254.169.254/latest"}, ["webhookUrl"]),
        ({"webhookUrl": "ftp://acme.com"}, ["webhookUrl"]),
        ({"webhookUrl": "acme.com/hook"}, ["webhookUrl"]),
        ({"webhookUrl": "https://"}, ["webhookUrl"]),
        ({"webhookUrl": "https://acme.com:99999/"}, ["webhookUrl"]),
        ({"webhookUrl": "https://acme.com/\u0000"}, ["webhookUrl"]),
        ({"webhookUrl": "https://user:pass@acme.com/"}, ["webhookUrl"]),
        ({"webhookUrl": "https://acme.com/" + "x" * 2048}, ["webhookUrl"]),
        ({"domain": "", "question": "", "answerType": "x"}, ["domain", "question", "answerType"]),
    ],
)
async def test_an_invalid_member_is_422_and_named(
    acme: Account, members: dict[str, Any], fields: list[str]
) -> None:
    body = {"domain": "acme.com", "question": "Do they have SOC 2?"} | members
    for path in (SIGNALS, SYNC):
        error = _refused(await acme.post(path, body), 422, "VALIDATION", *fields)
        assert error["code"] == "VALIDATION_ERROR"
        for field in error["fields"]:
            assert f"'{field['field']}'" in error["message"]
            assert field["message"] in error["message"]
    assert (await acme.get(SIGNALS)).json()["total"] == 0


async def test_the_sentence_about_a_domain_is_the_known_one(acme: Account) -> None:
    answer = await acme.post(SIGNALS, {"domain": "https://acme.com", "question": "q"})
    assert answer.json()["error"]["fields"][0]["message"] == (
        "'domain' must be a valid hostname (e.g., 'example.com') without protocol (https://) or path"
    )


async def test_what_is_missing_is_named(acme: Account) -> None:
    _refused(await acme.post(SIGNALS, {}), 422, "VALIDATION", "domain", "question")


@pytest.mark.parametrize("nothing", [None, "", " \t\n"])
async def test_an_optional_member_sent_as_nothing_is_not_sent(acme: Account, nothing: str | None) -> None:
    made = await acme.ask(
        answerType=nothing,
        webhookUrl=nothing,
        weight=nothing,
        signalTemplateId=nothing,
        verificationMode=nothing,
        outputSchema=None,
        qualificationCriteria=None,
        forceRefresh=None,
        connectors={"salesNavigator": {"enabled": nothing}},
    )
    assert made["answerType"] == "open_text"
    assert (await acme.ask(connectors=None))["id"] == made["id"]


async def test_white_space_in_a_question_is_folded(acme: Account) -> None:
    made = await acme.ask("Do they\r\n\thave\u2028SOC 2?\n")
    assert made["question"] == "Do they have SOC 2?"
    assert (await acme.ask("Do they have SOC 2?"))["id"] == made["id"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/scoring/profiles"),
        ("POST", "/v1/signal-templates/extract/propose"),
    ],
)
async def test_what_is_not_built_is_no_operation_and_no_signal(acme: Account, method: str, path: str) -> None:
    error = _refused(await acme.call(method, path), 404, "NOT_FOUND")
    assert "no such operation" in error["message"]
    assert "Signal" not in error["message"]


async def test_unknown_members_are_ignored(acme: Account) -> None:
    made = await acme.ask(
        colour="red",
        connectors={"salesNavigator": {"enabled": "off", "more": 1}, "other": True},
        qualificationCriteria={"good": ["yes"]},
        weight="nice_to_have",
        webhookUrl="https://hooks.acme.com/x?y=z",
    )
    assert made["status"] == "processing"


async def test_an_unknown_template_is_404(acme: Account) -> None:
    body = {"domain": "acme.com", "signalTemplateId": str(uuid4())}
    for path in (SIGNALS, SYNC):
        _refused(await acme.post(path, body), 404, "NOT_FOUND")
        _refused(await acme.post(path, body | {"question": "q"}), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Sbr-Timeout-Sec", "901"),
        ("X-Sbr-Timeout-Sec", "-1"),
        ("X-Sbr-Timeout-Sec", "1.5"),
        ("X-Sbr-Timeout-Sec", "soon"),
        ("X-Sbr-Timeout-Sec", "99999999999999999999"),
        ("X-Sbr-Timeout-Error", "yes"),
        ("X-Sbr-Timeout-Error", "1"),
    ],
)
async def test_a_header_out_of_range_is_422_and_named(acme: Account, name: str, value: str) -> None:
    body = {"domain": "acme.com", "question": "q"}
    _refused(await acme.post(SYNC, body, headers={name: value}), 422, "VALIDATION", name)
    assert (await acme.get(SIGNALS)).json()["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=26",
        "limit=x",
        "limit=",
        "limit=2.5",
        "offset=-1",
        "offset=x",
        "domain=https://acme.com",
        "domain=",
        "status=done",
        "status[]=completed&status[]=done",
        "fromDate=2024-01-01",
        "fromDate=0.5",
        "toDate=1700000000",
        "fromDate=yesterday",
        "toDate=2024-01-01T00:00:00+25:00",
        "subscriptionId=5",
    ],
)
async def test_a_bad_parameter_of_the_list_is_400(acme: Account, query: str) -> None:
    error = _refused(await acme.get(f"{SIGNALS}?{query}"), 400, "BAD_REQUEST")
    assert query.partition("=")[0].partition("[")[0] in error["message"]


async def test_too_large_a_body_is_413(api: Api, acme: Account) -> None:
    body = json.dumps({"domain": "acme.com", "question": "q" * MAX_BODY}).encode()
    for path in (SIGNALS, SYNC):
        _refused(await acme.call("POST", path, content=body), 413, "PAYLOAD_TOO_LARGE")

    async def in_pieces() -> Any:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    _refused(await acme.call("POST", SIGNALS, content=in_pieces()), 413, "PAYLOAD_TOO_LARGE")
    just_fits = json.dumps({"domain": "acme.com", "question": "q", "x": "y" * (MAX_BODY - 60)}).encode()
    assert (await acme.call("POST", SIGNALS, content=just_fits)).status_code == 201


async def test_no_credits_is_402(api: Api) -> None:
    poor = await api.account(credits_left=1)
    assert (await poor.ask("first"))["status"] == "processing"
    for path in (SIGNALS, SYNC):
        error = _refused(
            await poor.post(path, {"domain": "acme.com", "question": "q"}), 402, "PAYMENT_REQUIRED"
        )
        assert "credit" in error["message"]
        assert error["details"] == {"neededCredits": 1, "remainingCredits": 0}
    assert (await poor.get(SIGNALS)).json()["total"] == 1
    assert (await poor.ask("first"))["status"] == "processing"  # joining costs nothing


async def test_a_keys_spend_cap_is_402_and_seen_in_its_credits(api: Api) -> None:
    capped = await api.account(options=KeyOptions(spend_cap=1))
    assert (await capped.get("/v1/credits")).json() == {"remainingCredits": 1}
    await capped.ask("first")
    assert (await capped.get("/v1/credits")).json() == {"remainingCredits": 0}
    answer = await capped.post(SIGNALS, {"domain": "acme.com", "question": "second"})
    assert "credit" in _refused(answer, 402, "PAYMENT_REQUIRED")["message"]


# ------------------------------------------------------------------ how it is put


async def test_a_request_id_of_the_caller_is_kept_when_it_is_a_uuid(acme: Account) -> None:
    mine = str(uuid4())
    answer = await acme.get("/v1/nothing", headers={"X-Request-Id": mine})
    assert answer.headers["x-request-id"] == answer.json()["error"]["requestId"] == mine
    other = (await acme.get("/v1/nothing", headers={"X-Request-Id": "<script>" * 4 + "abcd"})).headers
    assert other["x-request-id"] != "<script>" * 4 + "abcd"


async def test_options_names_every_method_of_a_path(acme: Account) -> None:
    headers = {"Authorization": f"Bearer {acme.key}"}
    expected = {SIGNALS: {"GET", "HEAD", "POST"}, SYNC: {"POST"}, "/v1/credits": {"GET", "HEAD"}}
    for path, allowed in expected.items():
        answer = await acme.api.client.options(path, headers=headers)
        assert answer.status_code == 204
        assert set(answer.headers["allow"].split(", ")) == allowed | {"OPTIONS"}


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """The head of the answer; its body too, unless the request was a HEAD."""
    writer.write(request)
    await writer.drain()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    found = re.search(rb"(?i)content-length: (\d+)", head)
    if found and not request.startswith(b"HEAD"):
        await reader.readexactly(int(found[1]))
    return head


async def test_head_and_options_send_no_body_and_keep_the_connection(api: Api, acme: Account) -> None:
    """On every path that is served, one request after the other over one connection."""
    made = await acme.ask()
    person = {"contactProfileUrl": "https://www.linkedin.com/in/jo-quist", "question": "What is their role?"}
    asked = (await acme.post("/v1/contacts/signals", person)).json()
    ids = {"signalId": made["id"], **await _subscribed(acme)}
    of_people = {"signalId": asked["id"]}
    paths = [
        _filled(path, **(of_people if "/contacts/signals/" in path else ids))
        for method, path in OURS - STREAMS
        if method == "GET"
    ]
    served = set(paths)
    paths += ["/docs", "/docs/start.js", "/healthz", "/readyz", "/metrics", "/", "/v1/nothing"]
    reader, writer = await asyncio.open_connection(api.address.host, api.address.port)
    for path in paths:
        heads = {}
        for method in ("HEAD", "GET", "OPTIONS"):
            request = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {acme.key}\r\n\r\n"
            heads[method] = await _exchange(reader, writer, request.encode())
            if method == "HEAD":  # a body would come before the answer to the next request
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(reader.read(1), 0.02)
        status = heads["GET"].split(b" ")[1]
        assert heads["HEAD"].split(b" ")[1] == status, path
        if path != "/metrics":  # it counts what we do here
            lengths = {re.search(rb"(?i)content-length: (\d+)", heads[m])[1] for m in ("HEAD", "GET")}  # type: ignore[index]
            assert len(lengths) == 1, path
        nothing = (
            status == b"404" and path not in served
        )  # of a path that is served, only the object is missing
        assert heads["OPTIONS"].split(b" ")[1] == (b"404" if nothing else b"204"), path
        assert b"connection: close" not in b"".join(heads.values()).lower(), path
    writer.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /v1/credits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
        b"GET /v1/%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET //v1//credits HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW /v1/credits HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/credits HTTP/1.1\r\nHost: a b\r\n\r\n",
    ],
)
async def test_strange_bytes_are_no_fault_of_ours(api: Api, request_bytes: bytes) -> None:
    answer = await _raw(api, request_bytes)
    assert answer.startswith(b"HTTP/1.1 4")
