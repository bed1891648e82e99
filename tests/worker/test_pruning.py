"""Old snapshots and traces go when the settings say so; what an answer cites stays."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from tests.web import WebServer
from tests.worker.acme import PAGE, accepted

from leadline.bootstrap import Leadline
from leadline.worker.pruning import prune


def retaining(opened: Leadline, **days: int) -> Leadline:
    opened.settings = replace(opened.settings, **days)
    return opened


async def answered(opened: Leadline, web: WebServer) -> UUID:
    """A finished signal that cites the home page and read one more."""
    link = "<a href='/about'>About us</a>"
    web.page("acme.com", "/", PAGE + link)
    web.page("acme.com", "/about", "<title>About</title><p>We like anvils and do not say much about us.</p>")
    signal_id = await accepted(opened)
    await opened.signals._work.run(signal_id)
    assert await opened.database.fetchval("select count(*) from snapshots") == 2
    return signal_id


async def age(opened: Leadline, days: int) -> None:
    await opened.database.execute(f"update snapshots set fetched_at = now() - interval '{days} days'")
    await opened.database.execute(f"update pages set checked_at = now() - interval '{days} days'")
    await opened.database.execute(f"update site_surveys set surveyed_at = now() - interval '{days} days'")
    await opened.database.execute(f"update signals set completed_at = now() - interval '{days} days'")


async def test_nothing_is_deleted_unless_a_setting_says_so(leadline: Leadline, web: WebServer) -> None:
    await answered(leadline, web)
    await age(leadline, 3000)
    await prune(leadline)
    assert await leadline.database.fetchval("select count(*) from snapshots") == 2
    assert await leadline.database.fetchval("select count(*) from signal_steps") > 0


async def test_an_old_snapshot_that_an_answer_cites_is_kept(leadline: Leadline, web: WebServer) -> None:
    signal_id = await answered(leadline, web)
    await age(leadline, 31)
    await prune(retaining(leadline, snapshot_retention_days=30))
    rows = await leadline.database.fetch("select url from snapshots")
    assert [row["url"] for row in rows] == ["https://acme.com/"]
    assert await leadline.database.fetchval("select count(*) from site_surveys") == 0
    checks = await leadline.verify(str(signal_id))
    assert [check.fault for check in checks] == [None]


@pytest.mark.parametrize("table", ["snapshots", "pages"])
async def test_a_young_page_is_kept(leadline: Leadline, web: WebServer, table: str) -> None:
    await answered(leadline, web)
    await age(leadline, 31)
    column = {"snapshots": "fetched_at", "pages": "checked_at"}[table]  # fetched or found unchanged lately
    await leadline.database.execute(f"update {table} set {column} = now()")
    await prune(retaining(leadline, snapshot_retention_days=30))
    assert await leadline.database.fetchval("select count(*) from snapshots") == 2


async def test_what_a_running_signal_has_read_is_kept(leadline: Leadline, web: WebServer) -> None:
    await answered(leadline, web)
    await age(leadline, 31)
    await leadline.database.execute(
        "update signals set status = 'processing', sources = '[]', completed_at = null"
    )
    await prune(retaining(leadline, snapshot_retention_days=30))
    assert await leadline.database.fetchval("select count(*) from snapshots") == 2


async def test_old_traces_go_and_answers_stay(leadline: Leadline, web: WebServer) -> None:
    signal_id = await answered(leadline, web)
    await prune(retaining(leadline, trace_retention_days=7))
    assert await leadline.database.fetchval("select count(*) from signal_steps") > 0
    await age(leadline, 8)
    await prune(leadline)
    assert await leadline.database.fetchval("select count(*) from signal_steps") == 0
    signal = await leadline.signals.get(await leadline.organisation(), str(signal_id))
    assert (signal.answer, len(signal.sources)) == (1999, 1)
