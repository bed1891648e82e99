"""The whole API on a loopback port over a real database, and clients for it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from leadline.accounts.schemas import KeyOptions
from leadline.accounts.service import create_key, organisation
from leadline.api.app import OPERATIONS
from leadline.api.document import as_yaml, openapi
from leadline.api.server import Address, serving
from leadline.bootstrap import Leadline, open_leadline
from leadline.contacts.service import Directories
from leadline.credits.service import Ledger
from leadline.foundation.ids import new_id
from leadline.foundation.settings import Settings
from leadline.foundation.waiter import CHANNEL
from leadline.wire.calls import Scope
from leadline.wire.operations import EVENTS

CONTRACT: dict[str, Any] = yaml.load(
    (Path(__file__).parent / "contract" / "openapi.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
)
OURS = frozenset((operation.method, operation.path) for operation in OPERATIONS)
STREAMS = frozenset(
    (one.method, one.path) for one in OPERATIONS if any(a.media_type == EVENTS for a in one.answers.values())
)
# Operations that the contract does not have: they are held against our own document.
BEYOND = frozenset(
    {
        ("GET", "/v1/companies/signals/subscriptions/{subscriptionId}/runs"),
        ("GET", "/v1/companies/{domain}/profile"),
        ("POST", "/v1/questions/lint"),
        ("GET", "/v1/companies/signals/{signalId}/proof"),
        ("GET", "/v1/contacts/signals/{signalId}/proof"),
        ("GET", "/v1/snapshots/{snapshotId}"),
        ("PUT", "/v1/companies/signals/{signalId}/label"),
        ("DELETE", "/v1/companies/signals/{signalId}/label"),
        ("PUT", "/v1/contacts/signals/{signalId}/label"),
        ("DELETE", "/v1/contacts/signals/{signalId}/label"),
        ("GET", "/v1/labels"),
        ("GET", "/v1/thresholds"),
        ("PUT", "/v1/thresholds"),
        ("GET", "/v1/events"),
        ("GET", "/v1/webhooks/deliveries"),
        ("POST", "/v1/webhooks/deliveries/{deliveryId}/redeliver"),
        ("POST", "/v1/webhooks/deliveries/replay"),
        ("GET", "/v1/contacts/people/{personId}/export"),
        ("DELETE", "/v1/contacts/people/{personId}"),
        ("DELETE", "/v1/contacts/people"),
        ("GET", "/v1/companies/signals/{signalId}/events"),
        ("GET", "/v1/contacts/signals/{signalId}/events"),
        ("GET", "/v1/companies/signals/batch/{batchId}"),
        ("GET", "/v1/companies/signals/batch/{batchId}/results"),
        ("GET", "/v1/companies/signals/batch/{batchId}/events"),
    }
)
# Answers that its document forgets and its text wants: a page out of range is refused (section 5), an unknown list or
# template is not found (sections 11 and 14), and what costs credits may find none left (section 18).
BEYOND_ANSWERS = {
    ("GET", "/v1/companies/signals/subscriptions"): {"400"},
    ("GET", "/v1/companies/signals/subscriptions/{subscriptionId}/actions"): {"400"},
    ("POST", "/v1/companies/signals/batch"): {"404"},
    ("POST", "/v1/companies/signals/subscriptions"): {"404"},
    ("POST", "/v1/contacts/find-email"): {"402"},
    ("POST", "/v1/contacts/research"): {"402"},
}
SERVED: dict[str, Any] = yaml.load(as_yaml(openapi(OPERATIONS, "1")), Loader=yaml.CSafeLoader)
_WIDER = {403, 405, 413, 503}  # any operation may answer these, with the envelope


class Account:
    """One organisation with a key. Every answer it gets is held against the contract."""

    def __init__(self, api: Api, organisation_id: UUID, key_id: UUID, key: str) -> None:
        self.api = api
        self.organisation_id = organisation_id
        self.key_id = key_id
        self.key = key

    async def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        answer = await self.api.client.request(method, path, headers=headers, **options)
        hold_against_contract(
            method, path.partition("?")[0], answer.status_code, answer.headers, answer.content
        )
        return answer

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.call("GET", path, **options)

    async def post(self, path: str, body: Any, **options: Any) -> httpx2.Response:
        return await self.call("POST", path, json=body, **options)

    async def ask(self, question: str = "Do they have SOC 2?", **members: Any) -> dict[str, Any]:
        """A new signal."""
        answer = await self.post(
            "/v1/companies/signals", {"domain": "acme.com", "question": question, **members}
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


class Api:
    """The running API."""

    def __init__(self, leadline: Leadline, address: Address, client: httpx2.AsyncClient) -> None:
        self.leadline = leadline
        self.address = address
        self.client = client
        self.database = leadline.database

    async def account(
        self,
        *,
        scopes: tuple[Scope, ...] = ("read", "write"),
        options: KeyOptions | None = None,
        credits_left: int | None = None,
    ) -> Account:
        """A new organisation with one key."""
        owner = await organisation(self.database, f"org {uuid4()}")
        made = await create_key(self.database, owner, "test", scopes=scopes, options=options)
        if credits_left is not None:
            async with self.database.transaction() as connection:
                await Ledger(monthly_credits=10_000).set_allowance(connection, owner, credits_left)
        return Account(self, owner, made.id, made.key)

    async def finish(self, signal_id: str, *, failed: bool = False, answer: str | None = None) -> None:
        """Finish a signal as a worker does, as far as readers can tell."""
        async with self.database.transaction() as connection:
            await connection.execute(
                """
                update signals set status = $2, completed_at = now(), error = $3, error_code = $4,
                    answer = $5::text::jsonb, confidence = 0.875, confidence_basis = 'measured',
                    reasoning = 'It says so.',
                    sources = $6::text::jsonb, metadata = $7::text::jsonb
                where id = $1
                """,
                UUID(signal_id),
                "failed" if failed else "completed",
                "The site is away." if failed else None,
                "SITE_UNREADABLE" if failed else None,
                answer,
                json.dumps(
                    [
                        {
                            "url": "https://acme.com/security",
                            "title": "Security",
                            "snippet": "We are SOC 2 certified.",
                            "proof": {
                                "snapshot_id": str(new_id()),
                                "body_sha256": "0" * 64,
                                "text_sha256": "0" * 64,
                                "walk": "1",
                                "start": 0,
                                "end": 23,
                            },
                        }
                    ]
                ),
                '{"processingTimeMs": 12, "companyName": "Acme", "priceUsd": 0.0}',
            )
            await connection.execute("select pg_notify($1, $2)", CHANNEL, signal_id)


@contextlib.asynccontextmanager
async def open_api(
    database_url: str, folder: Path, *, directories: Directories | None = None, **settings: Any
) -> AsyncIterator[Api]:
    """The API on a free port."""
    chosen = Settings(data_dir=folder, database_url=database_url, env="development", **settings)
    async with contextlib.AsyncExitStack() as stack:
        leadline = await stack.enter_async_context(open_leadline(chosen, directories=directories))
        await stack.enter_async_context(leadline.waiter.running())
        address = await stack.enter_async_context(serving(leadline, "127.0.0.1", 0))
        many = httpx2.Limits(max_connections=None)
        client = await stack.enter_async_context(
            httpx2.AsyncClient(base_url=address.url, timeout=60, limits=many)
        )
        yield Api(leadline, address, client)


def operation_of(method: str, path: str, document: dict[str, Any] = CONTRACT) -> dict[str, Any] | None:
    """The document's operation for a path as it is called; fixed parts win over parameters."""
    fitting = [template for template in document["paths"] if _fits(template, path)]
    if not fitting:
        return None
    template = min(fitting, key=lambda template: template.count("{"))
    found: dict[str, Any] | None = document["paths"][template].get(method.lower())
    return found


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part == one or part.startswith("{") for part, one in zip(parts, given, strict=True)
    )


