"""The clock and the identifiers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from leadline.foundation.clock import FixedClock, SystemClock
from leadline.foundation.ids import new_id


def test_identifiers_are_version_7_and_sort_by_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000
    assert all(type(one) is UUID and one.version == 7 for one in made)


def test_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    before = clock.monotonic()
    clock.advance(90)
    assert clock.now() == datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC)
    assert clock.monotonic() - before == 90


def test_fixed_clock_refuses_naive_times_and_going_back() -> None:
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the wrong input is the point
    with pytest.raises(ValueError, match="backwards"):
        FixedClock(datetime(2026, 1, 1, tzinfo=UTC)).advance(-1)
