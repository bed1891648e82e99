"""What the API counts, for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


class _Series:
    """Requests of one method, path and status. Plain numbers: this is counted on every request."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_BOUNDS) + 1)
        self.seconds = 0.0


class Metrics(Collector):
    """Counts of one API process. Paths are counted by their template, so ids do not make new series."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        """``waiting`` tells how many requests wait for a signal."""
        self._waiting = waiting
        self._series: dict[tuple[str, str, int], _Series] = {}
        self.open = 0
        self.limited = 0
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request. ``method`` and ``path`` must come from a small set."""
        series = self._series.get((method, path, status))
        if series is None:
            series = self._series[method, path, status] = _Series()
        series.buckets[bisect_left(_BOUNDS, seconds)] += 1
        series.seconds += seconds

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """What ``text`` writes."""
        labels = ("method", "path", "status")
        taken = HistogramMetricFamily(
            "leadline_http_request_seconds",
            "Seconds until a request was answered; waiting is part of it.",
            labels=labels,
        )
        for (method, path, status), series in self._series.items():
            total, buckets = 0, []
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), series.buckets, strict=True):
                total += count
                buckets.append((bound, total))
            taken.add_metric((method, path, str(status)), buckets, series.seconds)
        yield taken
        limited = "Requests refused by a key's limit."
        yield CounterMetricFamily("leadline_http_requests_limited", limited, self.limited)
        yield GaugeMetricFamily("leadline_http_requests_open", "Requests under way.", self.open)
        waiting = "Requests waiting for a signal."
        yield GaugeMetricFamily("leadline_waiting_requests", waiting, self._waiting())
