"""``leadline postgres``: a backup of the embedded database can be restored into another folder."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.cli.command import HOST, Command, small_site
from tests.web import WebServer


async def test_a_dump_restored_elsewhere_still_proves_its_answers(databases_folder: Path) -> None:
    folder = databases_folder / f"backup-{os.getpid()}"
    folder.mkdir()
    try:
        async with WebServer() as web:
            small_site(web)
            development = {"LEADLINE_ENV": "development", "LEADLINE_CONNECT_TO": f"{HOST}={web.address}"}
            here = Command({**development, "LEADLINE_DATA_DIR": str(folder / "here")})
            there = Command({"LEADLINE_DATA_DIR": str(folder / "there")})
            asked = await here.run(
                "ask", HOST, "What does the Team plan cost per month?", "--type", "currency", "--json"
            )
            assert asked.code == 0, asked
        signal_id = json.loads(asked.out)["id"]
        secret = await here.run("webhooks", "secret")
        dump = str(folder / "leadline.dump")
        made = await here.run("postgres", "pg_dump", "--format=custom", f"--file={dump}")
        assert (made.code, made.err) == (0, "")
        (folder / "there").mkdir()
        shutil.copy(folder / "here" / "secret.key", folder / "there")
        restored = await there.run("postgres", "pg_restore", "--exit-on-error", "--single-transaction", dump)
        assert (restored.code, restored.err) == (0, "")
        verified = await there.run("verify", signal_id)
        assert verified.code == 0, verified
        assert "1 quote stands as cited" in verified.out
        assert (await there.run("webhooks", "secret")).out == secret.out
        again = await there.run("postgres", "pg_restore", "--exit-on-error", "--single-transaction", dump)
        assert again.code == 1, "the program's own code and words come through"
        assert "already exists" in again.err
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("program", ["postgres", "rm", "initdb"])
async def test_other_programs_are_refused(program: str) -> None:
    ended = await Command().run("postgres", program)
    assert ended.code == 2, ended
    assert "pg_dump" in ended.err


async def test_a_server_of_ones_own_is_left_to_its_own_tools(database_url: str) -> None:
    ended = await Command({"LEADLINE_DATABASE_URL": database_url}).run("postgres", "psql", "-c", "select 1")
    assert ended.code == 2, ended
    assert "LEADLINE_DATABASE_URL" in ended.err
