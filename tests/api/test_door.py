"""What stands around the operations: prefix, other origins, health, metrics, the page, limits, stopping."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from tests.api.service import Account, Api, open_api
from tests.api.test_contact_search import bring, person

from leadline.api.server import serving
from leadline.foundation.errors import ConfigurationError
from leadline.foundation.settings import Settings, load_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNALS = "/v1/companies/signals"
PAGE = "https://app.acme.com"


async def test_the_api_answers_with_and_without_its_prefix(api_database_url: str, tmp_path: Path) -> None:
    async with open_api(api_database_url, tmp_path, path_prefix="/public") as api:
        acme = await api.account()
        made = await acme.ask()
        for prefix in ("/public", ""):
            answer = await api.client.get(
                f"{prefix}{SIGNALS}/{made['id']}", headers={"Authorization": f"Bearer {acme.key}"}
            )
            assert answer.json() == made
            assert (await api.client.get(f"{prefix}{SIGNALS}")).status_code == 401
            assert (await api.client.get(f"{prefix}/healthz")).status_code == 200
            assert "url: /public" in (await api.client.get(f"{prefix}/v1/openapi.yaml")).text
        assert (await api.client.get("/publicity/healthz")).status_code == 404
        assert (await api.client.get("/public")).json()["documentation"] == "/public/docs"


@pytest.mark.parametrize(("given", "kept"), [("/public/", "/public"), ("/a/b", "/a/b"), ("/", "")])
async def test_a_prefix_is_read_leniently(given: str, kept: str) -> None:
    assert load_settings({"LEADLINE_PATH_PREFIX": given}).path_prefix == kept


@pytest.mark.parametrize("given", ["public", "/a b", "//x", "/a?b"])
async def test_a_senseless_prefix_stops_the_start(given: str) -> None:
    with pytest.raises(ConfigurationError, match="LEADLINE_PATH_PREFIX"):
        load_settings({"LEADLINE_PATH_PREFIX": given})


# ------------------------------------------------------------------ the public paths


@pytest.mark.parametrize("path", ["//v1//credits", "/v1//credits", "//v1/companies/signals", "/v1/credits/"])
async def test_no_spelling_of_a_path_goes_round_the_key(api: Api, path: str) -> None:
    assert (await api.client.get(api.address.url + path)).status_code == 401


async def test_health_says_that_the_process_and_the_database_are_there(api: Api) -> None:
    assert (await api.client.get("/healthz")).json() == {"status": "ok"}
    assert (await api.client.get("/readyz")).json() == {"status": "ready"}


async def test_metrics_count_by_template_and_not_by_id(api: Api, acme: Account) -> None:
    made = await acme.ask()
    await acme.get(f"{SIGNALS}/{made['id']}")
    await acme.get(f"/v1/{uuid4()}")
    text = (await api.client.get("/metrics")).text
    template = re.escape("/v1/companies/signals/{signalId}")
    assert re.search(
        rf'leadline_http_request_seconds_count{{method="GET",path="{template}",status="200"}} \d', text
    )
    assert 'path="unknown",status="404"' in text
    assert made["id"] not in text
    assert "leadline_waiting_requests 0.0" in text


async def test_the_page_loads_nothing_from_elsewhere(api: Api) -> None:
    page = await api.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    needed = re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text)
    assert len(needed) == 3
    assert "http" not in page.text
    for name in needed:
        assert (await api.client.get(f"/{name}")).status_code == 200
    script = (await api.client.get("/docs/start.js")).text
    assert '"v1/openapi.yaml"' in script
    assert (await api.client.get("/docs/")).headers["location"] == "../docs"
    for missing in ("/docs/README.md", "/docs/..%2f__init__.py", "/docs/x"):
        assert (await api.client.get(missing)).status_code == 404


# ------------------------------------------------------------------ other origins


async def test_other_origins_are_off_unless_set(api: Api, acme: Account) -> None:
    answer = await acme.get("/v1/credits", headers={"Origin": PAGE})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    preflight = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    assert (await api.client.options("/v1/credits", headers=preflight)).status_code == 401


@pytest.mark.parametrize("allowed", [(PAGE,), ("*",)])
async def test_a_page_of_a_set_origin_may_call(
    api_database_url: str, tmp_path: Path, allowed: tuple[str, ...]
) -> None:
    async with open_api(api_database_url, tmp_path, cors_origins=allowed) as api:
        acme = await api.account()
        preflight = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
        answer = await api.client.options(SIGNALS, headers=preflight)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "Authorization" in answer.headers["access-control-allow-headers"]
        origin = {"Origin": PAGE}
        for told in (await acme.get(SIGNALS, headers=origin), await api.client.get(SIGNALS, headers=origin)):
            assert told.headers["access-control-allow-origin"] == PAGE
            assert told.headers["vary"] == "Origin"
        other = await api.client.options(SIGNALS, headers=preflight | {"Origin": "https://evil.example"})
        assert ("access-control-allow-origin" in other.headers) is (allowed == ("*",))


# ------------------------------------------------------------------ stopping


async def test_stopping_lets_a_waiting_request_go_with_202(api_database_url: str, tmp_path: Path) -> None:
    async with open_api(api_database_url, tmp_path) as api:
        acme = await api.account()
        body = {"domain": "acme.com", "question": "q"}
        headers = {"X-Sbr-Timeout-Sec": "900"}
        waiting = asyncio.create_task(acme.post(f"{SIGNALS}/sync", body, headers=headers))
        while not api.leadline.waiter.waiting:
            await asyncio.sleep(0.01)
        api.leadline.waiter.let_go()
        answer = await asyncio.wait_for(waiting, 10)
        assert (answer.status_code, answer.json()["status"]) == (202, "processing")


async def test_a_taken_port_is_told(api: Api, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"port {api.address.port}"):
        async with serving(api.leadline, api.address.host, api.address.port):
            raise AssertionError("it must not start")
    with pytest.raises(ConfigurationError, match="Cannot listen"):
        async with serving(api.leadline, "no such host", 0):
            raise AssertionError("it must not start")


async def test_the_default_address_is_this_machine_only() -> None:
    assert (Settings().host, Settings().port) == ("127.0.0.1", 8080)


# ------------------------------------------------------------------ the first page


async def test_the_root_says_what_this_is_and_where_to_go(api: Api) -> None:
    page = await api.client.get("/", headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "{" not in re.sub(r"<style>.*?</style>|<pre>.*?</pre>", "", page.text, flags=re.DOTALL)
    for target in re.findall(r'href="([^"]+)"', page.text):
        assert (await api.client.get(target)).status_code == 200
    told = (await api.client.get("/")).json()
    assert told["name"] == "Leadline"
    for target in (told["documentation"], told["openapi"], told["health"]):
        assert (await api.client.get(target)).status_code == 200


# ------------------------------------------------------------------ what the document shows works


async def test_example_bodies_of_the_document_are_accepted(api: Api, acme: Account) -> None:
    document = yaml.safe_load((await api.client.get("/v1/openapi.yaml")).content)
    await bring(
        api, acme, [person("Eve Stone", "Engineer")]
    )  # without a directory no list of people can be made
    made: dict[str, str] = {}  # collection to the id of what its example made
    tried = 0
    for path, operations in sorted(document["paths"].items(), key=lambda item: item[0].count("{")):
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" in content:
                headers = {"X-Sbr-Timeout-Sec": "1"}
                address = ""
                for part in path.split("/")[1:]:
                    address += f"/{made[address] if part.startswith('{') else part}"
                answer = await acme.call(method.upper(), address, json=content["example"], headers=headers)
                if operation["operationId"] == "importCompanyList":
                    assert answer.status_code == 400, "no installation is connected"
                    continue
                if operation["operationId"] in ("labelSignal", "labelContactSignal"):
                    assert answer.status_code == 409, "nothing is answered yet"
                    continue
                assert answer.status_code < 300, answer.text
                made[address] = answer.json().get("id", "") if answer.text.startswith("{") else ""
                tried += 1
    assert tried >= 2


async def test_a_page_beyond_all_numbers_is_empty(api: Api, acme: Account) -> None:
    document = yaml.safe_load((await api.client.get("/v1/openapi.yaml")).content)
    seen = 0
    for path, operations in document["paths"].items():
        known = {p["name"]: p for p in operations.get("get", {}).get("parameters", ())}
        if "{" in path or "offset" not in known:
            continue
        needed = {"domain": "acme.com"} if known.get("domain", {}).get("required") else {}
        page = (await acme.get(path, params={"offset": str(10**30), **needed})).json()
        assert page.get("items", page.get("results")) == [], path
        seen += 1
    assert seen >= 6


# ------------------------------------------------------------------ clients of an older API


@pytest.mark.parametrize("legacy", [False, True])
async def test_legacy_errors_are_flat_where_the_contract_has_them_so(
    api_database_url: str, tmp_path: Path, legacy: bool
) -> None:
    async with open_api(api_database_url, tmp_path, legacy_errors=legacy) as api:
        acme = await api.account()
        unknown = (await acme.get(f"{SIGNALS}/{uuid4()}")).json()
        if legacy:
            assert unknown == {"error": "NOT_FOUND", "message": "Signal not found or access denied"}
            assert "LegacyErrorResponse" in (await api.client.get("/v1/openapi.yaml")).text
        else:
            assert unknown["error"]["message"] == "Signal not found or access denied"
        other = (await acme.get(f"{SIGNALS}?limit=0")).json()
        assert other["error"]["type"] == "BAD_REQUEST"