def hold_against_contract(method: str, path: str, status: int, headers: Any, body: bytes) -> None:
    """Fail unless this answer is one that the contract has for the operation."""
    assert UUID(headers["x-request-id"])
    document = CONTRACT
    operation = operation_of(method, path)
    if operation is None and (operation := operation_of(method, path, SERVED)) is not None:
        document = SERVED
    if operation is None or status in _WIDER or str(status) not in operation["responses"]:
        forgotten = any(
            method == one and _fits(template, path) and str(status) in statuses
            for (one, template), statuses in BEYOND_ANSWERS.items()
        )
        assert forgotten or status in _WIDER | {404}, (
            f"{method} {path} must not answer {status}: {body[:300]!r}"
        )
        schema: dict[str, Any] = {"$ref": "#/components/schemas/ErrorResponse"}
    else:
        response = operation["responses"][str(status)]
        if "$ref" in response:
            response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        if "content" not in response:
            assert body == b""
            return
        ((media_type, content),) = response["content"].items()
        assert headers["content-type"] == media_type
        if media_type != "application/json":
            return
        schema = content["schema"]
        for name in response.get("headers", ()):
            assert int(headers[name.lower()]) >= 0
    problems = list(validator(schema, document).iter_errors(json.loads(body)))
    assert not problems, f"{method} {path} {status}: {[p.message for p in problems]}\n{body[:2000]!r}"


def validator(schema: dict[str, Any], document: dict[str, Any] = CONTRACT) -> Draft202012Validator:
    """A validator of one schema of the document."""
    return Draft202012Validator(
        schema | {"components": document["components"]}, format_checker=FormatChecker()
    )


async def fresh_database(postgres_url: str, make_template: Any) -> tuple[str, str]:
    """The name and address of a new migrated database."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(postgres_url)
    try:
        await make_template(connection, postgres_url)
        await connection.execute(f"create database {name} template leadline_template strategy file_copy")
    finally:
        await connection.close()
    return name, postgres_url.replace("@/postgres?", f"@/{name}?")
