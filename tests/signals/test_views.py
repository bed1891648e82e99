"""The writer of a signal's bytes writes times as everybody else does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from leadline.signals.views import _time
from leadline.wire.fields import wire_time


@pytest.mark.parametrize("microsecond", [0, 1, 999, 1000, 120_000, 500_000, 999_999])
def test_times_are_written_as_everywhere_else(microsecond: int) -> None:
    moment = datetime(2024, 1, 15, 10, 30, 0, microsecond, tzinfo=UTC)
    for one in (moment, moment.replace(year=9999), moment + timedelta(days=300)):
        assert json.loads(msgspec.json.encode(_time(one))) == wire_time(one)
