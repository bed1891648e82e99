"""Schedules: cron in a time zone.

At a change to daylight saving time, as Debian's cron: what falls into the missing hour runs at its end, what falls into
the doubled hour runs once; what runs at intervals keeps to them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from leadline.foundation.errors import FieldError, InvalidInput

PRESETS = {"daily": "0 0 * * *", "weekly": "0 0 * * 1", "monthly": "0 0 1 * *"}
MONTH = timedelta(days=365.25 / 12)
COUNTED = 500  # runs that are looked at to tell how many there are a month


class Schedule(NamedTuple):
    """When to run. ``frequency`` is the preset that ``cron`` came from, if any."""

    frequency: str | None
    cron: str
    timezone: str

    def after(self, moment: datetime) -> datetime:
        """The next time after that, in UTC."""
        return next(CronSim(self.cron, moment.astimezone(ZoneInfo(self.timezone)))).astimezone(UTC)

    def runs_a_month(self, year: int) -> float:
        """How many times it fires in a month of mean length, over at most that year."""
        return _runs_a_month(self.cron, self.timezone, year)


@lru_cache(maxsize=4096)
def _runs_a_month(cron: str, timezone: str, year: int) -> float:
    begin = datetime(year, 1, 1, tzinfo=ZoneInfo(timezone)) - timedelta(minutes=1)
    end = datetime(year + 1, 1, 1, tzinfo=ZoneInfo(timezone))
    count, last = 0, begin
    for fire in CronSim(cron, begin):
        if fire >= end:
            return count * MONTH / (end - begin)
        count, last = count + 1, fire
        if count == COUNTED:
            break
    return count * MONTH / (last.astimezone(UTC) - begin.astimezone(UTC)) if count else 0.0


def checked(frequency: str | None, cron: str | None, timezone: str) -> Schedule:
    """A schedule of exactly one of a preset and cron. Raises InvalidInput, which says what to send instead."""
    wrong: list[FieldError] = []
    if (frequency is None) == (cron is None):
        which = "one of them" if frequency is None else "only one of them"
        wrong.append(FieldError("frequency", f"send frequency or cronExpression: {which}"))
    if timezone not in available_timezones():
        wrong.append(FieldError("timezone", "must be an IANA time zone such as Europe/Berlin or UTC"))
    expression = cron if cron is not None else PRESETS.get(frequency or "", PRESETS["daily"])
    if cron is not None and (why := _fault(cron)):
        wrong.append(FieldError("cronExpression", why))
    if wrong:
        raise InvalidInput(*wrong)
    return Schedule(frequency, " ".join(expression.split()), timezone)


def _fault(cron: str) -> str | None:
    """Why the expression cannot be used; None when it can."""
    if len(cron.split()) != 5:
        return "must have five fields: minute, hour, day of month, month, day of week, such as '0 9 * * 1'"
    try:
        next(CronSim(" ".join(cron.split()), datetime.now(UTC)))
    except CronSimError as error:
        return f"cannot be read, or never fires: {str(error).lower()}"
    except StopIteration:
        return "never fires; choose a day that the month has"
    return None
