"""A machine whose clock is wrong by hours answers like any other: the database's clock is the one that counts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from tests.clocks import set_clock_wrong
from tests.signals.test_service import ASK, PAGES, make_service

from leadline.accounts.service import default_organisation
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.foundation.database import Database
from leadline.signals.schemas import SignalRequest


@pytest.mark.parametrize("hours", [-14.0, 14.0])
async def test_a_wrong_clock_changes_no_answer(
    database: Database, hours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = await default_organisation(database)
    fetcher = MemoryFetcher(PAGES)
    service = make_service(database, fetcher)
    set_clock_wrong(monkeypatch, timedelta(hours=hours))
    row, _ = await service.accept(org, ASK)
    assert await service._work.run(UUID(row.signal.id))
    first = await service.get(org, row.signal.id)
    assert first.answer == 1987
    again, how = await service.accept(org, ASK)
    assert (how, again.signal.id) == ("cached", first.id)
    anew = SignalRequest(
        domain=ASK.domain, question=ASK.question, answer_type=ASK.answer_type, force_refresh=True
    )
    assert (await service.ask(org, anew)).answer == 1987
    assert len(fetcher.fetched) <= 2 * len(PAGES), "each page once for each time it was asked for anew"
