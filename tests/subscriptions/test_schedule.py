"""When a subscription runs: presets, cron, time zones, and what cannot be a schedule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leadline.foundation.errors import InvalidInput
from leadline.subscriptions.schedule import Schedule, checked


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("frequency", "first", "second"),
    [
        ("daily", "2026-11-26T23:00Z", "2026-11-27T23:00Z"),
        ("weekly", "2026-11-29T23:00Z", "2026-12-06T23:00Z"),
        ("monthly", "2026-11-30T23:00Z", "2026-12-31T23:00Z"),
    ],
)
def test_a_preset_runs_at_midnight_of_its_zone(frequency: str, first: str, second: str) -> None:
    schedule = checked(frequency, None, "Europe/Berlin")
    assert schedule.after(at("2026-11-26T12:00Z")) == at(first)
    assert schedule.after(at(first)) == at(second)


def test_what_falls_into_the_missing_hour_of_spring_runs_once_at_its_end() -> None:
    schedule = checked(None, "30 2 * * *", "Europe/Berlin")
    fire = schedule.after(at("2026-03-28T12:00Z"))
    assert fire == at("2026-03-29T01:00Z")  # 3:00 in Berlin: there is no 2:30 that day
    assert schedule.after(fire) == at("2026-03-30T00:30Z")


def test_what_falls_into_the_doubled_hour_of_autumn_runs_once() -> None:
    schedule = checked(None, "30 2 * * *", "Europe/Berlin")
    fire = schedule.after(at("2026-10-24T12:00Z"))
    assert fire == at("2026-10-25T00:30Z")
    assert schedule.after(fire) == at("2026-10-26T01:30Z")


def test_every_half_hour_stays_every_half_hour_over_both_changes() -> None:
    schedule = checked(None, "*/30 * * * *", "America/New_York")
    for start in ("2026-03-08T05:00Z", "2026-11-01T04:00Z"):
        moment = at(start)
        for _ in range(8):
            following = schedule.after(moment)
            assert (following - moment).total_seconds() == 1800
            moment = following


@pytest.mark.parametrize(
    ("frequency", "cron", "timezone", "fields"),
    [
        (None, None, "UTC", {"frequency"}),
        ("daily", "0 9 * * *", "UTC", {"frequency"}),
        (None, "0 0 30 2 *", "UTC", {"cronExpression"}),
        (None, "0 0 31 4,6 *", "UTC", {"cronExpression"}),
        (None, "0 9 * *", "UTC", {"cronExpression"}),
        (None, "0 0 9 * * *", "UTC", {"cronExpression"}),
        (None, "61 * * * *", "UTC", {"cronExpression"}),
        (None, "@daily", "UTC", {"cronExpression"}),
        ("daily", None, "Mars/Olympus", {"timezone"}),
        ("daily", None, "../etc/passwd", {"timezone"}),
        (None, "x", "", {"cronExpression", "timezone"}),
    ],
)
def test_what_is_no_schedule_is_refused_by_field(
    frequency: str | None, cron: str | None, timezone: str, fields: set[str]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked(frequency, cron, timezone)
    assert {field.field for field in caught.value.fields} == fields


@pytest.mark.parametrize(
    ("cron", "low", "high"),
    [
        ("0 0 * * *", 30, 31),
        ("*/5 * * * *", 8700, 8800),
        ("0 9 * * 1", 4.2, 4.5),
        ("0 0 1 * *", 0.99, 1.01),
        ("0 0 29 2 *", 0, 0.1),
    ],
)
def test_runs_a_month_are_those_of_a_month_of_mean_length(cron: str, low: float, high: float) -> None:
    assert low <= Schedule(None, cron, "UTC").runs_a_month(2026) <= high
