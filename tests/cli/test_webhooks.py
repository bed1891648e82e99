"""``leadline webhooks``, as a process, against a real database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.cli.command import Command

from leadline.accounts.service import default_organisation, organisation
from leadline.foundation.ids import new_id


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    return Command({"LEADLINE_DATABASE_URL": database_url, "LEADLINE_DATA_DIR": str(tmp_path)})


async def test_the_secret_stays_until_it_is_rotated(command: Command) -> None:
    first = await command.run("webhooks", "secret")
    assert first.code == 0, first
    assert first.out.startswith("whsec_")
    again = await command.run("webhooks", "secret", "--json")
    assert json.loads(again.out) == {"secret": first.out.strip()}
    rotated = await command.run("webhooks", "secret", "--rotate")
    assert rotated.out.startswith("whsec_")
    assert rotated.out != first.out
    assert (await command.run("webhooks", "secret")).out == rotated.out


async def test_organisations_have_secrets_of_their_own(command: Command, database: Any) -> None:
    await organisation(database, "Other")
    ours = await command.run("webhooks", "secret")
    theirs = await command.run("webhooks", "secret", "--org", "Other")
    assert theirs.code == 0, theirs
    assert theirs.out != ours.out


async def test_a_misspelt_organisation_is_not_made(command: Command, database: Any) -> None:
    ended = await command.run("webhooks", "secret", "--org", "Nobody")
    assert ended.code == 1, ended
    assert "no organisation named 'Nobody'" in ended.err
    assert await database.fetchval("select count(*) from organisations where name = 'Nobody'") == 0


async def test_calls_are_shown_with_what_came_back(command: Command, database: Any) -> None:
    signal_id = await _signal(database)
    for url, status, attempts, error in (
        ("https://a.example/hook", "delivered", 1, None),
        ("https://b.example/hook", "pending", 2, "the receiver answered 500"),
    ):
        await database.execute(
            """
            insert into webhook_deliveries (id, organisation_id, event_id, reference, url, status, attempts, last_error)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            new_id(), await default_organisation(database), new_id(), signal_id, url, status, attempts, error,
        )  # fmt: skip
    ended = await command.run("webhooks", "deliveries", str(signal_id))
    assert ended.code == 0, ended
    lines = ended.out.splitlines()
    assert lines[:3] == [
        "delivered: https://a.example/hook (1 try)",
        "pending: https://b.example/hook (2 tries)",
        "  the receiver answered 500",
    ]
    assert lines[3].startswith("  next try ")
    shown = json.loads((await command.run("webhooks", "deliveries", str(signal_id), "--json")).out)
    assert [(d["url"], d["status"], d["attempts"]) for d in shown] == [
        ("https://a.example/hook", "delivered", 1),
        ("https://b.example/hook", "pending", 2),
    ]
    assert shown[0]["nextAttemptAt"] is None
    assert shown[1]["nextAttemptAt"].endswith("Z")


async def test_a_signal_without_calls_is_not_an_unknown_one(command: Command, database: Any) -> None:
    signal_id = await _signal(database)
    known = await command.run("webhooks", "deliveries", str(signal_id))
    assert (known.code, known.out.split(":")[0]) == (0, "No calls"), known
    unknown = await command.run("webhooks", "deliveries", str(new_id()))
    assert unknown.code == 1, unknown
    assert "Signal not found" in unknown.err
    nonsense = await command.run("webhooks", "deliveries", "nonsense")
    assert nonsense.code == 2, nonsense


async def test_failing_receivers_are_shown_and_their_calls_made_again(
    command: Command, database: Any
) -> None:
    signal_id = await _signal(database)
    org, ids = await default_organisation(database), [new_id(), new_id()]
    for one, status, url in zip(
        ids, ("failed", "delivered"), ("https://a.example/h", "https://b.example/h"), strict=True
    ):
        await database.execute(
            """
            insert into webhook_deliveries (id, organisation_id, event_id, reference, url, status, attempts, last_error,
                                            delivered_at)
            values ($1, $2, $3, $4, $5, $6, 10, $7, case when $6 = 'delivered' then now() end)
            """,
            one, org, new_id(), signal_id, url, status, "the receiver answered 500" if status == "failed" else None,
        )  # fmt: skip
    ended = await command.run("webhooks", "failing")
    assert ended.out.strip() == "https://a.example/h: 1 given up, 0 waiting (the receiver answered 500)", (
        ended
    )
    shown = json.loads((await command.run("webhooks", "failing", "--json")).out)
    assert shown == [
        {"url": "https://a.example/h", "failed": 1, "pending": 0, "lastError": "the receiver answered 500"}
    ]
    again = await command.run("webhooks", "redeliver", str(ids[1]))
    assert again.code == 0, again
    assert await _pending(database) == {ids[1]}
    replayed = await command.run("webhooks", "replay", "--since", "2020-01-01", "--failed")
    assert (replayed.code, replayed.out.strip()) == (0, "1 call will be made again."), replayed
    assert await _pending(database) == set(ids)
    none = await command.run("webhooks", "replay", "--since", "2020-01-01", "--until", "2020-01-02")
    assert none.out.strip() == "0 calls will be made again."
    unknown = await command.run("webhooks", "redeliver", str(new_id()))
    assert unknown.code == 1, unknown
    assert "Delivery not found" in unknown.err


async def _pending(database: Any) -> set[UUID]:
    rows = await database.fetch(
        "select d.id from webhook_deliveries d join work_items w on w.id = d.id where d.status = 'pending'"
    )
    return {row["id"] for row in rows}


async def _signal(database: Any) -> UUID:
    company, signal_id = new_id(), new_id()
    await database.execute("insert into companies (id, host) values ($1, 'acme.com')", company)
    await database.execute(
        """
        insert into signals (id, organisation_id, company_id, asked_host, question, answer_type, verification_mode,
                             reader, request_key, status, max_pages)
        values ($1, $2, $3, 'acme.com', 'q', 'open_text', 'strict', 'extractive', $4, 'processing', 40)
        """,
        signal_id, await default_organisation(database), company, b"k",
    )  # fmt: skip
    return signal_id
