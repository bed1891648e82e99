"""Keys and credits on the command line."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from leadline.cli import main


@pytest.fixture
def org(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An organisation of this test, in the session's database."""
    monkeypatch.setenv("LEADLINE_DATABASE_URL", postgres_url)
    monkeypatch.setenv("LEADLINE_ENV", "development")  # it makes the schema by itself
    return f"org {uuid4()}"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_key_is_shown_once(capsys: pytest.CaptureFixture[str], org: str) -> None:
    made = printed(capsys, "keys", "create", "--name", "for tests", "--org", org, "--credits", "25")
    assert made["key"].startswith("sk_live_")
    assert len(made["key"]) == len("sk_live_") + 43
    assert made["remainingCredits"] == 10_025
    (listed,) = printed(capsys, "keys", "list", "--org", org)
    assert (listed["id"], listed["name"], listed["hint"]) == (made["id"], "for tests", made["key"][-4:])
    assert made["key"] not in json.dumps(listed)


def test_a_revoked_key_is_listed_as_such(capsys: pytest.CaptureFixture[str], org: str) -> None:
    made = printed(capsys, "keys", "create", "--name", "one", "--org", org)
    assert main(["keys", "revoke", made["id"]]) == 0
    capsys.readouterr()
    (listed,) = printed(capsys, "keys", "list", "--org", org)
    assert listed["revokedAt"]
    assert main(["keys", "revoke", made["id"]]) == 1
    assert "revoked already" in capsys.readouterr().err


def test_a_key_has_its_own_limits(capsys: pytest.CaptureFixture[str], org: str) -> None:
    options = ("--spend-cap", "7", "--writes-per-minute", "30", "--scope", "read")
    printed(capsys, "keys", "create", "--name", "one", "--org", org, *options)
    (listed,) = printed(capsys, "keys", "list", "--org", org)
    assert (listed["spend_cap"], listed["writes_per_minute"], listed["scopes"]) == (7, 30, ["read"])


def test_a_key_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str], org: str) -> None:
    assert main(["keys", "create", "--name", "one", "--org", org, "--scope", "everything"]) == 2
    assert "read, write, admin" in capsys.readouterr().err
    assert printed(capsys, "keys", "list", "--org", org) == []


def test_granted_credits_are_shown(capsys: pytest.CaptureFixture[str], org: str) -> None:
    assert printed(capsys, "credits", "show", "--org", org)["remainingCredits"] == 10_000
    assert printed(capsys, "credits", "grant", "5", "--org", org)["remainingCredits"] == 10_005
    assert main(["credits", "show", "--org", org]) == 0
    assert "10005" in capsys.readouterr().out
