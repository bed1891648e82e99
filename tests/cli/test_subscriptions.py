"""``leadline subscriptions``, as a process, against a real database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.cli.command import Command

from leadline.foundation.ids import new_id


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    return Command({"LEADLINE_DATABASE_URL": database_url, "LEADLINE_DATA_DIR": str(tmp_path)})


async def test_a_subscription_is_made_shown_triggered_and_stopped(command: Command, database: Any) -> None:
    ended = await command.run(
        "subscriptions", "create", "acme.com", "How many people work there?", "--type", "number",
        "--cron", "0 9 * * 1", "--timezone", "Europe/Berlin", "--call", "https://hooks.acme.com/x", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended
    (made,) = json.loads(ended.out)
    assert (made["status"], made["cronExpression"], made["expectedCreditsPerMonth"]) == (
        "active",
        "0 9 * * 1",
        5,
    )
    assert await database.fetchval("select url from webhook_listeners") == "https://hooks.acme.com/x"
    listed = await command.run("subscriptions", "list")
    assert "How many people work there?" in listed.out
    assert "about 5 credits a month" in listed.out
    triggered = await command.run("subscriptions", "trigger", made["id"])
    assert triggered.code == 0, triggered
    assert await database.fetchval("select count(*) from subscription_runs") == 1
    stopped = await command.run("subscriptions", "stop", made["id"])
    assert "stopped, at 0 9 * * 1 (Europe/Berlin), next never" in stopped.out


async def test_changes_are_shown_with_their_quotes(command: Command, database: Any) -> None:
    made = await command.run(
        "subscriptions", "create", "acme.com", "How many?", "--every", "daily", "--stopped", "--json"
    )
    subscription_id = json.loads(made.out)[0]["id"]
    none = await command.run("subscriptions", "changes", subscription_id)
    assert none.code == 0, none
    assert none.out.strip() == "Nothing changed, as far as could be told."
    await _signal(database, UUID(subscription_id))
    shown = await command.run("subscriptions", "changes", subscription_id)
    assert shown.out.splitlines()[0].endswith("acme.com: CHANGED")
    assert shown.out.splitlines()[1:] == [
        "  current: 52",
        "  previous: 40",
        "  “Acme employs 52 people.”  https://acme.com/about",
    ]


async def test_bad_input_names_the_member(command: Command) -> None:
    ended = await command.run("subscriptions", "create", "acme.com", "How many?", "--cron", "0 0 30 2 *")
    assert ended.code == 2, ended
    assert "cronExpression" in ended.err
    unknown = await command.run("subscriptions", "start", str(new_id()))
    assert unknown.code == 1, unknown
    assert "Subscription not found" in unknown.err


async def _signal(database: Any, subscription_id: UUID) -> None:
    company = new_id()
    await database.execute("insert into companies (id, host) values ($1, 'acme.com')", company)
    await database.execute(
        """
        insert into signals (id, organisation_id, company_id, asked_host, question, answer_type, verification_mode,
                             reader, request_key, status, max_pages, subscription_id, answer, change, completed_at,
                             sources, metadata)
        select $1, organisation_id, $2, 'acme.com', 'How many?', 'number', 'strict', 'extractive', 'k', 'completed', 40,
               $3, '52', $4, now(), $5, '{"changeCause": "fact_changed"}' from subscriptions where id = $3
        """,
        new_id(), company, subscription_id,
        json.dumps({"changeType": "CHANGED", "changeDelta": {"type": "NUMBER", "previous": 40, "current": 52}}),
        json.dumps([{"url": "https://acme.com/about", "title": "", "snippet": "Acme employs 52 people."}]),
    )  # fmt: skip
