"""Machines whose clock is wrong."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta, tzinfo

import pytest


def set_clock_wrong(monkeypatch: pytest.MonkeyPatch, off: timedelta) -> None:
    """From now on every module of the product that asks this machine for the time is told ``off`` too much."""
    real = time.time

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Wrong:
            return cls.fromtimestamp(real() + off.total_seconds(), tz)

    for name, module in list(sys.modules.items()):
        if name.startswith("leadline.") and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Wrong)
    monkeypatch.setattr(time, "time", lambda: real() + off.total_seconds())
